"""Whose report it is: of what is planned and done, the report of one department lists its own and counts what is others'.

A row is its own where the row's department is, or where its metric is a figure of the department's rooms that the report holds,
whoever is to mend it; so is a row that names neither.  The report of the whole community, `HOME`, lists all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType

import pandas as pd

from propkit.domains import improvement, parking, security
from propkit.domains.teams import guards
from propkit.model import Reading
from propkit.reporting.book import Book
from propkit.reporting.sources import figures
from propkit.text import Text


@dataclass(frozen=True, slots=True)
class Department:
    """A department with a report of its own: its name for readers, what exports call it, and the rooms of its figures."""

    label: Text
    named: Callable[[pd.Series], pd.Series]
    rooms: tuple[ModuleType, ...]


DEPARTMENTS = {
    "security_summary": Department(Text("秩序部", "the security department"), guards, (security, parking)),
}
"""The reports that are one department's."""
HOME = "annual_summary"
"""The report that lists what these leave out."""
_TITLE = Text("物业服务总结", "service summary")
LISTS = (
    *(one.id for one in improvement.READINGS if {"department", "metric_id"} & set(one.columns)),
    "measure_effects",
)
"""The lists of what is planned and done, each row in somebody's hands."""


def own(book: Book, item_id: str, rows: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return the rows of a list that belong into the report; all of them where it is no department's."""
    whose = DEPARTMENTS.get(book.report)
    if whose is None or rows is None or item_id not in LISTS:
        return rows
    department, metric = _hands(book, rows)
    held = {kpi.id for room in whose.rooms for kpi in room.KPIS} & set(figures(book.report))
    theirs = whose.named(department).fillna(False).astype(bool) | metric.isin(held)
    return rows[theirs | (department.isna() & metric.isna())].reset_index(drop=True)


def none(book: Book, reading: Reading) -> Text:
    """Say that of a list nothing is the department's."""
    label = DEPARTMENTS[book.report].label
    return Text(f"{reading.label.zh}：{label.zh}没有。", f"{reading.label.en}: none of {label.en}.")


def elsewhere(left: Sequence[tuple[Reading, int]]) -> Text:
    """Say how many rows of each list are other departments' and where they stand."""
    zh = "、".join(f"{one.label.zh} {count} {one.unit.zh}" for one, count in left)
    en = "; ".join(f"{one.label.en} {count}" for one, count in left)
    return Text(
        f"其他部门的不在此列（{zh}），见《{_TITLE.zh}》。",
        f"Those of other departments stand in the {_TITLE.en} instead ({en}).",
    )


def _hands(book: Book, rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The department and the metric that each row names."""
    metric = rows["metric_id" if "metric_id" in rows else "kpi"] if {"metric_id", "kpi"} & set(rows) else _blank(rows)
    if "department" in rows or "action_id" not in rows:
        return rows.get("department", _blank(rows)), metric
    actions = book.tables["action"]
    return rows["action_id"].map(actions.drop_duplicates("action_id").set_index("action_id")["department"]), metric


def _blank(rows: pd.DataFrame) -> pd.Series:
    return pd.Series(pd.NA, index=rows.index, dtype="str")
