"""What all charts share: style and axes, the claims about a row and their colours, and what stands for a chart in words.

Draws nothing and words no finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.axes import Axes

from propkit.model import Duration, Kpi
from propkit.reporting import style
from propkit.reporting.display import Display
from propkit.text import Text

if TYPE_CHECKING:
    from propkit.reporting.claims import Claim

Claims = Iterable["Claim"] | None
ARROWS = {"higher": "▲", "lower": "▼"}
DOTTED = (0, (1, 2))


@dataclass(frozen=True, slots=True)
class Telling:
    """What stands for a chart: how to read it, its sentence, its data table and its title, all made from the rates drawn.

    `words`, `data` and `title` are called with the rates, the KPI, the language and the options of the chart.  A title
    sums up what is drawn and compares nothing: whatever names a difference is a claim.  It is "" where there is nothing
    to say beyond the name of the KPI.
    """

    reading: Text
    words: Callable[..., str]
    data: Callable[..., Display]
    title: Callable[..., str] = lambda *_, **__: ""


def styled(telling: Telling | None = None) -> Callable[[Callable[..., None]], Callable[..., Axes]]:
    """Give a chart its style and, when none is given, axes of its own; it returns the axes and keeps its `telling`."""

    def dress(draw: Callable[..., None]) -> Callable[..., Axes]:
        @wraps(draw)
        def drawn(
            rates: pd.DataFrame, kpi: Kpi | Duration, *, lang: str, ax: Axes | None = None, **options: object
        ) -> Axes:
            with style.use():
                ax = style.canvas() if ax is None else ax
                draw(rates, kpi, lang=lang, ax=ax, **options)
            return ax

        drawn.telling = telling
        return drawn

    return dress


def claims_of(claim: Claim | Claims) -> list[Claim]:
    """Return one claim, several or none as a list."""
    return [] if claim is None else [claim] if hasattr(claim, "verdict") else list(claim)


def claim_of(row: Mapping[str, object], claim: Claim | Claims) -> Claim | None:
    """Return the claim about this row that found a direction, if there is one."""
    mine = (item for item in claims_of(claim) if item.group == row["segment"])
    return next((item for item in mine if item.verdict in (*ARROWS, "attained", "not_attained")), None)


def colour(row: Mapping[str, object], claim: Claim | Claims) -> str:
    """Return the colour of a row: grey unless a claim says more."""
    found = claim_of(row, claim)
    return style.GREY if found is None else tone(found.good)


def tone(good: bool | None) -> str:
    """Return the colour of what is welcome, unwelcome or neither."""
    return {True: style.BLUE, False: style.VERMILION, None: style.INK}[good]
