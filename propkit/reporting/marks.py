"""What charts are drawn from: labels, bars, dots, lines, bands and axes.  Knows figures and colours, no claims.

Every function draws on given axes; rows are mappings with the columns of rates, values are in the reader's unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import matplotlib.ticker as mticker
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection

from propkit.model import Kpi
from propkit.reporting import style
from propkit.reporting.display import format_n, label_of, period_words, reader_value
from propkit.text import Text, number

ROW = 17
"""Height of one row of a chart in points."""
Row = Mapping[str, object]
Mark = tuple[float, str, str]
"""Words at the right end of a line: height, words, colour."""
_STEPS = (1, 2, 2.5, 5, 10)
_LIMITS = {"ucl": Text("上限", "upper"), "center": Text("均值", "mean"), "lcl": Text("下限", "lower")}


def tick(value: float, kpi: Kpi, decimals: int | None = None) -> str:
    """Return a value on an axis or beside a mark, with "%" but no other unit."""
    if decimals is None:
        decimals = 0 if float(value).is_integer() or abs(value) >= 20 else 1
    return number(value, decimals) + ("%" if kpi.unit.zh == "%" else "")


def figure(value: float, kpi: Kpi) -> str:
    """Return a figure that stands beside a mark: nothing reads as 0 % or 100 % by rounding alone."""
    words = tick(round(value, 1), kpi)
    if kpi.unit.zh != "%":
        return words
    return ">99%" if words == "100%" and value < 100 else "<0.1%" if words in ("0%", "0.0%") and value > 0 else words


def _write_ticks(axis: Axis, kpi: Kpi) -> None:
    """Write the values of an axis with as many decimals as tell them apart: 90, 90.5, 91, not 90, 90, 91."""

    def words(value: float, _: int) -> str:
        places = axis.get_majorticklocs()
        exact = (count for count in range(4) if np.allclose(places, np.round(places, count), rtol=0, atol=1e-9))
        return tick(value + 0.0, kpi, next(exact, 4))

    axis.set_major_formatter(words)


def goal_words(goal: float, kpi: Kpi, lang: str) -> str:
    """Return a target as it stands beside its line."""
    return ("目标 " if lang == "zh" else "target ") + f"{goal:g}" + ("%" if kpi.unit.zh == "%" else "")


def bounds(rows: Sequence[Row], kpi: Kpi) -> list[float]:
    """Return all ends of intervals in the reader's unit."""
    return [reader_value(row, kpi, name) for row in rows for name in ("low", "high") if name in row]


def places(rows: Sequence[Row]) -> tuple[list[float], dict[float, str]]:
    """Return the heights of the rows from the top down, and of the headings of their dimensions."""
    found, heads, y, last = [], {}, 0.0, None
    for row in rows:
        if row.get("dimension") not in (None, last):
            last = row["dimension"]
            y += 0.25 if heads else 0
            heads[y] = str(last)
            y += 1
        found.append(y)
        y += 1
    return found, heads


def row_labels(ax: Axes, rows: Sequence[Row], at: Sequence[float], lang: str, *, with_n: bool = True) -> float:
    """Write names left of the plot, the number of cases in a column of its own; return the room they take in points."""
    ends = [format_n(row, lang) if with_n else "" for row in rows]
    second = max(map(style.text_width, ends), default=0)
    second += 8 if second else 0
    names = [style.shorten(label_of(row, lang), style.label_room(ax) - second) for row in rows]
    ax.set_yticks(list(at), names)
    ax.tick_params(axis="y", pad=8 + second)
    for y, words in zip(at, ends, strict=True):
        if words:
            ax.text(0, y, words, transform=style.beside(ax, -8), va="center_baseline", ha="right", color=style.MUTED)
    return max(map(style.text_width, names), default=0) + second + 10


def headings(ax: Axes, heads: Mapping[float, str], left: float) -> None:
    """Write the names of dimensions over their rows, at the left edge of the labels."""
    for y, words in heads.items():
        ax.text(0, y, words, transform=style.beside(ax, 2 - left), va="center_baseline", color=style.MUTED)


