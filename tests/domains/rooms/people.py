"""people: worked examples, random rows, and a slow recomputation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.examples import Example, ReadExample

Row = dict[str, Any]
START = datetime(2025, 1, 1)


def _made(head: Row, columns: Row) -> Row:
    row = {"community": "a"} | head | columns
    moments = [name for name in row if name.endswith("_on") or name == "valid_from"]
    return row | {name: datetime.fromisoformat(row[name]) for name in moments if isinstance(row[name], str)}


def member(number: int, department: str | None, hired: str, left: str | None = None, **columns: Any) -> Row:
    head = {"staff_id": f"s{number}", "department": department, "hired_on": hired, "left_on": left}
    return _made(head, columns)


def event(number: int, day: str, kind: str, **columns: Any) -> Row:
    return _made({"staff_id": f"s{number}", "happened_on": day, "staff_event_kind": kind}, columns)


def course(number: int, held: str, **columns: Any) -> Row:
    return _made({"training_id": f"t{number}", "held_on": held}, columns)


def posts(department: str, post: str, since: str, quota: int) -> Row:
    return _made({"department": department, "post": post, "valid_from": since, "quota": quota}, {})


def _trained(num: int, den: int, *rows: Row) -> Example:
    return Example({"training": list(rows)}, num, den)


# The leaving of s1 in July is the first on record, so the roster tells of August and later.  At the start of September
# s2, s3 and s7 guard, s5 and s6 are of customer service and s9 is an engineer: six.  At its end s2, s4, s6 and s9: four.
# s3 resigned, s5 was transferred, s7 is outsourced.  s8 came in October.
_TEAM = [
    member(1, "秩序部", "2024-01-05", "2025-07-20", leave_reason="voluntary"),
    member(2, "秩序部", "2024-03-01", certified=True, age_band="30-39"),
    member(3, "秩序部", "2024-03-01", "2025-09-10", leave_reason="voluntary", certified=False),
    member(4, "秩序部", "2025-09-15"),
    member(5, "客服部", "2024-03-01", "2025-09-30", leave_reason="transfer", certified=True),
    member(6, "客服部", "2024-03-01", certified=True),
    member(7, "秩序部", "2024-03-01", "2025-09-05", leave_reason="involuntary", outsourced=True),
    member(8, "保洁部", "2025-10-02"),
    member(9, "工程部", "2023-01-01", certified=False, outsourced=False),
]
_EVENTS = [
    event(2, "2025-09-05", "promotion"),
    event(6, "2025-09-30", "rotation"),
    event(2, "2025-10-02", "promotion"),
    event(3, "2025-09-03", "discipline"),
    event(6, "2025-09-03", "discipline"),
    event(2, "2025-09-10", "assessment"),
    event(2, "2025-09-20", "assessment"),
    event(9, "2025-09-28", "recognition"),
    event(5, "2025-08-28", "recognition"),
]
_COURSES = [
    course(1, "2025-09-03", department="秩序部", hours_milli=2_000, expected=4, attended=3),
    course(2, "2025-09-10", hours_milli=1_000, expected=5, attended=4),
    course(3, "2025-09-10", department="客服部", hours_milli=1_000, expected=2),
    course(4, "2025-09-11", department="工程部", hours_milli=9_000, expected=2, attended=2, status="cancelled"),
    course(5, "2025-08-31", department="工程部", hours_milli=9_000, expected=2, attended=2),
]
_POSTS = [
    posts("秩序部", "班长", "2024-01-01", 1),
    posts("秩序部", "秩序员", "2024-01-01", 4),
    posts("秩序部", "秩序员", "2025-09-15", 5),
    posts("秩序部", "秩序员", "2025-10-01", 9),
    posts("客服部", "管家", "2024-01-01", 3),
]
_HOMES = [{"community": "a", "household": f"h{number}", "occupancy": "occupied"} for number in range(3)]
_GUARDS = {"staff": _TEAM, "staff_quota": _POSTS, "household": _HOMES}
_TESTS = (
    course(1, "2025-09-03", training_topic="消防", department="秩序部", tested=10, passed=8),
    course(2, "2025-09-04", training_topic="礼仪", department="客服部", tested=5, passed=5),
    course(3, "2025-09-05", training_topic="消防", department="秩序部", tested=5, passed=6),
    course(4, "2025-09-06", training_topic="消防", department="秩序部", tested=5, passed=1, status="cancelled"),
    course(5, "2025-09-07", training_topic="消防", department="秩序部", tested=5),
)

EXAMPLES: dict[str, Example] = {
    # s2 and s4 guard at the end of September; one post of a leader and five of guards (nine only from October).
    "security_staffing": Example(_GUARDS, 2, 6),
    # The same two for three homes.
    "guards_per_1000_homes": Example(_GUARDS, 2, 3),
    # s3 left, counted twice: 2.  Own staff: five at the start (s7 is outsourced) and four at the end.
    "staff_turnover_rate": Example({"staff": _TEAM}, 2, 9),
    # s3 alone.
    "staff_leavers": Example({"staff": _TEAM}, 1, 1),
    # Of the six s2, s6 and s9 are still there.
    "staff_stability_rate": Example({"staff": _TEAM}, 3, 6),
    # At the end s2 and s6 are certified, s9 is not, of s4 nothing is recorded.
    "staff_certificate_rate": Example({"staff": _TEAM}, 2, 3),
    # Guards 2 hours times 3, nobody's department 1 hour times 4: 10 person-hours, twice is 20.  Both ends: 10, less the 3 of
    # customer service, whose session of the 10th does not tell who came.  t4 was cancelled, t5 is August's.
    "training_by_post": Example({"staff": _TEAM, "training": _COURSES}, 20_000, 7),
    # First shifts of September: s1 trained before, s2 on the day, s3 a day late, s4 never: 2 of 4.  s5 does not guard,
    # s6's first shift is not known, s7's was in October.
    "pre_post_training": Example(
        {
            "staff": [
                member(1, "秩序部", "2025-09-01", trained_on="2025-09-02", first_shift_on="2025-09-03"),
                member(2, "保安队", "2025-09-01", trained_on="2025-09-03", first_shift_on="2025-09-03"),
                member(3, "秩序部", "2025-09-01", trained_on="2025-09-04", first_shift_on="2025-09-03"),
                member(4, "秩序部", "2025-08-01", first_shift_on="2025-09-30"),
                member(5, "客服部", "2025-09-01", trained_on="2025-09-02", first_shift_on="2025-09-03"),
                member(6, "秩序部", "2025-09-01", trained_on="2025-09-02"),
                member(7, "秩序部", "2025-09-01", trained_on="2025-09-02", first_shift_on="2025-10-01"),
            ]
        },
        2, 4,
    ),
    # s9's of September; that of s5 was in August.
    "staff_recognition": Example({"staff_event": _EVENTS}, 1, 1),
    # A promotion and a rotation, twice: 4, of ten heads at both ends.
    "talent_development": Example({"staff": _TEAM, "staff_event": _EVENTS}, 4, 10),
    # The breach of s3, twice; three guards at the start and two at the end.  s6 does not guard.
    "guard_discipline_rate": Example({"staff": _TEAM, "staff_event": _EVENTS}, 2, 5),
    # Three held in September; t4 was cancelled, t5 is August's.
    "training_summary": _trained(3, 3, *_COURSES),
    # 2 + 1 + 1 hours.
    "training_hours": _trained(4_000, 3, *_COURSES),
    # 3 of 4 and 4 of 5; of t3 nobody counted who came, t6 counts more than were expected.
    "training_attendance_rate": _trained(7, 9, *_COURSES, course(6, "2025-09-12", expected=3, attended=4)),
    # 8 of 10 and 5 of 5; t3 has passed more than were tested, t4 was cancelled, t5 does not tell.
    "training_effect": _trained(13, 15, *_TESTS),
    # Two of the first ten failed.
    "skill_gaps": _trained(2, 15, *_TESTS),
    # Guards: 8 of 10.
    "skill_assessment_pass_rate": _trained(8, 10, *_TESTS),
    # t1: from 60 to 75.5 of 100 for 10 people, 155 points of 1,000; t2: from 8 to 7 of 10 for 5, −5 of 50.  t3 lacks the
    # mean before, t4 has 11 points of 10, t5 does not tell full marks.  150 of 1,050, in thousandths.
    "skill_growth": _trained(
        150_000, 1_050_000,
        course(1, "2025-09-03", pre_mean_milli=60_000, post_mean_milli=75_500, full_marks=100, tested=10),
        course(2, "2025-09-03", pre_mean_milli=8_000, post_mean_milli=7_000, full_marks=10, tested=5),
        course(3, "2025-09-03", post_mean_milli=75_500, full_marks=100, tested=10),
        course(4, "2025-09-03", pre_mean_milli=8_000, post_mean_milli=11_000, full_marks=10, tested=5),
        course(5, "2025-09-03", pre_mean_milli=8_000, post_mean_milli=9_000, tested=5),
    ),
}  # fmt: skip


def _band(aspect: str, band: str, staff: int) -> Row:
    return {"aspect": aspect, "band": band, "own": staff, "outsourced": 0, "staff": staff}


def _review(department: str, *numbers: int) -> Row:
    names = ("staff", "assessed", "hired", "gone", "dismissed", "certified")
    return {"department": department} | dict(zip(names, numbers, strict=True))


def _stay(department: str | None, *numbers: int) -> Row:
    names = ("at_start", "stayed", "expected", "attended")
    return {"department": department} | dict(zip(names, numbers, strict=True))


READ: dict[str, ReadExample] = {
    # At the end of September s2, s4, s6 and s9.  s4 came two weeks before, s9 has been there for two years and nine
    # months.
    "team_structure": ReadExample(
        {"staff": _TEAM},
        [
            _band("age", "30-39", 1),
            _band("age", "unknown", 3),
            _band("tenure", "<1", 1),
            _band("tenure", "1-3", 3),
            _band("certificate", "certified", 2),
            _band("certificate", "uncertified", 1),
            _band("certificate", "unknown", 1),
            _band("total", "all", 4),
        ],
    ),
    # s2 was assessed twice and counts once; s4 was hired; s3 and s7 left, s7 was dismissed; s5 was transferred.
    "staff_review": ReadExample(
        {"staff": _TEAM, "staff_event": _EVENTS},
        [
            _review("客服部", 1, 0, 0, 1, 0, 1),
            _review("工程部", 1, 0, 0, 0, 0, 0),
            _review("秩序部", 2, 1, 1, 2, 1, 1),
        ],
    ),
    # Of the three guards s2 is still there, of customer service s6; t2 names no department.
    "team_cohesion": ReadExample(
        {"staff": _TEAM, "training": _COURSES},
        [
            _stay("客服部", 2, 1, 0, 0),
            _stay("工程部", 1, 1, 0, 0),
            _stay("秩序部", 3, 1, 4, 3),
            _stay(None, 0, 0, 5, 4),
        ],
    ),
}

BORN = {"staff": "hired_on", "staff_event": "happened_on", "training": "held_on"}
LEARNT = {"staff": {"trained_on": [], "first_shift_on": [], "left_on": ["leave_reason"]}}

_DEPARTMENTS = ("秩序部", "Security", "客服部")


def draw(rng, place, homes, size):
    """Random rows: people who come back, leave on the first of a month, courses without numbers, posts to come."""

    def some(*choices, known=0.8):
        return rng.choice(choices) if rng.random() < known else None

    def day(first=0):
        return START + timedelta(days=rng.choice([*range(first, 270, 9), 31, 59, 90, 120]))

    def after(start, *days, known=0.7):
        return start + timedelta(days=rng.choice(days)) if rng.random() < known else None

    staff, lost = {}, rng.choice(["left_on", "trained_on", "", "", "", ""])
    columns = "staff_id,department,hired_on,trained_on,first_shift_on,left_on,leave_reason,certified,outsourced"
    for _ in range(rng.randrange(size + 1)):
        hired = day(-200)
        shift = after(hired, 0, 2, 9)
        left = rng.choice([START.replace(month=rng.randint(1, 9)), after(hired, 0, 40, 150)])
        row = {
            "community": place, "staff_id": f"s{rng.randrange(size)}", "department": some(*_DEPARTMENTS),
            "hired_on": hired, "first_shift_on": shift, "trained_on": after(shift or hired, -1, 0, 1),
            "left_on": left if left and left >= hired and rng.random() < 0.5 else None,
            "leave_reason": some("voluntary", "involuntary", "transfer"), "certified": some(True, False),
            "age_band": some("30-39", "60+"), "outsourced": some(True, False, False),
            "file": f"{place}-staff.csv", "given": ",".join(name for name in columns.split(",") if name != lost),
        }  # fmt: skip
        row |= {"leave_reason": None} if row["left_on"] is None else {}
        row |= {lost: None} if lost else {}
        staff[row["staff_id"], hired] = row
    kinds = ("promotion", "rotation", "recognition", "discipline", "assessment")
    events = {}
    for _ in range(rng.randrange(size + 1)):
        key = (f"s{rng.randrange(size)}", rng.choice(kinds), day())
        events[key] = {
            "community": place, "staff_id": key[0], "staff_event_kind": key[1], "happened_on": key[2],
            "department": some(*_DEPARTMENTS, known=0.4), "file": f"{place}-staff_event-{rng.choice('ab')}.csv",
        }  # fmt: skip
    training = [
        {
            "community": place, "training_id": f"t{number}", "held_on": day(), "department": some(*_DEPARTMENTS),
            "training_kind": some("onboarding", "in_service"), "training_topic": some("消防", "礼仪"),
            "status": some("held", "cancelled", "held", known=0.5), "hours_milli": some(1_500, 2_000),
            "expected": some(0, 5, 9), "attended": some(0, 5), "tested": some(0, 4, 6), "passed": some(0, 4, 5),
            "full_marks": some(10, 100), "pre_mean_milli": some(5_000, 9_500), "post_mean_milli": some(8_000, 88_000),
            "file": f"{place}-training-{rng.choice('ab')}.csv",
        }
        for number in range(rng.randrange(size + 1))
    ]  # fmt: skip
    quotas = {}
    for _ in range(rng.randrange(6)):
        key = (rng.choice(_DEPARTMENTS), rng.choice(["班长", "队员"]), START.replace(month=rng.randint(1, 12)))
        quotas[key] = {"community": place, "department": key[0], "post": key[1], "valid_from": key[2],
                       "quota": rng.choice([0, 1, 4])}  # fmt: skip
    rows = {"staff": list(staff.values()), "staff_event": list(events.values()), "training": training}
    return rows | {"staff_quota": list(quotas.values())}


def marks(tables, as_of, definitions, households):
    staff, trained = tables.get("staff", []), tables.get("training", [])
    events = [_placed(row, staff) for row in tables.get("staff_event", [])]
    for row in staff:
        yield from _stay_marks(row)
    for row in events:
        if row["staff_event_kind"] == "recognition":
            yield "staff_recognition", row, row["happened_on"], 1, 1, 1
    for row in trained:
        if row.get("status") != "cancelled":
            yield from _course_marks(row)
    for place in sorted({row["community"] for row in staff}):
        ours = [[row for row in rows if row["community"] == place] for rows in (staff, events, trained)]
        homes = [row for row in tables.get("household", []) if row["community"] == place]
        lived = sum(row.get("occupancy") != "vacant" for row in homes) or households.get(place)
        quotas = [row for row in tables.get("staff_quota", []) if row["community"] == place]
        for month in _months(ours[0], as_of):
            yield from _month_marks(place, month, *ours)
            yield from _guard_marks(place, month, ours[0], quotas, lived, _names(*ours))


def _has(row: Row, column: str) -> bool:
    return "given" not in row or column in row["given"].split(",")


def _is_guard(row: Row) -> bool:
    name = (row.get("department") or "").lower()
    return any(word in name for word in ("秩序", "安保", "保安", "安防", "保卫", "security", "guard"))


def _placed(event: Row, staff: Sequence[Row]) -> Row:
    """An event without a department is of that of the person's last stay."""
    stays = [row for row in staff if (row["community"], row["staff_id"]) == (event["community"], event["staff_id"])]
    if event.get("department") is not None or not stays:
        return event
    return event | {"department": max(stays, key=lambda row: row["hired_on"]).get("department")}


