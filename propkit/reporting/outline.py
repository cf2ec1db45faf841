"""What each report holds: its sections in a reader's order, and the items of the catalogue that belong to each.

The items are not listed twice: a report holds whatever its source asks for (`Entry.reports`), section by section as the rooms
declare it, so that a new figure finds its place by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from propkit import domains
from propkit.errors import ConfigError, nearest
from propkit.model import Note
from propkit.reporting.items import ITEMS
from propkit.reporting.sources import reports
from propkit.text import Text


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report: its heading as a reader's question, the rooms whose items it holds, and items named one by one."""

    id: str
    heading: Text
    rooms: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


# fmt: off
SECTIONS: dict[str, Section] = {section.id: section for section in (
    Section("highlights", Text("做得好的是什么", "What went well?"),
            items=("highlights", "achievement_summary", "target_attainment", "period_change", "innovation_energy_safety_highlights",
                   "best_practice", "case_study")),
    Section("background", Text("为什么要整顿", "Why the rectification?"),
            items=("rectification_background", "problem_inventory", "org_restructure", "third_party_audit", "quality_system")),
    Section("before_after", Text("整顿前后变了什么", "What changed?"),
            items=("before_after", "environment_order_results", "financial_health", "complaint_rate_change", "kpi_linked_pay",
                   "phase_results", "lessons_learned")),
    Section("core", Text("五项核心职能做得怎么样", "How are the five core functions?"), items=("core_functions", "problem_catalogue")),
    Section("repairs", Text("报修做得怎么样", "How are repairs going?"), ("repairs",)),
    Section("complaints", Text("投诉集中在哪里", "Where do complaints gather?"), ("complaints",)),
    Section("satisfaction", Text("住户怎么看", "What do residents think?"), ("satisfaction",), ("satisfaction_change_pp",)),
    Section("money", Text("钱收得怎么样，花在哪里", "How is the money coming in, and where does it go?"), ("fees", "finance")),
    Section("facilities", Text("设施设备状态怎么样", "How is the equipment?"), ("facilities",)),
    Section("environment", Text("保洁绿化做得怎么样", "How are cleaning and greening?"), ("environment",)),
    Section("security", Text("秩序与安全怎么样", "How are order and safety?"), ("security",)),
    Section("parking", Text("停车与装修管得怎么样", "How are parking and renovation?"), ("parking",)),
    Section("engagement", Text("为业主办了什么", "What was done with residents?"), ("engagement",)),
    Section("service_days", Text("服务日做了什么", "What was done on the service day?"), ("service_days",)),
    Section("people", Text("队伍怎么样", "How is the team?"), ("people",)),
    Section("problems", Text("问题在哪里", "Where are the problems?"), items=("issue_list", "early_warning", "trend_forecast")),
    Section("plan", Text("下一步做什么", "What is next?"), ("improvement",), ("measure_effects", "missed_without_measure", "target_proposals")),
    Section("frame", Text("这份报告说的是什么", "What does this report cover?"),
            items=("report_period", "report_scope", "report_purpose", "numbers_first", "charts", "layout", "internal_edition",
                   "owner_edition", "photos")),
)}
# fmt: on


def section(section_id: str) -> Section:
    """Return a section by its id; an unknown id is a ConfigError with the nearest one."""
    if section_id not in SECTIONS:
        raise ConfigError(
            Text("没有这个部分", "no such section"),
            got=section_id,
            hint=nearest(section_id, SECTIONS),
            expected=", ".join(SECTIONS),
        )
    return SECTIONS[section_id]


def contents(report: str, section_id: str) -> tuple[str, ...]:
    """Return the ids that a section of a report holds, in the order of the catalogue; notes that would stand alone are in "frame"."""
    asked = _asked(report)
    told = {place(item_id) for item_id in asked if not isinstance(ITEMS[item_id], Note)}
    return tuple(item_id for item_id in asked if (place(item_id) if place(item_id) in told else "frame") == section_id)


def sections(report: str) -> tuple[str, ...]:
    """Return the sections of a report that hold anything, in a reader's order."""
    return tuple(section_id for section_id in SECTIONS if contents(report, section_id))


@cache
def _asked(report: str) -> tuple[str, ...]:
    return tuple(item_id for item_id, one in ITEMS.items() if report in reports(one.source))


@cache
def place(item_id: str) -> str:
    """Return the section that names an item, else that of its room; "frame" for what has neither."""
    named = [one.id for one in SECTIONS.values() if item_id in one.items]
    room = _room(item_id)
    return (named or [one.id for one in SECTIONS.values() if room in one.rooms] or ["frame"])[0]


@cache
def _room(item_id: str) -> str:
    for room in domains.ROOMS:
        if any(one.id == item_id for one in (*room.KPIS, *room.DURATIONS, *room.READINGS, *room.NOTES)):
            return room.__name__.rpartition(".")[2]
    return ""
