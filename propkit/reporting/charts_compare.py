"""Charts that set communities or two stretches of time side by side.

As in `charts`: rates in, Axes out, `ax=` accepted; limits and pooled figures are given, nothing is tested or counted here.
Show them with `charts.show`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.ticker as mticker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from propkit.model import Kpi
from propkit.reporting import marks, style
from propkit.reporting.display import (
    STATES,
    Display,
    describe,
    format_interval,
    format_n,
    format_rate,
    hidden,
    label_of,
    months,
    noted,
    period_words,
    reader_value,
    records,
)
from propkit.reporting.frames import ARROWS, DOTTED, Claims, Telling, claim_of, claims_of, styled, tone
from propkit.reporting.tables import rates_table, table
from propkit.text import Text, counted

__all__ = ["before_after", "funnel"]

_DASHED = (0, (3, 2))
_LIMITS = ("low998", "low95", "high95", "high998")
_OTHERS = Text("对照小区", "comparison")
_START = Text("开始", "start")

Row = Mapping[str, object]


def _funnel_words(rates: pd.DataFrame, kpi: Kpi, lang: str, **_: object) -> str:
    outside = [label_of(row, lang) for row in _communities(rates) if _signals(row) and not hidden(row)]
    if not outside:
        return describe(rates, kpi, lang=lang)
    named = ("、" if lang == "zh" else ", ").join(outside)
    return describe(rates, kpi, lang=lang) + (
        f"超出范围：{named}。" if lang == "zh" else f" Outside the range: {named}."
    )


def _funnel_title(rates: pd.DataFrame, kpi: Kpi, lang: str, **_: object) -> str:
    """How many communities lie outside the limits drawn."""
    shown = [row for row in _communities(rates) if not hidden(row)]
    outside, name = sum(map(_signals, shown)), kpi.label.get(lang)
    if lang == "zh":
        return f"{name}：{len(shown)} 个小区中 {outside} 个超出偶然波动的范围"
    return f"{name}: {outside} of {counted(len(shown), 'communities')} outside what chance gives"


def _funnel_table(rates: pd.DataFrame, kpi: Kpi, lang: str, **_: object) -> Display:
    return rates_table(rates, kpi, lang=lang)


@styled(
    Telling(
        Text(
            "横轴为样本数；色带为偶然波动的范围（99.8%，虚线 95%），圈出的超出范围；不排名次",
            "Across: cases; band: what chance alone gives (99.8%, dashed 95%); ringed: outside it; no ranking",
        ),
        _funnel_words,
        _funnel_table,
        _funnel_title,
    )
)
def funnel(
    rates: pd.DataFrame,
    kpi: Kpi,
    *,
    lang: str,
    ax: Axes,
    claim: Claims = None,
    limits: pd.DataFrame,
    center: float,
) -> None:
    """Draw the figure of each community against its number of cases, within the limits of chance.

    `rates`: one row per community, columns segment, label, n, num, den, value, low, high, state and optionally signal
    (flag: outside the limits drawn); a row "all" is left out.  `limits`: columns n, low95, high95, low998, high998, as
    `stats.funnel_limits` gives them for rising n, and `center` its target (all unscaled).  A claim colours a ring.
    """
    rows = _communities(rates)
    shown = [row for row in rows if not hidden(row)]
    x = np.array([float(row["n"]) for row in shown])
    y = np.array([reader_value(row, kpi) for row in shown])
    ax.set_xlim(0, max([*x, 1.0]) * 1.12)
    words = _funnel_limits(ax, limits, center, kpi, lang)
    fills = [style.PAPER if row["state"] in ("provisional", "unreliable") else style.BLUE for row in shown]
    ax.scatter(x, y, s=22, c=fills, edgecolors=style.BLUE, linewidths=1.2, zorder=4)
    _ring(ax, shown, x, y, claim)
    left = marks.upright_axis(ax, kpi, [*y, *_ends(ax, limits, kpi)], ringed=False)
    ax.xaxis.set_major_locator(mticker.MaxNLocator(4 if style.is_narrow(ax) else 7, integer=True, steps=(1, 2, 5, 10)))
    ax.set_xlabel(("样本数" if lang == "zh" else "cases") + _left_out(rows, lang))
    ax.tick_params(axis="x", pad=4)
    style.fit(ax, left=left, right=marks.margin_words(ax, words), top=10, bottom=36, height=166)
    marks.point_names(
        ax, x, y, [noted(label_of(row, lang), row, lang) for row in shown], [_signals(row) for row in shown]
    )


def _before_after_words(
    rates: pd.DataFrame, kpi: Kpi, lang: str, start: str = "", others: pd.DataFrame | None = None, **_: object
) -> str:
    """The span of the months before and after the start, of the community and of those it is compared with."""
    zh = lang == "zh"
    name = _OTHERS.get(lang)
    parts = [_spans(rates, kpi, lang, start)]
    parts += [f"{name}{'：' if zh else ': '}{_spans(others, kpi, lang, start)}"] if others is not None else []
    lead = f"{kpi.label.get(lang)}，{period_words(start, lang)}开始" if zh else f"{kpi.label.get(lang)}, start {start}"
    return f"{lead}：{'；'.join(parts)}。" if zh else f"{lead}: {'; '.join(parts)}."


def _before_after_table(
    rates: pd.DataFrame, kpi: Kpi, lang: str, start: str = "", others: pd.DataFrame | None = None, **_: object
) -> Display:
    zh = lang == "zh"
    heads = ["时间", "数值", "95% 区间", "样本"] if zh else ["Period", "Figure", "95% interval", "Cases"]
    heads += [] if others is None else [_OTHERS.get(lang), ("对照样本" if zh else "Comparison cases")]
    other = {} if others is None else {row["period"]: row for row in records(others)}
    lines = []
    for row in months(rates):
        line = [
            _period(row, start, lang),
            noted(format_rate(row, kpi, lang), row, lang),
            format_interval(row, kpi, lang) or "—",
            _n(row, lang),
        ]
        if others is not None:
            beside = other.get(row["period"])
            line += (
                ["—", "—"]
                if beside is None
                else [noted(format_rate(beside, kpi, lang), beside, lang), _n(beside, lang)]
            )
        lines.append(line)
    frame = pd.DataFrame(lines, columns=heads)
    return table(frame, caption=kpi.label, lang=lang, numeric=heads[1:], sortable=False)


@styled(
    Telling(
        Text(
            "竖线为开始；色带为开始之前正常波动的范围；灰色方点为对照小区；空心为暂定",
            "Upright: start; band: ordinary variation before it; grey squares: comparison; hollow: provisional",
        ),
        _before_after_words,
        _before_after_table,
    )
)
def before_after(
    rates: pd.DataFrame,
    kpi: Kpi,
    *,
    lang: str,
    ax: Axes,
    start: str,
    others: pd.DataFrame | None = None,
    claim: Claims = None,
    mark: Text | str = _START,
) -> None:
    """Draw the months of one community around a start, with the limits of the months before it.

    `rates`: one row per period, columns period, n, num, den, value, low, high, state and optionally center, lcl, ucl
    (unscaled, of the months before, carried on after) and signal; `start`: the first period after; `others`: the same
    columns for the comparison communities, pooled; `mark` says what started.
    """
    rows = months(rates)
    y = np.array([reader_value(row, kpi) for row in rows], dtype=float)
    words = marks.limits(ax, rows, kpi, lang)
    if not words:
        marks.whiskers(ax, rows, kpi)
    beside = _draw_others(ax, rows, others, kpi)
    words += _end_words(beside, kpi, lang)
    marks.line(ax, rows, y)
    ends = [float(row[name]) * kpi.scale for row in rows for name in ("lcl", "ucl") if not pd.isna(row.get(name))]
    ringed = [place for place, row in enumerate(rows) if _signals(row)]
    left = marks.upright_axis(ax, kpi, [*y, *beside, *(ends or marks.bounds(rows, kpi))], ringed=bool(ringed))
    marks.months_axis(ax, rows, lang)
    told = next((item for item in claims_of(claim) if item.verdict in ARROWS), None)
    room = marks.rings(ax, y, ringed, [tone(told.good) if told else style.INK] * len(ringed), kpi)
    ax.set_xlim(-0.5, max(len(rows) - 1, 0) + room)
    _draw_start(ax, rows, start, mark, lang)
    ax.set_xlabel(_n_span(rows, lang))
    style.fit(ax, left=left, right=marks.margin_words(ax, words), top=20, bottom=44, height=140)


def _communities(rates: pd.DataFrame) -> list[dict[str, object]]:
    return [row for row in records(rates) if row["segment"] != "all"]


def _signals(row: Row) -> bool:
    return not pd.isna(row.get("signal")) and bool(row.get("signal"))


def _funnel_limits(ax: Axes, limits: pd.DataFrame, center: float, kpi: Kpi, lang: str) -> list[marks.Mark]:
    """Draw the band, the inner limits and the line of the whole; return their words."""
    n, low998, low95, high95, high998 = _limits(limits, kpi)
    ax.fill_between(n, low998, high998, color=style.BAND, linewidth=0)
    for ends in (low95, high95):
        ax.plot(n, ends, color=style.GREY, linewidth=0.9, linestyle=_DASHED, zorder=2)
    value = float(center) * kpi.scale
    ax.axhline(value, color=style.INK, linewidth=1, linestyle=DOTTED, zorder=2)
    edge = int(np.searchsorted(n, ax.get_xlim()[1]).clip(1, len(n))) - 1
    whole = f"{'总体' if lang == 'zh' else 'all'} {marks.figure(value, kpi)}"
    outer = [(float(ends[edge]), "99.8%", style.MUTED) for ends in (high998, low998)]
    return [*outer, (value, whole, style.INK)]


def _limits(limits: pd.DataFrame, kpi: Kpi) -> list[np.ndarray]:
    rising = limits.sort_values("n", kind="stable")
    return [rising["n"].to_numpy(float), *(rising[name].to_numpy(float) * kpi.scale for name in _LIMITS)]


def _ends(ax: Axes, limits: pd.DataFrame, kpi: Kpi) -> list[float]:
    """How far the plot reaches up and down: the limits at its left are left out, where they are as wide as the scale."""
    n, low998, _, _, high998 = _limits(limits, kpi)
    far = ax.get_xlim()[1]
    told = (n >= far / 8) & (n <= far)
    return [*low998[told], *high998[told]]


def _ring(ax: Axes, rows: Sequence[Row], x: np.ndarray, y: np.ndarray, claim: Claims) -> None:
    outside = [place for place, row in enumerate(rows) if _signals(row)]
    if outside:
        found = [claim_of(rows[place], claim) for place in outside]
        tones = [style.INK if item is None else tone(item.good) for item in found]
        ax.scatter(x[outside], y[outside], s=110, facecolors="none", edgecolors=tones, linewidths=1.5, zorder=5)


def _left_out(rows: Sequence[Row], lang: str) -> str:
    """How many communities have no dot."""
    count = sum(map(hidden, rows))
    if not count:
        return ""
    return f"；另有 {count} 个样本不足或无数据，未画出" if lang == "zh" else f"; {count} hidden or without data"


def _draw_others(ax: Axes, rows: Sequence[Row], others: pd.DataFrame | None, kpi: Kpi) -> np.ndarray:
    """Draw the comparison line behind that of the community; its values in the order of the months."""
    if others is None:
        return np.array([])
    found = {row["period"]: reader_value(row, kpi) for row in records(others)}
    y = np.array([found.get(row["period"], float("nan")) for row in rows], dtype=float)
    ax.plot(range(len(rows)), y, color=style.GREY, linewidth=1.1, zorder=2)
    ax.scatter(range(len(rows)), y, s=13, marker="s", c=style.PAPER, edgecolors=style.GREY, linewidths=1, zorder=2)
    return y


def _end_words(beside: np.ndarray, kpi: Kpi, lang: str) -> list[marks.Mark]:
    known = beside[~np.isnan(beside)] if len(beside) else beside
    if not len(known):
        return []
    return [(float(known[-1]), f"{'对照' if lang == 'zh' else 'comp.'} {marks.figure(known[-1], kpi)}", style.GREY)]


def _draw_start(ax: Axes, rows: Sequence[Row], start: str, mark: Text | str, lang: str) -> None:
    place = sum(str(row["period"]) < start for row in rows) - 0.5
    ax.axvline(place, color=style.INK, linewidth=1.1, zorder=1)
    words = f"{mark.get(lang) if isinstance(mark, Text) else mark} {period_words(start, lang)}"
    ax.text(place, 1, words, transform=style.above(ax, 5), ha="center")


def _n_span(rows: Sequence[Row], lang: str) -> str:
    """The smallest and the largest month, in cases; hidden months give none."""
    known = [int(row["n"]) for row in rows if not hidden(row) and not pd.isna(row["n"])]
    if not known:
        return ""
    span = f"{min(known):,}" if min(known) == max(known) else f"{min(known):,}–{max(known):,}"
    return f"每月 n={span}" if lang == "zh" else f"n={span} a month"


def _spans(rates: pd.DataFrame, kpi: Kpi, lang: str, start: str) -> str:
    rows = months(rates)
    halves = {True: [row for row in rows if str(row["period"]) < start], False: []}
    halves[False] = rows[len(halves[True]) :]
    words = {True: Text("之前", "before"), False: Text("之后", "after")}
    comma = "，" if lang == "zh" else ", "
    return comma.join(f"{words[before].get(lang)} {_span(half, kpi, lang)}" for before, half in halves.items())


def _span(rows: Sequence[Row], kpi: Kpi, lang: str) -> str:
    known = sorted((row for row in rows if not hidden(row)), key=lambda row: float(row["value"]))
    months = f"{len(rows)} 个月" if lang == "zh" else counted(len(rows), "months")
    if not known:
        return f"{months} {STATES['no_data'].get(lang)}"
    low, high = (format_rate(row, kpi, lang) for row in (known[0], known[-1]))
    return f"{months} {low}" if low == high else f"{months} {low}–{high}"


def _period(row: Row, start: str, lang: str) -> str:
    words = period_words(str(row["period"]), lang)
    return words + (" ◂ " + _START.get(lang) if row["period"] == start else "")


def _n(row: Row, lang: str) -> str:
    return format_n(row, lang).removeprefix("n=") or "—"
