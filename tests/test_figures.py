"""The figures of communities and periods: one row for each question asked, each with a state and no false zero."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from functools import cache

import pandas as pd
import pytest

from propkit import domains
from propkit.errors import ConfigError
from propkit.figures import COLUMNS, OTHER, check_segment, figures, largest, splittable
from propkit.model import Definitions
from propkit.periods import parse_period
from tests.examples import AS_OF, EXAMPLES, answer, bill, complaint, order
from tests.oracle import oracle
from tests.worlds import COMMUNITIES, World, exported, frames, world

KPIS = list(domains.KPIS.values())


def _figures(rows: dict, kpi: str, *periods: str, as_of=AS_OF, communities=("a",), by=(), households=None, **options):
    made = World(rows, as_of, Definitions(), (), households or {})
    asked = [parse_period(text) for text in periods]
    return figures(made.derived, made.cut, [domains.kpi(kpi)], asked, communities=communities, by=by, **options)


@cache
def _world(seed: int) -> World:
    return world(seed, 30)


def _all(made: World, *periods: str) -> pd.DataFrame:
    asked = [parse_period(text) for text in periods]
    return figures(made.derived, made.cut, KPIS, asked, communities=COMMUNITIES)


def test_figures_have_one_row_for_each_question_when_asked_for_all():
    rates = _all(_world(1), "2025-03", "2025Q1", "2025-03-04", "2024")

    assert list(rates.columns) == COLUMNS
    assert len(rates) == len(KPIS) * len(COMMUNITIES) * 4
    assert not rates.duplicated(["kpi", "community", "period"]).any()
    assert rates["state"].isin(["ok", "provisional", "unreliable", "suppressed", "no_data"]).all()
    assert rates["kpi"].drop_duplicates().tolist() == [kpi.id for kpi in KPIS]


def test_monthly_figures_equal_the_oracle_when_they_are_shown():
    made = _world(4)
    sums = oracle(made.tables, made.as_of, made.definitions, made.waves, made.households)

    rates = _all(made, "2025-03")

    shown = rates[rates["state"].isin(["ok", "provisional", "unreliable"]) & (rates["num"] > 0)]
    assert len(shown) > 10
    for row in shown.itertuples():
        _, num, den = sums[row.kpi, row.community, "2025-03"]
        assert row.num == num and (pd.isna(row.den) or row.den == den)


def test_quarters_are_the_sums_of_their_months_when_nothing_is_hidden():
    rates = _all(_world(4), "2025-01", "2025-02", "2025-03", "2025Q1")
    added = rates[~rates["kpi"].isin([kpi.id for kpi in KPIS if kpi.opinion or kpi.stock])]

    quarter = added[added["period"] == "2025Q1"].set_index(["kpi", "community"])["num"]
    months = added[added["period"] != "2025Q1"]

    for key, num in quarter.items():
        ours = months[(months["kpi"] == key[0]) & (months["community"] == key[1])]
        assert num == ours["num"].sum()


@pytest.mark.parametrize("days", [40, 75])
def test_figures_are_the_same_when_the_data_end_at_an_earlier_day(days: int):
    made = _world(6)
    earlier = made.at(made.as_of - timedelta(days=days))

    cut = earlier._replace(tables=exported(earlier))

    pd.testing.assert_frame_equal(_all(earlier, "2025-02", "2025Q1", "2025"), _all(cut, "2025-02", "2025Q1", "2025"))


def test_a_count_is_zero_when_the_export_speaks_for_the_month_and_no_data_outside():
    rows = {"complaint": [complaint(1, "07-20"), complaint(2, "09-05")]}

    rates = _figures(rows, "complaint_count", "2025-06", "2025-07", "2025-08", "2025-09", "2025-10")

    assert rates["state"].tolist() == ["no_data", "ok", "ok", "ok", "no_data"]
    assert rates["value"].fillna(-1).tolist() == [-1, 1, 0, 1, -1]


def test_a_day_is_zero_when_it_lies_inside_the_export_and_no_data_after_it():
    rows = {"complaint": [complaint(1, "09-04"), complaint(2, "09-20 18:00")]}

    rates = _figures(rows, "complaint_count", "2025-09-03", "2025-09-04", "2025-09-10", "2025-09-20", "2025-09-21")

    assert rates["state"].tolist() == ["no_data", "ok", "ok", "ok", "no_data"]
    assert rates["value"].fillna(-1).tolist() == [-1, 1, 0, 1, -1]


def test_late_orders_are_no_data_when_no_order_had_a_due_time():
    undated = {"work_order": [order(1, "08-01"), order(2, "09-20")]}
    kept = {"work_order": [order(1, "09-01", due_at="09-03", completed_at="09-02")]}

    assert _figures(undated, "sla_breach_reasons", "2025-09")["state"].tolist() == ["no_data"]
    assert _figures(kept, "sla_breach_reasons", "2025-09")["value"].tolist() == [0]


def test_a_share_is_no_data_when_nothing_can_be_judged():
    rates = _figures({"work_order": [order(1, "09-01")]}, "first_time_fix_rate", "2025-09")

    assert rates[["n", "num", "den", "state"]].values.tolist() == [[0, 0, 0, "no_data"]]
    assert rates["value"].isna().all()


def test_a_community_is_no_data_when_it_has_no_rows_at_all():
    rates = _figures({}, "work_order_volume", "2025-09", communities=("a", "b"))

    assert rates[["community", "state"]].values.tolist() == [["a", "no_data"], ["b", "no_data"]]


def test_satisfaction_is_no_data_when_scales_are_mixed():
    ten = {"scale_low": 0, "scale_high": 10, "satisfied_from": 8}
    alike = [answer(number, 5) for number in range(12)]
    mixed = {"survey_response": [*alike, answer(20, 9, **ten)]}

    one = _figures({"survey_response": alike}, "owner_satisfaction", "2025-09")
    both = _figures(mixed, "owner_satisfaction", "2025-09")

    assert (one["n"].item(), one["state"].item()) == (12, "unreliable")
    assert (both["n"].item(), both["state"].item()) == (0, "no_data")


def test_only_the_mixed_segment_is_no_data_when_scales_are_mixed_in_it():
    ten = {"scale_low": 0, "scale_high": 10, "satisfied_from": 8}
    rows = [answer(number, 5, zone="east") for number in range(12)]
    rows += [answer(number, 5, zone="west") for number in range(20, 32)] + [answer(40, 9, zone="west", **ten)]

    rates = _figures({"survey_response": rows}, "owner_satisfaction", "2025-09", by=["zone"])

    assert rates[["segment", "n", "state"]].values.tolist() == [["east", 12, "unreliable"], ["west", 0, "no_data"]]


def test_satisfaction_by_item_is_told_by_item_only_when_households_answered_several():
    rows = {"survey_response": [answer(n, 5) for n in range(12)] + [answer(n, 1, item="clean") for n in range(12)]}

    whole = _figures(rows, "satisfaction_by_item", "2025-09")
    split = _figures(rows, "satisfaction_by_item", "2025-09", by=["item"])
    other = _figures(rows, "satisfaction_by_item", "2025-09", by=["zone"])

    assert whole[["n", "state"]].values.tolist() == other[["n", "state"]].values.tolist() == [[0, "no_data"]]
    assert split[["segment", "num", "den"]].values.tolist() == [["clean", 0, 12], ["overall", 12, 12]]


def test_a_balance_is_no_data_when_the_period_is_not_one_month():
    example = EXAMPLES["arrears_recovery_rate"]

    rates = _figures(example.rows, "arrears_recovery_rate", "2025-09", "2025Q3", "2025", "2025-09-01")

    assert rates["state"].tolist() == ["ok", "no_data", "no_data", "no_data"]
    assert rates["value"].iloc[0] == 9_000 / 12_000


def test_complaints_per_home_have_a_value_when_sizes_are_declared():
    rows = {"complaint": [complaint(1, "08-20"), complaint(2, "09-05")]}

    rates = _figures(rows, "complaints_per_1000_homes", "2025-09", "2025Q3", "2025-09-05", households={"a": 500})

    assert rates["den"].tolist() == [500, 1000, 0]
    assert rates["state"].tolist() == ["ok", "ok", "no_data"]
    assert rates["value"].tolist()[:2] == [1 / 500, 2 / 1000]


def test_an_unknown_segment_is_shown_when_rows_do_not_say():
    rows = {
        "work_order": [order(1, "09-01", fault_type="leak"), order(2, "09-01"), order(3, "09-02", fault_type="leak")]
    }

    rates = _figures(rows, "fault_type_pareto", "2025-09", by=["fault_type"])

    assert rates[["segment", "num"]].values.tolist() == [["leak", 2], ["unknown", 1]]


def test_segments_join_when_there_are_several():
    rows = {"work_order": [order(1, "09-01", fault_type="leak", channel="app")]}

    rates = _figures(rows, "work_order_volume", "2025-09", by=["fault_type", "channel"])

    assert rates[["segment", "fault_type", "channel"]].values.tolist() == [["leak|app", "leak", "app"]]


def test_segments_add_up_to_all_when_counts_are_split():
    made = _world(3)
    kpi, period = domains.kpi("work_order_volume"), [parse_period("2025")]

    whole = figures(made.derived, made.cut, [kpi], period, communities=COMMUNITIES)
    split = figures(made.derived, made.cut, [kpi], period, communities=COMMUNITIES, by=["building"])

    assert split["num"].sum() == whole["num"].sum()


def test_a_suppressed_row_carries_no_number_when_few_answered():
    rates = _figures({"survey_response": [answer(1, 5), answer(2, 1)]}, "owner_satisfaction", "2025-09")

    assert rates["state"].item() == "suppressed"
    assert rates[["n", "num", "den", "value", "low", "high"]].isna().all(axis=None)


def test_a_young_month_is_provisional_when_the_window_is_open():
    rows = [order(number, "09-01", completed_at="09-01 12:00", household=f"h{number}", fault_type="x", visit_count=1)
            for number in range(60)]  # fmt: skip

    early = _figures({"work_order": rows}, "first_time_fix_rate", "2025-09", as_of=AS_OF - timedelta(days=20))
    late = _figures({"work_order": rows}, "first_time_fix_rate", "2025-09")

    assert [early["state"].item(), late["state"].item()] == ["provisional", "ok"]


def test_a_split_is_refused_when_a_table_has_no_such_column():
    with pytest.raises(ConfigError, match="cannot be split"):
        _figures({"work_order": [order(1, "09-01")]}, "work_order_volume", "2025-09", by=["item"])
    with pytest.raises(ConfigError, match="complaints_per_1000_homes"):
        _figures({"complaint": [complaint(1, "09-01")]}, "complaints_per_1000_homes", "2025-09", by=["type_l1"])


def test_splittable_names_the_kpis_when_asked_for_a_segment():
    tables = _world(0).derived

    found = {kpi.id for kpi in splittable(tables, KPIS, ["type_l1"])}

    assert "complaint_count" in found and "complaints_per_1000_homes" not in found and "owner_satisfaction" not in found


def test_the_nearest_segment_is_named_when_it_is_misspelt():
    with pytest.raises(ConfigError, match="did you mean 'building'"):
        check_segment("bulding", _world(0).derived)
    assert check_segment("building", _world(0).derived) == "building"


def test_the_rest_is_added_up_when_there_are_many_segments():
    rows = [order(number, "09-01", fault_type="abcdefg"[number % 7 if number > 6 else number]) for number in range(16)]
    rates = _figures({"work_order": rows}, "fault_type_pareto", "2025-09", by=["fault_type"])

    top = largest(rates, 3)

    assert top["segment"].tolist()[-1] == OTHER and len(top) == 4
    assert top["num"].sum() == rates["num"].sum() == 16


def test_fees_of_a_month_rise_when_the_cut_off_is_later():
    example = EXAMPLES["fee_collection_rate_current"]
    rows = {**example.rows, "fee_bill": [*example.rows["fee_bill"], bill(7, 100)]}

    early = _figures(rows, "fee_collection_rate_current", "2025-09", as_of=AS_OF.replace(month=8))
    late = _figures(rows, "fee_collection_rate_current", "2025-09")

    assert early["state"].item() == "no_data"  # before the first payment record nobody knows what was paid
    assert late["value"].item() == 15_000 / 27_100


@pytest.mark.parametrize("seed", (1, 2))
def test_tables_made_at_several_cut_offs_together_are_those_made_one_by_one(seed):
    made, place = world(seed, 60), COMMUNITIES[0]
    raw = {name: rows[rows["community"] == place].reset_index(drop=True) for name, rows in frames(made.tables).items()}
    months = [parse_period(month) for month in parse_period("2025-08").history(4)]
    cuts = {month.id: dataclasses.replace(made.cut, as_of=month.end + timedelta(days=20)) for month in months}
    kpis = [kpi for kpi in KPIS if kpi.ages and kpi.table in domains.TOGETHER]
    together, cut = domains.derive_each(raw, cuts, domains.TOGETHER)
    found = figures(together, cut, kpis, months, communities=list(cuts))
    for month in months:
        alone = domains.derive(raw, cuts[month.id], domains.TOGETHER)
        expected = figures(alone, cuts[month.id], kpis, [month], communities=[place]).drop(columns="community")
        ours = found[(found["community"] == month.id) & (found["period"] == month.id)].drop(columns="community")
        pd.testing.assert_frame_equal(ours.reset_index(drop=True), expected)
