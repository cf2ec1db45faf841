"""The child process that opens one third-party workbook and prints its cells as JSON.

Runs as a script with limits on memory and time; imports the standard library and calamine only, and nothing of propkit.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

CHUNK = 1 << 20
OVERLAP = 64
CELL_REF = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})["']""")
LARGE_PART = 1 << 20


class Unfit(Exception):
    """The workbook must not be parsed: (reason code, detail)."""


def main(path: str, limits: dict[str, int]) -> dict[str, Any]:
    """Return the visible sheets of the workbook, or the code of the reason why not."""
    try:
        if path_is_zip(path):
            check_archive(path, limits)
        return load(path, limits)
    except Unfit as fault:
        return {"error": fault.args[0], "detail": fault.args[1]}
    except MemoryError:
        return {"error": "no_memory", "detail": ""}
    except BaseException as fault:  # a panic of calamine is a BaseException
        kind = type(fault).__name__
        return {"error": "encrypted" if kind == "PasswordError" else "broken", "detail": kind}


def path_is_zip(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(2) == b"PK"


def check_archive(path: str, limits: dict[str, int]) -> None:
    """Look at the archive before anything parses it: declared sizes, ratios, DOCTYPE, the extent of each sheet."""
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise Unfit("unfinished", "zip end record") from None
    with archive:
        parts = archive.infolist()
        total = sum(part.file_size for part in parts)
        if total > limits["declared"]:
            raise Unfit("too_large", f"{total} bytes")
        for part in parts:
            if part.file_size > LARGE_PART and part.file_size > limits["ratio"] * max(part.compress_size, 1):
                raise Unfit("too_large", f"ratio {part.file_size // max(part.compress_size, 1)}")
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                scan_part(archive, part, limits)


def scan_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, limits: dict[str, int]) -> None:
    """Stream one XML part, counting what really comes out; refuse a DOCTYPE or cells that span too large a grid."""
    is_sheet = part.filename.startswith("xl/worksheets/")
    columns: set[bytes] = set()
    last_row = seen = 0
    tail = b""
    with archive.open(part) as stream:
        while chunk := stream.read(CHUNK):
            seen += len(chunk)
            text = tail + chunk
            if seen > limits["declared"]:
                raise Unfit("too_large", f"{seen} bytes")
            if b"<!DOCTYPE" in text:
                raise Unfit("doctype", part.filename)
            if is_sheet:
                refs = CELL_REF.findall(text)
                columns.update({column for column, _ in refs})
                last_row = max(last_row, max((int(row) for row in {row for _, row in refs}), default=0))
                check_extent(last_row, max(map(column_number, columns), default=0), limits)
            tail = text[-OVERLAP:]


def check_extent(height: int, width: int, limits: dict[str, int]) -> None:
    if height * width > limits["cells"]:
        raise Unfit("far_cell", f"{height} x {width}")


def column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def load(path: str, limits: dict[str, int]) -> dict[str, Any]:
    """Return every visible sheet as text cells, and the names of the hidden ones."""
    book = CalamineWorkbook.from_path(path)
    found: dict[str, Any] = {"sheets": [], "hidden": []}
    for entry in book.sheets_metadata:
        if entry.typ != SheetTypeEnum.WorkSheet:
            continue
        if entry.visible != SheetVisibleEnum.Visible:
            found["hidden"].append(entry.name)
            continue
        found["sheets"].append(one_sheet(book.get_sheet_by_name(entry.name), limits))
    return found


def one_sheet(sheet: Any, limits: dict[str, int]) -> dict[str, Any]:
    check_extent(sheet.total_height, sheet.total_width, limits)
    rows = [[as_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    merged = [[*first, *last] for first, last in sheet.merged_cell_ranges or []]
    return {"name": sheet.name, "rows": rows, "merged": merged}


def as_text(cell: object) -> str:
    """Return a cell as the text a person would type: 3.0 as 3, true datetimes in ISO form.

    Numbers of more than 15 digits have already been rounded by Excel; they stay in the form 1.02e+17, which the parser
    of ids refuses.
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, (int, float)):
        return f"{cell:.15g}"
    if isinstance(cell, datetime):
        return (cell + timedelta(microseconds=500_000)).replace(microsecond=0).isoformat(" ")
    if isinstance(cell, time):
        return as_text(datetime.combine(date(2000, 1, 1), cell))[11:]
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def cap(limits: dict[str, int]) -> None:
    """Limit this process, so that a hostile file can end nothing else."""
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory"], limits["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu"], limits["cpu"] + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    given = json.loads(sys.argv[2])
    cap(given)
    sys.stdout.buffer.write(json.dumps(main(sys.argv[1], given), ensure_ascii=False).encode())
