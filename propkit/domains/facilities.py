"""Equipment: assets, their failures, planned maintenance, and the KPIs of facilities."""

from __future__ import annotations

from propkit.domains.facilities_derived import derive  # noqa: F401  (the columns behind the KPIs)
from propkit.domains.facilities_readings import (  # noqa: F401  (the readings are asked for by name)
    READINGS,
    SYSTEMS,
    ageing_asset_list,
    smart_security,
    winter_checklist,
)
from propkit.model import Column, Derived, Duration, Kpi, Note, Segment, Table
from propkit.text import Text

ASSET_STATUSES = {
    "in_use": Text("在用", "In use"),
    "out_of_order": Text("故障", "Out of order"),
    "stopped": Text("停用", "Taken out of use"),
    "retired": Text("报废", "Retired"),
}
DETECTORS = {
    "sensor": Text("传感器", "Sensor"),
    "patrol": Text("巡检", "Inspection"),
    "owner": Text("业主", "Owner"),
    "staff": Text("员工", "Staff"),
}
TASK_KINDS = {
    "routine": Text("日常保养", "Routine"),
    "statutory": Text("法定检验", "Statutory"),
    "heating_precheck": Text("供暖预检", "Heating pre-check"),
    "winter": Text("冬季准备", "Winter preparation"),
}
TASK_RESULTS = {
    "pass": Text("合格", "Passed"),
    "fail": Text("不合格", "Failed"),
    "cancelled": Text("已取消", "Called off"),
}

# One line for each fact, as in a table.
# fmt: off
ASSET = Table(
    name="asset",
    label=Text("设备台账", "Assets"),
    columns={
        "asset_id": Column("id", label=Text("设备编号", "Asset id"), required=True,
                           headers=("设备编号", "设备编码", "资产编号", "asset_id")),
        "asset_name": Column("text", label=Text("设备名称", "Asset"), headers=("设备名称", "资产名称", "asset_name")),
        "system": Column("choice", label=Text("所属系统", "System"), choices=SYSTEMS,
                         headers=("所属系统", "设备系统", "系统", "设备类别", "system")),
        "status": Column("choice", label=Text("设备状态", "Status"), choices=ASSET_STATUSES, known_from="status_on",
                         headers=("设备状态", "使用状态", "状态", "status")),
        "status_on": Column("day", label=Text("状态日期", "Status since"),
                            headers=("状态日期", "状态变更日期", "status_on")),
        "installed_on": Column("day", planned=True, label=Text("安装日期", "Installed"),
                               headers=("安装日期", "投用日期", "启用日期", "installed_on")),
        "design_life_years": Column("whole", label=Text("设计使用年限", "Design life in years"), low=1, high=99,
                                    headers=("设计使用年限", "设计年限", "使用年限(年)", "design_life_years")),
        "is_key": Column("flag", label=Text("关键设备", "Key asset"), headers=("关键设备", "是否关键设备", "重点设备", "is_key")),
        "is_monitored": Column("flag", label=Text("物联网监测", "Monitored"), known_from="monitored_on",
                               headers=("物联网监测", "是否联网监测", "远程监测", "is_monitored")),
        "monitored_on": Column("day", label=Text("接入日期", "Monitored since"),
                               headers=("接入日期", "联网日期", "monitored_on")),
    },
    key=("community", "asset_id"),
    identity=("system",),
    dated_by="installed_on",
)
"""`status_on` dates the status: without it nothing is made of the status, since nobody knows which months it was true in."""

ASSET_EVENT = Table(
    name="asset_event",
    label=Text("设备故障记录", "Failures"),
    columns={
        "asset_id": Column("id", label=Text("设备编号", "Asset id"), required=True,
                           headers=("设备编号", "设备编码", "资产编号", "asset_id")),
        "failed_at": Column("instant", label=Text("故障时间", "Failed"), required=True,
                            headers=("故障时间", "停机时间", "告警时间", "failed_at")),
        "restored_at": Column("instant", label=Text("恢复时间", "Restored"),
                              headers=("恢复时间", "修复时间", "恢复运行时间", "restored_at")),
        "is_planned": Column("flag", label=Text("计划停机", "Planned stop"), headers=("计划停机", "是否计划停机", "is_planned")),
        "detected_by": Column("choice", label=Text("发现方式", "Detected by"), choices=DETECTORS,
                              headers=("发现方式", "告警渠道", "detected_by")),
        "cause": Column("text", label=Text("故障现象", "Fault"), headers=("故障现象", "故障原因", "cause")),
    },
    key=("community", "asset_id", "failed_at"),
    dated_by="failed_at",
    ordered=(("failed_at", "restored_at"),),
)

