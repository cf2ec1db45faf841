"""Cleaning, greening and inspections: areas, what was inspected, and the KPIs of the environment."""

from __future__ import annotations

from propkit.domains.environment_derived import derive  # noqa: F401  (the columns behind the KPIs)
from propkit.domains.environment_readings import (  # noqa: F401  (the readings are asked for by name)
    DOMAINS,
    FOLLOW_UPS,
    READINGS,
    cleaning_measures,
    inspection_blind_spots,
    public_order_open,
    replanting_areas,
)
from propkit.domains.facilities_readings import SYSTEMS
from propkit.model import Column, Derived, Kpi, Note, Segment, Table
from propkit.text import Text

RESULTS = {
    "pass": Text("合格", "Passed"),
    "fixed": Text("当场整改", "Put right on the spot"),
    "fail": Text("不合格", "Failed"),
    "not_applicable": Text("不适用", "Not applicable"),
    "cancelled": Text("已取消", "Called off"),
}
SEASON_TASKS = {
    "leaf": Text("落叶清扫", "Leaf sweeping"),
    "mosquito": Text("蚊虫消杀", "Mosquito control"),
    "snow": Text("扫雪除冰", "Snow clearing"),
}

# One line for each fact, as in a table.
# fmt: off
AREA = Table(
    name="area",
    label=Text("责任区", "Areas"),
    columns={
        "area_id": Column("id", label=Text("区域编号", "Area id"), required=True,
                          headers=("区域编号", "责任区编号", "巡检点编号", "area_id")),
        "domain": Column("choice", label=Text("领域", "Domain"), choices=DOMAINS, required=True,
                         headers=("领域", "专业", "检查类别", "domain")),
        "area_type": Column("text", label=Text("区域类型", "Area type"), headers=("区域类型", "部位", "area_type")),
        "size_milli": Column("decimal", label=Text("面积（㎡）", "Size in m²"), low=0,
                             headers=("面积", "面积(㎡)", "面积(平方米)", "size_m2")),
        "required_per_week": Column("whole", label=Text("每周应保洁次数", "Required per week"), low=1, high=999,
                                    headers=("每周应保洁次数", "每周频次", "周频次", "required_per_week")),
        "is_key": Column("flag", label=Text("重点区域", "Key area"), headers=("重点区域", "是否重点", "is_key")),
        "added_on": Column("day", planned=True, label=Text("启用日期", "In use since"), headers=("启用日期", "added_on")),
    },
    key=("community", "domain", "area_id"),
    dated_by="added_on",
)

INSPECTION = Table(
    name="inspection",
    label=Text("检查与巡检明细", "Inspections"),
    columns={
        "inspection_id": Column("id", label=Text("检查编号", "Inspection id"), required=True,
                                headers=("检查编号", "巡检编号", "任务详情ID", "inspection_id")),
        "domain": Column("choice", label=Text("领域", "Domain"), choices=DOMAINS, required=True,
                         headers=("领域", "专业", "检查类别", "domain")),
        "area_id": Column("id", label=Text("区域编号", "Area id"), headers=("区域编号", "责任区编号", "巡检点编号", "area_id")),
        "asset_id": Column("id", label=Text("设备编号", "Asset id"), headers=("设备编号", "设备编码", "asset_id")),
        "area_type": Column("text", label=Text("区域类型", "Area type"), headers=("区域类型", "部位", "area_type")),
        "system": Column("choice", label=Text("所属系统", "System"), choices=SYSTEMS, headers=("所属系统", "设备系统", "system")),
        "check_item": Column("text", label=Text("检查项目", "Item"), headers=("检查项目", "检查内容", "巡检项目", "check_item")),
        "season_task": Column("choice", label=Text("季节任务", "Seasonal task"), choices=SEASON_TASKS,
                              headers=("季节任务", "季节性任务", "season_task")),
        "planned_at": Column("instant", planned=True, label=Text("计划时间", "Planned"),
                             headers=("计划时间", "计划开始时间", "planned_at")),
        "due_at": Column("instant", planned=True, label=Text("计划结束时间", "Planned end"),
                         headers=("计划结束时间", "截止时间", "due_at")),
        "actual_at": Column("instant", label=Text("实际检查时间", "Made"),
                            headers=("实际检查时间", "实际巡检时间", "检查时间", "actual_at")),
        "result": Column("choice", label=Text("检查结果", "Result"), choices=RESULTS, known_from="actual_at",
                         headers=("检查结果", "结果", "result")),
        "score_milli": Column("decimal", label=Text("得分", "Score"), low=0, high=100_000, known_from="actual_at",
                              headers=("得分", "评分", "score")),
        "inspector": Column("id", label=Text("检查人", "Inspector"), personal=True, known_from="actual_at",
                            headers=("检查人", "巡检人", "实际巡检人", "inspector")),
        "is_blocked": Column("flag", label=Text("是否堵塞", "Blocked"), known_from="actual_at",
                             headers=("是否堵塞", "堵塞", "is_blocked")),
        "follow_up": Column("choice", label=Text("后续措施", "Follow-up"), choices=FOLLOW_UPS, known_from="actual_at",
                            headers=("后续措施", "处理措施", "follow_up")),
        "cleared_at": Column("instant", label=Text("整改时间", "Put right"),
                             headers=("整改时间", "清除时间", "整改完成时间", "cleared_at")),
    },
    key=("community", "inspection_id"),
    identity=("domain", "area_id"),
    dated_by="planned_at",
    ordered=(("planned_at", "due_at"), ("actual_at", "cleared_at")),
)
"""A line is one item of an inspection; a check without a plan has no `planned_at`.  The score is of 100 marks."""
TABLES = (AREA, INSPECTION)

