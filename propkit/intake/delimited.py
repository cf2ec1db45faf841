"""CSV and TSV to a grid: one strict pass for delimiter, quotes and truncation.  Knows no table and no header."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from propkit.intake.charsets import decode
from propkit.intake.grids import Grid
from propkit.intake.refusals import Refusal
from propkit.text import Text

DELIMITERS = (",", "\t", ";", "|", "，")
_HEAD_LINES = 40
FIELD_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Delimited:
    """The text of a delimited file, its line ends all \\n, and what divides its cells."""

    text: str
    delimiter: str
    encoding: str

    @property
    def warnings(self) -> list[str]:
        return [] if self.text.endswith("\n") else ["no_final_newline"]


def open_delimited(
    content: bytes, file: str, score: Callable[[list[list[str]]], float], declared: str = "auto"
) -> Delimited:
    """Return the text of a delimited file; `score` says how well some first records fit the headers sought."""
    text, encoding = decode(content, file, declared)
    text = text.removesuffix("\x1a").replace("\r\n", "\n").replace("\r", "\n")
    return Delimited(text, _delimiter(text, score), encoding)


def read_delimited(opened: Delimited, file: str) -> Grid:
    """Return the grid of a delimited file; refuses it when its quotes do not pair."""
    numbers, rows = _records(opened.text, opened.delimiter, file)
    return Grid(rows, numbers, encoding=opened.encoding, warnings=opened.warnings)


def check_widths(grid: Grid, header_at: int, file: str) -> Grid:
    """Return `grid` with all records under the header as wide as it; refuse a record of another width.

    Blank lines and notes of one cell may be shorter; cells beyond the header must be blank (a trailing comma).
    """
    width = len(grid.rows[header_at])
    for position in range(header_at + 1, len(grid.rows)):
        row = grid.rows[position]
        if len(row) == width:
            continue
        filled = sum(bool(cell.strip()) for cell in row)
        if (len(row) < width and filled > 1) or any(cell.strip() for cell in row[width:]):
            _refuse_width(grid, position, width, file)
        grid.rows[position] = (row + [""] * width)[:width]
    return grid


def _refuse_width(grid: Grid, position: int, width: int, file: str) -> None:
    row, line = grid.rows[position], grid.numbers[position]
    code = "unfinished" if position == len(grid.rows) - 1 and len(row) < width else "width"
    expected = Text(f"{width} 列", f"{width} cells")
    hint = Text("检查该行是否少了引号或逗号", "look for a missing quote or comma in that line")
    raise Refusal(code, file, line=line, got=f"{len(row)}", expected=expected, hint=hint)


def _delimiter(text: str, score: Callable[[list[list[str]]], float]) -> str:
    head = "\n".join(text.split("\n", _HEAD_LINES)[:_HEAD_LINES])
    return max(DELIMITERS, key=lambda mark: _fit(head, mark, score))


def _fit(head: str, delimiter: str, score: Callable[[list[list[str]]], float]) -> tuple[float, int]:
    if delimiter not in head:
        return 0.0, 0
    rows = list(_tolerant(head, delimiter))
    return score(rows), max((len(row) for row in rows), default=0)


def _tolerant(head: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(head), delimiter=delimiter)
    except csv.Error:
        return


def _records(text: str, delimiter: str, file: str) -> tuple[list[int], list[list[str]]]:
    csv.field_size_limit(FIELD_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    numbers, rows, line = [], [], 1
    try:
        for row in reader:
            numbers.append(line)
            rows.append(row)
            line = reader.line_num + 1
    except csv.Error as fault:
        code = "unfinished" if "end of data" in str(fault) else "quotes"
        hint = Text("从这一行起查找没有闭合的引号", "look for an unclosed quote from this line on")
        raise Refusal(code, file, line=line, got=str(fault), hint=hint) from None
    return numbers, rows