PM_TASK = Table(
    name="pm_task",
    label=Text("保养计划", "Planned maintenance"),
    columns={
        "task_id": Column("id", label=Text("任务编号", "Task id"), required=True,
                          headers=("任务编号", "保养单号", "计划编号", "task_id")),
        "asset_id": Column("id", label=Text("设备编号", "Asset id"), headers=("设备编号", "设备编码", "asset_id")),
        "system": Column("choice", label=Text("所属系统", "System"), choices=SYSTEMS,
                         headers=("所属系统", "设备系统", "系统", "system")),
        "pm_kind": Column("choice", label=Text("任务类别", "Kind of task"), choices=TASK_KINDS,
                            headers=("任务类别", "保养类别", "类别", "pm_kind")),
        "content": Column("text", label=Text("保养内容", "Work"), headers=("保养内容", "检查项目", "content")),
        "due_on": Column("day", planned=True, label=Text("计划日期", "Due"), required=True,
                         headers=("计划日期", "应完成日期", "截止日期", "due_on")),
        "done_on": Column("day", label=Text("完成日期", "Done"), headers=("完成日期", "实际完成日期", "done_on")),
        "result": Column("choice", label=Text("结果", "Result"), choices=TASK_RESULTS, known_from="done_on",
                         headers=("结果", "保养结果", "检查结果", "result")),
    },
    key=("community", "task_id"),
    identity=("asset_id",),
    dated_by="due_on",
)
TABLES = (ASSET, ASSET_EVENT, PM_TASK)

DERIVED = (Derived("asset_month", of=("asset", "asset_event"), columns={"month_on": Text("月份", "Month")}),)

SEGMENTS = (
    Segment("system", Text("设备系统", "System"), SYSTEMS),
    Segment("detected_by", Text("发现方式", "Detected by"), DETECTORS),
    Segment("pm_kind", Text("任务类别", "Kind of task"), TASK_KINDS),
)

_STOCK = Text("个数口径：计划停机不算故障，登记而未修复的算故障；台账标明「故障」的，自状态日期起算至下次恢复。只有故障记录覆盖、且已经结束的月份；"
              "记录中没有恢复时间一列的，自该故障所在月起没有数。月末一日看不见月中停机，请与时间口径并看。",
              "By count: a planned stop is no failure, a failure not repaired is one; an asset that the register calls out of order is so from the date of "
              "that status until next restored. Only whole months that the failure log covers; where the log has no column of restorations, nothing from "
              "that failure's month on. One day hides stops within the month: read it with the time basis.")
_TIME = Text("时间口径：计划停机不计为停机；同一设备重叠的停机只计一次；停用、报废之后不计；月份与个数口径相同。是全部设备时间之比，没有抽样区间。",
             "By time: planned stops are not downtime; overlapping stops of one asset count once; nothing after an asset is taken out of use; months as on the "
             "count basis. A ratio over all asset time, so there is no sampling interval.")
_UP = Text("没有非计划停机的设备·分钟", "asset-minutes without unplanned stop")
_ALL_MINUTES = Text("当月在用设备的全部分钟", "all minutes of the month in which the assets were in use")
_DUE = Text("当天结束才算到期；已取消的不计；有结果而没有完成日期的计为完成，但不判断是否按时。",
            "A task is due when its day is over; those called off are left out; one with a result but no date is done, but not judged on time.")

