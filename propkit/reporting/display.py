"""What a notebook shows, and how one figure is put in words.  Escapes all that comes from data; computes nothing.

A row is a mapping with the columns of rates: n, num, den, value, low, high, state (value, low and high unscaled).
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import pandas as pd

from propkit.errors import PropkitError
from propkit.model import Column, Duration, Kpi
from propkit.periods import parse_period
from propkit.stats.display import percent_text, round_exact
from propkit.text import Text, counted, minus, number, singular, yuan

MIME = "application/vnd.propkit+html"
"""The key of a notebook output that holds the form for the finished page."""
HEADING = "application/vnd.propkit.heading"
"""The key of an output that opens a section of the page."""
RECEIPT = "application/vnd.propkit.receipt+json"
"""The key of the last output of a report: proof that it reached its end, and with which parameters and data."""
NONCE = "PROPKIT_NONCE"
"""The variable that holds the mark of this run: a receipt without it is of another."""

STATES: dict[str, Text] = {
    "ok": Text("", ""),
    "census": Text("全部", "all"),
    "provisional": Text("暂定", "provisional"),
    "unreliable": Text("仅供参考", "indicative only"),
    "suppressed": Text("样本不足，不公布", "too few answers to show"),
    "no_data": Text("无数据", "no data"),
}
MARKS = {"suppressed": "※", "no_data": "—"}
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_FEW = Text("样本不足", "too few")


@dataclass(frozen=True, slots=True)
class Display:
    """A piece of a report in three forms: `html` for the page, `fallback` for notebooks, `text` as one sentence."""

    html: str
    fallback: str
    text: str

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.fallback, MIME: self.html, "text/plain": self.text}


def join(parts: Iterable[Display]) -> Display:
    """Return several pieces as one, in their order."""
    kept = list(parts)
    return Display(*("\n".join(getattr(part, name) for part in kept) for name in ("html", "fallback", "text")))


def esc(value: object) -> str:
    """Return a value from data as text that is safe in HTML and in a quoted attribute."""
    return html.escape(str(value), quote=True)


def word(text: Text | str, lang: str) -> str:
    """Return words in `lang`; plain strings pass."""
    return text.get(lang) if isinstance(text, Text) else str(text)


def sentence(words: Text | str, lang: str) -> Display:
    """Return one sentence as a paragraph."""
    html = f"<p>{esc(word(words, lang))}</p>"
    return Display(html, html, word(words, lang))


def absent(kpi: Kpi | Duration, lang: str) -> Display:
    """Say that there is nothing to show for a figure, instead of an empty chart."""
    return sentence(Text(f"{kpi.label.zh}：本期无数据。", f"{kpi.label.en}: no data in this period."), lang)


def details(summary: str, inner: str, kind: str = "pk-more") -> str:
    """Return `inner` (HTML) folded away under a line of words; paper leaves out what is of `kind` "pk-more"."""
    return f'<details class="{kind}"><summary>{esc(summary)}</summary>{inner}</details>'


def heads_of(lang: str, *pairs: tuple[str, str]) -> list[str]:
    """Return the heads of a table's columns in a language, of pairs (zh, en)."""
    return [Text(*pair).get(lang) for pair in pairs]


def label_of(row: Mapping[str, object], lang: str) -> str:
    """Return the reader's words for the segment of a row: its `label`, else its id; "all" becomes 全体."""
    label = row.get("label")
    if label is None or pd.isna(label) or not label:
        whole = "全体" if lang == "zh" else "All"
        return whole if row.get("segment") == "all" else str(row.get("segment", ""))
    return str(label)


def period_words(period: str, lang: str, *, short: bool = False) -> str:
    """Return a period for readers: "2025-09" as 2025年9月, when `short` as 9月 or Sep; what is no period passes."""
    match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", str(period))
    if not match:
        return _longer_period(str(period), lang)
    if lang != "zh" and not short:
        return str(period)
    month = f"{int(match[2])}月" if lang == "zh" else _MONTHS[int(match[2]) - 1]
    return month if short else f"{match[1]}年{month}"


@cache
def _longer_period(period: str, lang: str) -> str:
    try:
        return parse_period(period).label(lang)
    except PropkitError:
        return period


def state_words(state: str, lang: str) -> str:
    """Return the words of a state; nothing for "ok"."""
    return STATES[state].get(lang)


def hidden(row: Mapping[str, object]) -> bool:
    """Tell whether the figure of this row must not or cannot be shown."""
    return row["state"] in MARKS


_NEARER = 2
"""Decimals that a figure may get beyond the usual so that it stands on its side of the target."""


