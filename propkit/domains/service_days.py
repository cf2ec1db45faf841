"""Service days: tasks, what was done on the day, what stayed open."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from propkit.domains.knowledge import given, only, sum_by
from propkit.domains.service_days_readings import (  # noqa: F401
    READINGS,
    carry_over_issues,
    service_day_targets,
    theme_days,
)
from propkit.domains.service_days_tables import TABLES, TASK_KINDS  # noqa: F401
from propkit.model import Cut, Derived, Kpi, Note, Segment
from propkit.text import Text

# One line for each fact, as in a table.
# fmt: off
DURATIONS = ()
DERIVED = (
    Derived("service_day_task", columns={"recorded_on": Text("服务日日期", "Service day")}),
    Derived("service_day_department", of=("service_day_task",), columns={"held_on": Text("服务日日期", "Service day")}),
)

SEGMENTS = (
    Segment("task_kind", Text("任务类型", "Kind of task"), TASK_KINDS),
    Segment("theme", Text("服务日主题", "Theme of the service day")),
)

NOTES = (
    Note("service_day_commendation", Text("服务日表扬", "Commended on the service day"), "S2:65"),
    Note("brand_message", Text("品牌形象", "What the company stands for"), "S2:68"),
    Note("challenges", Text("挑战", "Challenges"), "S2:77-79"),
    Note("residents_voice", Text("居民声音", "Residents' voices"), "S2:91"),
)

_NONE = Text("无（数量）", "none (a count)")
_RECORDED = Text("只计登记了数量的；一项也没有登记的时期没有数值。", "Only what was recorded counts; a period without any record has no value.")
_UNIT = Text(
    "只计当天完成的数量；同一服务日这类任务的单位不一致时，该服务日整体不计，不换算。",
    "Only what was done on the day; where tasks of this kind have different units on one service day, that day is left out whole, nothing is converted. ",
)

KPIS = (
    Kpi(
        id="task_breakdown", label=Text("任务分解到位率", "Tasks with owner, area and due time"),
        top=Text("责任人、责任区域和完成时限都已写明的任务", "tasks with an owner, an area and a due time"),
        bottom=Text("当期服务日的任务（取消的除外）", "tasks of the service days of the period, cancelled ones left out"),
        table="service_day_task", numerator="assigned", better="up", dated_by="held_on", by="department", source="S2:31",
        note=Text("导出文件没有这三列中的某一列时不计。", "Left out where the export lacks one of the three columns."),
    ),
    Kpi(
        id="service_day_done_rate", label=Text("任务当日完成率", "Tasks done on the day"),
        top=Text("当天24时前完成的任务", "tasks done before midnight of the day"),
        bottom=Text("当期服务日的任务（取消的除外）", "tasks of the service days of the period, cancelled ones left out"),
        table="service_day_task", numerator="done_that_day", better="up", dated_by="held_on", by="task_kind", source="S2:31,62",
        note=Text("标为完成而没有完成时间的不计；数据日时当天未结束的不计。", "A task marked done without a time is left out, as is a day that is not over at the cut-off."),
    ),
    Kpi(
        id="service_day_target_rate", label=Text("服务日目标达成率", "Service-day goals reached"),
        top=Text("当天完成数量达到目标的任务", "tasks whose quantity of the day reached the goal"),
        bottom=Text("当期服务日写明目标数量的任务（取消的除外）", "tasks of the period with a goal in numbers, cancelled ones left out"),
        table="service_day_task", numerator="reached", better="up", dated_by="held_on", by="department", source="S2:31",
        note=Text("没有登记完成数量的：未完成的计为未达成，其余不计。", "Without a quantity done: open tasks count as not reached, others are left out."),
    ),
    Kpi(
        id="department_participation", label=Text("部门参与率", "Departments taking part"),
        top=Text("有人参加的部门", "departments of which somebody took part"),
        bottom=Text("当期各服务日安排了任务的部门", "departments with a task on the service days of the period"),
        table="service_day_department", numerator="took_part", better="up", dated_by="held_on", by="department", source="S2:45",
        note=Text("没有登记人数的部门不计；多个服务日分别计。", "Departments without recorded numbers are left out; each service day counts by itself."),
    ),
    Kpi(
        id="people_participation", label=Text("人员参与率", "People taking part"),
        top=Text("参加的人次", "people who took part"), bottom=Text("当期各服务日计划参加的人次", "people planned for the service days of the period"),
        table="service_day_department", numerator="persons", denominator="planned_persons", kind="money", better="up",
        dated_by="held_on", by="department", source="S2:45",
        note=Text("一人承担几项任务计几次；可超过100%。", "Somebody with several tasks counts for each; it may exceed 100%."),
    ),
    Kpi(
        id="resource_allocation", label=Text("服务日投入工时", "Hours given to service days"),
        top=Text("人数乘以小时之和", "sum of people times hours"), bottom=_NONE,
        table="service_day_task", numerator="person_milli", kind="count", unit=Text("工时", "person-hours"), scale=0.001,
        dated_by="recorded_on", by="department", explained=True, source="S2:34", note=_RECORDED,
    ),
    Kpi(
        id="preventive_checks", label=Text("预防性巡查", "Preventive checks"),
        top=Text("当天巡查的项数", "items checked on the day"), bottom=_NONE,
        table="service_day_task", numerator="checked_milli", kind="count", unit=Text("项", "items"), scale=0.001,
        dated_by="recorded_on", source="S2:17", note=_UNIT,
    ),
    Kpi(
        id="preventive_defects_found", label=Text("巡查发现问题", "Defects found by checks"),
        top=Text("预防性巡查发现的问题", "defects found by preventive checks"), bottom=_NONE,
        table="service_day_task", numerator="defects", kind="count", unit=Text("项", "items"), scale=1,
        dated_by="recorded_on", source="S2:17", note=_RECORDED,
    ),
    Kpi(
        id="preventive_same_day_fix_rate", label=Text("巡查问题当日整改率", "Defects fixed the same day"),
        top=Text("当天整改的问题", "defects fixed the same day"), bottom=Text("当期服务日预防性巡查发现的问题", "defects found by preventive checks of the period"),
        table="service_day_task", numerator="fixed", denominator="defects_judged", better="up", dated_by="held_on", source="S2:17",
        note=Text("两数都登记的才计；整改多于发现的不计。", "Only where both are recorded; more fixed than found is left out."),
    ),
    Kpi(
        id="batch_resolution", label=Text("同类问题集中解决率", "Backlog cleared in one go"),
        top=Text("集中处理前后积压之差", "backlog before less backlog after"), bottom=Text("集中处理前的积压", "backlog before"),
        table="service_day_task", numerator="cleared", denominator="backlog", kind="money", better="up", dated_by="held_on",
        by="theme", source="S2:19",
        note=Text("当天新来的同类问题会抵消成效，可为负数；前后两数都登记的才计。", "New cases of the day offset it, so it may be negative; only where both numbers are recorded."),
    ),
    Kpi(
        id="team_showcase", label=Text("展示性服务", "Demonstrations"),
        top=Text("当期服务日举办的展示", "demonstrations held on the service days of the period"), bottom=_NONE,
        table="service_day_task", numerator="shown", kind="count", unit=Text("场", "demonstrations"), scale=1,
        dated_by="recorded_on", explained=True, source="S2:20", note=Text("只计已完成的。", "Only those that were done."),
    ),
    Kpi(
        id="showcase_visitors", label=Text("展示参观人次", "Visitors of demonstrations"),
        top=Text("参观展示的人次", "people who came to the demonstrations"), bottom=_NONE,
        table="service_day_task", numerator="watched", kind="count", unit=Text("人次", "visitors"), scale=1, better="up",
        dated_by="recorded_on", source="S2:20", note=_RECORDED,
    ),
    Kpi(
        id="repairs_done_qty", label=Text("完成设施维修", "Facilities repaired"),
        top=Text("设施维修任务当天完成的项数", "items of the repair tasks done on the day"), bottom=_NONE,
        table="service_day_task", numerator="repaired_milli", kind="count", unit=Text("项", "items"), scale=0.001,
        better="up", dated_by="recorded_on", source="S2:59", note=_UNIT,
    ),
    Kpi(
        id="waste_cleared_tonnes", label=Text("清理垃圾", "Waste cleared"),
        top=Text("垃圾清运任务当天完成的吨数", "tonnes of the waste tasks done on the day"), bottom=_NONE,
        table="service_day_task", numerator="cleared_milli", kind="count", unit=Text("吨", "tonnes"), scale=0.001,
        better="up", dated_by="recorded_on", source="S2:59", note=_UNIT,
    ),
    Kpi(
        id="new_issues_found", label=Text("新发现问题", "New issues found"),
        top=Text("当期服务日任务中新发现的问题", "new issues found by the tasks of the service days of the period"), bottom=_NONE,
        table="service_day_task", numerator="found", kind="count", unit=Text("项", "items"), scale=1,
        dated_by="recorded_on", by="task_kind", source="S2:62", note=_RECORDED,
    ),
)
# fmt: on


def derive(known: Mapping[str, pd.DataFrame], cut: Cut) -> dict[str, pd.DataFrame]:
    """Return the tables of this room with the columns that its KPIs name.

    Added: `service_day_department`, one row for each service day and department with a task.  `recorded_on` is the date
    for sums of what may be unrecorded: a month without a record then has no value, where a zero would be untrue.
    """
    tasks = _tasks(known["service_day_task"], known["service_day"], cut.as_of)
    return {
        "service_day": known["service_day"],
        "service_day_task": tasks,
        "service_day_department": _departments(tasks),
    }


def _tasks(rows: pd.DataFrame, days: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    real = rows["status"] != "cancelled"
    that_day = _done_that_day(rows, as_of)
    rows = rows.assign(
        theme=_theme(rows, days),
        recorded_on=rows["held_on"],
        counted=real,
        done_that_day=only(that_day, real),
    )
    told = given(rows, "owner") & given(rows, "area") & given(rows, "due_at")
    named = rows["owner"].notna() & rows["area"].notna() & rows["due_at"].notna()
    done = rows["done_milli"].where(real & ~_later(rows))
    check, show = real & (rows["task_kind"] == "inspection"), real & (rows["task_kind"] == "showcase")
    sound = check & (rows["fixed_new"] <= rows["found_new"]).fillna(False).astype(bool)
    held = show & ((rows["status"] == "done") | rows["done_at"].notna())
    return rows.assign(
        assigned=only(named, real & told),
        reached=only(_reached(rows, that_day, as_of), real & rows["target_milli"].notna()),
        person_milli=(rows["persons"] * rows["hours_milli"]).where(real),
        checked_milli=_in_one_unit(rows, done, "inspection", "item"),
        repaired_milli=_in_one_unit(rows, done, "repair", "item"),
        cleared_milli=_in_one_unit(rows, done, "waste", "tonne"),
        defects=rows["found_new"].where(check),
        defects_judged=rows["found_new"].where(sound),
        fixed=rows["fixed_new"].where(sound),
        cleared=(rows["backlog_before"] - rows["backlog_after"]).where(real),
        backlog=rows["backlog_before"].where(real & rows["backlog_after"].notna()),
        shown=only(held, held).astype("Int64"),
        watched=rows["visitors"].where(show),
        found=rows["found_new"].where(real),
    )


def _theme(rows: pd.DataFrame, days: pd.DataFrame) -> pd.Series:
    keys = ["community", "event_id"]
    themes = days.drop_duplicates(keys).set_index(keys)["theme"]
    found = themes.reindex(pd.MultiIndex.from_frame(rows[keys])).to_numpy()
    return pd.Series(found, index=rows.index, dtype="str")


def _later(rows: pd.DataFrame) -> pd.Series:
    """Say which tasks were done after their service day."""
    return rows["done_at"] >= rows["held_on"] + pd.Timedelta(days=1)


def _done_that_day(rows: pd.DataFrame, as_of: pd.Timestamp) -> pd.Series:
    """Say whether a task was done before midnight: missing where nobody knows, or the day was not over at `as_of`."""
    over = rows["held_on"] + pd.Timedelta(days=1) <= as_of + pd.Timedelta(seconds=1)
    marked = rows["status"].isin(["planned", "in_progress", "carried_over"])
    silent = rows["done_at"].isna() & ((rows["status"] == "done") | ~(marked | given(rows, "done_at")))
    return (rows["done_at"].notna() & ~_later(rows)).astype("boolean").mask(silent | ~over)


def _reached(rows: pd.DataFrame, that_day: pd.Series, as_of: pd.Timestamp) -> pd.Series:
    """Say whether the goal was reached on the day: without a quantity an open task has not reached it."""
    over = rows["held_on"] + pd.Timedelta(days=1) <= as_of + pd.Timedelta(seconds=1)
    enough = (rows["done_milli"] >= rows["target_milli"]).astype("boolean") & ~_later(rows)
    missed = rows["done_milli"].isna() & that_day.eq(False).fillna(False)
    return enough.mask(missed, False).mask(~over | (rows["done_milli"].isna() & ~missed))


def _in_one_unit(rows: pd.DataFrame, done: pd.Series, kind: str, unit: str) -> pd.Series:
    """Return what tasks of `kind` did, in `unit`; a service day on which they have other units as well has no value."""
    ours = rows["counted"] & (rows["task_kind"] == kind) & done.notna()
    codes, days = pd.factorize(pd.MultiIndex.from_frame(rows[["community", "event_id"]]))
    odd = sum_by(codes, (ours & (rows["unit"] != unit)).to_numpy("int64"), len(days))
    return done.where(ours & (odd[codes] == 0 if len(days) else True))


def _departments(tasks: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each service day and department: `took_part`, `persons`, `planned_persons`."""
    ours = tasks[tasks["counted"] & tasks["department"].notna()]
    keys = ["community", "event_id", "held_on", "department"]
    rows = ours.drop_duplicates(keys)[[*keys, "theme"]].reset_index(drop=True)
    codes = pd.MultiIndex.from_frame(rows[keys]).get_indexer(pd.MultiIndex.from_frame(ours[keys]))

    def total(column: str, where: np.ndarray) -> np.ndarray:
        return sum_by(codes, np.where(where, ours[column].fillna(0).to_numpy("int64"), 0), len(rows))

    told, planned = ours["persons"].notna().to_numpy(), ours["planned_persons"].notna().to_numpy()
    blank = sum_by(codes, (~told).astype("int64"), len(rows)) > 0
    came = pd.Series(total("persons", told) > 0, index=rows.index).astype("boolean")
    both = sum_by(codes, (told & planned).astype("int64"), len(rows)) > 0
    return rows.assign(
        took_part=came.mask(~came & blank),
        persons=pd.Series(total("persons", told & planned), dtype="Int64").where(both),
        planned_persons=pd.Series(total("planned_persons", told & planned), dtype="Int64").where(both),
    )
