"""Targets and actions: worked examples, random rows, and a slow recomputation."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.examples import Example, ReadExample, Row, at

BORN = {"action": "raised_on", "target": "set_on"}
LEARNT = {
    "action": {
        "raised_on": [],
        "done_on": [],
        "verified_on": [],
        "checked_on": ["checked_value_milli", "act_decision"],
    },
    "target": {"set_on": []},
}

_DAYS = ("raised_on", "due_on", "done_on", "verified_on", "checked_on", "start_on", "end_on", "set_on")
_PLAN = {"plan": "do it", "department": "works"}


def action(number: int, **columns: Any) -> Row:
    row = {"community": "a", "action_id": f"a{number}", "raised_on": "08-01"} | columns
    return row | {name: at(row[name]) for name in _DAYS if isinstance(row.get(name), str)}


def target(metric: str, **columns: Any) -> Row:
    row = {"community": "a", "metric_id": metric, "set_on": "08-01"} | columns
    return row | {name: at(row[name]) for name in _DAYS if isinstance(row.get(name), str)}


def _actions(num: int, den: int, *rows: Row, **more: Any) -> Example:
    return Example({"action": list(rows)}, num, den, **more)


_GOAL = {"target_milli": 95_000, "baseline_milli": 90_000, "unit": "%", "department": "works"}

EXAMPLES = {
    # Due in September: a1 and a2 (late, in October) are verified, a3 done only, a4 nothing: 2 of 4.  a5 is cancelled, a6 a
    # milestone, a7 due in October.
    "pdca_loop": _actions(
        2, 4,
        action(1, due_on="09-01", done_on="08-30", verified_on="09-01"),
        action(2, due_on="09-30", done_on="10-02", verified_on="10-09", action_kind="measure"),
        action(3, due_on="09-10", done_on="09-09"),
        action(4, due_on="09-10"),
        action(5, due_on="09-10", status="cancelled"),
        action(6, due_on="09-10", action_kind="milestone", done_on="09-10", verified_on="09-10"),
        action(7, due_on="10-01", done_on="09-10", verified_on="09-10"),
    ),
    # At noon of 30 September: a1, due the day before, is late; a2, due that day, may still be done; a3 was done on its due
    # day and a4 a day late; a5 has no day of completion but was verified in time; a6 was verified too late to say.
    "action_on_time_rate": _actions(
        2, 4,
        action(1, due_on="09-29"),
        action(2, due_on="09-30"),
        action(3, due_on="09-15", done_on="09-15"),
        action(4, due_on="09-15", done_on="09-16"),
        action(5, due_on="09-15", verified_on="09-14"),
        action(6, due_on="09-15", verified_on="09-16"),
        as_of=datetime(2025, 9, 30, 12),
    ),
    # Checked in September: a1 rose from 80 to the threshold of 90, exactly; a2 fell from 5 to 3 where 4 was asked; a3 rose
    # but not far enough; a4 was past its threshold all along and fell back; a5 has no threshold: outside.  a6 was told that
    # lower is better: 70 is past 75.  a7 is cancelled, a8 checked in October, a9 a project.  So 3 of 5.
    "action_effectiveness_rate": _actions(
        3, 5,
        action(1, baseline_milli=80_000, threshold_milli=90_000, checked_value_milli=90_000, checked_on="09-30"),
        action(2, baseline_milli=5_000, threshold_milli=4_000, checked_value_milli=3_000, checked_on="09-01"),
        action(3, baseline_milli=80_000, threshold_milli=90_000, checked_value_milli=89_999, checked_on="09-30"),
        action(4, baseline_milli=95_000, threshold_milli=90_000, direction="up", checked_value_milli=94_000, checked_on="09-30"),
        action(5, baseline_milli=80_000, checked_value_milli=95_000, checked_on="09-30"),
        action(6, baseline_milli=80_000, threshold_milli=75_000, direction="down", checked_value_milli=70_000, checked_on="09-30"),
        action(7, baseline_milli=8, threshold_milli=9, checked_value_milli=9, checked_on="09-30", status="cancelled"),
        action(8, baseline_milli=8, threshold_milli=9, checked_value_milli=9, checked_on="10-01"),
        action(9, baseline_milli=8, threshold_milli=9, checked_value_milli=9, checked_on="09-01", action_kind="project"),
    ),
    # Due in September: the measure a1 and the milestone a2 are done, a3 verified without a day of completion, the project a4
    # is not done: 3 of 4.  a5 is cancelled.
    "key_task_review": _actions(
        3, 4,
        action(1, due_on="09-01", done_on="10-01"),
        action(2, due_on="09-01", done_on="08-20", action_kind="milestone"),
        action(3, due_on="09-30", verified_on="10-05"),
        action(4, due_on="09-30", action_kind="project"),
        action(5, due_on="09-30", status="cancelled"),
    ),
    # Of the milestones due in September one is done, one not; the measure is none.
    "phase_results": _actions(
        1, 2,
        action(1, due_on="09-30", done_on="09-30", action_kind="milestone", phase="one"),
        action(2, due_on="09-30", action_kind="milestone", phase="one"),
        action(3, due_on="09-30", done_on="09-30", action_kind="measure", phase="one"),
    ),
    # Targets that begin in September: m1 has all; m3 begins by its own day, though its period says October; m4 has no baseline,
    # m5 no end: 2 of 4.  m2's quarter begins in July.
    "smart_goals": Example(
        {
            "target": [
                target("m1", period="2025-09", **_GOAL),
                target("m2", period="2025Q3", **_GOAL),
                target("m3", period="2025年10月", start_on="09-15", **_GOAL),
                target("m4", period="202509", **_GOAL | {"baseline_milli": None}),
                target("m5", start_on="09-01", **_GOAL),
            ]
        },
        2, 4,
    ),
    # Raised in September: "noise" (first raised in September, a measure in October), "lift" with a cancelled measure only, and
    # "dust" with none: 1 of 3.  "leak" was first raised in August.
    "measure_mapping": _actions(
        1, 3,
        action(1, issue="noise", raised_on="09-05"),
        action(2, issue="noise", raised_on="10-05", **_PLAN),
        action(3, issue="lift", raised_on="09-05", status="cancelled", **_PLAN),
        action(4, issue="dust", raised_on="09-30"),
        action(5, issue="leak", raised_on="08-31"),
        action(6, issue="leak", raised_on="09-01", **_PLAN),
    ),
}  # fmt: skip

_LIST = (
    action(1, issue="noise", metric_id="m1", due_on="09-10", done_on="09-08", verified_on="09-20", **_PLAN),
    action(2, issue="dust", due_on="09-10", done_on="10-02", **_PLAN),
    action(3, issue="lift", due_on="09-30", **_PLAN),
    action(4, issue="leak", due_on="08-20", done_on="08-31", **_PLAN),
    action(5, issue="gate", due_on="09-10", raised_on="10-01", **_PLAN),
    action(6, issue="bins", due_on="09-10"),
    action(7, issue="dogs", due_on="09-10", status="cancelled", **_PLAN),
    action(8, due_on="09-20", action_kind="project", phase="one", plan="cameras"),
    action(9, issue="dark", due_on="09-11", done_on="09-30", plan="lamps"),
)

READ = {
    # State of 30 September: a1 verified; a9 done that day; a2 was done in October only, so it stands 20 days over; a3 is due
    # that very day, which is over with its last second: overdue by 0 days.  a4 was done in August, a5 raised in October, a6
    # has no measure, a7 is cancelled, a8 a project.
    "improvement_measures": ReadExample(
        {"action": list(_LIST)},
        [
            {"action_id": "a1", "issue": "noise", "metric_id": "m1", "due_on": at("09-10"), "state": "verified"}
            | _PLAN,
            {"action_id": "a2", "issue": "dust", "due_on": at("09-10"), "state": "overdue", "days_over": 20} | _PLAN,
            {"action_id": "a9", "issue": "dark", "due_on": at("09-11"), "state": "done", "plan": "lamps"},
            {"action_id": "a3", "issue": "lift", "due_on": at("09-30"), "state": "overdue", "days_over": 0} | _PLAN,
        ],
    ),
    "key_projects": ReadExample(
        {"action": list(_LIST)},
        [
            {
                "action_id": "a8",
                "plan": "cameras",
                "phase": "one",
                "due_on": at("09-20"),
                "state": "overdue",
                "days_over": 10,
            }
        ],
    ),
    # At the end of September: a1 was done in September (check), a2 decided in September (act), a3 done in October (do), a4
    # lacks a department (plan), a5 checked and not decided (check), a6 decided by a check in October: done, so check.
    "pdca_stages": ReadExample(
        {
            "action": [
                action(1, due_on="09-10", done_on="09-08", **_PLAN),
                action(2, due_on="09-10", done_on="09-08", checked_on="09-30", act_decision="standardise", **_PLAN),
                action(3, due_on="09-10", done_on="10-01", **_PLAN),
                action(4, due_on="09-10", plan="x"),
                action(5, due_on="09-10", checked_on="09-20", **_PLAN),
                action(6, due_on="09-10", done_on="09-08", checked_on="10-01", act_decision="stop", **_PLAN),
                action(7, due_on="09-10", status="cancelled", **_PLAN),
                action(8, due_on="09-10", raised_on="10-01", **_PLAN),
            ]
        },
        [
            {"stage": "plan", "actions": 1},
            {"stage": "do", "actions": 1},
            {"stage": "check", "actions": 3},
            {"stage": "act", "actions": 1},
        ],
    ),
    # "lift" has a cancelled measure only, "dust" none; "noise" has one; "late" was raised in October.
    "problems_without_measure": ReadExample(
        {
            "action": [
                action(1, issue="noise", raised_on="09-05", **_PLAN),
                action(2, issue="lift", raised_on="09-05", metric_id="m2", status="cancelled", **_PLAN),
                action(3, issue="dust", raised_on="08-30", problem="cleaning"),
                action(4, issue="late", raised_on="10-01"),
            ]
        },
        [
            {"issue": "dust", "problem": "cleaning", "raised_on": at("08-30")},
            {"issue": "lift", "metric_id": "m2", "raised_on": at("09-05")},
        ],
    ),
    # After September: the targets of October and of the fourth quarter, that of m4 though it was set in October; a1 is due in
    # October.  a2 was done in September, a3 was due in September, a4 is cancelled; the target of September is over, and m5
    # was set in November, when October was over too.
    "next_period_plan": ReadExample(
        {
            "target": [
                target("m1", period="2025-10", target_milli=95_000, unit="%", department="works"),
                target("m2", period="2025Q4", target_milli=4_500),
                target("m3", period="2025-09"),
                target("m4", period="2025-10", set_on="10-31"),
                target("m5", period="2026", set_on="11-01"),
            ],
            "action": [
                action(1, metric_id="m1", due_on="10-15", **_PLAN),
                action(2, due_on="10-15", done_on="09-20", **_PLAN),
                action(3, due_on="09-15", **_PLAN),
                action(4, due_on="10-15", status="cancelled", **_PLAN),
            ],
        },
        [
            {"entry": "action", "metric_id": "m1", "due_on": at("10-15")} | _PLAN,
            {
                "entry": "target",
                "metric_id": "m1",
                "department": "works",
                "start_on": at("10-01"),
                "due_on": at("10-31"),
            }
            | {"target_milli": 95_000, "unit": "%"},
            {
                "entry": "target",
                "metric_id": "m2",
                "start_on": at("10-01"),
                "due_on": at("12-31"),
                "target_milli": 4_500,
            },
            {"entry": "target", "metric_id": "m4", "start_on": at("10-01"), "due_on": at("10-31")},
        ],
        as_of=datetime(2025, 11, 30),
    ),
    # Due in October: two measures for m1, one of them without a department, and one that names no metric.  m2 has a target
    # for the quarter and no measure; a4 is due in November.
    "next_period_quality_measures": ReadExample(
        {
            "target": [target("m2", period="2025年第三季度"), target("m3", period="2025-08")],
            "action": [
                action(1, metric_id="m1", due_on="10-15", **_PLAN),
                action(2, metric_id="m1", due_on="10-02", plan="x"),
                action(3, due_on="10-31", **_PLAN),
                action(4, metric_id="m2", due_on="11-01", **_PLAN),
                action(5, metric_id="m1", due_on="10-01"),
            ],
        },
        [
            {"metric_id": "m1", "measures": 2, "complete": 1, "first_due_on": at("10-02")},
            {"metric_id": "m2", "measures": 0, "complete": 0},
            {"metric_id": None, "measures": 1, "complete": 1, "first_due_on": at("10-31")},
        ],
    ),
    # For 2026: the target of the year, not those of its first half or of 2025.
    "annual_goals": ReadExample(
        {
            "target": [
                target("m1", period="2026年度", direction="up", **_GOAL),
                target("m2", period="2026", target_milli=0),
                target("m3", period="2026H1", **_GOAL),
                target("m4", period="2025", **_GOAL),
            ]
        },
        [
            {"metric_id": "m1", "direction": "up", "complete": True} | _GOAL,
            {"metric_id": "m2", "target_milli": 0, "complete": False},
        ],
    ),
}


# Random rows ---------------------------------------------------------------------------------------------------------

_START = datetime(2025, 1, 1)


def draw(rng, place, homes, size):
    actions = [_drawn_action(rng, place, number) for number in range(rng.randrange(size + 1))]
    targets = [_drawn_target(rng, place, number) for number in range(rng.randrange(size // 2 + 1))]
    lost = ("plan", "done_on", "verified_on", "baseline_milli", "unit", "period")
    return {"action": _given(rng, actions, lost), "target": _given(rng, targets, lost)}


def _given(rng, rows: list[Row], droppable: tuple[str, ...]) -> list[Row]:
    """Say which columns the file of each row has; sometimes most of them come from a file without one of them."""
    lost = rng.choice(droppable) if rng.random() < 0.3 else ""
    for row in rows:
        gone = lost if lost in row and rng.random() < 0.7 else ""
        row |= {gone: None} if gone else {}
        row["given"] = ",".join(name for name in row if name not in ("", gone))
    return rows


def _day(rng) -> datetime:
    return _START + timedelta(days=rng.randrange(270))


def _some(rng, *choices: Any, known: float = 0.8) -> Any:
    return rng.choice(choices) if rng.random() < known else None


def _drawn_action(rng, place: str, number: int) -> Row:
    raised = _day(rng)
    due = _some(rng, *(raised + timedelta(days=days) for days in (0, 10, 30, 60)), known=0.9)
    done = _some(rng, *(max(raised, (due or raised) + timedelta(days=days)) for days in (-5, 0, 1, 20)), known=0.6)
    verified = _some(rng, *((done or raised) + timedelta(days=days) for days in (0, 1, 9)), known=0.5)
    checked = _some(rng, *((done or raised) + timedelta(days=days) for days in (0, 15, 31)), known=0.5)
    return {
        "community": place,
        "action_id": f"a{number}",
        "issue": _some(rng, "噪音", "渗漏", "门禁"),
        "problem": _some(rng, "服务", "设施"),
        "metric_id": _some(rng, "m1", "m2"),
        "plan": _some(rng, "整改", "加派"),
        "department": _some(rng, "客服", "工程"),
        "action_kind": _some(rng, "measure", "measure", "milestone", "project"),
        "phase": _some(rng, "第一阶段", "第二阶段"),
        "raised_on": raised,
        "due_on": due,
        "done_on": done,
        "verified_on": verified,
        "checked_on": checked,
        "baseline_milli": _some(rng, 80_000, 90_000),
        "threshold_milli": _some(rng, 80_000, 90_000, 95_000),
        "direction": _some(rng, "up", "down", known=0.4),
        "checked_value_milli": _some(rng, 80_000, 90_000, 95_000) if checked else None,
        "act_decision": _some(rng, "standardise", "adjust", "stop", known=0.5) if checked else None,
        "status": _some(rng, "in_progress", "done", "verified", "cancelled"),
    }


def _drawn_target(rng, place: str, number: int) -> Row:
    start = _some(rng, _day(rng), known=0.3)
    return {
        "community": place,
        "metric_id": f"m{number}",
        "period": _some(rng, "2025-03", "2025Q2", "2025", "2025年5月", "2025年第二季度", "2025H1", "soon", "2025-13"),
        "start_on": start,
        "end_on": _some(rng, start + timedelta(days=30), known=0.7) if start else None,
        "target_milli": _some(rng, 95_000, 0),
        "baseline_milli": _some(rng, 90_000),
        "direction": _some(rng, "up", "down"),
        "unit": _some(rng, "%"),
        "department": _some(rng, "客服", "工程"),
        "set_on": _day(rng),
    }


# Once more, slowly ---------------------------------------------------------------------------------------------------


def marks(tables, as_of, definitions, households) -> Iterator[tuple]:
    actions = tables.get("action", [])
    for row in actions:
        if row.get("status") != "cancelled":
            yield from _due(row | {"action_kind": row.get("action_kind") or "measure"}, as_of)
            yield from _check(row | {"action_kind": row.get("action_kind") or "measure"})
    yield from _problems(actions)
    for row in tables.get("target", []):
        yield from _target(row)


def _has(row: Row, column: str) -> bool:
    return "given" not in row or column in row["given"].split(",")


def _share(kpi: str, row: Row, date: datetime | None, answer: bool | None) -> Iterator[tuple]:
    if answer is not None:
        yield kpi, row, date, 1, int(answer), 1


def _due(row: Row, as_of: datetime) -> Iterator[tuple]:
    due, done, verified = row.get("due_on"), row.get("done_on"), row.get("verified_on")
    if due is None or due.replace(hour=23, minute=59, second=59) > as_of:
        return
    if row["action_kind"] == "measure" and _has(row, "verified_on"):
        yield from _share("pdca_loop", row, due, verified is not None)
    finished = done is not None or verified is not None
    if not finished and not _has(row, "done_on"):
        return
    yield from _share("key_task_review", row, due, finished)
    if row["action_kind"] == "milestone":
        yield from _share("phase_results", row, due, finished)
    if done is not None or verified is None:
        yield from _share("action_on_time_rate", row, due, done is not None and done <= due)
    elif verified <= due:
        yield from _share("action_on_time_rate", row, due, True)


def _check(row: Row) -> Iterator[tuple]:
    names = ("baseline_milli", "threshold_milli", "checked_value_milli")
    before, goal, value = (row.get(name) for name in names)
    if row["action_kind"] != "measure" or None in (before, goal, value):
        return
    direction = row.get("direction") or ("up" if goal > before else "down" if goal < before else None)
    if direction is not None:
        better = value >= goal and value > before if direction == "up" else value <= goal and value < before
        yield from _share("action_effectiveness_rate", row, row.get("checked_on"), better)


def _problems(actions: list[Row]) -> Iterator[tuple]:
    named: dict[tuple[str, str], list[Row]] = {}
    for row in actions:
        if row.get("issue") is not None:
            named.setdefault((row["community"], row["issue"]), []).append(row)
    for (place, issue), rows in named.items():
        raised = [row["raised_on"] for row in rows if row.get("raised_on") is not None]
        answered = any(row.get("plan") is not None and row.get("status") != "cancelled" for row in rows)
        unknown = any(not _has(row, "plan") for row in rows)
        mark = {"community": place, "issue": issue}
        yield from _share(
            "measure_mapping", mark, min(raised) if raised else None, None if unknown and not answered else answered
        )


_WORDS = {"一": 1, "二": 2, "三": 3, "四": 4}


def _stretch(text: str | None) -> tuple[datetime | None, datetime | None]:
    """The first and last day of 2025-03, 2025年5月, 2025Q2, 2025年第二季度, 2025H1, 2025, 2025年度."""
    if text is None or not re.match(r"\d{4}", text):
        return None, None
    year, rest = int(text[:4]), text[4:]
    if rest in ("", "年", "年度"):
        first, last = 1, 12
    elif found := re.fullmatch(r"H([12])", rest):
        first, last = 6 * int(found[1]) - 5, 6 * int(found[1])
    elif found := re.fullmatch(r"Q([1-4])|年第([一二三四])季度", rest):
        quarter = int(found[1] or _WORDS.get(found[2], 0))
        first, last = 3 * quarter - 2, 3 * quarter
    elif found := re.fullmatch(r"[-年]?(\d{1,2})月?", rest):
        first = last = int(found[1])
    else:
        return None, None
    if last > 12:
        return None, None
    return datetime(year, first, 1), datetime(year, last, calendar.monthrange(year, last)[1])


def _target(row: Row) -> Iterator[tuple]:
    first, last = _stretch(row.get("period"))
    start, end = row.get("start_on") or first, row.get("end_on") or last
    needed = ("target_milli", "baseline_milli", "unit", "department")
    if not all(_has(row, name) for name in needed) or not (_has(row, "period") or _has(row, "end_on")):
        return
    complete = end is not None and all(row.get(name) is not None for name in needed)
    yield from _share("smart_goals", row, start, complete)
