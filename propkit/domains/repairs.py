"""Repairs: work orders and their events, the columns derived from them, and the KPIs of the repair service."""

from __future__ import annotations

from propkit.domains.repairs_derived import (  # noqa: F401  (what the table means)
    MADE_OF_STEPS,
    STEPS,
    balance,
    derive,
    fill_from_events,
    overdue,
)
from propkit.domains.repairs_readings import (  # noqa: F401  (the readings are asked for by name)
    READINGS,
    demand_and_resource_analysis,
    digital_contribution,
    process_improvement,
    work_order_backlog,
)
from propkit.model import Column, Derived, Duration, Kpi, Segment, Table
from propkit.text import Text

CHANNELS = {
    "app": Text("业主自主（App/公众号）", "Owner's app"),
    "phone": Text("电话", "Phone"),
    "desk": Text("前台代报", "Front desk"),
    "email": Text("邮件", "E-mail"),
    "inspection": Text("巡检", "Inspection"),
    "other": Text("其他", "Other"),
}
STATUSES = {
    "waiting": Text("待派单", "Waiting"),
    "in_progress": Text("处理中", "In progress"),
    "paused": Text("暂停", "Paused"),
    "returned": Text("退单", "Returned"),
    "awaiting_payment": Text("待支付", "Awaiting payment"),
    "awaiting_rating": Text("待评价", "Awaiting rating"),
    "awaiting_revisit": Text("待回访", "Awaiting revisit"),
    "done": Text("办理完成", "Done"),
    "closed_without_work": Text("未办理结单", "Closed without work"),
    "cancelled": Text("已取消", "Cancelled"),
    "duplicate": Text("重复单", "Duplicate"),
}
URGENCIES = {
    "emergency": Text("急修", "Emergency"),
    "routine": Text("一般", "Routine"),
}
ORIGINS = {
    "request": Text("报修", "Request"),
    "inspection": Text("巡检", "Inspection"),
    "preventive": Text("预防性维护", "Preventive"),
}
DELAY_REASONS = {
    "staff": Text("人员不足", "Staff shortage"),
    "parts": Text("配件缺乏", "Parts missing"),
    "process": Text("流程障碍", "Process"),
    "access": Text("无法入户", "No access"),
    "contractor": Text("外委单位", "Contractor"),
    "other": Text("其他", "Other"),
}
EVENTS = {
    "created": Text("报修", "Created"),
    "dispatched": Text("派单", "Dispatched"),
    "accepted": Text("接单", "Accepted"),
    "arrived": Text("到场", "Arrived"),
    "transferred": Text("转单", "Transferred"),
    "returned": Text("退单", "Returned"),
    "paused": Text("暂停", "Paused"),
    "resumed": Text("恢复", "Resumed"),
    "completed": Text("完工", "Completed"),
    "reworked": Text("返工", "Reworked"),
    "revisited": Text("回访", "Revisited"),
    "closed": Text("关闭", "Closed"),
}

