"""parking: worked examples, random rows, and a slow recomputation."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.domains.rooms.security import _covered, _has, incident
from tests.examples import Example, ReadExample, Row, at
from tests.worlds import START, _after, _building, _days, _files, _instant, _minutes, _some

Mark = tuple[str, Row, datetime | None, int, int, int]
DAY = timedelta(days=1)
CAP = timedelta(hours=72)


def _row(head: Row, columns: Row) -> Row:
    row = {"community": "a"} | head | columns
    times = [name for name in row if name.endswith(("_at", "_on")) or name == "at"]
    return row | {name: at(row[name]) for name in times if isinstance(row[name], str)}


def space(number: int, kind: str | None = "fixed", **columns: Any) -> Row:
    return _row({"space_id": f"s{number}", "space_kind": kind}, columns)


def passed(plate: str | None, direction: str, when: str, kind: str | None = "fixed", **columns: Any) -> Row:
    head = {"plate": plate, "gate": "东门", "direction": direction, "at": when, "vehicle_kind": kind}
    return _row(head, columns)


def violation(number: int, found: str, **columns: Any) -> Row:
    return _row({"violation_id": f"p{number}", "at": found}, columns)


def permit(number: int, start: str, **columns: Any) -> Row:
    return _row({"permit_id": f"r{number}", "household": f"h{number}", "start_on": start}, columns)


def _parking(num: int, den: int, spaces: Sequence[Row], passes: Sequence[Row], **more: Any) -> Example:
    return Example({"parking_space": list(spaces), "vehicle_pass": list(passes)}, num, den, **more)


def _passes(num: int, den: int, *rows: Row) -> Example:
    return Example({"vehicle_pass": list(rows)}, num, den)


def _permits(num: int, den: int, *rows: Row) -> Example:
    return Example({"renovation": list(rows)}, num, den)


# Two fixed spaces, one temporary and one public; s5 opens later.  The log runs from 1 to 5 September: five days.
_SPACES = (
    space(1), space(2), space(3, "temporary"), space(4, "public"), space(5, opened_on="09-20"),
)  # fmt: skip
# A (fixed) comes at 08:00 on the 1st and leaves at 20:00: 720 minutes; it is read again two minutes later.
# B (temporary) comes at 22:00 on the 1st and leaves at 02:00: 240 minutes.
# C (temporary) comes at 12:00 on the 2nd and again at 12:30 without having left: 30 minutes, and then it is not seen
#   again: until 12:30 on the 5th, 72 hours: 4,320 minutes.
# D (fixed) leaves at 06:00 on the 2nd without having come: inside since the log began, 30 hours: 1,800 minutes.
# D comes at 18:00 on the 5th and is still inside at the end of that day: 360 minutes.
# E (temporary) leaves at 10:00 on the 2nd and at 11:00 again: 34 hours since the log began, 2,040 minutes, and nothing.
_LOG = (
    passed("A", "in", "09-01 08:00"), passed("A", "in", "09-01 08:02"), passed("A", "out", "09-01 20:00"),
    passed("B", "in", "09-01 22:00", "temporary"), passed("B", "out", "09-02 02:00", "temporary"),
    passed("C", "in", "09-02 12:00", "temporary"), passed("C", "in", "09-02 12:30", "temporary"),
    passed("D", "out", "09-02 06:00"), passed("D", "in", "09-05 18:00"),
    passed("E", "out", "09-02 10:00", "temporary"), passed("E", "out", "09-02 11:00", "temporary"),
    passed(None, "in", "09-03 09:00"),
)  # fmt: skip

_GATE = (
    passed("A", "in", "09-01 08:00", seconds=4, auto_recognised=True),
    passed("A", "in", "09-01 08:02", seconds=60, auto_recognised=False),  # read again: the same pass
    passed("A", "out", "09-01 20:00", seconds=20, auto_recognised=False),
    passed(None, "in", "09-02 08:00", seconds=6, auto_recognised=True),
    passed("B", "in", "09-03 08:00", auto_recognised=True),
    passed("B", "out", "10-01 08:00", seconds=9, auto_recognised=False),
)

_PARKED = (
    violation(1, "09-01 10:00", handled_at="09-01 10:30"),
    violation(2, "09-02 10:00", handled_at="10-02 10:00"),
    violation(3, "09-03 10:00"),
    violation(4, "10-01 10:00", handled_at="10-01 10:01"),
)
_BROKEN = (
    incident(1, "09-04 10:00", incident_kind="falling_object", arrived_at="09-04 10:10"),
    incident(2, "09-05 10:00", incident_kind="illegal_building", false_alarm=True),
    incident(3, "09-06 10:00", incident_kind="fire", arrived_at="09-06 10:10"),
)

_BEGUN = (
    permit(1, "09-01", inspections_due=6, inspections_done=8, violations=1, dispute=True, dispute_closed_on="10-02"),
    permit(2, "09-10", inspections_due=4, inspections_done=1, violations=0, dispute=False),
    permit(3, "09-20", inspections_due=2, dispute=True),
    permit(4, "10-01", inspections_due=9, inspections_done=9, violations=9, dispute=True, dispute_closed_on="10-03"),
)

EXAMPLES = {
    # 720 + 240 + 30 + 4,320 + 1,800 + 360 + 2,040 minutes; four spaces for five days of 1,440 minutes.
    "parking_utilisation": _parking(9510, 4 * 5 * 1440, _SPACES, _LOG),
    # Temporary vehicles came in three times (B, and C twice); two temporary and public spaces for five days.
    "parking_turnover": _parking(3, 10, _SPACES, _LOG),
    # Fixed vehicles came in twice (A, and D on the 5th); two fixed spaces for five days.
    "parking_turnover_fixed": _parking(2, 10, _SPACES, _LOG),
    # Judged: A in and out, B in and out are pairs; C's first entry has no exit, nor has its second 72 hours later; E's
    # second exit has no entry.  D's entry may still have its exit; the first exits of D and E may have come in before
    # the log; the repeat and the pass without a plate are outside: 3 of 7.
    "parking_unpaired_rate": _parking(3, 7, _SPACES, _LOG),
    # A's entry, the one without a plate and B's were recognised, A's exit was not: 3 of 4.
    "vehicle_throughput": _passes(3, 4, *_GATE),
    # Those four.
    "vehicle_pass_count": _passes(4, 4, *_GATE),
    # 4 + 20 + 6 seconds over three passes; B's are not known.
    "smart_parking_effect": _passes(30, 3, *_GATE),
    # p1 and p2 (in October) are handled, p3 is not.
    "parking_violations": Example({"parking_violation": list(_PARKED)}, 2, 3),
    "parking_violation_count": Example({"parking_violation": list(_PARKED)}, 3, 3),
    # Three cars and the thing thrown from height; a false alarm and a fire are no breach of a rule.
    "rule_violation_counts": Example({"parking_violation": list(_PARKED), "incident": list(_BROKEN)}, 4, 4),
    # p1 after exactly thirty minutes, i1 after ten: 2 of 4.
    "rule_violation_stopped_rate": Example({"parking_violation": list(_PARKED), "incident": list(_BROKEN)}, 2, 4),
    # Six of six (the two on top help nobody else) and one of four; of r3 nobody knows what was done.
    "renovation_control": _permits(7, 10, *_BEGUN),
    "renovation_permits": _permits(3, 3, *_BEGUN),
    # One violation over two permits whose violations are known.
    "renovation_violations_per_100": _permits(1, 2, *_BEGUN),
    # r1 and r3 have a dispute.
    "renovation_disputes": _permits(2, 3, *_BEGUN),
    # r1's was closed by the cut-off, r3's was not.
    "renovation_dispute_closed_rate": _permits(1, 2, *_BEGUN),
}  # fmt: skip

READ = {
    # At the east gate eleven entries took 1 to 11 seconds: at least half pass within 6, at least nine in ten within 10.
    # One exit took 3.  A pass of unknown seconds is left out.
    "vehicle_pass_seconds": ReadExample(
        {
            "vehicle_pass": [
                *(passed(f"P{number}", "in", f"09-{number:02} 08:00", seconds=number) for number in range(1, 12)),
                passed("P1", "out", "09-01 20:00", seconds=3, gate="西门"),
                passed("P2", "out", "09-02 20:00"),
            ]
        },
        [
            {"gate": "东门", "direction": "in", "passes": 11, "p50_seconds": 6, "p90_seconds": 10},
            {"gate": "西门", "direction": "out", "passes": 1, "p50_seconds": 3, "p90_seconds": 3},
        ],
    ),
    # On the 1st A, D and E are inside from 08:00, B joins D and E at 22:00: three twice, first at 08:00; four never.
    "parking_peak": ReadExample(
        {"parking_space": list(_SPACES), "vehicle_pass": list(_LOG)},
        [{"peak_at": at("09-01 08:00"), "vehicles": 3, "spaces": 4}],
    ),
}  # fmt: skip

BORN = {"vehicle_pass": "at", "parking_violation": "at", "renovation": "start_on"}
LEARNT = {
    "parking_violation": {"handled_at": ["result"]},
    "renovation": {"dispute_closed_on": []},
}

# Random rows ---------------------------------------------------------------------------------------------------------


def draw(rng: random.Random, place: str, homes: list[str], size: int) -> dict[str, list[Row]]:
    violations = [_violation(rng, place, number) for number in range(rng.randrange(size + 1))]
    permits = [_permit(rng, place, homes, number) for number in range(rng.randrange(size + 1))]
    return {
        "parking_space": _files(rng, _spaces(rng, place), "parking_space", ()),
        "vehicle_pass": _files(rng, _log(rng, place, size), "vehicle_pass", ("seconds", "vehicle_kind")),
        "parking_violation": _files(rng, violations, "parking_violation", ("handled_at",)),
        "renovation": _files(rng, permits, "renovation", ("dispute_closed_on", "inspections_done")),
    }


def _spaces(rng: random.Random, place: str) -> list[Row]:
    kinds = ["fixed", "temporary", "public", *([None] if rng.random() < 0.2 else [])]
    return [
        {
            "community": place,
            "space_id": f"s{number}",
            "space_kind": rng.choice(kinds),
            "opened_on": _some(rng, START, START + timedelta(days=rng.randrange(270)), known=0.3),
        }
        for number in range(rng.choice([0, 1, 3, 6]))
    ]


def _log(rng: random.Random, place: str, size: int) -> list[Row]:
    """Few plates on few days, so that passes meet: read twice, without counterpart, 72 hours apart."""
    found: dict[tuple, Row] = {}
    kinds = {plate: rng.choice(["fixed", "temporary"]) for plate in "ABC"}
    unsure = rng.random() < 0.3
    moment = START + timedelta(days=rng.randrange(200), minutes=rng.randrange(1440))
    for _ in range(rng.randrange(2 * size + 1)):
        moment += rng.choice([*_minutes(0, 2, 5, 6, 45, 600, 1440), *_days(1.5, 3, 3.5, 40), timedelta(seconds=90)])
        plate = _some(rng, *"ABC", known=0.95)
        row = {
            "community": place,
            "plate": plate,
            "gate": _some(rng, "东门", "西门", known=0.95),
            "direction": _some(rng, "in", "in", "out", "out", known=0.97),
            "at": moment,
            "seconds": _some(rng, 3, 8, 40),
            "auto_recognised": _some(rng, True, True, False),
            "vehicle_kind": kinds.get(plate) if not unsure or rng.random() < 0.8 else None,
        }
        found[row["gate"], row["direction"], row["at"], plate] = row
    return [row for row in found.values() if row["at"] < START + timedelta(days=330)]


def _violation(rng: random.Random, place: str, number: int) -> Row:
    found = _instant(rng)
    handled = _after(rng, found, *_minutes(0, 20, 30, 31, 60, 61, 4000), known=0.7)
    return {
        "community": place,
        "violation_id": f"p{number}",
        "at": found,
        "violation_kind": _some(rng, "占用消防通道", "乱停"),
        "handled_at": handled,
        "result": _some(rng, "已劝离") if handled else None,
    }


def _permit(rng: random.Random, place: str, homes: list[str], number: int) -> Row:
    start, home = _instant(rng).replace(hour=0, minute=0, second=0), _some(rng, *homes)
    return {
        "community": place,
        "permit_id": f"r{number}",
        "household": home,
        "building": _building(home),
        "start_on": start,
        "end_on": start + timedelta(days=60),
        "inspections_due": _some(rng, 0, 4, 8),
        "inspections_done": _some(rng, 0, 4, 9),
        "violations": _some(rng, 0, 0, 2),
        "dispute": _some(rng, True, False),
        "dispute_closed_on": _after(rng, start, *_days(0, 5, 90), known=0.5),
    }


# The recomputation ---------------------------------------------------------------------------------------------------


def marks(
    tables: Mapping[str, Sequence[Row]], as_of: datetime, definitions: Any, households: Mapping[str, int]
) -> Iterator[Mark]:
    log, spaces = tables.get("vehicle_pass", ()), tables.get("parking_space", ())
    for place in sorted({row["community"] for row in log}):
        ours = [row for row in log if row["community"] == place]
        single = [row for row in ours if not _is_repeat(row, ours)]
        for row in single:
            yield from _gate(row)
        known = [row for row in single if row.get("plate") is not None and row.get("direction") is not None]
        for row in known:
            alone = _is_alone(row, known, ours)
            if alone is not None:
                yield "parking_unpaired_rate", row, row["at"], 1, int(alone), 1
        supply = [row for row in spaces if row["community"] == place]
        if supply:
            yield from _used(place, known, ours, supply, as_of)
    for row in tables.get("parking_violation", ()):
        yield "parking_violation_count", row, row["at"], 1, 1, 1
        if _has(row, "handled_at"):
            yield "parking_violations", row, row["at"], 1, int(row.get("handled_at") is not None), 1
        yield from _breach(row, row["at"], "handled_at", definitions, as_of)
    for row in tables.get("incident", ()):
        if row.get("incident_kind") in ("falling_object", "illegal_building") and not row.get("false_alarm"):
            yield from _breach(row, row["reported_at"], "arrived_at", definitions, as_of)
    for row in tables.get("renovation", ()):
        yield from _renovation(row)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0)


def _by_time(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["at"], row["direction"], row.get("gate") is None, row.get("gate") or ""))


def _is_repeat(row: Row, rows: Sequence[Row]) -> bool:
    """Read again: the pass of this plate before it went the same way at most five minutes earlier."""
    if row.get("plate") is None or row.get("direction") is None:
        return False
    own = [other for other in rows if other.get("plate") == row["plate"] and other.get("direction") is not None]
    own = _by_time(own)
    where = next(at for at, other in enumerate(own) if other is row)
    before = own[where - 1] if where else None
    near = before is not None and row["at"] - before["at"] <= timedelta(minutes=5)
    return near and before["direction"] == row["direction"]


def _gate(row: Row) -> Iterator[Mark]:
    yield "vehicle_pass_count", row, row["at"], 1, 1, 1
    if row.get("auto_recognised") is not None:
        yield "vehicle_throughput", row, row["at"], 1, int(row["auto_recognised"]), 1
    if row.get("seconds") is not None:
        yield "smart_parking_effect", row, row["at"], 1, row["seconds"], 1


def _neighbours(row: Row, rows: Sequence[Row]) -> tuple[Row | None, Row | None]:
    own = _by_time([other for other in rows if other["plate"] == row["plate"]])
    where = next(at for at, other in enumerate(own) if other is row)
    return own[where - 1] if where else None, own[where + 1] if where + 1 < len(own) else None


def _is_alone(row: Row, rows: Sequence[Row], log: Sequence[Row]) -> bool | None:
    before, after = _neighbours(row, rows)
    other = after if row["direction"] == "in" else before
    if other is not None:
        return other["direction"] == row["direction"]
    if row["direction"] == "in":
        return None if _minute(row["at"]) + CAP > _minute(max(each["at"] for each in log)) else True
    return None if _minute(row["at"]) - CAP < _midnight(min(each["at"] for each in log)) else True


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0)


def _stay(row: Row, rows: Sequence[Row], log: Sequence[Row]) -> tuple[datetime, datetime] | None:
    """From when to when a vehicle was inside because of this pass."""
    before, after = _neighbours(row, rows)
    moment = _minute(row["at"])
    if row["direction"] == "in":
        if after is not None and after["direction"] == "out":
            return moment, _minute(after["at"])
        end = _midnight(max(each["at"] for each in log)) + DAY if after is None else _minute(after["at"])
        return moment, min(end, moment + CAP)
    if before is None:
        return max(_midnight(min(each["at"] for each in log)), moment - CAP), moment
    return None


def _used(
    place: str, passes: Sequence[Row], log: Sequence[Row], spaces: Sequence[Row], as_of: datetime
) -> Iterator[Mark]:
    uses = {"fixed": "fixed", "temporary": "open", "public": "open"}
    months = _covered(log, place, "at")
    stays = [(stay, uses.get(row.get("vehicle_kind"))) for row in passes if (stay := _stay(row, passes, log))]
    day = _midnight(min(row["at"] for row in log))
    while day <= max(row["at"] for row in log):
        if day.replace(day=1) in months and day + DAY - timedelta(seconds=1) <= as_of:
            supply = [uses.get(row.get("space_kind")) for row in spaces if (row.get("opened_on") or day) <= day]
            came = [
                uses.get(row.get("vehicle_kind"))
                for row in passes
                if row["direction"] == "in" and _midnight(row["at"]) == day
            ]
            held = [(_overlap(stay, day), use) for stay, use in stays if _overlap(stay, day)]
            minutes = sum(length for length, _ in held)
            mark = {"community": place}
            known = None not in [*supply, *came, *(use for _, use in held)]
            yield "parking_utilisation", mark, day, 2 if known else 1, minutes, len(supply) * 1440
            if known:
                yield "parking_turnover", mark, day, 1, came.count("open"), supply.count("open")
                yield "parking_turnover_fixed", mark, day, 1, came.count("fixed"), supply.count("fixed")
        day += DAY


def _overlap(stay: tuple[datetime, datetime], day: datetime) -> int:
    start, end = max(stay[0], day), min(stay[1], day + DAY)
    return max(0, int((end - start).total_seconds()) // 60)


def _breach(row: Row, found: datetime, stopped: str, definitions: Any, as_of: datetime) -> Iterator[Mark]:
    yield "rule_violation_counts", row, found, 1, 1, 1
    limit, moment = found + timedelta(minutes=definitions.response_minutes), row.get(stopped)
    if _has(row, stopped) and (moment is not None or limit <= as_of):
        yield "rule_violation_stopped_rate", row, found, 1, int(moment is not None and moment <= limit), 1


def _renovation(row: Row) -> Iterator[Mark]:
    start, due, done = row["start_on"], row.get("inspections_due"), row.get("inspections_done")
    yield "renovation_permits", row, start, 1, 1, 1
    if due is not None and done is not None:
        yield "renovation_control", row, start, 1, min(done, due), due
    if row.get("violations") is not None:
        yield "renovation_violations_per_100", row, start, 1, row["violations"], 1
    if row.get("dispute") is not None:
        yield "renovation_disputes", row, start, 1, int(row["dispute"]), 1
    if row.get("dispute") and _has(row, "dispute_closed_on"):
        closed = row.get("dispute_closed_on") is not None
        yield "renovation_dispute_closed_rate", row, start, 1, int(closed), 1
