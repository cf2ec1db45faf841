"""What goes wrong in exports: seeded damage to clean sheets, every piece of it on record in the manifest.

`spoil` decides how much of what; `cells` damages cells, `lines` adds, copies and totals lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from propkit.demo import cells, lines
from propkit.demo.chance import Chance
from propkit.demo.defects import Defect, Spoiler
from propkit.demo.layout import Layout
from propkit.demo.sheets import Sheet
from propkit.domains import TABLES

SHARES: dict[str, dict[str, float]] = {
    "work_order": {
        "rooms": 0.30, "dates": 0.12, "wide": 0.02, "markers": 0.15, "units": 0.03, "bad_date": 0.01,
        "impossible": 0.004, "future": 0.003, "ambiguous_room": 0.004, "unreadable_room": 0.002,
        "missing_completion": 0.04, "copies": 0.02,
    },
    "order_event": {"dates": 0.02, "wide": 0.01, "bad_date": 0.002, "copies": 0.02},
    "complaint": {
        "rooms": 0.30, "dates": 0.12, "wide": 0.02, "markers": 0.15, "units": 0.03, "bad_date": 0.01,
        "impossible": 0.01, "ambiguous_room": 0.01, "copies": 0.02,
    },
    "feedback": {"dates": 0.12, "copies": 0.02},
    "survey_response": {
        "rooms": 0.30, "dates": 0.12, "wide": 0.02, "bad_date": 0.01, "two_answers": 0.004, "copies": 0.02,
    },
    "fee_bill": {
        "rooms": 0.01, "dates": 0.005, "wide": 0.003, "money": 0.006, "bad_date": 0.001, "impossible": 0.0005,
        "copies": 0.004,
    },
    "fee_payment": {
        "rooms": 0.01, "dates": 0.005, "wide": 0.003, "money": 0.006, "bad_date": 0.001, "future": 0.0005,
        "copies": 0.004,
    },
    "household": {"rooms": 0.05, "dates": 0.02, "copies": 0.005},
    "ledger": {"dates": 0.04, "wide": 0.01, "money": 0.02, "copies": 0.006},
    "public_revenue": {"dates": 0.04, "wide": 0.01, "money": 0.02, "copies": 0.006},
}  # fmt: skip
USUAL = {"rooms": 0.10, "dates": 0.04, "wide": 0.01, "bad_date": 0.004, "copies": 0.006}
"""The share of lines that each kind of damage strikes.  These are assumptions, not measurements."""

TOTALLED = ("yinhe/工单_", "yinhe/应收账单_", "yinhe/缴费明细_", "lanting/应收账单_")
WRONG_TOTAL = "lanting/应收账单_"
_ORDER = (
    "rooms", "dates", "wide", "markers", "units", "money", "bad_date", "impossible", "future", "ambiguous_room",
    "unreadable_room", "two_answers", "missing_completion",
)  # fmt: skip
COLUMNS = (
    "defect_id", "file", "sheet", "line", "column", "kind", "original", "corrupted", "expected", "table", "community",
    "key", "field", "destroys",
)  # fmt: skip


def spoil(layout: Layout, sheet: Sheet, seed: int) -> list[Defect]:
    """Damage `sheet` in place; return what was done to it."""
    spoiler = Spoiler(layout, sheet, Chance(seed, f"mess/{sheet.path}"))
    shares = SHARES.get(layout.table, USUAL)
    for kind in _ORDER:
        if kind in shares and _applies(kind, layout):
            getattr(cells, kind)(spoiler, shares[kind])
    cells.once(spoiler)
    lines.copies(spoiler, shares.get("copies", 0))
    if sheet.path.startswith(TOTALLED):
        lines.totals(spoiler, wrong_by=100_000 if sheet.path.startswith(WRONG_TOTAL) else 0)
    lines.blanks_and_notes(spoiler)
    lines.whole_file(spoiler)
    return spoiler.defects


def manifest(defects: Iterable[Defect], drawn: Sequence[tuple[Layout, Sheet]]) -> pd.DataFrame:
    """Return every defect with its place in the finished files; older states of a re-exported record are added."""
    numbers = {id(line): number for _, sheet in drawn for number, line in enumerate(sheet.lines, sheet.header_line + 1)}
    found = [*defects, *lines.older_states(drawn)]
    records = [_record(defect, 0 if defect.line is None else numbers[id(defect.line)]) for defect in found]
    table = pd.DataFrame(records).sort_values(["file", "line", "kind", "column"], kind="stable", ignore_index=True)
    table.insert(0, "defect_id", [f"D{number:05}" for number in range(1, len(table) + 1)])
    return table[list(COLUMNS)]


def _applies(kind: str, layout: Layout) -> bool:
    if kind == "rooms":
        return layout.rooms != "split"
    return kind != "missing_completion" or layout.community != "yinhe"


def _record(defect: Defect, number: int) -> dict[str, object]:
    row = defect.line.row if defect.line is not None and defect.line.row is not None else {}
    table = TABLES[defect.sheet.table]
    key = [str(row[name]) for name in table.key if name != "community" and name in row]
    return {
        "file": defect.sheet.path,
        "sheet": defect.sheet.name if defect.sheet.is_workbook else "",
        "line": number,
        "column": defect.column,
        "kind": defect.kind,
        "original": defect.original,
        "corrupted": defect.corrupted,
        "expected": defect.expected,
        "table": table.name,
        "community": row.get("community", ""),
        "key": "|".join(key),
        "field": defect.field,
        "destroys": defect.destroys,
    }
