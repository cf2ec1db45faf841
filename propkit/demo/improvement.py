"""Targets and actions as the three communities kept them: monthly measures, a rectification in phases, next year's goals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from propkit.demo.chance import Chance, month_ends
from propkit.demo.estates import AS_OF, MONTHS, Home
from propkit.demo.layout import Layout, fields

Row = dict[str, object]


@dataclass(frozen=True)
class Problem:
    """What goes wrong, what is done about it, and the metric that should move; values in the metric's own unit."""

    issue: str
    heading: str
    metric: str
    plan: str
    department: str
    before: float
    goal: float


PROBLEMS = (
    Problem(
        "车辆乱停放投诉集中", "违规现象频发", "complaints_per_1000_homes", "增划标线并加派晚间巡查", "秩序部", 5.2, 4.5
    ),
    Problem("维修超时偏多", "服务质量低下", "repairs_on_time_rate", "晚间增设一班维修", "工程部", 84, 90),
    Problem("漏水返修偏多", "设施设备老化", "first_time_fix_rate", "更换立管接头并复检", "工程部", 78, 85),
    Problem("投诉办结超期", "沟通机制缺失", "complaint_on_time_rate", "每日晨会核对到期投诉", "客服部", 88, 95),
    Problem("回访不到位", "服务质量低下", "revisit_rate", "结单次日集中回访", "客服部", 76, 90),
    Problem("缴费提醒滞后", "财务不透明", "fee_collection_rate_current", "账期首周发送账单", "客服部", 91, 95),
    Problem("楼道保洁评价低", "服务质量低下", "complaint_satisfaction", "调整保洁频次并每周复查", "环境部", 61, 70),
    Problem("急修到场慢", "管理团队僵化", "emergency_on_time_rate", "设立急修值守点", "工程部", 71, 95),
)
BARE = Problem("访客登记流于形式", "管理团队僵化", "", "", "", 0, 0)
"""The problem of August 2025 about which nothing is done yet."""

_AUGUST = (
    # days from raising to the due day, to completion, to verification, to the check; whether the metric moved far enough
    (25, 20, 26, 40, True),
    (30, 34, None, None, False),
    (32, None, None, None, False),
    (40, 38, 47, 50, False),
)
_PHASES = (("2025-08", "第三阶段 巩固"), ("2025-05", "第二阶段 整改"), ("2025-04", "第一阶段 诊断"))
_MILESTONES = (
    ("第一阶段 诊断", "完成问题清单与业主访谈", "2025-04-20", 0),
    ("第一阶段 诊断", "公布整顿方案", "2025-04-30", -2),
    ("第一阶段 诊断", "完成人员盘点", "2025-05-10", 3),
    ("第二阶段 整改", "7栋立管更换完成", "2025-06-30", 12),
    ("第二阶段 整改", "服务标准上墙公示", "2025-06-15", -1),
    ("第二阶段 整改", "收支账目首次公示", "2025-07-15", 0),
    ("第二阶段 整改", "24小时热线开通", "2025-07-31", -6),
    ("第三阶段 巩固", "分岗位培训全部完成", "2025-08-31", 5),
    ("第三阶段 巩固", "业主座谈会答复全部问题", "2025-09-15", 0),
    ("第三阶段 巩固", "监控补点验收", "2025-09-25", None),
    ("第三阶段 巩固", "整顿总结与满意度复测", "2025-10-31", None),
)
"""The rectification of cuihu: phase, milestone, due day, and days late (None: not reached)."""
_PROJECTS = {
    "yinhe": (("智慧安防系统二期建设", "秩序部", "2025-12-31", None), ("地下车库照明改造", "工程部", "2025-08-31", 9)),
    "cuihu": (("7栋立管整体更换", "工程部", "2025-06-30", 12), ("道闸与车牌识别更新", "秩序部", "2025-09-30", None)),
    "lanting": (("社区活动室翻新", "客服部", "2025-11-30", None), ("屋面防水修缮", "工程部", "2025-05-31", -4)),
}
_PREFIXES = {"yinhe": "GJ", "cuihu": "ZG", "lanting": "LTG"}
_RATES = {"yinhe": 2.2, "cuihu": 2.8, "lanting": 1.1}
_GOALS = (
    ("repairs_on_time_rate", 90, 86, "up", "%", "工程部"),
    ("first_time_fix_rate", 85, 80, "up", "%", "工程部"),
    ("complaint_on_time_rate", 95, 90, "up", "%", "客服部"),
    ("issue_resolution_rate", 98, 96.5, "up", "%", "客服部"),
    ("owner_satisfaction", 80, 74.5, "up", "%", "客服部"),
    ("fee_collection_rate_current", 95, 92, "up", "%", "客服部"),
    ("complaints_per_1000_homes", 4.5, 5.1, "down", "件/千户·月", "秩序部"),
)
"""Metric, target, baseline, direction, unit, department."""