def dots(ax: Axes, shown: Sequence[tuple[Row, float]], kpi: Kpi, colours: Sequence[str]) -> None:
    """Draw intervals and dots: grey ones hollow, coloured ones filled, those of indicative figures on a dashed line."""
    spans = [[(reader_value(row, kpi, "low"), y), (reader_value(row, kpi, "high"), y)] for row, y in shown]
    dashes = [(0, (3, 2)) if row["state"] == "unreliable" else "solid" for row, _ in shown]
    ax.add_collection(LineCollection(spans, colors=colours, linewidths=1.6, linestyles=dashes, capstyle="round"))
    values = [reader_value(row, kpi) for row, _ in shown]
    fills = [style.PAPER if colour == style.GREY else colour for colour in colours]
    ax.scatter(
        values, [y for _, y in shown], s=30, c=fills, edgecolors=colours, linewidths=1.3, zorder=3, clip_on=False
    )


def whole_line(ax: Axes, overall: float | None, kpi: Kpi, lang: str) -> float:
    """Draw the line of the whole (unscaled) with its words above; return the room it takes over the plot in points."""
    if overall is None or pd.isna(overall):
        return 6
    value = float(overall) * kpi.scale
    ax.axvline(value, color=style.INK, linewidth=1, linestyle=(0, (3, 2)), zorder=1)
    words = ("全体 " if lang == "zh" else "all ") + figure(value, kpi)
    ax.text(value, 1, words, transform=style.above(ax, 4), ha="center")
    return 18


def across_axis(ax: Axes, kpi: Kpi, values: Sequence[float]) -> None:
    """Set the value axis along the bottom: a little room at both ends, never outside 0 to 100 for shares."""
    known = [value for value in values if not np.isnan(value)] or [0, 1]
    room = (max(known) - min(known)) * 0.06 or 1
    low, high = min(known) - room, max(known) + room
    ax.set_xlim(*((max(low, -1), min(high, 101)) if kpi.kind == "share" else (low, high)))
    narrow = 4 if high - low > 4 else 3  # closer marks have a decimal: fewer of them fit on a phone
    ax.xaxis.set_major_locator(mticker.MaxNLocator(narrow if style.is_narrow(ax) else 7, steps=_STEPS))
    _write_ticks(ax.xaxis, kpi)
    ax.grid(axis="x")


def upright_axis(ax: Axes, kpi: Kpi, values: Sequence[float], *, ringed: bool) -> float:
    """Set the value axis at the left with quiet lines across; return the room its labels take in points.

    Ringed months need more room beneath, where their figures stand.
    """
    known = [value for value in values if not np.isnan(value)] or [0, 1]
    room = (max(known) - min(known)) * 0.1 or 1
    low, high = min(known) - room * (2 if ringed else 1), max(known) + room
    low = max(low, 0) if min(known) >= 0 else low
    ax.set_ylim(low, min(high, 103) if kpi.kind == "share" else high)
    ax.yaxis.set_major_locator(mticker.MaxNLocator(4, steps=_STEPS))
    _write_ticks(ax.yaxis, kpi)
    ax.grid(axis="y")
    sns.despine(ax=ax, left=True)
    ax.tick_params(axis="y", labelcolor=style.MUTED)
    return max((style.text_width(text.get_text()) for text in ax.get_yticklabels()), default=0) + 10


