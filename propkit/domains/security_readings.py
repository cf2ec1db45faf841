"""Readings of order and safety: routes, gaps between visits, overdue hazards, incidents one by one and by kind and level."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from propkit.domains.knowledge import covered_months
from propkit.domains.reading import during, listed, ranked, shaped, speaks
from propkit.domains.security_words import (
    HAZARD_KINDS,
    HAZARD_LEVELS,
    HAZARD_SOURCES,
    INCIDENT_KINDS,
    INCIDENT_LEVELS,
    PLAN_CHANGES,
    REGISTERS,
)
from propkit.model import Column, Cut, Reading
from propkit.periods import Period
from propkit.text import Text

Tables = Mapping[str, pd.DataFrame]

# One line for each fact, as in a table.
# fmt: off
_ROUTE = Column("text", label=Text("路线", "Route"))
_KIND = Column("choice", label=Text("类型", "Kind"), choices=HAZARD_KINDS | INCIDENT_KINDS)
_LEVEL = Column("choice", label=Text("等级", "Level"), choices=INCIDENT_LEVELS)

READINGS = (
    Reading(
        id="patrol_route_summary",
        label=Text("巡逻路线", "Patrol routes"),
        tables=("patrol_plan",),
        top=Text("当期计划中的各条路线", "the routes of the period's patrol plan"),
        columns={
            "route": _ROUTE,
            "checkpoints": Column("whole", label=Text("巡更点", "Checkpoints")),
            "key_points": Column("whole", label=Text("其中重点部位", "of them key")),
            "days": Column("whole", label=Text("有计划的天数", "Days with a plan")),
            "visits": Column("whole", label=Text("计划巡查", "Planned visits")),
            "rounds": Column("whole", label=Text("计划轮次", "Planned rounds")),
            "rounds_per_day_milli": Column("decimal", label=Text("每天轮次", "Rounds a day")),
            "route_milli": Column("decimal", label=Text("路线长度（公里）", "Route length (km)")),
        },
        unit=Text("条", "routes"), source="S0:70",
        note=Text("只计截至数据日的计划。没有轮次编号的路线不报轮次。",
                  "The plan up to the cut-off. A route without round ids tells no rounds."),
    ),
    Reading(
        id="patrol_max_gap",
        label=Text("最大巡逻间隔", "Longest gap between visits"),
        tables=("patrol_plan", "patrol_scan"),
        top=Text("重点部位两次打卡之间最长的间隔（分钟）", "the longest time between two scans at each key checkpoint, in minutes"),
        columns={
            "route": _ROUTE,
            "checkpoint": Column("text", label=Text("巡更点", "Checkpoint")),
            "scans": Column("whole", label=Text("打卡", "Scans")),
            "gap_minutes": Column("whole", label=Text("最大间隔（分钟）", "Longest gap (minutes)")),
            "gap_from_at": Column("instant", label=Text("从", "From")),
            "standard_minutes": Column("whole", label=Text("标准间隔（分钟）", "Standard (minutes)")),
            "over": Column("flag", label=Text("超过标准", "Over the standard")),
        },
        headline=("max", "gap_minutes"), unit=Text("分钟", "minutes"), better="down", source="S4:38",
        note=Text("间隔截断在期初、期末以及打卡记录的首尾，跨期的间隔因此偏短；没有打卡的重点部位，间隔为整段时间。",
                  "Gaps end at the ends of the period and of the scan records, so one across them is cut short; a key checkpoint without scans has the whole stretch."),
    ),
    Reading(
        id="hazard_overdue",
        label=Text("超期未整改隐患", "Hazards overdue"),
        tables=("hazard",),
        top=Text("期末（或数据日）已过期限仍未整改的隐患", "hazards past their due time and not rectified at the end of the period, or at the cut-off"),
        columns={
            "hazard_id": Column("id", label=Text("隐患编号", "Hazard id")),
            "hazard_kind": Column("choice", label=Text("隐患类型", "Kind of hazard"), choices=HAZARD_KINDS),
            "hazard_level": Column("choice", label=Text("隐患等级", "Hazard level"), choices=HAZARD_LEVELS),
            "hazard_source": Column("choice", label=Text("隐患来源", "Source"), choices=HAZARD_SOURCES),
            "found_at": Column("instant", label=Text("发现时间", "Found")),
            "due_at": Column("instant", planned=True, label=Text("整改期限", "Due")),
            "days_over": Column("whole", label=Text("超期天数", "Days overdue")),
        },
        better="down", source="S4:39",
        note=Text("已作废的不列；说不清何时整改的不列；没有期限的无从超期。",
                  "Void ones are left out, and those rectified at an unknown time; without a due time nothing is overdue."),
    ),
    Reading(
        id="security_incident_analysis",
        label=Text("治安案件与隐患分析", "Incidents and hazards by kind and level"),
        tables=("incident",),
        top=Text("当期接报的突发事件、发现的隐患，按类型和等级", "incidents reported and hazards found in the period by kind and level"),
        columns={
            "register": Column("choice", label=Text("台账", "Register"), choices=REGISTERS),
            "kind": _KIND,
            "level": _LEVEL,
            "cases": Column("whole", label=Text("数量", "Number")),
        },
        headline=("sum", "cases"), unit=Text("起（项）", "cases"), better="down", explained=True, source="S0:70",
        note=Text("误报、作废的不计；没有的组合不列。每千户的数字见「每千户突发事件」。",
                  "Without false alarms and void entries; combinations without cases are absent. Per 1,000 homes: see the incident rate."),
    ),
    Reading(
        id="emergency_review",
        label=Text("应急处理复盘", "Emergency review"),
        tables=("incident",),
        top=Text("当期接报的突发事件，从接报起的分钟数", "incidents reported in the period, in minutes since the report"),
        columns={
            "incident_id": Column("id", label=Text("事件编号", "Incident id")),
            "incident_kind": Column("choice", label=Text("事件类型", "Kind"), choices=INCIDENT_KINDS),
            "incident_level": Column("choice", label=Text("事件等级", "Level"), choices=INCIDENT_LEVELS),
            "reported_at": Column("instant", label=Text("接报时间", "Reported")),
            "arrived_minutes": Column("whole", label=Text("到场（分钟）", "Arrived (minutes)")),
            "controlled_minutes": Column("whole", label=Text("控制（分钟）", "Under control (minutes)")),
            "closed_minutes": Column("whole", label=Text("结案（分钟）", "Closed (minutes)")),
            "external_agency": Column("text", label=Text("联动单位", "External agency")),
        },
        unit=Text("起", "incidents"), better="down", explained=True, source="S1:26",
        note=Text("误报不列；空白是还没有或没有记录。", "Without false alarms; a blank is not yet, or not recorded."),
    ),
    Reading(
        id="emergency_plan_list",
        label=Text("新增与修订的预案", "Emergency plans made and revised"),
        tables=("emergency_plan",),
        top=Text("当期新增或修订的应急预案", "emergency plans made or revised in the period"),
        columns={
            "plan_id": Column("id", label=Text("预案编号", "Plan id")),
            "plan_name": Column("text", label=Text("预案名称", "Plan")),
            "plan_change": Column("choice", label=Text("变更", "Change"), choices=PLAN_CHANGES),
            "changed_on": Column("day", label=Text("变更日期", "Changed")),
        },
        unit=Text("份", "plans"), better="up", source="S4:54",
    ),
)
# fmt: on
_COLUMNS = {reading.id: reading.columns for reading in READINGS}


def patrol_route_summary(tables: Tables, period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return one row for each route of the plan, in the order of their names."""
    plan = tables["patrol_plan"]
    ours = during(plan[plan["single"]], "planned_at", period)
    if not speaks(plan, "planned_at", period):
        return None
    records = [
        _route(route, ours[ours["route"].fillna("") == route]) for route in sorted(set(ours["route"].fillna("")))
    ]
    return listed(records, _COLUMNS["patrol_route_summary"])