def rows(homes: Mapping[str, Sequence[Home]], seed: int) -> dict[str, list[Row]]:
    """Return the true rows of this room by table; `homes` by community."""
    made: dict[str, list[Row]] = {"target": [], "action": []}
    for place in homes:
        made["target"] += _targets(place, Chance(seed, f"targets/{place}"))
        made["action"] += _numbered(place, [*_actions(place, Chance(seed, f"improvement/{place}"))])
    return made


def _targets(place: str, chance: Chance) -> Iterator[Row]:
    """Goals of the year, the quarter and the month, and those of the year to come; a few are not complete."""
    for period, first, last, set_on in (
        ("2025", "2025-01", "2025-12", datetime(2024, 12, 20)),
        ("2025Q3", "2025-07", "2025-09", datetime(2025, 6, 25)),
        ("2025-09", "2025-09", "2025-09", datetime(2025, 8, 28)),
        ("2025-10", "2025-10", "2025-10", datetime(2025, 9, 28)),
        ("2025Q4", "2025-10", "2025-12", datetime(2025, 9, 28)),
        ("2026", "2026-01", "2026-12", datetime(2025, 10, 6)),
    ):
        for metric, value, before, direction, unit, department in _GOALS:
            if period in ("2025", "2026") or chance.yes(0.6):
                higher = (2 if direction == "up" else -0.3) if period == "2026" else 0
                yield {
                    "community": place,
                    "metric_id": metric,
                    "period": period,
                    "start_on": month_ends(first)[0],
                    "end_on": month_ends(last)[1],
                    "target_milli": round((value + higher) * 1000),
                    "baseline_milli": round(before * 1000) if chance.yes(0.85) else None,
                    "direction": direction,
                    "unit": unit,
                    "department": department if chance.yes(0.9) else None,
                    "source": "年度经营计划" if period in ("2025", "2026") else "月度例会",
                    "set_on": set_on,
                }


def _actions(place: str, chance: Chance) -> Iterator[Row]:
    for month in MONTHS:
        if month == "2025-08":
            yield from _august(place)
            continue
        for problem in chance.some(PROBLEMS, 1 + chance.count(_RATES[place] - 1)):
            yield _known(_measure(place, month, problem, chance))
    for plan, department, due, late in _PROJECTS[place]:
        yield _known(_task(place, "project", plan, due, late, department))
    if place == "cuihu":
        for phase, plan, due, late in _MILESTONES:
            yield _known(_task(place, "milestone", plan, due, late, "项目部") | {"phase": phase})


def _august(place: str) -> Iterator[Row]:
    """The measures of August 2025, due in September: one closed, one late, one overdue, one without effect."""
    first = {"yinhe": 0, "cuihu": 2, "lanting": 4}[place]
    raised = datetime(2025, 8, 11)
    for step, (due, done, verified, checked, worked) in enumerate(_AUGUST):
        problem = PROBLEMS[first + step]
        row = _blank(place) | _words("2025-08", problem) | {"raised_on": raised + timedelta(days=step)}
        days = {"due_on": due, "done_on": done, "verified_on": verified, "checked_on": checked}
        row |= {name: None if wait is None else raised + timedelta(days=wait) for name, wait in days.items()}
        value = problem.goal if worked else (problem.before + problem.goal) / 2
        yield _known(row | _checked(problem, value, "standardise" if worked else "adjust"))
    yield _known(_blank(place) | {"issue": BARE.issue, "problem": BARE.heading, "raised_on": raised})


