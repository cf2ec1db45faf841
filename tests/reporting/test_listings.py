"""Lists for readers: figures in their own units, the halves of a comparison, the hours of a week; no ids and no small counts."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import propkit as pk
from propkit import domains
from propkit.model import Definitions, worded
from propkit.periods import parse_period
from propkit.reporting import hours, items, listings
from propkit.text import Text
from propkit.workspace import Workspace


def book(
    edition: str = "internal", lang: str = "zh", period: str = "2025-09", **tables: pd.DataFrame
) -> SimpleNamespace:
    """What a listing asks of a book."""
    return SimpleNamespace(
        edition=edition,
        lang=lang,
        tables=tables,
        period=parse_period(period),
        kpi=lambda name: worded(domains.KPIS[name], Definitions()),
    )


def shown(display: object) -> list[list[str]]:
    """The cells of the one table of a display, row by row, after its heads."""
    table = BeautifulSoup(display.html, "html.parser").table
    return [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in table.find_all("tr")]


def overview(item_id: str, *rows: dict) -> pd.DataFrame:
    columns = items.ITEMS[item_id].columns
    frame = pd.DataFrame(list(rows), columns=list(columns))
    return frame.astype({name: column.dtype for name, column in columns.items()})


def test_the_halves_of_a_figure_are_told_as_the_figure_they_make() -> None:
    known = {
        "heading": "安全防范",
        "kpi": "repairs_on_time_rate",
        "n": 50,
        "num": 36,
        "den": 50,
        "value_milli": 72000,
        "state": "ok",
    }
    none = known | {"kpi": "first_time_fix_rate", "n": 0, "num": 0, "den": 0, "value_milli": None, "state": "no_data"}
    told = shown(listings.listing(book(), "core_functions", overview("core_functions", known, none)))
    assert told[0] == ["方面", "指标", "数值", "样本"]
    assert told[1] == ["安全防范", "维修及时率", "72%", "50"]
    assert told[2][:3] == ["安全防范", "一次性修复率", "— 无数据"]


def test_a_comparison_shows_both_sides_with_their_halves_and_the_change_in_its_unit() -> None:
    share = {"kpi": "repairs_on_time_rate", "num_before": 45, "den_before": 50, "num_after": 36, "den_after": 50,
             "change_milli": -18000, "verdict": "lower"}  # fmt: skip
    rate = {"kpi": "complaints_per_1000_homes", "num_before": 7, "den_before": 2000, "num_after": 4, "den_after": 2000,
            "change_milli": -1500, "verdict": "no_clear_change"}  # fmt: skip
    told = shown(listings.listing(book(), "before_after", overview("before_after", share, rate)))
    assert told[0] == ["指标", "之前", "之后", "变化", "判断"]
    assert told[1] == ["维修及时率", "90%（45/50）", "72%（36/50）", "−18.0 个百分点", "下降"]
    assert told[2][1:4] == ["3.5 件/千户·月（7/2,000）", "2.0 件/千户·月（4/2,000）", "−1.5 件/千户·月"]


def test_what_moved_stands_first_where_not_all_have_room() -> None:
    row = {
        "kpi": "repairs_on_time_rate",
        "num_before": 4,
        "den_before": 5,
        "num_after": 4,
        "den_after": 5,
        "change_milli": 0,
    }
    rows = [row | {"verdict": "no_clear_change"}] * 20 + [row | {"verdict": "higher"}]
    told = shown(listings.listing(book(), "before_after", overview("before_after", *rows)))
    assert len(told) == 1 + listings.LINES and told[1][-1] == "上升" and told[2][-1] == "无明显变化"


@pytest.mark.parametrize(("edition", "few"), [("internal", "4"), ("owner", "※")])
def test_hours_of_a_week_are_a_calendar_and_owners_see_no_small_count(edition: str, few: str) -> None:
    rows = pd.DataFrame({"weekday": [1, 7], "hour": [9, 23], "orders": [12, 4]})
    told = shown(listings.listing(book(edition), "demand_and_resource_analysis", rows))
    assert len(told) == 25
    assert (told[10][1], told[24][7], told[1][1]) == ("12", few, "0")


def test_every_time_is_counted_in_its_hour_of_the_week() -> None:
    times = pd.Series(pd.to_datetime(["2025-09-01 00:10", "2025-09-08 00:59", "2025-09-07 23:00"]))
    cells = listings.counts_of_week(times)
    found = cells[cells["num"] > 0].set_index(["weekday", "hour"])["num"].to_dict()
    assert len(cells) == 168 and found == {(0, 0): 2, (6, 23): 1}


def test_patrols_are_shown_to_the_team_alone_and_few_incidents_by_quarters_of_the_day() -> None:
    scans = pd.DataFrame({"actual_at": pd.date_range("2025-09-01", periods=100, freq="6h")})
    incidents = pd.DataFrame(
        {"reported_at": pd.to_datetime(["2025-09-02 05:59", "2025-09-03 18:00", "2025-10-01 00:00"])}
    )
    ours = book(patrol_scan=scans, incident=incidents)
    assert len(shown(hours.patrols(ours))) == 25
    assert "共 2 起）：0–6 时 1 起，6–12 时 0 起，12–18 时 0 起，18–24 时 1 起" in hours.incidents(ours).text
    assert hours.patrols(book("owner", patrol_scan=scans)).html == ""


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [(75714.0, Text("分钟", "minutes"), "52.6 天"), (-3.0, Text("元", "yuan"), "−3 元"), (float("nan"), Text("项", "items"), "—")],
)  # fmt: skip
def test_the_number_of_a_list_has_its_unit(value: float, unit: Text, words: str) -> None:
    assert listings.amount(value, unit, "zh") == words


def test_owners_get_no_small_groups_of_staff(demo_workspace: Workspace) -> None:
    team, owners = (
        pk.open_book(
            "rectification", workspace=demo_workspace.root, community="cuihu", period="2025-09", edition=edition, lang="en"
        )
        for edition in ("internal", "owner")
    )  # fmt: skip
    rows = items.rows("staff_review", team)

    assert "Of these dismissed" in listings.listing(team, "staff_review", rows).html
    told = listings.listing(owners, "staff_review", rows)
    assert "<table" not in told.html
    assert f"{int(rows['staff'].sum())} people" in told.text


def test_findings_of_a_brief_list_are_told_as_sentences(demo_workspace: Workspace) -> None:
    book = pk.open_book("monthly_review", workspace=demo_workspace.root, community="cuihu", period="2025-09", lang="en")
    rows = items.rows("issue_list", book)
    quiet = items.rows("early_warning", book).assign(fired=False)

    assert all(said in listings.sentences(book, "issue_list", rows).text for said in rows["said"])
    assert len(rows) > 0
    assert listings.sentences(book, "early_warning", quiet).text.startswith("Early warnings: none")


@pytest.mark.parametrize(
    ("period", "days", "head"),
    [
        ("2025-09-20", ["2025-09-20"] * 2, "任务"),
        ("2025-09-20", ["2025-03-15", "2025-09-20"], "服务日期"),
        ("2025-09", ["2025-09-20"] * 2, "服务日期"),
    ],
)
def test_a_list_of_the_reports_own_day_does_not_lead_with_it(period: str, days: list[str], head: str) -> None:
    goal = {"department": "工程部", "unit": "item", "target_milli": 8000, "done_milli": 8000, "reached": True}
    rows = [goal | {"task": f"任务{at}", "held_on": pd.Timestamp(day)} for at, day in enumerate(days)]
    told = shown(listings.listing(book(period=period), "service_day_targets", overview("service_day_targets", *rows)))
    assert told[0][0] == head and len(told) == 3


PLAN = (
    *(
        {"entry": "action", "plan": f"措施{at}", "department": "工程部", "due_on": pd.Timestamp("2025-10-08")}
        for at in range(6)
    ),
    {"entry": "target", "start_on": pd.Timestamp("2025-10-01")},
)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (PLAN[:1], "下期计划：措施0（工程部，2025-10-08 前）。"),
        (PLAN[-1:], "下期计划：目标 1 项，最早从 2025-10-01 开始。"),
        ((), "下期计划：没有。"),
    ],
)
def test_what_is_next_is_told_with_who_and_when(rows: tuple[dict, ...], said: str) -> None:
    assert listings.coming(book(), "next_period_plan", overview("next_period_plan", *rows)).text == said


def test_of_much_that_is_next_the_rest_is_counted() -> None:
    told = listings.coming(book(lang="en"), "next_period_plan", overview("next_period_plan", *PLAN)).text
    assert told.startswith("Plan for the next period: 措施0 (工程部, by 2025-10-08), ")
    assert told.endswith(", 2 actions more; 1 target, the first from 2025-10-01.")


def test_targets_without_data_are_not_called_undecided() -> None:
    rows = [
        {"kpi": "repairs_on_time_rate", "state": state, "verdict": verdict}
        for state, verdict in (("ok", "attained"), ("ok", "undecided"), ("no_data", "no_data"))
    ]
    told = listings.attained(book(), "target_attainment", overview("target_attainment", *rows)).text
    assert told.endswith("未达标 0 项；尚不能判定 1 项；本期无数据 1 项。")


def test_one_of_a_list_is_singular_in_english() -> None:
    assert (listings.amount(1, Text("项", "items"), "en"), listings.amount(2, Text("项", "items"), "en")) == (
        "1 item",
        "2 items",
    )
