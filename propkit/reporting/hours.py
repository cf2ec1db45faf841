"""When things happen in a week: patrols and incidents by hour and weekday, for the team alone.

Whoever knows when nobody walks by knows when to come: owners' pages are public, so these are not for them.
"""

from __future__ import annotations

import pandas as pd

from propkit import domains
from propkit.model import Kpi
from propkit.reporting import tables
from propkit.reporting.book import Book
from propkit.reporting.display import Display, sentence
from propkit.reporting.lacking import absent
from propkit.reporting.listings import counts_of_week
from propkit.text import Text

_VISITS = Kpi(
    id="patrol_hours", label=Text("巡更打卡的时段", "Patrol scans by hour and weekday"),
    top=Text("当期的打卡", "scans of the period"), bottom=Text("无（数量）", "none (a count)"),
    table="patrol_scan", numerator="scans", kind="count", unit=Text("次", "scans"), scale=1, dated_by="actual_at",
)  # fmt: skip
_INCIDENTS = Kpi(
    id="incident_hours", label=Text("突发事件的时段", "Incidents by hour and weekday"),
    top=Text("当期接报的事件", "incidents of the period"), bottom=Text("无（数量）", "none (a count)"),
    table="incident", numerator="incidents", kind="count", unit=Text("起", "incidents"), scale=1, dated_by="reported_at",
)  # fmt: skip

FEW = 50
"""With fewer cases a week of 168 hours is almost empty: the four quarters of the day say more."""


def patrols(book: Book) -> Display:
    """Scans of checkpoints by hour and weekday: hours in which nobody walks by stand out as 0."""
    return _week(book, _VISITS)


def incidents(book: Book) -> Display:
    """Incidents by hour and weekday, beside the patrols."""
    return _week(book, _INCIDENTS)


def _week(book: Book, kpi: Kpi) -> Display:
    if book.edition == "owner":
        return Display("", "", "")
    rows = book.tables[kpi.table]
    times = rows[kpi.dated_by].dropna() if kpi.dated_by in rows else pd.Series(dtype="datetime64[ns]")
    times = times[(times >= book.period.start) & (times < book.period.end)]
    if times.empty:
        return absent(book, kpi)
    if len(times) < FEW:
        return sentence(_by_quarter(times, kpi), book.lang)
    source = domains.TABLES[kpi.table].label
    return tables.heat_hours(counts_of_week(times), kpi, lang=book.lang, title=kpi.label, source=source)


def _by_quarter(times: pd.Series, kpi: Kpi) -> Text:
    """How many fell on each quarter of the day."""
    parts = [(start, int(times.dt.hour.between(start, start + 5).sum())) for start in (0, 6, 12, 18)]
    zh = "，".join(f"{start}–{start + 6} 时 {count} {kpi.unit.zh}" for start, count in parts)
    en = ", ".join(f"{start:02d}–{start + 6:02d} h {count}" for start, count in parts)
    return Text(f"{kpi.label.zh}（共 {len(times)} {kpi.unit.zh}）：{zh}。", f"{kpi.label.en} ({len(times)}): {en}.")
