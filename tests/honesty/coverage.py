"""T2: how often the intervals that reports print contain the truth."""

from __future__ import annotations

from tests.honesty.enumeration import PAIRS, SIZES, enumerated
from tests.honesty.measures import Measurement
from tests.honesty.spread import simulated

_HOW = """For each kind of interval the lowest coverage over a grid of cases, with the place where it was found, and the mean over
the grid: shares of n = 10 to 300 and true values of 50 to 99.5 %, differences of all pairs of these values, ten pairs of
households and answers, 0.25 to 100 expected events. The bar is 95 % for exact intervals and 94 % for all others, and it holds
for the lowest, not for the mean. Answers: five distributions on five points, n = 10 to 200. Weighted shares: three age bands
with unequal response, strata with fewer than five answers being merged before. Durations: log-normal, 5 to 35 % still open.""".replace(
    "\n", " "
)
_NOTES = (
    "Wilson is what most tools print; at high shares it covers far less than it says, which is why no verdict rests on it.",
    "Newcombe's interval of a difference falls short below 30 answers and near 100 %; with limits from the exact intervals it keeps "
    "95 %. The simultaneous Newcombe intervals of segments are wide enough by their level.",
    "The t interval of a mean of skewed answers covers 87 % at n = 20; half an answer added at either end of the scale repairs it.",
    "NPS: the adjusted Wald interval keeps 94 % from 50 answers on. No report prints an NPS; one that does must not print its "
    "interval below 50.",
    "Interrupted series, correlations and forecasts are not printed by any report and are not measured here.",
)


def coverage(replicates: int) -> Measurement:
    """Enumerate and simulate the coverage of every kind of interval."""
    lines = [*enumerated(SIZES, PAIRS), *simulated(replicates)]
    return Measurement(
        "T2",
        "Coverage: intervals that contain the truth",
        f"{_HOW} Simulated: {replicates:,} replicates.",
        lines,
        _NOTES,
    )
