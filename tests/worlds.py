"""Small random worlds of canonical rows: messy but valid, drawn from a seed.  Computes no figure.

A world is plain lists of dictionaries, so that the oracle can read it without pandas; `frames` makes the tables of it.
Times are drawn so that limits are often met exactly: 30 minutes, 72 hours, 3 days, 30 days, the first of a month.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import pandas as pd
from hypothesis import strategies as st

from propkit import domains
from propkit.model import Cut, Definitions, Table, Wave
from propkit.text import Text
from tests.rooms import rooms

Row = dict[str, Any]
Rows = dict[str, list[Row]]

COMMUNITIES = ("yinhe", "lanting", "shuiyun")
START = datetime(2025, 1, 1)
DAYS = 270
MISSING = None
NOTE = Text("", "")


class World(NamedTuple):
    """Rows by table, and what a report is told besides them."""

    tables: Rows
    as_of: datetime
    definitions: Definitions
    waves: tuple[Wave, ...]
    households: Mapping[str, int]

    @property
    def cut(self) -> Cut:
        return Cut(pd.Timestamp(self.as_of).as_unit("s"), self.definitions, self.waves, self.households)

    @property
    def derived(self) -> dict[str, pd.DataFrame]:
        """Every table derived; a room none of whose tables has a row gives what it gives for nothing, made once."""
        there = {name for name, rows in self.tables.items() if rows}
        rooms = [made for reads, made in _rooms() if reads & there]
        shared = _nothing().keys() - set().union(*(made for _, made in _rooms()))
        made = domains.derive(frames(self.tables), self.cut, shared.union(there, *rooms))
        return {name: made[name] if len(made.get(name, ())) else rows for name, rows in _nothing().items()}

    def at(self, as_of: datetime) -> World:
        return self._replace(as_of=as_of)


@cache
def _nothing() -> dict[str, pd.DataFrame]:
    return domains.derive({}, World({}, START, Definitions(), (), {}).cut)


class _Asked(dict):
    """Tables that note which of them are asked for."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        super().__init__(tables)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> pd.DataFrame:
        self.names.add(name)
        return super().__getitem__(name)


@cache
def _rooms() -> list[tuple[set[str], set[str]]]:
    """The tables that each room of its own asks for, and those that it makes."""
    cut, found = World({}, START, Definitions(), (), {}).cut, []
    for room in domains.OWN:
        asked = _Asked({name: _nothing()[name] for name in domains.TABLES})
        made = set(room.derive(asked, cut))
        found.append((asked.names, made))
    return found