def _stay_marks(row: Row) -> Iterator[tuple]:
    if row.get("left_on") and not row.get("outsourced") and row.get("leave_reason") != "transfer":
        yield "staff_leavers", row, row["left_on"], 1, 1, 1
    shift, trained = row.get("first_shift_on"), row.get("trained_on")
    if shift and _is_guard(row) and _has(row, "trained_on"):
        yield "pre_post_training", row, shift, 1, int(trained is not None and trained <= shift), 1


def _course_marks(row: Row) -> Iterator[tuple]:
    date = row["held_on"]
    yield "training_summary", row, date, 1, 1, 1
    if row.get("hours_milli") is not None:
        yield "training_hours", row, date, 1, row["hours_milli"], 1
    came, due, tested, passed = (row.get(name) for name in ("attended", "expected", "tested", "passed"))
    if came is not None and due is not None and came <= due:
        yield "training_attendance_rate", row, date, 1, came, due
    if tested is not None and passed is not None and passed <= tested:
        yield "training_effect", row, date, 1, passed, tested
        yield "skill_gaps", row, date, 1, tested - passed, tested
        if _is_guard(row):
            yield "skill_assessment_pass_rate", row, date, 1, passed, tested
    before, after, full = (row.get(name) for name in ("pre_mean_milli", "post_mean_milli", "full_marks"))
    if None not in (before, after, full, tested) and max(before, after) <= 1000 * full:
        yield "skill_growth", row, date, 1, (after - before) * tested, 1000 * full * tested


