"""Files to text cells: the kind of file by its content, the sheet, the header row, side notes.

Gives no cell a meaning: whatever a cell says is kept as text beside its line number.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from propkit.intake import headers
from propkit.intake.delimited import check_widths, read_delimited
from propkit.intake.grids import Grid
from propkit.intake.headers import Header, Wanted
from propkit.intake.refusals import Refusal
from propkit.intake.sandbox import Limits, read_workbook
from propkit.intake.sources import Source, resolve
from propkit.text import Text, fold

ASIDE = ("line", "column", "rule", "value", "whole")

_PAUSE = 0.05
"""Seconds between two looks at a file without a final line end."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP = re.compile(rb"^(\xef\xbb\xbf)?\s*<(!doctype|html|head|meta|table|style|\?xml|body|div)", re.IGNORECASE)
_BINARY = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"PAR1", b"SQLite", b"GIF8")
_FEW = 4
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


def read_file(path: Path, source: Source, limits: Limits | None = None, name: str = "") -> Raw:
    """Return the block of `path` that `source` describes; `name` is how messages and provenance call the file.

    Raises `Refusal` (a DataError) for a file that cannot be read whole and exactly.
    """
    limits, name, source = limits or Limits(), name or path.name, resolve(source)
    content = _content(path, name, limits)
    want = headers.wanted(source)
    grids = _grids(path, content, name, source, want, limits)
    grid, header = _choose(grids, source, want, name)
    header = headers.require(header, want, name)
    raw = _block(check_widths(grid, header.at, name) if not grid.sheet else grid, header, name)
    return replace(raw, sha256=hashlib.sha256(content).hexdigest())


def _content(path: Path, name: str, limits: Limits) -> bytes:
    if path.name.startswith("~$"):
        raise Refusal("locked", name, hint=Text("关闭 Excel 后再试", "close Excel and try again"))
    try:
        size = path.stat().st_size
        if size > limits.size:
            raise Refusal("too_large", name, got=f"{size} bytes", expected=f"<= {limits.size}")
        content = path.read_bytes()
        still = content.endswith((b"\n", b"\r")) or _is_still(path)
    except OSError as fault:
        raise Refusal("no_access", name, got=fault.strerror) from None
    if not content.strip(b"\0\r\n\t \xef\xbb\xbf"):
        raise Refusal("empty", name, got=f"{size} bytes")
    if not still or len(content) != size:
        raise Refusal("unfinished", name, hint=Text("等它写完再试", "try again when it is written"))
    return content


def _is_still(path: Path) -> bool:
    """Say whether a file that may end in the middle stays as it is for a moment, that is, whether nobody is writing it."""
    before = path.stat()
    time.sleep(_PAUSE)
    after = path.stat()
    return (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


def _grids(path: Path, content: bytes, name: str, source: Source, want: Wanted, limits: Limits) -> list[Grid]:
    """Return the sheets of the file, its kind told by its first bytes."""
    if content.startswith(b"PK"):
        _refuse_other_zip(content, name)
        return read_workbook(path, name, limits)
    if content.startswith(_OLE):
        _refuse_other_ole(content, name)
        return read_workbook(path, name, limits)
    if _MARKUP.match(content[:200]):
        raise Refusal("html", name, hint=Text("用 Excel 打开后另存为 .xlsx", "open it in Excel and save it as .xlsx"))
    if content.startswith(_BINARY):
        raise _wrong_kind(name)

    def score(rows: list[list[str]]) -> int:
        best = headers.find_header(Grid(rows, list(range(1, len(rows) + 1))), want, source.header)
        return best.score if best else 0

    return [read_delimited(content, name, score, source.encoding)]


def _wrong_kind(name: str) -> Refusal:
    return Refusal("wrong_kind", name, expected="xlsx, xls, csv, tsv")


def _refuse_other_zip(content: bytes, name: str) -> None:
    if b"PK\x05\x06" not in content[-66_000:]:
        raise Refusal("unfinished", name, got="no zip end record")
    if b"xl/workbook.xml" not in content:
        raise _wrong_kind(name)


def _refuse_other_ole(content: bytes, name: str) -> None:
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise Refusal("encrypted", name, hint=Text("去掉密码后另存", "save it without the password"))
    if not any(stream.encode("utf-16-le") in content for stream in ("Workbook", "Book")):
        raise _wrong_kind(name)


def _choose(grids: Sequence[Grid], source: Source, want: Wanted, name: str) -> tuple[Grid, Header | None]:
    """Return the sheet that holds most of the wanted headers; refuse when two hold all that is needed."""
    filled = [grid for grid in grids if grid.has_cells]
    if not filled:
        raise Refusal("empty", name)
    if source.sheet is not None:
        filled = [grid for grid in filled if not grid.sheet or fold(grid.sheet) == fold(source.sheet)]
        if not filled:
            raise Refusal("no_sheet", name, got=" · ".join(grid.sheet for grid in grids), expected=source.sheet)
    read = [(grid, headers.find_header(grid, want, source.header)) for grid in filled]
    complete = [grid.sheet for grid, header in read if header and want.needed <= set(want.found(header.names))]
    if len(complete) > 1:
        hint = Text(
            "用 sheet 指明一个，每个工作表写一个 [[source]]", "name one with `sheet`; one [[source]] for each sheet"
        )
        raise Refusal("several_sheets", name, got=" · ".join(complete), hint=hint)
    best = max(read, key=lambda pair: pair[1].score if pair[1] else -1)
    others = [f"unread_sheet: {grid.sheet}" for grid, _ in read if grid is not best[0]]
    return replace(best[0], warnings=[*best[0].warnings, *others]), best[1]


def _block(grid: Grid, header: Header, name: str) -> Raw:
    """Return the records under the header: without blank lines, headerless columns and lines that are only notes."""
    named = [at for at, text in enumerate(header.names) if text]
    loose = [at for at, text in enumerate(header.names) if not text]
    rows, lines, aside, gap = [], [], [], False
    last = _last_record(grid, header.at, named)
    for position in range(header.at + 1, len(grid.rows)):
        row, line = grid.rows[position], grid.numbers[position]
        notes = [(line, "", "side_note", row[at], False) for at in loose if row[at].strip()] if loose else []
        cells = row if len(row) == len(named) else [row[at] for at in named]
        if len(cells) > _FEW and all(map(str.strip, cells[: _FEW + 1])):  # as nearly every record is
            aside += notes
            rows.append(cells)
            lines.append(line)
            continue
        filled = list(filter(str.strip, cells))
        if not filled:
            aside += [(*note[:4], True) for note in notes]
            gap = True
            continue
        if _is_note(filled, len(named), gap or position > last):
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


def _is_note(filled: Sequence[str], width: int, outside: bool) -> bool:
    if width < 3:
        return False
    if len(filled) == 1 and outside and not _is_total(filled[0]):
        return True
    return len(filled) <= _FEW and bool(_NOTE.match(fold(filled[0])))


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
