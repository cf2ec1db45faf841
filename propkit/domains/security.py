"""Order and safety: drills, emergency plans and visitors, together with patrols, hazards and incidents from next door."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from propkit.domains import security_hazards as hazards
from propkit.domains import security_incidents as incidents
from propkit.domains import security_patrols as patrols
from propkit.domains.community import exposure
from propkit.domains.security_readings import (  # noqa: F401  (the readings are asked for by name)
    READINGS,
    emergency_plan_list,
    emergency_review,
    hazard_overdue,
    patrol_max_gap,
    patrol_route_summary,
    security_incident_analysis,
)
from propkit.domains.security_words import DRILL_KINDS, PLAN_CHANGES
from propkit.model import Column, Cut, Derived, Kpi, Segment, Table
from propkit.text import Text

# One line for each fact, as in a table.
# fmt: off
DRILL = Table(
    name="drill",
    label=Text("应急演练", "Drills"),
    columns={
        "drill_id": Column("id", label=Text("演练编号", "Drill id"), required=True, headers=("演练编号", "编号", "drill_id")),
        "drill_kind": Column("choice", label=Text("演练类型", "Kind of drill"), choices=DRILL_KINDS,
                             headers=("演练类型", "演练科目", "演练类别", "kind")),
        "held_on": Column("day", label=Text("演练日期", "Held"), required=True,
                          headers=("演练日期", "演练时间", "日期", "held_on", "date")),
        "expected": Column("whole", label=Text("应参加人数", "Expected"), low=0,
                           headers=("应参加人数", "应到人数", "计划人数", "expected", "expected_n")),
        "attended": Column("whole", label=Text("参演人数", "Attended"), low=0,
                           headers=("参演人数", "实到人数", "实际参加人数", "attended", "actual_n")),
        "score": Column("whole", label=Text("评估得分（百分制）", "Score out of 100"), low=0, high=100,
                        headers=("评估得分", "演练评分", "得分", "score")),
        "minutes": Column("whole", label=Text("用时（分钟）", "Minutes"), low=0, high=2880,
                          headers=("用时(分钟)", "用时", "演练时长", "minutes")),
        "findings": Column("whole", label=Text("发现问题数", "Findings"), low=0,
                           headers=("发现问题数", "问题数", "findings")),
        "findings_closed": Column("whole", label=Text("已整改问题数", "Findings closed"), low=0,
                                  headers=("已整改问题数", "已整改数", "findings_closed")),
    },
    key=("community", "drill_id"),
    identity=("held_on",),
    dated_by="held_on",
)

EMERGENCY_PLAN = Table(
    name="emergency_plan",
    label=Text("应急预案", "Emergency plans"),
    columns={
        "plan_id": Column("id", label=Text("预案编号", "Plan id"), required=True, headers=("预案编号", "编号", "plan_id")),
        "plan_name": Column("text", label=Text("预案名称", "Plan"), headers=("预案名称", "名称", "plan_name")),
        "plan_change": Column("choice", label=Text("变更", "Change"), choices=PLAN_CHANGES,
                              headers=("变更", "变更类型", "新增或修订", "change")),
        "changed_on": Column("day", label=Text("变更日期", "Changed"), required=True,
                             headers=("变更日期", "发布日期", "修订日期", "日期", "changed_on", "date")),
    },
    key=("community", "plan_id", "changed_on"),
    dated_by="changed_on",
)
"""One line for each time a plan was made or revised."""

VISITOR = Table(
    name="visitor",
    label=Text("访客记录", "Visitors"),
    columns={
        "visitor_id": Column("id", label=Text("访客记录编号", "Visit id"), required=True,
                             headers=("访客记录编号", "记录编号", "登记编号", "编号", "visitor_id")),
        "at": Column("instant", label=Text("到访时间", "At"), required=True,
                     headers=("到访时间", "来访时间", "登记时间", "通行时间", "at")),
        "gate": Column("text", label=Text("出入口", "Gate"), headers=("出入口", "门岗", "通道", "gate")),
        "registered": Column("flag", label=Text("是否登记", "Registered"), headers=("是否登记", "已登记", "registered")),
    },
    key=("community", "visitor_id"),
    identity=("at",),
    dated_by="at",
)
"""One line for each visitor: those of the register, and those whom an audit at the gate saw, registered or not."""

TABLES = (*patrols.TABLES, *hazards.TABLES, *incidents.TABLES, DRILL, EMERGENCY_PLAN, VISITOR)

_SCANNED = ("patrol_plan", "patrol_scan")
DERIVED = (
    Derived(
        "patrol_plan", of=("patrol_scan",),
        columns={"visit_at": Text("计划时间", "Planned"), "round_at": Text("该轮首个计划时间", "First planned visit of the round")},
    ),
    Derived("patrol_scan", of=("patrol_plan",), columns={"paced_at": Text("打卡时间", "Scanned")}),
    Derived("patrol_point_day", of=_SCANNED, columns={"day_on": Text("日期", "Day")}),
    Derived("patrol_round", of=(*_SCANNED, "hazard")),
    Derived("hazard", of=_SCANNED),
    Derived("incident_exposure", of=("incident",), columns={"month_on": Text("月份", "Month")}),
)

SEGMENTS = (
    *patrols.SEGMENTS,
    *hazards.SEGMENTS,
    *incidents.SEGMENTS,
    Segment("drill_kind", Text("演练类型", "Kind of drill"), DRILL_KINDS),
    Segment("plan_change", Text("预案变更", "Change of plan"), PLAN_CHANGES),
    Segment("gate", Text("出入口", "Gate")),
)

_NONE = Text("无（数量）", "none (a count)")
_RECORDED = Text("只计登记了人数的演练。", "Only drills whose attendance is on record.")

KPIS = (
    *patrols.KPIS,
    *hazards.KPIS,
    *incidents.KPIS,
    Kpi(
        id="drill_count",
        label=Text("演练次数", "Drills"),
        top=Text("当期举行的演练", "drills held in the period"), bottom=_NONE,
        table="drill", numerator="held", kind="count", unit=Text("次", "drills"), scale=1, better="up",
        dated_by="held_on", by="drill_kind", source="S0:70; S4:54",
    ),
    Kpi(
        id="drill_participants",
        label=Text("参演人数", "Drill participants"),
        top=Text("登记的参演人次", "attendances at drills on record"), bottom=_NONE,
        table="drill", numerator="came", kind="count", unit=Text("人次", "attendances"), scale=1, better="up",
        dated_by="held_on", by="drill_kind", source="S4:54", note=_RECORDED,
    ),
    Kpi(
        id="drill_attendance",
        label=Text("演练参与率", "Drill attendance"),
        top=Text("参演人次", "attendances"), bottom=Text("当期演练的应参加人次（两数都有的演练）", "expected attendances of the period's drills that know both"),
        table="drill", numerator="present", denominator="expected", kind="money", better="up", dated_by="held_on",
        by="drill_kind", source="S4:54",
    ),
    Kpi(
        id="drill_evaluation",
        label=Text("演练评估得分", "Drill score"),
        top=Text("评估得分（百分制）之和", "scores out of 100, added up"), bottom=Text("当期有评分的演练", "scored drills of the period"),
        table="drill", numerator="score", denominator="scored", kind="money", unit=Text("分", "points"), scale=1,
        better="up", explained=True, dated_by="held_on", by="drill_kind", source="S4:54",
        note=Text("由组织者自评的得分不宜跨小区比较。", "Scores that organisers give themselves do not compare over communities."),
    ),
    Kpi(
        id="drill_duration",
        label=Text("演练平均用时", "Minutes per drill"),
        top=Text("用时（分钟）之和", "minutes, added up"), bottom=Text("当期记有用时的演练", "drills of the period whose minutes are known"),
        table="drill", numerator="minutes", denominator="timed", kind="money", unit=Text("分钟", "minutes"), scale=1,
        better="down", dated_by="held_on", by="drill_kind", source="S4:54",
    ),
    Kpi(
        id="drill_findings_closed_rate",
        label=Text("演练问题整改率", "Drill findings closed"),
        top=Text("已整改的问题（不超过发现数）", "findings closed, at most those found"), bottom=Text("当期演练发现的问题", "findings of the period's drills"),
        table="drill", numerator="mended", denominator="findings", kind="money", ages=True, better="up",
        dated_by="held_on", by="drill_kind", source="S4:54",
    ),
    Kpi(
        id="emergency_plan_updates",
        label=Text("预案新增与修订", "Emergency plans updated"),
        top=Text("当期新增或修订的预案", "plans made or revised in the period"), bottom=_NONE,
        table="emergency_plan", numerator="changed", kind="count", unit=Text("份", "plans"), scale=1, better="up",
        dated_by="changed_on", by="plan_change", source="S4:54",
    ),
    Kpi(
        id="visitor_registration",
        label=Text("访客登记", "Visitors registered"),
        top=Text("登记在册的访客人次（没有写是否登记的，视为在册）", "visitors on the register (a line that does not say is one)"), bottom=_NONE,
        table="visitor", numerator="on_register", kind="count", unit=Text("人次", "visits"), scale=1, dated_by="at", by="gate",
        source="S1:11; S0:70",
    ),
    Kpi(
        id="visitor_registration_rate",
        label=Text("访客登记率", "Share of visitors registered"),
        top=Text("其中已登记的", "those who were registered"), bottom=Text("当期写明是否登记的到访（如门岗抽查）", "visits that say whether they were registered, such as an audit's"),
        table="visitor", numerator="registered", better="up", dated_by="at", by="gate", source="S1:11",
        note=Text("登记簿本身只有登记过的人，只有抽查才看得见没登记的。", "A register holds the registered alone; only an audit sees the others."),
    ),
)

DURATIONS = incidents.DURATIONS
NOTES = ()
# fmt: on


def derive(known: Mapping[str, pd.DataFrame], cut: Cut) -> dict[str, pd.DataFrame]:
    """Return the tables of this room with the columns that its KPIs name, and `incident_exposure` (household-months)."""
    walked = patrols.derive(known, cut)
    happened = incidents.derive(known["incident"], cut)
    return walked | {
        "hazard": hazards.derive(known["hazard"], walked["patrol_round"], cut.as_of),
        "incident": happened,
        "incident_exposure": exposure(known["household"], happened, "reported_at", cut),
        "drill": derive_drills(known["drill"]),
        "emergency_plan": known["emergency_plan"].assign(changed=_ones(known["emergency_plan"])),
        "visitor": derive_visitors(known["visitor"]),
    }


def derive_drills(rows: pd.DataFrame) -> pd.DataFrame:
    """Add to drills: held, came, present (of those expected), scored, timed and mended (findings closed, at most those found)."""
    ones = _ones(rows)
    closed = rows["findings_closed"]
    return rows.assign(
        held=ones,
        came=rows["attended"],
        present=rows["attended"].where((rows["expected"] > 0).fillna(False)),
        scored=ones.where(rows["score"].notna()),
        timed=ones.where(rows["minutes"].notna()),
        mended=closed.where((closed <= rows["findings"]).fillna(True), rows["findings"]),
    )


def derive_visitors(rows: pd.DataFrame) -> pd.DataFrame:
    """Add `on_register`: 1 for a visitor of the register, 0 for one whom an audit saw pass without registering."""
    return rows.assign(on_register=rows["registered"].fillna(True).astype("Int64"))


def _ones(rows: pd.DataFrame) -> pd.Series:
    return pd.Series(1, index=rows.index, dtype="Int64")
