"""Small raw files for the tests of intake, as exports would have them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import xlsxwriter

from propkit.intake import Cleaned, Context, Source, take

YINHE = Context({"银河小区": "yinhe", "yinhe": "yinhe"}, key=b"secret")
ORDERS = Source(
    table="work_order",
    files="*",
    columns={
        "order_id": "工单编号",
        "household": "房号",
        "status": "状态",
        "reported_at": "报修时间",
        "completed_at": "完成时间",
        "visit_count": "上门次数",
    },
)
HEADER = "工单编号,房号,状态,报修时间,完成时间,上门次数"
LINE = "W1,3-2-501,办理完成,2025-09-03 08:05,2025-09-03 10:05,1"


def orders_csv(folder: Path, *lines: str, name: str = "orders.csv", encoding: str = "utf-8") -> Path:
    """Write a CSV of work orders with the usual header."""
    return text_file(folder, "\n".join([HEADER, *lines]) + "\n", name, encoding)


def text_file(folder: Path, text: str, name: str = "orders.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def take_orders(folder: Path, *lines: str, source: Source = ORDERS, **options: str) -> Cleaned:
    return take(orders_csv(folder, *lines, **options), source, YINHE)


def workbook(folder: Path, rows: Sequence[Sequence[object]], name: str = "orders.xlsx", **sheets: object) -> Path:
    """Write rows to a workbook; `merged` are ranges like A1:C1 with their text, `sheet` names the sheet,
    `dates` is the format of dates."""
    path = folder / name
    with xlsxwriter.Workbook(path, {"default_date_format": sheets.get("dates", "yyyy-mm-dd hh:mm:ss")}) as book:
        fill_sheet(book.add_worksheet(str(sheets.get("sheet", "工单"))), rows, dict(sheets.get("merged", {})))
    return path


def fill_sheet(sheet: object, rows: Sequence[Sequence[object]], merged: dict[str, str]) -> None:
    for at, row in enumerate(rows):
        sheet.write_row(at, 0, row)
    for span, text in merged.items():
        sheet.merge_range(span, text)


def rewritten(path: Path, part: str, change: object) -> Path:
    """Rewrite one part of a workbook's archive with `change(text)`."""
    with zipfile.ZipFile(path) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    parts[part] = change(parts[part])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    path.write_bytes(packed.getvalue())
    return path


def reject_of(cleaned: Cleaned, line: int) -> list[tuple[str, str, str]]:
    """Return (column, rule, value) of each reject of a line."""
    found = cleaned.rejects[cleaned.rejects["line"] == line]
    return list(found[["column", "rule", "value"]].itertuples(index=False, name=None))


def order(number: int = 1, **cells: str) -> str:
    known = {
        "id": f"W{number}",
        "room": "3-2-501",
        "status": "办理完成",
        "at": "2025-09-03 08:05",
        "done": "",
        "visits": "",
    }
    return ",".join({**known, **cells}.values())


SURVEY = Source(
    table="survey_response",
    files="*",
    preset="wjx",
    constants={"survey_id": "2025h2"},
    items={
        "cleaning": "保洁服务",
        "repair": {"header": "维修服务", "scale": {"low": 1, "high": 10, "reverse": True, "satisfied_from": 8}},
    },
    segments={"owner_type": ["住户类型"], "age": ["年龄"]},
    values={"age": {"1": "young", "2": "old", "9": ""}},
)
SURVEY_HEADER = "序号,提交答卷时间,所用时间,来自IP,1、保洁服务,2、维修服务,住户类型,年龄"


def take_survey(folder: Path, *lines: str) -> Cleaned:
    return take(text_file(folder, "\n".join([SURVEY_HEADER, *lines]) + "\n"), SURVEY, YINHE)
