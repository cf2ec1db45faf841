"""Files to text cells: the kind of file by its content, the sheet, the header row, side notes.

Gives no cell a meaning: whatever a cell says is kept as text beside its line number.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from propkit.intake import headers
from propkit.intake.blocks import Raw, block
from propkit.intake.delimited import check_widths, open_delimited, read_delimited
from propkit.intake.grids import Grid
from propkit.intake.headers import Header, Wanted
from propkit.intake.plain import read_plain
from propkit.intake.refusals import Refusal
from propkit.intake.sandbox import Limits, read_workbook
from propkit.intake.sources import Source, resolve
from propkit.text import Text, fold

_PAUSE = 0.05
"""Seconds between two looks at a file without a final line end."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP = re.compile(rb"^(\xef\xbb\xbf)?\s*<(!doctype|html|head|meta|table|style|\?xml|body|div)", re.IGNORECASE)
_BINARY = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"PAR1", b"SQLite", b"GIF8")


def read_file(path: Path, source: Source, limits: Limits | None = None, name: str = "") -> Raw:
    """Return the block of `path` that `source` describes; `name` is how messages and provenance call the file.

    Raises `Refusal` (a DataError) for a file that cannot be read whole and exactly.
    """
    limits, name, source = limits or Limits(), name or path.name, resolve(source)
    content = _content(path, name, limits)
    want = headers.wanted(source)
    if is_text := _is_text(content, name):
        opened = open_delimited(content, name, _scorer(source, want), source.encoding)
        raw = read_plain(opened, source, want, name)
    if not is_text or raw is None:
        grids = [read_delimited(opened, name)] if is_text else read_workbook(path, name, limits)
        grid, header = _choose(grids, source, want, name)
        header = headers.require(header, want, name)
        raw = block(check_widths(grid, header.at, name) if is_text else grid, header, name)
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


def _is_text(content: bytes, name: str) -> bool:
    """Say whether the file is delimited text and no workbook, as its first bytes tell."""
    if content.startswith(b"PK"):
        _refuse_other_zip(content, name)
        return False
    if content.startswith(_OLE):
        _refuse_other_ole(content, name)
        return False
    if _MARKUP.match(content[:200]):
        raise Refusal("html", name, hint=Text("用 Excel 打开后另存为 .xlsx", "open it in Excel and save it as .xlsx"))
    if content.startswith(_BINARY):
        raise _wrong_kind(name)
    return True


def _scorer(source: Source, want: Wanted) -> Callable[[list[list[str]]], int]:
    """Return the function that says how well first records fit the headers sought."""

    def score(rows: list[list[str]]) -> int:
        best = headers.find_header(Grid(rows, list(range(1, len(rows) + 1))), want, source.header)
        return best.score if best else 0

    return score


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
