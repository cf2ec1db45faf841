"""What a report opens with beside its findings: what happened, what is open, and, for the team, in whose hands it is.

Counts told as they stand, from the lists that the body shows; nothing here compares or judges.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from propkit.domains.improvement_readings import STATES
from propkit.domains.security_words import HAZARD_LEVELS
from propkit.reporting import items, rectification
from propkit.reporting.book import Book
from propkit.text import Text, counted

LEADS = ("service_day", "security_summary", "rectification")
"""Reports whose one sentence is the first of these; that of all others is how many targets are met."""
MOST_NAMED = 4
"""Departments or kinds that one sentence names."""


def facts(book: Book) -> list[Text]:
    """Return the sentences of a report's own, in a reader's order; none where nothing is known."""
    return [words for tell in _FACTS.get(book.report, ()) if (words := tell(book)) is not None]


def _tasks(book: Book) -> Text:
    """How many tasks a service day had, and how many were done on the day."""
    done = book.figure("service_day_done_rate")
    if done["state"] == "no_data":
        return Text("这一天没有登记服务日的任务。", "No tasks of a service day are recorded for this day.")
    return Text(
        f"服务日任务 {int(done['den'])} 项，当天完成 {int(done['num'])} 项。",
        f"{counted(int(done['den']), 'tasks')} on this service day, {int(done['num'])} done on the day.",
    )


def _checks(book: Book) -> Text | None:
    """What the preventive checks of a service day found and fixed."""
    checked, found, fixed = (
        _count(book, one) for one in ("preventive_checks", "preventive_defects_found", "preventive_same_day_fix_rate")
    )
    if checked is None or found is None:
        return None
    zh = "" if fixed is None else f"，当天整改 {fixed} 项"
    en = "" if fixed is None else f", {fixed} of them fixed the same day"
    new = _count(book, "new_issues_found")
    more = (
        Text("", "")
        if new is None
        else Text(
            f"；全部任务共新发现问题 {new} 项", f"; all tasks together found {counted(new, 'issues not known before')}"
        )
    )
    return Text(
        f"预防性巡查 {checked:,} 项，发现问题 {found} 项{zh}{more.zh}。",
        f"Preventive checks: {counted(checked, 'items')}, {counted(found, 'defects')} found{en}{more.en}.",
    )


def _reception(book: Book) -> Text | None:
    """How many households came, and with how much."""
    homes, topics = (_count(book, one) for one in ("reception_count", "reception_topics"))
    if homes is None or topics is None:
        return None
    return Text(
        f"现场接待 {homes} 户次，{topics} 件事项。",
        f"{counted(homes, 'visits of households')} to the reception, with {counted(topics, 'topics')}.",
    )


def _left_over(book: Book) -> Text | None:
    """The tasks of service days that are still open at the cut-off, and the departments that have them."""
    rows = items.rows("carry_over_issues", book)
    if rows is None:
        return None
    day = book.cut.as_of.strftime("%Y-%m-%d")
    still = rows[rows["done_at"].isna()]
    if still.empty:
        return Text(f"各服务日的任务到 {day} 都已完成。", f"By {day} every task of the service days was done.")
    late, older = int(still["overdue"].fillna(False).sum()), int((still["held_on"] < book.period.start).sum())
    who, every = _named(book, still["department"]), late == len(still)
    over = Text(
        "都已过时限" if every else f"其中已过时限 {late} 项",
        "all past the due time" if every else f"{late} past the due time",
    )
    left = Text("，其中" if every else "、", "; " if every else ", ")
    zh = f"到 {day} 仍有 {len(still)} 项任务没有完成，{over.zh}{left.zh}以前服务日留下的 {older} 项{who.zh}。"
    en = f"On {day} {counted(len(still), 'tasks')} not done yet, {over.en}{left.en}{older} from earlier service days{who.en}."
    return Text(zh, en)


def _incidents(book: Book) -> Text | None:
    """How many incidents there were, those of the year before, and how many are not closed."""
    number, closed = _count(book, "incident_count_by_type"), book.figure("incident_outcome")
    if number is None:
        return None
    open_ = 0 if closed["state"] == "no_data" else int(closed["den"]) - int(closed["num"])
    return Text(
        f"突发事件 {number} 起，到 {book.cut.as_of:%Y-%m-%d} 未结案 {open_} 起。",
        f"{counted(number, 'incidents')}; by {book.cut.as_of:%Y-%m-%d} {open_} of them not closed.",
    )


def _hazards(book: Book) -> Text | None:
    """The hazards that are overdue, by level, and the longest."""
    rows = items.rows("hazard_overdue", book)
    if rows is None:
        return None
    if rows.empty:
        return Text("没有超期未整改的隐患。", "No hazard is overdue.")
    levels = rows["hazard_level"].value_counts()
    named = [(HAZARD_LEVELS[level], int(levels[level])) for level in HAZARD_LEVELS if level in levels]
    zh = "、".join(f"{label.zh} {count} 项" for label, count in named)
    en = ", ".join(f"{label.en.lower()} {count}" for label, count in named)
    days = int(rows["days_over"].max())
    return Text(
        f"超期未整改的隐患 {len(rows)} 项（{zh}），最久的已超期 {days} 天。",
        f"{counted(len(rows), 'hazards')} overdue ({en}), the longest by {counted(days, 'days')}.",
    )


def _measures(book: Book) -> Text | None:
    """The measures of the period by state, and who has the overdue ones."""
    rows = items.rows("improvement_measures", book)
    if rows is None or rows.empty:
        return None
    states = rows["state"].value_counts()
    known = [(STATES[state], int(states[state])) for state in STATES if state in states]
    zh, en = (
        "、".join(f"{label.zh} {count} 条" for label, count in known),
        "; ".join(f"{label.en.lower()} {count}" for label, count in known),
    )
    who = _named(book, rows.loc[rows["state"] == "overdue", "department"])
    return Text(f"改进措施 {len(rows)} 条：{zh}{who.zh}。", f"{counted(len(rows), 'measures')}: {en}{who.en}.")


def _named(book: Book, departments: pd.Series) -> Text:
    """The departments that have open cases, most first; owners are not told."""
    counts = (
        departments.dropna().value_counts().sort_index().sort_values(ascending=False, kind="stable").head(MOST_NAMED)
    )
    if book.edition == "owner" or counts.empty:
        return Text("", "")
    zh = "、".join(f"{name} {count}" for name, count in counts.items())
    en = ", ".join(f"{name} {count}" for name, count in counts.items())
    return Text(f"（未完成的责任部门：{zh}）", f" (open with: {en})")


def _count(book: Book, kpi_id: str) -> int | None:
    """The numerator of a figure in its own unit; None where nothing is known or it must not be shown."""
    figure = book.figure(kpi_id)
    if figure["state"] in ("no_data", "suppressed"):
        return None
    kpi = book.kpi(kpi_id)
    return round(int(figure["num"]) * (kpi.scale if kpi.kind == "count" else 1))


_FACTS: dict[str, tuple[Callable[[Book], Text | None], ...]] = {
    "service_day": (_tasks, _checks, _reception, _left_over),
    "security_summary": (_incidents, _hazards, _measures),
    "annual_summary": (_measures,),
    "rectification": (rectification.answer,),
}
