"""Lists out of targets and actions: measures and their state, stages of the loop, the plan and the goals that follow."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from propkit.domains.knowledge import given
from propkit.domains.reading import listed, ranked, shaped, shifted
from propkit.model import Column, Cut, Reading
from propkit.periods import Period
from propkit.text import Text

DIRECTIONS = {
    "up": Text("越高越好", "Higher is better"),
    "down": Text("越低越好", "Lower is better"),
}
STAGES = {
    "plan": Text("P 计划", "P plan"),
    "do": Text("D 执行", "D do"),
    "check": Text("C 检查", "C check"),
    "act": Text("A 处理", "A act"),
}
STATES = {
    "open": Text("进行中", "Under way"),
    "overdue": Text("逾期未完成", "Overdue"),
    "done": Text("已完成待验证", "Done, to be verified"),
    "verified": Text("已验证", "Verified"),
}
ENTRIES = {
    "target": Text("目标", "Target"),
    "action": Text("事项", "Action"),
}
_DAY, _SECOND = pd.Timedelta(days=1), pd.Timedelta(seconds=1)

# One line for each fact, as in a table.
# fmt: off
_ACTION = {
    "action_id": Column("id", label=Text("编号", "Id")),
    "issue": Column("text", label=Text("问题", "Problem")),
    "metric_id": Column("id", label=Text("对应指标", "Metric")),
    "plan": Column("text", label=Text("措施", "Measure")),
    "department": Column("text", label=Text("责任部门", "Department")),
    "due_on": Column("day", label=Text("期限", "Due")),
    "state": Column("choice", label=Text("状态", "State"), choices=STATES),
    "days_over": Column("whole", label=Text("逾期天数", "Days overdue")),
}
_KNOWN = Text("期末之后写下的，写于下一个等长期间之内且不晚于数据日的也列入。",
              "What was written down after the period is listed too if that was within the next one of the same length and before the data cut-off.")
_STATE = Text("状态按期末（或数据日，取较早者）的日期判断；期限当天结束才算逾期；导出中没有完成、验证日期两列的，状态不明；已取消的不列。",
              "The state is that of the end of the period or of the data cut-off, whichever is earlier; overdue begins when the due day is over; unknown where the export has neither a day of completion nor of verification; cancelled ones are left out.")

READINGS = (
    Reading(
        id="improvement_measures",
        label=Text("改进措施", "Measures for improvement"),
        tables=("action",),
        top=Text("期末前提出、到期初尚未完成的改进措施：问题、措施、责任部门、期限、状态", "measures raised before the end of the period and not done before its start: problem, measure, department, due day, state"),
        columns=_ACTION,
        unit=Text("条", "measures"), explained=True, source="S0:43; S4:88", note=_STATE,
    ),
    Reading(
        id="key_projects",
        label=Text("重点工作", "Key projects"),
        tables=("action",),
        top=Text("期末前提出、到期初尚未完成的重点工作", "key projects raised before the end of the period and not done before its start"),
        columns={
            "action_id": _ACTION["action_id"],
            "plan": Column("text", label=Text("重点工作", "Project")),
            "phase": Column("text", label=Text("阶段", "Phase")),
            **{name: _ACTION[name] for name in ("department", "due_on", "state", "days_over")},
        },
        explained=True, source="S0:49; S4:101", note=_STATE,
    ),
    Reading(
        id="pdca_stages",
        label=Text("PDCA各阶段措施数", "Measures by stage of the loop"),
        tables=("action",),
        top=Text("期末（或数据日）时的改进措施，按所处阶段", "measures at the end of the period (or the data cut-off) by stage"),
        columns={
            "stage": Column("choice", label=Text("阶段", "Stage"), choices=STAGES),
            "actions": Column("whole", label=Text("措施", "Measures")),
        },
        headline=("sum", "actions"), unit=Text("条", "measures"), source="S0:100; S3:48",
        note=Text("A：已有处置决定；C：已完成、已验证或已核查而未处置；D：措施、责任部门、期限齐备而未完成；P：其余。阶段由日期推得，不取填报的状态；已取消的不计。",
                  "A: a decision was taken; C: done, verified or checked, not decided yet; D: measure, department and due day are there, not done; P: all others. Told by dates, not by the status as filled in; cancelled ones are outside."),
    ),
    Reading(
        id="problems_without_measure",
        label=Text("没有措施的问题", "Problems without a measure"),
        tables=("action",),
        top=Text("期末前提出、没有任何未取消措施的问题", "problems raised before the end of the period for which there is no measure, or cancelled ones only"),
        columns={
            "issue": _ACTION["issue"],
            "problem": Column("text", label=Text("问题类别", "Heading")),
            "metric_id": _ACTION["metric_id"],
            "raised_on": Column("day", label=Text("提出日期", "Raised")),
        },
        unit=Text("个", "problems"), better="down", explained=True, source="S0:43; S4:88-94",
        note=Text("措施是否存在以数据日的台账为准；问题以文字相同为同一个。", "Whether there is a measure is as the register stands at the data cut-off; problems in the same words are one."),
    ),
    Reading(
        id="next_period_plan",
        label=Text("下期计划", "Plan for the next period"),
        tables=(), feeds=("target", "action"),
        top=Text("期末之后开始的目标，以及期限在期末之后、尚未完成的事项", "targets that begin after the period, and actions due after it that are not done"),
        columns={
            "entry": Column("choice", label=Text("类别", "Entry"), choices=ENTRIES),
            "metric_id": _ACTION["metric_id"],
            "plan": Column("text", label=Text("内容", "What")),
            "department": _ACTION["department"],
            "start_on": Column("day", label=Text("开始", "From")),
            "due_on": _ACTION["due_on"],
            "target_milli": Column("decimal", label=Text("目标值", "Target")),
            "unit": Column("text", label=Text("单位", "Unit")),
        },
        explained=True, source="S0:49; S1:53; S3:123; S4:96",
        note=Text(_KNOWN.zh + "目标取自目标表；propkit.toml 中的目标不带期限，不列。已取消的、期末已完成的不列；逾期未完成的见改进措施。",
                  _KNOWN.en + " Targets are those of the target table; those of propkit.toml have no due day and are not listed. Cancelled ones and those done by the end of the period are left out; overdue ones stand among the measures."),
    ),
    Reading(
        id="next_period_quality_measures",
        label=Text("下期品质提升措施", "Quality measures of the next period"),
        tables=("action",),
        top=Text("每个指标下一个等长期间到期的未完成改进措施；当期有目标而没有措施的指标列为 0",
                 "for each metric the unfinished measures due in the next period of the same length; metrics with a target in this period and no measure are listed with 0"),
        columns={
            "metric_id": _ACTION["metric_id"],
            "measures": Column("whole", label=Text("措施", "Measures")),
            "complete": Column("whole", label=Text("责任部门与期限齐备", "With department and due day")),
            "first_due_on": Column("day", label=Text("最早期限", "First due")),
        },
        headline=("sum", "measures"), unit=Text("条", "measures"), explained=True, source="S1:55",
        note=Text(_KNOWN.zh + "没有写明指标的措施合为一行；目标是否未达，见目标达成情况：此处列出全部有目标的指标，目标取自目标表。",
                  _KNOWN.en + " Measures that name no metric are one row. Whether a target was missed is told by target attainment: all metrics with a target in the target table are listed here."),
    ),
    Reading(
        id="annual_goals",
        label=Text("下年度指标", "Goals of the next year"),
        tables=("target",),
        top=Text("下一自然年的全年目标", "targets for the whole of the next calendar year"),
        columns={
            "metric_id": _ACTION["metric_id"],
            "baseline_milli": Column("decimal", label=Text("基线值", "Baseline")),
            "target_milli": Column("decimal", label=Text("目标值", "Target")),
            "direction": Column("choice", label=Text("方向", "Direction"), choices=DIRECTIONS),
            "unit": Column("text", label=Text("单位", "Unit")),
            "department": _ACTION["department"],
            "complete": Column("flag", label=Text("要素齐备", "Complete")),
        },
        explained=True, source="S0:49; S4:100",
        note=Text(_KNOWN.zh + "下一自然年指期末所在年的次年；要素齐备与目标完备率同义。到期后由目标达成情况核对。",
                  _KNOWN.en + " The year after that of the period's end; complete as in complete targets. Target attainment checks them when they are due."),
    ),
)
# fmt: on
_COLUMNS = {reading.id: reading.columns for reading in READINGS}


def improvement_measures(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the measures of a period, the earliest due first."""
    return _concerning(tables["action"], period, cut, "measure", "improvement_measures")


