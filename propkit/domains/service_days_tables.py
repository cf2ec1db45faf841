"""The tables of service days, literally: the days and their tasks."""

from __future__ import annotations

from propkit.model import Column, Table
from propkit.text import Text

TASK_KINDS = {
    "inspection": Text("预防性巡查", "Preventive check"),
    "repair": Text("设施维修", "Repair"),
    "cleaning": Text("深度清洁", "Deep cleaning"),
    "waste": Text("垃圾清运", "Waste"),
    "batch": Text("集中整治", "Backlog"),
    "reception": Text("接待咨询", "Reception"),
    "showcase": Text("服务展示", "Demonstration"),
    "drill": Text("演练", "Drill"),
    "other": Text("其他任务", "Other tasks"),
}
STATUSES = {
    "planned": Text("未开始", "Planned"),
    "in_progress": Text("进行中", "In progress"),
    "done": Text("已完成", "Done"),
    "carried_over": Text("遗留", "Carried over"),
    "cancelled": Text("已取消", "Cancelled"),
}
UNITS = {
    "item": Text("项", "items"),
    "tonne": Text("吨", "tonnes"),
    "kilogram": Text("公斤", "kilograms"),
    "cubic_metre": Text("立方米", "cubic metres"),
    "building": Text("栋", "buildings"),
    "household": Text("户", "households"),
    "person": Text("人次", "people"),
    "time": Text("次", "times"),
    "other": Text("其他单位", "other units"),
}

# One line for each fact, as in a table.
# fmt: off
DAY = Table(
    name="service_day",
    label=Text("服务日", "Service days"),
    columns={
        "event_id": Column("id", label=Text("服务日编号", "Service day id"), required=True,
                           headers=("服务日编号", "活动编号", "event_id")),
        "held_on": Column("day", label=Text("服务日期", "Held on"), required=True,
                          headers=("服务日期", "日期", "活动日期", "held_on")),
        "theme": Column("text", label=Text("主题", "Theme"), headers=("主题", "服务日主题", "活动主题", "theme")),
    },
    key=("community", "event_id"),
    identity=("held_on",),
    dated_by="held_on",
)

TASK = Table(
    name="service_day_task",
    label=Text("服务日任务", "Service-day tasks"),
    columns={
        "task_id": Column("id", label=Text("任务编号", "Task id"), required=True, headers=("任务编号", "task_id")),
        "event_id": Column("id", label=Text("服务日编号", "Service day id"), required=True,
                           headers=("服务日编号", "活动编号", "event_id")),
        "held_on": Column("day", label=Text("服务日期", "Held on"), required=True,
                          headers=("服务日期", "日期", "活动日期", "held_on")),
        "task_kind": Column("choice", label=Text("任务类型", "Kind"), required=True, choices=TASK_KINDS,
                            headers=("任务类型", "类型", "task_kind")),
        "task": Column("text", label=Text("任务", "Task"), headers=("任务", "任务名称", "工作内容", "task")),
        "area": Column("text", label=Text("责任区域", "Area"), headers=("责任区域", "区域", "area")),
        "department": Column("text", label=Text("责任部门", "Department"), headers=("责任部门", "部门", "department")),
        "owner": Column("text", label=Text("责任人", "Owner"), personal=True, headers=("责任人", "负责人", "owner")),
        "due_at": Column("instant", planned=True, label=Text("完成时限", "Due"), headers=("完成时限", "要求完成时间", "due_at")),
        "done_at": Column("instant", label=Text("完成时间", "Done"), headers=("完成时间", "实际完成时间", "done_at")),
        "status": Column("choice", label=Text("状态", "Status"), choices=STATUSES, known_from="done_at",
                         headers=("状态", "完成情况", "status")),
        "unit": Column("choice", label=Text("单位", "Unit"), choices=UNITS, headers=("单位", "计量单位", "unit")),
        "target_milli": Column("decimal", label=Text("目标数量", "Goal"), low=0, headers=("目标数量", "目标", "target")),
        "done_milli": Column("decimal", label=Text("完成数量", "Quantity done"), low=0, known_from="done_at",
                             headers=("完成数量", "实际完成", "done")),
        "planned_persons": Column("whole", label=Text("计划人数", "People planned"), low=0,
                                  headers=("计划人数", "安排人数", "planned_persons")),
        "persons": Column("whole", label=Text("参加人数", "People"), low=0, headers=("参加人数", "投入人数", "人数", "persons")),
        "hours_milli": Column("decimal", label=Text("投入小时", "Hours"), low=0, headers=("投入小时", "工作时长", "时长", "hours")),
        "found_new": Column("whole", label=Text("发现问题数", "New issues"), low=0,
                            headers=("发现问题数", "新发现问题", "found_new")),
        "fixed_new": Column("whole", label=Text("当日整改数", "Fixed that day"), low=0,
                            headers=("当日整改数", "当场整改", "fixed_new")),
        "backlog_before": Column("whole", label=Text("整治前积压", "Backlog before"), low=0,
                                 headers=("整治前积压", "处理前积压", "backlog_before")),
        "backlog_after": Column("whole", label=Text("整治后积压", "Backlog after"), low=0,
                                headers=("整治后积压", "处理后积压", "backlog_after")),
        "visitors": Column("whole", label=Text("参观人次", "Visitors"), low=0, headers=("参观人次", "参观人数", "visitors")),
    },
    key=("community", "task_id"),
    identity=("event_id", "held_on"),
    dated_by="held_on",
)

TABLES = (DAY, TASK)
# fmt: on
