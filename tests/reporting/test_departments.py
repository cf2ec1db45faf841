"""A department's report lists its own measures and plans, and says how many are others' and where they stand."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from propkit.reporting import chapters, departments, items, outline, sections


def book(report: str = "security_summary") -> SimpleNamespace:
    """What the rows of a list ask of a book."""
    actions = pd.DataFrame({"action_id": ["a", "b"], "department": ["秩序部", "工程部"]})
    return SimpleNamespace(report=report, lang="zh", edition="internal", tables={"action": actions}, told={})


def measures(*rows: tuple[str | None, str | None]) -> pd.DataFrame:
    """Measures with a department and a metric each, numbered from 0."""
    frame = pd.DataFrame(rows, columns=["department", "metric_id"], dtype="str")
    return frame.assign(action_id=[str(at) for at in range(len(frame))])


MEASURES = measures(
    ("秩序部", "repairs_on_time_rate"),  # theirs by the department
    ("Security team", None),
    ("工程部", "hazard_rectification_rate"),  # theirs by the metric
    ("工程部", "repairs_on_time_rate"),
    ("工程部", None),
    (None, "complaints_per_1000_homes"),
    (None, None),  # nobody's: whoever reads it may be the one
)


def test_a_row_is_a_departments_own_by_its_name_or_by_a_figure_of_its_rooms() -> None:
    kept = departments.own(book(), "improvement_measures", MEASURES)

    assert list(kept["action_id"]) == ["0", "1", "2", "6"]


def test_the_report_of_a_whole_community_lists_all() -> None:
    assert departments.own(book("annual_summary"), "improvement_measures", MEASURES) is MEASURES


def test_what_nobody_has_in_hand_is_no_departments() -> None:
    staff = pd.DataFrame({"department": ["工程部"], "people": [3]})

    assert departments.own(book(), "team_cohesion", staff) is staff


def test_a_list_without_departments_takes_them_from_its_measures() -> None:
    effects = pd.DataFrame({"action_id": ["a", "b"], "kpi": ["repairs_on_time_rate"] * 2})

    assert list(departments.own(book(), "measure_effects", effects)["action_id"]) == ["a"]


def test_what_is_left_out_is_counted_and_nothing_is_called_none_that_others_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lists = {"improvement_measures": MEASURES, "key_projects": measures(("工程部", None))}
    monkeypatch.setattr(items, "_told", lambda item_id, _: lists[item_id])
    monkeypatch.setattr(chapters.listings, "listing", lambda *_: chapters.sentence("（清单）", "zh"))
    monkeypatch.setattr(chapters, "_written", lambda *_: [])
    told = chapters.chapter(book(), list(lists)).text

    assert "重点工作：秩序部没有。" in told
    assert "其他部门的不在此列（改进措施 3 条、重点工作 1 项），见《物业服务总结》。" in told


@pytest.mark.parametrize("report", departments.DEPARTMENTS)
def test_the_report_that_is_pointed_to_holds_what_is_left_out(report: str) -> None:
    held = {one for part in outline.sections(report) for one in outline.contents(report, part)}
    home = {one for part in outline.sections(departments.HOME) for one in outline.contents(departments.HOME, part)}

    assert held & set(departments.LISTS) <= home
    assert sections.REPORT_TITLES[departments.HOME].zh == "物业服务总结"
    assert sections.REPORT_TITLES[departments.HOME].en.lower() == "service summary"