def _measure(place: str, month: str, problem: Problem, chance: Chance) -> Row:
    raised = month_ends(month)[0] + timedelta(days=chance.between(2, 24))
    due = raised + timedelta(days=chance.between(14, 40))
    done = due + timedelta(days=chance.between(1, 25) if chance.yes(0.2) else -chance.between(0, 9))
    done = max(done, raised) if chance.yes(0.92) else None
    verified = done + timedelta(days=chance.between(2, 10)) if done and chance.yes(0.85) else None
    checked = done + timedelta(days=chance.between(12, 32)) if done and chance.yes(0.7) else None
    reach = chance.between(-4, 14) / 10  # how far from the baseline towards the goal and past it
    value = problem.before + (problem.goal - problem.before) * reach
    days = {"raised_on": raised, "due_on": due, "done_on": done, "verified_on": verified, "checked_on": checked}
    decision = chance.pick({"standardise": 6, "adjust": 3, "stop": 1}) if chance.yes(0.8) else None
    row = _blank(place) | _words(month, problem) | days | _checked(problem, round(value, 1), decision)
    return row | ({"status": "cancelled"} if chance.yes(0.04) else {})


def _task(place: str, kind: str, plan: str, due: str, late: int | None, department: str) -> Row:
    day = datetime.fromisoformat(due)
    done = None if late is None else day + timedelta(days=late)
    raised = datetime(2025, 4, 8) if place == "cuihu" else datetime(2025, 1, 15)
    days = {"raised_on": raised, "due_on": day, "done_on": done, "verified_on": done and done + timedelta(days=4)}
    return _blank(place) | {"action_kind": kind, "plan": plan, "department": department} | days


def _blank(place: str) -> Row:
    names = (
        "issue", "problem", "metric_id", "plan", "department", "phase", "raised_on", "due_on", "done_on", "verified_on",
        "baseline_milli", "threshold_milli", "direction", "checked_on", "checked_value_milli", "act_decision", "status",
    )  # fmt: skip
    return {"community": place, "action_kind": "measure"} | dict.fromkeys(names)


def _words(month: str, problem: Problem) -> Row:
    """Return what is said of a problem; the month tells one occurrence from the next."""
    phase = next((name for since, name in _PHASES if month >= since), None)
    return {
        "issue": f"{month[:4]}年{int(month[5:])}月{problem.issue}",
        "problem": problem.heading,
        "metric_id": problem.metric,
        "plan": problem.plan,
        "department": problem.department,
        "phase": phase,
    }


def _checked(problem: Problem, value: float, decision: str | None) -> Row:
    return {
        "baseline_milli": round(problem.before * 1000),
        "threshold_milli": round(problem.goal * 1000),
        "direction": "up" if problem.goal > problem.before else "down",
        "checked_value_milli": round(value * 1000),
        "act_decision": decision,
    }


def _known(row: Row) -> Row:
    """Return an action as it stood on the last day."""
    moments = ("done_on", "verified_on", "checked_on")
    row = row | {name: None for name in moments if row[name] is not None and row[name] > AS_OF}
    if row["checked_on"] is None:
        row |= dict.fromkeys(("checked_value_milli", "act_decision"))
    if row["community"] != "cuihu":
        row["phase"] = None
    told = "verified" if row["verified_on"] else "done" if row["done_on"] else "in_progress"
    return row | {"status": row["status"] or ("planned" if row["plan"] is None else told)}


def _numbered(place: str, actions: list[Row]) -> list[Row]:
    """Number the actions in the order in which they were raised, each month from one."""
    seen: dict[str, int] = {}
    ordered = sorted(actions, key=lambda row: row["raised_on"])
    for row in ordered:
        month = f"{row['raised_on']:%Y%m}"
        seen[month] = seen.get(month, 0) + 1
        row["action_id"] = f"{_PREFIXES[place]}-{month}-{seen[month]:02}"
    return ordered