# One line for each fact, as in a table.
# fmt: off
WORK_ORDER = Table(
    name="work_order",
    label=Text("报修工单", "Work orders"),
    columns={
        "order_id": Column("id", label=Text("工单编号", "Order id"), required=True,
                           headers=("工单编号", "工单编码", "工单号", "order_id")),
        "household": Column("place", label=Text("房号", "Unit"), headers=("房号", "房屋", "位置", "household")),
        "public_area": Column("text", label=Text("公共区域", "Public area"), headers=("公共区域", "public_area")),
        "channel": Column("choice", label=Text("渠道", "Channel"), choices=CHANNELS, headers=("报修渠道", "channel")),
        "category": Column("text", label=Text("报修类型", "Category"), headers=("报修类型", "category")),
        "fault_type": Column("text", label=Text("故障类型", "Fault type"), headers=("故障类型", "fault_type")),
        "urgency": Column("choice", label=Text("紧急程度", "Urgency"), choices=URGENCIES,
                          headers=("紧急程度", "urgency")),
        "origin": Column("choice", label=Text("来源", "Origin"), choices=ORIGINS, headers=("工单来源", "origin")),
        "status": Column("choice", label=Text("状态", "Status"), choices=STATUSES, known_from="closed_at",
                         headers=("状态", "工单状态", "status")),
        "reported_at": Column("instant", label=Text("报修时间", "Reported"), required=True,
                              headers=("报修时间", "提交时间", "reported_at")),
        "dispatched_at": Column("instant", label=Text("派单时间", "Dispatched"), headers=("派单时间", "dispatched_at")),
        "accepted_at": Column("instant", label=Text("接单时间", "Accepted"), headers=("接单时间", "accepted_at")),
        "arrived_at": Column("instant", label=Text("到场时间", "Arrived"),
                             headers=("到场时间", "上门时间", "arrived_at")),
        "completed_at": Column("instant", label=Text("完成时间", "Completed"),
                               headers=("完成时间", "完工时间", "completed_at")),
        "closed_at": Column("instant", label=Text("结单时间", "Closed"), headers=("结单时间", "closed_at")),
        "due_at": Column("instant", label=Text("要求完成时间", "Due"), planned=True, headers=("要求完成时间", "due_at")),
        "appointment_from": Column("instant", label=Text("预约开始", "Appointment from"),
                                   planned=True, headers=("预约时间", "预约开始时间", "appointment_from")),
        "appointment_to": Column("instant", label=Text("预约结束", "Appointment to"),
                                 planned=True, headers=("预约结束时间", "appointment_to")),
        "visit_count": Column("whole", label=Text("上门次数", "Visits"), low=0, high=99, known_from="completed_at",
                              headers=("上门次数", "visit_count")),
        "planned_multi_visit": Column("flag", label=Text("计划多次上门", "Several visits planned"),
                                      headers=("计划多次上门", "planned_multi_visit")),
        "no_access_visits": Column("whole", label=Text("无人在家次数", "No-access visits"), low=0, high=99,
                                   known_from="completed_at", headers=("无人在家次数", "no_access_visits")),
        "delay_reason": Column("choice", label=Text("超时原因", "Delay reason"), choices=DELAY_REASONS,
                               headers=("超时原因", "delay_reason")),
        "asset_id": Column("id", label=Text("设备编号", "Asset"), headers=("设备编号", "asset_id")),
        "rating": Column("score", label=Text("评价", "Rating"), low=1, high=5, known_from="closed_at",
                         headers=("综合评价得分", "评价", "rating")),
        "revisited_at": Column("instant", label=Text("回访时间", "Revisited"), headers=("回访时间", "revisited_at")),
        "revisit_score": Column("score", label=Text("回访满意度", "Revisit satisfaction"), low=1, high=5,
                                known_from="revisited_at", headers=("回访满意度", "revisit_score")),
        "updated_at": Column("instant", label=Text("更新时间", "Updated"), headers=("更新时间", "updated_at")),
    },
    key=("community", "order_id"),
    identity=("reported_at", "household"),
    dated_by="reported_at",
    ordered=(
        ("reported_at", "dispatched_at"),
        ("reported_at", "accepted_at"),
        ("reported_at", "arrived_at"),
        ("reported_at", "completed_at"),
        ("completed_at", "closed_at"),
    ),
)

ORDER_EVENT = Table(
    name="order_event",
    label=Text("工单流转", "Order events"),
    columns={
        "order_id": Column("id", label=Text("工单编号", "Order id"), required=True,
                           headers=("工单编号", "工单编码", "工单号", "order_id")),
        "event": Column("choice", label=Text("环节", "Event"), choices=EVENTS, required=True,
                        headers=("环节", "状态", "event")),
        "at": Column("instant", label=Text("时间", "At"), required=True, headers=("时间", "处理结束时间", "at")),
    },
    key=("community", "order_id", "event", "at"),
    dated_by="at",
)
TABLES = (WORK_ORDER, ORDER_EVENT)

DERIVED = (
    Derived(
        "work_order",
        columns={"finished_at": Text("结单时间（没有则为完工时间）", "Closed (or else completed)")},
        feeds=dict.fromkeys((*STEPS, "finished_at"), ("order_event",)),
        made_of=MADE_OF_STEPS,
    ),
)

SEGMENTS = (
    Segment("fault_type", Text("故障类型", "Fault type")),
    Segment("category", Text("报修类型", "Category")),
    Segment("urgency", Text("紧急程度", "Urgency"), URGENCIES),
    Segment("channel", Text("渠道", "Channel"), CHANNELS),
    Segment("delay_reason", Text("超时原因", "Delay reason"), DELAY_REASONS),
)

_CLOCK = Text("自然时间（全天候）", "calendar time, day and night")
_RECALL = Text(
    "同一房屋（或设备、公共区域）同类故障在回访窗口内再次报修（不论来源）即为返修，计入首单所在月份；回访窗口未满的工单不计入，月份标为暂定。",
    "The same fault at the same unit (or asset, public area) reported again within the recall window, from whatever origin, is a recall and counts "
    "against the first order's month; orders younger than the window are outside, and their month is provisional.",
)

