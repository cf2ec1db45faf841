"""Which report asks for an item of the catalogue, by its source ("S0:40; S1:21")."""

from __future__ import annotations

import re

from propkit import domains

OF_SEEDS = {
    "S0": "annual_summary",
    "S1": "monthly_review",
    "S2": "service_day",
    "S3": "rectification",
    "S4": "security_summary",
}
"""The report that each of the sources S0-S4 asks for."""


def reports(source: str) -> tuple[str, ...]:
    """Return the reports that ask for an item, by its source."""
    return tuple(dict.fromkeys(OF_SEEDS[seed] for seed in re.findall(r"\bS[0-4](?=:)", source)))


def figures(report: str) -> tuple[str, ...]:
    """Return the KPIs that a report holds, in the order of the rooms."""
    return tuple(kpi.id for kpi in domains.KPIS.values() if report in reports(kpi.source))
