"""The laws of counting: sums add up whatever the parts, what is missing is outside, and numbers are whole."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from propkit import domains
from propkit.counts import SUMS, UNKNOWN, rollup, tallies, tally
from propkit.errors import DataError
from tests.worlds import world

KPIS = list(domains.KPIS.values())
KINDS = [
    domains.kpi(name)
    for name in (
        "first_time_fix_rate",
        "owner_satisfaction_index",
        "complaints_per_1000_homes",
        "fee_collection_rate_current",
        "arrears_recovery_rate",
        "survey_response_rate",
        "work_order_volume",
    )
]
KEYS = ["community", "month"]
FINE = ["community", "month", "building"]

seeds = st.integers(0, 5)
rngs = st.randoms(use_true_random=False)


@cache
def _tables(seed: int) -> dict[str, pd.DataFrame]:
    return world(seed, 20).derived


def _parts(tables: dict[str, pd.DataFrame], count: int, rng: random.Random) -> list[dict[str, pd.DataFrame]]:
    """Deal the rows of every table to `count` parts at random; some parts stay empty."""
    dealt = {name: [rng.randrange(count) for _ in range(len(rows))] for name, rows in tables.items()}
    return [{name: rows[[to == part for to in dealt[name]]] for name, rows in tables.items()} for part in range(count)]


@given(seeds, st.integers(1, 4), rngs)
@settings(max_examples=5, suppress_health_check=[HealthCheck.large_base_example])
def test_parts_add_up_to_the_whole_when_rows_are_dealt_at_random(seed: int, count: int, rng: random.Random):
    tables = _tables(seed)

    parts = [tally(part, KINDS, FINE) for part in _parts(tables, count, rng)]

    pd.testing.assert_frame_equal(rollup(pd.concat(parts, ignore_index=True), FINE), tally(tables, KINDS, FINE))


def test_parts_add_up_to_the_whole_when_every_kpi_is_counted():
    tables = _tables(3)
    empty = {name: rows.iloc[:0] for name, rows in tables.items()}

    parts = [tally(part, KPIS, FINE) for part in [empty, *_parts(tables, 2, random.Random(3)), empty]]

    pd.testing.assert_frame_equal(rollup(pd.concat(parts), FINE), tally(tables, KPIS, FINE))


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_tallies_are_those_of_the_whole_when_rows_come_in_pieces(count: int, workers: int):
    tables, groupings = _tables(3), [[], KEYS, FINE, ["building", "month"], ["scale", "moon_phase"]]
    whole = tables if count else {name: rows.iloc[:0] for name, rows in tables.items()}

    found = tallies(_parts(tables, count, random.Random(3)) if count else [], KPIS, groupings, workers=workers)

    for by, counts in zip(groupings, found, strict=True):
        pd.testing.assert_frame_equal(counts, tally(whole, KPIS, by))


def test_an_error_of_a_piece_ends_the_counting_when_several_threads_count():
    def pieces() -> Iterator[dict[str, pd.DataFrame]]:
        yield {"work_order": _orders(3)}
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        tallies(pieces(), [domains.kpi("work_order_volume")], [KEYS], workers=2)


@given(st.integers(0, 2**32), st.integers(1, 3000))
@settings(max_examples=20)
def test_groupings_counted_together_are_as_each_alone_when_rows_are_many(seed: int, size: int):
    rows = _random_orders(seed, size)
    kpis = [domains.kpi(name) for name in ("work_order_volume", "repair_completion_rate", "orders_on_the_spot_rate")]
    groupings = [["community", "month"], ["month", "zone"], ["zone"], []]

    found = tallies([{"work_order": rows}], kpis, groupings)

    for by, counts in zip(groupings, found, strict=True):
        pd.testing.assert_frame_equal(counts, tally({"work_order": rows}, kpis, by))
    assert found[3].loc[found[3]["kpi"] == "repair_completion_rate", "num"].sum() == int(
        rows.loc[rows["reported_at"].notna(), "completed"].sum()
    )


@given(st.integers(0, 2**32), st.integers(1, 300), st.integers(0, 20))
@settings(max_examples=20)
def test_counts_stay_when_columns_lie_in_the_memory_of_arrow(seed: int, size: int, start: int):
    rows, kpis = _random_orders(seed, size), [domains.kpi("work_order_volume"), domains.kpi("repair_completion_rate")]
    kinds = {name: pd.ArrowDtype(kind) for name, kind in (("received", pa.int64()), ("completed", pa.bool_()))}
    halves = [rows.iloc[: size // 2].astype(kinds), rows.iloc[size // 2 :].astype(kinds)]
    ours = pd.concat(halves).iloc[start:]

    counts = tally({"work_order": ours}, kpis, ["community", "month"])

    pd.testing.assert_frame_equal(counts, tally({"work_order": rows.iloc[start:]}, kpis, ["community", "month"]))


@pytest.mark.parametrize("coarse", [[], ["community"], ["month"], ["month", "community"], ["building"]])
def test_fine_counts_roll_up_to_coarse_ones_when_groups_are_dropped(coarse: list[str]):
    tables = _tables(2)

    rolled = rollup(tally(tables, KINDS, FINE), coarse)

    pd.testing.assert_frame_equal(rolled, tally(tables, KINDS, coarse))


def test_months_roll_up_to_quarters_when_relabelled():
    monthly = tally(_tables(1), KINDS, KEYS)
    quarter = pd.PeriodIndex(monthly["month"], freq="M").asfreq("Q").astype("str")

    quarterly = rollup(monthly.assign(month=quarter), KEYS)

    for row in quarterly.itertuples():
        ours = monthly[(monthly["kpi"] == row.kpi) & (monthly["community"] == row.community) & (quarter == row.month)]
        assert [getattr(row, name) for name in SUMS] == [int(ours[name].sum()) for name in SUMS]


def test_rollup_changes_nothing_when_done_twice():
    counts = tally(_tables(0), KPIS, KEYS)

    pd.testing.assert_frame_equal(rollup(counts, KEYS), counts)


@given(seeds)
@settings(max_examples=4)
def test_counts_stay_when_rows_of_missing_values_are_added(seed: int):
    tables = _tables(seed)
    more = {name: _with_blank(rows) for name, rows in tables.items()}

    pd.testing.assert_frame_equal(tally(more, KPIS, FINE), tally(tables, KPIS, FINE))


def _with_blank(rows: pd.DataFrame) -> pd.DataFrame:
    """Add a row that belongs to a community and a month, and says nothing else."""
    more = rows.reindex([*rows.index, "blank"])
    more.loc["blank", "community"] = "yinhe"
    for name in rows.select_dtypes("datetime").columns:
        more.loc["blank", name] = pd.Timestamp("2025-03-03")
    return more


@given(seeds, rngs)
@settings(max_examples=3, suppress_health_check=[HealthCheck.large_base_example])
def test_counts_stay_when_rows_columns_and_labels_are_shuffled(seed: int, rng: random.Random):
    tables = _tables(seed)
    shuffled = {}
    for name, rows in tables.items():
        order = rng.sample(range(len(rows)), len(rows))
        columns = rng.sample(list(rows.columns), len(rows.columns))
        shuffled[name] = rows.iloc[order][columns].set_axis(["same"] * len(rows))

    pd.testing.assert_frame_equal(tally(shuffled, KINDS, FINE), tally(tables, KINDS, FINE))


def test_counts_stay_when_segments_are_categories_in_any_order():
    tables = _tables(1)
    wanted = tally(tables, KINDS, FINE)
    for order in (["9号楼", "2号楼", "1号楼"], ["1号楼", "2号楼", "9号楼"]):
        coded = {
            name: rows.assign(building=pd.Categorical(rows["building"], categories=order))
            if "building" in rows
            else rows
            for name, rows in tables.items()
        }
        pd.testing.assert_frame_equal(tally(coded, KINDS, FINE), wanted)


@pytest.mark.parametrize("by", [[], KEYS, FINE])
def test_counts_are_int64_when_there_are_rows_and_when_there_are_none(by: list[str]):
    for tables in (_tables(0), {name: rows.iloc[:0] for name, rows in _tables(0).items()}):
        counts = tally(tables, KPIS, by)
        assert list(counts.columns) == ["kpi", *by, *SUMS]
        assert {str(counts[name].dtype) for name in SUMS} == {"int64"}


def test_a_segment_is_unknown_when_it_is_missing_or_there_is_no_such_column():
    rows = _orders(3).assign(fault_type=pd.Series(["leak", None, "leak"], dtype="str"))

    known = tally({"work_order": rows}, [domains.kpi("work_order_volume")], ["fault_type", "moon_phase"])

    assert known[["fault_type", "moon_phase", "n"]].values.tolist() == [["leak", UNKNOWN, 2], [UNKNOWN, UNKNOWN, 1]]


def test_a_row_is_outside_when_its_numerator_or_its_date_is_missing():
    rows = _orders(4).assign(received=pd.array([1, pd.NA, 1, 1], dtype="Int64"))
    rows.loc[2, "reported_at"] = pd.NaT

    counts = tally({"work_order": rows}, [domains.kpi("work_order_volume")], ["month"])

    assert counts[["month", "n", "num", "den"]].values.tolist() == [["2025-09", 2, 2, 2]]


def test_a_rate_keeps_its_exposure_when_another_key_belongs_to_neither_table():
    counts = tally(_tables(2), [domains.kpi("complaints_per_1000_homes")], ["community", "scale"])

    assert (counts["den"] > 0).any()


@pytest.mark.parametrize("dtype", ["float64", "object", "str"])
def test_counting_is_refused_when_numbers_are_not_whole(dtype: str):
    rows = _orders(2).assign(received=pd.Series([1, 2]).astype(dtype))

    with pytest.raises(DataError, match=r"work_order_volume.*received.*not whole"):
        tally({"work_order": rows}, [domains.kpi("work_order_volume")], ["month"])


def test_counting_is_refused_when_points_are_too_large_to_square():
    wave_on = pd.Series([pd.Timestamp("2025-09-01")])
    points = pd.array([2**31], dtype="Int64")
    rows = pd.DataFrame({"community": ["a"], "wave_on": wave_on, "overall_points": points, "overall_range": points})

    with pytest.raises(DataError, match="too large"):
        tally({"survey_response": rows}, [domains.kpi("owner_satisfaction_index")], ["month"])


def test_money_is_added_exactly_when_it_exceeds_what_a_float_can_hold():
    fen = pd.array([2**53, 1, 1], dtype="Int64")
    starts = pd.Series(pd.to_datetime(["2025-09-01"] * 3))
    rows = pd.DataFrame({"community": "a", "period_start": starts, "paid_fen": fen, "net_due_fen": fen})

    counts = tally({"fee_bill": rows}, [domains.kpi("fee_collection_rate_current")], ["community"])

    assert counts.loc[0, "num"] == 2**53 + 2


def _orders(count: int) -> pd.DataFrame:
    received = pd.array([1] * count, dtype="Int64")
    return pd.DataFrame({"community": "a", "reported_at": pd.Timestamp("2025-09-10"), "received": received})


def _random_orders(seed: int, size: int) -> pd.DataFrame:
    """Orders of which much is missing; what was received are whole numbers, not only one each."""
    chance = np.random.default_rng(seed)

    def some(values: np.ndarray, kind: str) -> pd.Series:
        return pd.Series(values, dtype=kind).mask(chance.random(size) < 0.2)

    return pd.DataFrame({
        "community": some(chance.choice(["a", "b", "z"], size), "str"),
        "zone": some(chance.choice(["west", "east"], size), "str").astype("category"),
        "reported_at": some(pd.Timestamp("2025-01-01") + pd.to_timedelta(chance.integers(0, 90, size), "D"), "datetime64[s]"),
        "received": some(chance.integers(0, chance.integers(2, 5), size), "Int64"),
        "completed": some(chance.random(size) < 0.5, "boolean"),
        "on_the_spot": some(chance.random(size) < 0.5, "boolean"),
    })  # fmt: skip
