"""Lists of service days: goals against results, what stayed open, one service day beside another."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from propkit.domains.knowledge import covered_months, covers_day
from propkit.domains.reading import during, listed, shaped
from propkit.domains.service_days_tables import TASK_KINDS, UNITS
from propkit.model import Column, Cut, Reading
from propkit.periods import Period
from propkit.text import Text

# One line for each fact, as in a table.
# fmt: off
READINGS = (
    Reading(
        id="service_day_targets", label=Text("服务日目标", "Service-day goals"), tables=("service_day_task",),
        top=Text("当期服务日写明数量的目标与完成情况（取消的除外）", "goals in numbers of the service days of the period and what was done, cancelled ones left out"),
        columns={
            "held_on": Column("day", label=Text("服务日期", "Service day")),
            "task": Column("text", label=Text("任务", "Task")),
            "department": Column("text", label=Text("部门", "Department")),
            "unit": Column("choice", label=Text("单位", "Unit"), choices=UNITS),
            "target_milli": Column("decimal", label=Text("目标", "Goal")),
            "done_milli": Column("decimal", label=Text("完成（含日后补做）", "Done (later work included)")),
            "reached": Column("flag", label=Text("当天达成", "Reached that day")),
        },
        headline=("sum", "reached"), better="up", source="S2:31",
        note=Text("目标是否达成看当天24时前的完成数量；不知道的空着。", "A goal is judged by what was done before midnight; blank where nobody knows."),
    ),
    Reading(
        id="carry_over_issues", label=Text("遗留问题", "Issues carried over"), tables=("service_day_task",),
        top=Text("服务日当天没有完成的任务：当期服务日的，以及以前服务日到期初仍未完成的",
                 "tasks not done on their service day: those of the period, and earlier ones still open when it began"),
        columns={
            "held_on": Column("day", label=Text("服务日期", "Service day")),
            "task_id": Column("id", label=Text("编号", "Id")),
            "task_kind": Column("choice", label=Text("类型", "Kind"), choices=TASK_KINDS),
            "task": Column("text", label=Text("任务", "Task")),
            "area": Column("text", label=Text("区域", "Area")),
            "department": Column("text", label=Text("部门", "Department")),
            "due_at": Column("instant", label=Text("时限", "Due")),
            "done_at": Column("instant", label=Text("已完成于", "Done since")),
            "overdue": Column("flag", label=Text("逾期未完", "Overdue")),
        },
        better="down", source="S2:62",
        note=Text("标为完成而没有完成时间的不列。逾期指数据日已过时限仍未完成。责任人不列出姓名。",
                  "A task marked done without a time is not listed. Overdue: past its due time and open at the cut-off. Owners are not named."),
    ),
    Reading(
        id="theme_days", label=Text("主题服务日比较", "Service days by theme"), tables=("service_day", "service_day_task"),
        top=Text("截至期末的各个服务日", "every service day up to the end of the period"),
        columns={
            "held_on": Column("day", label=Text("服务日期", "Service day")),
            "theme": Column("text", label=Text("主题", "Theme")),
            "tasks": Column("whole", label=Text("任务", "Tasks")),
            "done_that_day": Column("whole", label=Text("当日完成", "Done that day")),
            "goals": Column("whole", label=Text("有数量目标", "With a goal")),
            "reached": Column("whole", label=Text("达成", "Reached")),
            "persons": Column("whole", label=Text("参加人次", "People")),
            "found_new": Column("whole", label=Text("新发现问题", "New issues")),
        },
        unit=Text("次", "service days"), explained=True, source="S2:84",
        note=Text("参加人次和新发现问题一项也没有登记的空着；任务不同，数量不宜直接比高低。",
                  "People and new issues are blank where none was recorded; tasks differ, so quantities do not rank the days."),
    ),
)
# fmt: on
_COLUMNS = {reading.id: reading.columns for reading in READINGS}


def service_day_targets(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the goals in the order of their service days; None where nothing is known of the period."""
    tasks = tables["service_day_task"]
    ours = during(tasks, "held_on", period)
    if ours.empty and not _covered(tasks, period):
        return None
    goals = ours[ours["counted"] & ours["target_milli"].notna()].sort_values(["held_on", "task_id"])
    return shaped(goals.assign(reached=goals["reached"].astype("Int64")), _COLUMNS["service_day_targets"])


def carry_over_issues(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return what stayed open, the oldest service day first; None before the first service day."""
    tasks = tables["service_day_task"]
    tasks = tasks[tasks["held_on"] < period.end]
    if tasks.empty or period.start > cut.as_of:
        return None
    left = tasks["done_that_day"].eq(False).fillna(False).astype(bool)
    left &= (tasks["held_on"] >= period.start) | ~(tasks["done_at"] < period.start)
    rows = tasks[left].sort_values(["held_on", "task_id"])
    overdue = (rows["due_at"] <= cut.as_of).astype("boolean").mask(rows["due_at"].isna()) & rows["done_at"].isna()
    return shaped(rows.assign(overdue=overdue), _COLUMNS["carry_over_issues"])


def theme_days(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return one row for each service day up to the end of the period; None before the first."""
    days, tasks = tables["service_day"], tables["service_day_task"]
    days = days[days["held_on"] < period.end].sort_values(["held_on", "event_id"])
    if days.empty:
        return None
    records = []
    for day in days.to_dict("records"):
        ours = tasks[(tasks["event_id"] == day["event_id"]) & tasks["counted"]]
        told = {name: _total(ours[name]) for name in ("done_that_day", "reached", "persons", "found_new")}
        goals = int((ours["target_milli"].notna()).sum())
        records.append({"held_on": day["held_on"], "theme": day["theme"], "tasks": len(ours), "goals": goals, **told})
    return listed(records, _COLUMNS["theme_days"])


def _total(values: pd.Series) -> int | None:
    known = values.dropna()
    return int(known.astype("int64").sum()) if len(known) else None


def _covered(tasks: pd.DataFrame, period: Period) -> bool:
    if period.kind == "day":
        return covers_day(tasks, "held_on", period.start)
    return set(period.months) <= set(covered_months(tasks, "held_on"))
