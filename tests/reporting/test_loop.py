"""Measures and their figures, misses that nobody works on, and what a target can show."""

from __future__ import annotations

import pandas as pd
import pytest

import propkit as pk
from propkit import domains
from propkit.periods import parse_period
from propkit.reporting import items, lacking, listings, loop
from propkit.reporting.book import Book
from propkit.reporting.findings import findings
from propkit.workspace import Workspace


@pytest.fixture(scope="module")
def book(demo_workspace: Workspace) -> Book:
    return pk.open_book(
        "monthly_review", workspace=demo_workspace.root, community="yinhe", period="2025-09", lang="en",
        key=["repairs_on_time_rate"],
    )  # fmt: skip


def test_a_measure_raised_and_done_in_august_is_judged_in_september(book: Book) -> None:
    """By the months before it was raised and the month after it was done, counted again from the rows."""
    actions = book.tables["action"].set_index("action_id")
    (row,) = [one for one in loop.measure_effects(book) if one["action_id"] == "GJ-202508-01"]
    orders = book.tables[domains.KPIS[row["kpi"]].table]
    before, after = (book.apart([row["kpi"]], [parse_period(one)]).iloc[0] for one in ("2025-05..2025-07", "2025-09"))

    assert f"{actions.loc['GJ-202508-01', 'raised_on']:%Y-%m}" == "2025-08"
    assert f"{row['done_on']:%Y-%m}" == "2025-08"
    assert (row["num_before"], row["den_before"]) == (before["num"], before["den"])
    assert (row["num_after"], row["den_after"]) == (after["num"], after["den"])
    assert len(orders) > 0


def test_measures_done_this_month_wait_for_the_next_report(book: Book) -> None:
    assert all(one["done_on"] < pd.Timestamp("2025-09-01") for one in loop.measure_effects(book))


def test_figures_that_age_and_those_of_surveys_are_not_compared(book: Book) -> None:
    for one in loop.measure_effects(book):
        kpi = domains.KPIS[one["kpi"]]
        assert not kpi.ages and kpi.dated_by != "wave_on" and kpi.kind in ("share", "rate")


def test_a_missed_target_is_named_until_a_measure_names_its_figure(demo_workspace: Workspace) -> None:
    book = pk.open_book("monthly_review", workspace=demo_workspace.root, community="cuihu", period="2025-09")
    missed = {claim.kpi for claim in findings(book).of("target") if claim.verdict == "not_attained"}
    bare = {one["kpi"] for one in loop.missed_without_measure(book)}
    name = sorted(bare)[0]
    rows = book.tables["action"]
    first = rows.index[rows["counted"] & (rows["action_kind"] == "measure") & rows["plan"].notna()][0]
    book.tables["action"] = rows.assign(
        metric_id=rows["metric_id"].mask(rows.index == first, name),
        verified_on=rows["verified_on"].mask(rows.index == first),
    )

    assert bare <= missed
    assert {one["kpi"] for one in loop.missed_without_measure(book)} == bare - {name}


@pytest.mark.parametrize(
    ("num", "target", "reach"), [(95, 50, "safe"), (80, 80, "within"), (50, 95, "beyond"), (60, 65, "within")]
)
def test_a_target_is_held_against_what_the_next_month_will_be(
    book: Book, monkeypatch: pytest.MonkeyPatch, num: int, target: float, reach: str
) -> None:
    kpi = book.kpi("repairs_on_time_rate")
    proposal = loop._proposal(
        type(kpi)(**{name: getattr(kpi, name) for name in kpi.__slots__} | {"target": target}),
        pd.Series({"num": num, "den": 100}),
    )

    assert proposal["reach"] == reach
    assert proposal["low_milli"] <= num * 1000 <= proposal["high_milli"]


def test_effects_are_told_as_sentences_with_what_moved_first(book: Book) -> None:
    columns = {"action_id": "A-1", "plan": "one more shift", "kpi": "repairs_on_time_rate", "num_before": 60, "den_before": 100,
               "num_after": 90, "den_after": 100, "change_milli": 30_000}  # fmt: skip
    rows = pd.DataFrame([
        columns | {"done_on": pd.Timestamp("2025-08-20"), "verdict": "no_clear_change"},
        columns | {"action_id": "A-2", "done_on": pd.Timestamp("2025-07-20"), "verdict": "better"},
    ])  # fmt: skip
    told = listings.effects(book, "measure_effects", rows, 1).text

    assert "A-2 one more shift (done 2025-07-20)" in told
    assert "A-1" not in told
    assert "1 more, 1 of them without a clear change" in told


def test_nothing_is_expected_of_figures_that_go_on_rising(book: Book) -> None:
    """Households paid up miss their target at the cut-off and may reach it later: that is not out of reach."""
    expected = {one["kpi"] for one in loop.target_proposals(book)}

    assert expected and not {name for name in expected if domains.KPIS[name].ages}
    assert book.kpi("fee_collection_rate_households").target is not None


def test_stages_that_are_counted_off_in_chinese_stand_in_their_order(book: Book) -> None:
    stages = pd.Series(["第三阶段 巩固", "第二阶段 整改", "第一阶段 诊断", "第十阶段 总结"])

    assert [stage[1] for stage in book.order("phase", stages)[:-1]] == list("一二三十")


def test_without_targets_nothing_is_said_to_lack_data(demo_workspace: Workspace) -> None:
    book = pk.open_book("security_summary", workspace=demo_workspace.root, community="yinhe", period="2025Q3")
    (said,) = lacking.sentences(book, [items.ITEMS["target_proposals"]])
    book.raw["target"] = book.raw["target"].iloc[:0]
    (bare,) = lacking.sentences(book, [items.ITEMS["target_proposals"]])

    assert loop.target_proposals(book) is None
    assert said.zh == "没有一项比率既有目标、又能估计下期范围：目标能否判定、下期大致范围。"
    assert "数据表「目标」也没有数据：" in bare.zh
