"""Truth to sheets: the rows that each system exported, cell by cell, before anything went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from propkit.demo import repairs
from propkit.demo.chance import month_ends, months_after
from propkit.demo.estates import AS_OF, MONTHS, Home
from propkit.demo.layout import Layout
from propkit.demo.layouts import LAYOUTS
from propkit.demo.sheets import Cell, Field, Line, Row, Sheet, write_day, write_moment
from propkit.demo.surveys import ITEMS, WORDS
from propkit.domains import TABLES
from propkit.model import Column

INVENTED = "19900"
"""Every telephone number of the demo begins so and was made up."""


@dataclass(frozen=True)
class Source:
    """What the exports are drawn from: lives of orders, register of homes, canonical rows by table, answer sheets."""

    orders: Mapping[str, Sequence[Row]]
    homes: Mapping[tuple[str, str], Home]
    rows: Mapping[str, Sequence[Row]]
    answers: Mapping[tuple[str, str], Sequence[Row]]


def sheets(source: Source) -> list[tuple[Layout, Sheet]]:
    """Return every file of the demo, still clean, in the order in which they were exported."""
    return [(layout, sheet) for layout in LAYOUTS for sheet in _sheets_of(layout, source)]


def room(household: str, form: str) -> str:
    """Return a room as one system writes it; shops have no unit and keep the plain form."""
    building, unit, number = household.split("-")
    if unit == "0" or form in ("dash", "split"):
        return household
    return f"{building}栋{unit}单元{number}" if form == "hanzi" else f"{building}号楼{unit}单元{number}室"


def money(fen: int, is_workbook: bool) -> Cell:
    return fen / 100 if is_workbook else f"{fen / 100:.2f}"


def _sheets_of(layout: Layout, source: Source) -> Iterable[Sheet]:
    for part, rows in _parts(layout, source):
        fields = list(layout.columns)
        if layout.table == "fee_payment" and part.startswith("2025") and layout.community == "yinhe":
            fields = _swapped(fields, "费用类型", "费用项")
        sheet = Sheet(
            layout.path.format(part),
            layout.table,
            fields,
            [],
            layout.sheet,
            layout.encoding,
            layout.title,
            layout.dates,
        )
        for number, row in enumerate(rows, 1):
            home = source.homes.get((row["community"], row["household"])) if "household" in row else None
            cells = [_cell(layout, sheet, column, row, home, number) for column in fields]
            sheet.lines.append(Line(cells, _told(layout, row)))
        yield sheet


def _swapped(fields: list[Field], one: str, other: str) -> list[Field]:
    places = {column.header: at for at, column in enumerate(fields)}
    fields[places[one]], fields[places[other]] = fields[places[other]], fields[places[one]]
    return fields


def _parts(layout: Layout, source: Source) -> Iterable[tuple[str, Sequence[Row]]]:
    """Return the files of one kind: what tells them apart in the name, and the rows of each."""
    if layout.table == "survey_response":
        wave = layout.constants["survey_id"]
        return [("", source.answers[wave, layout.community])]
    rows = [row for row in source.rows[layout.table] if row["community"] == layout.community and _is_held(layout, row)]
    if layout.table == "work_order" and layout.community == "cuihu":
        return _monthly_exports(source.orders["cuihu"])
    split = {"work_order": _quarter, "fee_payment": _year}.get(layout.table)
    return [("", rows)] if split is None or "{}" not in layout.path else _split(rows, split)


def _is_held(layout: Layout, row: Row) -> bool:
    return all(row[name] in values.split() for name, values in layout.only.items())


def _quarter(row: Row) -> str:
    reported = row["reported_at"]
    return f"{reported.year}Q{(reported.month + 2) // 3}"


def _year(row: Row) -> str:
    return f"{row['paid_at'].year}年度"


def _split(rows: Sequence[Row], part_of: Callable[[Row], str]) -> list[tuple[str, list[Row]]]:
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(part_of(row), []).append(row)
    return sorted(parts.items())


def _monthly_exports(orders: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Return one file for each month: its orders, and older ones that changed since the last file, as they were."""
    found, before = [], datetime.min
    for month in MONTHS:
        drawn = month_ends(months_after(month, 2)[1])[0].replace(hour=8)
        drawn = AS_OF if month == MONTHS[-1] else drawn
        known = [order for order in orders if f"{order['reported_at']:%Y-%m}" <= month]
        states = [repairs.state_at(order, drawn) for order in known]
        fresh = [row for row in states if f"{row['reported_at']:%Y-%m}" == month or before < row["updated_at"] <= drawn]
        found.append((f"{month.replace('-', '')}_导出{drawn:%Y%m%d}", fresh))
        before = drawn
    return found