def key_projects(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the projects of a period, the earliest due first."""
    return _concerning(tables["action"], period, cut, "project", "key_projects")


def pdca_stages(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the number of measures in each of the four stages."""
    rows, at = _raised(tables["action"], period), _moment(period, cut)
    rows = rows[rows["counted"] & (rows["action_kind"] == "measure")]
    if rows.empty:
        return None
    decided = rows["act_decision"].notna() & ~(rows["checked_on"] > at)
    done = _finished_on(rows) <= at
    planned = rows[["plan", "department", "due_on"]].notna().all(axis=1)
    stages = np.select([decided, done | (rows["checked_on"] <= at), planned], ["act", "check", "do"], default="plan")
    return listed(
        [{"stage": stage, "actions": int((stages == stage).sum())} for stage in STAGES], _COLUMNS["pdca_stages"]
    )


def problems_without_measure(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the problems that nothing is done about, the oldest first."""
    rows = _raised(tables["problem"], period)
    if rows.empty:
        return None
    bare = rows[~rows["measured"].fillna(True).astype(bool)].sort_values(["raised_on", "issue"])
    return shaped(bare, _COLUMNS["problems_without_measure"])


def next_period_plan(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return what is to come: actions by their due day, then targets by their start."""
    targets, actions = _set(tables["target"], shifted(period, 1)), _raised(tables["action"], shifted(period, 1))
    if targets.empty and actions.empty:
        return None
    goals = targets[targets["start_on"] >= period.end].sort_values(["start_on", "metric_id"])
    goals = goals.assign(entry="target", plan=pd.Series(pd.NA, index=goals.index, dtype="str"), due_on=goals["end_on"])
    due = _unfinished(actions, period, cut)
    due = due[due["due_on"] >= period.end].sort_values(["due_on", "action_id"])
    blank = {"start_on": pd.NaT, "target_milli": pd.NA, "unit": pd.NA}
    columns = _COLUMNS["next_period_plan"]
    parts = [shaped(due.assign(entry="action", **blank), columns), shaped(goals, columns)]
    return pd.concat(parts, ignore_index=True)


def next_period_quality_measures(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return one row for each metric, by name; measures without a metric last."""
    after = shifted(period, 1)
    actions = _raised(tables["action"], after)
    if actions.empty:
        return None
    due = _unfinished(actions[actions["action_kind"] == "measure"], period, cut)
    due = due[(due["due_on"] >= after.start) & (due["due_on"] < after.end) & due["plan"].notna()]
    first = due.sort_values("due_on").drop_duplicates("metric_id").rename(columns={"due_on": "first_due_on"})
    found = ranked(due, ["metric_id"], "measures").merge(first[["metric_id", "first_due_on"]], on="metric_id")
    owned = ranked(due.dropna(subset=["department"]), ["metric_id"], "complete")
    targets = _set(tables["target"], period)
    aimed = targets[(targets["start_on"] < period.end) & (targets["end_on"] >= period.start)]
    named = pd.concat([found["metric_id"], aimed["metric_id"]]).drop_duplicates().to_frame()
    rows = named.merge(found, on="metric_id", how="left").merge(owned, on="metric_id", how="left")
    rows = rows.assign(measures=rows["measures"].fillna(0), complete=rows["complete"].fillna(0))
    return shaped(rows.sort_values("metric_id"), _COLUMNS["next_period_quality_measures"])


def annual_goals(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the goals of the next year by metric."""
    targets = _set(tables["target"], shifted(period, 1))
    if targets.empty:
        return None
    first = pd.Timestamp((period.end - _DAY).year + 1, 1, 1)
    yearly = (targets["start_on"] == first) & (targets["end_on"] == first + pd.DateOffset(years=1) - _DAY)
    goals = targets[yearly].sort_values("metric_id")
    return shaped(goals.assign(complete=goals["smart"]), _COLUMNS["annual_goals"])


def _concerning(rows: pd.DataFrame, period: Period, cut: Cut, kind: str, reading_id: str) -> pd.DataFrame | None:
    """Return the actions of a kind that concern a period, with their state; None where the register begins later."""
    raised = _raised(rows, period)
    if raised.empty:
        return None
    ours = raised[raised["counted"] & (raised["action_kind"] == kind) & raised["plan"].notna()]
    ours = ours[~(_finished_on(ours) < period.start)]
    stated = _with_state(ours, _moment(period, cut)).sort_values(["due_on", "action_id"])
    return shaped(stated, _COLUMNS[reading_id])


def _with_state(rows: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    verified, done = rows["verified_on"] <= at, _finished_on(rows) <= at
    unknown = ~done & ~given(rows, "done_on") & ~given(rows, "verified_on")
    overdue = ~done & ~unknown & (rows["due_on"] + _DAY - _SECOND <= at)
    state = np.select([verified, done, overdue], ["verified", "done", "overdue"], default="open")
    days = (at.floor("D") - rows["due_on"]).dt.days.astype("Int64").where(overdue)
    return rows.assign(state=pd.Series(state, index=rows.index, dtype="str").mask(unknown), days_over=days)


def _finished_on(rows: pd.DataFrame) -> pd.Series:
    """The day of completion, or of verification where that is all that is known."""
    return rows["done_on"].fillna(rows["verified_on"])


def _unfinished(rows: pd.DataFrame, period: Period, cut: Cut) -> pd.DataFrame:
    return rows[rows["counted"] & ~(_finished_on(rows) <= _moment(period, cut))]


def _moment(period: Period, cut: Cut) -> pd.Timestamp:
    """The last second of the period, or the data cut-off where that is earlier."""
    return min(period.end - _SECOND, cut.as_of)


def _raised(rows: pd.DataFrame, period: Period) -> pd.DataFrame:
    return rows[~(rows["raised_on"] >= period.end)]


def _set(rows: pd.DataFrame, period: Period) -> pd.DataFrame:
    return rows[~(rows["set_on"] >= period.end)]