DERIVED = (Derived("area_week", of=("area", "inspection"), columns={"ended_on": Text("该周的星期日", "Sunday of the week")}),)

SEGMENTS = (
    Segment("area_type", Text("区域类型", "Area type")),
    Segment("domain", Text("检查领域", "Domain of inspection"), DOMAINS),
    Segment("season_task", Text("季节任务", "Seasonal task"), SEASON_TASKS),
)

_DONE = Text("截止时间取计划结束时间，没有的取计划当日24点；到时未做的计为未做，迟做的计为已做；没有计划的检查和已取消的不计。",
             "The limit is the planned end, or else the end of the planned day; not made by the cut-off counts as missed, made late counts as made; checks "
             "without a plan and those called off are left out.")
_PASSED = Text("当场整改的不算合格；不适用、没有结果的不计。各检查人尺度可能不同，见保洁检查明细。",
               "Put right on the spot is not passed; not applicable or without result is outside. Inspectors may judge differently, see the cleaning inspections in detail.")
_JUDGED = Text("当期检查并判定的项", "items inspected in the period and judged")

KPIS = (
    Kpi(
        id="cleaning_coverage_rate",
        label=Text("保洁覆盖率（面积）", "Cleaning coverage (area)"),
        top=Text("一周内保洁次数达到要求的责任区面积，逐周相加", "area cleaned as often as required in a week, added over weeks"),
        bottom=Text("当期结束的各周应保洁面积", "area to be cleaned in the weeks that end in the period"),
        table="area_week", numerator="covered_milli", denominator="required_milli", kind="money", better="up", dated_by="ended_on",
        by="area_type", source="S0:69; 保洁覆盖率",
        note=Text("周一至周日为一周，计入周日所在的月；只计保洁记录完整覆盖的周；同一区域不同时刻的保洁各计一次；没有面积或频次要求的区域不计。是面积之比，没有抽样区间。",
                  "A week is Monday to Sunday and belongs to the month of its Sunday; only weeks wholly covered by cleaning records; different moments in one area are "
                  "different cleanings; areas without size or requirement are left out. A ratio of areas, so there is no sampling interval."),
    ),
    Kpi(
        id="cleaning_frequency",
        label=Text("保洁频次达成率", "Cleaning done against plan"),
        top=Text("截至数据日已做的计划保洁", "planned cleanings made by the cut-off"),
        bottom=Text("当期计划、已到截止时间的保洁", "cleanings planned in the period whose time is over"),
        table="inspection", numerator="cleaning_done", ages=True, better="up", dated_by="planned_at", by="area_type", source="S0:69",
        note=_DONE,
    ),
    Kpi(
        id="cleaning_pass_rate",
        label=Text("保洁达标率", "Cleaning pass rate"),
        top=Text("判定合格的保洁检查项", "cleaning items that passed"), bottom=_JUDGED,
        table="inspection", numerator="cleaning_passed", better="up", dated_by="actual_at", by="area_type", source="S0:69; S3:109",
        note=_PASSED,
    ),
    Kpi(
        id="inspection_score",
        label=Text("检查得分率", "Inspection score"),
        top=Text("检查得分之和", "points given"), bottom=Text("当期有得分的检查的满分之和", "full marks of the period's scored inspections"),
        table="inspection", numerator="score_milli", denominator="full_milli", kind="money", better="up", dated_by="actual_at",
        by="domain", source="S0:69",
        note=Text("百分制；各领域评分表不同，不宜跨领域比较。", "Of 100 marks; score sheets differ between domains, so do not compare across them."),
    ),
    Kpi(
        id="greening_condition",
        label=Text("绿化养护合格率", "Greening pass rate"),
        top=Text("判定合格的绿化检查项", "greening items that passed"), bottom=_JUDGED,
        table="inspection", numerator="greening_passed", better="up", dated_by="actual_at", by="area_type", explained=True,
        source="S0:72; S3:109", note=_PASSED,
    ),
    Kpi(
        id="seasonal_cleaning",
        label=Text("季节性任务完成率", "Seasonal tasks done"),
        top=Text("截至数据日已做的季节性任务（落叶、蚊虫、扫雪）", "seasonal tasks (leaves, mosquitoes, snow) made by the cut-off"),
        bottom=Text("当期计划、已到截止时间的季节性任务", "seasonal tasks planned in the period whose time is over"),
        table="inspection", numerator="seasonal_done", ages=True, better="up", dated_by="planned_at", by="season_task",
        explained=True, source="S1:8", note=_DONE,
    ),
    Kpi(
        id="public_area_order",
        label=Text("公共区域秩序合格率", "Public areas in order"),
        top=Text("无堆物、无损坏的公共区域检查项", "items of public areas free of clutter and damage"), bottom=_JUDGED,
        table="inspection", numerator="order_clear", better="up", dated_by="actual_at", by="area_type", source="S4:46", note=_PASSED,
    ),
    Kpi(
        id="safety_inspection_count",
        label=Text("安全检查次数", "Safety inspections"),
        top=Text("当期做过的消防、设施、治安检查", "fire, facility and security inspections made in the period"),
        bottom=Text("无（数量）", "none (a count)"),
        table="inspection", numerator="safety_held", kind="count", unit=Text("次", "inspections"), scale=1, better="up",
        dated_by="actual_at", by="domain", source="S4:39",
        note=Text("同一领域、同一区域或设备、同一时刻的多个检查项为一次；没有检查时间的不计。",
                  "Items of one domain, place and moment are one inspection; without a time it is not counted."),
    ),
    Kpi(
        id="safety_inspection_rate",
        label=Text("安全检查完成率", "Safety inspections done against plan"),
        top=Text("截至数据日已做的计划安全检查", "planned safety inspections made by the cut-off"),
        bottom=Text("当期计划、已到截止时间的消防、设施、治安检查项", "fire, facility and security items planned in the period whose time is over"),
        table="inspection", numerator="safety_done", ages=True, better="up", dated_by="planned_at", by="domain", source="S4:39", note=_DONE,
    ),
    Kpi(
        id="fire_passage_check",
        label=Text("消防通道检查完成率", "Fire passage checks done"),
        top=Text("截至数据日已做的消防通道检查", "fire passage checks made by the cut-off"),
        bottom=Text("当期计划、已到截止时间的消防通道检查（消防领域，项目或区域写有「通道」「登高面」）",
                    "fire passage checks planned in the period whose time is over (domain fire, item or area type naming a passage)"),
        table="inspection", numerator="passage_done", ages=True, better="up", dated_by="planned_at", source="S1:11", note=_DONE,
    ),
    Kpi(
        id="passage_cleared_rate",
        label=Text("消防通道堵塞及时清除率", "Blocked passages cleared in time"),
        top=Text("发现后24小时内清除的堵塞（当场整改的算）", "blockages cleared within 24 hours (on the spot included)"),
        bottom=Text("当期发现的消防通道堵塞；不足24小时、尚未清除的不判断", "blockages of fire passages found in the period; within 24 hours and not yet cleared is not judged"),
        table="inspection", numerator="passage_cleared", better="up", dated_by="actual_at", source="S1:11",
        note=Text("没有写明是否堵塞的，以不合格或当场整改为堵塞；自然时间（全天候）。",
                  "Where blocked or not is blank, failed or put right on the spot means blocked; calendar time, day and night."),
    ),
    Kpi(
        id="appearance_discipline",
        label=Text("形象与纪律合格率", "Appearance and discipline"),
        top=Text("判定合格的仪容仪表、文明用语、执勤纪律检查项", "items on appearance, courtesy and discipline on duty that passed"), bottom=_JUDGED,
        table="inspection", numerator="appearance_passed", better="up", dated_by="actual_at", source="S4:62",
        note=Text("取品质检查中项目写有仪容、仪表、着装、形象、文明用语、执勤或纪律的；违纪次数在人员部分。",
                  "Quality inspections whose item names appearance, courtesy or discipline; disciplinary events are among the figures on people."),
    ),
)

DURATIONS = ()
NOTES = (Note("quality_system", Text("质量管理体系", "Quality system"), "S3:48"),)
# fmt: on
