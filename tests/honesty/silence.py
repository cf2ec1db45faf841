"""T3 and T4: whole monthly reports of worlds in which nothing happened, and of worlds in which something large did."""

from __future__ import annotations

from collections.abc import Sequence

from propkit import domains
from propkit.reporting.claims import Claim
from tests.honesty.measures import Measurement, share
from tests.honesty.statements import KINDS, statements
from tests.honesty.worlds import OTHERS, SERIES, Plant, null_reports, planted_reports

MOST_FALSE, FEWEST_FOUND, MOST_WRONG = 0.05, 0.80, 0.001
_PLANTED = ("change", "target", "signal", "segment")
_WORDS = {
    "change": "a change from last year",
    "target": "a target attained or missed",
    "segment": "a segment that differs",
    "signal": "a month outside its range",
    "leading": "a leading category",
    "survey": "the survey: who answered, weights, the wave before",
    "measure": "a figure before and after a measure",
}


def silence(reports: int) -> Measurement:
    """Count the null reports that say anything at all: whatever they say is false."""
    spoken = [{claim.kind for claim in statements(report)} for report in null_reports(reports)]
    lines = [share("any false statement in the whole report", sum(map(bool, spoken)), reports, MOST_FALSE, most=True)]
    lines += [share(f"- {_WORDS[kind]}", sum(kind in kinds for kinds in spoken), reports, None) for kind in KINDS]
    how = (
        f"{reports:,} monthly reports of {len(SERIES)} key figures and {len(OTHERS)} others over 13 months, five dimensions of the owners' survey, the survey's own section, four measures and two "
        "Pareto charts, for communities of about 250, 500 and 1,500 households. No level ever changes, no segment differs, no "
        "category leads, and every target equals the true level exactly, so that attained and missed are both counted as false."
    )
    return Measurement("T3", "Silence: null reports with any false statement", how, lines)


def voice(reports: int) -> Measurement:
    """Count the planted effects that are named with their true direction, and those named with the wrong one."""
    found = dict.fromkeys(_PLANTED, 0)
    planted, wrong, chances = dict.fromkeys(_PLANTED, 0), 0, 0
    for report in planted_reports(reports):
        plant, made = report.plant, statements(report)
        assert plant is not None
        for kind in _expected(plant):
            said = _about(made, plant, kind)
            planted[kind] += 1
            chances += 1
            found[kind] += bool(said) and all(_right(claim, plant) for claim in said)
            wrong += any(not _right(claim, plant) for claim in said)
    lines = [share(f"found: {_WORDS[kind]}", found[kind], planted[kind], FEWEST_FOUND) for kind in _PLANTED]
    lines.append(share("named with the wrong direction", wrong, chances, MOST_WRONG, most=True))
    how = (
        f"{reports:,} such reports with one effect each, of twice the change that a comparison of this size detects with 80 % "
        "power: either the last month of a figure (which should be named as a change, as a signal and in the verdict on its "
        "target), or one kind of owner."
    )
    return Measurement("T4", "Voice: planted effects found and named correctly", how, lines)


def _expected(plant: Plant) -> Sequence[str]:
    """The kinds of statement an effect should bring about; a figure that still rises is never declared missed."""
    if plant.dimension:
        return ("segment",)
    missed_too_early = domains.KPIS[plant.kpi].ages and not plant.higher
    return ("change", "signal") if missed_too_early else ("change", "target", "signal")


def _about(made: Sequence[Claim], plant: Plant, kind: str) -> list[Claim]:
    found = [claim for claim in made if claim.kind == kind and claim.kpi == plant.kpi]
    return [claim for claim in found if kind != "segment" or claim.group == plant.segment]


def _right(claim: Claim, plant: Plant) -> bool:
    return (claim.verdict in ("higher", "attained")) == plant.higher
