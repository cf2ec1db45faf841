"""Order and safety as they really were: patrols of one summer, hazards, incidents, drills, plans, visitors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from propkit.demo.chance import Chance, month_ends
from propkit.demo.estates import AS_OF, CUIHU, LANTING, MONTHS, YINHE, Estate, Home
from propkit.demo.security_layouts import LAYOUTS

Row = dict[str, object]
__all__ = ["LAYOUTS", "rows"]

PATROLLED = ("2025-07", "2025-08", "2025-09")
"""The months of which patrol plans and scans were exported."""
SILENT = ("yinhe", datetime(2025, 8, 14))
"""The day on which the handheld of one community recorded nothing."""
QUIET = ("lanting", "2025-02")
"""The month without a single incident in the small community."""
TIGHTENED = "2025-04"
"""The month in which the second community's security was put in order: hazards fall from then on."""

_ROUTES = {
    "yinhe": {
        "地面线": (1800, ("东门岗", "中心花园", "3号楼大堂")),
        "车库线": (950, ("车库入口", "配电房", "消防泵房")),
    },
    "cuihu": {"外围线": (2600, ("南门岗", "北门岗", "西围墙")), "楼宇线": (1400, ("7号楼大堂", "监控室", "水泵房"))},
}
_KEY = ("配电房", "消防泵房", "监控室", "水泵房", "东门岗", "南门岗")
_HOURS = {"yinhe": (1, 9, 17), "cuihu": (2, 10, 18)}
_WINDOW = {"yinhe": 10, "cuihu": 15}

_HAZARDS = {"yinhe": 6.0, "cuihu": 15.0, "lanting": 2.5}
_DAYS = {"general": 7, "serious": 3, "major": 1}
_INCIDENTS = {"yinhe": 3.2, "cuihu": 6.5, "lanting": 1.3}
_KINDS = {
    "security": 18, "fire": 4, "equipment": 24, "dispute": 26, "falling_object": 10, "illegal_building": 7,
    "traffic": 5, "medical": 4, "other": 2,
}  # fmt: skip
_AGENCIES = {"security": "公安", "fire": "消防", "medical": "医疗", "traffic": "交警"}
_DRILLS = ("fire", "lift", "flood", "evacuation", "power", "security")
_PLANS = ("消防应急预案", "电梯困人应急预案", "防汛防台应急预案", "停水停电应急预案", "突发治安事件应急预案")


def rows(homes: Mapping[str, Sequence[Home]], seed: int) -> dict[str, list[Row]]:
    """Return the true rows of this room by table; `homes` by community."""
    found: dict[str, list[Row]] = {name: [] for name in (
        "patrol_plan", "patrol_scan", "hazard", "incident", "drill", "emergency_plan", "visitor",
    )}  # fmt: skip
    for estate in (YINHE, CUIHU, LANTING):
        chance = Chance(seed, f"security/{estate.id}")
        if estate.id in _ROUTES:
            plan = list(_planned(estate))
            found["patrol_plan"] += plan
            found["patrol_scan"] += _scans(estate, plan, chance)
        found["hazard"] += _hazards(estate, chance)
        found["incident"] += _incidents(estate, chance)
        found["drill"] += _drills(estate, chance)
        found["emergency_plan"] += _plans(estate, chance)
        if estate is not CUIHU:
            found["visitor"] += _visitors(estate, chance)
    return found


def _planned(estate: Estate) -> Iterator[Row]:
    """Yield each planned visit: at three hours of the day both routes are walked, point after point."""
    number = 0
    for month in PATROLLED:
        first, last = month_ends(month)
        for day in range(last.day):
            for turn, hour in enumerate(_HOURS[estate.id], 1):
                for line, (route, (metres, points)) in enumerate(_ROUTES[estate.id].items(), 1):
                    start = first + timedelta(days=day, hours=hour, minutes=30 * (line - 1))
                    for step, point in enumerate(points):
                        number += 1
                        yield {
                            "community": estate.id,
                            "plan_id": f"{'XP' if estate is YINHE else 'JH'}{number:05}",
                            "route": route,
                            "checkpoint": point,
                            "round_id": f"{start:%y%m%d}{line}{turn}",
                            "planned_at": start + timedelta(minutes=8 * step),
                            "window_minutes": _WINDOW[estate.id],
                            "route_milli": metres,
                            "key_point": point in _KEY,
                            "gap_milli": 8500 if point in _KEY else 12_500,
                        }


