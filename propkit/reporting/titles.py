"""The title of a chart about which no claim stands: what it sums up to.

A title describes the figures drawn and compares nothing; whatever names a difference is a claim.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from propkit.model import Duration, Kpi
from propkit.reporting.display import format_rate, hidden, label_of, records
from propkit.stats.display import percent_text
from propkit.text import Text, counted, minutes

CUT = 0.8
"""The share of all cases that a Pareto chart's leading kinds make up."""
_REST = ("other", "others", "其他", "其它")


def cumulated(rates: pd.DataFrame, lang: str) -> tuple[list[dict], np.ndarray, np.ndarray]:
    """The categories of a Pareto chart in its order, their counts, and the share of all up to each."""
    rows = _pareto_order([row for row in records(rates) if row["segment"] != "all" and not hidden(row)], lang)
    counts = np.array([float(row["num"]) for row in rows])
    return rows, counts, counts.cumsum() / counts.sum() if counts.sum() else np.zeros(len(counts))


def pareto(rates: pd.DataFrame, kpi: Kpi, lang: str, **_: object) -> str:
    """How many cases, and how many kinds make up four fifths of them."""
    rows, counts, shares = cumulated(rates, lang)
    if not counts.sum():
        return ""
    total = format_rate({**rows[0], "num": counts.sum(), "n": counts.sum(), "value": counts.sum()}, kpi, lang)
    kinds = int((np.append(0.0, shares)[: len(counts)] < CUT).sum())
    if kinds == len(rows):
        return _titled(kpi, lang, total)
    share = percent_text(counts[:kinds].sum(), counts.sum())
    gather = f"最多的一类占 {share}" if kinds == 1 else f"前 {kinds} 类合占 {share}"
    return _titled(kpi, lang, f"{total}，{gather}" if lang == "zh" else
                   f"{total}, {share} of them in {counted(kinds, 'kinds')}")  # fmt: skip


def trend(rates: pd.DataFrame, kpi: Kpi, lang: str, target: float | None = None, **_: object) -> str:
    """The latest month, where it is settled and inside the limits drawn."""
    last = records(rates.sort_values("period", kind="stable"))[-1]
    center, signal = last.get("center"), last.get("signal")
    if last["state"] not in ("ok", "census") or pd.isna(center) or pd.isna(signal) or signal:
        return ""
    figure = f"{kpi.label.get(lang)} {format_rate(last, kpi, lang, target=target)}"
    return f"{figure}，在正常波动的范围内" if lang == "zh" else f"{figure}, within ordinary variation"


def ageing(rates: pd.DataFrame, kpi: Kpi, lang: str, **_: object) -> str:
    """How much there is of all ages together."""
    rows = [row for row in records(rates) if row["segment"] != "all"]
    total = sum(row["num"] for row in rows if not hidden(row))
    return _titled(kpi, lang, format_rate({**rows[0], "num": total, "value": float(total)}, kpi, lang))


def survival(rates: pd.DataFrame, kpi: Duration, lang: str, **_: object) -> str:
    """When half and nine tenths were done, as far as that is known."""
    zh, said = lang == "zh", []
    for left, share in ((0.5, Text("一半", "half")), (0.1, Text("九成", "nine tenths"))):
        times = rates.loc[rates["survival"].le(left + 1e-12), "time"]
        if len(times):
            within = minutes(float(times.iloc[0]), lang)
            said.append(f"{share.zh}在 {within}内完成" if zh else f"{share.en} within {within}")
    return _titled(kpi, lang, ("，" if zh else ", ").join(said)) if said else ""


def _titled(kpi: Kpi | Duration, lang: str, words: str) -> str:
    return f"{kpi.label.get(lang)}{'：' if lang == 'zh' else ': '}{words}"


def _pareto_order(rows: list[dict], lang: str) -> list[dict]:
    """Largest first, and the remainder category last whatever its size."""
    return sorted(rows, key=lambda row: (str(row["segment"]) in _REST or label_of(row, lang) in _REST, -row["num"]))
