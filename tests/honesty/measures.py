"""What a measurement hands to the page: lines with a bar, and how they were obtained.  Measures nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from propkit import stats


@dataclass(frozen=True, slots=True)
class Line:
    """One measured share.  `bar`: what it must reach ("at least" unless `most`); None for a comparison without a bar."""

    what: str
    value: float
    bar: float | None = None
    most: bool = False
    where: str = ""

    @property
    def met(self) -> bool:
        """Whether the bar is met; a line without a bar is met by being shown."""
        if self.bar is None:
            return True
        return self.value <= self.bar if self.most else self.value >= self.bar


@dataclass(frozen=True, slots=True)
class Measurement:
    """One truth of the goal: the question, how it was measured, its lines, and what is known to be left out."""

    id: str
    title: str
    how: str
    lines: Sequence[Line]
    notes: Sequence[str] = ()

    @property
    def missed(self) -> list[Line]:
        """The lines below their bar."""
        return [line for line in self.lines if not line.met]


def share(what: str, found: int, of: int, bar: float | None, *, most: bool = False) -> Line:
    """A simulated share with its counts and exact 95 % interval as the place it was found."""
    limits = stats.proportion_ci(found, of)
    where = f"{found:,} of {of:,}; 95 % interval {limits['low']:.2%} to {limits['high']:.2%}"
    return Line(what, found / of, bar, most, where)
