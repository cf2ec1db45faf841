"""Parking and renovation: spaces, passes, violations, permits, and their KPIs.  Stays are made next door, in `parking_stays`."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from propkit.domains import parking_stays
from propkit.domains.knowledge import given, only, within
from propkit.domains.parking_readings import (  # noqa: F401  (the readings are asked for by name)
    DIRECTIONS,
    READINGS,
    parking_peak,
    vehicle_pass_seconds,
)
from propkit.domains.parking_stays import CAP_HOURS, REPEAT_MINUTES
from propkit.domains.security_words import INCIDENT_KINDS
from propkit.model import Column, Cut, Derived, Duration, Kpi, Segment, Table
from propkit.text import Text

SPACE_KINDS = {
    "fixed": Text("固定", "Fixed"),
    "temporary": Text("临停", "Temporary"),
    "public": Text("公共", "Public"),
}
VEHICLE_KINDS = {
    "fixed": Text("月租车", "Fixed"),
    "temporary": Text("临时车", "Temporary"),
}
USES = {
    "fixed": Text("固定车位", "Fixed spaces"),
    "open": Text("临停与公共车位", "Temporary and public spaces"),
}
RECOGNITION = {
    "auto": Text("自动识别", "Recognised"),
    "manual": Text("人工放行", "Let through by hand"),
}
RULES = {
    "parking": Text("乱停车", "Parking violation"),
    "falling_object": INCIDENT_KINDS["falling_object"],
    "illegal_building": INCIDENT_KINDS["illegal_building"],
}

# One line for each fact, as in a table.
# fmt: off
SPACE = Table(
    name="parking_space",
    label=Text("车位台账", "Parking spaces"),
    columns={
        "space_id": Column("id", label=Text("车位编号", "Space id"), required=True,
                           headers=("车位编号", "车位号", "车位", "space_id")),
        "space_kind": Column("choice", label=Text("车位类型", "Kind of space"), choices=SPACE_KINDS,
                             headers=("车位类型", "类型", "kind")),
        "opened_on": Column("day", planned=True, label=Text("启用日期", "In use since"),
                            headers=("启用日期", "投用日期", "opened_on")),
    },
    key=("community", "space_id"),
    dated_by="opened_on",
)
"""A space without `opened_on` was always there."""

PASS = Table(
    name="vehicle_pass",
    label=Text("车辆通行记录", "Vehicle passes"),
    columns={
        "plate": Column("id", personal=True, label=Text("车牌", "Plate"), headers=("车牌", "车牌号", "车牌号码", "plate")),
        "gate": Column("text", label=Text("出入口", "Gate"), headers=("出入口", "通道", "岗亭", "道闸", "gate")),
        "direction": Column("choice", label=Text("方向", "Direction"), choices=DIRECTIONS,
                            headers=("方向", "进出方向", "进出", "direction")),
        "at": Column("instant", label=Text("通行时间", "At"), required=True,
                     headers=("通行时间", "过闸时间", "进出时间", "时间", "at")),
        "seconds": Column("whole", label=Text("通行用时（秒）", "Seconds"), low=0, high=3600,
                          headers=("通行用时(秒)", "通行用时", "用时", "seconds")),
        "auto_recognised": Column("flag", label=Text("自动识别", "Recognised"),
                                  headers=("自动识别", "是否自动识别", "auto_recognised")),
        "vehicle_kind": Column("choice", label=Text("车辆类型", "Kind of vehicle"), choices=VEHICLE_KINDS,
                               headers=("车辆类型", "车辆类别", "卡类型", "vehicle_kind")),
    },
    key=("community", "gate", "direction", "at", "plate"),
    dated_by="at",
)

VIOLATION = Table(
    name="parking_violation",
    label=Text("违停台账", "Parking violations"),
    columns={
        "violation_id": Column("id", label=Text("违停编号", "Violation id"), required=True,
                               headers=("违停编号", "记录编号", "编号", "violation_id", "id")),
        "at": Column("instant", label=Text("发现时间", "Found"), required=True,
                     headers=("发现时间", "违停时间", "登记时间", "时间", "at")),
        "violation_kind": Column("text", label=Text("违停类型", "Kind of violation"),
                                 headers=("违停类型", "违停行为", "类型", "kind")),
        "handled_at": Column("instant", label=Text("处理时间", "Handled"), headers=("处理时间", "处置时间", "handled_at")),
        "result": Column("text", label=Text("处理结果", "Result"), known_from="handled_at",
                         headers=("处理结果", "处置结果", "result")),
    },
    key=("community", "violation_id"),
    identity=("at",),
    dated_by="at",
    ordered=(("at", "handled_at"),),
)

RENOVATION = Table(
    name="renovation",
    label=Text("装修台账", "Renovations"),
    columns={
        "permit_id": Column("id", label=Text("装修许可编号", "Permit id"), required=True,
                            headers=("装修许可编号", "装修证号", "许可编号", "编号", "permit_id")),
        "household": Column("place", label=Text("房号", "Unit"), headers=("房号", "房屋", "装修房号", "household")),
        "start_on": Column("day", label=Text("开工日期", "Started"), required=True,
                           headers=("开工日期", "装修开始日期", "开始日期", "start", "start_on")),
        "end_on": Column("day", planned=True, label=Text("计划完工日期", "Ends"),
                         headers=("计划完工日期", "完工日期", "结束日期", "end", "end_on")),
        "inspections_due": Column("whole", label=Text("应巡查次数", "Inspections due"), low=0,
                                  headers=("应巡查次数", "应检次数", "计划巡查", "inspections_due")),
        "inspections_done": Column("whole", label=Text("实际巡查次数", "Inspections done"), low=0,
                                   headers=("实际巡查次数", "已检次数", "实际巡查", "inspections_done")),
        "violations": Column("whole", label=Text("违规次数", "Violations"), low=0, headers=("违规次数", "违规", "violations")),
        "dispute": Column("flag", label=Text("有无纠纷", "Dispute"), headers=("有无纠纷", "是否纠纷", "纠纷", "dispute_flag")),
        "dispute_closed_on": Column("day", label=Text("纠纷办结日期", "Dispute closed"),
                                    headers=("纠纷办结日期", "纠纷结束日期", "dispute_closed_at", "dispute_closed_on")),
    },
    key=("community", "permit_id"),
    identity=("household", "start_on"),
    dated_by="start_on",
    ordered=(("start_on", "end_on"), ("start_on", "dispute_closed_on")),
)
TABLES = (SPACE, PASS, VIOLATION, RENOVATION)

_DAY_ON = {"day_on": Text("日期", "Day")}
DERIVED = (
    Derived("parking_stay", of=("vehicle_pass",)),
    Derived("parking_day", of=("parking_space", "vehicle_pass"), columns=_DAY_ON),
    Derived("rule_violation", of=("parking_violation",), columns={"found_at": Text("发现时间", "Found")}),
)

SEGMENTS = (
    Segment("parking_use", Text("车位用途", "Use of spaces"), USES),
    Segment("recognition", Text("放行方式", "How let through"), RECOGNITION),
    Segment("direction", Text("进出方向", "Direction"), DIRECTIONS),
    Segment("vehicle_kind", Text("车辆类型", "Kind of vehicle"), VEHICLE_KINDS),
    Segment("violation_kind", Text("违停类型", "Kind of parking violation")),
    Segment("rule_kind", Text("违规现象", "Rule broken"), RULES),
)

_NONE = Text("无（数量）", "none (a count)")
_PASSES = Text("次", "passes")
_PERMITS = Text("户", "permits")
_STAYS = Text(
    f"进场后没有出场记录的，到下一次进场为止，最多计{CAP_HOURS}小时；首条记录就是出场的，从记录开始当天起计，最多{CAP_HOURS}小时；"
    f"其余没有进场记录的不计时长。同一车牌同方向{REPEAT_MINUTES}分钟内的重复读牌并为一次；没有车牌的无法配对。只计记录覆盖、已过完的日子，首尾两天可能不全。",
    f"Without an exit a stay lasts to the next entry, at most {CAP_HOURS} hours; where the first record is an exit, from the first day of the log, at most {CAP_HOURS} hours; "
    f"another exit without an entry counts no time. A plate read again in the same direction within {REPEAT_MINUTES} minutes is one pass; without a plate nothing is paired. Only days of the log that are over, its first and last may not be whole.",
)
_USE_KNOWN = Text("车位或当天车辆的类型有不明的，这一天不分用途，也不计入周转率。",
                  "Where a space or a vehicle of the day is of unknown kind, the day is not told apart by use nor counted in turnover.")
_TURN = Text("次/车位·日", "times per space-day")

KPIS = (
    Kpi(
        id="parking_utilisation",
        label=Text("车位利用率", "Use of parking spaces"),
        top=Text("车辆占用的分钟", "minutes for which vehicles were inside"), bottom=Text("车位数×分钟", "spaces × minutes"),
        table="parking_day", numerator="occupied_minutes", denominator="space_minutes", kind="money", dated_by="day_on",
        by="parking_use", source="S0:73", note=Text(_STAYS.zh + _USE_KNOWN.zh, f"{_STAYS.en} {_USE_KNOWN.en}"),
    ),
    Kpi(
        id="parking_turnover",
        label=Text("临停车位周转率", "Turnover of temporary spaces"),
        top=Text("临时车辆进场次数", "entries of temporary vehicles"), bottom=Text("临停与公共车位·日", "days × temporary and public spaces"),
        table="parking_day", numerator="open_entries", denominator="spaces", kind="money", unit=_TURN, scale=1, better="up",
        dated_by="day_on", source="S4:45", note=Text("固定车位天然约为 1，另列。" + _USE_KNOWN.zh,
                                                     "Fixed spaces are near 1 by nature and shown apart. " + _USE_KNOWN.en),
    ),
    Kpi(
        id="parking_turnover_fixed",
        label=Text("固定车位周转率", "Turnover of fixed spaces"),
        top=Text("月租车辆进场次数", "entries of fixed vehicles"), bottom=Text("固定车位·日", "days × fixed spaces"),
        table="parking_day", numerator="fixed_entries", denominator="spaces", kind="money", unit=_TURN, scale=1,
        dated_by="day_on", source="S4:45", note=_USE_KNOWN,
    ),
    Kpi(
        id="parking_unpaired_rate",
        label=Text("进出不成对的通行", "Passes without counterpart"),
        top=Text(f"没有对应出场（进场后{CAP_HOURS}小时）或对应进场的通行", f"entries without an exit after {CAP_HOURS} hours, and exits without an entry"),
        bottom=Text("当期有车牌、能够判定的通行", "passes of the period with a plate that can be judged"),
        table="vehicle_pass", numerator="unpaired", better="down", dated_by="at", by="gate", source="S0:73; S4:45",
        note=Text("比例高时，利用率不可靠：可能有出入口没有导出。", "Where it is high the use of spaces is unreliable: a gate may be missing from the export."),
    ),
    Kpi(
        id="vehicle_throughput",
        label=Text("车牌自动识别率", "Plates recognised"),
        top=Text("自动识别放行的通行", "passes recognised without a hand"), bottom=Text("当期写明是否自动识别的通行", "passes of the period that say so"),
        table="vehicle_pass", numerator="recognised", better="up", dated_by="at", by="gate", source="S0:73; S4:45",
        note=Text("通行用时的 P50、P90 见「车辆通行用时」。", "P50 and P90 of the seconds: see seconds to pass the gate."),
    ),
    Kpi(
        id="vehicle_pass_count",
        label=Text("车辆通行量", "Vehicle passes"),
        top=Text("当期的通行（重复读牌并为一次）", "passes of the period, a plate read twice counted once"), bottom=_NONE,
        table="vehicle_pass", numerator="passed", kind="count", unit=_PASSES, scale=1, dated_by="at", by="gate", source="S0:73",
    ),
    Kpi(
        id="smart_parking_effect",
        label=Text("平均通行用时", "Seconds per pass"),
        top=Text("通行用时（秒）之和", "seconds, added up"), bottom=Text("当期记有用时的通行", "passes of the period whose seconds are known"),
        table="vehicle_pass", numerator="used_seconds", denominator="timed", kind="money", unit=Text("秒/次", "seconds per pass"),
        scale=1, better="down", dated_by="at", by="recognition", source="S4:45",
        note=Text("前后两期相比即智能化的效果，须同一出入口；岗亭工时不在通行记录里。",
                  "Two periods of one gate beside each other show the effect; hours of staff at the gate are not in the passes."),
    ),
    Kpi(
        id="parking_violations",
        label=Text("违停处理率", "Parking violations handled"),
        top=Text("截至数据日已处理的违停", "violations handled by the data cut-off"), bottom=Text("当期发现的违停", "violations found in the period"),
        table="parking_violation", numerator="handled", ages=True, better="up", dated_by="at", by="violation_kind", source="S0:73",
    ),
    Kpi(
        id="parking_violation_count",
        label=Text("违停数量", "Parking violations"),
        top=Text("当期发现的违停", "violations found in the period"), bottom=_NONE,
        table="parking_violation", numerator="found", kind="count", unit=Text("起", "cases"), scale=1, better="down",
        dated_by="at", by="violation_kind", source="S0:73; S3:20",
        note=Text("查得勤，登记就多；与巡查次数一并看。", "More looked for, more found; read it beside the number of patrols."),
    ),
    Kpi(
        id="rule_violation_counts",
        label=Text("违规现象", "Rules broken"),
        top=Text("当期登记的乱停车、高空抛物、私搭乱建", "parking violations, objects thrown from height and unauthorised building on record in the period"),
        bottom=_NONE,
        table="rule_violation", numerator="found", kind="count", unit=Text("起", "cases"), scale=1, better="down",
        dated_by="found_at", by="rule_kind", source="S3:20",
        note=Text("乱停车取自违停台账，其余取自突发事件台账（误报不计）；缺一本台账就少一类。没有一条登记的月份没有数。",
                  "Parking from its register, the others from that of incidents without false alarms; a missing register is a missing kind. A month without any entry has no figure."),
    ),
    Kpi(
        id="rule_violation_stopped_rate",
        label=Text("违规及时制止率", "Rules broken stopped in time"),
        top=Text("发现后{response_minutes}分钟内处理（事件为到场）的", "handled (an incident: reached) within {response_minutes} minutes"),
        bottom=Text("当期登记、能够判定的乱停车、高空抛物、私搭乱建", "the rules broken in the period that can be judged"),
        table="rule_violation", numerator="in_time", better="up", dated_by="found_at", by="rule_kind", source="S3:20",
    ),
    Kpi(
        id="renovation_control",
        label=Text("装修巡查完成率", "Renovation inspections done"),
        top=Text("实际巡查次数（每户不超过应巡查数）", "inspections done, for each permit at most those due"),
        bottom=Text("应巡查次数", "inspections due"),
        table="renovation", numerator="inspected", denominator="inspections_due", kind="money", ages=True, better="up",
        dated_by="start_on", source="S4:47",
        note=Text("按开工月份归集，次数为导出时的累计。", "By the month in which work began; the numbers are totals at the time of export."),
    ),
    Kpi(
        id="renovation_permits",
        label=Text("开工装修户", "Renovations begun"),
        top=Text("当期开工的装修", "renovations begun in the period"), bottom=_NONE,
        table="renovation", numerator="begun", kind="count", unit=_PERMITS, scale=1, dated_by="start_on", source="S4:47",
    ),
    Kpi(
        id="renovation_violations_per_100",
        label=Text("每百户装修违规", "Violations per 100 permits"),
        top=Text("登记的违规次数", "violations on record"), bottom=Text("当期开工、登记了违规次数的装修", "renovations begun in the period whose violations are known"),
        table="renovation", numerator="violations", denominator="watched", kind="money", ages=True, better="down",
        unit=Text("次/百户", "per 100 permits"), dated_by="start_on", source="S4:47",
    ),
    Kpi(
        id="renovation_disputes",
        label=Text("装修纠纷", "Renovation disputes"),
        top=Text("当期开工的装修中有纠纷的", "renovations begun in the period with a dispute on record"), bottom=_NONE,
        table="renovation", numerator="disputed", kind="count", unit=Text("起", "cases"), scale=1, better="down",
        dated_by="start_on", source="S4:47",
    ),
    Kpi(
        id="renovation_dispute_closed_rate",
        label=Text("装修纠纷办结率", "Renovation disputes closed"),
        top=Text("截至数据日已办结的纠纷", "disputes closed by the data cut-off"), bottom=Text("当期开工的装修中的纠纷", "disputes over renovations begun in the period"),
        table="renovation", numerator="settled", ages=True, better="up", dated_by="start_on", source="S4:47",
    ),
)

DURATIONS = (
    Duration(
        id="parking_violation_handling_time",
        label=Text("违停处理时长", "Handling time of parking violations"),
        table="parking_violation", start="at", end="handled_at",
        top=Text("从发现到处理；未处理的按截至数据日计为未完", "from finding to handling; open cases count as still open"),
        source="S0:73",
    ),
)
NOTES = ()
# fmt: on


def derive(known: Mapping[str, pd.DataFrame], cut: Cut) -> dict[str, pd.DataFrame]:
    """Return the tables of this room with the columns that its KPIs name, `parking_stay`, `parking_day`, `rule_violation`."""
    passes = derive_passes(known["vehicle_pass"])
    stays = parking_stays.stays(passes)
    days = parking_stays.days(passes, known["parking_space"], stays, cut.as_of)
    use, entries = days["parking_use"], days["entries"]
    violations = known["parking_violation"]
    return {
        "parking_space": known["parking_space"],
        "vehicle_pass": passes,
        "parking_stay": stays,
        "parking_day": days.assign(
            open_entries=entries.where(use == "open"), fixed_entries=entries.where(use == "fixed")
        ),
        "parking_violation": violations.assign(
            counted=True,
            untimed=False,
            found=_ones(violations),
            handled=only(violations["handled_at"].notna(), given(violations, "handled_at")),
        ),
        "rule_violation": rule_violations(violations, known["incident"], cut),
        "renovation": derive_renovations(known["renovation"]),
    }


def derive_passes(rows: pd.DataFrame) -> pd.DataFrame:
    """Add to passes what pairs them (see `parking_stays.paired`), counted (not read twice), and the numerators of their KPIs."""
    rows = parking_stays.paired(rows)
    counted = rows["real"].astype(bool) | rows["plate"].isna() | rows["direction"].isna()
    auto = rows["auto_recognised"]
    ways = auto.map({True: "auto", False: "manual"}).astype("str")
    return rows.assign(
        counted=counted,
        passed=only(counted, counted).astype("Int64"),
        recognised=only(auto, counted & auto.notna()),
        recognition=ways,
        used_seconds=rows["seconds"].where(counted),
        timed=only(counted, counted & rows["seconds"].notna()).astype("Int64"),
    )


def rule_violations(violations: pd.DataFrame, incidents: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    """Return breaches of house rules from both registers: community, rule_kind, found_at, found, in_time."""
    alarms = incidents["false_alarm"].fillna(False).astype(bool)
    broken = incidents[incidents["incident_kind"].isin(RULES) & ~alarms]
    parts = [
        _breaches(violations, "parking", "at", "handled_at"),
        _breaches(broken, broken["incident_kind"], "reported_at", "arrived_at"),
    ]
    rows = pd.concat(parts, ignore_index=True)
    in_time = within(rows["found_at"], rows["stopped_at"], cut.definitions.response_minutes, cut.as_of)
    return rows.assign(found=_ones(rows), in_time=only(in_time, rows["tells"]))


def _breaches(rows: pd.DataFrame, kind: pd.Series | str, at: str, stopped: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "community": rows["community"],
            "rule_kind": pd.Series(kind, index=rows.index, dtype="str"),
            "found_at": rows[at],
            "stopped_at": rows[stopped],
            "tells": given(rows, stopped),
        }
    )


def derive_renovations(rows: pd.DataFrame) -> pd.DataFrame:
    """Add to permits: begun, inspected (at most what was due), watched, disputed and settled."""
    ones, due, done = _ones(rows), rows["inspections_due"], rows["inspections_done"]
    disputed = rows["dispute"].fillna(False).astype(bool)
    return rows.assign(
        begun=ones,
        inspected=done.where((done <= due).fillna(True), due),
        watched=ones.where(rows["violations"].notna()),
        disputed=rows["dispute"].astype("Int64"),
        settled=only(rows["dispute_closed_on"].notna(), disputed & given(rows, "dispute_closed_on")),
    )


def _ones(rows: pd.DataFrame) -> pd.Series:
    return pd.Series(1, index=rows.index, dtype="Int64")
