"""T2 by simulation: intervals whose outcomes are too many to list: index, weighted share, durations, DiD.

Each scenario has its own seed, so that a line does not move when another is added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from scipy import stats as sp

from propkit import stats
from propkit.rates import rate
from propkit.stats.evaluation import did_limits
from tests.honesty.enumeration import APPROXIMATE, contains
from tests.honesty.measures import Line
from tests.honesty.worlds import AS_OF, generator

ANSWERS = {
    "most very satisfied": (0.01, 0.02, 0.07, 0.20, 0.70),
    "nearly all very satisfied": (0.0, 0.01, 0.04, 0.15, 0.80),
    "close to the ceiling": (0.0, 0.0, 0.02, 0.08, 0.90),
    "spread out": (0.05, 0.10, 0.25, 0.35, 0.25),
    "two camps": (0.15, 0.05, 0.05, 0.15, 0.60),
}
ANSWERED = (10, 15, 20, 30, 50, 100, 200)
BANDS, LEVELS = np.array([0.3, 0.4, 0.3]), np.array([0.60, 0.80, 0.92])
RESPONSES = (
    (400, (0.10, 0.25, 0.50)),
    (400, (0.30, 0.30, 0.30)),
    (100, (0.25, 0.40, 0.60)),
    (800, (0.05, 0.10, 0.20)),
)
FEWEST_IN_STRATUM = 5
"""Strata with fewer answers are merged before weighting, so samples with one are not printed as they are."""
MEDIAN, SIGMA, PROMISE = 24.0, 1.0, 24.0
WATCHED = ((30, 720.0), (60, 720.0), (30, 96.0), (60, 96.0))


def simulated(replicates: int) -> list[Line]:
    """The coverage of everything simulated; `replicates` for the vectorised scenarios, fewer for the slow ones."""
    slow = max(replicates // 10, 50)
    return [
        _line("mean of answers (index 0-100), as printed", _indexes(replicates), replicates),
        _line("weighted share, Korn-Graubard after post-stratification", _weighted(slow), slow),
        *(_line(what, found, 2 * slow) for what, found in _durations(2 * slow).items()),
        _line("difference in differences of shares, MOVER", _did(replicates), replicates),
    ]


def _line(what: str, found: dict[str, float], replicates: int) -> Line:
    worst = min(found, key=lambda place: found[place])
    error = 1.96 * np.sqrt(0.05 * 0.95 / replicates)
    where = f"lowest of {len(found)} at {worst} (± {error:.1%}); mean {np.mean(list(found.values())):.1%}"
    return Line(what, found[worst], APPROXIMATE, where=where)


def _indexes(replicates: int) -> dict[str, float]:
    found = {}
    for at, (words, chances) in enumerate(ANSWERS.items()):
        for n in ANSWERED:
            drawn = generator("index", at, n).multinomial(n, chances, size=replicates)
            figures = rate(_sums(drawn, n), as_of=AS_OF)
            told = figures["low"].notna().to_numpy()
            low, high = (figures.loc[told, end].to_numpy("float64") for end in ("low", "high"))
            found[f"{words}, n = {n}"] = float(contains(low, high, float(np.dot(chances, range(5))) / 4).mean())
    return found


def _sums(drawn: np.ndarray, n: int) -> pd.DataFrame:
    """The sums of answers on a scale of five, as `counts.tally` would give them for the index."""
    points = np.arange(5)
    sums = {"n": n, "num": drawn @ points, "num_sq": drawn @ points**2, "den": 4 * n}
    return pd.DataFrame({"kpi": "owner_satisfaction_index", "community": "c", "period": "2025-09", **sums})


def _weighted(replicates: int) -> dict[str, float]:
    found = {}
    for at, (homes, response) in enumerate(RESPONSES):
        draw = generator("weighted", at)
        sizes = (BANDS * homes).round().astype(int)
        band = np.repeat(np.arange(3), sizes)
        held = _until(replicates, lambda draw=draw, band=band, response=response: _one_weighted(draw, band, response))
        found[f"{homes} households, response {' / '.join(f'{share:.0%}' for share in response)}"] = held
    return found


def _until(replicates: int, once: Callable[[], bool | None]) -> float:
    """The share of true among `replicates` results; None is drawn again."""
    results: list[bool] = []
    while len(results) < replicates:
        result = once()
        if result is not None:
            results.append(result)
    return float(np.mean(results))


def _one_weighted(draw: np.random.Generator, band: np.ndarray, response: Iterable[float]) -> bool | None:
    happy = draw.random(len(band)) < LEVELS[band]
    answered = draw.random(len(band)) < np.asarray(response)[band]
    if np.bincount(band[answered], minlength=3).min() < FEWEST_IN_STRATUM:
        return None
    homes = dict(enumerate(np.bincount(band)))
    mean = stats.survey_mean(happy[answered].astype(float), strata=band[answered], population_counts=homes)
    limits = stats.weighted_proportion_ci(happy[answered].astype(float), mean["weights"], se=mean["se"])
    return bool(contains(limits["low"], limits["high"], float(happy.mean())))


def _durations(replicates: int) -> dict[str, dict[str, float]]:
    """Log-normal durations of orders opened evenly over a window, with those still open at its end."""
    truths = {"median": MEDIAN, "P90": MEDIAN * np.exp(SIGMA * sp.norm.ppf(0.9))}
    names = ("median duration, Kaplan-Meier", "P90 duration, Kaplan-Meier", "completed within the promise")
    found: dict[str, dict[str, float]] = {name: {} for name in names}
    for at, (n, window) in enumerate(WATCHED):
        draw = generator("durations", at)
        held = np.array([_one_duration(draw, n, window, list(truths.values())) for _ in range(replicates)])
        for name, share in zip(names, np.nanmean(held, axis=0), strict=True):
            found[name][f"n = {n}, watched for {window / 24:.0f} days"] = float(share)
    return found


def _one_duration(draw: np.random.Generator, n: int, window: float, truths: list[float]) -> list[float]:
    takes, watched = MEDIAN * np.exp(SIGMA * draw.normal(size=n)), draw.uniform(0, window, n)
    spells = (np.minimum(takes, watched), takes <= watched)
    quantiles = stats.duration_quantiles(*spells, [0.5, 0.9])
    low, high = quantiles["low"].fillna(0).to_numpy(), quantiles["high"].fillna(np.inf).to_numpy()
    within = stats.completed_within(*spells, PROMISE)
    kept = contains(within["low"], within["high"], float(sp.norm.cdf(np.log(PROMISE / MEDIAN) / SIGMA)))
    return [*contains(low, high, np.array(truths)), kept if not np.isnan(within["low"]) else np.nan]


def _did(replicates: int) -> dict[str, float]:
    found = {}
    for n_t, n_c in ((20, 100), (50, 50), (50, 500), (200, 1000)):
        for p, effect in ((0.6, 0.0), (0.8, 0.0), (0.8, 0.1), (0.9, 0.0), (0.95, -0.2)):
            levels = np.array([[p], [p + effect], [p - 0.02], [p - 0.02]])
            n = np.array([[n_t], [n_t], [n_c], [n_c]], dtype=float) * np.ones((4, replicates))
            x = generator("did", n_t, n_c, p, effect).binomial(n.astype(int), levels).astype(float)
            limits = did_limits(x, n, 0.025)
            held = contains(limits["low"], limits["high"], effect).mean()
            found[f"n = {n_t} and {n_c}, p = {p}, effect {effect:+.1f}"] = float(held)
    return found