def _told(layout: Layout, row: Row) -> Row:
    """Return what a perfect reader takes from the line: the exported columns and what the source declares."""
    names = {column.name for column in layout.columns} - {""}
    if layout.rooms == "split":
        names.add("household")
    told = {name: row[name] for name in TABLES[layout.table].columns if name in names}
    told |= layout.constants | {"community": row["community"]}
    return told | ({"scores": dict(row["scores"])} if "scores" in row else {})


def _cell(layout: Layout, sheet: Sheet, column: Field, row: Row, home: Home | None, number: int) -> Cell:
    name = column.name
    if name.startswith("item:"):
        return _answer(layout, row["scores"][name.removeprefix("item:")])
    if name.startswith("_"):
        return _composed(name, row, number)
    if not name:
        return _filler(column.header, row, home, number)
    value = row[name]
    if value is None:
        return None
    return _value(layout, sheet, name, TABLES[layout.table].columns[name], value)


def _value(layout: Layout, sheet: Sheet, name: str, column: Column, value: object) -> Cell:
    codes = layout.codes.get(name, {})
    match column.kind:
        case "instant":
            return write_moment(value, layout.dates)
        case "day":
            return write_day(value, layout.dates)
        case "money":
            return money(value, sheet.is_workbook)
        case "month":
            return f"{value:%Y-%m}"
        case "decimal":
            return value / 1000 if sheet.is_workbook else f"{value / 1000:g}"
        case "flag":
            return "是" if value else "否"
        case "choice":
            return codes.get(value) or column.choices[value].zh
        case "place":
            return room(value, layout.rooms)
        case "score":
            score = 6 - value if layout.reverse else value
            return codes.get(str(value)) or score
        case "whole" if name == "seconds_used":
            return f"{value}秒"
        case _:
            return value


def _answer(layout: Layout, score: int | None) -> Cell:
    if layout.items == "words":
        return "不了解" if score is None else WORDS[score]
    if score is None:
        return -3
    return 6 - score if layout.reverse else score


def _composed(name: str, row: Row, number: int) -> Cell:
    if name == "_number":
        return number
    if name == "_estate":
        return {"yinhe": "银河湾小区", "cuihu": "翠湖花园", "lanting": "兰亭苑"}[row["community"]]
    return int(row["household"].split("-")[("_building", "_unit", "_room").index(name)])


def _filler(header: str, row: Row, home: Home | None, number: int) -> Cell:
    """Return a cell of a column that is never taken in; names, numbers and addresses are plainly invented."""
    resident = home.number if home else number
    known = {
        "性别": "男" if resident % 2 else "女",
        "费用类型": "物业费",
        "来源": "微信",
        "来源详情": "直接访问",
        "来自IP": f"192.0.2.{resident % 250 + 1}(虚构)",
        "意见": "",
        "处理人": f"测试员工{number % 9 + 1:02}",
        "收银员": f"测试员工{number % 3 + 1:02}",
        "登记人姓名": f"测试员工{number % 5 + 1:02}",
    }
    if header in known:
        return known[header]
    if any(word in header for word in ("电话", "手机", "联系方式")):
        return f"{INVENTED}{resident:06}" if home else None
    return f"测试业主{resident:04}" if home else None


ITEM_FIELDS = tuple(f"item:{item}" for item in ITEMS)
