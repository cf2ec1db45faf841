"""Damage to single cells: spellings that can be read back, and values that must be refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from propkit.demo.defects import Spoiler
from propkit.demo.sheets import Cell, Line, write_day, write_moment

STYLES = ("dash", "slash", "hanzi", "dot", "compact", "serial")
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_HANZI = ("", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三")
_DIGITS = ("id", "instant", "day", "whole", "score", "money", "place")
_TURNED = {
    "work_order": ("reported_at", "completed_at"),
    "complaint": ("received_at", "resolved_at"),
    "fee_bill": ("period_start", "period_end"),
}
_LAST = {"work_order": "closed_at", "fee_payment": "paid_at"}


def rooms(spoiler: Spoiler, share: float) -> None:
    """Write rooms in other ways, all of which name the same unit."""
    at = spoiler.sheet.at("household")
    for line in spoiler.some(share, ["household"]):
        usual = line.cells[at]
        ways = [way for way in _ways(str(line.row["household"]), str(line.row["community"])) if way != usual]
        spoiler.replace(line, at, spoiler.chance.one(ways), "room_format")


def _ways(household: str, community: str) -> list[str]:
    building, unit, room = household.split("-")
    plain = [household, household.translate(_WIDE), f" {household} ", household.replace("-", "－"), f"{household}室"]
    if unit == "0":
        return plain
    b, u = int(building), int(unit)
    ways = [
        f"{b}栋{u}单元{room}",
        f"{b}栋{u}单元{room}号",
        f"{b}号楼{u}单元{room}室",
        f"{b}#{u}单元{room}",
        f"{b}幢{u}单元{room}室",
        f"{b:02}-{u:02}-{room}",
        f"{_HANZI[b]}号楼{_HANZI[u]}单元{room}室",
        f"{b}栋 {u}单元 {room}",
        f"{b}号楼-{u}单元-{room}",
        f"{b}座{u}单元{room}".translate(_WIDE),
    ]
    if (community, b) == ("yinhe", 10):
        ways += [f"{b}栋{int(room) // 100}-{int(room) % 100}", f"{b}栋{room}", f"{b}号楼{room}室"]
    return plain + ways


def dates(spoiler: Spoiler, share: float) -> None:
    """Write all dates of some lines in two other ways, so that a file holds three; the first of a line is on record."""
    sheet = spoiler.sheet
    usual = sheet.dates
    others = spoiler.chance.some([style for style in STYLES if style != usual], 2)
    for line in spoiler.some(share):
        style = spoiler.chance.one(others)
        for count, at in enumerate(spoiler.places(line, ("instant", "day"))):
            column = spoiler.kind_of(sheet.fields[at].name)
            write = write_day if column.kind == "day" else write_moment
            cell = write(line.row[sheet.fields[at].name], style)
            spoiler.replace(line, at, cell, "" if count else "date_format")


def wide(spoiler: Spoiler, share: float) -> None:
    """Write the digits of one cell in full width."""
    for line in spoiler.some(share):
        places = [at for at in spoiler.places(line, _DIGITS) if not isinstance(line.cells[at], (float, datetime))]
        if places:
            at = spoiler.chance.one(places)
            spoiler.replace(line, at, str(line.cells[at]).translate(_WIDE), "full_width")


def markers(spoiler: Spoiler, share: float) -> None:
    """Write a word for "nothing" where a cell was blank."""
    for line in spoiler.some(share):
        places = spoiler.places(line, ("text", "instant", "choice", "score", "whole", "place", "id"), filled=False)
        if places:
            spoiler.replace(
                line, spoiler.chance.one(places), spoiler.chance.one(("--", "无", "/", "暂无")), "missing_marker"
            )


def units(spoiler: Spoiler, share: float) -> None:
    """Write a number with its unit."""
    for line in spoiler.some(share):
        places = [at for at in spoiler.places(line, ("whole", "score")) if isinstance(line.cells[at], int)]
        if places:
            at = spoiler.chance.one(places)
            is_score = spoiler.kind_of(spoiler.sheet.fields[at].name).kind == "score"
            spoiler.replace(line, at, f"{line.cells[at]}{'分' if is_score else '次'}", "unit_in_cell")


def money(spoiler: Spoiler, share: float) -> None:
    """Write amounts as text: with the sign of the yuan, thousands separators, the unit, or wide digits."""
    for line in spoiler.some(share):
        at = spoiler.chance.one(spoiler.places(line, ("money",)))
        yuan = line.row[spoiler.sheet.fields[at].name] / 100
        ways = (f"￥{yuan:,.2f}", f"{yuan:,.2f}", f"{yuan:.2f}元", f"¥{yuan:.2f}".translate(_WIDE))
        ways = ways if yuan >= 0 else (f"{yuan:,.2f}", f"{yuan:.2f}元")
        spoiler.replace(line, at, spoiler.chance.one(ways), "money_text")


def bad_date(spoiler: Spoiler, share: float) -> None:
    """Put something that is no date, or no certain one, in place of a date."""
    for line in spoiler.some(share):
        at = spoiler.chance.one(spoiler.places(line, ("instant", "day")) or [-1])
        if at >= 0:
            moment = line.row[spoiler.sheet.fields[at].name]
            _refuse(spoiler, line, at, spoiler.chance.one(_no_dates(moment)), "bad_date")


def _no_dates(moment: datetime) -> list[str]:
    clear = f"{moment:%H:%M}"
    ways = [
        f"{moment.year}-13-{moment.day:02} {clear}",
        f"{moment.year}年2月30日",
        f"{moment.month}月{moment.day}日",
        "昨天下午",
        "待定",
    ]
    doubtful = moment.day <= 12 and moment.day != moment.month
    return [*ways, f"{moment.day:02}/{moment.month:02}/{moment.year}"] if doubtful else ways


def impossible(spoiler: Spoiler, share: float) -> None:
    """Let a later moment lie before an earlier one."""
    first, second = _TURNED[spoiler.layout.table]
    at = spoiler.sheet.at(second)
    for line in spoiler.some(share, [first, second]):
        if (id(line), at) not in spoiler.struck:
            is_day = spoiler.kind_of(second).kind == "day"
            before = line.row[first] - timedelta(days=spoiler.chance.between(2, 30))
            write = write_day if is_day else write_moment
            _refuse(spoiler, line, at, write(before, spoiler.sheet.dates), "impossible_time")


def future(spoiler: Spoiler, share: float) -> None:
    """Write a year that has not come yet."""
    name = _LAST[spoiler.layout.table]
    at = spoiler.sheet.at(name)
    for line in spoiler.some(share, [name]):
        if (id(line), at) not in spoiler.struck:
            later = line.row[name] + timedelta(days=3653)
            _refuse(spoiler, line, at, write_moment(later, spoiler.sheet.dates), "future_date")


def ambiguous_room(spoiler: Spoiler, share: float) -> None:
    """Leave out the unit where the building has two."""

    def unclear(household: str) -> str:
        building, unit, room = household.split("-")
        return "" if unit == "0" or int(room) < 200 else f"{building}栋{room}"

    _rooms_lost(spoiler, share, unclear, "ambiguous_room")


def unreadable_room(spoiler: Spoiler, share: float) -> None:
    """Write something that names no room."""
    _rooms_lost(
        spoiler, share, lambda household: spoiler.chance.one(("地址不详", "业主未报", "门口")), "unreadable_room"
    )


def _rooms_lost(spoiler: Spoiler, share: float, write: Callable[[str], str], kind: str) -> None:
    at = spoiler.sheet.at("household")
    for line in spoiler.some(share, ["household"]):
        single = (line.row["community"], line.row["household"].split("-")[0]) == ("yinhe", "10")
        cell = write(line.row["household"])
        if cell and not single and (id(line), at) not in spoiler.struck:
            _refuse(spoiler, line, at, cell, kind)


def two_answers(spoiler: Spoiler, share: float) -> None:
    """Give an answer that is not on the scale."""
    places = [at for at, column in enumerate(spoiler.sheet.fields) if column.name.startswith("item:")]
    for line in spoiler.some(share):
        _refuse(
            spoiler,
            line,
            spoiler.chance.one(places),
            "满意、一般" if spoiler.layout.items == "words" else 6,
            "off_scale",
        )


def missing_completion(spoiler: Spoiler, share: float) -> None:
    """Lose the time of completion of finished orders."""
    at = spoiler.sheet.at("completed_at")
    for line in spoiler.some(share, ["completed_at", "closed_at"]):
        if (id(line), at) not in spoiler.struck:
            spoiler.replace(line, at, None, "missing_completion", "missing", "completed_at")
            line.row["completed_at"] = None
            line.is_marked = True


def once(spoiler: Spoiler) -> None:
    """Do what happens in one file only: status codes nobody knows, a number that a spreadsheet rounded."""
    path, chance = spoiler.sheet.path, spoiler.chance
    if "工单_2025Q2" in path:
        for line, code in zip(chance.some(spoiler.sheet.records(), 2), ("1999", "7777"), strict=True):
            _refuse(spoiler, line, spoiler.sheet.at("status"), code, "unknown_status")
    if "工单_2025Q1" in path:
        line = chance.one(spoiler.sheet.records())
        at = spoiler.sheet.at("order_id")
        _refuse(spoiler, line, at, float(str(line.row["order_id"])[:4] + "0" * 14), "rounded_id")


def _refuse(spoiler: Spoiler, line: Line, at: int, cell: Cell, kind: str) -> None:
    spoiler.replace(line, at, cell, kind, "refused", "row")
