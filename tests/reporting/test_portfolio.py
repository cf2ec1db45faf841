"""All communities side by side: what is drawn where there are many, and what is said of how many were judged."""

from __future__ import annotations

import re

import pytest

from propkit import domains, store
from propkit.periods import parse_period
from propkit.reporting import claims, portfolio
from propkit.reporting.portfolio import Portfolio, open_portfolio
from propkit.workspace import Workspace

ON_TIME = "repairs_on_time_rate"
KPIS = [ON_TIME, "complaint_on_time_rate", "fee_collection_rate_households", "owner_satisfaction"]


@pytest.fixture(scope="module")
def company(demo_workspace: Workspace) -> Portfolio:
    return open_portfolio(workspace=demo_workspace.root, period="2025-09", lang="en")


@pytest.fixture
def book(company: Portfolio) -> Portfolio:
    company.besides.clear()
    return company


def test_every_community_is_drawn_where_they_are_few(book: Portfolio) -> None:
    assert "are drawn" not in portfolio.months(book, ON_TIME).text


@pytest.mark.parametrize(
    ("looked", "drawn"), [(["lanting"], ["Emerald Lake", "Orchid Court"]), ([], ["Galaxy Bay", "Emerald Lake"])]
)
def test_of_many_those_to_be_looked_at_are_drawn_and_the_others_counted(
    book: Portfolio, monkeypatch: pytest.MonkeyPatch, looked: list[str], drawn: list[str]
) -> None:
    monkeypatch.setattr(portfolio, "MOST", 2)
    book.besides["looks"] = looked

    shown = portfolio.months(book, ON_TIME)

    assert "2 of 3 communities are drawn: those to be looked at first" in shown.text
    names = [name for name in book.places.values() if name in shown.html]
    assert sorted(names) == sorted(drawn)


def test_only_series_long_enough_to_be_judged_are_counted_as_judged(book: Portfolio) -> None:
    shown = portfolio.looks(book, KPIS)

    said = int(re.search(r"([\d,]+) monthly series were judged", shown.text)[1].replace(",", ""))
    # Satisfaction is asked twice a year and collection ages: neither has months to judge.
    whole = portfolio._judged_months(book, KPIS)
    assert said == sum(bool(rows["center"].notna().any()) for _, rows, _ in whole)
    assert said <= 2 * len(book.places)


def test_months_are_judged_each_for_its_own_community(book: Portfolio) -> None:
    for place, rows, _ in portfolio._judged_months(book, KPIS):
        assert set(rows["community"]) == {place}
        assert rows["kpi"].nunique() == 1
        assert list(rows["period"]) == book.period.history(13)
    kpi = book.kpi(ON_TIME)
    alone = book.sides([ON_TIME], [parse_period(month) for month in book.period.history(13)])
    cuihu = alone[alone["community"] == "cuihu"].reset_index(drop=True)
    expected = claims.signals(kpi, cuihu, len(book.places) * len(KPIS))[0]
    (found,) = [
        rows
        for place, rows, _ in portfolio._judged_months(book, KPIS)
        if place == "cuihu" and rows["kpi"][0] == ON_TIME
    ]
    assert found.equals(expected)


def test_homes_are_those_of_the_registers_and_none_where_one_is_not_known(
    book: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = domains.derive(store.load(book.workspace), book.cut)["household"]
    assert book.households == int((homes["occupancy"] != "vacant").sum())
    monkeypatch.setitem(book.cut.households, "lanting", 0)
    monkeypatch.setitem(book.whole_company.homes, "lanting", 0)
    assert book.households == 0
