"""The two service days of the demo: one for green surroundings in spring, one for the elderly in autumn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from propkit.demo.chance import Chance
from propkit.demo.engagement import SERVICE_DAYS
from propkit.demo.estates import Home
from propkit.demo.layout import Layout, fields

Row = dict[str, object]

_THEMES = ("绿色环保服务日", "敬老爱亲服务日")
_BLANK = dict.fromkeys(
    ("unit", "target_milli", "done_milli", "found_new", "fixed_new", "backlog_before", "backlog_after", "visitors")
)
# kind, task, area, department, unit, goal: a task of each service day, and which numbers it brings.
_TASKS = (
    ("inspection", "消防设施巡查", "1–5栋", "秩序部", "item", 60),
    ("inspection", "电梯运行检查", "全部电梯", "工程部", "item", 20),
    ("inspection", "公共照明检查", "6–10栋", "工程部", "item", 45),
    ("repair", "公共照明维修", "6–10栋", "工程部", "item", 12),
    ("repair", "单元门禁维修", "1–5栋", "工程部", "item", 8),
    ("repair", "地面破损修补", "中心广场", "工程部", "item", 5),
    ("cleaning", "楼道深度清洁", "1–10栋", "环境部", "building", 10),
    ("waste", "大件垃圾清运", "东区", "环境部", "tonne", 3),
    ("waste", "绿化垃圾清运", "西区", "环境部", "tonne", 2),
    ("batch", "楼道堆物集中清理", "1–10栋", "秩序部", None, None),
    ("batch", "车库积水集中处理", "地下车库", "工程部", None, None),
    ("reception", "业主接待与咨询", "中心广场", "客服部", "household", 50),
    ("showcase", "电梯困人救援演示", "3栋大堂", "工程部", None, None),
    ("showcase", "管家工作展示", "客服中心", "客服部", None, None),
    ("drill", "消防疏散演练", "5栋", "秩序部", "time", 1),
    ("other", "满意度走访", "西区", "客服部", "household", 40),
)


def rows(homes: Mapping[str, Sequence[Home]], seed: int) -> dict[str, list[Row]]:
    """Return the true rows of this room by table; `homes` by community."""
    days, tasks = [], []
    for place, dates in SERVICE_DAYS.items():
        chance = Chance(seed, f"service_days/{place}")
        for held_on, theme in zip(dates, _THEMES, strict=True):
            head = {"community": place, "event_id": f"FW{held_on:%Y%m}", "held_on": held_on}
            days.append(head | {"theme": theme})
            tasks += [head | _task(number, held_on, task, chance) for number, task in enumerate(_TASKS, 1)]
    return {"service_day": days, "service_day_task": tasks}


def _task(number: int, held_on: datetime, told: tuple, chance: Chance) -> Row:
    kind, name, area, department, unit, goal = told
    planned = chance.between(2, 8)
    due = held_on + timedelta(hours=chance.one((12, 16, 18)))
    may_stay = kind in ("inspection", "repair", "cleaning", "waste", "batch")
    status, done_at = _outcome(held_on, due, may_stay, chance)
    return _BLANK | {
        "task_id": f"FW{held_on:%Y%m}-{number:02}",
        "task_kind": kind,
        "task": name,
        "area": area if chance.yes(0.97) else None,
        "department": department,
        "owner": f"测试员工{chance.between(1, 30):02}" if chance.yes(0.94) else None,
        "due_at": due,
        "done_at": done_at,
        "status": status,
        "unit": unit,
        "target_milli": goal * 1000 if goal else None,
        "done_milli": _done(goal, unit, status, chance) if goal else None,
        "planned_persons": planned,
        "persons": max(0, planned - chance.pick({0: 70, 1: 24, 2: 6})),
        "hours_milli": chance.one((2_000, 3_000, 4_000, 6_000)),
        **_found(kind, chance),
    }


def _done(goal: int, unit: str, status: str, chance: Chance) -> int:
    """Return the quantity done, in thousandths: about the goal, or well short of what stays open."""
    if unit == "tonne":
        return chance.between(goal * 8, goal * 12) * 100
    if status == "carried_over":
        return goal * 6 // 10 * 1000
    return (goal + chance.between(-1, 3) * (goal >= 5)) * 1000


def _outcome(held_on: datetime, due: datetime, may_stay: bool, chance: Chance) -> tuple[str, datetime | None]:
    """Return how a task ended: in time, days later, or not at all."""
    outcome = chance.pick({"in_time": 76, "later": 13, "open": 11}) if may_stay else "in_time"
    if outcome == "in_time":
        return "done", due - timedelta(minutes=chance.between(5, 150))
    if outcome == "later":
        return "done", held_on + timedelta(days=chance.between(2, 12), hours=10)
    return "carried_over", None


def _found(kind: str, chance: Chance) -> Row:
    if kind == "inspection":
        found = chance.between(2, 9)
        return {"found_new": found, "fixed_new": chance.between(found // 2, found)}
    if kind == "batch":
        before = chance.between(14, 40)
        return {"backlog_before": before, "backlog_after": before // chance.between(3, 8)}
    if kind == "showcase":
        return {"visitors": chance.between(30, 120)}
    return {"found_new": chance.between(0, 3)} if kind in ("repair", "reception") else {}


LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "service_day", "yinhe", "yinhe/服务日_20251008.csv",
        fields("服务日编号=event_id 服务日期=held_on 服务日主题=theme"),
        "服务日：只有银河湾办过，翠湖花园和兰亭苑没有", preset="plain", known=("*",),
    ),
    Layout(
        "service_day_task", "yinhe", "yinhe/服务日任务_20251008.csv",
        fields("任务编号=task_id 服务日编号=event_id 服务日期=held_on 任务类型=task_kind 工作内容=task 责任区域=area 责任部门=department "
               "责任人=owner 完成时限=due_at 实际完成时间=done_at 完成情况=status 计量单位=unit 目标=target_milli 实际完成=done_milli "
               "安排人数=planned_persons 参加人数=persons 工作时长=hours_milli 新发现问题=found_new 当场整改=fixed_new "
               "处理前积压=backlog_before 处理后积压=backlog_after 参观人数=visitors"),
        "服务日任务：责任人在读取时加密", preset="plain", known=("*",), encoding="utf-8-sig",
    ),
)  # fmt: skip
