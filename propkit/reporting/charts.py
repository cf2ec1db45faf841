"""Rates and claims to matplotlib Axes: one function for each chart, and the figure of a page around it.

Arrows, filled marks and colours come from claims alone; nothing is tested, counted or grouped here.  Every chart takes
`(rates, kpi, *, lang, ax=None)`; on axes of its own it sets height and margins, on given axes it leaves them alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import matplotlib.ticker as mticker
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from natsort import natsort_keygen

from propkit.model import Duration, Kpi
from propkit.reporting import marks, style, titles
from propkit.reporting.display import (
    Display,
    describe,
    format_rate,
    hidden,
    reader_value,
    records,
)
from propkit.reporting.frames import ARROWS, DOTTED, Claims, Telling, claim_of, claims_of, colour, styled, tone
from propkit.reporting.svg import figure
from propkit.reporting.tables import rates_table, table
from propkit.reporting.titles import CUT, cumulated
from propkit.text import Text, number

if TYPE_CHECKING:
    from propkit.reporting.claims import Claim

__all__ = ["ageing", "bullet", "by_segment", "figure", "pareto", "show", "survival", "trend"]

_TITLES = {"pareto": [titles.pareto], "trend": [titles.trend], "ageing": [titles.ageing]}
_PARTIAL = ("change", "target")
"""Kinds of claims whose sentence needs its figure beside it and cannot be a title."""

_HOW_TO_READ = {
    "by_segment": Text(
        "点为数值，横线为 95% 区间；实心并带箭头的差异经过检验，空心的可能出于偶然",
        "Dot: value; line: 95% interval; filled with an arrow: a tested difference, hollow: may be chance",
    ),
    "dots": Text("点为数值；这项数字不给区间", "Dot: value; no interval is given for this figure"),
    "limits": Text(
        "色带为正常波动的范围，圈出的月份超出范围；空心为暂定",
        "Band: ordinary variation; ringed months lie outside it; hollow: provisional",
    ),
    "trend": Text("淡色竖条为 95% 区间；空心为暂定", "Pale bars: 95% intervals; hollow: provisional"),
    "pareto": Text(
        "条形为数量，右列为累计占比；虚线以上合计至少占 80%",
        "Bars: counts; right: cumulative share; above the dashed line at least 80%",
    ),
    "ageing": Text("按时间长短分组，越往下越久", "Grouped by age, the oldest at the bottom"),
    "bullet": Text("条形为数值，细线为 95% 区间，竖线为目标", "Bar: value; thin line: 95% interval; upright: target"),
    "survival": Text(
        "曲线为仍未完成的比例，色带为 95% 区间；未完成的也计算在内",
        "Curve: share still open, with its 95% band; open cases are counted",
    ),
}


def show(
    chart: Callable[..., Axes],
    rates: pd.DataFrame,
    kpi: Kpi | Duration,
    *,
    lang: str,
    claim: Claim | Claims = None,
    title: Text | str = "",
    subtitle: Text | str = "",
    source: Text | str = "",
    **options: object,
) -> Display:
    """Return `chart` of `rates` as a figure of the page: title, how to read it, alt text, source and data table.

    The title is the sentence of the first claim that stands by itself, else what the chart sums up to, else the name of
    the KPI.  `options` go to the chart.
    """
    claims = claims_of(claim)
    found = next((item.text for item in claims if item.kind not in _PARTIAL), None)
    telling = chart.telling or _telling(chart.__name__, rates, kpi)
    return figure(
        partial(chart, rates, kpi, lang=lang, claim=claims, **options),
        title=title or found or telling.title(rates, kpi, lang, **options) or kpi.label,
        subtitle=subtitle or telling.reading,
        alt=telling.words(rates, kpi, lang, **options),
        source=source,
        table=telling.data(rates, kpi, lang, **options),
        lang=lang,
    )


def _telling(name: str, rates: pd.DataFrame, kpi: Kpi | Duration) -> Telling:
    """What stands for the plain charts: every figure in a sentence, and as a table."""
    reading = "limits" if name == "trend" and "center" in rates and rates["center"].notna().any() else name
    if isinstance(kpi, Duration):
        return Telling(_HOW_TO_READ[reading], _words_of_curve, _survival_table, titles.survival)
    if name == "by_segment" and rates["low"].isna().all():
        reading = "dots"
    by = "period" if name == "trend" else "segment"
    return Telling(
        _HOW_TO_READ[reading],
        lambda rates, kpi, lang, **_: describe(rates, kpi, lang=lang, by=by),
        lambda rates, kpi, lang, **_: rates_table(rates, kpi, lang=lang, by=by),
        *_TITLES.get(name, ()),
    )


@styled()
def by_segment(
    rates: pd.DataFrame,
    kpi: Kpi,
    *,
    lang: str,
    ax: Axes,
    claim: Claim | Claims = None,
    overall: float | None = None,
    order: str = "given",
) -> None:
    """Draw a dot and its interval for each segment, with a dashed line for the whole.

    `rates`: one row per segment, columns segment, label, n, num, den, value, low, high, state; an optional column
    `dimension` groups the rows under headings; a row of segment "all" gives the overall line unless `overall`
    (unscaled, as `value`) does.  Hidden rows stay, in words.  `order`: "given", "value" or "natural".
    """
    whole = rates.loc[rates["segment"].eq("all")]
    overall = whole["value"].iloc[0] if overall is None and len(whole) else overall
    rows = records(_ordered(rates.loc[rates["segment"].ne("all")], order))
    at, heads = marks.places(rows)
    shown = [(row, y) for row, y in zip(rows, at, strict=True) if not hidden(row)]
    marks.dots(ax, shown, kpi, [colour(row, claim) for row, _ in shown])
    left = marks.row_labels(ax, rows, at, lang)
    left = max([left, *(style.text_width(words) + 10 for words in heads.values())])
    marks.headings(ax, heads, left)
    _value_column(ax, rows, at, kpi, lang, claim)
    ends = [reader_value(row, kpi, name) for row, _ in shown for name in ("low", "high", "value")]
    marks.across_axis(ax, kpi, ends if overall is None or pd.isna(overall) else [*ends, float(overall) * kpi.scale])
    top = marks.whole_line(ax, overall, kpi, lang)
    bottom = max([*at, *heads], default=0)
    ax.set_ylim(bottom + 0.5, -0.5)
    sns.despine(ax=ax, left=True, bottom=True)
    style.fit(ax, left=left, right=50, top=top, bottom=18, height=(bottom + 1) * marks.ROW)


@styled()
def trend(
    rates: pd.DataFrame,
    kpi: Kpi,
    *,
    lang: str,
    ax: Axes,
    claim: Claim | Claims = None,
    target: float | None = None,
) -> None:
    """Draw the months of a KPI in the order of their periods.

    `rates`: one row per period, columns period, n, num, den, value, low, high, state and optionally center, lcl, ucl
    (unscaled limits of the control chart) and signal (flag: outside them).  Months of `signal` are ringed, the latest
    in the colour of the claim of kind "signal"; provisional months are hollow on a dashed line.  `target` is in the
    reader's unit; the KPI's own is the default.
    """
    rows = records(rates.sort_values("period", kind="stable"))
    y = np.array([reader_value(row, kpi) for row in rows], dtype=float)
    goal = kpi.target if target is None else target
    words = marks.limits(ax, rows, kpi, lang)
    if not words:
        marks.whiskers(ax, rows, kpi)
    if goal is not None:
        ax.axhline(goal, color=style.INK, linewidth=1, linestyle=DOTTED, zorder=2)
        words.append((goal, marks.goal_words(goal, kpi, lang), style.INK))
    marks.line(ax, rows, y)
    limits = [float(row[name]) * kpi.scale for row in rows for name in ("lcl", "ucl") if not pd.isna(row.get(name))]
    ends = limits or marks.bounds(rows, kpi)
    ringed, tones = _ringed(rows, claim)
    left = marks.upright_axis(ax, kpi, [*y, *(place for place, _, _ in words), *ends], ringed=bool(ringed))
    marks.months_axis(ax, rows, lang)
    room = marks.rings(ax, y, ringed, tones, kpi)
    ax.set_xlim(-0.5, len(rows) - 1 + room)
    style.fit(ax, left=left, right=marks.margin_words(ax, words), top=8, bottom=30, height=126)


@styled()
def pareto(rates: pd.DataFrame, kpi: Kpi, *, lang: str, ax: Axes, claim: Claim | Claims = None) -> None:
    """Draw horizontal bars of counts, largest first and 其他 last, with cumulative shares and the 80 % cut.

    `rates`: one row per category, columns segment, label, num, n, state (kind count); a row "all" is left out.
    """
    rows, counts, shares = cumulated(rates, lang)
    within = np.append(0.0, shares)[: len(counts)] < CUT
    marks.bars(ax, counts, [style.BLUE if inside else style.TINT for inside in within])
    marks.bar_ends(ax, counts, [number(count) for count in counts])
    marks.column(ax, range(len(rows)), [f"{share:.0%}" for share in shares], head="累计" if lang == "zh" else "cum.")
    if 0 < within.sum() < len(rows):
        ax.axhline(within.sum() - 0.5, color=style.GREY, linewidth=0.8, linestyle=(0, (3, 2)))
    _fit_bars(ax, rows, lang, right=44, top=18)


@styled()
def ageing(rates: pd.DataFrame, kpi: Kpi, *, lang: str, ax: Axes, claim: Claim | Claims = None) -> None:
    """Draw bars of age bands in the order given, youngest on top; the older half in full colour.

    `rates`: one row per band, columns segment, label, n, num, den, value, state; a row "all" is left out.
    """
    rows = [row for row in records(rates) if row["segment"] != "all"]
    values = np.nan_to_num(np.array([reader_value(row, kpi) for row in rows], dtype=float))
    marks.bars(ax, values, [style.TINT if place < len(rows) / 2 else style.BLUE for place in range(len(rows))])
    figures = [format_rate(row, kpi, lang) for row in rows]
    marks.bar_ends(ax, values, figures)
    _fit_bars(ax, rows, lang, right=max(map(style.text_width, figures), default=0) + 8, top=4)


@styled()
def bullet(
    rates: pd.DataFrame,
    kpi: Kpi,
    *,
    lang: str,
    ax: Axes,
    claim: Claim | Claims = None,
    target: float | None = None,
) -> None:
    """Draw a bar with its interval against the target for each row; only a claim colours a bar.

    `rates`: one row per community or segment, columns segment, label, n, num, den, value, low, high, state.
    `target` is in the reader's unit; the KPI's own is the default.
    """
    goal = kpi.target if target is None else target
    rows = records(rates)
    values = np.nan_to_num(np.array([reader_value(row, kpi) for row in rows], dtype=float))
    tones = [colour(row, claim) for row in rows]
    marks.bars(ax, values, [style.TINT if tone == style.GREY else tone for tone in tones])
    marks.whiskers(ax, rows, kpi, across=True)
    marks.column(ax, range(len(rows)), [format_rate(row, kpi, lang, target=goal, unit=False) for row in rows])
    if goal is not None:
        ax.axvline(goal, color=style.INK, linewidth=1.4, zorder=4)
        words = marks.goal_words(goal, kpi, lang)
        ax.text(goal, 1, words, transform=style.above(ax, 4), ha="center")
    known = [value for value in (*values, goal or 0, *marks.bounds(rows, kpi), 1e-9) if not np.isnan(value)]
    ax.set_xlim(0, max(known) * 1.02)
    _fit_bars(ax, rows, lang, right=48, top=18, with_n=True)


@styled()
def survival(
    rates: pd.DataFrame,
    kpi: Duration,
    *,
    lang: str,
    ax: Axes,
    claim: Claim | Claims = None,
    n_open: int = 0,
) -> None:
    """Draw the share still open against the time since the start (Kaplan and Meier 1958), with its band.

    `rates`: the table of `stats.survival_table`: time (minutes), survival, low, high, at_risk; `n_open` cases have no
    end yet.  The promise of the KPI is a dotted line.
    """
    unit, words = _time_unit(rates, lang)
    time = np.concatenate([[0.0], rates["time"].to_numpy(float) / unit])
    left, low, high = (np.append(1.0, rates[name].to_numpy(float)) * 100 for name in ("survival", "low", "high"))
    ax.fill_between(time, low, high, step="post", color=style.TINT, alpha=0.6, linewidth=0)
    ax.step(time, left, where="post", color=style.BLUE)
    ax.set(ylim=(0, 100), xlim=(0, time[-1] * 1.02 or 1))
    if kpi.limit is not None and kpi.limit / unit <= time[-1]:
        promise = f"{'承诺' if lang == 'zh' else 'promise'} {kpi.limit / unit:g} {words}"
        ax.axvline(kpi.limit / unit, color=style.INK, linewidth=1, linestyle=DOTTED)
        ax.text(kpi.limit / unit, 1, promise, transform=style.above(ax, 4), ha="center")
    ax.yaxis.set_major_locator(mticker.FixedLocator([0, 50, 100]))
    ax.yaxis.set_major_formatter(mticker.FormatStrFormatter("%d%%"))
    ax.xaxis.set_major_locator(mticker.MaxNLocator(6, steps=(1, 2, 3, 6, 10)))
    still_open = (f"；{n_open} 件尚未完成" if lang == "zh" else f"; {n_open} still open") if n_open else ""
    ax.set_xlabel((f"经过时间（{words}）" if lang == "zh" else f"time passed ({words})") + still_open)
    ax.tick_params(axis="y", labelcolor=style.MUTED)
    ax.grid(axis="y")
    sns.despine(ax=ax, left=True)
    style.fit(ax, left=36, right=30, top=18, bottom=34, height=126)


def survival_words(table: pd.DataFrame, kpi: Duration, lang: str) -> str:
    """Return the sentence that stands for a survival curve: when half, three quarters and nine tenths were done."""
    said = [f"{share} {'完成' if lang == 'zh' else 'done'} {at}" for share, at in _reached(table, lang)]
    return kpi.label.get(lang) + ("：" if lang == "zh" else ": ") + ("，" if lang == "zh" else ", ").join(said)


def _words_of_curve(rates: pd.DataFrame, kpi: Duration, lang: str, **_: object) -> str:
    return survival_words(rates, kpi, lang)


def _survival_table(rates: pd.DataFrame, kpi: Duration, lang: str, **_: object) -> Display:
    heads = ["完成比例", "用时"] if lang == "zh" else ["Share done", "Time"]
    return table(pd.DataFrame(_reached(rates, lang), columns=heads), caption=kpi.label, lang=lang, numeric=heads[1:])


def _reached(rates: pd.DataFrame, lang: str) -> list[tuple[str, str]]:
    """When given shares were done, in words; a share that was not reached says so."""
    unit, words = _time_unit(rates, lang)
    found = []
    for left in (0.5, 0.25, 0.1):
        times = rates.loc[rates["survival"].le(left + 1e-12), "time"]
        never = "尚未达到" if lang == "zh" else "not reached"
        found.append((f"{1 - left:.0%}", f"{times.iloc[0] / unit:.1f} {words}" if len(times) else never))
    return found


def _time_unit(rates: pd.DataFrame, lang: str) -> tuple[float, str]:
    """Minutes in the unit in which the longest duration reads well, and its name."""
    longest = float(rates["time"].max()) if len(rates) else 0
    if longest < 180:
        return 1, "分钟" if lang == "zh" else "minutes"
    if longest < 4320:
        return 60, "小时" if lang == "zh" else "hours"
    return 1440, "天" if lang == "zh" else "days"


def _ordered(rates: pd.DataFrame, order: str) -> pd.DataFrame:
    if order == "value":
        return rates.sort_values("value", ascending=False, kind="stable", na_position="last")
    if order == "natural":
        return rates.sort_values("label" if "label" in rates else "segment", kind="stable", key=natsort_keygen())
    return rates


def _value_column(
    ax: Axes, rows: Sequence[marks.Row], at: Sequence[float], kpi: Kpi, lang: str, claim: Claim | Claims
) -> None:
    """The figures at the right, with the arrow of a claim; a suppressed row says so where its dot would be."""
    few = "样本不足，已隐藏" if lang == "zh" else "too few, hidden"
    for row, y in zip(rows, at, strict=True):
        found = claim_of(row, claim)
        ink = style.INK if row["state"] in ("ok", "census") else style.MUTED
        words = {"va": "center_baseline", "color": tone(found.good) if found else ink}
        ax.text(1, y, format_rate(row, kpi, lang, unit=False), transform=style.beside(ax, 32), ha="right", **words)
        if found and found.verdict in ARROWS:
            ax.text(1, y, ARROWS[found.verdict], transform=style.beside(ax, 36), **words)
        if row["state"] == "suppressed":
            ax.text(0, y, few, transform=style.beside(ax, 8), **words)


def _ringed(rows: Sequence[marks.Row], claim: Claim | Claims) -> tuple[list[int], list[str]]:
    """Places of the months outside their limits, and their colours: the latest may have a claim, others are ink."""
    outside = [place for place, row in enumerate(rows) if not pd.isna(row.get("signal")) and bool(row.get("signal"))]
    told = next((item for item in claims_of(claim) if item.kind == "signal"), None)
    tones = [style.INK for _ in outside]
    if told is not None and outside:
        tones[-1] = tone(told.good)
    return outside, tones


def _fit_bars(
    ax: Axes, rows: Sequence[marks.Row], lang: str, *, right: float, top: float, with_n: bool = False
) -> None:
    left = marks.row_labels(ax, rows, range(len(rows)), lang, with_n=with_n)
    style.fit(ax, left=left, right=right, top=top, bottom=4, height=len(rows) * (marks.ROW + 2))