KPIS = (
    Kpi(
        id="work_order_volume",
        label=Text("报修单量", "Work orders"),
        top=Text("当期报修的工单（不含取消、重复单）", "orders reported in the period, without cancelled and duplicate ones"),
        bottom=Text("无（数量）", "none (a count)"),
        table="work_order", numerator="received", kind="count", unit=Text("单", "orders"), scale=1,
        dated_by="reported_at", source="S0:71",
    ),
    Kpi(
        id="repair_completion_rate",
        label=Text("修复率", "Completion rate"),
        top=Text("截至数据日已真正修复的工单", "orders really repaired by the data cut-off"),
        bottom=Text("当期报修的工单（不含取消、重复、未办理结单）",
                    "orders reported in the period, without cancelled, duplicate and closed-without-work ones"),
        table="work_order", numerator="completed", ages=True, better="up", dated_by="reported_at", source="S0:71",
    ),
    Kpi(
        id="first_time_fix_rate",
        label=Text("一次性修复率", "First-time fix rate"),
        top=Text("一次上门修好、且{recall_days}天内同处同类故障未再报修的工单",
                 "orders fixed in one visit with no recall of the same fault within {recall_days} days"),
        bottom=Text("当期完工且已满回访窗口的报修（不含巡检、预防性维护产生的工单，不含取消、重复、未办理结单）",
                    "responsive orders completed in the period at least {recall_days} days before the cut-off; orders from inspection or preventive maintenance are outside"),
        table="work_order", numerator="first_fix", better="up", dated_by="completed_at", matures_after="recall_days",
        source="S0:71; ARAP HMPI 101", note=_RECALL,
    ),
    Kpi(
        id="repairs_on_time_rate",
        label=Text("维修及时率", "Repairs on time"),
        top=Text("在要求时间前完成的工单", "orders completed by their due time"),
        bottom=Text("当期到期的一般工单（不含未办理结单）；到期未完成的计为不及时",
                    "routine orders due in the period, without closed-without-work ones; still open when due counts as late"),
        table="work_order", numerator="on_time", better="up", dated_by="due_at", source="S0:71; RSH RP02",
        note=Text("按到期日归属，急修不并入。", "Attributed by due date; emergencies are never pooled in."),
    ),
    Kpi(
        id="repairs_completed_on_time_rate",
        label=Text("完工及时率", "Completed repairs on time"),
        top=Text("在要求时间前完成的工单", "orders completed by their due time"),
        bottom=Text("当期完工且有要求时间的一般工单", "routine orders with a due time completed in the period"),
        table="work_order", numerator="completed_on_time", better="up", dated_by="completed_at", source="RSH RP02",
        note=Text("不含仍未完成的超期工单，须与维修及时率并看。",
                  "Leaves out overdue orders that are still open; read it beside repairs on time."),
    ),
    Kpi(
        id="emergency_on_time_rate",
        label=Text("急修及时率", "Emergencies on time"),
        top=Text("报修后{emergency_minutes}分钟内到场的急修", "emergencies with arrival within {emergency_minutes} minutes of the report"),
        bottom=Text("当期报修的急修；没有到场时间的不算及时",
                    "emergencies reported in the period; no arrival time is not on time"),
        table="work_order", numerator="emergency_on_time", better="up", dated_by="reported_at",
        source="中物协 2004; HUD 24 CFR 901.25", note=_CLOCK,
    ),
    Kpi(
        id="repair_response_on_time_rate",
        label=Text("报修响应及时率", "Response on time"),
        top=Text("报修后{response_minutes}分钟内接单的工单", "orders accepted within {response_minutes} minutes of the report"),
        bottom=Text("当期报修的工单；超过时限仍未接单的计为不及时",
                    "orders reported in the period; not accepted within the limit is late"),
        table="work_order", numerator="response_on_time", better="up", dated_by="reported_at", source="S0:40,71; S1:21",
        note=_CLOCK,
    ),
    Kpi(
        id="appointments_kept_rate",
        label=Text("预约履约率", "Appointments kept"),
        top=Text("在预约时段内到场的工单", "orders with arrival inside the appointment"),
        bottom=Text("当期预约时段已过的工单", "orders whose appointment ended in the period"),
        table="work_order", numerator="appointment_kept", better="up", dated_by="appointment_to", source="HMPI",
    ),
    Kpi(
        id="repair_satisfaction",
        label=Text("维修满意率", "Repair satisfaction"),
        top=Text("评价4分及以上的工单", "orders rated 4 or 5"),
        bottom=Text("当期结单且有评价的工单；未评价不计入", "rated orders closed in the period; no rating is outside the base"),
        table="work_order", numerator="satisfied", better="up", dated_by="finished_at", opinion=True, source="S0:71",
        note=Text("事后评价，不与满意度调查合并。", "A rating after the job; never pooled with survey answers."),
    ),
    Kpi(
        id="repair_rating_coverage",
        label=Text("维修评价覆盖率", "Rating coverage"),
        top=Text("有评价的工单", "orders with a rating"),
        bottom=Text("当期结单的完工工单", "completed orders closed in the period"),
        table="work_order", numerator="rated", dated_by="finished_at", source="S0:71",
    ),
    Kpi(
        id="revisit_rate",
        label=Text("维修回访率", "Revisit rate"),
        top=Text("结单后{revisit_days}天内回访的工单", "orders revisited within {revisit_days} days of closing"),
        bottom=Text("当期结单且已满{revisit_days}天的工单", "orders closed in the period at least {revisit_days} days before the cut-off"),
        table="work_order", numerator="revisited", better="up", dated_by="finished_at", matures_after="revisit_days", source="S0:61",
    ),
    Kpi(
        id="revisit_call_satisfaction",
        label=Text("回访满意率", "Revisit-call satisfaction"),
        top=Text("回访评分4分及以上", "revisit calls scored 4 or 5"),
        bottom=Text("当期回访并给出评分的工单", "orders with a scored revisit call in the period"),
        table="work_order", numerator="revisit_satisfied", better="up", dated_by="revisited_at", opinion=True,
        source="S1:20",
    ),
    Kpi(
        id="sla_breach_reasons",
        label=Text("未达时效工单", "Late orders"),
        top=Text("当期到期而未按时完成的一般工单", "routine orders due in the period and not done by then"),
        bottom=Text("无（数量）", "none (a count)"),
        table="work_order", numerator="breached", kind="count", unit=Text("单", "orders"), scale=1, better="down",
        dated_by="due_at", by="delay_reason", explained=True, source="S1:36",
    ),
    Kpi(
        id="fault_type_pareto",
        label=Text("高发故障类型", "Frequent faults"),
        top=Text("当期报修的工单，按故障类型", "orders reported in the period by fault type"),
        bottom=Text("无（数量）", "none (a count)"),
        table="work_order", numerator="received", kind="count", unit=Text("单", "orders"), scale=1,
        dated_by="reported_at", by="fault_type", source="S0:71",
    ),
    Kpi(
        id="orders_on_the_spot_rate",
        label=Text("报修当日完工率", "Orders done the same day"),
        top=Text("报修当天完工的工单", "orders completed on the day of the report"),
        bottom=Text("当期报修的工单（不含取消、重复、未办理结单）；当天尚未结束而未完工的不计",
                    "orders reported in the period, without cancelled, duplicate and closed-without-work ones; not judged before the day is over"),
        table="work_order", numerator="on_the_spot", better="up", dated_by="reported_at", source="S2:48",
        note=Text("没有完工时间的已结单，当天结单的算当日完工，否则不计。",
                  "A closed order without completion time was done the same day if it was closed on it; of others nobody knows."),
    ),
    Kpi(
        id="closed_loop_rate",
        label=Text("工单闭环率", "Orders with a closed loop"),
        top=Text("有报修、有至少一个处理环节（派单、接单、到场、转单、暂停等）、有完工、有回访或评价的工单",
                 "orders with a report, at least one step (dispatch, acceptance, arrival, transfer, pause...), a completion, and a revisit or rating"),
        bottom=Text("当期完工的工单（不含取消、重复、未办理结单）",
                    "orders completed in the period, without cancelled, duplicate and closed-without-work ones"),
        table="work_order", numerator="loop_closed", ages=True, better="up", dated_by="completed_at", source="S3:46",
        note=Text("截至数据日；回访和评价在完工之后陆续到来，数值随数据日上升。导出中没有处理环节或没有回访、评价列的工单不计。",
                  "By the data cut-off: revisits and ratings come after the completion, so it rises with a later one. Orders of exports without any such column are outside."),
    ),
    Kpi(
        id="proactive_maintenance_ratio",
        label=Text("主动预防占比", "Planned share"),
        top=Text("巡检或预防性维护产生的工单", "orders that come from inspection or preventive maintenance"),
        bottom=Text("当期报修且来源已知的工单", "orders reported in the period with a known origin"),
        table="work_order", numerator="planned_work", better="up", dated_by="reported_at", source="S3:47",
    ),
)

DURATIONS = (
    Duration(
        id="repair_response_time",
        label=Text("报修响应时间", "Response time"),
        table="work_order", start="reported_at", end="accepted_at",
        top=Text("从报修到接单", "from report to acceptance"), limit="response_minutes", source="S0:40,71; S1:21", note=_CLOCK,
    ),
    Duration(
        id="repair_arrival_time",
        label=Text("到场时间", "Arrival time"),
        table="work_order", start="reported_at", end="arrived_at",
        top=Text("从报修到到场", "from report to arrival"), source="S0:40,71", note=_CLOCK,
    ),
    Duration(
        id="end_to_end_repair_time",
        label=Text("维修全程时间", "Time to repair"),
        table="work_order", start="reported_at", end="completed_at",
        top=Text("从报修到完工；未完工的按截至数据日计为未完", "from report to completion; open orders count as still open"),
        source="ARAP HMPI 90", note=_CLOCK,
    ),
)
NOTES = ()
# fmt: on