def format_rate(
    row: Mapping[str, object],
    kpi: Kpi,
    lang: str,
    *,
    target: float | None = None,
    decimals: int | None = None,
    unit: bool = True,
) -> str:
    """Return the figure of a row as readers see it, with its unit: 78%, 3.8 件, ※ (hidden), — (no data).

    `target` is in the reader's unit (the KPI's own by default); up to two decimals are added until the rounded figure
    stands on its true side, and a figure closer to the target than that is said to be above or below it: >4.5.  Without
    `unit` only "%" stays.
    """
    amount, name = figure_parts(row, kpi, lang, target=target, decimals=decimals)
    if name == "%":
        return amount + name
    return f"{amount} {name}" if name and unit else amount


def figure_parts(
    row: Mapping[str, object], kpi: Kpi, lang: str, *, target: float | None = None, decimals: int | None = None
) -> tuple[str, str]:
    """Return the figure of a row and its unit apart, for a large number with a small unit."""
    if hidden(row):
        return MARKS[str(row["state"])], ""
    name = kpi.unit.get(lang)
    goal = kpi.target if target is None else target
    places = _decimals(row, kpi, name) if decimals is None else decimals
    most = places + _NEARER
    while places < most and goal is not None and _crosses(row, kpi, goal, places):
        places += 1
    if goal is not None and _crosses(row, kpi, goal, places):
        return minus(f"{'>' if _exact(row, kpi) > Fraction(str(goal)) else '<'}{goal:g}"), name
    if name == "%" and _counted(row):
        return minus(percent_text(int(row["num"]), int(row["den"]), places).removesuffix("%")), name
    amount = minus(f"{round_exact(_exact(row, kpi), 1, places):,}")
    return amount, singular(name) if amount == "1" and lang == "en" else name


def reader_value(row: Mapping[str, object], kpi: Kpi, column: str = "value") -> float:
    """Return a column of a row in the reader's unit, NaN where it is hidden or missing."""
    value = row.get(column)
    return float("nan") if hidden(row) or value is None or pd.isna(value) else float(value) * kpi.scale


def format_interval(row: Mapping[str, object], kpi: Kpi, lang: str) -> str:
    """Return the interval of a row as "72–82%", or nothing where there is none."""
    low, high = reader_value(row, kpi, "low"), reader_value(row, kpi, "high")
    if pd.isna(low) or pd.isna(high):
        return ""
    unit = kpi.unit.get(lang)
    decimals = _decimals(row, kpi, unit)
    bounds = [0.0, 100.0] if unit == "%" else []
    fixed = bounds if kpi.target is None else [*bounds, kpi.target]
    while decimals < 4 and any(_misreads(end, mark, decimals) for end in (low, high) for mark in fixed):
        decimals += 1  # an end must not read as 0, 100 or the target, nor change its side, by rounding
    return f"{number(low, decimals)}–{number(high, decimals)}" + ("%" if unit == "%" else "")


def _misreads(end: float, mark: float, decimals: int) -> bool:
    shown = round(end, decimals)
    return (end < mark) != (shown < mark) or (end > mark) != (shown > mark)


def format_n(row: Mapping[str, object], lang: str) -> str:
    """Return the number of cases behind a row as "n=854"; a suppressed row gives no number, not even a bound.

    A bound would be wrong for a row that is hidden so that another cannot be worked out.
    """
    if row["state"] == "suppressed":
        return MARKS["suppressed"]
    if row["state"] == "census":
        return f"全部 {int(row['n']):,}" if lang == "zh" else f"all {int(row['n']):,}"
    return f"n={int(row['n']):,}" if row["n"] is not None and not pd.isna(row["n"]) else ""


def format_target(kpi: Kpi, target: float, lang: str, *, unit: bool = True) -> str:
    """Return a target with its direction: 目标 ≥95%.  Without `unit` only "%" stays."""
    sign = {"up": "≥", "down": "≤"}.get(kpi.better or "", "")
    name = kpi.unit.get(lang)
    amount = f"{target:g}" + (name if name == "%" else f" {name}" if unit else "")
    return ("目标 " if lang == "zh" else "target ") + sign + amount


VERDICTS: dict[str, Text] = {
    "higher": Text("上升", "higher"),
    "lower": Text("下降", "lower"),
    "no_clear_change": Text("无明显变化", "no clear change"),
    "attained": Text("达标", "attained"),
    "not_attained": Text("未达标", "not attained"),
    "undecided": Text("尚不能判定", "undecided"),
    "not_comparable": Text("不可比", "not comparable"),
    "not_judged": Text("未作判断", "not judged"),
    "better": Text("好转", "better"),
    "worse": Text("变差", "worse"),
    "not_settled": Text("尚未定案", "not settled"),
    "no_data": Text("无数据", "no data"),
    "done": Text("完成", "done"),
    "signal": Text("超出正常范围", "outside its usual range"),
}
"""The words of verdicts in tables; sentences are worded by `claims`."""


