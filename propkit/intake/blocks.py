"""The block of records under a header: without blank lines, headerless columns and lines that are only notes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from propkit.intake.grids import Grid
from propkit.intake.headers import Header
from propkit.text import fold

ASIDE = ("line", "column", "rule", "value", "whole")
FEW = 4
"""A note has at most so many cells."""
_NOTE = re.compile(r"^(说明|备注|注|制表|审核|打印|导出|填表|统计)[^\s:]{0,6}:")


@dataclass(frozen=True, slots=True)
class Raw:
    """What a file says: `cells` all text, its columns the headers as found, its index the line in the file.

    `aside` lists side notes (line, column, rule, value; `whole` when the line held nothing else).
    """

    cells: pd.DataFrame
    file: str
    sheet: str
    encoding: str
    header_line: int
    aside: pd.DataFrame
    warnings: tuple[str, ...]
    sha256: str = ""


def block(grid: Grid, header: Header, name: str) -> Raw:
    """Return the records under the header: without blank lines, headerless columns and lines that are only notes."""
    named = [at for at, text in enumerate(header.names) if text]
    loose = [at for at, text in enumerate(header.names) if not text]
    rows, lines, aside, gap = [], [], [], False
    last = _last_record(grid, header.at, named)
    for position in range(header.at + 1, len(grid.rows)):
        row, line = grid.rows[position], grid.numbers[position]
        notes = [(line, "", "side_note", row[at], False) for at in loose if row[at].strip()] if loose else []
        cells = row if len(row) == len(named) else [row[at] for at in named]
        if len(cells) > FEW and all(map(str.strip, cells[: FEW + 1])):  # as nearly every record is
            aside += notes
            rows.append(cells)
            lines.append(line)
            continue
        filled = list(filter(str.strip, cells))
        if not filled:
            aside += [(*note[:4], True) for note in notes]
            gap = True
            continue
        if is_note(filled, len(named), gap or position > last):
            aside.append((line, "", "side_note", " ".join(filled), True))
            continue
        aside += notes
        rows.append(cells)
        lines.append(line)
    warnings = [*grid.warnings, *_merged_warning(grid, header.at)]
    return Raw(
        cells=_frame(rows, [header.names[at] for at in named], lines),
        file=name,
        sheet=grid.sheet,
        encoding=grid.encoding,
        header_line=grid.numbers[header.at],
        aside=pd.DataFrame(aside, columns=list(ASIDE)),
        warnings=tuple(warnings),
    )


def _last_record(grid: Grid, header_at: int, named: Sequence[int]) -> int:
    """Return the position of the last row with more than one cell: single cells after it are notes."""
    for position in range(len(grid.rows) - 1, header_at, -1):
        if sum(bool(grid.rows[position][at].strip()) for at in named) > 1:
            return position
    return len(grid.rows)


def is_note(filled: Sequence[str], width: int, outside: bool) -> bool:
    if width < 3:
        return False
    if len(filled) == 1 and outside and not _is_total(filled[0]):
        return True
    return len(filled) <= FEW and bool(_NOTE.match(fold(filled[0])))


def _is_total(cell: str) -> bool:
    return bool(re.search("合计|小计|总计|共计", fold(cell).replace(" ", "")[:12]))


def _frame(rows: list[list[str]], names: list[str], lines: list[int]) -> pd.DataFrame:
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    index = pd.Index(lines, dtype="int64", name="line")
    return pd.DataFrame(
        {name: pd.Series(list(cells), index=index, dtype="str") for name, cells in zip(names, columns, strict=True)},
        index=index,
    )


def _merged_warning(grid: Grid, header_at: int) -> list[str]:
    merged = [
        grid.numbers[top] for top, _, bottom, _ in grid.merged if header_at < top < len(grid.numbers) and top != bottom
    ]
    return [f"merged_cells: {', '.join(map(str, sorted(merged)[:10]))}"] if merged else []
