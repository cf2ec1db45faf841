"""Simulated months of communities whose truth is known: the counts from which whole monthly reports are made.

Nothing here judges.  A world without a plan is a null world: every level stays what it was, every segment is alike, every
target is exactly the true level.  A plant moves one level in the last month, or one segment, by a known amount.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from propkit import domains, stats
from propkit.model import Kpi
from propkit.rates import rate
from propkit.reporting import sources

SEED = 20250930
AS_OF = pd.Timestamp("2026-12-31")
MONTHS = [*(f"2024-{month:02}" for month in range(9, 13)), *(f"2025-{month:02}" for month in range(1, 10))]

# The figures of the monthly review: true level, cases in an ordinary month of a community of about 500 households.
SERIES: dict[str, tuple[float, int]] = {
    "repairs_on_time_rate": (0.90, 80),
    "emergency_on_time_rate": (0.95, 20),
    "repair_response_on_time_rate": (0.92, 80),
    "first_time_fix_rate": (0.85, 70),
    "repair_satisfaction": (0.88, 30),
    "complaint_on_time_rate": (0.90, 20),
    "issue_resolution_rate": (0.80, 20),
    "complaint_satisfaction": (0.75, 15),
    "owner_satisfaction": (0.80, 150),
    "survey_response_rate": (0.50, 300),
    "fee_collection_rate_households": (0.85, 300),
    "complaints_per_1000_homes": (0.02, 500),
}
OTHERS: dict[str, tuple[float, int]] = {
    kpi.id: level
    for kpi, level in zip(
        (domains.KPIS[name] for name in sources.figures("annual_summary")),
        itertools.cycle(itertools.product((0.60, 0.90, 0.97), (12, 40, 150))),
    )
    if kpi.kind == "share" and kpi.id not in SERIES and not kpi.split_only and not kpi.ages
}
"""All other shares that the largest report holds, with levels and sizes of every sort."""
LEVELS = SERIES | OTHERS
SURVEY = "owner_satisfaction"
SIZES = (0.5, 1.0, 3.0)
"""Communities are this many times the ordinary size."""
DIMENSIONS = {"owner_type": 3, "age_band": 5, "residence": 4, "zone": 3, "building": 12}
DIMENSIONS_KNOWN = {"owner_type": 3, "age_band": 5, "zone": 3}
"""What the register knows of every household."""
PARETOS = {"fault_type_pareto": (8, 80), "complaint_type_distribution": (6, 20)}
PLANTABLE = ("repairs_on_time_rate", "first_time_fix_rate", "survey_response_rate", "fee_collection_rate_households")


@dataclass(frozen=True, slots=True)
class Plant:
    """One real effect: the figure (or segment) whose level is `level` in the last month instead of the usual one."""

    kpi: str
    level: float
    higher: bool
    dimension: str = ""
    segment: str = ""


@dataclass(frozen=True, slots=True)
class Wave:
    """A survey: the register, those of it who answered, drawn at random, and the figure of the wave before."""

    homes: pd.DataFrame
    answers: pd.DataFrame
    before: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Report:
    """What one monthly report is made from: rates by month, by segment and by category, and the true levels."""

    history: pd.DataFrame
    families: Mapping[str, pd.DataFrame]
    paretos: Mapping[str, pd.DataFrame]
    wave: Wave
    plant: Plant | None = None
    groups: Sequence[Sequence[Kpi]] = field(default_factory=list)

    def month(self, month: str) -> pd.DataFrame:
        """The figures of one month, indexed by kpi."""
        return self.history[self.history["period"] == month].set_index("kpi")


def generator(*key: object) -> np.random.Generator:
    """A source of chance of its own for each key."""
    return np.random.default_rng([SEED, zlib.crc32(repr(key).encode())])


def null_reports(count: int) -> Iterator[Report]:
    """Reports of communities in which nothing changed and nobody differs."""
    return _reports(count, generator("null"), [None] * count)


def planted_reports(count: int) -> Iterator[Report]:
    """Reports with one effect each, twice the smallest that a comparison of this size detects with 80 % power."""
    return _reports(count, generator("planted"), [_plant(at) for at in range(count)])


def _plant(at: int) -> Plant:
    """Alternate between a changed month and a differing segment; downwards where upwards there is no room."""
    size = SIZES[at % len(SIZES)]
    if at % 2:
        return _plant_of(SURVEY, SERIES[SURVEY][0], size * SERIES[SURVEY][1] / 3, at % 4 == 1, "owner_type", "s0")
    kpi = PLANTABLE[at // 2 % len(PLANTABLE)]
    level, cases = SERIES[kpi]
    return _plant_of(kpi, level, size * cases, at % 4 == 0)


def _plant_of(kpi: str, level: float, nobs: float, up: bool, dimension: str = "", segment: str = "") -> Plant:
    for way, improvement in ((1, "increase"), (-1, "decrease")) if up else ((-1, "decrease"), (1, "increase")):
        change = stats.min_detectable_change(int(nobs), level, improvement=improvement)["change"]
        moved = level + 2 * change
        if 0 < moved < 1:
            return Plant(kpi, moved, way > 0, dimension, segment)
    raise ValueError(f"{kpi}: no change of twice the detectable size fits between 0 and 1 with {nobs} cases")


def _reports(count: int, random: np.random.Generator, plants: Sequence[Plant | None]) -> Iterator[Report]:
    sizes = np.array([SIZES[at % len(SIZES)] for at in range(count)])
    history = _split(rate(_history(random, sizes, plants), as_of=AS_OF), count)
    overall = [rates[(rates["kpi"] == SURVEY) & (rates["period"] == MONTHS[-1])].iloc[0] for rates in history]
    families = _split(rate(_families(random, overall, plants), as_of=AS_OF), count)
    paretos = _split(rate(_paretos(random, sizes), as_of=AS_OF), count)
    groups = [[_with_target(name, level) for name, (level, _) in one.items()] for one in (SERIES, OTHERS)]
    for at in range(count):
        by = {name: part.reset_index(drop=True) for name, part in families[at].groupby("dimension", sort=False)}
        charts = {name: part.reset_index(drop=True) for name, part in paretos[at].groupby("kpi", sort=False)}
        yield Report(history[at], by, charts, _wave(random, overall[at]), plants[at], groups)


def _with_target(kpi_id: str, level: float) -> Kpi:
    """A KPI whose target is its true level, so that neither attained nor missed is true."""
    kpi = domains.KPIS[kpi_id]
    return replace(kpi, target=level * kpi.scale)


def _wave(random: np.random.Generator, figure: pd.Series) -> Wave:
    """Households of which about half answered, whoever they are; the wave before had as many answers and the same level."""
    answered, satisfied = int(figure["den"]), int(figure["num"])
    homes = pd.DataFrame(
        {name: random.integers(count, size=2 * answered).astype(str) for name, count in DIMENSIONS_KNOWN.items()}
    )
    who = random.choice(len(homes), answered, replace=False)
    said = random.permutation(np.arange(answered) < satisfied)
    level = SERIES[SURVEY][0]
    sums = {"n": answered, "num": int(random.binomial(answered, level)), "num_sq": 0, "den": answered}
    counts = pd.DataFrame([{"kpi": SURVEY, "community": "0", "period": MONTHS[0], "segment": "all", **sums}])
    before = rate(counts, as_of=AS_OF).set_index("kpi")
    return Wave(homes, homes.iloc[who].reset_index(drop=True).assign(satisfied=said), before)


def _split(rates: pd.DataFrame, count: int) -> list[pd.DataFrame]:
    """The rates of each report; the counts were made report by report, all with as many rows."""
    rows = len(rates) // count
    rates = rates.assign(segment=rates.get("segment", "all"))
    return [rates.iloc[at * rows : (at + 1) * rows].reset_index(drop=True) for at in range(count)]


def _history(random: np.random.Generator, sizes: np.ndarray, plants: Sequence[Plant | None]) -> pd.DataFrame:
    names, levels = list(LEVELS), np.array([level for level, _ in LEVELS.values()])
    cases = np.array([cases for _, cases in LEVELS.values()])
    shape = (len(sizes), len(names), len(MONTHS))
    n = random.poisson(sizes[:, None, None] * cases[:, None], size=shape).clip(min=1)
    truth = np.broadcast_to(levels[:, None], shape).copy()
    for at, plant in enumerate(plants):
        if plant and not plant.dimension:
            truth[at, names.index(plant.kpi), -1] = plant.level
    rates = np.array([domains.KPIS[name].kind == "rate" for name in names])[:, None]
    x = np.where(rates, random.poisson(n * truth), random.binomial(n, truth))
    report, kpi, month = (places.ravel() for places in np.indices(shape))
    keys = {"kpi": np.array(names)[kpi], "community": report.astype(str), "period": np.array(MONTHS)[month]}
    return _counts(keys, n.ravel(), x.ravel())


def _families(
    random: np.random.Generator, overall: Sequence[pd.Series], plants: Sequence[Plant | None]
) -> pd.DataFrame:
    """The answers of the last month by every dimension: the same people, dealt out anew for each."""
    keys, n, x = [], [], []
    for at, (figure, plant) in enumerate(zip(overall, plants, strict=True)):
        answers, happy = int(figure["n"]), int(figure["num"])
        for dimension, segments in DIMENSIONS.items():
            sizes = random.multinomial(answers, np.full(segments, 1 / segments))
            satisfied = random.multivariate_hypergeometric(sizes, happy)
            if plant and plant.dimension == dimension:
                satisfied[0] = random.binomial(sizes[0], plant.level)
            keys += [(SURVEY, str(at), MONTHS[-1], dimension, f"s{segment}") for segment in range(segments)]
            n.append(sizes)
            x.append(satisfied)
    names = ("kpi", "community", "period", "dimension", "segment")
    columns = dict(zip(names, map(list, zip(*keys, strict=True)), strict=True))
    return _counts(columns, np.concatenate(n), np.concatenate(x))


def _paretos(random: np.random.Generator, sizes: np.ndarray) -> pd.DataFrame:
    """Cases by category, all categories equally frequent."""
    keys, x = [], []
    for at, size in enumerate(sizes):
        for kpi, (categories, cases) in PARETOS.items():
            keys += [(kpi, str(at), MONTHS[-1], f"c{category}") for category in range(categories)]
            x.append(random.multinomial(random.poisson(size * cases), np.full(categories, 1 / categories)))
    columns = dict(zip(("kpi", "community", "period", "segment"), map(list, zip(*keys, strict=True)), strict=True))
    return _counts(columns, np.concatenate(x), np.concatenate(x))


def _counts(keys: Mapping[str, Sequence[str] | np.ndarray], n: np.ndarray, x: np.ndarray) -> pd.DataFrame:
    """Counts as `counts.tally` gives them; `x` of `n` cases."""
    return pd.DataFrame({**keys, "n": n, "num": x, "num_sq": 0, "den": n})
