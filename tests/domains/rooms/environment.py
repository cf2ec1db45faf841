"""environment: worked examples, random rows, and a slow recomputation."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.domains.rooms.facilities import asset, failure, row, visit
from tests.examples import Example, ReadExample, Row, at
from tests.worlds import DAYS, START, _after, _days, _files, _instant, _minutes, _some

Mark = tuple[str, Row, datetime | None, int, int, int]


def area(number: int, size: int = 100_000, often: int | None = 2, **columns: Any) -> Row:
    head = {"area_id": f"Z{number}", "domain": "cleaning", "size_milli": size, "required_per_week": often}
    return row(**(head | columns))


def clean(number: int, planned: str | None, made: str | None = None, **columns: Any) -> Row:
    return visit(number, "cleaning", planned, made, **columns)


def _seen(num: int, den: int, *rows: Row, **more: Any) -> Example:
    return Example({"inspection": list(rows)}, num, den, **more)


def _results(domain: str, **columns: Any) -> list[Row]:
    """One of each result, made in September, and one passed in October."""
    told = ("pass", "fixed", "fail", "not_applicable", None, "cancelled")
    rows = [visit(n, domain, made="09-05", result=result, **columns) for n, result in enumerate(told)]
    return [*rows, visit(9, domain, made="10-05", result="pass", **columns)]


_WEEKS = [
    # The records begin on Monday the 1st and end on Sunday the 14th: two whole weeks.  Z1 (100 m2, twice a week) was
    # cleaned on the 1st and 3rd, and on the 8th twice at the same moment: covered, not covered.  Z2 (30 m2, once): not,
    # covered.  Z3 has no requirement, Z4 came on the 2nd and counts for the second week: not covered (20 m2).
    clean(1, "09-01", "09-01 08:00", area_id="Z1"),
    clean(2, "09-03", "09-03 08:00", area_id="Z1"),
    clean(3, "09-08", "09-08 08:00", area_id="Z1"),
    clean(4, None, "09-08 08:00", area_id="Z1"),
    clean(5, "09-14", "09-14 23:00", area_id="Z2"),
    clean(6, "09-10", None, area_id="Z1"),
]

EXAMPLES = {
    # 100 + 30 m2 in thousandths, of 130 in the first and 150 in the second week.
    "cleaning_coverage_rate": Example(
        {"area": [area(1), area(2, 30_000, 1), area(3, 50_000, None), area(4, 20_000, 1, added_on="09-02")],
         "inspection": _WEEKS},
        130_000, 280_000,
    ),
    # Planned for September: made, made late, made at an unknown time, missed: 3 of 4.  Called off, without a plan, and
    # greening: outside.
    "cleaning_frequency": _seen(
        3, 4,
        clean(1, "09-01 08:00", "09-01 09:00"),
        clean(2, "09-01 08:00", "09-03 09:00"),
        clean(3, "09-01 08:00", result="pass"),
        clean(4, "09-30 08:00"),
        clean(5, "09-01 08:00", result="cancelled"),
        clean(6, None, "09-01 08:00"),
        visit(7, "greening", "09-01 08:00"),
    ),
    # Judged in September: passed, put right on the spot, failed: 1 of 3.
    "cleaning_pass_rate": _seen(1, 3, *_results("cleaning")),
    # 90.5 and 80 of 200 marks in September.
    "inspection_score": _seen(
        170_500, 200_000,
        visit(1, "quality", made="09-01", score_milli=90_500),
        visit(2, "cleaning", made="09-02", score_milli=80_000),
        visit(3, "cleaning", made="09-03"),
        visit(4, "cleaning", made="10-03", score_milli=60_000),
    ),
    # As for cleaning.
    "greening_condition": _seen(1, 3, *_results("greening")),
    # Leaves made, mosquitoes missed; an ordinary cleaning and a task of October: outside.
    "seasonal_cleaning": _seen(
        1, 2,
        clean(1, "09-01 08:00", "09-01 09:00", season_task="leaf"),
        visit(2, "greening", "09-01 08:00", season_task="mosquito"),
        clean(3, "09-01 08:00", "09-01 09:00"),
        clean(4, "10-01 08:00", season_task="leaf"),
    ),
    "public_area_order": _seen(1, 3, *_results("order")),
    # In September: two items of one visit to Z1 (one), the same place and moment for the security round (two), an asset
    # (three), one place later (four).  Cleaning, called off, not made, October: outside.
    "safety_inspection_count": _seen(
        4, 4,
        visit(1, "fire", made="09-05 10:00", area_id="Z1", check_item="灭火器"),
        visit(2, "fire", made="09-05 10:00", area_id="Z1", check_item="应急灯"),
        visit(3, "security", made="09-05 10:00", area_id="Z1"),
        visit(4, "facility", made="09-05 10:00", asset_id="A1"),
        visit(5, "fire", made="09-05 11:00", area_id="Z1"),
        clean(6, None, "09-05 10:00", area_id="Z1"),
        visit(7, "fire", made="09-05 12:00", area_id="Z1", result="cancelled"),
        visit(8, "fire", "09-05 12:00"),
        visit(9, "fire", made="10-05 12:00"),
    ),
    # Planned for September: fire made, facility missed, security made: 2 of 3.
    "safety_inspection_rate": _seen(
        2, 3,
        visit(1, "fire", "09-01 08:00", "09-01 09:00"),
        visit(2, "facility", "09-01 08:00"),
        visit(3, "security", "09-01 08:00", "09-05"),
        visit(4, "order", "09-01 08:00", "09-05"),
        visit(5, "fire", None, "09-05"),
    ),
    # Fire passages planned for September: by item, by the type of the area in the register (missed): 1 of 2.  The
    # extinguisher and the passage of cleaning are not fire passages.
    "fire_passage_check": Example(
        {
            "area": [area(1, domain="fire", area_type="消防通道")],
            "inspection": [
                visit(1, "fire", "09-01 08:00", "09-01 09:00", check_item="消防通道畅通"),
                visit(2, "fire", "09-02 08:00", area_id="Z1"),
                visit(3, "fire", "09-02 08:00", check_item="灭火器"),
                clean(4, "09-02 08:00", check_item="通道清扫"),
            ],
        },
        1, 2,
    ),
    # Found blocked in September: cleared after exactly 24 hours, a minute later, never, put right on the spot, blocked by
    # its result: 2 of 5.  Free, or a hydrant: outside.
    "passage_cleared_rate": _seen(
        2, 5,
        visit(1, "fire", made="09-01 10:00", check_item="消防通道", is_blocked=True, cleared_at="09-02 10:00"),
        visit(2, "fire", made="09-01 10:00", check_item="消防通道", is_blocked=True, cleared_at="09-02 10:01"),
        visit(3, "fire", made="09-01 10:00", check_item="消防通道", is_blocked=True),
        visit(4, "fire", made="09-01 10:00", check_item="消防通道", result="fixed"),
        visit(5, "fire", made="09-01 10:00", check_item="消防通道", result="fail"),
        visit(6, "fire", made="09-01 10:00", check_item="消防通道", is_blocked=False, result="fail"),
        visit(7, "fire", made="09-01 10:00", check_item="消火栓", result="fail"),
    ),
    # Uniforms passed, conduct failed: 1 of 2.  The hall's cleanliness is not about appearance.
    "appearance_discipline": _seen(
        1, 2,
        visit(1, "quality", made="09-01", check_item="仪容仪表", result="pass"),
        visit(2, "quality", made="09-02", check_item="执勤纪律", result="fail"),
        visit(3, "quality", made="09-02", check_item="大堂卫生", result="pass"),
        visit(4, "security", made="09-02", check_item="执勤纪律", result="pass"),
    ),
}  # fmt: skip

_MANY = [
    clean(
        100 + n, None, "09-05", area_type="大堂", inspector="x" if n < 10 else "y", result="pass" if n % 4 else "fail"
    )
    for n in range(20)
]

READ = {
    # 20 items in the hall: x passed 7 of 10 (fails at 0, 4, 8), y 8 of 10 (12, 16).  Two stairs items by one inspector give
    # no range; one item of an unknown place.
    "cleaning_measures": ReadExample(
        {
            "inspection": [
                *_MANY,
                clean(1, None, "09-05", area_type="楼道", inspector="x", result="pass"),
                clean(2, None, "09-05", area_type="楼道", result="fail"),
                clean(3, None, "09-05", result="pass"),
                clean(4, None, "10-05", area_type="楼道", result="pass"),
            ]
        },
        [
            {"area_type": "大堂", "inspected": 20, "passed": 15, "inspectors": 2, "lowest_milli": 70_000,
             "highest_milli": 80_000},
            {"area_type": "楼道", "inspected": 2, "passed": 1, "inspectors": 1},
            {"inspected": 1, "passed": 1, "inspectors": 0},
        ],
    ),
    # Z1 was found in August and is open (once, though told twice); Z2 was found and done in September; Z3 found and done in
    # August is past; Z4 was done in October, so at the end of September it is open; Z5 is to be treated.
    "replanting_areas": ReadExample(
        {
            "area": [area(1, 12_500, None, domain="greening", area_type="草坪")],
            "inspection": [
                visit(1, "greening", made="08-05", area_id="Z1", follow_up="replant"),
                visit(2, "greening", made="09-05", area_id="Z1", follow_up="replant"),
                visit(3, "greening", made="09-06", area_id="Z2", follow_up="adjust", cleared_at="09-20 10:00"),
                visit(4, "greening", made="08-06", area_id="Z3", follow_up="adjust", cleared_at="08-20"),
                visit(5, "greening", made="09-07", area_id="Z4", follow_up="adjust", cleared_at="10-01"),
                visit(6, "greening", made="09-07", area_id="Z5", follow_up="treat"),
            ],
        },
        [
            {"area_id": "Z1", "area_type": "草坪", "size_milli": 12_500, "follow_up": "replant", "found_on": at("08-05"),
             "status": "open"},
            {"area_id": "Z2", "follow_up": "adjust", "found_on": at("09-06"), "status": "done", "done_on": at("09-20")},
            {"area_id": "Z4", "follow_up": "adjust", "found_on": at("09-07"), "status": "open"},
        ],
    ),
    # Clutter since the 1st (30 days by midnight of the 30th), damage put right in October; the third was put right in time.
    "public_order_open": ReadExample(
        {
            "inspection": [
                visit(1, "order", made="09-01", area_id="Z1", check_item="堆物", result="fail"),
                visit(2, "order", made="09-20 12:00", area_type="楼道", result="fail", cleared_at="10-01"),
                visit(3, "order", made="09-20", result="fail", cleared_at="09-21"),
                visit(4, "order", made="09-20", result="pass"),
            ]
        },
        [
            {"area_id": "Z1", "check_item": "堆物", "found_on": at("09-01"), "days_open": 30},
            {"area_type": "楼道", "found_on": at("09-20"), "days_open": 10},
        ],
    ),
    # Cleaning is recorded in September: Z2 was last cleaned in August, Z3 never; Z4 came in October.  Of greening there are
    # no records, so Z9 is not listed.  A2 was not inspected; A3 is retired.  A2 failed with no inspection in the 30 days
    # before; A1 had one exactly 30 days before.
    "inspection_blind_spots": ReadExample(
        {
            "area": [
                area(1), area(2, is_key=True), area(3), area(4, added_on="10-01"), area(9, domain="greening"),
            ],
            "asset": [asset(1), asset(2, is_key=True), asset(3, status="retired", status_on="08-01")],
            "asset_event": [failure(1, "09-20 10:00"), failure(2, "09-20 11:00"), failure(2, "10-02")],
            "inspection": [
                clean(1, "08-30", "08-30 08:00", area_id="Z2"),
                clean(2, "09-02", "09-02 08:00", area_id="Z1"),
                clean(3, "09-30"),
                visit(4, "facility", "08-01", "08-01 10:00", asset_id="A2"),
                visit(5, "facility", "08-21", "08-21 10:00", asset_id="A1"),
                visit(6, "facility", "09-21", "09-21 10:00", asset_id="A1"),
            ],
        },
        [
            {"what": "area", "domain": "cleaning", "place_id": "Z2", "is_key": True, "last_on": at("08-30")},
            {"what": "area", "domain": "cleaning", "place_id": "Z3"},
            {"what": "asset", "system": "elevator", "place_id": "A2", "is_key": True, "last_on": at("08-01")},
            {"what": "failure", "system": "elevator", "place_id": "A2", "is_key": True, "last_on": at("08-01"),
             "failed_at": at("09-20 11:00")},
        ],
    ),
}  # fmt: skip

BORN: dict[str, str] = {}
LEARNT = {
    "inspection": {
        "actual_at": ["result", "score_milli", "inspector", "is_blocked", "follow_up"],
        "cleared_at": [],
    }
}

# Random rows ---------------------------------------------------------------------------------------------------------

DOMAINS = ("cleaning", "cleaning", "greening", "facility", "fire", "fire", "security", "order", "quality")
ITEMS = ("地面", "消防通道", "仪容仪表", "灭火器")


def draw(rng: random.Random, place: str, homes: list[str], size: int) -> dict[str, list[Row]]:
    areas = [_area(rng, place, number) for number in range(rng.randrange(4))]
    rows = [_inspection(rng, place, number) for number in range(rng.randrange(3 * size + 1))]
    return {
        "area": _files(rng, areas, "area", ()),
        "inspection": _files(rng, rows, "inspection", ("actual_at", "cleared_at", "result")),
    }


def _area(rng: random.Random, place: str, number: int) -> Row:
    return {
        "community": place,
        "area_id": f"Z{number}",
        "domain": rng.choice(["cleaning", "cleaning", "fire"]),
        "area_type": _some(rng, "大堂", "消防通道"),
        "size_milli": _some(rng, 12_500, 100_000, known=0.9),
        "required_per_week": _some(rng, 1, 1, 2, known=0.9),
        "added_on": _some(rng, START + timedelta(days=rng.randrange(DAYS)), known=0.3),
    }


def _inspection(rng: random.Random, place: str, number: int) -> Row:
    planned = _some(rng, rng.choice([_instant(rng), START + timedelta(days=8 * 7 + rng.randrange(14), hours=8)]))
    due = _after(rng, planned, *_minutes(0, 120, 3000), known=0.4)
    made = _after(rng, planned, *_minutes(-60, 0, 120, 900), *_days(1, 3), known=0.7)
    made = _some(rng, _instant(rng)) if planned is None else made
    return {
        "community": place,
        "inspection_id": f"I{number:03}",
        "domain": rng.choice(DOMAINS),
        "area_id": _some(rng, "Z0", "Z1", "Z2"),
        "asset_id": _some(rng, "A0", "A1", "A2", known=0.4),
        "area_type": _some(rng, "楼道", "消防通道", known=0.3),
        "check_item": _some(rng, *ITEMS),
        "season_task": _some(rng, "leaf", "mosquito", known=0.2),
        "planned_at": planned,
        "due_at": due,
        "actual_at": made,
        "result": _some(rng, "pass", "pass", "fixed", "fail", "not_applicable", "cancelled"),
        "score_milli": _some(rng, 90_500, 60_000, known=0.4),
        "inspector": _some(rng, "x", "y"),
        "is_blocked": _some(rng, True, False, known=0.4),
        "follow_up": _some(rng, "replant", "treat", known=0.3),
        "cleared_at": _after(rng, made, *_minutes(0, 1440, 1441), *_days(9), known=0.5),
    }


# The recomputation ---------------------------------------------------------------------------------------------------


def marks(tables: Mapping[str, Sequence[Row]], as_of: datetime, definitions: Any, households: Any) -> Iterator[Mark]:
    kinds = {
        (each["community"], each["domain"], each["area_id"]): each.get("area_type") for each in tables.get("area", ())
    }
    systems = {(each["community"], each["asset_id"]): each.get("system") for each in tables.get("asset", ())}
    rows = []
    for each in tables.get("inspection", ()):
        place = (each["community"], each["domain"], each.get("area_id"))
        told = {"area_type": each.get("area_type") or kinds.get(place)}
        told["system"] = each.get("system") or systems.get((each["community"], each.get("asset_id")))
        moments = {name: _past(each, name, as_of) for name in ("actual_at", "cleared_at")}
        rows.append(each | told | moments)
    for each in rows:
        yield from _planned(each, as_of)
        yield from _judged(each)
        yield from _blocked(each, as_of)
    yield from _visits(rows)
    yield from _weeks(tables.get("area", ()), rows, as_of)


def _past(each: Row, column: str, as_of: datetime) -> datetime | None:
    moment = each.get(column)
    return None if moment is None or moment > as_of else moment


def _tells(each: Row, column: str) -> bool:
    return "given" not in each or column in each["given"].split(",")


def _made(each: Row) -> bool:
    stands = each.get("result") != "cancelled"
    return stands and (each["actual_at"] is not None or each.get("result") in ("pass", "fixed", "fail"))


def _planned(each: Row, as_of: datetime) -> Iterator[Mark]:
    planned = each.get("planned_at")
    if planned is None or each.get("result") == "cancelled" or not _tells(each, "actual_at"):
        return
    due = each.get("due_at") or datetime(planned.year, planned.month, planned.day, 23, 59, 59)
    if due > as_of:
        return
    made, domain = _made(each), each["domain"]
    passage = any(word in (each.get(name) or "") for word in ("通道", "登高面") for name in ("check_item", "area_type"))
    counted = {
        "cleaning_frequency": domain == "cleaning",
        "seasonal_cleaning": each.get("season_task") is not None,
        "safety_inspection_rate": domain in ("fire", "facility", "security"),
        "fire_passage_check": domain == "fire" and passage,
    }
    for kpi, applies in counted.items():
        if applies:
            yield kpi, each, planned, 1, int(made), 1
    if domain == "facility" and (each["actual_at"] is not None or not made):
        on_time = each["actual_at"] is not None and each["actual_at"] <= due
        yield "equipment_inspection_rate", each, planned, 1, int(on_time), 1


def _judged(each: Row) -> Iterator[Mark]:
    item = each.get("check_item") or ""
    appearance = any(word in item for word in ("仪容", "仪表", "着装", "形象", "文明用语", "执勤", "纪律"))
    counted = {
        "cleaning_pass_rate": each["domain"] == "cleaning",
        "greening_condition": each["domain"] == "greening",
        "public_area_order": each["domain"] == "order",
        "appearance_discipline": each["domain"] == "quality" and appearance,
    }
    for kpi, applies in counted.items():
        if applies and each.get("result") in ("pass", "fixed", "fail"):
            yield kpi, each, each["actual_at"], 1, int(each["result"] == "pass"), 1
    if each.get("score_milli") is not None:
        yield "inspection_score", each, each["actual_at"], 1, each["score_milli"], 100_000


def _blocked(each: Row, as_of: datetime) -> Iterator[Mark]:
    passage = any(word in (each.get(name) or "") for word in ("通道", "登高面") for name in ("check_item", "area_type"))
    blocked = each.get("is_blocked")
    if blocked is None:
        blocked = each.get("result") in ("fail", "fixed")
    if each["domain"] != "fire" or not passage or not _made(each) or each["actual_at"] is None or not blocked:
        return
    limit = each["actual_at"] + timedelta(hours=24)
    if each.get("result") == "fixed":
        yield "passage_cleared_rate", each, each["actual_at"], 1, 1, 1
    elif _tells(each, "cleared_at") and (each["cleared_at"] is not None or limit <= as_of):
        in_time = each["cleared_at"] is not None and each["cleared_at"] <= limit
        yield "passage_cleared_rate", each, each["actual_at"], 1, int(in_time), 1


def _visits(rows: Sequence[Row]) -> Iterator[Mark]:
    """Safety inspections: the items of one domain, place and moment are one; the first by number stands for it."""
    known = set()
    for each in sorted(rows, key=lambda each: each["inspection_id"]):
        if each["domain"] in ("fire", "facility", "security") and _made(each) and each["actual_at"] is not None:
            place = each.get("area_id"), each.get("asset_id")
            if place == (None, None):
                place = ("alone", each["inspection_id"])
            key = (each["community"], each["domain"], *place, each["actual_at"])
            if key not in known:
                known.add(key)
                yield "safety_inspection_count", each, each["actual_at"], 1, 1, 1


def _weeks(areas: Sequence[Row], rows: Sequence[Row], as_of: datetime) -> Iterator[Mark]:
    for place in sorted({each["community"] for each in areas}):
        records = [
            each
            for each in rows
            if each["community"] == place and each["domain"] == "cleaning" and _tells(each, "actual_at")
        ]
        for monday in sorted(_whole_weeks(records, as_of)):
            for one in areas:
                if one["community"] == place and one["domain"] == "cleaning":
                    yield from _area_week(one, records, monday)


def _area_week(one: Row, records: Sequence[Row], monday: datetime) -> Iterator[Mark]:
    size, often, since = one.get("size_milli"), one.get("required_per_week"), one.get("added_on")
    if size is None or often is None or (since is not None and since > monday):
        return
    moments = {
        each["actual_at"]
        for each in records
        if each.get("area_id") == one["area_id"]
        and _made(each)
        and each["actual_at"] is not None
        and monday <= each["actual_at"] < monday + timedelta(days=7)
    }
    sunday = monday + timedelta(days=6)
    yield "cleaning_coverage_rate", one, sunday, 1, size if len(moments) >= often else 0, size


def _whole_weeks(records: Sequence[Row], as_of: datetime) -> set[datetime]:
    spans: dict[str, list[datetime]] = {}
    for each in records:
        date = each.get("planned_at") or each["actual_at"]
        if date is not None and date <= as_of:
            spans.setdefault(each.get("file", ""), []).append(datetime(date.year, date.month, date.day))
    weeks = set()
    for days in spans.values():
        day = min(days)
        while day + timedelta(days=6) <= max(days):
            if day.weekday() == 0 and day + timedelta(days=7) - timedelta(seconds=1) <= as_of:
                weeks.add(day)
            day += timedelta(days=1)
    return weeks