def cell_words(column: Column, value: object, lang: str, *, name: str = "") -> str:
    """Return a cell of a listing for readers, by the kind of its column: money in yuan, thousandths as decimals, labels."""
    if value is None or pd.isna(value):
        return "—"
    known = column.choices or {"state": STATES, "verdict": VERDICTS}.get(name, {})
    if value in known:
        return known[value].get(lang) or "✓"
    match column.kind:
        case "money":
            return yuan(int(value), lang)
        case "decimal":
            return minus(f"{value / 1000:,.6g}")
        case "whole" | "score":
            return number(int(value))
        case "flag":
            return Text("是", "yes").get(lang) if value else Text("否", "no").get(lang)
        case "month":
            return f"{value:%Y-%m}"
        case "day":
            return f"{value:%Y-%m-%d}"
        case "instant":
            return f"{value:%Y-%m-%d %H:%M}"
        case _:
            return str(value)


def records(rates: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a frame as mappings."""
    return rates.to_dict("records")


def months(rates: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a frame in the order of their periods."""
    return records(rates.sort_values("period", kind="stable"))


def noted(words: str, row: Mapping[str, object], lang: str) -> str:
    """Return `words` with the state of a row after them when it is provisional or indicative only."""
    note = state_words(str(row["state"]), lang) if row["state"] in ("provisional", "unreliable") else ""
    return words + ((f"（{note}）" if lang == "zh" else f" ({note})") if note else "")


def describe(rates: pd.DataFrame, kpi: Kpi | Duration, *, lang: str, by: str = "segment") -> str:
    """Return the sentence that stands for a chart of `rates`: every figure up to fourteen, else the ends.

    `by` is the column along which the chart runs: "segment" or "period".
    """
    rows = records(rates)
    name = (lambda row: period_words(row["period"], lang)) if by == "period" else (lambda row: label_of(row, lang))
    said = [f"{name(row)} {format_rate(row, kpi, lang)}{_remark(row, lang)}" for row in rows]
    if len(said) > 14:
        shown = sorted((row for row in rows if not hidden(row)), key=lambda row: row["value"])
        ends = [f"{name(row)} {format_rate(row, kpi, lang)}" for row in (shown[0], shown[-1])] if shown else []
        said = [*ends, f"共 {len(rows)} 项" if lang == "zh" else counted(len(rows), "rows")]
    comma, stop = ("，", "。") if lang == "zh" else (", ", ".")
    return kpi.label.get(lang) + ("：" if lang == "zh" else ": ") + comma.join(said) + stop


def _remark(row: Mapping[str, object], lang: str) -> str:
    words = _FEW.get(lang) if row["state"] == "suppressed" else state_words(str(row["state"]), lang)
    return (f"（{words}）" if lang == "zh" else f" ({words})") if words and row["state"] != "census" else ""


def _exact(row: Mapping[str, object], kpi: Kpi) -> Fraction:
    """The value in the reader's unit as an exact fraction where num and den are given."""
    value = Fraction(float(row["value"]))
    if kpi.kind != "count" and _counted(row):
        value = Fraction(int(row["num"]), int(row["den"]))
    return value * Fraction(kpi.scale).limit_denominator(10**6)


def _counted(row: Mapping[str, object]) -> bool:
    """Whether the figure comes from whole-number halves; a weighted estimate does not."""
    num, den = row.get("num"), row.get("den")
    return num is not None and den is not None and not pd.isna(num) and not pd.isna(den) and bool(den)


def _decimals(row: Mapping[str, object], kpi: Kpi, unit: str) -> int:
    """Decimals that the base can carry (GB/T 8170; none below 100 cases, one from 1,000 on)."""
    if kpi.kind == "count" and kpi.scale == 1:
        return 0  # cases; tonnes and kilometres have decimals
    if unit == "%":
        return 1 if kpi.kind == "money" or row["n"] >= 1000 else 0
    exact = _exact(row, kpi)
    size = abs(float(exact))
    whole = size == 0 or (kpi.kind == "count" and exact.denominator == 1)  # 12 repairs, not 12.0
    return 0 if whole or size >= 100 else 1 if size >= 1 else 2


def _crosses(row: Mapping[str, object], kpi: Kpi, goal: float, decimals: int) -> bool:
    """Whether rounding would carry the figure over the target, or onto it."""
    value, limit = _exact(row, kpi), Fraction(str(goal))
    rounded = round(value, decimals)
    return (value < limit) != (rounded < limit) or (value > limit) != (rounded > limit)


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a section; what follows it in the notebook belongs to it."""

    words: str

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {HEADING: self.words, "text/markdown": f"## {self.words}", "text/plain": self.words}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a report says of itself when it has reached its end: plain JSON data, invisible on the page."""

    content: Mapping[str, object]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        return {
            RECEIPT: {**self.content, "nonce": os.environ.get(NONCE, "")},
            MIME: "",
            "text/html": "",
            "text/plain": "",
        }