def months_axis(ax: Axes, rows: Sequence[Row], lang: str) -> None:
    """Write months along the bottom, the year under the first of each that is written; fewer of them on a phone."""
    step = max(1, -(-len(rows) // (7 if style.is_narrow(ax) else 14)))
    labels, year = [""] * len(rows), ""
    for place in range(0, len(rows), step):
        period = str(rows[place]["period"])
        labels[place] = period_words(period, lang, short=True)
        if labels[place] != period and period[:4] != year:
            year = period[:4]
            labels[place] += f"\n{year}年" if lang == "zh" else f"\n{year}"
    ax.set_xticks(range(len(rows)), labels)
    ax.tick_params(axis="x", pad=5)


def limits(ax: Axes, rows: Sequence[Row], kpi: Kpi, lang: str) -> list[Mark]:
    """Draw the band of ordinary variation where center, lcl and ucl (unscaled) are given; return its words."""
    if not rows or not set(_LIMITS) <= set(rows[0]):
        return []
    lines = {name: np.array([_float(row[name]) for row in rows]) * kpi.scale for name in _LIMITS}
    if np.isnan(lines["center"]).all():
        return []
    ends = np.arange(len(rows) + 1) - 0.5
    steps = {name: np.append(values, values[-1]) for name, values in lines.items()}
    ax.fill_between(ends, steps["lcl"], steps["ucl"], step="post", color=style.BAND, linewidth=0)
    ax.step(ends, steps["center"], where="post", color=style.GREY, linewidth=1, linestyle=(0, (4, 3)))
    last = {name: float(values[~np.isnan(values)][-1]) for name, values in lines.items()}
    return [
        (last[name], f"{words.get(lang)} {figure(last[name], kpi)}", style.MUTED) for name, words in _LIMITS.items()
    ]


def whiskers(ax: Axes, rows: Sequence[Row], kpi: Kpi, *, across: bool = False) -> None:
    """Draw intervals: broad and pale behind a line, or thin and dark over bars (`across`)."""
    spans = []
    for place, row in enumerate(rows):
        low, high = reader_value(row, kpi, "low"), reader_value(row, kpi, "high")
        if not (np.isnan(low) or np.isnan(high)):
            spans.append([(low, place), (high, place)] if across else [(place, low), (place, high)])
    look = {"colors": style.INK, "linewidths": 1.1, "zorder": 3} if across else {"colors": style.BAND, "linewidths": 9}
    ax.add_collection(LineCollection(spans, capstyle="butt", **look))


def line(ax: Axes, rows: Sequence[Row], y: np.ndarray) -> None:
    """Draw the line through the settled months, dashed on to the provisional ones, whose marks are hollow."""
    x = np.arange(len(rows))
    settled = np.array([row["state"] != "provisional" for row in rows], dtype=bool)
    ax.plot(x, np.where(settled, y, np.nan), color=style.BLUE, zorder=3)
    if not settled.all():
        open_ends = ~settled | np.append(~settled[1:], False)
        ax.plot(x, np.where(open_ends, y, np.nan), color=style.BLUE, linestyle=(0, (2, 2)), zorder=3)
    fills = list(np.where(settled, style.BLUE, style.PAPER))
    ax.scatter(x, y, s=16, c=fills, edgecolors=style.BLUE, linewidths=1.1, zorder=4)


def rings(ax: Axes, y: np.ndarray, ringed: Sequence[int], tones: Sequence[str], kpi: Kpi) -> float:
    """Ring months and say their values and that of the last month; return the room right of the last one in months."""
    if ringed:
        ax.scatter(ringed, y[list(ringed)], s=95, facecolors="none", edgecolors=list(tones), linewidths=1.5, zorder=5)
    known = [place for place in range(len(y)) if not np.isnan(y[place])]
    for place in ringed:
        if place not in known[-1:]:
            low = y[place] <= np.nanmean(y)
            where = {"xytext": (0, -9 if low else 9), "va": "top" if low else "bottom", "ha": "center"}
            tone = tones[ringed.index(place)]
            ax.annotate(figure(y[place], kpi), (place, y[place]), textcoords="offset points", color=tone, **where)
    if not known:
        return 0.5
    last, words = known[-1], figure(y[known[-1]], kpi)
    tone, gap = (tones[list(ringed).index(last)], 9) if last in ringed else (style.INK, 6)
    ax.annotate(words, (last, y[last]), (gap, 0), textcoords="offset points", va="center_baseline", color=tone)
    slot = ax.get_figure().get_figwidth() * 72 * 0.74 / max(len(y), 1)
    return 0.3 + (style.text_width(words) + gap) / slot


def margin_words(ax: Axes, marks: Sequence[Mark]) -> float:
    """Write the words of limits and target at the right end of their lines, apart; return their room in points."""
    low, high = ax.get_ylim()
    heights = style.spread([place for place, _, _ in marks], gap=(high - low) * 0.095)
    for y, (_, words, colour) in zip(heights, marks, strict=True):
        ax.text(1, y, words, transform=style.beside(ax, 5), va="center_baseline", color=colour)
    return max((style.text_width(words) for _, words, _ in marks), default=0) + 12


def point_names(ax: Axes, x: np.ndarray, y: np.ndarray, names: Sequence[str], needed: Sequence[bool]) -> None:
    """Write names beside points, those that are `needed` first, others only where there is room."""
    taken = [_box(place, 4, 4) for place in _in_points(ax, x, y)]
    ends = [ax.get_figure().get_figwidth() * 72 * side for side in ax.get_position().intervalx]
    for place in sorted(range(len(names)), key=lambda index: not needed[index]):
        words = style.shorten(names[place], style.label_room(ax))
        width, (left, up) = style.text_width(words), _in_points(ax, x, y)[place]
        sides = [((left + 8 + width / 2, up), 8, "left"), ((left - 8 - width / 2, up), -8, "right")]
        free = [side for side in sides if _is_free(_box(side[0], width / 2, 5), taken, place, ends)]
        if not free and not needed[place]:
            continue
        at, gap, align = (free or sides)[0]
        taken.append(_box(at, width / 2, 5))
        ax.annotate(words, (x[place], y[place]), (gap, 0), textcoords="offset points", ha=align, va="center_baseline")


def _in_points(ax: Axes, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    scale = 72 / ax.get_figure().dpi
    return ax.transData.transform(np.column_stack([x, y])) * scale if len(x) else np.empty((0, 2))


def _box(at: Sequence[float], half: float, up: float) -> tuple[float, float, float, float]:
    return at[0] - half, at[0] + half, at[1] - up, at[1] + up


def _is_free(box: tuple[float, ...], taken: Sequence[tuple[float, ...]], own: int, ends: Sequence[float]) -> bool:
    """Whether a box lies within the plot and meets no other than that of its own point."""
    others = (other for place, other in enumerate(taken) if place != own)
    apart = (box[0] > o[1] or box[1] < o[0] or box[2] > o[3] or box[3] < o[2] for o in others)
    return box[0] > ends[0] and box[1] < ends[1] and all(apart)


def bars(ax: Axes, values: np.ndarray, colours: Sequence[str]) -> None:
    """Draw one horizontal bar for each value, the first on top."""
    at = np.arange(len(values))
    sns.barplot(x=values, y=at, orient="h", native_scale=True, errorbar=None, width=0.62, ax=ax)
    for patch, colour in zip(ax.patches, colours, strict=True):
        patch.set(facecolor=colour, linewidth=0)
    ax.set_xlim(0, max([*values, 1e-9]) * 1.16)
    ax.set_ylim(len(values) - 0.5, -0.5)
    ax.set_ylabel("")
    ax.xaxis.set_visible(False)
    sns.despine(ax=ax, left=True, bottom=True)


def bar_ends(ax: Axes, values: np.ndarray, words: Sequence[str]) -> None:
    """Write words at the ends of the bars."""
    for y, (value, text) in enumerate(zip(values, words, strict=True)):
        ax.annotate(text, (value, y), (4, 0), textcoords="offset points", va="center_baseline")


def column(ax: Axes, at: Iterable[float], words: Sequence[str], *, head: str = "") -> None:
    """Write a column of words right of the plot, aligned right, with a heading over it."""
    for y, text in zip(at, words, strict=True):
        ax.text(1, y, text, transform=style.beside(ax, 38), va="center_baseline", ha="right", color=style.MUTED)
    if head:
        ax.text(1, -0.6, head, transform=style.beside(ax, 38), va="bottom", ha="right", color=style.MUTED)


def _float(value: object) -> float:
    return float("nan") if value is None or pd.isna(value) else float(value)
