"""Damage to whole lines and files: copies, totals, blanks, notes, older states, encodings, headers."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from propkit.demo.defects import Defect, Spoiler
from propkit.demo.exports import money
from propkit.demo.layout import Layout
from propkit.demo.sheets import Line, Sheet
from propkit.domains import TABLES

_BLOCKS = 4


def copies(spoiler: Spoiler, share: float) -> None:
    """Repeat some lines word for word, a little further down."""
    lines = spoiler.sheet.lines
    for line in spoiler.some(share):
        copy = Line(list(line.cells), line.row, "excluded")
        lines.insert(lines.index(line) + spoiler.chance.between(1, 9), copy)
        spoiler.note(copy, "duplicate", "excluded")


def totals(spoiler: Spoiler, wrong_by: int) -> None:
    """Add 小计 lines (payments) and a 合计 line, which in one file is wrong by `wrong_by` fen."""
    lines = spoiler.sheet.lines
    records = list(lines)
    ends = (
        [len(records) * block // _BLOCKS for block in range(_BLOCKS)] if spoiler.layout.table == "fee_payment" else []
    )
    for start, end in reversed(list(itertools.pairwise(ends))):
        _add_total(spoiler, end, "小计", records[start:end], 0)
    _add_total(spoiler, len(lines), "合计", records, wrong_by)


def _add_total(spoiler: Spoiler, at: int, word: str, covered: Sequence[Line], wrong_by: int) -> None:
    """Insert a line that sums the records of `covered`."""
    cells: list = [None] * len(spoiler.sheet.fields)
    cells[0] = word
    for place, column in enumerate(spoiler.sheet.fields):
        kind = spoiler.kind_of(column.name)
        if kind is not None and kind.kind == "money":
            total = sum(line.row[column.name] or 0 for line in covered if line.row is not None)
            error = wrong_by if column.name == "amount_due_fen" else 0
            cells[place] = money(total + error, spoiler.sheet.is_workbook)
    line = Line(cells, None, "excluded")
    spoiler.sheet.lines.insert(at, line)
    spoiler.note(line, "wrong_total" if wrong_by else "total_row", "excluded", word)


def blanks_and_notes(spoiler: Spoiler) -> None:
    """Put blank lines between the records, a note under them and, in workbooks, one beside them."""
    sheet, width = spoiler.sheet, len(spoiler.sheet.fields)
    for _ in range(2):
        blank = Line([None] * width, None, "excluded")
        sheet.lines.insert(spoiler.chance.between(2, max(2, len(sheet.lines) - 2)), blank)
        spoiler.note(blank, "blank_line", "excluded")
    gap = Line([None] * width, None, "excluded")
    text = "说明：本表为虚构数据，仅供演示"
    note = Line([text, *[None] * (width - 1)], None, "excluded")
    sheet.lines += [gap, note]
    spoiler.note(gap, "blank_line", "excluded")
    spoiler.note(note, "side_note", "excluded", text)
    if sheet.is_workbook:
        at = next(at for at, line in enumerate(sheet.lines) if at > 2 and line.row is not None)
        sheet.side[at] = "导出口径见管理手册"
        spoiler.note(None, "side_note", "excluded", sheet.side[at])


def whole_file(spoiler: Spoiler) -> None:
    """Write down what is odd about the file as a whole."""
    sheet = spoiler.sheet
    if sheet.encoding != "utf-8":
        spoiler.note(None, "encoding", "repaired", sheet.encoding)
    if sheet.title:
        spoiler.note(None, "title_row", "excluded", sheet.title)
    if sheet.is_grouped:
        spoiler.note(None, "merged_header", "repaired")
    if spoiler.layout.reverse:
        spoiler.note(None, "reversed_scale", "repaired")


def older_states(drawn: Iterable[tuple[Layout, Sheet]]) -> Iterator[Defect]:
    """Yield every line whose record a later file tells again in a newer state."""
    newest: dict[tuple, Line] = {}
    told = [
        (sheet, line)
        for _, sheet in drawn
        if sheet.table != "survey_response"
        for line in sheet.lines
        if line.row is not None and line.fate == "kept"
    ]
    for sheet, line in told:
        newest[_key(sheet, line)] = line
    for sheet, line in told:
        if newest[_key(sheet, line)] is not line:
            yield Defect(sheet, line, "older_state", "excluded")


def _key(sheet: Sheet, line: Line) -> tuple:
    return sheet.table, *(line.row[name] for name in TABLES[sheet.table].key)