KPIS = (
    Kpi(
        id="facility_serviceability_rate",
        label=Text("设备设施完好率（个数）", "Assets in working order"),
        top=Text("月末没有故障未修的设备", "assets with no failure unrepaired at the end of the month"),
        bottom=Text("月末在用设备", "assets in use at the end of the month"),
        table="asset_month", numerator="serviceable", better="up", dated_by="month_on", by="system", stock=True,
        source="S0:40; 公共设施完好率", note=_STOCK,
    ),
    Kpi(
        id="facility_uptime_rate",
        label=Text("设备设施完好率（时间）", "Asset uptime"),
        top=_UP, bottom=_ALL_MINUTES,
        table="asset_month", numerator="up_minutes", denominator="asset_minutes", kind="money", better="up",
        dated_by="month_on", by="system", source="S0:40; S1:21", note=_TIME,
    ),
    Kpi(
        id="equipment_failure_rate",
        label=Text("设备故障率", "Failure rate"),
        top=Text("非计划故障（同一设备同一现象24小时内计一次）", "unplanned failures (the same asset and fault within 24 hours is one)"),
        bottom=Text("设备·月（当月在用过的设备每月计一）", "asset-months (each asset in use in the month)"),
        table="asset_event", numerator="failure", denominator="asset_month.asset_months", kind="rate",
        unit=Text("次/百台·月", "per 100 asset-months"), scale=100, better="down", dated_by="failed_at", by="system",
        source="S1:21",
        note=Text("台账中没有的设备和停用后的设备，其故障不计；24小时自计数的那一次起算，没有写现象的不合并；未注明是否计划停机的按故障计。",
                  "Failures of assets that the register does not know or that were out of use are left out; the 24 hours run from the "
                  "failure that counts, and without a named fault nothing is merged; not marked as planned means unplanned."),
    ),
    Kpi(
        id="sensor_detection_rate",
        label=Text("故障远程发现率", "Failures detected by sensor"),
        top=Text("由传感器或监测系统最先发现的故障", "failures first detected by a sensor"),
        bottom=Text("当期发生、写明发现方式的非计划故障", "unplanned failures of the period with a known detection"),
        table="asset_event", numerator="by_sensor", better="up", dated_by="failed_at", by="system", source="S3:81",
    ),
    Kpi(
        id="iot_monitoring",
        label=Text("关键设备联网率", "Key assets monitored"),
        top=Text("月末已接入监测的关键设备", "key assets monitored at the end of the month"),
        bottom=Text("月末在用的关键设备", "key assets in use at the end of the month"),
        table="asset_month", numerator="key_monitored", better="up", dated_by="month_on", by="system", stock=True,
        source="S3:81",
        note=Text("已联网而没有接入日期的，视为一直联网；未写明是否联网的不计。",
                  "An asset connected at an unknown date counts as always connected; not told means outside."),
    ),
    Kpi(
        id="ageing_assets",
        label=Text("超设计年限设备占比", "Assets beyond design life"),
        top=Text("月末已到设计使用年限的设备", "assets that had reached the end of their design life by the end of the month"),
        bottom=Text("月末在用、安装日期和设计年限都已知的设备", "assets in use at the end of the month whose installation and design life are known"),
        table="asset_month", numerator="beyond_life", better="down", dated_by="month_on", by="system", stock=True,
        source="S3:19",
        note=Text("按安装年月加设计年限计算；已从台账删去的设备不可知。",
                  "By month of installation plus design life; assets deleted from the register are not known."),
    ),
    Kpi(
        id="defect_running_rate",
        label=Text("带病运行设备占比", "Running with an open defect"),
        top=Text("月末在运行、最近一次检查不合格而未整改的设备", "running assets whose last inspection failed and was not put right"),
        bottom=Text("月末没有停机、且检查过的在用设备", "assets in use, not standing still and inspected before the end of the month"),
        table="asset_month", numerator="defect_open", better="down", dated_by="month_on", by="system", stock=True,
        source="S3:19",
        note=Text("没有整改时间一列的不合格记录不判断；当场整改的不算带病。",
                  "A failed inspection without a column of rectifications is not judged; put right on the spot is not open."),
    ),
    Kpi(
        id="equipment_inspection_rate",
        label=Text("设备巡检按时完成率", "Equipment inspections on time"),
        top=Text("在计划截止前完成的设备设施巡检", "equipment inspections made by the end of their planned time"),
        bottom=Text("当期计划、已到截止时间的设施巡检；未做的计为未完成", "planned facility inspections of the period whose time is over; not made counts as missed"),
        table="inspection", numerator="equipment_on_time", better="up", dated_by="planned_at", by="system", source="S1:10",
        note=Text("截止时间取计划结束时间，没有的取计划当日24点；没有计划的临时检查不计；已取消的不计。",
                  "The limit is the planned end, or else the end of the planned day; checks without a plan and those called off are left out."),
    ),
    Kpi(
        id="preventive_maintenance_plan",
        label=Text("计划保养按时完成率", "Planned maintenance on time"),
        top=Text("在计划日期当天或之前完成的保养", "tasks done by their due day"),
        bottom=Text("当期到期的保养任务（含供暖预检和冬季准备）；未做的计为未按时",
                    "tasks due in the period (heating and winter items included); not done counts as late"),
        table="pm_task", numerator="on_time", better="up", dated_by="due_on", by="system", explained=True, source="S0:71; S1:10",
        note=_DUE,
    ),
    Kpi(
        id="heating_precheck_rate",
        label=Text("供暖预检完成率", "Heating pre-checks done"),
        top=Text("截至数据日已完成的供暖预检", "heating pre-checks done by the cut-off"),
        bottom=Text("当期到期的供暖预检", "heating pre-checks due in the period"),
        table="pm_task", numerator="heating_done", ages=True, better="up", dated_by="due_on", source="S1:10", note=_DUE,
    ),
    Kpi(
        id="winter_readiness",
        label=Text("冬季准备完成率", "Winter readiness"),
        top=Text("截至数据日已完成的冬季准备事项", "winter items done by the cut-off"),
        bottom=Text("当期到期的冬季准备事项", "winter items due in the period"),
        table="pm_task", numerator="winter_done", ages=True, better="up", dated_by="due_on", explained=True, source="S1:54",
        note=_DUE,
    ),
    Kpi(
        id="security_equipment_availability",
        label=Text("技防设备完好率（个数）", "Security systems in working order"),
        top=Text("月末没有故障未修的技防设备", "security assets with no failure unrepaired at the end of the month"),
        bottom=Text("月末在用的监控、门禁、周界报警、停车系统设备", "video, access, perimeter and parking assets in use at the end of the month"),
        table="asset_month", numerator="security_serviceable", better="up", dated_by="month_on", by="system", stock=True,
        explained=True, source="S4:37", note=_STOCK,
    ),
    Kpi(
        id="security_equipment_uptime",
        label=Text("技防设备完好率（时间）", "Security systems uptime"),
        top=_UP, bottom=_ALL_MINUTES,
        table="asset_month", numerator="security_up_minutes", denominator="asset_minutes", kind="money", better="up",
        dated_by="month_on", by="system", source="S4:37", note=_TIME,
    ),
    Kpi(
        id="access_control_stats",
        label=Text("门禁设备完好率", "Access control in working order"),
        top=Text("月末没有故障未修的门禁设备", "access-control assets with no failure unrepaired at the end of the month"),
        bottom=Text("月末在用的门禁设备", "access-control assets in use at the end of the month"),
        table="asset_month", numerator="access_serviceable", better="up", dated_by="month_on", stock=True, source="S0:70",
        note=_STOCK,
    ),
)

DURATIONS = (
    Duration(
        id="equipment_restore_time",
        label=Text("设备恢复用时", "Time to restore"),
        table="asset_event", start="failed_at", end="restored_at",
        top=Text("从故障到恢复运行；未恢复的按截至数据日计为未完；计划停机和24小时内的重复不计",
                 "from failure to restoration; not restored counts as still open; planned stops and repeats within 24 hours are left out"),
        source="S1:21",
    ),
)
NOTES = (Note("tech_plan", Text("科技赋能计划", "Technology plan"), "S0:101; S1:58; S2:83; S3:73; S4:91"),)
# fmt: on
