"""How often somebody has looked: each distinct view is one more test, and the error is spent over all of them.

The k-th look may err with probability ERROR / (k (k + 1)); these add up to ERROR however many looks are taken, so that the
whole of an exploration says something false with probability ERROR at most.  Looking again at what was seen costs nothing.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from propkit.text import Text

ERROR = 0.05
"""The error that one exploration of one state of the data may spend."""


def level(look: int) -> float:
    """Return the error that the `look`-th distinct view may spend on all that it shows.

    >>> [round(level(look), 4) for look in (1, 2, 10)]
    [0.025, 0.0083, 0.0005]
    >>> round(sum(level(look) for look in range(1, 10_000)), 4)
    0.05
    """
    return ERROR / (look * (look + 1))


@dataclass
class Looks:
    """The distinct views taken so far, in the order in which they were first seen."""

    seen: dict[Hashable, int] = field(default_factory=dict)

    def take(self, view: Hashable) -> int:
        """Count a view and return its number; a view seen before keeps the number it had.

        >>> looks = Looks()
        >>> looks.take("a"), looks.take("b"), looks.take("a"), len(looks)
        (1, 2, 1, 2)
        """
        return self.seen.setdefault(view, len(self.seen) + 1)

    def at_least(self, look: int) -> None:
        """Know of looks that were taken elsewhere: the next new one comes after `look`."""
        for missing in range(len(self.seen) + 1, look):
            self.seen[("elsewhere", missing)] = missing

    def __len__(self) -> int:
        return len(self.seen)


def words(look: int, groups: int) -> Text:
    """Say what number of look this is, and how strictly its findings were judged."""
    alpha = f"{level(look):.2g}"
    return Text(
        f"第 {look} 次查看（每个不同的视图算一次），本屏 {groups} 组一并判断，容许误判 {alpha}。看得越多，标准越严："
        f"整个探索过程说错任何一句的机会不超过 {ERROR:.0%}；区间仍按 95% 给出。",
        f"Look {look} (each distinct view counts once); the {groups} groups on this screen were judged together, allowing an "
        f"error of {alpha}. The more looks, the stricter: at most {ERROR:.0%} of whole explorations say anything false; "
        "intervals are 95 %.",
    )
