"""security"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from propkit.demo.estates import Home
from propkit.demo.layout import Layout

Row = dict[str, object]

LAYOUTS: tuple[Layout, ...] = ()


def rows(homes: Mapping[str, Sequence[Home]], seed: int) -> dict[str, list[Row]]:
    """Return the true rows of this room by table; `homes` by community."""
    return {}
