"""What a view shows: figure, dimensions, communities, period and comparison, checked against the data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from propkit.errors import ConfigError, nearest
from propkit.exploring.cube import COMMUNITY, Cube
from propkit.periods import Period, parse_period
from propkit.text import Text

AGAINST: dict[str, Text] = {
    "rest": Text("与其余各组相比", "against all others"),
    "previous": Text("与上一期相比", "against the period before"),
    "year_ago": Text("与去年同月相比", "against the same month last year"),
    "target": Text("与目标相比", "against the target"),
}
MOST_DIMENSIONS = 2
LOCAL = frozenset({"building", "zone", "route", "gate"})
"""Dimensions whose values mean something within one community only."""
_LONGEST_BACK = 24


@dataclass(frozen=True, slots=True)
class Choice:
    """One view, entire; two that are equal are the same look."""

    what: str
    by: tuple[str, ...]
    communities: tuple[str, ...]
    period: Period
    against: str = "rest"
    crossed: bool = False

    @property
    def families(self) -> list[tuple[str, ...]]:
        """The splits on screen: each dimension by itself, or both crossed."""
        return [self.by] if self.crossed and len(self.by) > 1 else [(name,) for name in self.by]

    def groups(self, by: tuple[str, ...]) -> tuple[str, ...]:
        """Return the columns that make the groups of a split: building 1 of one community is not building 1 of another."""
        several = len(self.communities) > 1 and COMMUNITY not in by
        return (COMMUNITY, *by) if several and LOCAL & set(by) else by


def choose(
    cube: Cube,
    what: str,
    *,
    by: str | Sequence[str] = (),
    communities: str | Sequence[str] = (),
    period: str | Period = "",
    against: str = "rest",
    crossed: bool = False,
) -> Choice:
    """Return a checked choice; what is left out is the first dimension, all communities and the last month with data.

    Raises ConfigError for whatever is not there, with the nearest name.
    """
    kpi = cube.kpi(what)
    dims, places = cube.dims_of(what), _many(communities) or list(cube.communities)
    split = list(dict.fromkeys(_many(by) or list(dims)[:1]))
    for name in split:
        _known(name, dims, Text(f"「{kpi.label.zh}」不能按此分组", f"'{kpi.label.en}' cannot be split so"))
    if len(split) > MOST_DIMENSIONS:
        raise ConfigError(Text("一次最多两个维度", "two dimensions at most"), got=", ".join(split))
    by_name = {label.zh: place for place, label in cube.communities.items()}
    places = [by_name.get(place, place) for place in places]
    for place in places:
        _known(place, cube.communities, Text("没有这个小区", "no such community"))
    _known(against, AGAINST, Text("没有这种比较", "no such comparison"))
    ordered = tuple(place for place in cube.communities if place in places)
    stretch = period if isinstance(period, Period) else _period(cube, what, ordered, period)
    if stretch.kind == "day":
        raise ConfigError(Text("按月计数，不能只看一天", "counts are by month; a day cannot be shown"), got=stretch.id)
    return Choice(what, tuple(split), ordered, stretch, against, bool(crossed and len(split) > 1))


def span(months: Sequence[str]) -> Period:
    """Return the period from the first to the last of these months."""
    first, last = min(months), max(months)
    return parse_period(first if first == last else f"{first}..{last}")


def months_with_data(cube: Cube, what: str, communities: Sequence[str]) -> list[str]:
    """Return the months in which a KPI or item has cases in these communities, oldest first."""
    counts = cube.counts[cube.kpi(what).id]
    kept = counts.kept(**scope(cube, what, communities))
    return [counts.values["month"][code] for code in np.unique(counts.codes["month"][kept])]


def scope(
    cube: Cube, what: str, communities: Sequence[str], months: Iterable[str] | None = None
) -> dict[str, list[str]]:
    """Return which values of which keys a figure is counted over."""
    wanted = {"community": list(communities)} | ({"item": [what]} if what in cube.items else {})
    return wanted if months is None else wanted | {"month": list(months)}


def compared(cube: Cube, choice: Choice) -> Period | None:
    """Return the period that a choice is held against; None without one or where nothing is known of it.

    The period before is the last one of the same length that has data: between two surveys lie months without any.
    """
    if choice.against not in ("previous", "year_ago"):
        return None
    known = set(months_with_data(cube, choice.what, choice.communities))
    length = len(choice.period.months)
    steps = [12] if choice.against == "year_ago" else [length * back for back in range(1, _LONGEST_BACK + 1)]
    for step in steps:
        months = [str(pd.Period(month) - step) for month in choice.period.months]
        if known & set(months):
            return span(months)
    return None


def _period(cube: Cube, what: str, communities: Sequence[str], text: str) -> Period:
    if text:
        return parse_period(str(text), cube.cut.as_of)
    known = months_with_data(cube, what, communities)
    return span(known[-1:] or cube.months[-1:])


def _many(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) and names else list(names)


def _known(name: str, allowed: Iterable[str], what: Text) -> None:
    if name not in allowed:
        raise ConfigError(what, got=name, expected=", ".join(allowed), hint=nearest(name, allowed))
