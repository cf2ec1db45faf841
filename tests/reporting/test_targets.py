"""Whose target holds: that of an exported target table for its own stretch, else that of propkit.toml."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from propkit import domains
from propkit.model import Cut
from propkit.periods import parse_period
from propkit.reporting import plausibility
from propkit.reporting.book import Book
from propkit.workspace import Community, Settings, Target, Workspace
from tests.worlds import Row, frames

AS_OF = datetime(2025, 10, 8, 23, 59, 59)
METRIC, COUNT = "repairs_on_time_rate", "activity_count"


def goal(period: str, value: float, **more: object) -> Row:
    row = {"community": "a", "metric_id": METRIC, "period": period, "target_milli": round(value * 1000)}
    return row | {"set_on": datetime(2025, 1, 1)} | more


def book(period: str, *rows: Row, as_of: datetime = AS_OF) -> Book:
    settings = Settings(community=[Community(id="a", name="甲")], target=[Target(kpi=METRIC, value=95)])
    cut = Cut(pd.Timestamp(as_of))
    tables = domains.derive(frames({"target": list(rows)}), cut)
    workspace = Workspace(Path("/nowhere"), settings)
    return Book(workspace, "x", "a", "甲", parse_period(period), cut, "internal", "zh", {}, tables, {})


def test_the_settings_hold_when_the_register_is_silent():
    assert book("2025-09").kpi(METRIC).target == 95
    assert book("2025-09", goal("2025-10", 80)).kpi(METRIC).target == 95
    assert book("2025-09", goal("2025-09", 80, community="b")).kpi(METRIC).target == 95


@pytest.mark.parametrize(
    ("period", "held"), [("2025-09", 88), ("2025-08", 89), ("2025Q3", 89), ("2025-02", 90), ("2025", 90)]
)
def test_the_shortest_stretch_that_contains_the_period_holds(period: str, held: float):
    rows = [goal("2025", 90), goal("2025Q3", 89), goal("2025-09", 88)]

    assert book(period, *rows).kpi(METRIC).target == held


def test_the_target_set_last_holds_when_two_are_for_the_same_stretch():
    later = goal("2025-09", 91, set_on=datetime(2025, 8, 20), start_on=datetime(2025, 9, 1))
    rows = [later, goal("2025-09", 85)]

    assert book("2025-09", *rows).kpi(METRIC).target == 91
    assert book("2025-09", *rows, as_of=datetime(2025, 8, 1)).kpi(METRIC).target == 85


def test_a_count_is_held_against_a_target_of_the_same_period_only():
    yearly = goal("2025", 24, metric_id=COUNT)

    assert book("2025", yearly).kpi(COUNT).target == 24
    assert book("2025-09", yearly).kpi(COUNT).target is None


def test_check_tells_of_targets_that_differ_point_the_wrong_way_or_name_nothing():
    rows = [goal("2025", 95), goal("2025-09", 90, direction="down"), goal("2025-09", 1, metric_id="repair_rate")]
    made = book("2025-09", *rows)

    found = plausibility.target_findings(made.workspace, made.tables["target"], made.cut.as_of)

    assert [(kind, place) for kind, place, _ in found] == [
        ("unknown_metric", "a"), ("target_conflict", "a"), ("target_direction", "a"),
    ]  # fmt: skip
    assert "90 in the target table 2025-09, 95 in propkit.toml" in found[1][2].en
