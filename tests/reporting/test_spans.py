"""What a report's figures are compared with, and how that is said."""

from __future__ import annotations

import pandas as pd
import pytest

import propkit as pk
from propkit.reporting import items, rectification, spans
from propkit.reporting.book import Book
from propkit.reporting.findings import findings
from propkit.text import Text
from propkit.workspace import Workspace


def _book(workspace: Workspace, report: str, community: str, period: str, **more: object) -> Book:
    return pk.open_book(report, workspace=workspace.root, community=community, period=period, **more)


def test_a_service_day_is_compared_with_the_one_before_it(demo_workspace: Workspace) -> None:
    book = _book(demo_workspace, "service_day", "yinhe", "2025-09-20", key=["service_day_done_rate"])
    first = _book(demo_workspace, "service_day", "yinhe", "2025-03-15", key=["service_day_done_rate"])
    (change,) = findings(book).of("change", ["service_day_done_rate"])

    assert spans.earlier(book).period.id == "2025-03-15"
    assert change.text.zh == "与上次服务日（2025-03-15）相比没有明显变化"  # 11 of 16 after 12 of 16
    assert spans.earlier(first) is None and findings(first).of("change") == []


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("2025Q3", Text("上年同期（只有2024年9月有数据）", "the same time last year (data for 2024-09 only)")),
        ("2025-09", Text("去年同月", "the same month last year")),
    ],
)
def test_a_year_before_that_the_data_cover_in_part_is_named_so(
    demo_workspace: Workspace, period: str, words: Text
) -> None:
    report = "monthly_review" if period == "2025-09" else "annual_summary"
    assert spans.when(_book(demo_workspace, report, "yinhe", period)) == words


def test_a_rectification_is_compared_with_the_months_before_its_start_without_the_trigger(
    demo_workspace: Workspace,
) -> None:
    book = _book(demo_workspace, "rectification", "cuihu", "2025-04..2025-09", key=["cleaning_pass_rate"])
    before, after = spans.around_start(book)
    rows = items.rows("environment_order_results", book).set_index("kpi")
    (change,) = findings(book).of("change", ["cleaning_pass_rate"])

    assert (before.id, after.id) == ("2024-09..2025-02", "2025-04..2025-09")
    assert spans.earlier(book).period == before
    assert rows.loc["cleaning_pass_rate", "verdict"] == change.verdict
    own = rectification._compared(book, "cleaning_pass_rate", "2025-04")
    assert own.before == tuple(rows.loc["cleaning_pass_rate", ["num_before", "den_before"]])
    assert 1 <= own.rank <= own.n == 3  # every community has data in every one of these months


def test_figures_that_go_on_rising_are_not_judged_before_and_after(demo_workspace: Workspace) -> None:
    """The bills of before have had longer to be paid."""
    book = _book(demo_workspace, "rectification", "cuihu", "2025-04..2025-09", key=["cleaning_pass_rate"])
    rows = items.rows("financial_health", book).set_index("kpi")
    rising = [kpi_id for kpi_id in rows.index if book.kpi(kpi_id).ages]

    assert rising
    assert set(rows.loc[rising, "verdict"]) == {"not_judged"}


def test_a_community_without_a_rectification_is_compared_with_the_year_before(demo_workspace: Workspace) -> None:
    book = _book(demo_workspace, "rectification", "yinhe", "2025-04..2025-09")

    assert spans.around_start(book) is None
    assert spans.earlier(book).period.id == "2024-04..2024-09"
    assert "没有登记整顿" in rectification.answer(book).zh


def test_rank_is_among_communities_with_data_in_every_month_that_counts() -> None:
    """A month of which nothing is known of the community itself takes nobody out of the ranking."""
    months = ["2025-01", "2025-02", "2025-03", "2025-04", "2025-05"]
    own = _months("a", months, [None, 50, 40, 90, 90])
    sisters = pd.concat([_months("b", months, [60, 60, 60, 60, 65]), _months("c", months, [None, 70, 70, 70, 70])])

    assert rectification._rank(own, sisters, "2025-04", "2025-03") == (1, 3)


def _months(place: str, months: list[str], values: list[float | None]) -> pd.DataFrame:
    rows = {"community": place, "period": months, "value": pd.Series(values, dtype="Float64") / 100}
    return pd.DataFrame(rows)
