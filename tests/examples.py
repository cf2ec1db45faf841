"""One worked example for every KPI: a few rows, and the answer counted by hand.

Each example is for community "a"; its comment walks through the rows.  `EXAMPLES[kpi_id]` gives the rows, the period's
month and (num, den).  The data cut-off is the end of 2025-10-31 unless an example says otherwise.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from propkit.model import Wave
from propkit.text import Text

Row = dict[str, Any]
AS_OF = datetime(2025, 10, 31, 23, 59, 59)
MONTH = "2025-09"


class Example(NamedTuple):
    """Rows by table, and the whole numbers that they must give in `month`."""

    rows: dict[str, list[Row]]
    num: int
    den: int
    month: str = MONTH
    as_of: datetime = AS_OF
    waves: tuple[Wave, ...] = ()
    households: tuple[tuple[str, int], ...] = ()


class ReadExample(NamedTuple):
    """Rows by table, and the rows that a reading must give for `period` (None where its tables say nothing)."""

    rows: dict[str, list[Row]]
    answer: list[Row] | None
    period: str = MONTH
    as_of: datetime = AS_OF
    households: tuple[tuple[str, int], ...] = ()


def at(text: str) -> datetime:
    """Read "09-01 10:00" or "09-01" of 2025."""
    day, _, time = text.partition(" ")
    return datetime.strptime(f"2025-{day} {time or '00:00'}", "%Y-%m-%d %H:%M")


def order(number: int, reported: str, **columns: Any) -> Row:
    return _row({"order_id": f"o{number}", "status": "done", "reported_at": reported}, columns)


def complaint(number: int, received: str, **columns: Any) -> Row:
    return _row({"complaint_id": f"c{number}", "status": "closed", "received_at": received}, columns)


def answer(number: int, score: int | None, **columns: Any) -> Row:
    scale = {"scale_low": 1, "scale_high": 5, "satisfied_from": 4}
    head = {"response_id": f"r{number}", "survey_id": "w1", "item": "overall", "submitted_at": "09-10 10:00"}
    return _row(head | scale | {"score": score, "household": f"h{number}"}, columns)


def bill(number: int, due: int, **columns: Any) -> Row:
    head = {"bill_id": f"b{number}", "household": f"h{number}", "period_start": "09-01", "period_end": "09-30"}
    return _row(head | {"amount_due_fen": due}, columns)


def payment(number: int, paid: str, amount: int, **columns: Any) -> Row:
    return _row({"payment_id": f"p{number}", "paid_at": paid, "amount_fen": amount}, columns)


def _row(head: Row, columns: Row) -> Row:
    row = {"community": "a"} | head | columns
    moments = [name for name in row if name.endswith(("_at", "_start", "_end", "_from", "_to"))]
    return row | {name: at(row[name]) for name in moments if isinstance(row[name], str)}


def _orders(num: int, den: int, *rows: Row, **more: Any) -> Example:
    return Example({"work_order": list(rows)}, num, den, **more)


def _complaints(num: int, den: int, *rows: Row, **more: Any) -> Example:
    return Example({"complaint": list(rows)}, num, den, **more)


def _survey(num: int, den: int, *rows: Row, **more: Any) -> Example:
    return Example({"survey_response": list(rows)}, num, den, **more)


_LEAK = {"household": "h1", "fault_type": "leak", "visit_count": 1}

REPAIRS = {
    # o1 and o3 were reported in September; o2 is cancelled, o4 a duplicate, o5 belongs to October.  A count has base 2.
    "work_order_volume": _orders(
        2, 2,
        order(1, "09-01"),
        order(2, "09-02", status="cancelled"),
        order(3, "09-30 23:59", status="in_progress"),
        order(4, "09-03", status="duplicate"),
        order(5, "10-01"),
    ),
    # o1 is repaired (in October, which is before the cut-off), o2 still open: 1 of 2.  o3 closed without work, o4
    # cancelled: outside.  o5 was repaired in September but reported in August, another cohort.
    "repair_completion_rate": _orders(
        1, 2,
        order(1, "09-10", completed_at="10-05"),
        order(2, "09-11", status="in_progress"),
        order(3, "09-12", status="closed_without_work", closed_at="09-13"),
        order(4, "09-12", status="cancelled"),
        order(5, "08-31", completed_at="09-02"),
    ),
    # All complete in September.  o1: one visit, but the leak at h1 is reported again 9 days later (o2): not fixed.
    # o2: one visit and quiet afterwards: fixed.  o3: two visits, one of them nobody at home: fixed.  o4: three
    # visits: not. o5: two visits, planned so: fixed.  o6: visits unknown: outside.  o7 came from an inspection and o8 from
    # preventive work: nobody asked for them.  So 3 of 5.
    "first_time_fix_rate": _orders(
        3, 5,
        order(1, "09-01", completed_at="09-01 12:00", **_LEAK),
        order(2, "09-10", completed_at="09-10 12:00", **_LEAK),
        order(3, "09-01", completed_at="09-02", household="h3", fault_type="leak", visit_count=2, no_access_visits=1),
        order(4, "09-01", completed_at="09-02", household="h4", fault_type="leak", visit_count=3),
        order(5, "09-01", completed_at="09-02", household="h5", category="x", visit_count=2, planned_multi_visit=True),
        order(6, "09-01", completed_at="09-02", household="h6", fault_type="leak"),
        order(7, "09-01", completed_at="09-02", household="h7", fault_type="leak", visit_count=1, origin="inspection"),
        order(8, "09-01", completed_at="09-02", household="h8", fault_type="leak", visit_count=1, origin="preventive"),
    ),
    # Due in September: o1 done an hour early, o2 done exactly when due, o3 done a minute late, o4 still open: 2 of 4.
    # o5 is an emergency, o6 is due in October.
    "repairs_on_time_rate": _orders(
        2, 4,
        order(1, "09-01", due_at="09-03 10:00", completed_at="09-03 09:00"),
        order(2, "08-30", due_at="09-03 10:00", completed_at="09-03 10:00"),
        order(3, "09-01", due_at="09-03 10:00", completed_at="09-03 10:01"),
        order(4, "09-01", due_at="09-30", status="in_progress"),
        order(5, "09-01", due_at="09-02", completed_at="09-01 01:00", urgency="emergency"),
        order(6, "09-01", due_at="10-01", completed_at="09-05"),
    ),
    # Completed in September with a due time: o1 early, o2 late, o3 early though due in October: 2 of 3.
    # o4 has no due time, o5 is overdue and open: this rate does not see it.
    "repairs_completed_on_time_rate": _orders(
        2, 3,
        order(1, "09-01", due_at="09-03", completed_at="09-02"),
        order(2, "08-01", due_at="08-05", completed_at="09-02"),
        order(3, "09-01", due_at="10-03", completed_at="09-30"),
        order(4, "09-01", completed_at="09-02"),
        order(5, "09-01", due_at="09-03", status="in_progress"),
    ),
    # Emergencies of September: o1 on site after 20 minutes, o2 after exactly 30, o3 after 31, o4 nobody is known to
    # have come, o5 abated on the spot and closed without work: 3 of 5.  o6 is routine, o7 a cancelled emergency.
    "emergency_on_time_rate": _orders(
        3, 5,
        order(1, "09-01 02:00", urgency="emergency", arrived_at="09-01 02:20"),
        order(2, "09-02 02:00", urgency="emergency", arrived_at="09-02 02:30"),
        order(3, "09-03 02:00", urgency="emergency", arrived_at="09-03 02:31"),
        order(4, "09-04 02:00", urgency="emergency", completed_at="09-04 02:10"),
        order(5, "09-05 02:00", urgency="emergency", arrived_at="09-05 02:05", status="closed_without_work"),
        order(6, "09-06 02:00", urgency="routine", arrived_at="09-06 02:05"),
        order(7, "09-07 02:00", urgency="emergency", arrived_at="09-07 02:05", status="cancelled"),
    ),
    # o1 accepted after 10 minutes, o2 after 40, o3 never: 1 of 3.  o4 came 10 minutes before the cut-off and may
    # still be accepted in time: not judged (it is also of October).  o5 is a duplicate.
    "repair_response_on_time_rate": _orders(
        1, 3,
        order(1, "09-01 10:00", accepted_at="09-01 10:10"),
        order(2, "09-01 10:00", accepted_at="09-01 10:40"),
        order(3, "09-30 23:50", status="waiting"),
        order(4, "10-31 23:50", status="waiting"),
        order(5, "09-01 10:00", status="duplicate", accepted_at="09-01 10:01"),
    ),
    # Appointments that ended in September: o1 met, o2 half an hour early (missed), o3 nobody came, o4 met at the last
    # minute: 2 of 4.  o5 had no appointment, o6's is in October.
    "appointments_kept_rate": _orders(
        2, 4,
        order(1, "09-01", appointment_from="09-02 09:00", appointment_to="09-02 10:00", arrived_at="09-02 09:30"),
        order(2, "09-01", appointment_from="09-02 09:00", appointment_to="09-02 10:00", arrived_at="09-02 08:30"),
        order(3, "09-01", appointment_from="09-02 09:00", appointment_to="09-02 10:00"),
        order(4, "09-01", appointment_from="09-02 09:00", appointment_to="09-02 10:00", arrived_at="09-02 10:00"),
        order(5, "09-01", arrived_at="09-02 10:00"),
        order(6, "09-30", appointment_from="10-02 09:00", appointment_to="10-02 10:00", arrived_at="10-02 09:30"),
    ),
    # Rated and closed in September: o1 with 5, o2 with 4, o3 with 3, o5 with 1 for a job that was not done: 2 of 4.
    # o4 was not rated; o6 closed in October.
    "repair_satisfaction": _orders(
        2, 4,
        order(1, "08-20", completed_at="08-30", closed_at="09-01", rating=5),
        order(2, "09-01", completed_at="09-02", rating=4),
        order(3, "09-01", completed_at="09-02", closed_at="09-03", rating=3),
        order(4, "09-01", completed_at="09-02", closed_at="09-03"),
        order(5, "09-01", closed_at="09-03", status="closed_without_work", rating=1),
        order(6, "09-01", completed_at="09-02", closed_at="10-03", rating=5),
    ),
    # Completed orders closed in September: o1 rated, o2 not, o3 not (completed, never closed: by its completion): 1
    # of 3. o4 is open.
    "repair_rating_coverage": _orders(
        1, 3,
        order(1, "09-01", completed_at="09-02", closed_at="09-03", rating=2),
        order(2, "08-01", completed_at="08-02", closed_at="09-03"),
        order(3, "09-01", completed_at="09-04"),
        order(4, "09-01", status="in_progress"),
    ),
    # Closed in September: o1 called after two days, o2 after exactly three, o3 after four, o4 never: 2 of 4.
    # o5 is cancelled; o6 closed in October.
    "revisit_rate": _orders(
        2, 4,
        order(1, "09-01", completed_at="09-02", closed_at="09-03", revisited_at="09-05"),
        order(2, "09-01", completed_at="09-02", closed_at="09-03", revisited_at="09-06"),
        order(3, "09-01", completed_at="09-02", closed_at="09-03", revisited_at="09-07"),
        order(4, "09-01", completed_at="09-02"),
        order(5, "09-01", closed_at="09-02", status="cancelled", revisited_at="09-02"),
        order(6, "09-01", completed_at="09-02", closed_at="10-03", revisited_at="10-04"),
    ),
    # Calls of September with a score: o1 4, o2 3: 1 of 2.  o3's call has no score, o4's call was in October, o5 is a
    # duplicate.
    "revisit_call_satisfaction": _orders(
        1, 2,
        order(1, "08-01", completed_at="08-30", revisited_at="09-01", revisit_score=4),
        order(2, "09-01", completed_at="09-02", revisited_at="09-03", revisit_score=3),
        order(3, "09-01", completed_at="09-02", revisited_at="09-03"),
        order(4, "09-01", completed_at="09-02", revisited_at="10-03", revisit_score=5),
        order(5, "09-01", completed_at="09-02", revisited_at="09-03", revisit_score=5, status="duplicate"),
    ),
    # Routine orders due in September: o1 late, o2 open past its due time, o3 in time: 2 late, 3 judged.
    # o4 is an emergency, o5 was closed without work.
    "sla_breach_reasons": _orders(
        2, 3,
        order(1, "09-01", due_at="09-03", completed_at="09-04", delay_reason="parts"),
        order(2, "09-01", due_at="09-03", status="in_progress"),
        order(3, "09-01", due_at="09-03", completed_at="09-02"),
        order(4, "09-01", due_at="09-03", completed_at="09-04", urgency="emergency"),
        order(5, "09-01", due_at="09-03", closed_at="09-04", status="closed_without_work"),
    ),
    # Two leaks and one order of unknown fault were reported in September; o4 is a duplicate: 3 orders over all types.
    "fault_type_pareto": _orders(
        3, 3,
        order(1, "09-01", fault_type="leak"),
        order(2, "09-02", fault_type="leak"),
        order(3, "09-03"),
        order(4, "09-03", fault_type="leak", status="duplicate"),
    ),
    # o1 from inspection and o2 preventive, o3 asked for by an owner: 2 of 3.  o4's origin is unknown: outside.
    "proactive_maintenance_ratio": _orders(
        2, 3,
        order(1, "09-01", origin="inspection"),
        order(2, "09-02", origin="preventive"),
        order(3, "09-03", origin="request"),
        order(4, "09-03"),
    ),
    # Reported in September: o1 done at five to midnight, o2 the next morning, o3 open, o4 closed that day without a time of
    # completion: 2 of 4.  o5 was closed a day later, nobody knows when it was done; o6 is cancelled.
    "orders_on_the_spot_rate": _orders(
        2, 4,
        order(1, "09-01 08:00", completed_at="09-01 23:55"),
        order(2, "09-01 20:00", completed_at="09-02 08:00"),
        order(3, "09-30", status="in_progress"),
        order(4, "09-03 09:00", closed_at="09-03 18:00"),
        order(5, "09-03 09:00", closed_at="09-04 18:00"),
        order(6, "09-03", completed_at="09-03", status="cancelled"),
    ),
    # Completed in September: o1 was dispatched, done and revisited; o2 accepted, done and rated; o3 done and revisited,
    # with no step between; o4 arrived at and done, nobody heard the owner; o5's log tells a transfer, and it was rated:
    # 3 of 5.  o6 is not done, o7 was closed without work.
    "closed_loop_rate": Example(
        {
            "work_order": [
                order(1, "09-01", dispatched_at="09-01 01:00", completed_at="09-02", revisited_at="10-03"),
                order(2, "09-01", accepted_at="09-01 01:00", completed_at="09-02", rating=1),
                order(3, "09-01", completed_at="09-02", revisited_at="09-03"),
                order(4, "09-01", arrived_at="09-01 01:00", completed_at="09-02"),
                order(5, "09-01", completed_at="09-02", rating=5),
                order(6, "09-01", accepted_at="09-01 01:00", revisited_at="09-03"),
                order(7, "09-01", accepted_at="09-01 01:00", completed_at="09-02", rating=5, status="closed_without_work"),
            ],
            "order_event": [
                {"community": "a", "order_id": "o5", "event": "transferred", "at": at("09-01 05:00")},
                {"community": "a", "order_id": "o3", "event": "created", "at": at("09-01")},
            ],
        },
        3, 5,
    ),
}  # fmt: skip

_NOISE = {"household": "h1", "type_l2": "noise"}
_MERGED_ROWS = (
    complaint(1, "09-01", **_NOISE),
    complaint(2, "09-04", **_NOISE),  # exactly 72 hours later: the same matter
    complaint(
        3, "09-04 00:01", **_NOISE
    ),  # a minute more since the first, though it follows the second at once: another
    complaint(4, "09-02", household="h2", type_l2="noise", valid=False),
    complaint(5, "09-02", kind="enquiry"),
    complaint(6, "09-02", status="withdrawn"),
    complaint(7, "09-20", duplicate_of="c3"),
)

COMPLAINTS = {
    # c1 counts; c2 is merged into it; c3 counts; c4 was judged invalid, c5 is an enquiry, c6 withdrawn, c7 marked a
    # duplicate.
    "complaint_count": _complaints(2, 2, *_MERGED_ROWS),
    # The same two complaints, by type.
    "complaint_type_distribution": _complaints(2, 2, *_MERGED_ROWS),
    # Two valid complaints; the register has three homes, of which one stands empty: 2 home-months in September.
    "complaints_per_1000_homes": Example(
        {
            "complaint": [complaint(1, "09-05"), complaint(2, "09-25", valid=True), complaint(3, "09-26", valid=False)],
            "household": [
                {"community": "a", "household": "h1", "occupancy": "occupied"},
                {"community": "a", "household": "h2"},
                {"community": "a", "household": "h3", "occupancy": "vacant"},
            ],
        },
        2, 2,
    ),
    # Promised for September: c1 answered in time, c2 exactly then, c3 late, c4 still open: 2 of 4.
    # c5 is invalid; c6 is promised for November, after the cut-off.
    "complaint_on_time_rate": _complaints(
        2, 4,
        complaint(1, "09-01", promised_at="09-03", resolved_at="09-02"),
        complaint(2, "08-30", promised_at="09-03", resolved_at="09-03"),
        complaint(3, "09-01", promised_at="09-03", resolved_at="09-03 00:01"),
        complaint(4, "09-01", promised_at="09-03", status="open"),
        complaint(5, "09-01", promised_at="09-03", resolved_at="09-02", valid=False),
        complaint(6, "09-01", promised_at="11-03", resolved_at="09-02"),
    ),
    # Received in September and valid: c1 resolved in October (before the cut-off), c2 resolved after it, c3 open: 1
    # of 3. c4 is of August.
    "issue_resolution_rate": _complaints(
        1, 3,
        complaint(1, "09-01", resolved_at="10-20"),
        complaint(2, "09-02", resolved_at="11-01"),
        complaint(3, "09-03", status="open"),
        complaint(4, "08-31", resolved_at="09-02"),
    ),
    # Resolved in September and 30 days old: c1 in one contact, but the noise came back after 20 days (c2): no.
    # c2 in one contact and quiet: yes.  c3 took two contacts: no.  c4's contacts are unknown: outside.  So 1 of 3.
    "first_contact_resolution_rate": _complaints(
        1, 3,
        complaint(1, "09-01", resolved_at="09-02", contacts=1, **_NOISE),
        complaint(2, "09-22", resolved_at="09-23", contacts=1, **_NOISE),
        complaint(3, "09-01", resolved_at="09-02", contacts=2, household="h3", type_l2="noise"),
        complaint(4, "09-01", resolved_at="09-02", household="h4", type_l2="noise"),
    ),
    # Judged in September: c1 and c2 valid, c3 not: 2 of 3.  c4 was not judged, c5 repeats c1 a day later.
    "valid_complaint_rate": _complaints(
        2, 3,
        complaint(1, "09-01", valid=True, **_NOISE),
        complaint(2, "09-01", valid=True),
        complaint(3, "09-01", valid=False),
        complaint(4, "09-01"),
        complaint(5, "09-02", valid=True, **_NOISE),
    ),
    # Resolved in September and rated: c1 5, c2 4, c3 1: 2 of 3.  c4 has no rating; c5's rating of an invalid case is
    # outside.
    "complaint_satisfaction": _complaints(
        2, 3,
        complaint(1, "08-01", resolved_at="09-02", satisfaction=5),
        complaint(2, "09-01", resolved_at="09-02", satisfaction=4),
        complaint(3, "09-01", resolved_at="09-02", satisfaction=1),
        complaint(4, "09-01", resolved_at="09-02"),
        complaint(5, "09-01", resolved_at="09-02", satisfaction=5, valid=False),
    ),
    # Resolved in September: c1 rated, c2 not: 1 of 2.  c3 is open, c4 resolved in October.
    "complaint_rating_coverage": _complaints(
        1, 2,
        complaint(1, "09-01", resolved_at="09-02", satisfaction=1),
        complaint(2, "09-01", resolved_at="09-02"),
        complaint(3, "09-01", status="open"),
        complaint(4, "09-01", resolved_at="10-02", satisfaction=1),
    ),
    # Resolved in September: c1 called a day later, c2 four days later, c3 never: 1 of 3.  c4 is open.
    "complaint_revisit_rate": _complaints(
        1, 3,
        complaint(1, "09-01", resolved_at="09-02", revisited_at="09-03"),
        complaint(2, "09-01", resolved_at="09-02", revisited_at="09-06"),
        complaint(3, "09-01", resolved_at="09-30"),
        complaint(4, "09-01", status="open"),
    ),
    # The same two complaints by root cause.
    "root_cause": _complaints(2, 2, *_MERGED_ROWS),
    # Resolved in September: c1 has a root cause, c2 none: 1 of 2.  c3 is open (its cause is not asked for yet), c4 invalid.
    "root_cause_coded_rate": _complaints(
        1, 2,
        complaint(1, "08-30", resolved_at="09-02", root_cause="staff"),
        complaint(2, "09-01", resolved_at="09-30 23:59"),
        complaint(3, "09-01", status="open", root_cause="staff"),
        complaint(4, "09-01", resolved_at="09-02", root_cause="staff", valid=False),
    ),
    # Promised for September: c1 kept, c2 (an enquiry) kept to the minute, c3 (a suggestion) late, c4 judged invalid and still
    # open: 2 of 4.  c5 was withdrawn, c6 repeats c1, c7 has no promise.
    "promise_kept_rate": _complaints(
        2, 4,
        complaint(1, "09-01", promised_at="09-03", resolved_at="09-02", **_NOISE),
        complaint(2, "09-01", promised_at="09-03", resolved_at="09-03", kind="enquiry"),
        complaint(3, "09-01", promised_at="09-03", resolved_at="09-04", kind="suggestion"),
        complaint(4, "09-01", promised_at="09-03", status="open", valid=False),
        complaint(5, "09-01", promised_at="09-03", resolved_at="09-02", status="withdrawn"),
        complaint(6, "09-02", promised_at="09-04", resolved_at="09-03", **_NOISE),
        complaint(7, "09-01", resolved_at="09-02"),
    ),
    # Of the security department: c1 in time, c2 (asking for help) late: 1 of 2.  c3 is another department's, c4 nobody's.
    "help_request_timeliness": _complaints(
        1, 2,
        complaint(1, "09-01", promised_at="09-03", resolved_at="09-02", department="秩序部"),
        complaint(2, "09-01", promised_at="09-03", resolved_at="09-04", department="Order & Security", kind="enquiry"),
        complaint(3, "09-01", promised_at="09-03", resolved_at="09-02", department="工程部"),
        complaint(4, "09-01", promised_at="09-03", resolved_at="09-02"),
    ),
    # Resolved in September: c1 and c2.  c3 is open, c4 was judged invalid, c5 an enquiry, c6 resolved in October.
    "complaints_handled_qty": _complaints(
        2, 2,
        complaint(1, "08-20", resolved_at="09-01"),
        complaint(2, "09-01", resolved_at="09-30 23:59"),
        complaint(3, "09-01", status="open"),
        complaint(4, "09-01", resolved_at="09-02", valid=False),
        complaint(5, "09-01", resolved_at="09-02", kind="enquiry"),
        complaint(6, "09-01", resolved_at="10-01"),
    ),
    # Received in September: c1 resolved that evening, c2 the next day, c3 never, c4 closed that day at an unknown time of
    # resolution: 2 of 4.  c5 was closed a day later: nobody knows.
    "on_the_spot_resolution_rate": _complaints(
        2, 4,
        complaint(1, "09-01 08:00", resolved_at="09-01 23:59"),
        complaint(2, "09-01 08:00", resolved_at="09-02"),
        complaint(3, "09-01", status="open"),
        complaint(4, "09-01 08:00", closed_at="09-01 20:00"),
        complaint(5, "09-01 08:00", closed_at="09-02 20:00"),
    ),
    # Not resolved on the day they came: c1 and c2, of which c1 was given a time: 1 of 2.  c3 was resolved that day.
    "follow_up_commitment_rate": _complaints(
        1, 2,
        complaint(1, "09-01 08:00", resolved_at="09-02", promised_at="09-04"),
        complaint(2, "09-01 08:00", status="open"),
        complaint(3, "09-01 08:00", resolved_at="09-01 09:00", promised_at="09-04"),
    ),
    # Contacts of September: c1 and its repeat c2, the enquiry c3, the invalid c4 and one praise: 5.  c5 was withdrawn.
    "channel_availability": Example(
        {
            "complaint": [
                complaint(1, "09-01", channel="phone", **_NOISE),
                complaint(2, "09-02", channel="app", **_NOISE),
                complaint(3, "09-03", kind="enquiry"),
                complaint(4, "09-04", valid=False, channel="phone"),
                complaint(5, "09-05", status="withdrawn", channel="phone"),
            ],
            "feedback": [{"community": "a", "feedback_id": "f1", "at": at("09-01"), "kind": "praise"}],
        },
        5, 5,
    ),
    # Needs of September: c1 (c2 repeats it), the suggestion c3, and the answers of h1 (of its two items, one need) and h2: 4.
    # h3's only answer is "don't know"; praise is no need.
    "needs_survey_channels": Example(
        {
            "complaint": [
                complaint(1, "09-01", **_NOISE),
                complaint(2, "09-02", **_NOISE),
                complaint(3, "09-03", kind="suggestion"),
            ],
            "feedback": [{"community": "a", "feedback_id": "f1", "at": at("09-01"), "kind": "praise"}],
            "survey_response": [answer(1, 5), answer(1, 2, item="clean"), answer(2, 1), answer(3, None)],
        },
        4, 4,
    ),
    # A thank-you, a banner and a letter in September; the fourth came in August.
    "praise_count": Example(
        {
            "feedback": [
                {"community": "a", "feedback_id": "f1", "at": at("09-01"), "kind": "praise"},
                {"community": "a", "feedback_id": "f2", "at": at("09-15"), "kind": "banner"},
                {"community": "a", "feedback_id": "f3", "at": at("09-30 23:59"), "kind": "letter"},
                {"community": "a", "feedback_id": "f4", "at": at("08-31 23:59"), "kind": "praise"},
            ]
        },
        3, 3,
    ),
}  # fmt: skip

# h1 5, h2 4, h3 3, h4 1, h5 "don't know", h6 answered 2 and then 4 (the last counts); h1 was also asked about cleaning.
_ANSWERS = (
    answer(1, 5),
    answer(2, 4),
    answer(3, 3),
    answer(4, 1),
    answer(5, None),
    answer(6, 2),
    answer(7, 4, household="h6", submitted_at="09-11 10:00"),
    answer(1, 2, item="clean"),
)
_WAVE = (Wave("w1", Text("", ""), "2025-09", "online", {"a": 20}),)

SATISFACTION = {
    # Five valid answers to the overall question: 5, 4, 3, 1, 4; satisfied are 5, 4 and 4.
    "owner_satisfaction": _survey(3, 5, *_ANSWERS),
    # Points above 1: 4 + 3 + 2 + 0 + 3 = 12 of 5 answers on a scale 4 long, 20.
    "owner_satisfaction_index": _survey(12, 20, *_ANSWERS),
    # All items together: three satisfied of five overall, none of one about cleaning.
    "satisfaction_by_item": _survey(3, 6, *_ANSWERS),
    # Over all ages and all areas these are the overall answers once more.
    "satisfaction_by_age": _survey(3, 5, *_ANSWERS),
    "satisfaction_by_area": _survey(3, 5, *_ANSWERS),
    # Only the 1 is dissatisfied; the 2 of h6 was withdrawn by its later answer.
    "dissatisfied_rate": _survey(1, 5, *_ANSWERS),
    # The others, the neutral 3 among them.
    "not_dissatisfied_rate": _survey(4, 5, *_ANSWERS),
    # Of 20 invited households h1, h2, h3, h4 and h6 gave a valid answer; "don't know" is not one.
    "survey_response_rate": _survey(5, 20, *_ANSWERS, waves=_WAVE),
}

FEES = {
    # b1: 100.00 due less 10.00 waived is 90.00, of which 60.00 paid and 10.00 refunded: 50.00.
    # b2: 100.00 due, 120.00 paid: 100.00, the rest is overpaid.  b3: 80.00 due, its 80.00 is a prepayment: 0.
    # b4 starts in October.  Paid 150.00 of 270.00 yuan, in fen.
    "fee_collection_rate_current": Example(
        {
            "fee_bill": [
                bill(1, 10_000, waiver_fen=1_000),
                bill(2, 10_000),
                bill(3, 8_000),
                bill(4, 500, period_start="10-01"),
            ],
            "fee_payment": [
                payment(1, "09-05", 6_000, bill_id="b1"),
                payment(2, "10-05", 1_000, bill_id="b1", is_refund=True),
                payment(3, "09-05", 12_000, household="h2", period_start="09-01"),
                payment(4, "09-05", 8_000, bill_id="b3", is_prepayment=True),
            ],
        },
        15_000, 27_000,
    ),
    # h1 has two bills and paid one; h2 paid its own; h3's bill is waived entirely, so nothing was billed: 1 of 2.
    "fee_collection_rate_households": Example(
        {
            "fee_bill": [bill(1, 1_000), bill(9, 500, household="h1"), bill(2, 1_000), bill(3, 700, waiver_fen=700)],
            "fee_payment": [payment(1, "09-05", 1_000, bill_id="b1"), payment(2, "09-05", 1_000, bill_id="b2")],
        },
        1, 2,
    ),
    # At the start of September b1 (July) stands at 100.00 − 30.00 = 70.00 and b2 (August) at 50.00: 120.00.
    # In September 40.00 came in on b1 and 60.00 on b2, of which 50.00 counts: 90.00.  b3 is September's own bill.
    "arrears_recovery_rate": Example(
        {
            "fee_bill": [
                bill(1, 10_000, period_start="07-01", period_end="07-31"),
                bill(2, 5_000, period_start="08-01", period_end="08-31"),
                bill(3, 9_000),
            ],
            "fee_payment": [
                payment(1, "08-10", 3_000, bill_id="b1"),
                payment(2, "09-10", 4_000, bill_id="b1"),
                payment(3, "09-20", 6_000, bill_id="b2"),
                payment(4, "10-01", 3_000, bill_id="b1"),
                payment(5, "09-15", 9_000, bill_id="b3"),
            ],
        },
        9_000, 12_000,
    ),
}  # fmt: skip

# At the cut-off of 2025-09-30 12:00 sharp: what is due or mature at that second is judged, what follows is not.
NOON = datetime(2025, 9, 30, 12)
EDGES: dict[str, Example] = {
    "repairs_on_time_rate": _orders(
        0, 1, order(1, "09-01", due_at="09-30 12:00"), order(2, "09-01", due_at="09-30 12:01"), as_of=NOON
    ),
    "repair_response_on_time_rate": _orders(
        0, 1, order(1, "09-30 11:30", status="waiting"), order(2, "09-30 11:31", status="waiting"), as_of=NOON
    ),
    "emergency_on_time_rate": _orders(
        0, 1, order(1, "09-30 11:30", urgency="emergency"), order(2, "09-30 11:31", urgency="emergency"), as_of=NOON
    ),
    "appointments_kept_rate": _orders(
        0, 1, order(1, "09-01", appointment_to="09-30 12:00"), order(2, "09-01", appointment_to="09-30 12:01"),
        as_of=NOON,
    ),
    "first_time_fix_rate": _orders(
        1, 1,
        order(1, "08-01", completed_at="08-31 12:00", household="h1", fault_type="leak", visit_count=1),
        order(2, "08-01", completed_at="08-31 12:01", household="h2", fault_type="leak", visit_count=1),
        month="2025-08", as_of=NOON,
    ),
    "revisit_rate": _orders(
        0, 1, order(1, "09-01", completed_at="09-27 12:00"), order(2, "09-01", completed_at="09-27 12:01"), as_of=NOON
    ),
    "complaint_on_time_rate": _complaints(
        0, 1, complaint(1, "09-01", promised_at="09-30 12:00"), complaint(2, "09-01", promised_at="09-30 12:01"),
        as_of=NOON,
    ),
    "first_contact_resolution_rate": _complaints(
        1, 1,
        complaint(1, "08-01", resolved_at="08-31 12:00", contacts=1, household="h1", type_l2="noise"),
        complaint(2, "08-01", resolved_at="08-31 12:01", contacts=1, household="h2", type_l2="noise"),
        month="2025-08", as_of=NOON,
    ),
    "complaint_revisit_rate": _complaints(
        0, 1, complaint(1, "09-01", resolved_at="09-27 12:00"), complaint(2, "09-01", resolved_at="09-27 12:01"),
        as_of=NOON,
    ),
    "issue_resolution_rate": _complaints(
        1, 2, complaint(1, "09-01", resolved_at="09-30 12:00"), complaint(2, "09-01", resolved_at="09-30 12:01"),
        as_of=NOON,
    ),
    # Before the day is over nothing is late: o1 is judged, o2 of the same day is not.
    "orders_on_the_spot_rate": _orders(
        0, 1, order(1, "09-29 10:00", status="waiting"), order(2, "09-30 10:00", status="waiting"), as_of=NOON
    ),
    "on_the_spot_resolution_rate": _complaints(
        0, 1, complaint(1, "09-29 10:00", status="open"), complaint(2, "09-30 10:00", status="open"), as_of=NOON
    ),
    "follow_up_commitment_rate": _complaints(
        0, 1, complaint(1, "09-29 10:00", status="open"), complaint(2, "09-30 10:00", status="open"), as_of=NOON
    ),
    "promise_kept_rate": _complaints(
        0, 1, complaint(1, "09-01", promised_at="09-30 12:00"), complaint(2, "09-01", promised_at="09-30 12:01"),
        as_of=NOON,
    ),
}  # fmt: skip


EXAMPLES: dict[str, Example] = REPAIRS | COMPLAINTS | SATISFACTION | FEES
"""The examples of the rooms described here; `tests.rooms` adds those of the others."""
