"""One KPI over months as a small plot for each community or segment, all on one scale.

As in `charts`: rates in, Axes out, `ax=` accepted; nothing is tested or counted here.  Show it with `charts.show`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.ticker as mticker
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from propkit.model import Kpi
from propkit.reporting import marks, style
from propkit.reporting.display import (
    STATES,
    Display,
    format_n,
    format_rate,
    hidden,
    label_of,
    months,
    noted,
    period_words,
    reader_value,
)
from propkit.reporting.frames import ARROWS, Claims, Telling, claim_of, styled, tone
from propkit.reporting.tables import table
from propkit.text import Text

_PANEL, _HEAD, _GAP = 52, 15, 16
"""Heights in points: the plot of a small multiple, the room of its name, and what separates it from the next row."""

Row = Mapping[str, object]


def _multiples_words(rates: pd.DataFrame, kpi: Kpi, lang: str, **_: object) -> str:
    said = [f"{name} {_from_to(rows, kpi, lang)}" for name, rows in _series(rates, lang)]
    more = len(said) - 14
    if more > 0:
        said = [*said[:14], f"另有 {more} 组" if lang == "zh" else f"{more} more"]
    comma, stop = ("；", "。") if lang == "zh" else ("; ", ".")
    return kpi.label.get(lang) + ("：" if lang == "zh" else ": ") + comma.join(said) + stop


def _multiples_table(rates: pd.DataFrame, kpi: Kpi, lang: str, **_: object) -> Display:
    series = _series(rates, lang)
    periods = sorted({row["period"] for _, rows in series for row in rows})
    columns: dict[str, list[str]] = {("时间" if lang == "zh" else "Period"): [period_words(p, lang) for p in periods]}
    for place, (name, rows) in enumerate(series):
        found = {row["period"]: row for row in rows}
        cells = [_cell(found.get(period), kpi, lang) for period in periods]
        columns[name if name not in columns else f"{name} ({place + 1})"] = cells
    caption = kpi.label.get(lang) + ("（数值 · 样本数）" if lang == "zh" else " (figure · cases)")
    frame = pd.DataFrame(columns)
    return table(frame, caption=caption, lang=lang, numeric=list(frame.columns[1:]), sortable=False)


@styled(
    Telling(
        Text(
            "同一刻度；蓝线为这一组，淡色为其他各组；空心为暂定，断开处不公布或无数据",
            "One scale; blue: this group, pale: the others; hollow: provisional, gaps: hidden or no data",
        ),
        _multiples_words,
        _multiples_table,
    )
)
def small_multiples(rates: pd.DataFrame, kpi: Kpi, *, lang: str, ax: Axes, claim: Claims = None) -> None:
    """Draw the months of one KPI for several communities or segments, a small plot for each, all on one scale.

    `rates`: one row per segment and period, columns segment, label, period, n, num, den, value, low, high, state.  The
    plots are children of `ax`; a claim about a segment gives its arrow.
    """
    series = _series(rates, lang)
    ax.set_axis_off()
    across = min(2 if style.is_narrow(ax) else 4, max(len(series), 1))
    down = max(-(-len(series) // across), 1)
    low, high = _scale(series, kpi)
    left = max(style.text_width(marks.tick(value, kpi)) for value in (low, high)) + 8
    height = down * (_HEAD + _PANEL) + (down - 1) * _GAP
    style.fit(ax, left=left, right=6, top=2, bottom=20, height=height)
    lines = [np.array([reader_value(row, kpi) for row in rows], dtype=float) for _, rows in series]
    periods = sorted({row["period"] for _, rows in series for row in rows})
    for place, ((name, rows), y) in enumerate(zip(series, lines, strict=True)):
        panel = ax.inset_axes(_bounds(place, across, height, ax))
        others = [(series[other][1], lines[other]) for other in range(len(series)) if other != place]
        _panel(panel, periods, rows, y, others)
        panel.set(xlim=(-0.6, len(periods) - 0.4), ylim=_room(low, high))
        _panel_axes(
            panel, periods, (low, high), kpi, lang, first=place % across == 0, last=place + across >= len(series)
        )
        _panel_head(panel, name, rows, kpi, lang, claim)


def _cell(row: Row | None, kpi: Kpi, lang: str) -> str:
    if row is None or hidden(row):
        return "—" if row is None else format_rate(row, kpi, lang)
    return f"{noted(format_rate(row, kpi, lang), row, lang)} · {format_n(row, lang).removeprefix('n=')}"


def _series(rates: pd.DataFrame, lang: str) -> list[tuple[str, list[dict[str, object]]]]:
    """The months of each segment in the order given, under its name."""
    named = []
    for segment in dict.fromkeys(rates["segment"]):
        rows = months(rates.loc[rates["segment"].eq(segment)])
        named.append((label_of(rows[0], lang), rows))
    return named


def _from_to(rows: Sequence[Row], kpi: Kpi, lang: str) -> str:
    known = [row for row in rows if not hidden(row)]
    if not known:
        return STATES[str(rows[-1]["state"])].get(lang)
    ends = [f"{period_words(str(row['period']), lang)} {format_rate(row, kpi, lang)}" for row in (known[0], known[-1])]
    return ends[0] if len(known) == 1 else (" 至 " if lang == "zh" else " to ").join(ends)


def _scale(series: Sequence[tuple[str, Sequence[Row]]], kpi: Kpi) -> tuple[float, float]:
    """Both ends of the one scale of all plots: round numbers around what is shown."""
    known = [reader_value(row, kpi) for _, rows in series for row in rows if not hidden(row)] or [0, 1]
    steps = mticker.MaxNLocator(3, steps=(1, 2, 2.5, 5, 10)).tick_values(min(known), max(known))
    low, high = float(steps[0]), float(steps[-1])
    if marks.tick(low, kpi) == marks.tick(high, kpi):  # all the same: its height is not a change of a thousandth
        low, high = low - 1, high + 1
    return (max(low, 0) if min(known) >= 0 else low), (min(high, 100) if kpi.kind == "share" else high)


def _room(low: float, high: float) -> tuple[float, float]:
    space = (high - low or 1) * 0.08
    return low - space, high + space


def _bounds(place: int, across: int, height: float, ax: Axes) -> tuple[float, float, float, float]:
    """Where a plot lies within `ax`, in its fractions, rows from the top down."""
    wide = ax.get_figure().get_figwidth() * 72 * ax.get_position().width
    gap = 14 / wide
    width = (1 - gap * (across - 1)) / across
    column, row = place % across, place // across
    top = 1 - (row * (_HEAD + _PANEL + _GAP) + _HEAD) / height
    return column * (width + gap), top - _PANEL / height, width, _PANEL / height


def _panel(
    panel: Axes,
    periods: Sequence[str],
    rows: Sequence[Row],
    y: np.ndarray,
    others: Sequence[tuple[Sequence[Row], np.ndarray]],
) -> None:
    at = {period: place for place, period in enumerate(periods)}
    for their_rows, theirs in others:
        panel.plot([at[row["period"]] for row in their_rows], theirs, color=style.LINE, linewidth=0.8, zorder=1)
    x = np.array([at[row["period"]] for row in rows])
    panel.plot(x, y, color=style.BLUE, linewidth=1.5, zorder=3)
    fills = [style.PAPER if row["state"] in ("provisional", "unreliable") else style.BLUE for row in rows]
    panel.scatter(x, y, s=7, c=fills, edgecolors=style.BLUE, linewidths=0.9, zorder=4)


def _panel_axes(
    panel: Axes, periods: Sequence[str], ends: tuple[float, float], kpi: Kpi, lang: str, *, first: bool, last: bool
) -> None:
    panel.set_facecolor("none")
    panel.set_yticks(ends, [marks.tick(value, kpi) if first else "" for value in ends])
    panel.grid(axis="y")
    panel.tick_params(axis="y", labelcolor=style.MUTED, pad=3)
    places = [0, len(periods) - 1] if len(periods) > 1 else [0][: len(periods)]
    panel.set_xticks(places, [_month(periods[place], lang) if last else "" for place in places])
    for label, side in zip(panel.get_xticklabels(), ("left", "right"), strict=False):
        label.set_horizontalalignment(side)
    panel.tick_params(axis="x", pad=4)
    sns.despine(ax=panel, left=True, bottom=True)


def _month(period: str, lang: str) -> str:
    """A month short enough for a small plot: 25年9月, 2025-09."""
    return f"{period[2:4]}年{period_words(period, lang, short=True)}" if lang == "zh" and len(period) == 7 else period


def _panel_head(panel: Axes, name: str, rows: Sequence[Row], kpi: Kpi, lang: str, claim: Claims) -> None:
    """The name of the plot at the left and its last figure with its cases at the right."""
    last = rows[-1]
    found = claim_of(last, claim)
    arrow = f" {ARROWS[found.verdict]}" if found and found.verdict in ARROWS else ""
    figure = format_rate(last, kpi, lang, unit=False) + arrow
    cases = "" if hidden(last) else format_n(last, lang)
    colour = tone(found.good) if found else style.INK if not hidden(last) else style.MUTED
    figure_width = max(style.text_width(figure), 1)
    wide = panel.get_window_extent().width / panel.get_figure().dpi * 72
    space = wide - figure_width - (style.text_width(cases) + 4 if cases else 0) - 6
    above = {"transform": style.offset(panel, 0, 5), "va": "baseline"}
    panel.text(0, 1, style.shorten(name, space), color=style.INK, **above)
    panel.text(1, 1, figure, ha="right", color=colour, **above)
    if cases and space > 20:
        panel.text(
            1,
            1,
            cases,
            ha="right",
            color=style.MUTED,
            **above | {"transform": style.offset(panel, -figure_width - 4, 5)},
        )