_TARGETS = (
    "指标编号=metric_id 目标期间=period 开始日期=start_on 完成期限=end_on 目标值=target_milli 基线值=baseline_milli "
    "方向=direction 单位=unit 责任部门=department 目标来源=source 制定日期=set_on"
)
LAYOUTS = (
    Layout(
        "target",
        "yinhe",
        "yinhe/目标表_20251008.csv",
        fields(_TARGETS),
        "目标表：数值按指标所用单位（95 即 95%）；表中所写期间内以本表为准，其余期间用本文件的 [[target]]",
        preset="plain",
        known=("*",),
        encoding="utf-8-sig",
    ),
    Layout(
        "target",
        "cuihu",
        "cuihu/经营目标_20251008.xlsx",
        fields(
            "指标代码=metric_id 考核期=period 起始日期=start_on 目标=target_milli 基线=baseline_milli 方向=direction "
            "计量单位=unit 牵头部门=department 依据=source 下达日期=set_on"
        ),
        "目标表：没有截止日期一列，由考核期推得",
        preset="plain",
        known=("*",),
        dates="true",
        codes={"direction": {"up": "不低于", "down": "不高于"}},
    ),
    Layout(
        "target",
        "lanting",
        "lanting/目标表_20251008.csv",
        fields(_TARGETS.replace("制定日期=set_on", "下达日期=set_on")),
        "目标表",
        preset="plain",
        known=("*",),
        dates="hanzi",
    ),
    Layout(
        "action",
        "yinhe",
        "yinhe/改进措施台账_20251008.xlsx",
        fields(
            "措施编号=action_id 问题=issue 问题类别=problem 对应指标=metric_id 改进措施=plan 责任部门=department "
            "责任人 事项类型=action_kind 提出日期=raised_on 完成期限=due_on 完成日期=done_on 验证日期=verified_on "
            "基线值=baseline_milli 达标线=threshold_milli 方向=direction 核查日期=checked_on 核查值=checked_value_milli "
            "处置=act_decision 状态=status"
        ),
        "改进措施、重点工作在同一张表",
        preset="plain",
        known=("*",),
        sheet="改进措施",
        title="银河湾改进措施台账（虚构数据）",
    ),
    Layout(
        "action",
        "cuihu",
        "cuihu/整顿台账_20251008.csv",
        fields(
            "整改编号=action_id 存在问题=issue 问题分类=problem 指标编号=metric_id 整改措施=plan 牵头部门=department "
            "类型=action_kind 所属阶段=phase 立项日期=raised_on 整改期限=due_on 实际完成日期=done_on 验收日期=verified_on "
            "整改前=baseline_milli 核查标准=threshold_milli 方向=direction 效果核查日期=checked_on 整改后=checked_value_milli "
            "处置决定=act_decision 进度=status"
        ),
        "2025 年 4 月起的整顿，分三个阶段；节点与措施在同一张表",
        preset="plain",
        known=("*",),
        encoding="gb18030",
        dates="slash",
        codes={
            "action_kind": {"measure": "措施", "milestone": "节点", "project": "项目"},
            "status": {"done": "已办结", "verified": "已验收"},
        },
    ),
    Layout(
        "action",
        "lanting",
        "lanting/整改台账_20251008.csv",
        fields(
            "编号=action_id 问题描述=issue 问题类别=problem 对应指标=metric_id 措施=plan 责任部门=department "
            "类型=action_kind 提出日期=raised_on 计划完成日期=due_on 完成日期=done_on 复查日期=verified_on "
            "基线值=baseline_milli 达标线=threshold_milli 方向=direction 核查日期=checked_on 核查值=checked_value_milli "
            "处置=act_decision 状态=status"
        ),
        "整改台账",
        preset="plain",
        known=("*",),
        encoding="utf-8-sig",
        dates="dot",
    ),
)
