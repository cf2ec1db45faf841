"""facilities: worked examples, random rows, and a slow recomputation."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.examples import Example, ReadExample, Row, at
from tests.worlds import DAYS, START, _after, _days, _files, _instant, _minutes, _some

Mark = tuple[str, Row, datetime | None, int, int, int]
_DATES = ("failed_at", "restored_at", "status_on", "monitored_on", "due_on", "done_on", "actual_at", "cleared_at",
          "planned_at", "due_at", "added_on")  # fmt: skip
YEARS_AGO = datetime(2015, 9, 30)


def row(**columns: Any) -> Row:
    told = {"community": "a"} | columns
    return told | {name: at(told[name]) for name in _DATES if isinstance(told.get(name), str)}


def asset(number: int, system: str = "elevator", **columns: Any) -> Row:
    return row(**({"asset_id": f"A{number}", "system": system} | columns))


def failure(number: int, failed: str, restored: str | None = None, **columns: Any) -> Row:
    return row(**({"asset_id": f"A{number}", "failed_at": failed, "restored_at": restored} | columns))


def task(number: int, due: str, done: str | None = None, **columns: Any) -> Row:
    return row(**({"task_id": f"T{number}", "due_on": due, "done_on": done} | columns))


def visit(number: int, domain: str, planned: str | None = None, made: str | None = None, **columns: Any) -> Row:
    head = {"inspection_id": f"I{number}", "domain": domain, "planned_at": planned, "actual_at": made}
    return row(**(head | columns))


_LATER = failure(9, "10-20")
"""A failure of October, so that the log speaks for the whole of September; A9 is in no register."""

_STOCK: dict[str, list[Row]] = {
    # A1 failed in August and is not repaired; A2 failed and was repaired within September; A3 failed on the 30th and was
    # restored in October; A4 stands still as planned; A5 was retired on the 10th; A6 is out of order since the 20th by the
    # register; A7 came in October; A8 has nothing.
    "asset": [
        asset(1, "cctv"),
        asset(2, "cctv"),
        asset(3, "access"),
        asset(4, "elevator"),
        asset(5, "elevator", status="retired", status_on="09-10"),
        asset(6, "access", status="out_of_order", status_on="09-20"),
        asset(7, "access", installed_on=at("10-01")),
        asset(8, "access", status="out_of_order"),
    ],
    "asset_event": [
        failure(1, "08-15"),
        failure(2, "09-05 10:00", "09-05 22:00"),
        failure(3, "09-30 12:00", "10-02"),
        failure(4, "09-30", is_planned=True),
        _LATER,
    ],
}
_MONTH = 30 * 24 * 60

EXAMPLES = {
    # At the end of September A1, A2, A3, A4, A6 and A8 are in use; A1, A3 and A6 stand still: 3 of 6.  The status of A8
    # has no date and says nothing.
    "facility_serviceability_rate": Example(_STOCK, 3, 6),
    # Minutes of September: A1 none of 43,200; A2 all but 720; A3 all but 720 (noon of the 30th to midnight); A4 and A8
    # all; A5 in use for nine days and up for all of them, 12,960; A6 up for 19 days, 27,360 of 43,200.
    "facility_uptime_rate": Example(_STOCK, 2 * (_MONTH - 720) + 2 * _MONTH + 12_960 + 27_360, 6 * _MONTH + 12_960),
    # The lift failed on the 1st, the same fault 24 hours later (the same failure), again within 24 hours of that but not of
    # the first (another); another fault; and a stop that was planned: 3.  A2 came into use in October; A3 was retired in
    # August.  One asset-month.
    "equipment_failure_rate": Example(
        {
            "asset": [asset(1), asset(2, installed_on=at("10-01")), asset(3, status="retired", status_on="08-31")],
            "asset_event": [
                failure(1, "09-01 10:00", cause="door"),
                failure(1, "09-02 10:00", cause="door"),
                failure(1, "09-03 09:00", cause="door"),
                failure(1, "09-03 12:00", cause="noise"),
                failure(1, "09-04", cause="noise", is_planned=True),
                failure(3, "09-05"),
                _LATER,
            ],
        },
        3, 1,
    ),
    # Detected in September: by sensor, by an owner, by sensor: 2 of 3.  Unknown, planned, and October's: outside.
    "sensor_detection_rate": Example(
        {
            "asset_event": [
                failure(1, "09-01", detected_by="sensor"),
                failure(2, "09-02", detected_by="owner"),
                failure(3, "09-03", detected_by="sensor"),
                failure(4, "09-04"),
                failure(5, "09-05", detected_by="patrol", is_planned=True),
                failure(6, "10-05", detected_by="sensor"),
            ]
        },
        2, 3,
    ),
    # Key assets at the end of September: A1 monitored since August, A2 since October (not yet), A3 always, A4 not: 2 of
    # 4. A5 is not key, of A6 nobody knows.  The tasks of September make it a month of the register.
    "iot_monitoring": Example(
        {
            "asset": [
                asset(1, is_key=True, is_monitored=True, monitored_on="08-01"),
                asset(2, is_key=True, is_monitored=True, monitored_on="10-01"),
                asset(3, is_key=True, is_monitored=True),
                asset(4, is_key=True, is_monitored=False),
                asset(5, is_key=False, is_monitored=True),
                asset(6, is_key=True),
            ],
            "pm_task": [task(1, "09-15")],
        },
        2, 4,
    ),
    # Ten years from September 2015 end in September 2025: A1 reached its life, A2 (eleven years) not, A3 long ago: 2 of
    # 3.  A4's age and A5's life are unknown; A6 is out of use.
    "ageing_assets": Example(
        {
            "asset": [
                asset(1, installed_on=YEARS_AGO, design_life_years=10),
                asset(2, installed_on=YEARS_AGO, design_life_years=11),
                asset(3, installed_on=datetime(1999, 1, 1), design_life_years=15),
                asset(4, design_life_years=10),
                asset(5, installed_on=YEARS_AGO),
                asset(6, installed_on=YEARS_AGO, design_life_years=1, status="stopped", status_on="09-30"),
            ],
            "pm_task": [task(1, "09-15")],
        },
        2, 3,
    ),
    # A1 failed its inspection and runs on; A2 failed and was put right; A3 failed and passed later; A4 failed twice, put
    # right in October; A5 stands still; A6 was never inspected: 2 of 4.
    "defect_running_rate": Example(
        {
            "asset": [asset(number) for number in range(1, 7)],
            "asset_event": [failure(5, "09-01"), _LATER],
            "inspection": [
                visit(1, "facility", made="09-05", asset_id="A1", result="fail"),
                visit(2, "fire", made="09-05", asset_id="A2", result="fail", cleared_at="09-30 23:59"),
                visit(3, "facility", made="09-05", asset_id="A3", result="fail"),
                visit(4, "facility", made="09-06", asset_id="A3", result="pass"),
                visit(5, "facility", made="09-05", asset_id="A4", result="pass"),
                visit(6, "facility", made="09-05", asset_id="A4", result="fail", cleared_at="10-01"),
                visit(7, "facility", made="09-05", asset_id="A5", result="fail"),
            ],
        },
        2, 4,
    ),
    # Planned for September in facilities: I1 made in its window, I2 at the last second of its planned day, I3 a day late,
    # I4 never: 2 of 4.  I5 has no plan, I6 was called off, I7 is fire's, I8 made at an unknown time.
    "equipment_inspection_rate": Example(
        {
            "inspection": [
                visit(1, "facility", "09-01 08:00", "09-01 09:59", due_at="09-01 10:00"),
                visit(2, "facility", "09-01 08:00", "09-01 23:59"),
                visit(3, "facility", "09-01 08:00", "09-02 00:00"),
                visit(4, "facility", "09-01 08:00"),
                visit(5, "facility", made="09-01 08:00"),
                visit(6, "facility", "09-01 08:00", result="cancelled"),
                visit(7, "fire", "09-01 08:00"),
                visit(8, "facility", "09-01 08:00", result="pass"),
            ]
        },
        2, 4,
    ),
    # Due in September: T1 early, T2 on its day, T3 a day late, T4 open: 2 of 4.  T5 was called off, T6 is done at an
    # unknown time, T7 is due in November.
    "preventive_maintenance_plan": Example(
        {
            "pm_task": [
                task(1, "09-10", "09-01"),
                task(2, "09-10", "09-10"),
                task(3, "09-10", "09-11"),
                task(4, "09-30"),
                task(5, "09-10", result="cancelled"),
                task(6, "09-10", result="pass"),
                task(7, "11-10", "10-01"),
            ]
        },
        2, 4,
    ),
    # Pre-checks due in September: done in time, done late, done at an unknown time, open: 3 of 4.  T5 is routine.
    "heating_precheck_rate": Example(
        {
            "pm_task": [
                task(1, "09-10", "09-01", pm_kind="heating_precheck"),
                task(2, "09-10", "10-20", pm_kind="heating_precheck"),
                task(3, "09-10", pm_kind="heating_precheck", result="fail"),
                task(4, "09-10", pm_kind="heating_precheck"),
                task(5, "09-10", "09-01", pm_kind="routine"),
            ]
        },
        3, 4,
    ),
    # Winter items due in October: one done, one done after the cut-off, one open: 1 of 3.  November's is not due.
    "winter_readiness": Example(
        {
            "pm_task": [
                task(1, "10-10", "10-01", pm_kind="winter"),
                task(2, "10-10", "11-01", pm_kind="winter"),
                task(3, "10-31", pm_kind="winter"),
                task(4, "11-10", "10-01", pm_kind="winter"),
            ]
        },
        1, 3, month="2025-10",
    ),
    # Of the six assets of the stock above cameras A1 and A2 and doors A3, A6 and A8 are security: A2 and A8 are in order.
    "security_equipment_availability": Example(_STOCK, 2, 5),
    # Up: A1 0, A2 and A3 all but 720 minutes, A6 27,360, A8 all; of five whole months.
    "security_equipment_uptime": Example(_STOCK, 2 * (_MONTH - 720) + 27_360 + _MONTH, 5 * _MONTH),
    # Doors A3 (down), A6 (down) and A8.
    "access_control_stats": Example(_STOCK, 1, 3),
}  # fmt: skip

READ = {
    # At the end of September: cameras A1 (down, connected) and A2; doors A3 (down), A6 (down, new in September) and A8.
    # A7 came in October; lifts are no security.
    "smart_security": ReadExample(
        {
            "asset": [
                *(each | {"is_monitored": True} if each["asset_id"] == "A1" else each for each in _STOCK["asset"][:5]),
                _STOCK["asset"][5] | {"installed_on": at("09-02")},
                *_STOCK["asset"][6:],
            ],
            "asset_event": _STOCK["asset_event"],
        },
        [
            {"system": "cctv", "installed": 2, "added": 0, "connected": 1, "in_order": 1},
            {"system": "access", "installed": 3, "added": 1, "connected": 0, "in_order": 1},
        ],
    ),
    # This winter's items at the end of September: heating T1 done, T2 overdue (done in October), T3 ahead; water T4
    # done at an unknown time.  T5 was last winter's, T6 called off, T7 routine.
    "winter_checklist": ReadExample(
        {
            "pm_task": [
                task(1, "09-10", "09-05", pm_kind="heating_precheck", system="heating"),
                task(2, "09-30", "10-01", pm_kind="winter", system="heating"),
                task(3, "10-01", pm_kind="winter", system="heating"),
                task(4, "10-15", pm_kind="winter", system="water", result="pass"),
                task(5, "06-30", pm_kind="winter", system="water"),
                task(6, "09-01", pm_kind="winter", system="water", result="cancelled"),
                task(7, "09-01", pm_kind="routine", system="water"),
            ]
        },
        [
            {"system": "water", "items": 1, "done": 1, "overdue": 0, "ahead": 0},
            {"system": "heating", "items": 3, "done": 1, "overdue": 1, "ahead": 1},
        ],
    ),
    # A1 is two months beyond its life, A2 stands still, A3 runs with a failed inspection, A4 is sound.
    "ageing_asset_list": ReadExample(
        {
            "asset": [
                asset(1, installed_on=datetime(2015, 7, 1), design_life_years=10),
                asset(2),
                asset(3, "water"),
                asset(4, installed_on=YEARS_AGO, design_life_years=20),
            ],
            "asset_event": [failure(2, "09-01"), _LATER],
            "inspection": [visit(1, "facility", made="09-05", asset_id="A3", result="fail")],
        },
        [
            {"asset_id": "A1", "system": "elevator", "installed_on": datetime(2015, 7, 1), "months_over": 2, "is_down": False},
            {"asset_id": "A2", "system": "elevator", "is_down": True},
            {"asset_id": "A3", "system": "water", "is_down": False, "has_defect": True},
        ],
    ),
}  # fmt: skip

BORN = {"asset_event": "failed_at"}
LEARNT = {
    "asset": {"status_on": ["status"], "monitored_on": ["is_monitored"]},
    "asset_event": {"restored_at": []},
    "pm_task": {"done_on": ["result"]},
}

# Random rows ---------------------------------------------------------------------------------------------------------

SYSTEMS = ("elevator", "cctv", "access", "heating")


def draw(rng: random.Random, place: str, homes: list[str], size: int) -> dict[str, list[Row]]:
    return {
        "asset": _files(rng, [_asset(rng, place, number) for number in range(rng.randrange(6))], "asset", ()),
        "asset_event": _log(rng, place, size),
        "pm_task": _files(
            rng, [_task(rng, place, number) for number in range(rng.randrange(size + 1))], "pm_task", ("done_on",)
        ),
    }


def _day(rng: random.Random) -> datetime:
    return rng.choice([START + timedelta(days=rng.randrange(DAYS)), datetime(2025, rng.randint(1, 9), 1)])


def _asset(rng: random.Random, place: str, number: int) -> Row:
    return {
        "community": place,
        "asset_id": f"A{number}",
        "system": _some(rng, *SYSTEMS, known=0.9),
        "status": _some(rng, "in_use", "in_use", "out_of_order", "stopped", "retired"),
        "status_on": _some(rng, _day(rng), known=0.7),
        "installed_on": _some(rng, datetime(2015, rng.randint(1, 12), 28), _day(rng)),
        "design_life_years": _some(rng, 1, 10, 15),
        "is_key": _some(rng, True, True, False),
        "is_monitored": _some(rng, True, False),
        "monitored_on": _some(rng, _day(rng), known=0.5),
    }


def _log(rng: random.Random, place: str, size: int) -> list[Row]:
    found: dict[Any, Row] = {}
    for _ in range(rng.randrange(size + 1)):
        before = rng.choice(list(found.values())) if found and rng.random() < 0.4 else None
        failed = before["failed_at"] + rng.choice([*_days(1, 2), *_minutes(30, 1441)]) if before else _instant(rng)
        which = before["asset_id"] if before else f"A{rng.randrange(6)}"
        found[which, failed] = {
            "community": place,
            "asset_id": which,
            "failed_at": failed,
            "restored_at": _after(rng, failed, *_minutes(0, 1, 90, 1440), *_days(3, 40)),
            "is_planned": _some(rng, True, False, False, False),
            "detected_by": _some(rng, "sensor", "owner"),
            "cause": before["cause"] if before else _some(rng, "door", "noise"),
        }
    return _files(rng, list(found.values()), "asset_event", ("restored_at",))


def _task(rng: random.Random, place: str, number: int) -> Row:
    due = _day(rng)
    return {
        "community": place,
        "task_id": f"T{number}",
        "asset_id": _some(rng, "A0", "A1", "A2"),
        "system": _some(rng, *SYSTEMS, known=0.4),
        "pm_kind": _some(rng, "routine", "heating_precheck", "winter"),
        "due_on": due,
        "done_on": _after(rng, due, *_days(-3, 0, 1, 30), known=0.7),
        "result": _some(rng, "pass", "pass", "fail", "cancelled", known=0.6),
    }


# The recomputation ---------------------------------------------------------------------------------------------------


def marks(tables: Mapping[str, Sequence[Row]], as_of: datetime, definitions: Any, households: Any) -> Iterator[Mark]:
    assets = tables.get("asset", ())
    systems = {(each["community"], each["asset_id"]): each.get("system") for each in assets}
    log, tasks = (
        [
            each | {"system": each.get("system") or systems.get((each["community"], each.get("asset_id")))}
            for each in rows
        ]
        for rows in (tables.get("asset_event", ()), tables.get("pm_task", ()))
    )
    yield from _work(tasks, as_of)
    for each in log:
        if _is_failure(each, log) and each.get("detected_by") is not None:
            yield "sensor_detection_rate", each, each["failed_at"], 1, int(each["detected_by"] == "sensor"), 1
    for place in sorted({each["community"] for each in assets}):
        ours = [[each for each in rows if each["community"] == place] for rows in (assets, log, tasks)]
        seen = [each for each in tables.get("inspection", ()) if each["community"] == place]
        yield from _place(*ours, seen, as_of)


def _work(tasks: Sequence[Row], as_of: datetime) -> Iterator[Mark]:
    for each in tasks:
        told = "given" not in each or "done_on" in each["given"].split(",")
        over = each["due_on"] + timedelta(days=1) - timedelta(seconds=1) <= as_of
        if not told or not over or each.get("result") == "cancelled":
            continue
        done_on = _past(each, "done_on", as_of)
        done = done_on is not None or each.get("result") in ("pass", "fail")
        if done_on is not None or not done:
            on_time = done_on is not None and done_on <= each["due_on"]
            yield "preventive_maintenance_plan", each, each["due_on"], 1, int(on_time), 1
        for kpi, kind in {"heating_precheck_rate": "heating_precheck", "winter_readiness": "winter"}.items():
            if each.get("pm_kind") == kind:
                yield kpi, each, each["due_on"], 1, int(done), 1


def _past(each: Row, column: str, as_of: datetime) -> datetime | None:
    moment = each.get(column)
    return None if moment is None or moment > as_of else moment


def _is_failure(each: Row, log: Sequence[Row]) -> bool:
    """Unplanned, and not within 24 hours of one that counts, of the same asset and cause."""
    if each.get("is_planned"):
        return False
    if each.get("cause") is None:
        return True
    names = ("community", "asset_id", "cause")
    same = [other for other in log if all(other.get(name) == each[name] for name in names)]
    first = None
    for other in sorted(same, key=lambda other: other["failed_at"]):
        if not other.get("is_planned"):
            counts = first is None or other["failed_at"] - first > timedelta(hours=24)
            if other["failed_at"] == each["failed_at"]:
                return counts
            first = other["failed_at"] if counts else first
    raise AssertionError("the failure is not among its own")


def _place(
    assets: Sequence[Row], log: Sequence[Row], tasks: Sequence[Row], seen: Sequence[Row], as_of: datetime
) -> Iterator[Mark]:
    logged = _covered(log, "failed_at")
    worked = _covered([each for each in tasks if each["due_on"] <= as_of], "due_on")
    months = sorted(month for month in logged | worked if _next(month) - timedelta(seconds=1) <= as_of)
    if not months:
        this = as_of + timedelta(seconds=1)
        months = [(datetime(this.year, this.month, 1) - timedelta(days=1)).replace(day=1)]
    silent = [
        each["failed_at"]
        for each in log
        if not each.get("is_planned") and "given" in each and "restored_at" not in each["given"].split(",")
    ]
    for month in months:
        told = month in logged and not any(failed < _next(month) for failed in silent)
        for one in assets:
            yield from _asset_month(one, log, seen, month, month in logged, told)


def _asset_month(
    one: Row, log: Sequence[Row], seen: Sequence[Row], month: datetime, in_log: bool, told: bool
) -> Iterator[Mark]:
    end = _next(month)
    gone = one.get("status_on") if one.get("status") in ("stopped", "retired") else None
    begin, leave = max(one.get("installed_on") or month, month), min(gone or end, end)
    if begin >= leave:
        return
    mark = {"community": one["community"], "system": one.get("system"), "asset_id": one["asset_id"]}
    security = one.get("system") in ("cctv", "access", "perimeter", "parking")
    mine = [each for each in log if each["asset_id"] == one["asset_id"]]
    if in_log:
        yield "equipment_failure_rate", mark, month, 1, 0, 1
        for each in mine:
            if month <= each["failed_at"] < end and _is_failure(each, log):
                yield "equipment_failure_rate", each | mark, each["failed_at"], 0, 1, 0
    stops = _stops(one, mine)
    total = _minute(leave) - _minute(begin)
    if told:
        up = total - _union(stops, _minute(begin), _minute(leave))
        yield "facility_uptime_rate", mark, month, 1, up, total
        if security:
            yield "security_equipment_uptime", mark, month, 1, up, total
    if leave == end:
        yield from _month_end(one, mark, stops, seen, month, told, security)


def _month_end(
    one: Row, mark: Row, stops: Sequence[Any], seen: Sequence[Row], month: datetime, told: bool, security: bool
) -> Iterator[Mark]:
    end = _next(month)
    sound = not any(start < _minute(end) and (stop is None or stop >= _minute(end)) for start, stop in stops)
    if told:
        yield "facility_serviceability_rate", mark, month, 1, int(sound), 1
        if security:
            yield "security_equipment_availability", mark, month, 1, int(sound), 1
        if one.get("system") == "access":
            yield "access_control_stats", mark, month, 1, int(sound), 1
        defect = _defect(one, seen, end)
        if sound and defect is not None:
            yield "defect_running_rate", mark, month, 1, int(defect), 1
    if one.get("is_key") and one.get("is_monitored") is not None:
        since = one.get("monitored_on")
        monitored = one["is_monitored"] and (since is None or since < end)
        yield "iot_monitoring", mark, month, 1, int(monitored), 1
    born, life = one.get("installed_on"), one.get("design_life_years")
    if born is not None and life is not None:
        reached = (born.year + life, born.month) <= (month.year, month.month)
        yield "ageing_assets", mark, month, 1, int(reached), 1


def _stops(one: Row, mine: Sequence[Row]) -> list[tuple[int, int | None]]:
    """When it stood still unplanned, by the log and by the register, in minutes; None = to this day."""
    stops = [(each["failed_at"], each.get("restored_at")) for each in mine if not each.get("is_planned")]
    if one.get("status") == "out_of_order" and one.get("status_on") is not None:
        since = one["status_on"]
        restored = [each["restored_at"] for each in mine if each.get("restored_at") and each["restored_at"] >= since]
        stops.append((since, min(restored, default=None)))
    return [(_minute(start), None if end is None else _minute(end)) for start, end in stops]


def _union(stops: Sequence[tuple[int, int | None]], first: int, last: int) -> int:
    """Minutes of first..last in which it stood still, each counted once."""
    total, reached = 0, first
    for start, end in sorted(stops, key=lambda stop: stop[0]):
        start, end = max(start, reached), last if end is None else min(end, last)
        if end > start:
            total, reached = total + end - start, end
    return total


def _defect(one: Row, seen: Sequence[Row], end: datetime) -> bool | None:
    """Whether the last inspection before `end` failed and nothing was put right by then."""
    mine = [
        each
        for each in seen
        if each.get("asset_id") == one["asset_id"]
        and each.get("actual_at") is not None
        and each["actual_at"] < end
        and each.get("result") in ("pass", "fixed", "fail")
    ]
    if not mine:
        return None
    tells = lambda each: "given" not in each or "cleared_at" in each["given"].split(",")  # noqa: E731
    never = datetime.max
    last = max(
        mine,
        key=lambda each: (each["actual_at"], each["result"] == "fail", each.get("cleared_at") or never, tells(each)),
    )
    if last["result"] != "fail":
        return False
    cleared = last.get("cleared_at")
    return (cleared is None or cleared >= end) if tells(last) else None


def _minute(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1)).total_seconds() // 60)


def _covered(rows: Sequence[Row], column: str) -> set[datetime]:
    spans: dict[str, list[datetime]] = {}
    for each in rows:
        spans.setdefault(each.get("file", ""), []).append(each[column])
    months = set()
    for moments in spans.values():
        month = datetime(min(moments).year, min(moments).month, 1)
        while month <= max(moments):
            months.add(month)
            month = _next(month)
    return months


def _next(month: datetime) -> datetime:
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1)
