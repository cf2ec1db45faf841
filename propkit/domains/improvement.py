"""Targets, actions and the plan-do-check-act loop: what was to be reached, what was done about it, and whether it helped."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from propkit.domains.improvement_readings import (  # noqa: F401  (the readings are asked for by name)
    DIRECTIONS,
    READINGS,
    annual_goals,
    improvement_measures,
    key_projects,
    next_period_plan,
    next_period_quality_measures,
    pdca_stages,
    problems_without_measure,
)
from propkit.domains.knowledge import given, only, sum_by
from propkit.errors import ConfigError
from propkit.model import Column, Cut, Derived, Kpi, Note, Segment, Table
from propkit.periods import Period, parse_period
from propkit.text import Text, fold

ACTION_KINDS = {
    "measure": Text("改进措施", "Measure"),
    "milestone": Text("阶段节点", "Milestone"),
    "project": Text("重点工作", "Key project"),
}
STATUSES = {
    "planned": Text("未开始", "Planned"),
    "in_progress": Text("进行中", "In progress"),
    "done": Text("已完成", "Done"),
    "verified": Text("已验证", "Verified"),
    "cancelled": Text("已取消", "Cancelled"),
}
DECISIONS = {
    "standardise": Text("标准化", "Standardise"),
    "adjust": Text("调整", "Adjust"),
    "stop": Text("停止", "Stop"),
}

# One line for each fact, as in a table.
# fmt: off
TARGET = Table(
    name="target",
    label=Text("目标", "Targets"),
    columns={
        "metric_id": Column("id", label=Text("指标", "Metric"), required=True, headers=("指标编号", "指标代码", "指标", "metric_id")),
        "period": Column("id", label=Text("目标期间", "Period"), headers=("目标期间", "期间", "考核期", "period")),
        "start_on": Column("day", planned=True, label=Text("开始日期", "From"), headers=("开始日期", "起始日期", "start_on")),
        "end_on": Column("day", planned=True, label=Text("完成期限", "By"), headers=("完成期限", "结束日期", "截止日期", "end_on")),
        "target_milli": Column("decimal", label=Text("目标值（指标所用单位）", "Target (in the metric's unit)"),
                               headers=("目标值", "目标", "target")),
        "baseline_milli": Column("decimal", label=Text("基线值（指标所用单位）", "Baseline (in the metric's unit)"),
                                 headers=("基线值", "基线", "基期值", "baseline")),
        "direction": Column("choice", label=Text("方向", "Direction"), choices=DIRECTIONS, headers=("方向", "direction")),
        "unit": Column("text", label=Text("单位", "Unit"), headers=("单位", "计量单位", "unit")),
        "department": Column("text", label=Text("责任部门", "Department"),
                             headers=("责任部门", "负责部门", "牵头部门", "department")),
        "source": Column("text", label=Text("目标来源", "Source"), headers=("目标来源", "来源", "依据", "source")),
        "set_on": Column("day", label=Text("制定日期", "Set on"), headers=("制定日期", "下达日期", "set_on")),
    },
    key=("community", "metric_id", "period", "start_on"),
    dated_by="set_on",
    ordered=(("start_on", "end_on"),),
)
"""One row for each metric and period.  Values are thousandths of the unit in which readers see the metric: 95 % is 95000.
`period` is 2025-09, 2025Q3, 2025H1 or 2025 (or 2025年9月, 2025年第三季度, 2025年上半年, 2025年度); `start_on` and `end_on` go
before it.  A row is known from `set_on`, one without it from the beginning."""

ACTION = Table(
    name="action",
    label=Text("整改与改进措施", "Actions"),
    columns={
        "action_id": Column("id", label=Text("措施编号", "Action id"), required=True,
                            headers=("措施编号", "整改编号", "编号", "序号", "action_id")),
        "issue": Column("text", label=Text("问题", "Problem"), headers=("问题", "存在问题", "问题描述", "issue")),
        "problem": Column("text", label=Text("问题类别", "Heading"), headers=("问题类别", "问题分类", "problem")),
        "metric_id": Column("id", label=Text("对应指标", "Metric"), headers=("对应指标", "指标编号", "metric_id")),
        "plan": Column("text", label=Text("措施", "Measure"), headers=("整改措施", "改进措施", "措施", "工作内容", "plan")),
        "department": Column("text", label=Text("责任部门", "Department"),
                             headers=("责任部门", "负责部门", "牵头部门", "department")),
        "action_kind": Column("choice", label=Text("事项类型", "Kind"), choices=ACTION_KINDS,
                              headers=("事项类型", "类型", "kind", "action_kind")),
        "phase": Column("text", label=Text("阶段", "Phase"), headers=("阶段", "所属阶段", "phase")),
        "raised_on": Column("day", label=Text("提出日期", "Raised"), headers=("提出日期", "立项日期", "raised_on")),
        "due_on": Column("day", planned=True, label=Text("完成期限", "Due"),
                         headers=("完成期限", "计划完成日期", "整改期限", "due_on")),
        "done_on": Column("day", label=Text("完成日期", "Done"), headers=("完成日期", "实际完成日期", "done_on")),
        "verified_on": Column("day", label=Text("验证日期", "Verified"), headers=("验证日期", "复查日期", "验收日期", "verified_on")),
        "baseline_milli": Column("decimal", label=Text("基线值（指标所用单位）", "Baseline (in the metric's unit)"),
                                 headers=("基线值", "整改前", "baseline")),
        "threshold_milli": Column("decimal", label=Text("达标线（指标所用单位）", "Check threshold (in the metric's unit)"),
                                  headers=("达标线", "核查标准", "threshold")),
        "direction": Column("choice", label=Text("方向", "Direction"), choices=DIRECTIONS, headers=("方向", "direction")),
        "checked_on": Column("day", label=Text("核查日期", "Checked"), headers=("核查日期", "效果核查日期", "checked_on")),
        "checked_value_milli": Column("decimal", label=Text("核查值（指标所用单位）", "Value at the check (in the metric's unit)"),
                                      known_from="checked_on", headers=("核查值", "整改后", "checked_value")),
        "act_decision": Column("choice", label=Text("处置", "Decision"), choices=DECISIONS, known_from="checked_on",
                               headers=("处置", "处置决定", "act_decision")),
        "status": Column("choice", label=Text("状态", "Status"), choices=STATUSES, headers=("状态", "进度", "status")),
    },
    key=("community", "action_id"),
    identity=("raised_on",),
    dated_by="raised_on",
    ordered=(("raised_on", "done_on"), ("done_on", "verified_on")),
)
"""One row for each measure, milestone or project; a problem for which there is no measure yet has a blank `plan`.  A row is
known from `raised_on`, one without it from the beginning.  Of `status` only "cancelled" is used: all else is told by dates."""

TABLES = (TARGET, ACTION)

DERIVED = (Derived("problem", of=("action",), columns={"raised_on": Text("提出日期", "Raised")}),)

SEGMENTS = (
    Segment("phase", Text("阶段", "Phase")),
    Segment("action_kind", Text("事项类型", "Kind of action"), ACTION_KINDS),
)

_DUE = Text("期限当天结束后才判断；已取消的不计；没有类型的事项按改进措施计。",
            "Judged after the due day is over; cancelled ones are outside; without a kind it is a measure.")

KPIS = (
    Kpi(
        id="pdca_loop",
        label=Text("措施闭环率", "Loops closed"),
        top=Text("截至数据日已验证的改进措施", "measures verified by the data cut-off"),
        bottom=Text("期限在当期、已经到期的改进措施", "measures whose due day fell in the period and is over"),
        table="action", numerator="closed", ages=True, better="up", dated_by="due_on", source="S0:100; S3:48",
        note=Text("完成不等于验证；" + _DUE.zh, "Done is not verified. " + _DUE.en),
    ),
    Kpi(
        id="action_on_time_rate",
        label=Text("措施按期完成率", "Actions done on time"),
        top=Text("在期限当天或之前完成的事项", "actions done on or before their due day"),
        bottom=Text("期限在当期、已经到期的事项；到期未完成的计为逾期",
                    "actions whose due day fell in the period and is over; not done by then is late"),
        table="action", numerator="on_time", better="up", dated_by="due_on", source="S0:100",
        note=Text("没有完成日期而已验证的，验证不晚于期限的算按期，否则不计；" + _DUE.zh,
                  "Verified without a day of completion: on time if verified by then, else nobody knows. " + _DUE.en),
    ),
    Kpi(
        id="action_effectiveness_rate",
        label=Text("措施有效率", "Measures that worked"),
        top=Text("核查值达到达标线、且好于基线的改进措施", "measures whose metric was at the threshold or past it when checked, and better than the baseline"),
        bottom=Text("当期核查、基线值、达标线和核查值齐全的改进措施", "measures checked in the period whose baseline, threshold and value are known"),
        table="action", numerator="effective", better="up", dated_by="checked_on", source="S0:100; S3:48",
        note=Text("方向未写明的，由达标线高于或低于基线判断；已取消的不计。指标变好不等于由措施引起。",
                  "Where no direction is stated the threshold tells it, being above or below the baseline; cancelled ones are outside. A metric that moved was not by that moved by the measure."),
    ),
    Kpi(
        id="key_task_review",
        label=Text("计划事项完成率", "Planned tasks done"),
        top=Text("截至数据日已完成（或已验证）的事项", "actions done (or verified) by the data cut-off"),
        bottom=Text("期限在当期、已经到期的措施、节点和重点工作", "measures, milestones and projects whose due day fell in the period and is over"),
        table="action", numerator="done", ages=True, better="up", dated_by="due_on", by="department", explained=True,
        source="S1:6",
        note=Text("保养计划不在此表，另有指标；" + _DUE.zh, "Planned maintenance has figures of its own. " + _DUE.en),
    ),
    Kpi(
        id="phase_results",
        label=Text("阶段节点完成率", "Milestones reached"),
        top=Text("截至数据日已完成（或已验证）的阶段节点", "milestones done (or verified) by the data cut-off"),
        bottom=Text("期限在当期、已经到期的阶段节点", "milestones whose due day fell in the period and is over"),
        table="action", numerator="milestone_done", ages=True, better="up", dated_by="due_on", by="phase", source="S3:99", note=_DUE,
    ),
    Kpi(
        id="smart_goals",
        label=Text("目标完备率", "Complete targets"),
        top=Text("写明指标、目标值、基线值、单位、责任部门和期限的目标", "targets with metric, value, baseline, unit, department and due day"),
        bottom=Text("从当期开始的目标", "targets whose stretch begins in the period"),
        table="target", numerator="smart", better="up", dated_by="start_on", explained=True, source="S4:98",
        note=Text("导出中没有其中某列的目标不计；同一指标在 propkit.toml 也写有目标的，本表所写期间内以本表为准，其余期间以 propkit.toml 为准；可实现、相关与否由人说明。",
                  "Targets from exports that lack one of these columns are outside. Where propkit.toml has a target for the metric too, this table goes before it for the table's own period, and propkit.toml holds for all others. Whether a target is achievable and relevant is for a person to say."),
    ),
    Kpi(
        id="measure_mapping",
        label=Text("问题有措施的比例", "Problems with a measure"),
        top=Text("至少有一条未取消措施的问题", "problems with at least one measure that was not cancelled"),
        bottom=Text("当期提出的问题（同一问题只计一个，按最早提出日期）", "problems raised in the period, each once, by the day it was first raised"),
        table="problem", numerator="measured", ages=True, better="up", dated_by="raised_on", explained=True, source="S4:88-94",
        note=Text("问题以文字相同为同一个；没有提出日期的问题不归入任何期间。", "Problems in the same words are one; those without a day are in no period."),
    ),
)
DURATIONS = ()
NOTES = (
    Note("report_purpose", Text("总结目的", "Purpose of the report"), "S0:37; S4:28"),
    Note("best_practice", Text("经验提炼与复制", "Best practice and how to copy it"), "S0:46; S1:49; S3:114"),
    Note("case_study", Text("典型案例", "Case study"), "S4:110; S0:63,89"),
    Note("photos", Text("照片", "Photographs"), "S4:112"),
    Note("lessons_learned", Text("经验总结", "Lessons learned"), "S3:114-121"),
)
# fmt: on
_NUMBERS = "一二三四"
_HALVES = {"上": ("01", "06"), "1": ("01", "06"), "下": ("07", "12"), "2": ("07", "12")}
_MONTH = re.compile(r"(\d{4})(?:[-/.年]\s*(\d{1,2})|(\d{2}))(?:月(?:份)?|-01 00:00:00)?")
_QUARTER = re.compile(r"(\d{4})\s*[-年]?\s*(?:Q|第)?\s*([1-4一二三四])\s*(季度)?", re.IGNORECASE)
_HALF = re.compile(r"(\d{4})\s*[-年]?\s*(?:H([12])|([上下])半年)", re.IGNORECASE)
_YEAR = re.compile(r"(\d{4})\s*(?:年度?)?")


def derive(known: Mapping[str, pd.DataFrame], cut: Cut) -> dict[str, pd.DataFrame]:
    """Return targets and actions with the columns that the KPIs name, and `problem`: one row for each problem raised."""
    actions = _actions(known["action"], cut.as_of)
    return {"target": _targets(known["target"]), "action": actions, "problem": _problems(actions)}


def in_force(targets: pd.DataFrame, period: Period, summed: Collection[str] = ()) -> dict[tuple[str, str], float]:
    """Return by community and metric the target of the register that holds for a period, in the reader's unit.

    Of those whose stretch contains the whole period the one with the shortest stretch, of two as long the one set last.  A
    metric in `summed` grows with the length of the period: only a target of the very same stretch holds for it.
    """
    rows = targets.dropna(subset=["metric_id", "target_milli", "start_on", "end_on"])
    last = period.end - pd.Timedelta(days=1)
    rows = rows[(rows["start_on"] <= period.start) & (rows["end_on"] >= last)]
    same = (rows["start_on"] == period.start) & (rows["end_on"] == last)
    rows = rows[same | ~rows["metric_id"].isin(list(summed))]
    rows = rows.assign(length=rows["end_on"] - rows["start_on"])
    rows = rows.sort_values(["length", "set_on"], ascending=[False, True], na_position="first", kind="stable")
    names = zip(rows["community"], rows["metric_id"], strict=True)
    return {name: milli / 1000 for name, milli in zip(names, rows["target_milli"], strict=True)}


def stretch(text: str) -> tuple[str, str] | None:
    """Return the first and last month of a period as registers write it, or None."""
    text = fold(text)
    if found := _YEAR.fullmatch(text):
        return f"{found[1]}-01", f"{found[1]}-12"
    if found := _HALF.fullmatch(text):
        first, last = _HALVES[found[2] or found[3]]
        return f"{found[1]}-{first}", f"{found[1]}-{last}"
    if (found := _QUARTER.fullmatch(text)) and (found[3] or "q" in text.casefold()):
        number = _NUMBERS.find(found[2]) + 1 or int(found[2])
        return f"{found[1]}-{3 * number - 2:02}", f"{found[1]}-{3 * number:02}"
    if found := _MONTH.fullmatch(text):
        month = f"{found[1]}-{int(found[2] or found[3]):02}"
        return month, month
    return None


def _targets(rows: pd.DataFrame) -> pd.DataFrame:
    """Fill the days from the period and say whether everything a target needs is there."""
    days = {text: _days(text) for text in rows["period"].dropna().unique()}
    start = rows["period"].map({text: pair[0] for text, pair in days.items()}).astype("datetime64[s]")
    end = rows["period"].map({text: pair[1] for text, pair in days.items()}).astype("datetime64[s]")
    rows = rows.assign(start_on=rows["start_on"].fillna(start), end_on=rows["end_on"].fillna(end))
    needed = ["metric_id", "target_milli", "baseline_milli", "unit", "department"]
    asked = given(rows, "period") | given(rows, "end_on")
    for name in needed:
        asked &= given(rows, name)
    return rows.assign(smart=only(rows[[*needed, "end_on"]].notna().all(axis=1), asked))


def _days(text: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    months = stretch(text)
    if months is None:
        return pd.NaT, pd.NaT
    try:
        period = parse_period(f"{months[0]}..{months[1]}")
    except ConfigError:
        return pd.NaT, pd.NaT
    return period.start, period.end - pd.Timedelta(days=1)


def _actions(rows: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    live = rows["status"] != "cancelled"
    kind = rows["action_kind"].fillna("measure")
    over = live & (rows["due_on"] + pd.Timedelta(days=1) - pd.Timedelta(seconds=1) <= as_of)
    verified = rows["verified_on"].notna()
    finished = rows["done_on"].notna() | verified
    done = only(finished, over & (finished | given(rows, "done_on")))
    in_time = (rows["done_on"] <= rows["due_on"]).astype("boolean")
    # Verified without a day of completion: in time if the verification was; of any other nobody knows.
    by_check = pd.Series(True, index=rows.index).where(rows["verified_on"] <= rows["due_on"])
    return rows.assign(
        counted=live,
        action_kind=kind,
        closed=only(verified, over & (kind == "measure") & given(rows, "verified_on")),
        done=done,
        on_time=in_time.mask(verified & rows["done_on"].isna(), by_check).where(done.notna()),
        milestone_done=done.where(kind == "milestone"),
        effective=_effective(rows, live & (kind == "measure")),
    )


def _effective(rows: pd.DataFrame, measures: pd.Series) -> pd.Series:
    """Say whether the metric was past the threshold when it was checked, and better than before."""
    before, goal, value = (rows[name] for name in ("baseline_milli", "threshold_milli", "checked_value_milli"))
    told = (goal != before).fillna(False).astype(bool)
    implied = pd.Series(np.where((goal > before).fillna(False), "up", "down"), index=rows.index, dtype="str")
    direction = rows["direction"].fillna(implied.where(told))
    better = ((value >= goal) & (value > before)).where(direction == "up", (value <= goal) & (value < before))
    known = rows[["baseline_milli", "threshold_milli", "checked_value_milli", "checked_on"]].notna().all(axis=1)
    return only(better, measures & known & direction.notna())


def _problems(actions: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each problem: community, issue, the heading and metric first named, raised_on, measured."""
    named = actions.dropna(subset=["issue"]).sort_values(["raised_on", "action_id"])
    codes, _ = pd.factorize(pd.MultiIndex.from_frame(named[["community", "issue"]]))
    first = named.drop_duplicates(["community", "issue"]).reset_index(drop=True)
    answered = (named["counted"] & named["plan"].notna()).to_numpy("int64")
    silent = (~given(named, "plan")).to_numpy("int64")
    has, unknown = (sum_by(codes, flags, len(first)) > 0 for flags in (answered, silent))
    measured = pd.Series(np.where(has, True, np.where(unknown, None, False)), index=first.index, dtype="object")
    columns = ["community", "issue", "problem", "metric_id", "raised_on"]
    return first[columns].assign(measured=measured.astype("boolean"))
