"""service_days: worked examples, random rows, and a slow recomputation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.examples import Example, ReadExample, at

Row = dict[str, Any]
START = datetime(2025, 1, 1)
_COLUMNS = "task_id,event_id,held_on,task_kind,owner,area,due_at,done_at,status"


def _made(head: Row, columns: Row) -> Row:
    row = {"community": "a"} | head | columns
    return {name: at(value) if name.endswith(("_on", "_at")) and isinstance(value, str) else value
            for name, value in row.items()}  # fmt: skip


def day(number: int, held: str, **columns: Any) -> Row:
    return _made({"event_id": f"d{number}", "held_on": held}, columns)


def task(number: int, kind: str, **columns: Any) -> Row:
    head = {"task_id": f"k{number}", "event_id": "d1", "held_on": "09-20", "task_kind": kind, "given": _COLUMNS}
    return _made(head, columns)


def _tasks(num: int, den: int, *rows: Row, **more: Any) -> Example:
    return Example({"service_day_task": list(rows)}, num, den, **more)


_TEAMS = (
    task(1, "repair", department="工程部", planned_persons=4, persons=3),
    task(2, "waste", department="工程部", planned_persons=2, persons=0),
    task(3, "waste", department="环境部", planned_persons=6, persons=0),
    task(4, "drill", department="秩序部", planned_persons=5),
    task(5, "drill", department="秩序部", planned_persons=2, persons=4),
    task(6, "other", department="客服部", planned_persons=3),
    task(7, "other", department="财务部", planned_persons=3, persons=3, status="cancelled"),
    task(8, "other", persons=3),
)
_CHECKS = (
    task(1, "inspection", unit="item", done_milli=40_000, found_new=6, fixed_new=4, done_at="09-20 11:00"),
    task(2, "inspection", unit="item", done_milli=12_000, found_new=2, fixed_new=3),
    task(3, "inspection", unit="item", done_milli=8_000, found_new=1, done_at="09-21 00:00"),
    task(4, "inspection", unit="item"),
    task(5, "repair", unit="item", done_milli=9_000, found_new=5, fixed_new=5),
    task(6, "inspection", unit="item", done_milli=5_000, found_new=5, fixed_new=5, status="cancelled"),
)
_GOALS = (
    task(1, "repair", task="维修", unit="item", target_milli=10_000, done_milli=10_000, done_at="09-20 17:00"),
    task(2, "cleaning", task="清洁", department="环境部", unit="building", target_milli=9_000, done_milli=7_000),
    task(3, "drill", task="演练", target_milli=1_000, done_milli=1_000, done_at="09-21 10:00", status="done"),
    task(4, "batch", task="整治", target_milli=5_000, status="carried_over", due_at="09-20 18:00"),
    task(5, "batch", task="归整", target_milli=5_000, status="done"),
    task(6, "other", task="接待", target_milli=5_000, done_milli=9_000, status="cancelled"),
    task(7, "other", task="展示", done_milli=9_000, done_at="09-20 12:00"),
    task(
        8,
        "other",
        task="回访",
        event_id="d0",
        held_on="03-15",
        target_milli=2_000,
        done_at="09-01 09:00",
        due_at="04-01",
    ),
    task(9, "repair", task="换泵", event_id="d0", held_on="03-15", status="in_progress", due_at="11-30"),
)

EXAMPLES: dict[str, Example] = {
    # k1 has all three, k2 no owner, k3 no area: 1 of 3.  k4 was cancelled; the export of k5 has no owners at all.
    "task_breakdown": _tasks(
        1, 3,
        task(1, "repair", owner="x", area="1栋", due_at="09-20 12:00"),
        task(2, "repair", area="1栋", due_at="09-20 12:00"),
        task(3, "repair", owner="x", due_at="09-20 12:00"),
        task(4, "repair", owner="x", area="1栋", due_at="09-20 12:00", status="cancelled"),
        task(5, "repair", area="1栋", due_at="09-20 12:00", given="area,due_at"),
    ),
    # k1 done at the last second of the day, k2 a second later, k3 still planned, k4 has no mark and no time: 1 of 4.
    # k5 is done and nobody knows when, k6 was cancelled, of k7 its export tells nothing.
    "service_day_done_rate": _tasks(
        1, 4,
        task(1, "repair", done_at=datetime(2025, 9, 20, 23, 59, 59)),
        task(2, "repair", done_at="09-21 00:00", status="done"),
        task(3, "repair", status="planned"),
        task(4, "repair"),
        task(5, "repair", status="done"),
        task(6, "repair", status="cancelled"),
        task(7, "repair", given="task_id"),
    ),
    # Goals of September: k1 reached; k2 fell short; k3 got there a day late; k4 stayed open: 1 of 4.  k5 is done but
    # nobody knows how much, k6 was cancelled, k7 has no goal, k8 is of March.
    "service_day_target_rate": _tasks(1, 4, *_GOALS),
    # The engineers came (k1), the cleaners did not, of the guards four came: 2 of 3.  Customer service is not told, the
    # accountants' task was cancelled, k8 names no department.
    "department_participation": _tasks(2, 3, *_TEAMS),
    # Engineers 3 of 6, cleaners 0 of 6, guards 4 of 2 (the other task does not tell who came).
    "people_participation": _tasks(7, 14, *_TEAMS),
    # 3 people for 2.5 hours and 2 for 4: 15.5 person-hours.  k3 does not tell the hours, k4 was cancelled.
    "resource_allocation": _tasks(
        15_500, 2,
        task(1, "repair", persons=3, hours_milli=2_500),
        task(2, "repair", persons=2, hours_milli=4_000),
        task(3, "repair", persons=2),
        task(4, "repair", persons=2, hours_milli=4_000, status="cancelled"),
    ),
    # 40 and 12 items; k3 was done the day after, k4 does not tell, k5 is no check.
    "preventive_checks": _tasks(52_000, 2, *_CHECKS),
    # 6 + 2 + 1 defects.
    "preventive_defects_found": _tasks(9, 3, *_CHECKS),
    # 4 of 6; k2 has fixed more than it found, k3 does not tell.
    "preventive_same_day_fix_rate": _tasks(4, 6, *_CHECKS),
    # From 20 to 5 and from 4 to 6: 13 of 24.  k3 does not tell what was left.
    "batch_resolution": _tasks(
        13, 24,
        task(1, "batch", backlog_before=20, backlog_after=5),
        task(2, "batch", backlog_before=4, backlog_after=6),
        task(3, "batch", backlog_before=9),
        task(4, "batch", backlog_before=9, backlog_after=0, status="cancelled"),
    ),
    # k1 and k2 took place; k3 was only planned.
    "team_showcase": _tasks(
        2, 2,
        task(1, "showcase", done_at="09-20 12:00"),
        task(2, "showcase", status="done"),
        task(3, "showcase", status="planned"),
        task(4, "repair", status="done"),
    ),
    # 80 and 45 came.
    "showcase_visitors": _tasks(
        125, 2,
        task(1, "showcase", visitors=80),
        task(2, "showcase", visitors=45),
        task(3, "showcase"),
        task(4, "repair", visitors=9),
        task(5, "showcase", visitors=9, status="cancelled"),
    ),
    # 9 and 3 repairs of the 20th.  On the 27th one task counts buildings, so that day is left out whole.
    "repairs_done_qty": _tasks(
        12_000, 2,
        task(1, "repair", unit="item", done_milli=9_000),
        task(2, "repair", unit="item", done_milli=3_000),
        task(3, "repair", event_id="d2", held_on="09-27", unit="item", done_milli=8_000),
        task(4, "repair", event_id="d2", held_on="09-27", unit="building", done_milli=2_000),
        task(5, "cleaning", unit="building", done_milli=2_000),
    ),
    # 2.4 and 1.1 tonnes.  k3 does not tell how much, so its unit does no harm; k4 was cancelled.
    "waste_cleared_tonnes": _tasks(
        3_500, 2,
        task(1, "waste", unit="tonne", done_milli=2_400),
        task(2, "waste", unit="tonne", done_milli=1_100),
        task(3, "waste", unit="kilogram"),
        task(4, "waste", unit="kilogram", done_milli=900_000, status="cancelled"),
    ),
    # 6 + 2 + 1 + 5.
    "new_issues_found": _tasks(14, 4, *_CHECKS),
}  # fmt: skip


def _goal(name: str, target: int, done: int | None, reached: int | None, **columns: Any) -> Row:
    head = {"held_on": at("09-20"), "task": name, "target_milli": target, "done_milli": done, "reached": reached}
    return head | columns


READ: dict[str, ReadExample] = {
    # k1 to k5; what k5 did nobody knows.
    "service_day_targets": ReadExample(
        {"service_day_task": list(_GOALS)},
        [
            _goal("维修", 10_000, 10_000, 1, unit="item"),
            _goal("清洁", 9_000, 7_000, 0, department="环境部", unit="building"),
            _goal("演练", 1_000, 1_000, 0),
            _goal("整治", 5_000, None, 0),
            _goal("归整", 5_000, None, None),
        ],
    ),
    # Of March k9 is still open; k8 was closed on 1 September, within the month asked for.  Of September k2 has neither time
    # nor mark, k3 was done a day later, k4 stayed open and is overdue.  k5 is done, nobody knows when.
    "carry_over_issues": ReadExample(
        {"service_day_task": list(_GOALS)},
        [
            {"held_on": at("03-15"), "task_id": "k8", "task_kind": "other", "task": "回访", "due_at": at("04-01"),
             "done_at": at("09-01 09:00"), "overdue": False},
            {"held_on": at("03-15"), "task_id": "k9", "task_kind": "repair", "task": "换泵", "due_at": at("11-30"),
             "overdue": False},
            {"held_on": at("09-20"), "task_id": "k2", "task_kind": "cleaning", "task": "清洁", "department": "环境部"},
            {"held_on": at("09-20"), "task_id": "k3", "task_kind": "drill", "task": "演练",
             "done_at": at("09-21 10:00"), "overdue": False},
            {"held_on": at("09-20"), "task_id": "k4", "task_kind": "batch", "task": "整治",
             "due_at": at("09-20 18:00"), "overdue": True},
        ],
    ),
    # March had a task with a goal and one without; neither was done that day, nobody counted people.
    "theme_days": ReadExample(
        {
            "service_day": [day(0, "03-15", theme="绿色环保"), day(1, "09-20", theme="敬老爱亲"), day(2, "10-18")],
            "service_day_task": [*_GOALS, task(10, "inspection", persons=3, found_new=2, done_at="09-20 09:00")],
        },
        [
            {"held_on": at("03-15"), "theme": "绿色环保", "tasks": 2, "done_that_day": 0, "goals": 1, "reached": 0},
            {"held_on": at("09-20"), "theme": "敬老爱亲", "tasks": 7, "done_that_day": 3, "goals": 5, "reached": 1,
             "persons": 3, "found_new": 2},
        ],
    ),
}  # fmt: skip

BORN = {"service_day": "held_on", "service_day_task": "held_on"}
LEARNT = {"service_day_task": {"done_at": ["status", "done_milli"]}}


def draw(rng, place, homes, size):
    """Random rows: two or three service days, tasks done at midnight, units that do not fit."""

    def some(*choices, known=0.8):
        return rng.choice(choices) if rng.random() < known else None

    dates = [START + timedelta(days=number) for number in sorted(rng.sample(range(270), 3))]
    days = [{"community": place, "event_id": f"d{number}", "held_on": held, "theme": some("环保", "敬老"),
             "file": f"{place}-service_day.csv"} for number, held in enumerate(dates)]  # fmt: skip
    lost = rng.choice(["owner", "done_at", "", "", ""])
    tasks = []
    for number in range(rng.randrange(2 * size)):
        event = rng.choice(days)
        end = event["held_on"] + timedelta(days=1)
        done = some(end - timedelta(hours=9), end - timedelta(seconds=1), end, end + timedelta(days=40), known=0.6)
        row = {
            "community": place, "task_id": f"k{number}", "event_id": some(event["event_id"], "d9", known=1),
            "held_on": event["held_on"], "task_kind": rng.choice(["inspection", "repair", "waste", "batch", "showcase"]),
            "department": some("工程部", "秩序部"), "owner": some("x"), "area": some("1栋"), "due_at": some(end),
            "done_at": done, "status": some("done") if done else some("planned", "carried_over", "done", "cancelled"),
            "unit": some("item", "tonne", "item", known=0.95), "target_milli": some(0, 1_000, 2_500, known=0.6),
            "done_milli": some(0, 1_000, 2_500), "planned_persons": some(0, 3), "persons": some(0, 2, 5),
            "hours_milli": some(500, 4_000), "found_new": some(0, 2, 4), "fixed_new": some(0, 2, 3),
            "backlog_before": some(0, 7), "backlog_after": some(0, 9), "visitors": some(0, 30),
            "file": f"{place}-service_day_task.csv",
            "given": ",".join(name for name in _COLUMNS.split(",") if name != lost),
        }  # fmt: skip
        tasks.append(row | ({lost: None} if lost else {}))
    return {"service_day": days, "service_day_task": tasks}


def marks(tables, as_of, definitions, households):
    themes = {(row["community"], row["event_id"]): row.get("theme") for row in tables.get("service_day", [])}
    rows = [row | {"theme": themes.get((row["community"], row["event_id"]))}
            for row in tables.get("service_day_task", []) if row.get("status") != "cancelled"]  # fmt: skip
    for row in rows:
        yield from _work(row, as_of)
        yield from _numbers(row)
        yield from _quantities(row, rows)
    yield from _teams(rows)


def _has(row: Row, column: str) -> bool:
    return "given" not in row or column in row["given"].split(",")


def _midnight(row: Row) -> datetime:
    return row["held_on"] + timedelta(days=1)


def _that_day(row: Row, as_of: datetime) -> bool | None:
    """Whether it was done before midnight, once that is known."""
    done, status = row.get("done_at"), row.get("status")
    if as_of < _midnight(row) - timedelta(seconds=1):
        return None
    if done is not None:
        return done < _midnight(row)
    if status == "done":
        return None
    if status in ("planned", "in_progress", "carried_over") or _has(row, "done_at"):
        return False
    return None


def _share(kpi: str, row: Row, answer: bool | None) -> Iterator[tuple]:
    if answer is not None:
        yield kpi, row, row["held_on"], 1, int(answer), 1


def _work(row: Row, as_of: datetime) -> Iterator[tuple]:
    that_day = _that_day(row, as_of)
    yield from _share("service_day_done_rate", row, that_day)
    if all(_has(row, name) for name in ("owner", "area", "due_at")):
        yield from _share("task_breakdown", row, all(row.get(name) is not None for name in ("owner", "area", "due_at")))
    goal, done = row.get("target_milli"), row.get("done_milli")
    if goal is None or as_of < _midnight(row) - timedelta(seconds=1):
        return
    if done is None:
        yield from _share("service_day_target_rate", row, False if that_day is False else None)
    else:
        late = row.get("done_at") is not None and row["done_at"] >= _midnight(row)
        yield from _share("service_day_target_rate", row, done >= goal and not late)


def _sum(kpi: str, row: Row, value: int | None) -> Iterator[tuple]:
    if value is not None:
        yield kpi, row, row["held_on"], 1, value, 1


def _numbers(row: Row) -> Iterator[tuple]:
    kind, found, fixed = row["task_kind"], row.get("found_new"), row.get("fixed_new")
    yield from _sum("new_issues_found", row, found)
    if row.get("persons") is not None and row.get("hours_milli") is not None:
        yield from _sum("resource_allocation", row, row["persons"] * row["hours_milli"])
    if kind == "inspection":
        yield from _sum("preventive_defects_found", row, found)
        if None not in (found, fixed) and fixed <= found:
            yield "preventive_same_day_fix_rate", row, row["held_on"], 1, fixed, found
    if kind == "showcase":
        yield from _sum("showcase_visitors", row, row.get("visitors"))
        if row.get("status") == "done" or row.get("done_at") is not None:
            yield from _sum("team_showcase", row, 1)
    before, after = row.get("backlog_before"), row.get("backlog_after")
    if None not in (before, after):
        yield "batch_resolution", row, row["held_on"], 1, before - after, before


def _quantity(row: Row) -> int | None:
    """What was done on the day itself."""
    done = row.get("done_at")
    return None if done is not None and done >= _midnight(row) else row.get("done_milli")


def _quantities(row: Row, rows: Sequence[Row]) -> Iterator[tuple]:
    wanted = {"inspection": ("preventive_checks", "item"), "repair": ("repairs_done_qty", "item"),
              "waste": ("waste_cleared_tonnes", "tonne")}  # fmt: skip
    if row["task_kind"] not in wanted:
        return
    kpi, unit = wanted[row["task_kind"]]
    same = [other for other in rows if _quantity(other) is not None and all(
        other[name] == row[name] for name in ("community", "event_id", "task_kind"))]  # fmt: skip
    if all(other.get("unit") == unit for other in same):
        yield from _sum(kpi, row, _quantity(row))


def _teams(rows: Sequence[Row]) -> Iterator[tuple]:
    teams: dict[tuple, list[Row]] = {}
    for row in rows:
        if row.get("department") is not None:
            key = (row["community"], row["event_id"], row["held_on"], row["department"])
            teams.setdefault(key, []).append(row)
    for ours in teams.values():
        came = [row.get("persons") for row in ours]
        answer = True if any(came) else None if None in came else False
        yield from _share("department_participation", ours[0], answer)
        both = [row for row in ours if row.get("persons") is not None and row.get("planned_persons") is not None]
        if both:
            people, planned = (sum(row[name] for row in both) for name in ("persons", "planned_persons"))
            yield "people_participation", ours[0], ours[0]["held_on"], 1, people, planned