def _scans(estate: Estate, plan: Sequence[Row], chance: Chance) -> list[Row]:
    """Return what the handhelds recorded: late at night less, on one day nothing, sometimes a whole round at the desk."""
    found: dict[tuple, Row] = {}
    guards: dict[object, tuple[str, bool, float]] = {}
    for visit in plan:
        planned = visit["planned_at"]
        if estate.id == SILENT[0] and planned.date() == SILENT[1].date():
            continue
        night = planned.hour < 6
        name = visit["round_id"]
        if name not in guards:
            at_desk = estate is CUIHU and night and chance.yes(0.06)
            guards[name] = (f"测试员工{chance.between(11, 18)}", at_desk, chance.normal() * 180)
        guard, at_desk, off = guards[name]
        if chance.yes(0.07 if night else 0.025):
            continue
        off += chance.normal() * 40
        if chance.yes(0.05):
            off = chance.between(11, 55) * 60 * (1 if chance.yes(0.75) else -1)
        moment = planned + timedelta(seconds=round(off))
        if at_desk:  # the whole round scanned within half a minute
            moment = planned.replace(minute=planned.minute // 30 * 30) + timedelta(seconds=12 * _step(visit, estate))
        for again in range(2 if chance.yes(0.02) else 1):
            row = {
                "community": estate.id,
                "route": visit["route"],
                "checkpoint": visit["checkpoint"],
                "actual_at": moment + timedelta(seconds=again * chance.between(20, 200)),
                "guard": guard,
                "issue_found": chance.yes(0.02),
            }
            found[row["checkpoint"], row["actual_at"], guard] = row
    return sorted(found.values(), key=lambda row: (row["actual_at"], row["checkpoint"]))


def _step(visit: Row, estate: Estate) -> int:
    return _ROUTES[estate.id][str(visit["route"])][1].index(str(visit["checkpoint"]))


def _hazards(estate: Estate, chance: Chance) -> list[Row]:
    found = []
    for month in MONTHS:
        calm = estate is CUIHU and month >= TIGHTENED
        for _ in range(chance.count(_HAZARDS[estate.id] * (0.45 if calm else 1))):
            found.append(_hazard(estate, month, calm, chance))
    found.sort(key=lambda row: row["found_at"])
    prefix = {"yinhe": "YH", "cuihu": "AQ", "lanting": "LH"}[estate.id]
    return [row | {"hazard_id": f"{prefix}{row['found_at']:%y%m}{number:04}"} for number, row in enumerate(found, 1)]


def _hazard(estate: Estate, month: str, calm: bool, chance: Chance) -> Row:
    at = chance.moment(month)
    level = chance.pick({"general": 78, "serious": 18, "major": 4})
    due = at + timedelta(days=_DAYS[level])
    slow = 0.4 if calm else 1.6 if estate is CUIHU else 1.0
    rectified = at + chance.minutes(_DAYS[level] * 620 * slow, 0.9) if chance.yes(0.97) else None
    verified = rectified + chance.minutes(2200 * slow, 0.7) if rectified and chance.yes(0.96 if calm else 0.9) else None
    rectified, verified = _past(rectified), _past(verified)
    status = "verified" if verified else "rectified" if rectified else "open"
    return {
        "community": estate.id,
        "hazard_kind": chance.pick({"fire_safety": 44, "facility": 34, "security": 18, "other": 4}),
        "hazard_level": level,
        "hazard_source": chance.pick({"patrol": 48, "inspection": 34, "owner": 18}),
        "found_at": at,
        "due_at": due.replace(hour=0, minute=0) if estate is CUIHU else due,
        "rectified_at": rectified,
        "verified_at": verified,
        "status": "void" if chance.yes(0.02) else status,
    }


def _past(moment: datetime | None) -> datetime | None:
    """Return what had happened when the exports were drawn."""
    return moment if moment is not None and moment <= AS_OF else None


def _incidents(estate: Estate, chance: Chance) -> list[Row]:
    found = []
    for month in MONTHS:
        hot = 1.25 if month[5:] in ("07", "08") else 1.0
        count = 0 if (estate.id, month) == QUIET else chance.count(_INCIDENTS[estate.id] * hot)
        found += [_incident(estate, month, chance) for _ in range(max(count, month in (MONTHS[0], MONTHS[-1])))]
    found.sort(key=lambda row: row["reported_at"])
    prefix = {"yinhe": "SJ", "cuihu": "TF", "lanting": "LS"}[estate.id]
    return [
        row | {"incident_id": f"{prefix}{row['reported_at']:%y%m}{number:03}"} for number, row in enumerate(found, 1)
    ]


def _incident(estate: Estate, month: str, chance: Chance) -> Row:
    kind = chance.pick(_KINDS)
    level = chance.pick({"general": 88, "serious": 11, "major": 1})
    reported = chance.moment(month)
    arrived = reported + chance.minutes(9 * estate.pace, 0.7) if chance.yes(0.96) else None
    controlled = arrived + chance.minutes(35, 0.8) if arrived else None
    closed = controlled + chance.minutes(2600, 1.0) if controlled and chance.yes(0.95) else None
    arrived, controlled, closed = _past(arrived), _past(controlled), _past(closed)
    is_hurt = kind in ("medical", "traffic", "fire") and chance.yes(0.3)
    loss = chance.between(2, 90) * 10_000 if kind in ("fire", "equipment", "traffic", "falling_object") else 0
    return {
        "community": estate.id,
        "incident_kind": kind,
        "incident_level": level,
        "occurred_at": reported - chance.minutes(6, 0.6) if chance.yes(0.8) else None,
        "reported_at": reported,
        "arrived_at": arrived,
        "controlled_at": controlled,
        "closed_at": closed,
        "outcome": chance.pick({"已处置": 70, "双方和解": 18, "移交相关部门": 12}) if closed else None,
        "external_agency": _AGENCIES.get(kind) if chance.yes(0.55) else None,
        "casualties": (1 if is_hurt else 0) if closed else None,
        "loss_fen": loss if closed else None,
        "false_alarm": kind in ("fire", "security") and chance.yes(0.15),
    }


def _drills(estate: Estate, chance: Chance) -> list[Row]:
    found = []
    for at, month in enumerate(MONTHS[::2]):
        first, last = month_ends(month)
        expected = chance.between(12, 30) + (15 if estate is CUIHU else 0)
        findings = chance.between(0, 5)
        found.append(
            {
                "community": estate.id,
                "drill_id": f"YL{first:%y%m}{at + 1:02}",
                "drill_kind": _DRILLS[(at + len(estate.id)) % len(_DRILLS)],
                "held_on": first + timedelta(days=chance.between(4, last.day - 2)),
                "expected": expected,
                "attended": max(3, expected - chance.between(0, 6)),
                "score": chance.between(74, 97) if chance.yes(0.85) else None,
                "minutes": chance.between(18, 75),
                "findings": findings,
                "findings_closed": chance.between(max(0, findings - 2), findings),
            }
        )
    return found


def _plans(estate: Estate, chance: Chance) -> list[Row]:
    """Return what was made or revised; the second community made two new plans when it was put in order."""
    found = []
    for number, name in enumerate(_PLANS, 1):
        day = month_ends(chance.one(MONTHS))[0] + timedelta(days=chance.between(0, 27))
        is_new = estate is CUIHU and number > 3
        day = datetime(2025, 4, 8 + number) if is_new else day
        found.append(
            {
                "community": estate.id,
                "plan_id": f"YA{number:02}",
                "plan_name": name,
                "plan_change": "new" if is_new else "revised",
                "changed_on": min(day, datetime(2025, 10, 1)),
            }
        )
    return found


def _visitors(estate: Estate, chance: Chance) -> list[Row]:
    """Return the visitors of one month; some lines come from audits at the gate, which also saw who was not registered."""
    found = []
    first, last = month_ends(MONTHS[-1])
    for day in range(last.day):
        for _ in range(chance.count(7.0 if estate is YINHE else 3.0)):
            is_audit = chance.yes(0.25)
            found.append(
                {
                    "community": estate.id,
                    "at": first + timedelta(days=day, minutes=chance.between(7 * 60, 22 * 60)),
                    "gate": chance.pick({"东门": 60, "西门": 40}) if estate is YINHE else "南门",
                    "registered": chance.yes(0.9) if is_audit else None,
                }
            )
    found.sort(key=lambda row: row["at"])
    return [row | {"visitor_id": f"FK{row['at']:%y%m%d}{number:04}"} for number, row in enumerate(found, 1)]
