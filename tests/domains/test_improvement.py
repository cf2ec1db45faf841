"""What targets and actions say where registers are silent, odd or told in words."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from propkit import domains
from propkit.domains.improvement import stretch
from propkit.model import Cut
from propkit.periods import parse_period
from tests.domains.rooms.improvement import action, target
from tests.examples import AS_OF, Row
from tests.worlds import frames

_PLAN = {"plan": "do it", "department": "works"}


def _derived(*rows: Row, table: str = "action", as_of: datetime = AS_OF) -> dict[str, pd.DataFrame]:
    cut = Cut(pd.Timestamp(as_of).as_unit("s"))
    known = {name: domains.conform(rows, domains.TABLES[name]).assign(**_kept(rows)) for name, rows in
             {**{name: domains.empty(domains.TABLES[name]) for name in ("action", "target")},
              table: frames({table: list(rows)})[table]}.items()}  # fmt: skip
    seen = {name: domains.as_known(rows, domains.TABLES[name], cut.as_of) for name, rows in known.items()}
    return domains.improvement.derive({name: rows.reset_index(drop=True) for name, rows in seen.items()}, cut)


def _kept(rows: pd.DataFrame) -> dict[str, pd.Series]:
    return {name: rows[name] for name in ("given",) if name in rows}


def _read(name: str, *rows: Row, period: str = "2025-09", as_of: datetime = AS_OF) -> pd.DataFrame | None:
    made = _derived(*rows, as_of=as_of)
    cut = Cut(pd.Timestamp(as_of).as_unit("s"))
    return getattr(domains.improvement, name)(made, parse_period(period), cut)


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("2025-09", ("2025-09", "2025-09")),
        ("2025年9月", ("2025-09", "2025-09")),
        ("202509", ("2025-09", "2025-09")),
        ("2025/9", ("2025-09", "2025-09")),
        ("2025-09-01 00:00:00", ("2025-09", "2025-09")),
        ("２０２５年第三季度", ("2025-07", "2025-09")),
        ("2025Q3", ("2025-07", "2025-09")),
        ("2025年3季度", ("2025-07", "2025-09")),
        ("2025年上半年", ("2025-01", "2025-06")),
        ("2025h2", ("2025-07", "2025-12")),
        ("2025年度", ("2025-01", "2025-12")),
        ("2025", ("2025-01", "2025-12")),
    ],
)
def test_a_period_is_read_when_registers_write_it_in_their_ways(text: str, months: tuple[str, str]) -> None:
    assert stretch(text) == months


@pytest.mark.parametrize("text", ["2025-9-20", "2025年第", "9月", "明年", "2025Q5", "2025-09-20", "20253"])
def test_a_period_is_not_guessed_when_it_is_none(text: str) -> None:
    assert stretch(text) is None


def test_a_target_is_in_no_period_when_its_month_does_not_exist() -> None:
    made = _derived(target("m1", period="2025-13"), table="target")["target"]

    assert made["start_on"].isna().all()


def test_a_target_is_not_known_when_it_was_set_after_the_cut_off() -> None:
    rows = (target("m1", period="2025-09", set_on="10-01"), target("m2", period="2025-09", set_on=None))

    made = _derived(*rows, table="target", as_of=datetime(2025, 9, 30))["target"]

    assert made["metric_id"].tolist() == ["m2"]


def test_completeness_is_unknown_when_the_export_has_no_baseline_column() -> None:
    full = {"target_milli": 1, "unit": "%", "department": "works", "period": "2025-09"}
    silent = target("m1", **full, given="metric_id,period,target_milli,unit,department")
    blank = target("m2", **full, given="metric_id,period,target_milli,unit,department,baseline_milli")

    made = _derived(silent, blank, table="target")["target"].set_index("metric_id")["smart"]

    assert made.isna().tolist() == [True, False] and not made["m2"]


def test_a_measure_is_not_open_for_ever_when_the_export_has_no_day_of_completion() -> None:
    silent = action(1, due_on="09-10", given="action_id,plan,due_on,raised_on", **_PLAN)

    made = _derived(silent)["action"]

    assert made[["done", "on_time", "closed"]].isna().all(axis=None)
    assert _read("improvement_measures", silent)["state"].isna().all()


def test_nothing_is_late_when_the_due_day_is_not_over() -> None:
    rows = (action(1, due_on="09-30", **_PLAN),)

    noon = _derived(*rows, as_of=datetime(2025, 9, 30, 12))["action"]["done"]
    night = _derived(*rows, as_of=datetime(2025, 9, 30, 23, 59, 59))["action"]["done"]

    assert noon.isna().all() and night.tolist() == [False]


def test_no_value_is_taken_from_a_check_when_it_came_after_the_cut_off() -> None:
    row = action(1, baseline_milli=1, threshold_milli=2, checked_value_milli=2, checked_on="09-20", act_decision="stop")

    before = _derived(row, as_of=datetime(2025, 9, 19))["action"]

    assert before[["effective", "act_decision", "checked_value_milli"]].isna().all(axis=None)


def test_an_aim_equal_to_the_baseline_judges_nothing_when_no_direction_is_told() -> None:
    same = {"baseline_milli": 5, "threshold_milli": 5, "checked_value_milli": 9, "checked_on": "09-20"}

    made = _derived(action(1, **same), action(2, direction="up", **same))["action"]["effective"]

    assert made.isna().tolist() == [True, False] and made.iloc[1]


def test_stages_are_those_of_the_period_when_the_register_has_moved_on() -> None:
    row = action(1, due_on="09-10", done_on="09-08", checked_on="10-02", act_decision="standardise", **_PLAN)

    august, september, october = (
        _read("pdca_stages", row, period=month).set_index("stage")["actions"].idxmax()
        for month in ("2025-08", "2025-09", "2025-10")
    )

    assert (august, september, october) == ("do", "check", "act")


def test_lists_say_nothing_when_the_register_begins_later() -> None:
    row = action(1, issue="x", due_on="09-10", raised_on="09-01", **_PLAN)

    for name in ("improvement_measures", "key_projects", "pdca_stages", "problems_without_measure"):
        assert _read(name, row, period="2025-08") is None, name


def test_a_plan_holds_what_was_raised_in_the_next_period_and_nothing_later() -> None:
    rows = [action(n, due_on="10-20", raised_on=day, **_PLAN) for n, day in enumerate(("08-01", "09-30", "10-01"))]

    assert _read("next_period_plan", *rows, period="2025-08")["plan"].count() == 2
    assert _read("next_period_plan", *rows, period="2025-09")["plan"].count() == 3
    assert _read("next_period_plan", *rows, period="2025-06") is None


def test_a_list_is_empty_when_all_was_done_before() -> None:
    row = action(1, due_on="08-10", done_on="08-31", **_PLAN)

    assert len(_read("improvement_measures", row)) == 0


def test_a_problem_is_not_without_a_measure_when_its_export_has_no_such_column() -> None:
    row = action(1, issue="x", given="action_id,issue,raised_on")

    assert _derived(row)["problem"]["measured"].isna().all()
    assert len(_read("problems_without_measure", row)) == 0


def test_the_next_day_is_meant_when_the_period_is_a_day() -> None:
    rows = (action(1, metric_id="m1", due_on="09-21", **_PLAN), action(2, metric_id="m1", due_on="09-22", **_PLAN))

    found = _read("next_period_quality_measures", *rows, period="2025-09-20")

    assert found["measures"].tolist() == [1]
