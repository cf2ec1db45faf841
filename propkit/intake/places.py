"""Rooms: the many spellings of one unit, brought to building-unit-room.  Compares exactly; similar is not the same."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from propkit.intake.cells import Fault
from propkit.text import fold

NO_UNIT = "0"
_UNITS_TRIED = 30
_HANZI = "一二三四五六七八九"
_NUMERAL = "[一二三四五六七八九十]{1,3}"
_BUILDING = rf"(?P<phase>(?:\d{{1,2}}|{_NUMERAL})期)?-?(?P<building>[0-9A-Z]{{1,4}}|{_NUMERAL})"
_NAMED = rf"{_BUILDING}(?:号楼|栋|幢|座|#楼|#|楼)-?"
_ROOM = r"(?P<room>[0-9]{1,5}[A-Z]?|[A-Z][0-9]{1,4})(?:室|号|房|户)?"
_THREE = (
    re.compile(rf"{_NAMED}(?P<unit>[0-9A-Z]{{1,2}}|{_NUMERAL})单元-?{_ROOM}"),
    re.compile(
        rf"(?P<phase>(?:\d{{1,2}}|{_NUMERAL})期)?-?(?P<building>[0-9A-Z]{{1,4}})-(?P<unit>[0-9A-Z]{{1,2}})-{_ROOM}"
    ),
)
_BUILDING_ROOM = re.compile(rf"{_NAMED}{_ROOM}")
_BUILDING_PAIR = re.compile(rf"{_NAMED}(?P<second>[0-9]{{1,2}})-(?P<room>[0-9]{{1,5}})(?:室|号|房|户)?")
_SPLIT_NUMBER = re.compile(r"\d \d")
_DAY = re.compile(r"(?:19|20)\d\d-(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12]\d|3[01])")
_PAIR = re.compile(rf"(?P<building>[0-9A-Z]{{1,4}})-{_ROOM}")


@dataclass(frozen=True, slots=True)
class Room:
    """What a cell may mean: one normal form, or the candidates among which only a register can choose.

    `doubt` is the rule that a cell breaks which looks like something else, unless the register knows the room.
    """

    candidates: tuple[str, ...]
    building: str
    doubt: str = ""

    @property
    def is_certain(self) -> bool:
        return len(self.candidates) == 1 and not self.doubt


def read_room(cell: str, has_units: bool = True) -> Room | Fault:
    """Return the room named by `cell`; where buildings have no units, a building and a room name it whole."""
    if _SPLIT_NUMBER.search(fold(cell)):
        return Fault("unreadable")
    text = _folded(cell)
    for pattern in _THREE:
        if found := pattern.fullmatch(text):
            doubt = "unreadable" if _DAY.fullmatch(text) else ""
            return replace(_certain(found, _plain(found["unit"])), doubt=doubt)
    if found := _BUILDING_ROOM.fullmatch(text) or _PAIR.fullmatch(text):
        return _certain(found, NO_UNIT) if not has_units else _any_unit(found, [])
    if found := _BUILDING_PAIR.fullmatch(text):
        as_unit = f"{_building(found)}-{_plain(found['second'])}-{_plain(found['room'])}"
        return _any_unit(found, [as_unit], floor=found["second"])
    return Fault("unreadable")


def _folded(cell: str) -> str:
    text = fold(cell).upper().replace(" ", "")
    return re.sub("[‐‑–—_/~－]", "-", text)


def _certain(found: re.Match[str], unit: str) -> Room:
    building = _building(found)
    return Room((f"{building}-{unit}-{_plain(found['room'])}",), building)


def _any_unit(found: re.Match[str], first: list[str], floor: str = "") -> Room:
    """Return all rooms this could be: the unit is not written, and a floor may stand apart from the room."""
    building = _building(found)
    room = f"{floor}{found['room'].zfill(2)}" if floor else found["room"]
    tried = [f"{building}-{unit}-{_plain(room)}" for unit in range(_UNITS_TRIED)]
    return Room(tuple(dict.fromkeys([*first, *tried])), building)


def _building(found: re.Match[str]) -> str:
    phase = found.groupdict().get("phase") or ""
    return (f"{_plain(phase[:-1])}期" if phase else "") + _plain(found["building"])


def _plain(part: str) -> str:
    """Return a part without leading zeros, hanzi numerals as digits: 03 -> 3, 十二 -> 12."""
    if part and all(char in _HANZI + "十" for char in part):
        tens, ten, ones = part.rpartition("十")
        value = (_HANZI.index(tens) + 1 if tens else 1) * 10 if ten else 0
        return str(value + (_HANZI.index(ones) + 1 if ones else 0))
    return part.lstrip("0") or "0"
