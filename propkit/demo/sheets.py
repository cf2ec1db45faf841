"""Files as cells: what a sheet holds, how values are written in it, and how it becomes bytes that never vary."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import datetime

import xlsxwriter

Cell = str | int | float | datetime | None
Row = dict[str, object]

_BORN = datetime(2025, 10, 8)
_EPOCH = datetime(1899, 12, 30)


@dataclass(frozen=True)
class Field:
    """A column of a sheet: its header, the canonical column it tells ("" for none), the merged header above it."""

    header: str
    name: str = ""
    group: str = ""


@dataclass(eq=False)
class Line:
    """One line: its cells, and the record it tells (`row` is None for totals, notes and blanks).

    `row` is what a perfect reader takes from it; `fate` is what that reader does with it: kept, refused or excluded.
    """

    cells: list[Cell]
    row: Row | None = None
    fate: str = "kept"
    is_marked: bool = False


@dataclass(eq=False)
class Sheet:
    """One file: a table of lines under a header, with what stands above it and beside it."""

    path: str
    table: str
    fields: list[Field]
    lines: list[Line]
    name: str = "Sheet1"
    encoding: str = "utf-8"
    title: str = ""
    dates: str = "dash"
    side: dict[int, str] = field(default_factory=dict)
    """Notes to the right of the data: line index -> text."""

    @property
    def is_workbook(self) -> bool:
        return self.path.endswith(".xlsx")

    @property
    def is_grouped(self) -> bool:
        return any(column.group for column in self.fields)

    @property
    def header_line(self) -> int:
        """The number of the (last) header line in the file."""
        return 1 + bool(self.title) + self.is_grouped

    def at(self, name: str) -> int:
        """Return the position of the column that tells `name`; -1 where there is none."""
        return next((at for at, column in enumerate(self.fields) if column.name == name), -1)

    def records(self) -> list[Line]:
        """The lines that tell a record and carry no defect yet."""
        return [line for line in self.lines if line.row is not None and not line.is_marked and line.fate == "kept"]


def write_moment(moment: datetime, style: str) -> Cell:
    """Return an instant in one of the ways in which exports write it."""
    seconds = f":{moment:%S}" if moment.second else ""
    match style:
        case "slash":
            return f"{moment.year}/{moment.month}/{moment.day} {moment.hour}:{moment:%M}{seconds}"
        case "hanzi":
            tail = f"{moment:%S}秒" if moment.second else ""
            return f"{moment.year}年{moment.month}月{moment.day}日{moment.hour}时{moment:%M}分{tail}"
        case "dot":
            return f"{moment.year}.{moment.month}.{moment.day} {moment:%H:%M}{seconds}"
        case "compact":
            return f"{moment:%Y%m%d %H%M%S}"
        case "serial":
            return round((moment - _EPOCH).total_seconds() / 86_400, 7)
        case "true":
            return moment
        case _:
            return f"{moment:%Y-%m-%d %H:%M:%S}"


def write_day(day: datetime, style: str) -> Cell:
    """Return a day in one of the ways in which exports write it."""
    match style:
        case "slash":
            return f"{day.year}/{day.month}/{day.day}"
        case "hanzi":
            return f"{day.year}年{day.month}月{day.day}日"
        case "dot":
            return f"{day.year}.{day.month}.{day.day}"
        case "compact":
            return f"{day:%Y%m%d}"
        case "serial":
            return (day - _EPOCH).days
        case "true":
            return day
        case _:
            return f"{day:%Y-%m-%d}"


def as_text(cell: Cell) -> str:
    """Return a cell as the manifest shows it."""
    if cell is None:
        return ""
    return f"{cell:%Y-%m-%d %H:%M:%S}" if isinstance(cell, datetime) else str(cell)


def to_bytes(sheet: Sheet) -> bytes:
    """Return the file."""
    return _workbook(sheet) if sheet.is_workbook else _delimited(sheet)


def _delimited(sheet: Sheet) -> bytes:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    for row in _above(sheet):
        writer.writerow(row)
    for line in sheet.lines:
        filled = [as_text(cell) for cell in line.cells]
        writer.writerow(filled if any(filled) else [])
    return target.getvalue().encode(sheet.encoding)


def _above(sheet: Sheet) -> list[list[str]]:
    """Return the rows above the data: the title, the merged headers (each at its first column), the headers."""
    title = [[sheet.title]] if sheet.title else []
    groups = [column.group for column in sheet.fields]
    starts = [group if at == 0 or groups[at - 1] != group else "" for at, group in enumerate(groups)]
    return [*title, *([starts] if sheet.is_grouped else []), [column.header for column in sheet.fields]]


def _workbook(sheet: Sheet) -> bytes:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    book.set_properties({"title": "propkit demo: invented data", "created": _BORN})
    page = book.add_worksheet(sheet.name)
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    _write_above(sheet, book, page)
    for at, line in enumerate(sheet.lines):
        for column, cell in enumerate(line.cells):
            _write_cell(page, sheet.header_line + at, column, cell, moment)
        if at in sheet.side:
            page.write_string(sheet.header_line + at, len(sheet.fields) + 1, sheet.side[at])
    book.close()
    return target.getvalue()


def _write_above(sheet: Sheet, book: xlsxwriter.Workbook, page: object) -> None:
    bold = book.add_format({"bold": True})
    if sheet.title:
        page.merge_range(0, 0, 0, len(sheet.fields) - 1, sheet.title, bold)
    if sheet.is_grouped:
        for group, first, last in _spans(sheet.fields):
            if last > first:
                page.merge_range(sheet.header_line - 2, first, sheet.header_line - 2, last, group, bold)
            else:
                page.write_string(sheet.header_line - 2, first, group, bold)
    for at, column in enumerate(sheet.fields):
        page.write_string(sheet.header_line - 1, at, column.header, bold)


def _spans(fields: list[Field]) -> list[tuple[str, int, int]]:
    """Return each merged header with its first and last column."""
    found: list[tuple[str, int, int]] = []
    for at, column in enumerate(fields):
        if found and found[-1][0] == column.group:
            found[-1] = (column.group, found[-1][1], at)
        else:
            found.append((column.group, at, at))
    return found


def _write_cell(page: object, row: int, column: int, cell: Cell, moment: object) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, datetime):
        page.write_datetime(row, column, cell, moment)
    elif isinstance(cell, str):
        page.write_string(row, column, cell)
    else:
        page.write_number(row, column, cell)
