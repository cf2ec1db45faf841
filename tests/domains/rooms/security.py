"""security: worked examples, random rows, and a slow recomputation."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.examples import Example, ReadExample, Row, at
from tests.worlds import START, _after, _days, _files, _instant, _minutes, _some

Mark = tuple[str, Row, datetime | None, int, int, int]


def _row(head: Row, columns: Row) -> Row:
    row = {"community": "a"} | head | columns
    times = [name for name in row if name.endswith(("_at", "_on")) or name == "at"]
    return row | {name: at(row[name]) for name in times if isinstance(row[name], str)}


def visit(number: int, planned: str, checkpoint: str = "门岗", **columns: Any) -> Row:
    head = {"plan_id": f"v{number}", "route": "北线", "checkpoint": checkpoint, "planned_at": planned}
    return _row(head | {"window_minutes": 10}, columns)


def scan(actual: str, checkpoint: str = "门岗", **columns: Any) -> Row:
    return _row({"route": "北线", "checkpoint": checkpoint, "actual_at": actual, "guard": "g1"}, columns)


def hazard(number: int, found: str, **columns: Any) -> Row:
    return _row({"hazard_id": f"h{number}", "found_at": found}, columns)


def incident(number: int, reported: str, **columns: Any) -> Row:
    return _row({"incident_id": f"i{number}", "reported_at": reported}, columns)


def drill(number: int, held: str, **columns: Any) -> Row:
    return _row({"drill_id": f"d{number}", "held_on": held}, columns)


def plan(number: int, changed: str, **columns: Any) -> Row:
    return _row({"plan_id": f"p{number}", "changed_on": changed}, columns)


def visitor(number: int, came: str, **columns: Any) -> Row:
    return _row({"visitor_id": f"v{number}", "at": came}, columns)


def _patrols(num: int, den: int, visits: Sequence[Row], scans: Sequence[Row], **more: Any) -> Example:
    return Example({"patrol_plan": list(visits), "patrol_scan": list(scans)}, num, den, **more)


def _hazards(num: int, den: int, *rows: Row) -> Example:
    return Example({"hazard": list(rows)}, num, den)


def _incidents(num: int, den: int, *rows: Row) -> Example:
    return Example({"incident": list(rows)}, num, den)


def _drills(num: int, den: int, *rows: Row) -> Example:
    return Example({"drill": list(rows)}, num, den)


# Six planned visits to the gate on 2 September, windows of ten minutes to either side:
# v1 scanned at the last minute of its window, and again: one visit; v2 eleven minutes late; v3 eleven minutes early;
# v4 not at all; v5 71 minutes late, which is too late for any visit; v6 is planned for the time of v1: the same visit.
_SIX = (
    visit(1, "09-02 08:00"),
    visit(2, "09-02 12:00"),
    visit(3, "09-02 16:00"),
    visit(4, "09-02 20:00"),
    visit(5, "09-03 00:00"),
    visit(6, "09-02 08:00"),
)
_SEEN = (
    scan("09-02 08:10"),
    scan("09-02 08:12"),
    scan("09-02 12:11"),
    scan("09-02 15:49"),
    scan("09-03 01:11"),
    scan("09-02 08:00", "车库"),  # another checkpoint, which nobody planned
)

# Rounds of two checkpoints: r1 complete though its second scan is late, r2 misses the garage, r3 is complete but its
# route has no known length, r4 belongs to October; v9 has no round.
_WALKS = (
    visit(1, "09-02 08:00", round_id="r1", route_milli=1200),
    visit(2, "09-02 08:10", "车库", round_id="r1", route_milli=1200),
    visit(3, "09-02 12:00", round_id="r2", route_milli=1200),
    visit(4, "09-02 12:10", "车库", round_id="r2", route_milli=1200),
    visit(5, "09-02 08:00", "河边", route="南线", round_id="r3"),
    visit(6, "10-02 08:00", round_id="r4", route_milli=1200),
    visit(9, "09-04 08:00"),
)
_WALKED = (
    scan("09-02 08:01"),
    scan("09-02 08:40", "车库"),
    scan("09-02 12:00"),
    scan("09-02 08:00", "河边", route=None),  # its route is that of its checkpoint
    scan("10-02 08:00"),
)

_PATROLS = {
    # v1 is done in time; v2, v3, v4 and v5 are not; v6 is v1 once more: 1 of 5.
    "patrol_completion_rate": _patrols(1, 5, _SIX, _SEEN),
    # Neither v4 nor v5 was visited; the three others were, and a count has all five as its base.
    "patrol_missed_count": _patrols(2, 5, _SIX, _SEEN),
    # v3 alone was scanned before its window.
    "patrol_early_count": _patrols(1, 5, _SIX, _SEEN),
    # v2 alone was scanned after its window (and not more than an hour after).
    "patrol_late_count": _patrols(1, 5, _SIX, _SEEN),
    # 2 September at the gate misses v4; on the 3rd v5 was not made: 0 of 2.  On the 4th the garage was visited as often
    # as planned, late or not: 1 of 3.
    "patrol_coverage_rate": _patrols(
        1, 3,
        [*_SIX, visit(7, "09-04 08:00", "车库"), visit(8, "09-04 09:00", "车库")],
        [*_SEEN, scan("09-04 08:00", "车库"), scan("09-04 09:30", "车库")],
    ),
    # r1 and r3 are complete, r2 is not: 2 of 3.
    "patrol_round_completion_rate": _patrols(2, 3, _WALKS, _WALKED),
    # r1 is 1,200 m; r2 was not completed and adds nothing; the length of r3 is unknown: outside.
    "patrol_mileage": _patrols(1200, 2, _WALKS, _WALKED),
    # At the gate on 2 September: 08:10 (with 08:12), 12:11, 15:49; on the 3rd: 01:11.  Two checkpoint-days have a plan;
    # the garage has none.
    "patrol_density": _patrols(4, 2, _SIX, _SEEN),
    # Five visits: 08:10 (with 08:12), 12:11, 15:49, 01:11 at the gate and 08:00 in the garage; one of them at night.
    "patrol_night_share": _patrols(1, 5, _SIX, _SEEN),
    # A route of 600 m with two checkpoints: 300 m a leg, which takes 54 seconds at 20 km/h.  g1 needs 54 seconds (not
    # too fast), then 53 (too fast), then scans the same point (not judged); g2 has no scan before: 1 of 2 judged.
    "patrol_implausible_scans": _patrols(
        1, 2,
        [visit(1, "09-02 08:00", route_milli=600), visit(2, "09-02 08:10", "车库", route_milli=600)],
        [
            scan("09-02 08:00"),
            scan("09-02 08:00", "车库", actual_at=at("09-02 08:00") + timedelta(seconds=54)),
            scan("09-02 08:01", actual_at=at("09-02 08:01") + timedelta(seconds=47)),
            scan("09-02 08:02"),
            scan("09-02 08:00", "车库", guard="g2"),
        ],
    ),
    # Two scans say whether there was an issue, one of them yes; the third does not say.
    "patrol_issue_share": _patrols(
        1, 2, (), [scan("09-02 08:00", issue_found=True), scan("09-02 09:00", issue_found=False), scan("09-02 10:00")]
    ),
}  # fmt: skip

# h1 verified in October; h2 rectified and never verified; h3 open; h4 void; h5 verified at an unknown time (its status
# says so); h6 is of August.
_FOUND = (
    hazard(1, "09-01 09:00", rectified_at="09-05", verified_at="10-02", status="verified", hazard_source="patrol"),
    hazard(2, "09-02 09:00", rectified_at="09-05", status="rectified", hazard_source="owner"),
    hazard(3, "09-03 09:00", status="open", hazard_source="patrol"),
    hazard(4, "09-04 09:00", status="void", hazard_source="patrol"),
    hazard(5, "09-05 09:00", status="verified"),
    hazard(6, "08-05 09:00", rectified_at="09-05", status="verified", hazard_source="patrol"),
)

_HAZARDS = {
    # All of September but the void one.
    "hazard_count_by_kind": _hazards(4, 4, *_FOUND),
    # h1 and h5 are verified by the cut-off, h2 is only rectified, h3 open: 2 of 4.
    "hazard_rectification_rate": _hazards(2, 4, *_FOUND),
    # h1, h2 and h5 were put right, h3 was not: 3 of 4.
    "hazard_rectified_rate": _hazards(3, 4, *_FOUND),
    # Due in September: h1 done in time, h2 on its due day (a day runs to its end), h3 a minute late, h4 still open; h5
    # was verified in time, so it was done in time; h6 was verified late and nobody knows when it was done: outside; h7
    # is void; h8 due in November is outside the month and not yet due: 3 of 5.
    "hazard_on_time_rate": _hazards(
        3, 5,
        hazard(1, "09-01 09:00", due_at="09-10 12:00", rectified_at="09-10 12:00"),
        hazard(2, "09-01 09:00", due_at="09-10", rectified_at="09-10 23:00"),
        hazard(3, "09-01 09:00", due_at="09-10 12:00", rectified_at="09-10 12:01"),
        hazard(4, "09-01 09:00", due_at="09-30", status="open"),
        hazard(5, "09-01 09:00", due_at="09-10 12:00", verified_at="09-10 11:00", status="verified"),
        hazard(6, "09-01 09:00", due_at="09-10 12:00", verified_at="09-11", status="verified"),
        hazard(7, "09-01 09:00", due_at="09-10 12:00", status="void"),
        hazard(8, "09-01 09:00", due_at="11-10 12:00", rectified_at="09-02"),
    ),
    # h1 and h3 were found on patrol, h2 was not; the source of h5 is unknown, h4 is void: 2, with 3 that know it.
    "patrol_hazard_yield": _hazards(2, 3, *_FOUND),
    # The two of September over the two completed rounds of that month (r1, r3; r2 was not completed).  h6 was found in
    # August, for which there is no plan.
    "patrol_hazards_per_100_rounds": Example(
        {"hazard": list(_FOUND), "patrol_plan": list(_WALKS), "patrol_scan": list(_WALKED)}, 2, 2
    ),
}  # fmt: skip

# i1 reached after exactly 30 minutes and closed; i2 after 31, still open; i3 nobody came; i4 a false alarm; i5 under
# control after 20 minutes though no arrival was written down; i6 closed, and nobody knows when somebody came.
_HAPPENED = (
    incident(1, "09-01 10:00", arrived_at="09-01 10:30", controlled_at="09-01 11:00", closed_at="09-02",
             incident_kind="dispute", incident_level="general", casualties=0, loss_fen=50_000),
    incident(2, "09-05 10:00", arrived_at="09-05 10:31", incident_kind="fire", incident_level="major",
             external_agency="消防", casualties=2, loss_fen=1_000_000),
    incident(3, "09-09 10:00", incident_kind="dispute", incident_level="serious"),
    incident(4, "09-10 10:00", arrived_at="09-10 10:05", closed_at="09-10 11:00", incident_kind="fire",
             incident_level="extreme", external_agency="消防", casualties=9, loss_fen=9, false_alarm=True),
    incident(5, "09-20 10:00", controlled_at="09-20 10:20", incident_kind="security", false_alarm=False),
    incident(6, "09-30 23:00", closed_at="10-02"),
)  # fmt: skip

_INCIDENTS = {
    # All of September but the false alarm.
    "incident_count_by_type": _incidents(5, 5, *_HAPPENED),
    # The same five over two homes lived in; i7 belongs to October.
    "incident_rate": Example(
        {
            "incident": [*_HAPPENED, incident(7, "10-01 10:00")],
            "household": [
                {"community": "a", "household": "h1", "occupancy": "occupied"},
                {"community": "a", "household": "h2"},
                {"community": "a", "household": "h3", "occupancy": "vacant"},
            ],
        },
        5, 2,
    ),
    # i2 alone; i4 is a false alarm; of i5 and i6 no level is known: three were graded.
    "major_incident_count": _incidents(1, 3, *_HAPPENED),
    # i1 in time, i2 not, i3 not, i5 was under control in time; i6 is not judged: 2 of 4.
    "incident_response_on_time_rate": _incidents(2, 4, *_HAPPENED),
    # i1 and i6 are closed by the cut-off: 2 of 5.
    "incident_outcome": _incidents(2, 5, *_HAPPENED),
    # Two people in i2, none in i1; the others do not say.
    "incident_casualties": _incidents(2, 2, *_HAPPENED),
    # 500 and 10,000 yuan, in fen.
    "incident_loss": _incidents(1_050_000, 2, *_HAPPENED),
    # The fire brigade came to i2; a blank in a column that is there says that nobody came.
    "external_liaison": _incidents(1, 5, *_HAPPENED),
    # i1 and i3 were disputes, i2 and i5 were not; the kind of i6 is unknown.
    "community_harmony": _incidents(2, 4, *_HAPPENED),
}  # fmt: skip

_HELD = (
    drill(1, "09-05", drill_kind="fire", expected=40, attended=36, score=80, minutes=30, findings=4, findings_closed=3),
    drill(2, "09-25", drill_kind="lift", attended=12, score=91, findings=2, findings_closed=5),
    drill(3, "09-26", expected=10, minutes=45, findings=1),
    drill(4, "10-02", expected=10, attended=10, score=10, minutes=10, findings=1, findings_closed=1),
)

_DRILLS = {
    # Three in September.
    "drill_count": _drills(3, 3, *_HELD),
    # 36 and 12; nobody counted at the third.
    "drill_participants": _drills(48, 2, *_HELD),
    # Only the first knows both: 36 of 40.
    "drill_attendance": _drills(36, 40, *_HELD),
    # 80 and 91 points over two scored drills.
    "drill_evaluation": _drills(171, 2, *_HELD),
    # 30 and 45 minutes over two drills.
    "drill_duration": _drills(75, 2, *_HELD),
    # 3 of 4, and 2 of 2 (no more than were found); the third does not say what was closed.
    "drill_findings_closed_rate": _drills(5, 6, *_HELD),
}

EXAMPLES = {
    **_PATROLS,
    **_HAZARDS,
    **_INCIDENTS,
    **_DRILLS,
    # One made and one revised in September.
    "emergency_plan_updates": Example(
        {"emergency_plan": [plan(1, "09-01", plan_change="new"), plan(2, "09-30", plan_change="revised"),
                            plan(1, "10-01", plan_change="revised")]},
        2, 2,
    ),
    # Two on the register (one line does not say and is on it); the audit saw one more who was not.
    "visitor_registration": Example(
        {"visitor": [visitor(1, "09-01 10:00", registered=True), visitor(2, "09-02 10:00"),
                     visitor(3, "09-03 10:00", registered=False), visitor(4, "10-01 10:00")]},
        2, 3,
    ),
    # Of the two that say so one was registered.
    "visitor_registration_rate": Example(
        {"visitor": [visitor(1, "09-01 10:00", registered=True), visitor(2, "09-02 10:00"),
                     visitor(3, "09-03 10:00", registered=False)]},
        1, 2,
    ),
}  # fmt: skip

READ = {
    # The northern route has two checkpoints (one of them key) on two days, four visits (a second plan for 08:00 is the
    # same one) in three rounds: 1.5 a day; the southern one has no round ids and nobody says what is key.
    "patrol_route_summary": ReadExample(
        {
            "patrol_plan": [
                visit(1, "09-02 08:00", round_id="r1", route_milli=1200, key_point=True),
                visit(2, "09-02 08:10", "车库", round_id="r1", route_milli=1200, key_point=False),
                visit(3, "09-02 12:00", round_id="r2", route_milli=1200, key_point=True),
                visit(4, "09-03 12:00", round_id="r3", route_milli=1200, key_point=True),
                visit(5, "09-02 08:00", round_id="r1", key_point=True),
                visit(6, "09-02 08:00", "河边", route="南线"),
                visit(7, "10-02 08:00", "河边", route="南线"),
            ]
        },
        [
            {"route": "北线", "checkpoints": 2, "key_points": 1, "days": 2, "visits": 4, "rounds": 3,
             "rounds_per_day_milli": 1500, "route_milli": 1200},
            {"route": "南线", "checkpoints": 1, "days": 1, "visits": 1},
        ],
    ),
    # Scans are on record from 2 September 06:00 to 3 September 06:00.  The gate is visited at 08:00 and 20:00: the
    # longest gap is twelve hours, against a standard of two.  The garage is visited every twelve hours too, from 06:00
    # on, against one of 12: not over.  The river was never visited: 24 hours, and no standard is known.
    "patrol_max_gap": ReadExample(
        {
            "patrol_plan": [
                visit(1, "09-02 08:00", key_point=True, gap_milli=2000),
                visit(2, "09-02 08:00", "车库", key_point=True, gap_milli=12_000),
                visit(3, "09-02 08:00", "河边", key_point=True),
                visit(4, "09-02 08:00", "大堂", key_point=False, gap_milli=1000),
            ],
            "patrol_scan": [
                scan("09-02 06:00", "车库"), scan("09-02 18:00", "车库"), scan("09-03 06:00", "车库"),
                scan("09-02 08:00"), scan("09-02 20:00"),
            ],
        },
        [
            {"route": "北线", "checkpoint": "河边", "scans": 0, "gap_minutes": 1440, "gap_from_at": at("09-02 06:00")},
            {"route": "北线", "checkpoint": "车库", "scans": 3, "gap_minutes": 720, "gap_from_at": at("09-02 06:00"),
             "standard_minutes": 720, "over": False},
            {"route": "北线", "checkpoint": "门岗", "scans": 2, "gap_minutes": 720, "gap_from_at": at("09-02 08:00"),
             "standard_minutes": 120, "over": True},
        ],
    ),
    # At the end of September: h1 open and 20 days over, h2 put right in October only, h3 put right before, h4 due on the
    # 30th (a day that runs to its end), h5 void, h6 closed at an unknown time.
    "hazard_overdue": ReadExample(
        {
            "hazard": [
                hazard(1, "09-01 09:00", due_at="09-10 12:00", status="open", hazard_kind="fire_safety",
                       hazard_level="major", hazard_source="patrol"),
                hazard(2, "09-01 10:00", due_at="09-20 12:00", rectified_at="10-01", hazard_kind="facility"),
                hazard(3, "09-01 09:00", due_at="09-10 12:00", rectified_at="09-29"),
                hazard(4, "09-01 09:00", due_at="09-30", status="open"),
                hazard(5, "09-01 09:00", due_at="09-10", status="void"),
                hazard(6, "09-01 09:00", due_at="09-10", status="rectified"),
            ]
        },
        [
            {"hazard_id": "h1", "hazard_kind": "fire_safety", "hazard_level": "major", "hazard_source": "patrol",
             "found_at": at("09-01 09:00"), "due_at": at("09-10 12:00"), "days_over": 20},
            {"hazard_id": "h2", "hazard_kind": "facility", "found_at": at("09-01 10:00"), "due_at": at("09-20 12:00"),
             "days_over": 10},
        ],
    ),
    # Two incidents of one kind, one of another, and a false alarm; one hazard.
    "security_incident_analysis": ReadExample(
        {
            "incident": [
                incident(1, "09-01", incident_kind="dispute", incident_level="general"),
                incident(2, "09-02", incident_kind="dispute", incident_level="general"),
                incident(3, "09-03", incident_kind="security"),
                incident(4, "09-04", incident_kind="security", false_alarm=True),
                incident(5, "10-04", incident_kind="security"),
            ],
            "hazard": [hazard(1, "09-05", hazard_kind="security", hazard_level="major"), hazard(2, "09-05", status="void")],
        },
        [
            {"register": "incident", "kind": "dispute", "level": "general", "cases": 2},
            {"register": "incident", "kind": "security", "cases": 1},
            {"register": "hazard", "kind": "security", "level": "major", "cases": 1},
        ],
    ),
    # i1 took 30, 60 and 840 minutes, i2 31 minutes and a half; i3 had nobody, the false alarm is left out.
    "emergency_review": ReadExample(
        {
            "incident": [
                *_HAPPENED[:1],
                incident(2, "09-05 10:00", arrived_at=at("09-05 10:31") + timedelta(seconds=30), external_agency="消防"),
                *_HAPPENED[2:4],
            ]
        },
        [
            {"incident_id": "i1", "incident_kind": "dispute", "incident_level": "general",
             "reported_at": at("09-01 10:00"), "arrived_minutes": 30, "controlled_minutes": 60, "closed_minutes": 840},
            {"incident_id": "i2", "reported_at": at("09-05 10:00"), "arrived_minutes": 31, "external_agency": "消防"},
            {"incident_id": "i3", "incident_kind": "dispute", "incident_level": "serious",
             "reported_at": at("09-09 10:00")},
        ],
    ),
    # Two in September; the third is of October.
    "emergency_plan_list": ReadExample(
        {
            "emergency_plan": [
                plan(2, "09-30", plan_change="revised", plan_name="防汛预案"),
                plan(1, "09-01", plan_change="new", plan_name="消防预案"),
                plan(1, "10-01", plan_change="revised", plan_name="消防预案"),
            ]
        },
        [
            {"plan_id": "p1", "plan_name": "消防预案", "plan_change": "new", "changed_on": at("09-01")},
            {"plan_id": "p2", "plan_name": "防汛预案", "plan_change": "revised", "changed_on": at("09-30")},
        ],
    ),
}  # fmt: skip

BORN = {
    "patrol_scan": "actual_at",
    "hazard": "found_at",
    "incident": "reported_at",
    "drill": "held_on",
    "emergency_plan": "changed_on",
    "visitor": "at",
}
LEARNT = {
    "hazard": {"rectified_at": [], "verified_at": ["status"]},
    "incident": {
        "arrived_at": [],
        "controlled_at": [],
        "closed_at": ["outcome", "casualties", "loss_fen"],
    },
}

# Random rows ---------------------------------------------------------------------------------------------------------


def draw(rng: random.Random, place: str, homes: list[str], size: int) -> dict[str, list[Row]]:
    visits = _visits(rng, place, size)
    return {
        "patrol_plan": _files(rng, visits, "patrol_plan", ("route_milli", "window_minutes", "round_id")),
        "patrol_scan": _files(rng, _scans(rng, place, visits, size), "patrol_scan", ("guard", "route")),
        "hazard": _files(
            rng, [_hazard(rng, place, number) for number in range(rng.randrange(size + 1))], "hazard",
            ("rectified_at", "verified_at", "status", "hazard_source"),
        ),
        "incident": _files(
            rng, [_incident(rng, place, number) for number in range(rng.randrange(size + 1))], "incident",
            ("arrived_at", "closed_at", "external_agency", "incident_level"),
        ),
        "drill": _files(rng, [_drill(rng, place, number) for number in range(rng.randrange(size + 1))], "drill", ()),
        "emergency_plan": _files(rng, _plans(rng, place, size), "emergency_plan", ()),
        "visitor": _files(rng, _visitors(rng, place, size), "visitor", ("registered",)),
    }  # fmt: skip


def _day(rng: random.Random) -> datetime:
    return _instant(rng).replace(hour=0, minute=0, second=0)


def _visits(rng: random.Random, place: str, size: int) -> list[Row]:
    """Rounds of one to three checkpoints on few days, so that visits, windows and days meet."""
    if rng.random() < 0.2:
        return []
    first, rows = START + timedelta(days=rng.randrange(240)), []
    for number in range(rng.randrange(size // 2 + 1)):
        start = first + timedelta(days=rng.choice([0, 0, 1, 30]), minutes=rng.choice([0, 20, 60, 360, 600, 1320, 1430]))
        route = rng.choice(["北线", "北线", "南线", None])
        for step in range(rng.randint(1, 3)):
            rows.append(
                {
                    "community": place,
                    "plan_id": f"v{number}-{step}",
                    "route": route,
                    "checkpoint": rng.choice(["门岗", "车库", "大堂"])
                    if route != "南线"
                    else rng.choice(["河边", "门岗"]),
                    "round_id": f"r{number}" if rng.random() < 0.9 else None,
                    "planned_at": start + timedelta(minutes=10 * step),
                    "window_minutes": _some(rng, 0, 10, 10, 30, known=0.95),
                    "route_milli": _some(rng, 600, 600, 1200, known=0.9),
                    "key_point": _some(rng, True, False),
                    "gap_milli": _some(rng, 1000, 2500),
                }
            )
    return rows


def _scans(rng: random.Random, place: str, visits: list[Row], size: int) -> list[Row]:
    found: dict[tuple, Row] = {}
    for made in [rng.choice(visits) for _ in range(rng.randrange(3 * size + 1))] if visits else []:
        off = rng.choice([0, 0, 1, 5, 10, 30, 70, 71, 90, -10, -11, -30, -70]) * 60 + rng.choice([0, 0, 1, 54])
        row = {
            "community": place,
            "route": _some(rng, made["route"], known=0.8),
            "checkpoint": made["checkpoint"],
            "actual_at": made["planned_at"] + timedelta(seconds=off),
            "guard": _some(rng, "g1", "g1", "g2", known=0.9),
            "issue_found": _some(rng, True, False, False),
        }
        found[row["checkpoint"], row["actual_at"], row["guard"]] = row
    return list(found.values())


def _hazard(rng: random.Random, place: str, number: int) -> Row:
    found = _instant(rng)
    rectified = _after(rng, found, *_days(0, 1, 3, 20), known=0.7)
    verified = _after(rng, rectified or found, *_days(0, 2, 15), known=0.6)
    due = found + rng.choice(_days(0.5, 1, 3, 20))
    return {
        "community": place,
        "hazard_id": f"h{number}",
        "hazard_kind": _some(rng, "fire_safety", "facility", "security"),
        "hazard_level": _some(rng, "general", "major"),
        "hazard_source": _some(rng, "patrol", "patrol", "owner", "inspection", known=0.9),
        "found_at": found,
        "due_at": _some(rng, due, due.replace(hour=0, minute=0, second=0)),
        "rectified_at": rectified,
        "verified_at": verified,
        "status": _some(rng, "open", "rectified", "verified", "verified", "void", known=0.8),
    }


def _incident(rng: random.Random, place: str, number: int) -> Row:
    reported = _instant(rng)
    arrived = _after(rng, reported, *_minutes(0, 10, 15, 29, 30, 31, 90))
    controlled = _after(rng, arrived or reported, *_minutes(5, 15, 30, 31), known=0.7)
    return {
        "community": place,
        "incident_id": f"i{number}",
        "incident_kind": _some(rng, "security", "fire", "dispute", "falling_object", "illegal_building"),
        "incident_level": _some(rng, "general", "general", "serious", "major", "extreme"),
        "occurred_at": _after(rng, reported, *_minutes(-30, 0)),
        "reported_at": reported,
        "arrived_at": arrived,
        "controlled_at": controlled,
        "closed_at": _after(rng, controlled or reported, *_days(0.1, 1, 20), known=0.7),
        "outcome": _some(rng, "已处置", known=0.3),
        "external_agency": _some(rng, "公安", "消防", known=0.3),
        "casualties": _some(rng, 0, 0, 2, known=0.6),
        "loss_fen": _some(rng, 0, 100, 99_999, known=0.6),
        "false_alarm": _some(rng, False, False, True),
    }


def _drill(rng: random.Random, place: str, number: int) -> Row:
    return {
        "community": place,
        "drill_id": f"d{number}",
        "drill_kind": _some(rng, "fire", "lift"),
        "held_on": _day(rng),
        "expected": _some(rng, 0, 10, 40),
        "attended": _some(rng, 0, 9, 12, 40),
        "score": _some(rng, 60, 95),
        "minutes": _some(rng, 20, 45),
        "findings": _some(rng, 0, 1, 4),
        "findings_closed": _some(rng, 0, 1, 5),
    }


def _plans(rng: random.Random, place: str, size: int) -> list[Row]:
    found = {(rng.choice(["p1", "p2", "p3"]), _day(rng)): None for _ in range(rng.randrange(size // 2 + 1))}
    return [
        {
            "community": place,
            "plan_id": name,
            "plan_name": "预案",
            "plan_change": _some(rng, "new", "revised"),
            "changed_on": day,
        }
        for name, day in found
    ]


def _visitors(rng: random.Random, place: str, size: int) -> list[Row]:
    return [
        {
            "community": place,
            "visitor_id": f"v{number}",
            "at": _instant(rng),
            "gate": _some(rng, "东门", "西门"),
            "registered": _some(rng, True, False, known=0.6),
        }
        for number in range(rng.randrange(size + 1))
    ]


# The recomputation ---------------------------------------------------------------------------------------------------


def marks(
    tables: Mapping[str, Sequence[Row]], as_of: datetime, definitions: Any, households: Mapping[str, int]
) -> Iterator[Mark]:
    visits, scans, hazards, incidents = (
        tables.get(name, ()) for name in ("patrol_plan", "patrol_scan", "hazard", "incident")
    )
    rounds: list[tuple[Row, datetime, bool]] = []
    for place in sorted({row["community"] for row in (*visits, *scans)}):
        ours = [row for row in visits if row["community"] == place]
        seen = [_with_route(row, ours) for row in scans if row["community"] == place]
        singles = _singles(ours)
        heard = _covered(seen, place, "actual_at")
        judged = {row["plan_id"]: _met(row, singles, seen, as_of) if _month(row) in heard else {} for row in singles}
        yield from _punctual(singles, judged, as_of)
        yield from _days_covered(singles, judged, seen, heard, as_of)
        rounds += _walks(singles, judged)
        yield from _scanned(seen, ours)
    yield from _rounds(rounds)
    yield from _hazard_marks(hazards, rounds, as_of)
    yield from _incident_marks(incidents, as_of, definitions)
    yield from _exposures(incidents, tables.get("household", ()), households, as_of)
    for row in tables.get("drill", ()):
        yield from _drill_marks(row)
    for row in tables.get("emergency_plan", ()):
        yield "emergency_plan_updates", row, row["changed_on"], 1, 1, 1
    for row in tables.get("visitor", ()):
        told = row.get("registered")
        yield "visitor_registration", row, row["at"], 1, int(told is not False), 1
        if told is not None:
            yield "visitor_registration_rate", row, row["at"], 1, int(told), 1


def _has(row: Row, column: str) -> bool:
    return "given" not in row or column in row["given"].split(",")


def _with_route(row: Row, visits: Sequence[Row]) -> Row:
    """A scan without a route lies on that of its checkpoint, where the plan knows one only."""
    routes = {other.get("route") for other in visits if other["checkpoint"] == row["checkpoint"]}
    if row.get("route") is None and len(routes) == 1:
        return row | {"route": routes.pop()}
    return row


def _spot(row: Row) -> tuple:
    return row.get("route"), row["checkpoint"]


def _singles(visits: Sequence[Row]) -> list[Row]:
    """Planned visits, each checkpoint and time once: the one with the smallest number stands for it."""
    return [
        row
        for row in visits
        if not any(
            (_spot(other), other["planned_at"]) == (_spot(row), row["planned_at"]) and other["plan_id"] < row["plan_id"]
            for other in visits
        )
    ]


def _met(row: Row, visits: Sequence[Row], scans: Sequence[Row], as_of: datetime) -> Row:
    """What became of a planned visit: done in time, and (an hour after its window) missed, early or late."""
    if row.get("window_minutes") is None:
        return {}
    best = None
    for one in scans:
        if _spot(one) == _spot(row) and _nearest(one, visits) is row:
            off = (one["actual_at"] - row["planned_at"]).total_seconds()
            if best is None or (abs(off), off) < (abs(best), best):
                best = off
    window = row["window_minutes"] * 60
    age = (as_of - row["planned_at"]).total_seconds()
    in_time = best is not None and abs(best) <= window
    made = best is not None and abs(best) <= window + 3600
    told: Row = {}
    if age >= window:
        told["completed"] = in_time
    if age >= window + 3600:
        told |= {"made": made, "missed": not made, "early": made and not in_time and best < 0}
        told["late"] = made and not in_time and best > 0
    return told


def _nearest(one: Row, visits: Sequence[Row]) -> Row:
    own = [row for row in visits if _spot(row) == _spot(one)]
    return min(own, key=lambda row: (abs(row["planned_at"] - one["actual_at"]), row["planned_at"]))


def _punctual(visits: Sequence[Row], judged: Mapping[str, Row], as_of: datetime) -> Iterator[Mark]:
    for row in visits:
        told = judged[row["plan_id"]]
        if row["planned_at"] > as_of:
            continue
        if "completed" in told:
            yield "patrol_completion_rate", row, row["planned_at"], 1, int(told["completed"]), 1
        for name in ("missed", "early", "late"):
            if name in told:
                yield f"patrol_{name}_count", row, row["planned_at"], 1, int(told[name]), 1


def _days_covered(
    visits: Sequence[Row], judged: Mapping[str, Row], scans: Sequence[Row], heard: set, as_of: datetime
) -> Iterator[Mark]:
    heads = _heads(scans)
    for spot, day in {(_spot(row), row["planned_at"].date()) for row in visits}:
        ours = [row for row in visits if (_spot(row), row["planned_at"].date()) == (spot, day)]
        midnight = datetime(day.year, day.month, day.day)
        made = [judged[row["plan_id"]].get("made") for row in ours]
        if None not in made:
            yield "patrol_coverage_rate", ours[0], midnight, 1, int(all(made)), 1
        if _month(ours[0]) in heard and midnight + timedelta(days=1) - timedelta(seconds=1) <= as_of:
            seen = sum((_spot(row), row["actual_at"].date()) == (spot, day) for row in heads)
            yield "patrol_density", ours[0], midnight, 1, seen, 1


def _heads(scans: Sequence[Row]) -> list[Row]:
    """The first scan of each visit: no scan of the checkpoint in the ten minutes before it."""
    heads = []
    for spot in {_spot(row) for row in scans}:
        last = None
        ours = [row for row in scans if _spot(row) == spot]
        for row in sorted(ours, key=lambda row: (row["actual_at"], row.get("guard") is None, row.get("guard") or "")):
            if last is None or row["actual_at"] - last > timedelta(minutes=10):
                heads.append(row)
            last = row["actual_at"]
    return heads


def _walks(visits: Sequence[Row], judged: Mapping[str, Row]) -> list[tuple[Row, datetime, bool]]:
    """Each round that can be judged: its first visit, when it was planned, whether every checkpoint was scanned."""
    found = []
    for name in {(row.get("route"), row["round_id"]) for row in visits if row.get("round_id") is not None}:
        ours = [row for row in visits if (row.get("route"), row.get("round_id")) == name]
        made = [judged[row["plan_id"]].get("made") for row in ours]
        if None not in made:
            first = min(ours, key=lambda row: (row["planned_at"], row["plan_id"]))
            found.append((first, first["planned_at"], all(made)))
    return found


def _rounds(rounds: Sequence[tuple[Row, datetime, bool]]) -> Iterator[Mark]:
    for row, planned, done in rounds:
        yield "patrol_round_completion_rate", row, planned, 1, int(done), 1
        if row.get("route_milli") is not None:
            yield "patrol_mileage", row, planned, 1, row["route_milli"] * int(done), 1


def _scanned(scans: Sequence[Row], visits: Sequence[Row]) -> Iterator[Mark]:
    for row in _heads(scans):
        night = row["actual_at"].hour >= 22 or row["actual_at"].hour < 6
        yield "patrol_night_share", row, row["actual_at"], 1, int(night), 1
    for row in scans:
        if row.get("issue_found") is not None:
            yield "patrol_issue_share", row, row["actual_at"], 1, int(row["issue_found"]), 1
    for guard in {row.get("guard") for row in scans} - {None}:
        ours = [row for row in scans if row.get("guard") == guard and row.get("route") is not None]
        ours.sort(key=lambda row: (row["actual_at"], row["route"] + "/" + row["checkpoint"]))
        for before, row in itertools.pairwise(ours):
            known = [other for other in visits if other.get("route") == row["route"]]
            lengths = [other["route_milli"] for other in known if other.get("route_milli") is not None]
            if before["route"] == row["route"] and before["checkpoint"] != row["checkpoint"] and lengths:
                leg = max(lengths) / len({other["checkpoint"] for other in known})
                hours = (row["actual_at"] - before["actual_at"]).total_seconds() / 3600
                yield "patrol_implausible_scans", row, row["actual_at"], 1, int(leg > 20_000 * hours), 1


def _hazard_marks(rows: Sequence[Row], rounds: Sequence[tuple[Row, datetime, bool]], as_of: datetime) -> Iterator[Mark]:
    told = {place: _covered(rows, place, "found_at") for place in {row["community"] for row in rows}}
    walked = set()
    for row, planned, done in rounds:
        month = datetime(planned.year, planned.month, 1)
        if month in told.get(row["community"], ()):
            walked.add((row["community"], month))
            yield "patrol_hazards_per_100_rounds", row, month, int(done), 0, int(done)
    for row in rows:
        if row.get("status") == "void":
            continue
        found, status = row["found_at"], row.get("status")
        yield "hazard_count_by_kind", row, found, 1, 1, 1
        verified = row.get("verified_at") is not None or status == "verified"
        put_right = verified or row.get("rectified_at") is not None or status == "rectified"
        if _has(row, "verified_at") or status is not None:
            yield "hazard_rectification_rate", row, found, 1, int(verified), 1
        if _has(row, "verified_at") or _has(row, "rectified_at") or status is not None:
            yield "hazard_rectified_rate", row, found, 1, int(put_right), 1
        yield from _due(row, put_right, as_of)
        if row.get("hazard_source") is not None:
            yield "patrol_hazard_yield", row, found, 1, int(row["hazard_source"] == "patrol"), 1
        if row.get("hazard_source") == "patrol" and (row["community"], datetime(found.year, found.month, 1)) in walked:
            yield "patrol_hazards_per_100_rounds", row, found, 0, 1, 0


def _due(row: Row, put_right: bool, as_of: datetime) -> Iterator[Mark]:
    due = row.get("due_at")
    if due is None or not (_has(row, "rectified_at") or _has(row, "verified_at")):
        return
    until = due + timedelta(days=1) - timedelta(seconds=1) if (due.hour, due.minute, due.second) == (0, 0, 0) else due
    if until > as_of:
        return
    done, verified = row.get("rectified_at"), row.get("verified_at")
    if done is None and put_right and (verified is None or verified > until):
        return
    moment = done if done is not None else verified
    yield "hazard_on_time_rate", row, due, 1, int(moment is not None and moment <= until), 1


def _incident_marks(rows: Sequence[Row], as_of: datetime, definitions: Any) -> Iterator[Mark]:
    for row in rows:
        if row.get("false_alarm"):
            continue
        reported, level, kind = row["reported_at"], row.get("incident_level"), row.get("incident_kind")
        yield "incident_count_by_type", row, reported, 1, 1, 1
        if _next(reported) - timedelta(seconds=1) <= as_of:
            yield "incident_rate", row, reported, 0, 1, 0
        if level is not None:
            yield "major_incident_count", row, reported, 1, int(level in ("major", "extreme")), 1
        if _has(row, "arrived_at"):
            prompt = _reached(row, definitions.emergency_minutes, as_of)
            if prompt is not None:
                yield "incident_response_on_time_rate", row, reported, 1, int(prompt), 1
        if _has(row, "closed_at"):
            yield "incident_outcome", row, reported, 1, int(row.get("closed_at") is not None), 1
        if row.get("casualties") is not None:
            yield "incident_casualties", row, reported, 1, row["casualties"], 1
        if row.get("loss_fen") is not None:
            yield "incident_loss", row, reported, 1, row["loss_fen"], 1
        if _has(row, "external_agency"):
            yield "external_liaison", row, reported, 1, int(row.get("external_agency") is not None), 1
        if kind is not None:
            yield "community_harmony", row, reported, 1, int(kind == "dispute"), 1


def _reached(row: Row, minutes: int, as_of: datetime) -> bool | None:
    limit = row["reported_at"] + timedelta(minutes=minutes)
    if row.get("arrived_at") is not None:
        return row["arrived_at"] <= limit
    if row.get("controlled_at") is not None and row["controlled_at"] <= limit:
        return True
    if row.get("controlled_at") is not None or row.get("closed_at") is not None or limit > as_of:
        return None
    return False


def _exposures(
    rows: Sequence[Row], register: Sequence[Row], sizes: Mapping[str, int], as_of: datetime
) -> Iterator[Mark]:
    for place in {row["community"] for row in rows}:
        homes = [home for home in register if home["community"] == place and home.get("occupancy") != "vacant"]
        for month in _covered(rows, place, "reported_at"):
            if _next(month) - timedelta(seconds=1) > as_of:
                continue
            for home in homes:
                yield "incident_rate", home, month, 1, 0, 1
            if not homes and sizes.get(place):
                yield "incident_rate", {"community": place}, month, sizes[place], 0, sizes[place]


def _covered(rows: Sequence[Row], place: str, column: str) -> set[datetime]:
    """The months from the first to the last row of each file."""
    months = set()
    ours = [row for row in rows if row["community"] == place]
    for file in {row.get("file", "") for row in ours}:
        moments = [row[column] for row in ours if row.get("file", "") == file]
        month = datetime(min(moments).year, min(moments).month, 1)
        while month <= max(moments):
            months.add(month)
            month = _next(month)
    return months


def _month(row: Row) -> datetime:
    return datetime(row["planned_at"].year, row["planned_at"].month, 1)


def _next(month: datetime) -> datetime:
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1)


def _drill_marks(row: Row) -> Iterator[Mark]:
    held, came, expected = row["held_on"], row.get("attended"), row.get("expected")
    yield "drill_count", row, held, 1, 1, 1
    if came is not None:
        yield "drill_participants", row, held, 1, came, 1
    if came is not None and expected:
        yield "drill_attendance", row, held, 1, came, expected
    if row.get("score") is not None:
        yield "drill_evaluation", row, held, 1, row["score"], 1
    if row.get("minutes") is not None:
        yield "drill_duration", row, held, 1, row["minutes"], 1
    if row.get("findings") is not None and row.get("findings_closed") is not None:
        closed = min(row["findings_closed"], row["findings"])
        yield "drill_findings_closed_rate", row, held, 1, closed, row["findings"]
