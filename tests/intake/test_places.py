"""Spellings of one room, and room codes that only a register can settle."""

from __future__ import annotations

import pytest

from propkit.intake.places import Room, read_room


@pytest.mark.parametrize(
    ("cell", "normal"),
    [
        ("3-2-1201", "3-2-1201"),
        ("3栋2单元1201", "3-2-1201"),
        ("3栋2单元1201号", "3-2-1201"),
        ("3号楼2单元1201室", "3-2-1201"),
        ("3幢2单元-1201", "3-2-1201"),
        ("３－２－１２０１", "3-2-1201"),
        ("０３栋０２单元１２０１", "3-2-1201"),
        (" 3 栋 2 单元 1201 ", "3-2-1201"),
        ("三栋二单元1201", "3-2-1201"),
        ("十二栋二单元1201", "12-2-1201"),
        ("二十一号楼1单元0101", "21-1-101"),
        ("3号楼-2单元-1201室", "3-2-1201"),
        ("1-1-1001", "1-1-1001"),
        ("1-0-3", "1-0-3"),
        ("a座1单元1201b", "A-1-1201B"),
        ("一期3栋2单元501", "1期3-2-501"),
    ],
)
def test_spellings_of_a_room_come_to_one_form(cell: str, normal: str) -> None:
    room = read_room(cell)
    assert isinstance(room, Room)
    assert room.candidates == (normal,)
    assert room.building == normal.split("-")[0]


def test_similar_rooms_stay_different() -> None:
    assert read_room("3栋1单元501") != read_room("3栋2单元501")


@pytest.mark.parametrize("cell", ["2栋9-8", "16栋27-7", "3栋501", "3-501", "A座1201室"])
def test_a_code_with_a_part_missing_is_not_certain(cell: str) -> None:
    room = read_room(cell)
    assert isinstance(room, Room)
    assert not room.is_certain


def test_a_pair_after_the_building_may_be_unit_and_room_or_floor_and_room() -> None:
    candidates = read_room("2栋9-8").candidates
    assert {"2-9-8", "2-1-908"} <= set(candidates)


@pytest.mark.parametrize(
    ("cell", "normal"), [("A座1201", "A-0-1201"), ("3-501", "3-0-501"), ("3栋2单元501", "3-2-501")]
)
def test_a_building_without_units_needs_no_unit(cell: str, normal: str) -> None:
    assert read_room(cell, has_units=False).candidates == (normal,)


@pytest.mark.parametrize(
    "cell", ["小区东门", "1-2-3-4", "3栋", "501", "商铺12", "3栋2单元501,3栋2单元502", "3栋2单元12 01", "3 2-501"]
)
def test_what_is_no_room_is_unreadable(cell: str) -> None:
    assert read_room(cell) == "unreadable"


@pytest.mark.parametrize("cell", ["2003/2/12", "2003-2-12", "2003-02-12"])
def test_a_room_that_excel_made_a_date_needs_the_register(cell: str) -> None:
    room = read_room(cell)
    assert not room.is_certain
    assert (room.candidates, room.doubt) == (("2003-2-12",), "unreadable")
    assert read_room("2003-13-12").is_certain
