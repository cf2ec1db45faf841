"""Seeded chance: every part of the demo draws from a stream of its own, so that one part never shifts another."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

Thing = TypeVar("Thing")

_HOURS = (1, 1, 1, 1, 1, 2, 4, 8, 12, 12, 11, 9, 7, 7, 8, 8, 8, 9, 10, 11, 9, 6, 4, 2)
"""How many reports come in at each hour of the day, in no unit."""


class Chance:
    """A stream of random draws named by `seed` and `name`."""

    def __init__(self, seed: int, name: str) -> None:
        self._random = random.Random(f"{seed}/{name}")

    def yes(self, probability: float) -> bool:
        return self._random.random() < probability

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both inclusive."""
        return low + int(self._random.random() * (high - low + 1))

    def one(self, things: Sequence[Thing]) -> Thing:
        return things[self.between(0, len(things) - 1)]

    def pick(self, weights: Mapping[Thing, float]) -> Thing:
        """Return a key of `weights`, as often as its weight says."""
        left = self._random.random() * sum(weights.values())
        for thing, weight in weights.items():
            left -= weight
            if left < 0:
                return thing
        return next(reversed(list(weights)))

    def some(self, things: Sequence[Thing], count: int) -> list[Thing]:
        """Return `count` different ones of `things`, in their own order."""
        chosen = sorted(self._random.sample(range(len(things)), min(count, len(things))))
        return [things[at] for at in chosen]

    def normal(self) -> float:
        return self._random.gauss(0, 1)

    def minutes(self, median: float, spread: float = 0.7) -> timedelta:
        """Return a log-normal duration in whole minutes, at least one."""
        return timedelta(minutes=max(1, round(median * math.exp(spread * self.normal()))))

    def count(self, expected: float) -> int:
        """Return a number of events where `expected` are expected (Poisson)."""
        if expected > 50:
            return max(0, round(expected + math.sqrt(expected) * self.normal()))
        limit, product, events = math.exp(-expected), self._random.random(), 0
        while product > limit:
            product *= self._random.random()
            events += 1
        return events

    def moment(self, month: str) -> datetime:
        """Return a minute of `month` ("2025-09") at which somebody is likely to call."""
        first, last = month_ends(month)
        hour = self.pick(dict(enumerate(_HOURS)))
        day = self.between(first.day, last.day)
        return first.replace(day=day, hour=hour, minute=self.between(0, 59))


def month_ends(month: str) -> tuple[datetime, datetime]:
    """Return midnight of the first and of the last day of a month."""
    first = datetime.strptime(month, "%Y-%m")
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def months_after(month: str, count: int) -> list[str]:
    """Return `count` months beginning with `month`."""
    year, number = (int(part) for part in month.split("-"))
    return [f"{year + (number - 1 + step) // 12}-{(number - 1 + step) % 12 + 1:02}" for step in range(count)]
