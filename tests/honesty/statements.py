"""The statements of a monthly report, made by `claims` from the figures of a simulated world, and which of them are false.

Words no finding and tests nothing: it asks `claims` what the cards, charts and summary of a report ask.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from propkit import domains, stats
from propkit.domains.weighting import margin, weigh
from propkit.rates import rate
from propkit.reporting import claims, findings, survey_claims
from propkit.reporting.claims import Claim
from propkit.text import Text
from tests.honesty.worlds import AS_OF, DIMENSIONS, DIMENSIONS_KNOWN, MONTHS, PLANTABLE, SURVEY, Report

KINDS = ("change", "target", "segment", "signal", "leading", "survey", "measure")
SAYS = {"higher", "lower", "attained", "not_attained", "signal", "different", "caution"}
"""The verdicts that say something; all others say that nothing can be said."""
_YEAR_AGO = Text("去年同月", "the same month last year")
_NO_WORDS = {dimension: {} for dimension in DIMENSIONS}


def statements(report: Report) -> list[Claim]:
    """Return every claim of a report that says something."""
    before, now = report.month(MONTHS[0]), report.month(MONTHS[-1])
    series = {kpi: rates.reset_index(drop=True) for kpi, rates in report.history.groupby("kpi", sort=False)}
    found = findings.judge(report.groups, now, before, now, series, _YEAR_AGO).claims
    made = [claim for claim in found if claim.kind != "signal" or claim.period == MONTHS[-1]]
    made += claims.segments(domains.KPIS[SURVEY], report.families, _NO_WORDS)
    for name, rates in report.paretos.items():
        made += claims.leading(domains.KPIS[name], rates, {}, family=len(report.paretos))
    made += _of_survey(report) + _of_measures(report)
    return [claim for claim in made if claim.verdict in SAYS]


def _of_measures(report: Report) -> list[Claim]:
    """What is said of four measures raised two months ago and done last month: their figure before and after."""
    kpis = [kpi for kpi in report.groups[0] if kpi.id in PLANTABLE]
    made = []
    for kpi in kpis:
        own = report.history[report.history["kpi"] == kpi.id].set_index("period")
        before = own.loc[MONTHS[-5:-2], ["n", "num", "den"]].sum()
        counts = pd.DataFrame([{"kpi": kpi.id, "community": "0", "period": MONTHS[-3], **before, "num_sq": 0}])
        then = rate(counts, as_of=AS_OF).set_index("kpi")
        alpha = claims.ALPHA_CHANGES / (2 * len(kpis))
        made += claims.changes([kpi], then, own.loc[[MONTHS[-1]]].set_index("kpi"), _YEAR_AGO, alpha=alpha)
    return [replace(claim, kind="measure") for claim in made]


def _of_survey(report: Report) -> list[Claim]:
    """What the survey's own section says: of those who answered, of the weights, and of the wave before."""
    kpi, wave = domains.KPIS[SURVEY], report.wave
    tested = {
        by: float(stats.representativeness(margin(wave.answers, by), margin(wave.homes, by))["p_value"])
        for by in DIMENSIONS_KNOWN
    }
    labels = {by: Text(by, by) for by in DIMENSIONS_KNOWN}
    made = [survey_claims.likeness(kpi, tested, labels, len(wave.answers))]
    weighted = weigh(wave.answers, wave.homes, {by: sorted(margin(wave.homes, by)) for by in DIMENSIONS_KNOWN})
    if weighted.method != "none":
        figures = {name: getattr(weighted, name) for name in ("estimate", "low", "high", "n", "deff", "n_eff")}
        made += survey_claims.weighting(kpi, figures, float(wave.answers["satisfied"].mean()), weighted.caution)
    changed = claims.changes([kpi], wave.before, report.month(MONTHS[-1]).loc[[SURVEY]], _YEAR_AGO)
    return [*made, *(replace(claim, kind="survey") for claim in changed)]