def _next(month: datetime) -> datetime:
    return (month + timedelta(days=31)).replace(day=1)


def _months(staff: Sequence[Row], as_of: datetime) -> list[datetime]:
    """The months of which the roster tells who was there and that had ended by the cut-off."""
    if not all(_has(row, "left_on") for row in staff):
        return []
    gone = [row["left_on"] for row in staff if row.get("left_on")]
    month = _next(min(gone).replace(day=1)) if gone else max(row["hired_on"] for row in staff).replace(day=1)
    months = []
    while _next(month) - timedelta(seconds=1) <= as_of:
        months.append(month)
        month = _next(month)
    return months


def _there(row: Row, moment: datetime) -> bool:
    return row["hired_on"] < moment and (row.get("left_on") is None or row["left_on"] >= moment)


def _names(*parts: Sequence[Row]) -> set:
    return {row.get("department") for rows in parts for row in rows}


def _covered(rows: Sequence[Row], name: str, month: datetime) -> bool:
    spans: dict[str, list[datetime]] = {}
    for row in rows:
        spans.setdefault(row.get("file", ""), []).append(row[name])
    return any(min(days).replace(day=1) <= month <= max(days) for days in spans.values())


def _month_marks(
    place: str, month: datetime, staff: Sequence[Row], events: Sequence[Row], trained: Sequence[Row]
) -> Iterator[tuple]:
    end = _next(month)
    for name in _names(staff, events, trained):
        ours = [row for row in staff if row.get("department") == name]
        before, after = [row for row in ours if _there(row, month)], [row for row in ours if _there(row, end)]
        row = {"community": place, "department": name}
        own = sum(not one.get("outsourced") for one in [*before, *after])
        left = sum(
            one.get("left_on") is not None
            and month <= one["left_on"] < end
            and one.get("leave_reason") != "transfer"
            and not one.get("outsourced")
            for one in ours
        )
        yield "staff_turnover_rate", row, month, 1, 2 * left, own
        yield "staff_stability_rate", row, month, 1, sum(_there(one, end) for one in before), len(before)
        known = [one["certified"] for one in after if one.get("certified") is not None]
        yield "staff_certificate_rate", row, month, 1, sum(known), len(known)
        heads = len(before) + len(after)
        if _covered(events, "happened_on", month):
            mine = [one["staff_event_kind"] for one in events
                    if one.get("department") == name and month <= one["happened_on"] < end]  # fmt: skip
            grown = mine.count("promotion") + mine.count("rotation")
            yield "talent_development", row, month, 1, 2 * grown, heads
            if _is_guard(row):
                yield "guard_discipline_rate", row, month, 1, 2 * mine.count("discipline"), heads
        if _covered(trained, "held_on", month):
            mine = [one for one in trained if one.get("department") == name and month <= one["held_on"] < end]
            mine = [(one.get("hours_milli"), one.get("attended")) for one in mine if one.get("status") != "cancelled"]
            if all(None not in pair for pair in mine):
                hours = sum(length * people for length, people in mine)
                yield "training_by_post", row, month, 1, 2 * hours, heads


def _guard_marks(
    place: str, month: datetime, staff: Sequence[Row], quotas: Sequence[Row], homes: int | None, names: set
) -> Iterator[tuple]:
    if not any(_is_guard({"department": name}) for name in names):
        return
    row = {"community": place}
    guards = sum(_is_guard(one) and _there(one, _next(month)) for one in staff)
    if homes:
        yield "guards_per_1000_homes", row, month, 1, guards, homes
    force: dict[tuple, Row] = {}
    for one in sorted(quotas, key=lambda one: one["valid_from"]):
        if _is_guard(one) and one["valid_from"] < _next(month):
            force[one["department"], one["post"]] = one
    if force:
        yield "security_staffing", row, month, 1, guards, sum(one["quota"] for one in force.values())
