"""Work orders as they really were: what broke, who came when, what was still open on the last day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from propkit.demo.chance import Chance, month_ends
from propkit.demo.estates import MONTHS, Estate, Home

Row = dict[str, object]


@dataclass(frozen=True)
class Fault:
    """A kind of fault: how often, how urgent, how long the work takes (minutes) and how long is allowed (hours)."""

    category: str
    name: str
    weight: int
    urgent: float
    work: int
    due: int
    asset: str = ""
    is_public: bool = False
    season: tuple[int, ...] = ()


FAULTS = (
    Fault("水电维修", "水管渗漏", 20, 0.30, 50, 24, season=(6, 7, 8)),
    Fault("水电维修", "下水堵塞", 14, 0.25, 45, 24),
    Fault("水电维修", "电路跳闸", 12, 0.35, 35, 24, season=(7, 8, 12, 1)),
    Fault("门窗五金", "门锁故障", 10, 0.10, 30, 48),
    Fault("门窗五金", "窗户故障", 6, 0.02, 40, 72),
    Fault("供暖", "暖气不热", 4, 0.05, 60, 48, season=(11, 12, 1, 2)),
    Fault("弱电", "可视对讲故障", 7, 0.01, 30, 72),
    Fault("电梯", "电梯故障", 8, 0.45, 90, 24, "DT", True),
    Fault("公共照明", "楼道灯不亮", 9, 0.01, 20, 72, "", True),
    Fault("门禁道闸", "单元门禁故障", 6, 0.05, 40, 48, "MJ", True),
    Fault("消防", "消防设施缺损", 3, 0.20, 60, 48, "XF", True),
)
HIDDEN = ("after", "ending", "pauses", "home")
"""What an order knows of itself that no export tells."""

_SEASONS = {1: 1.05, 2: 0.7, 3: 0.95, 4: 0.9, 6: 1.1, 7: 1.25, 8: 1.2, 11: 1.25, 12: 1.1}
_TROUBLED = {("yinhe", "2025-02"): 1.7, ("yinhe", "2025-03"): 1.6, ("cuihu", "2025-07"): 1.5}
_BETTER_SINCE = {"yinhe": "2025-04"}
_ENDINGS = {"done": 952, "stuck": 14, "cancelled": 20, "closed_without_work": 14}
_CHANNELS = {"app": 48, "phone": 27, "desk": 20, "other": 5}
_REASONS = {"staff": 35, "parts": 30, "access": 15, "contractor": 12, "process": 6, "other": 2}
_BY_NAME = {fault.name: fault for fault in FAULTS}
CLUSTER_BUILDING = 7
"""Building 7 of cuihu: leaks come back there from May to July 2025 (the recall cluster)."""


def orders(estate: Estate, homes: Sequence[Home], seed: int) -> list[Row]:
    """Return every order of `estate` in its full life; `state_at` says what was known of it on a day."""
    chance = Chance(seed, f"orders/{estate.id}")
    lived_in = [home for home in homes if home.occupancy == "occupied"]
    found = []
    for month in MONTHS:
        expected = estate.orders * len(homes) * _SEASONS.get(int(month[5:]), 1.0)
        for _ in range(chance.count(expected)):
            found += _with_echo(_order(estate, month, lived_in, chance), chance)
    found += _cluster(estate, homes, chance)
    kept = [row for row in found if f"{row['reported_at']:%Y-%m}" in MONTHS]
    return _numbered(estate, sorted(kept, key=lambda row: row["reported_at"]))


def state_at(order: Row, at: datetime) -> Row:
    """Return what was known of an order at `at`, without what only the order knows of itself."""
    row = {name: value for name, value in order.items() if name not in HIDDEN}
    for name in _MOMENTS:
        if row[name] is not None and row[name] > at:
            row[name] = None
    if row["completed_at"] is None:
        row |= {"visit_count": None, "no_access_visits": None}
    if row["closed_at"] is None:
        row["rating"] = None
    if row["revisited_at"] is None:
        row["revisit_score"] = None
    late = row["completed_at"] is not None and row["due_at"] < row["completed_at"]
    known = [row[name] for name in _MOMENTS if row[name] is not None]
    return row | {
        "status": _status(order, row),
        "delay_reason": order["delay_reason"] if late else None,
        "updated_at": max(known),
    }


def events(orders: Iterable[Row], at: datetime) -> list[Row]:
    """Return the event log (工单流转) of `orders` as it stood at `at`."""
    return [
        {"community": order["community"], "order_id": order["order_id"], "event": event, "at": moment}
        for order in orders
        for event, moment in _log(order)
        if moment is not None and moment <= at
    ]


_MOMENTS = (
    "reported_at", "dispatched_at", "accepted_at", "arrived_at", "completed_at", "closed_at", "revisited_at",
)  # fmt: skip


def _log(order: Row) -> list[tuple[str, datetime | None]]:
    pauses = order["pauses"]
    paused = [("paused", pauses[0]), ("resumed", pauses[1])] if pauses else []
    return [
        ("created", order["reported_at"]),
        ("dispatched", order["dispatched_at"]),
        ("accepted", order["accepted_at"]),
        ("arrived", order["arrived_at"]),
        *paused,
        ("completed", order["completed_at"]),
        ("closed", order["closed_at"]),
        ("revisited", order["revisited_at"]),
    ]


def _status(order: Row, row: Row) -> str:
    if row["closed_at"] is not None:
        return "done" if order["ending"] == "stuck" else str(order["ending"])
    if row["completed_at"] is not None:
        return str(order["after"])
    if row["arrived_at"] is not None and order["pauses"] and order["completed_at"] is None:
        return "paused"
    return "in_progress" if row["accepted_at"] is not None else "waiting"


def _order(estate: Estate, month: str, homes: Sequence[Home], chance: Chance) -> Row:
    """Return one order of `month` with all that will ever happen to it."""
    weights = {fault: fault.weight * (2.5 if int(month[5:]) in fault.season else 1) for fault in FAULTS}
    fault = chance.pick(weights)
    home = chance.one(homes)
    if fault.name == "暖气不热" and int(month[5:]) not in fault.season:
        fault = _BY_NAME["水管渗漏"]
    return _life(estate, fault, home, chance.moment(month), chance)


def _life(estate: Estate, fault: Fault, home: Home, reported: datetime, chance: Chance, ending: str = "") -> Row:
    urgency = "emergency" if chance.yes(fault.urgent) else "routine"
    pace = _pace(estate, f"{reported:%Y-%m}")
    row = {
        "community": estate.id,
        "home": home,
        **_where(fault, home),
        "category": fault.category,
        "fault_type": fault.name,
        "urgency": urgency,
        **_from_whom(fault, chance),
        "reported_at": reported,
        "due_at": reported + timedelta(hours=4 if urgency == "emergency" else fault.due),
        "appointment_from": None,
        "appointment_to": None,
        "ending": ending or chance.pick(_ENDINGS),
    }
    row |= _work(row, fault, pace, chance)
    row["delay_reason"] = chance.pick(_REASONS)
    return row | _aftermath(row, chance)


def _pace(estate: Estate, month: str) -> float:
    better = 0.75 if month >= _BETTER_SINCE.get(estate.id, "9999") else 1.0
    return estate.pace * _TROUBLED.get((estate.id, month), 1.0) * better


def _where(fault: Fault, home: Home) -> Row:
    if not fault.is_public:
        return {"household": home.household, "public_area": None, "asset_id": None}
    building, unit = home.block.number, max(home.unit, 1)
    asset = f"{fault.asset}-{building:02}-{unit}" if fault.asset else None
    return {"household": None, "public_area": f"{building}栋{unit}单元{_SPOTS[fault.name]}", "asset_id": asset}


_SPOTS = {"电梯故障": "电梯", "楼道灯不亮": "楼道", "单元门禁故障": "大堂", "消防设施缺损": "消防通道"}


def _from_whom(fault: Fault, chance: Chance) -> Row:
    if fault.is_public and chance.yes(0.4):
        return {"origin": chance.pick({"inspection": 8, "preventive": 2}), "channel": "inspection"}
    return {"origin": "request", "channel": chance.pick(_CHANNELS)}


def _work(row: Row, fault: Fault, pace: float, chance: Chance) -> Row:
    """Return dispatch, acceptance, arrival, completion and visits of one order."""
    reported = row["reported_at"]
    night = 2.2 if not 7 <= reported.hour < 21 else 1.0
    is_urgent = row["urgency"] == "emergency"
    dispatched = reported + chance.minutes((3 if is_urgent else 5) * night * pace)
    accepted = dispatched + chance.minutes((4 if is_urgent else 7) * night * pace)
    if is_urgent:
        arrived = accepted + chance.minutes(9 * pace * (1 if night == 1 else 1.3), 0.5)
    else:
        booked = _appointment(row, accepted, chance)
        arrived = booked or _in_hours(accepted + chance.minutes(150 * pace, 1.0), chance)
    completed = arrived + chance.minutes(fault.work, 0.6)
    again = 0 if chance.yes(0.82) else chance.pick({1: 75, 2: 25})
    if chance.yes(0.05):
        completed += chance.minutes(3 * 1440)
    for _ in range(again):
        completed = _in_hours(completed + chance.minutes(1440 * pace, 0.6), chance)
    no_access = 1 if again and row["household"] and chance.yes(0.25) else 0
    pauses = (arrived, arrived + (completed - arrived) / 2) if again and chance.yes(0.2) else None
    pauses = tuple(moment.replace(second=0, microsecond=0) for moment in pauses) if pauses else None
    return {
        "dispatched_at": dispatched,
        "accepted_at": accepted,
        "arrived_at": arrived,
        "completed_at": completed,
        "pauses": pauses,
        "visit_count": 1 + again,
        "no_access_visits": no_access,
        "planned_multi_visit": bool(again) and not no_access and chance.yes(0.2),
    }


def _appointment(row: Row, accepted: datetime, chance: Chance) -> datetime | None:
    """Book a two-hour visit for some orders; return when the technician came, mostly within it."""
    if row["household"] is None or not chance.yes(0.3):
        return None
    day = accepted + timedelta(days=chance.between(0, 1) + (accepted.hour >= 15))
    start = day.replace(hour=chance.one((9, 11, 14, 16, 18)), minute=0, second=0)
    start += timedelta(days=start <= accepted)
    row |= {"appointment_from": start, "appointment_to": start + timedelta(hours=2)}
    return start + timedelta(minutes=chance.between(5, 110) if chance.yes(0.86) else chance.between(125, 400))


def _in_hours(moment: datetime, chance: Chance) -> datetime:
    """Return `moment` or, at night, soon after half past eight of the next working morning."""
    if 8 <= moment.hour < 20:
        return moment
    morning = moment.replace(hour=8, minute=30) + timedelta(days=moment.hour >= 20)
    return morning + chance.minutes(40, 0.5)


def _aftermath(row: Row, chance: Chance) -> Row:
    """Return how the order ended: closed, rated, revisited, or none of it."""
    ending, completed = row["ending"], row["completed_at"]
    blank = {"rating": None, "revisited_at": None, "revisit_score": None, "after": "awaiting_revisit"}
    if ending == "stuck":
        return blank | {"completed_at": None, "closed_at": None}
    if ending != "done":
        wait = chance.minutes(300 if ending == "closed_without_work" else 15)
        moment = (row["accepted_at"] if ending == "closed_without_work" else row["reported_at"]) + wait
        undone = dict.fromkeys(("arrived_at", "completed_at", "pauses"))
        if ending != "closed_without_work":
            undone |= dict.fromkeys(("dispatched_at", "accepted_at"))
        return blank | undone | {"closed_at": moment}
    closed = completed + min(chance.minutes(420, 1.0), timedelta(hours=70))
    rated = chance.yes(0.42) and row["household"] is not None
    revisited = closed + chance.minutes(1300, 0.9) if chance.yes(0.86) else None
    on_time = completed <= row["due_at"]
    return {
        "closed_at": closed,
        "rating": _score(on_time, chance) if rated else None,
        "revisited_at": revisited,
        "revisit_score": _score(on_time, chance) if revisited and chance.yes(0.8) else None,
        "after": chance.pick({"awaiting_revisit": 5, "awaiting_rating": 4, "awaiting_payment": 1}),
    }


def _score(on_time: bool, chance: Chance) -> int:
    good = {5: 55, 4: 31, 3: 9, 2: 3, 1: 2}
    poor = {5: 18, 4: 30, 3: 27, 2: 15, 1: 10}
    return chance.pick(good if on_time else poor)


def _with_echo(order: Row, chance: Chance) -> list[Row]:
    """Return the order and, now and then, the same fault reported again: while it is open, or after it was done."""
    if order["ending"] != "done":
        return [order]
    if order["household"] and chance.yes(0.015):
        again = order["reported_at"] + chance.minutes(18, 0.3)
        return [order, _repeat(order, again, chance, "duplicate")] if again < order["completed_at"] else [order]
    return [order, _repeat(order, _days_later(order, 2, 26, chance), chance)] if chance.yes(0.06) else [order]


def _days_later(order: Row, low: int, high: int, chance: Chance) -> datetime:
    return order["completed_at"] + timedelta(days=chance.between(low, high), minutes=chance.between(1, 600))


def _repeat(order: Row, reported: datetime, chance: Chance, ending: str = "done") -> Row:
    home = order["home"]
    return _life(home.estate, _BY_NAME[order["fault_type"]], home, reported, chance, ending)


def _cluster(estate: Estate, homes: Sequence[Home], chance: Chance) -> list[Row]:
    """Return the leaks of building 7 of cuihu, each of which comes back."""
    if estate.id != "cuihu":
        return []
    block = [home for home in homes if home.block.number == CLUSTER_BUILDING and home.occupancy == "occupied"]
    found = []
    for home in chance.some(block, 16):
        first = month_ends("2025-05")[0] + chance.minutes(30_000, 0.5)
        found.append(_life(estate, _BY_NAME["水管渗漏"], home, first, chance, "done"))
        for _ in range(chance.between(1, 2)):
            found.append(_repeat(found[-1], _days_later(found[-1], 4, 20, chance), chance))
    return found


def _numbered(estate: Estate, rows: list[Row]) -> list[Row]:
    """Give orders their numbers, each community in the manner of its own system."""
    seen: dict[str, int] = {}
    for row in rows:
        month = f"{row['reported_at']:%Y%m}"
        seen[month] = seen.get(month, 0) + 1
        row["order_id"] = {
            "yinhe": f"10{row['reported_at']:%Y%m%d}{seen[month]:08}",
            "cuihu": f"CH-{month}-{seen[month]:04}",
            "lanting": f"LT{month[2:]}{seen[month]:04}",
        }[estate.id]
    return rows
