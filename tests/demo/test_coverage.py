"""September 2025 of the demo has data for every figure; the few that belong to another season have theirs in a named month."""

from __future__ import annotations

import pandas as pd
import pytest

from propkit import domains
from propkit.demo import AS_OF, Company
from propkit.demo.surveys import WAVES
from propkit.figures import figures
from propkit.model import Cut, Definitions, Wave
from propkit.periods import parse_period

MONTH = "2025-09"
ELSEWHERE = {
    "first_contact_resolution_rate": "2025-08",  # nobody knows before 30 days have passed
    "winter_readiness": "2024-10",  # winter items fall due from October on
    "fee_account_on_time_rate": "2025-07",  # quarterly: accounts are due in the month after the quarter
    "public_revenue_on_time_rate": "2025-07",  # half-yearly
}
"""Figures without data in September, each with a month that has them in every community that keeps the table."""


@pytest.fixture(scope="module")
def rates(company: Company) -> pd.DataFrame:
    waves = tuple(Wave(wave.id, wave.label, wave.month, wave.mode, wave.invited) for wave in WAVES)
    cut = Cut(pd.Timestamp(AS_OF), Definitions(), waves, {})
    tables = domains.derive(company.surviving, cut)
    kpis = [kpi for kpi in domains.KPIS.values() if not kpi.split_only]
    periods = [parse_period(month) for month in sorted({MONTH, *ELSEWHERE.values()})]
    made = figures(tables, cut, kpis, periods, communities=sorted(set(company.truth["household"]["community"])))
    return made[made["state"] != "no_data"]


def test_every_figure_has_data_in_september_but_those_of_another_season(rates: pd.DataFrame) -> None:
    known = set(rates.loc[rates["period"] == MONTH, "kpi"])
    whole = {kpi_id for kpi_id, kpi in domains.KPIS.items() if not kpi.split_only}

    assert whole - known == set(ELSEWHERE)


@pytest.mark.parametrize(("kpi_id", "month"), ELSEWHERE.items())
def test_a_figure_of_another_season_has_data_in_its_month(rates: pd.DataFrame, kpi_id: str, month: str) -> None:
    assert ((rates["kpi"] == kpi_id) & (rates["period"] == month)).any()