def world(seed: int, size: int = 14) -> World:
    """Draw a world: three communities, nine months, the data cut-off somewhere in the middle or at the end."""
    rng = random.Random(seed)
    tables: Rows = {name: [] for name in domains.TABLES}
    for place in COMMUNITIES:
        homes = [f"{place}-{number}" for number in range(1, rng.randint(2, 6))]
        tables["household"] += _register(rng, place, homes)
        orders = _orders(rng, place, homes, size)
        tables["work_order"] += orders
        tables["order_event"] += _events(rng, orders)
        tables["complaint"] += _complaints(rng, place, homes, size)
        tables["feedback"] += _praise(rng, place, size // 4)
        tables["survey_response"] += _answers(rng, place, homes, size)
        bills = _bills(rng, place, homes, size)
        tables["fee_bill"] += bills
        tables["fee_payment"] += _payments(rng, place, bills, size)
        for room in rooms():
            for name, rows in room.draw(rng, place, homes, size).items():
                tables[name] += rows
    as_of = START + timedelta(days=rng.choice([DAYS // 3, DAYS // 2, DAYS]), hours=rng.choice([0, 12]))
    definitions = _definitions(rng)
    if rng.random() < 0.5:  # the cut-off falls on the very second at which something is due or mature
        as_of = rng.choice(_edges(tables, definitions) or [as_of])
    sizes = {place: rng.randint(1, 40) for place in COMMUNITIES if rng.random() < 0.7}
    return World(tables, as_of, definitions, _waves(rng), sizes)


def worlds(size: int = 14) -> st.SearchStrategy[World]:
    """A Hypothesis strategy of worlds; a failing example is reproduced by its seed."""
    return st.integers(0, 10**6).map(lambda seed: world(seed, size))


def frames(tables: Mapping[str, list[Row]]) -> dict[str, pd.DataFrame]:
    """Make the canonical tables of plain rows, in the dtypes in which the store keeps them."""
    return {name: _frame(rows, domains.TABLES[name]) for name, rows in tables.items()}


# What an export made earlier could not have held: the instant, and what became known at it.
LEARNT = {
    "work_order": {
        "reported_at": [],
        "accepted_at": [],
        "arrived_at": [],
        "completed_at": ["visit_count", "no_access_visits"],
        "closed_at": ["status", "rating"],
        "revisited_at": ["revisit_score"],
    },
    "complaint": {
        "first_response_at": [],
        "resolved_at": ["contacts", "satisfaction", "root_cause"],
        "closed_at": ["status"],
        "revisited_at": [],
    },
}
BORN = {"work_order": "reported_at", "order_event": "at", "complaint": "received_at", "feedback": "at",
        "survey_response": "submitted_at", "fee_payment": "paid_at"}  # fmt: skip


def exported(made: World) -> Rows:
    """Return the rows of an export made at the cut-off: no later rows, and later events have not happened."""
    born = BORN | {name: column for room in rooms() for name, column in room.BORN.items()}
    all_learnt = LEARNT | {name: learnt for room in rooms() for name, learnt in room.LEARNT.items()}
    tables = {}
    for name, rows in made.tables.items():
        kept = [dict(row) for row in rows if name not in born or row[born[name]] <= made.as_of]
        for row in kept:
            for moment, learnt in all_learnt.get(name, {}).items():
                if row.get(moment) is not None and row[moment] > made.as_of:
                    row.update(dict.fromkeys([moment, *learnt]))
        tables[name] = kept
    return tables


def _frame(rows: list[Row], table: Table) -> pd.DataFrame:
    dtypes = {"community": "str", "building": "str", "file": "str", "given": "str"}
    dtypes |= {name: column.dtype for name, column in table.columns.items()}
    names = list(dict.fromkeys([*("community",), *table.columns, *(name for row in rows for name in row)]))
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        dtype = dtypes[name]
        if dtype.startswith("datetime"):
            columns[name] = pd.Series(pd.to_datetime(pd.Series(values, dtype="object")), dtype=dtype)
        else:
            columns[name] = pd.Series([pd.NA if value is None else value for value in values], dtype="object").astype(
                dtype
            )
    return pd.DataFrame(columns)


def _definitions(rng: random.Random) -> Definitions:
    return rng.choice([Definitions(), Definitions(7, 60, 15, 1, 14, 24)])


def _edges(tables: Rows, limits: Definitions) -> list[datetime]:
    """The moments at which a row of the world becomes due, or old enough to be judged."""
    waits = (
        ("work_order", "due_at", timedelta(0)),
        ("work_order", "appointment_to", timedelta(0)),
        ("work_order", "completed_at", timedelta(days=limits.recall_days)),
        ("work_order", "closed_at", timedelta(days=limits.revisit_days)),
        ("work_order", "reported_at", timedelta(minutes=limits.response_minutes)),
        ("complaint", "promised_at", timedelta(0)),
        ("complaint", "resolved_at", timedelta(days=limits.complaint_recall_days)),
        ("complaint", "resolved_at", timedelta(days=limits.revisit_days)),
        ("fee_payment", "paid_at", timedelta(0)),
    )
    ends = [("work_order", "reported_at"), ("complaint", "received_at")]  # the last second of the day
    days = [row[name].replace(hour=23, minute=59, second=59) for table, name in ends for row in tables[table]]
    return [*days, *(row[name] + wait for table, name, wait in waits for row in tables[table] if row.get(name))]


def _waves(rng: random.Random) -> tuple[Wave, ...]:
    invited = {place: rng.choice([1, 5, 30]) for place in COMMUNITIES if rng.random() < 0.8}
    return (
        Wave("w1", NOTE, "2025-03", "online", invited),
        Wave("w2", NOTE, "2025-07", "phone", {place: 20 for place in invited}),
    )


def _some(rng: random.Random, *choices: Any, known: float = 0.8) -> Any:
    return rng.choice(choices) if rng.random() < known else MISSING


def _instant(rng: random.Random) -> datetime:
    return START + timedelta(days=rng.randrange(DAYS), minutes=30 * rng.randrange(48), seconds=rng.choice([0, 0, 1]))


def _after(rng: random.Random, start: datetime | None, *deltas: timedelta, known: float = 0.8) -> datetime | None:
    return start + rng.choice(deltas) if start is not None and rng.random() < known else MISSING


def _minutes(*numbers: int) -> list[timedelta]:
    return [timedelta(minutes=number) for number in numbers]


def _days(*numbers: float) -> list[timedelta]:
    return [timedelta(days=number) for number in numbers]


def _building(home: str | None) -> str | None:
    return None if home is None else f"{int(home.rsplit('-', 1)[1]) % 2 + 1}号楼"


def _files(rng: random.Random, rows: list[Row], name: str, droppable: tuple[str, ...]) -> list[Row]:
    """Spread rows over one or two files; sometimes a file has no such column at all."""
    lost = rng.choice(droppable) if droppable and rng.random() < 0.25 else ""
    for row in rows:
        if lost:
            row[lost] = MISSING
        row["file"] = f"{row['community']}-{name}-{rng.choice('ab')}.csv"
        row["given"] = ",".join(column for column in domains.TABLES[name].columns if column != lost)
    return rows


def _register(rng: random.Random, place: str, homes: list[str]) -> list[Row]:
    if rng.random() < 0.3:
        return []
    rows = [
        {
            "community": place,
            "household": home,
            "building": _building(home),
            "zone": _some(rng, "东区", "西区"),
            "use": "home",
            "occupancy": _some(rng, "occupied", "occupied", "vacant"),
            "owner_type": _some(rng, *domains.SEGMENTS["owner_type"].choices),
            "age_band": _some(rng, *domains.SEGMENTS["age_band"].choices),
            "moved_in_on": _some(
                rng, START - timedelta(days=rng.choice([100, 400, 1300, 4000])), START + timedelta(days=200)
            ),
        }
        for home in homes
    ]
    rows[0]["occupancy"] = "occupied"
    return [row for row in rows if row["occupancy"] == "occupied" or rng.random() < 0.8]


def _orders(rng: random.Random, place: str, homes: list[str], size: int) -> list[Row]:
    rows: list[Row] = []
    for number in range(rng.randrange(size + 1)):
        again = rows and rng.random() < 0.4
        rows.append(_order(rng, place, homes, number, rng.choice(rows) if again else None))
    return _files(rng, rows, "work_order", ("accepted_at", "arrived_at", "completed_at", "rating", "revisited_at"))


def _order(rng: random.Random, place: str, homes: list[str], number: int, before: Row | None) -> Row:
    reported = _instant(rng)
    if before and before["completed_at"]:  # a recall, at or near the end of the window
        reported = before["completed_at"] + rng.choice([*_days(0, 6, 7, 29, 30, 30.5), timedelta(days=30, seconds=1)])
    home = before["household"] if before else _some(rng, *homes)
    accepted = _after(rng, reported, *_minutes(5, 30, 31, 60, 600))
    arrived = _after(rng, reported, *_minutes(10, 15, 30, 31, 90, 3000))
    completed = _after(rng, reported, *_minutes(60, 300, 1440, 20000))
    closed = _after(rng, completed, *_days(0, 1, 20), known=0.6)
    slot = _after(rng, reported, *_minutes(10, 30, 90), known=0.4)
    revisited = _after(rng, closed or completed, *_days(0.5, 1, 3, 3.01, 9), known=0.5)
    status = rng.choice(["done", "done", "done", "in_progress", "cancelled", "duplicate", "closed_without_work"])
    return {
        "community": place,
        "order_id": f"o{number}",
        "household": home,
        "building": _building(home),
        "public_area": before["public_area"] if before else (_some(rng, "大堂", "车库") if home is None else None),
        "asset_id": before["asset_id"] if before else (_some(rng, "电梯1", known=0.3) if home is None else None),
        "category": _some(rng, "水", "电"),
        "fault_type": before["fault_type"] if before and rng.random() < 0.8 else _some(rng, "漏水", "断电"),
        "urgency": _some(rng, "emergency", "routine", "routine"),
        "origin": _some(rng, "request", "inspection", "preventive"),
        "channel": _some(rng, "app", "phone"),
        "status": _some(rng, status, known=0.95),
        "reported_at": reported,
        "accepted_at": accepted,
        "arrived_at": arrived,
        "completed_at": completed,
        "closed_at": closed,
        "due_at": _after(rng, reported, *_minutes(300, 1440, 4320, 40000)),
        "appointment_from": slot,
        "appointment_to": _after(rng, slot, *_minutes(0, 60), known=0.9),
        "visit_count": _some(rng, 0, 1, 1, 1, 2, 3) if completed else None,
        "planned_multi_visit": _some(rng, True, False, False),
        "no_access_visits": _some(rng, 0, 1, known=0.5) if completed else None,
        "delay_reason": _some(rng, "staff", "parts", known=0.4),
        "rating": _some(rng, 1, 3, 4, 5, known=0.5),
        "revisited_at": revisited,
        "revisit_score": _some(rng, 2, 4, 5, known=0.7) if revisited else None,
    }


_LOGGED = {"accepted": "accepted_at", "arrived": "arrived_at", "completed": "completed_at", "closed": "closed_at"}


def _events(rng: random.Random, orders: list[Row]) -> list[Row]:
    """A log that knows instants which the register leaves out; some orders are completed twice."""
    rows = []
    for order in orders if rng.random() < 0.6 else []:
        for event, column in _LOGGED.items():
            at = order[column] or _after(rng, order["reported_at"], *_minutes(20, 30, 200, 5000), known=0.3)
            if at and rng.random() < 0.5:
                rows.append({"community": order["community"], "order_id": order["order_id"], "event": event, "at": at})
                if event == "completed" and rng.random() < 0.3:
                    rows.append(rows[-1] | {"at": at + timedelta(days=2)})
    unique = {tuple(row.values()): row for row in rows}
    return list(unique.values())


def _complaints(rng: random.Random, place: str, homes: list[str], size: int) -> list[Row]:
    rows: list[Row] = []
    for number in range(rng.randrange(size + 1)):
        before = rng.choice(rows) if rows and rng.random() < 0.4 else None
        rows.append(_complaint(rng, place, homes, number, before))
    droppable = ("resolved_at", "satisfaction", "revisited_at", "root_cause", "channel", "promised_at")
    return _files(rng, rows, "complaint", droppable)


def _complaint(rng: random.Random, place: str, homes: list[str], number: int, before: Row | None) -> Row:
    received = _instant(rng)
    if before:  # the same matter again: within or just outside the windows
        since = rng.choice([before["received_at"], before["resolved_at"] or before["received_at"]])
        received = since + rng.choice([*_days(0, 1, 3, 14, 29, 30, 31), timedelta(days=3, seconds=1)])
    home = before["household"] if before else _some(rng, *homes)
    resolved = _after(rng, received, *_days(0.1, 1, 3, 10))
    revisited = _after(rng, resolved, *_days(1, 3, 3.01, 8), known=0.6)
    return {
        "community": place,
        "complaint_id": f"c{number}",
        "kind": _some(rng, "complaint", "complaint", "complaint", "suggestion"),
        "household": home,
        "building": _building(home),
        "type_l1": before["type_l1"] if before else _some(rng, "服务", "噪音"),
        "type_l2": before["type_l2"] if before else _some(rng, "态度", "装修", known=0.6),
        "department": _some(rng, "客服", "工程", "秩序部", "Security"),
        "channel": _some(rng, "电话", "公众号"),
        "root_cause": _some(rng, "沟通", known=0.4),
        "status": _some(rng, "open", "resolved", "closed", "resolved", "closed", "withdrawn"),
        "received_at": received,
        "first_response_at": _after(rng, received, *_minutes(10, 500)),
        "promised_at": _after(rng, received, *_days(0.5, 1, 3, 40)),
        "resolved_at": resolved,
        "closed_at": _after(rng, resolved, *_days(0, 2), known=0.5),
        "valid": _some(rng, True, True, False, known=0.7),
        "duplicate_of": f"c{rng.randrange(number)}" if number and rng.random() < 0.1 else None,
        "contacts": _some(rng, 1, 1, 2, known=0.8) if resolved else None,
        "revisited_at": revisited,
        "satisfaction": _some(rng, 1, 3, 4, 5, known=0.6) if resolved else None,
    }


def _praise(rng: random.Random, place: str, size: int) -> list[Row]:
    rows = [
        {
            "community": place,
            "feedback_id": f"f{number}",
            "at": _instant(rng),
            "kind": rng.choice(["praise", "banner"]),
            "channel": _some(rng, "电话", "前台"),
        }
        for number in range(rng.randrange(size + 1))
    ]
    return _files(rng, rows, "feedback", ("channel",))


def _answers(rng: random.Random, place: str, homes: list[str], size: int) -> list[Row]:
    rows = []
    for number in range(rng.randrange(size + 1)):
        home = _some(rng, *homes, known=0.7)
        wave = rng.choice(["w1", "w1", "w2", "w3"])
        low, high, from_ = rng.choice([(1, 5, 4), (1, 5, 4), (1, 5, 4), (1, 5, None), (0, 10, 8)])
        head = {
            "community": place,
            "response_id": f"r{number}",
            "survey_id": wave,
            "submitted_at": _instant(rng),
            "mode": _some(rng, "online", "phone"),
            "household": home,
            "building": _building(home),
            "age_band": _some(rng, *domains.SEGMENTS["age_band"].choices, known=0.4),
            "scale_low": low,
            "scale_high": high,
            "satisfied_from": from_,
        }
        items = rng.sample(["overall", "clean", "guard"], rng.randint(1, 3))
        rows += [head | {"item": item, "score": _some(rng, *range(low, high + 1), known=0.85)} for item in items]
    return _files(rng, rows, "survey_response", ())


def _bills(rng: random.Random, place: str, homes: list[str], size: int) -> list[Row]:
    rows, taken = [], set()
    for number in range(rng.randrange(size + 1)):
        home, item, month = rng.choice(homes), _some(rng, "物业费", "车位费"), rng.randint(1, 8)
        if (home, item, month) in taken:
            continue
        taken.add((home, item, month))
        months = rng.choice([1, 1, 3])
        rows.append(
            {
                "community": place,
                "bill_id": f"b{number}",
                "household": home,
                "building": _building(home),
                "fee_item": item,
                "period_start": datetime(2025, month, rng.choice([1, 1, 15])),
                "period_end": datetime(2025, month + months, 1) - timedelta(days=1),
                "amount_due_fen": rng.choice([0, 100, 12_345, 10_000]),
                "waiver_fen": _some(rng, 0, 100, 5000, known=0.4),
                "discount_fen": _some(rng, 0, 45, known=0.4),
            }
        )
    return _files(rng, rows, "fee_bill", ())


def _payments(rng: random.Random, place: str, bills: list[Row], size: int) -> list[Row]:
    rows = []
    for number in range(rng.randrange(2 * size + 1) if bills else 0):
        bill = rng.choice(bills)
        named = rng.random() < 0.6
        paid = rng.choice([_instant(rng), bill["period_end"] + timedelta(days=1), bill["period_start"]])
        rows.append(
            {
                "community": place,
                "payment_id": f"p{number}",
                "bill_id": bill["bill_id"] if named else (_some(rng, "b999", known=0.1)),
                "household": _some(rng, bill["household"], known=0.9),
                "building": bill["building"],
                "fee_item": bill["fee_item"],
                "period_start": _some(rng, bill["period_start"], known=0.9),
                "paid_at": paid,
                "amount_fen": rng.choice([100, 5000, 10_000, 12_345, 20_000, -100]),
                "penalty_fen": _some(rng, 300, known=0.2),
                "is_prepayment": _some(rng, True, False, False, False),
                "is_refund": _some(rng, True, False, False, False),
            }
        )
    return _files(rng, rows, "fee_payment", ())
