"""Complaints, suggestions and enquiries as they really were, and the praise register."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from propkit.demo.chance import Chance
from propkit.demo.estates import AS_OF, MONTHS, Estate, Home

Row = dict[str, object]

QUIET = ("lanting", "2025-05")
"""The month in which nobody complained in the small community."""

TYPES = {
    ("环境卫生", "楼道保洁不到位", "环境部"): 10,
    ("环境卫生", "垃圾清运不及时", "环境部"): 8,
    ("环境卫生", "绿化养护不到位", "环境部"): 4,
    ("秩序维护", "车辆乱停放", "秩序部"): 14,
    ("秩序维护", "门岗管理松散", "秩序部"): 6,
    ("秩序维护", "噪音扰民", "秩序部"): 10,
    ("工程维修", "维修不及时", "工程部"): 12,
    ("工程维修", "电梯故障频繁", "工程部"): 7,
    ("工程维修", "供暖温度不达标", "工程部"): 3,
    ("客户服务", "服务态度", "客服部"): 5,
    ("收费管理", "收费不透明", "客服部"): 6,
    ("收费管理", "停车费争议", "客服部"): 4,
}
_CAUSES = {"人员不足": 25, "流程缺失": 20, "设备老化": 20, "外包管理": 15, "沟通不畅": 20}
_KINDS = {"complaint": 72, "suggestion": 16, "enquiry": 12}
_CHANNELS = {"电话": 40, "公众号": 30, "前台": 18, "12345热线": 7, "邮件": 5}
_SCORES = {5: 24, 4: 38, 3: 22, 2: 10, 1: 6}
_SEASON = {11: 1.25, 12: 1.15, 6: 1.1, 7: 1.3, 8: 1.25, 2: 0.75}
_PER_HOME = {"yinhe": 0.0060, "cuihu": 0.0056, "lanting": 0.0065}
"""Entries of all kinds for each home and month; about seven in ten are complaints."""


def complaints(estate: Estate, homes: Sequence[Home], seed: int) -> list[Row]:
    """Return the complaint register of `estate` as it stood on the last day."""
    chance = Chance(seed, f"complaints/{estate.id}")
    lived_in = [home for home in homes if home.occupancy == "occupied"]
    found = []
    for month in MONTHS:
        if (estate.id, month) != QUIET:
            expected = _PER_HOME[estate.id] * len(homes) * _SEASON.get(int(month[5:]), 1.0)
            for _ in range(chance.count(expected)):
                found += _with_repeat(_entry(estate, month, lived_in, chance), chance)
    kept = [row for row in found if f"{row['received_at']:%Y-%m}" in MONTHS]
    kept = [row for row in kept if (estate.id, f"{row['received_at']:%Y-%m}") != QUIET]
    rows = _numbered(estate, sorted(kept, key=lambda row: row["received_at"]))
    return [_known(row) for row in rows]


def praise(estate: Estate, seed: int) -> list[Row]:
    """Return the praise register of `estate`."""
    chance = Chance(seed, f"praise/{estate.id}")
    rows = []
    for month in MONTHS:
        for _ in range(chance.count(estate.households * 0.0016)):
            rows.append(
                {
                    "community": estate.id,
                    "at": chance.moment(month),
                    "kind": chance.pick({"praise": 78, "banner": 14, "letter": 8}),
                    "department": chance.pick({"工程部": 30, "秩序部": 28, "客服部": 24, "环境部": 18}),
                }
            )
    rows.sort(key=lambda row: row["at"])
    prefix = {"yinhe": "BY", "cuihu": "CHB", "lanting": "LTB"}[estate.id]
    return [row | {"feedback_id": f"{prefix}{row['at']:%Y%m}{number:04}"} for number, row in enumerate(rows, 1)]


def _entry(estate: Estate, month: str, homes: Sequence[Home], chance: Chance) -> Row:
    l1, l2, department = chance.pick(_weights(month))
    kind = chance.pick(_KINDS)
    home = chance.one(homes) if chance.yes(0.93) else None
    received = chance.moment(month)
    return {
        "community": estate.id,
        "kind": kind,
        "household": home.household if home else None,
        "channel": chance.pick(_CHANNELS),
        "type_l1": l1,
        "type_l2": l2,
        "department": department,
        "title": l2 if kind == "complaint" else f"关于{l2[:2]}的{'建议' if kind == 'suggestion' else '咨询'}",
        "received_at": received,
        "promised_at": received + timedelta(days=3 if kind == "complaint" else 5),
        "valid": chance.pick({True: 80, False: 7, None: 13}) if kind == "complaint" else None,
        "duplicate_of": None,
        **_handling(received, estate.pace, chance),
    }


def _weights(month: str) -> dict[tuple[str, str, str], float]:
    cold = month[5:] in ("11", "12", "01", "02")
    return {key: weight * (4 if key[1].startswith("供暖") else 1) if cold else weight for key, weight in TYPES.items()}


def _handling(received: datetime, pace: float, chance: Chance) -> Row:
    first = received + chance.minutes(95 * pace, 0.9)
    resolved = first + chance.minutes(1500 * pace, 0.8) if chance.yes(0.965) else None
    closed = resolved + chance.minutes(900, 0.6) if resolved else None
    revisited = resolved + chance.minutes(2000, 0.6) if resolved and chance.yes(0.72) else None
    return {
        "first_response_at": first,
        "resolved_at": resolved,
        "closed_at": closed,
        "contacts": chance.pick({1: 66, 2: 22, 3: 9, 4: 3}),
        "root_cause": chance.pick(_CAUSES) if chance.yes(0.6) else None,
        "revisited_at": revisited,
        "satisfaction": chance.pick(_SCORES) if chance.yes(0.62) else None,
    }


def _with_repeat(entry: Row, chance: Chance) -> list[Row]:
    """Return the entry and, for a few complaints, the same matter told again: at once, or weeks later."""
    if entry["kind"] != "complaint" or entry["household"] is None or entry["valid"] is False:
        return [entry]
    if chance.yes(0.05):
        return [entry, _again(entry, entry["received_at"] + chance.minutes(600, 0.5), chance)]
    if entry["resolved_at"] and chance.yes(0.07):
        later = entry["resolved_at"] + timedelta(days=chance.between(4, 25), minutes=chance.between(1, 600))
        return [entry, _again(entry, later, chance)]
    return [entry]


def _again(entry: Row, received: datetime, chance: Chance) -> Row:
    said = {"channel": chance.pick(_CHANNELS), "received_at": received, "promised_at": received + timedelta(days=3)}
    told_twice = received - entry["received_at"] <= timedelta(hours=72)
    marked = {"first": entry} if told_twice and chance.yes(0.5) else {}
    return entry | said | _handling(received, 1.0, chance) | marked


def _numbered(estate: Estate, rows: list[Row]) -> list[Row]:
    prefix = {"yinhe": "TS", "cuihu": "CHT", "lanting": "LTT"}[estate.id]
    for number, row in enumerate(rows, 1):
        row["complaint_id"] = f"{prefix}{row['received_at']:%Y%m%d}{number:04}"
    for row in rows:
        first = row.pop("first", None)
        row["duplicate_of"] = first["complaint_id"] if first else None
    return rows


def _known(row: Row) -> Row:
    """Return an entry as it stood on the last day."""
    moments = ("received_at", "first_response_at", "resolved_at", "closed_at", "revisited_at")
    row = row | {name: None for name in moments if row[name] is not None and row[name] > AS_OF}
    if row["resolved_at"] is None:
        row |= dict.fromkeys(("closed_at", "revisited_at", "contacts", "satisfaction", "root_cause"))
    status = "closed" if row["closed_at"] else "resolved" if row["resolved_at"] else "open"
    return row | {"status": status, "updated_at": max(row[name] for name in moments if row[name] is not None)}