def _route(route: str, plan: pd.DataFrame) -> dict[str, object]:
    days, rounds = plan["planned_at"].dt.floor("D").nunique(), plan["round_id"].nunique()
    told = bool(rounds)
    keys = plan["key_point"].notna().any()
    return {
        "route": route or None,
        "checkpoints": plan["checkpoint"].nunique(),
        "key_points": plan.loc[plan["key_point"].fillna(False), "checkpoint"].nunique() if keys else None,
        "days": days,
        "visits": len(plan),
        "rounds": rounds if told else None,
        "rounds_per_day_milli": (2000 * rounds + days) // (2 * days) if told else None,
        "route_milli": plan["route_milli"].max() if plan["route_milli"].notna().any() else None,
    }


def patrol_max_gap(tables: Tables, period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return one row for each key checkpoint of the plan, the longest gap first."""
    scans, plan = tables["patrol_scan"], during(tables["patrol_plan"], "planned_at", period)
    ours = during(scans, "actual_at", period)
    if not speaks(scans, "actual_at", period) or plan["key_point"].isna().all():
        return None
    ends = max(period.start, scans["actual_at"].min()), min(period.end, scans["actual_at"].max())
    key = plan[plan["key_point"].fillna(False)].sort_values("gap_milli").drop_duplicates("point")
    times = {point: ours.loc[ours["point"] == point, "actual_at"] for point in key["point"]}
    records = [_gap(row, times[row["point"]], ends) for row in key.to_dict("records")]
    rows = listed(records, _COLUMNS["patrol_max_gap"])
    order = ["gap_minutes", "route", "checkpoint"]
    return rows.sort_values(order, ascending=[False, True, True], ignore_index=True)


def _gap(key: dict[str, object], times: pd.Series, ends: tuple[pd.Timestamp, pd.Timestamp]) -> dict[str, object]:
    moments = pd.Series([ends[0], *sorted(times), ends[1]])
    gaps = moments.diff().dt.total_seconds()[1:]
    longest = int(gaps.argmax())
    milli = None if pd.isna(key["gap_milli"]) else int(key["gap_milli"])
    return {
        "route": key["route"],
        "checkpoint": key["checkpoint"],
        "scans": len(times),
        "gap_minutes": int(gaps.iloc[longest]) // 60,
        "gap_from_at": moments.iloc[longest],
        "standard_minutes": None if milli is None else milli * 60 // 1000,
        "over": None if milli is None else bool(gaps.iloc[longest] * 1000 > milli * 3600),
    }


def hazard_overdue(tables: Tables, period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the hazards that were overdue at the end of the period, the longest overdue first."""
    at = min(period.end - pd.Timedelta(seconds=1), cut.as_of)
    rows = tables["hazard"][tables["hazard"]["found_at"] <= at]
    if rows.empty:
        return None
    open_then = rows["tells"] & (~rows["done"] | (rows["rectified_at"] > at))
    late = rows[rows["counted"] & open_then & (rows["due_by"] < at)].sort_values(["due_by", "hazard_id"])
    return shaped(late.assign(days_over=(at - late["due_by"]).dt.days), _COLUMNS["hazard_overdue"])


def security_incident_analysis(tables: Tables, period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return how many incidents and hazards there were of each kind and level: incidents first, the most frequent first."""
    if not _told(tables["incident"], "reported_at", period):
        return None
    parts = []
    for register, dated_by in (("incident", "reported_at"), ("hazard", "found_at")):
        rows = during(tables[register][tables[register]["counted"]], dated_by, period)
        rows = rows.assign(register=register, kind=rows[f"{register}_kind"], level=rows[f"{register}_level"])
        parts.append(ranked(rows, ["register", "kind", "level"], "cases"))
    return shaped(pd.concat(parts), _COLUMNS["security_incident_analysis"])


def emergency_review(tables: Tables, period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the incidents of the period in the order in which they were reported."""
    rows = tables["incident"]
    if not _told(rows, "reported_at", period):
        return None
    ours = during(rows[rows["counted"]], "reported_at", period).sort_values(["reported_at", "incident_id"])
    minutes = {
        f"{step}_minutes": ((ours[f"{step}_at"] - ours["reported_at"]) // pd.Timedelta(minutes=1)).astype("Int64")
        for step in ("arrived", "controlled", "closed")
    }
    return shaped(ours.assign(**minutes), _COLUMNS["emergency_review"])


def emergency_plan_list(tables: Tables, period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the plans made or revised in the period, by day."""
    rows = tables["emergency_plan"]
    if not _told(rows, "changed_on", period):
        return None
    ours = during(rows, "changed_on", period).sort_values(["changed_on", "plan_id"])
    return shaped(ours, _COLUMNS["emergency_plan_list"])


def _told(rows: pd.DataFrame, dated_by: str, period: Period) -> bool:
    """Say whether some file speaks of the period; where it speaks of a part only, no rows are no answer."""
    whole = period.kind == "day" or set(period.months) <= set(covered_months(rows, dated_by))
    return speaks(rows, dated_by, period) and (whole or not during(rows, dated_by, period).empty)
