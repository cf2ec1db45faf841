"""The whole company: truth first, exports from it, damage to those, and the files of its workspace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from propkit.demo import complaints, exports, fees, mess, repairs, settings, surveys
from propkit.demo.estates import AS_OF, ESTATES, homes, register
from propkit.demo.layout import Layout
from propkit.demo.layouts import ROOMS
from propkit.demo.sheets import Row, Sheet, to_bytes
from propkit.domains import TABLES
from propkit.model import Table

DEFAULT_SEED = 2025


@dataclass(frozen=True)
class Company:
    """What `build` made.

    `truth` holds canonical tables as they really are, `surviving` what a perfect reader can still get from the exports
    (both by table name, households as plain rooms): no row of a refused line, no column that was not exported.
    `files` are bytes by path in the workspace; `manifest` lists every defect.
    """

    truth: Mapping[str, pd.DataFrame]
    surviving: Mapping[str, pd.DataFrame]
    files: Mapping[str, bytes]
    manifest: pd.DataFrame


def build(seed: int = DEFAULT_SEED) -> Company:
    """Return the company that belongs to `seed`."""
    source = _source(seed)
    drawn = exports.sheets(source)
    defects = [defect for layout, sheet in drawn for defect in mess.spoil(layout, sheet, seed)]
    manifest = mess.manifest(defects, drawn)
    truth = {name: _frame(table, source.rows.get(name, ())) for name, table in TABLES.items()}
    surviving = {name: _frame(table, _surviving(name, drawn)) for name, table in TABLES.items()}
    files = {f"raw/{sheet.path}": to_bytes(sheet) for _, sheet in drawn}
    files |= {path: text.encode() for path, text in settings.texts(_occupied(source)).items()}
    files["manifest.csv"] = manifest.to_csv(index=False, lineterminator="\n").encode()
    return Company(truth, surviving, dict(sorted(files.items())), manifest)


def write(directory: Path, seed: int = DEFAULT_SEED) -> None:
    """Write the demo workspace of `seed` to `directory`; its files are replaced, nothing else is touched."""
    for path, content in build(seed).files.items():
        target = Path(directory) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _source(seed: int) -> exports.Source:
    everyone = {estate.id: homes(estate, seed) for estate in ESTATES}
    lives = {estate.id: repairs.orders(estate, everyone[estate.id], seed) for estate in ESTATES}
    accounts = [fees.accounts(estate, everyone[estate.id], seed) for estate in ESTATES]
    answers = _answers(everyone, seed)
    waves = {wave.id: wave for wave in surveys.WAVES}
    rows = {
        "household": [row for own in everyone.values() for row in register(own)],
        "work_order": [repairs.state_at(order, AS_OF) for own in lives.values() for order in own],
        "order_event": repairs.events(lives["yinhe"], AS_OF),
        "complaint": [row for estate in ESTATES for row in complaints.complaints(estate, everyone[estate.id], seed)],
        "feedback": [row for estate in ESTATES for row in complaints.praise(estate, seed)],
        "survey_response": [
            row for (wave, _), sheets in answers.items() for row in surveys.long_form(sheets, waves[wave])
        ],
        "fee_bill": [bill for bills, _ in accounts for bill in bills],
        "fee_payment": [payment for _, payments in accounts for payment in payments],
    }
    for room in ROOMS:
        rows |= room.rows(everyone, seed)
    places = {(home.estate.id, home.household): home for own in everyone.values() for home in own}
    return exports.Source(lives, places, rows, answers)


def _occupied(source: exports.Source) -> Counter[str]:
    return Counter(home.estate.id for home in source.homes.values() if home.occupancy == "occupied")


def _answers(everyone: Mapping[str, Sequence], seed: int) -> dict[tuple[str, str], list[Row]]:
    """Return answer sheets by wave and community; the online wave is one file for all, under community ""."""
    found = {}
    for wave in surveys.WAVES:
        by_place = {estate.id: surveys.answers(estate, everyone[estate.id], wave, seed) for estate in ESTATES}
        if wave.mode == "online":
            by_place = {"": sorted((row for rows in by_place.values() for row in rows), key=_sent)}
        for place, sheets in by_place.items():
            found[wave.id, place] = [row | {"response_id": str(number)} for number, row in enumerate(sheets, 1)]
    return found


def _sent(row: Row) -> tuple:
    return row["submitted_at"], row["community"], row["household"] or ""


def _surviving(table: str, drawn: Iterable[tuple[Layout, Sheet]]) -> list[Row]:
    """Return the last undamaged state of every key that the exports still tell."""
    found: dict[tuple, Row] = {}
    for _, sheet in drawn:
        if sheet.table == table:
            for line in sheet.lines:
                if line.fate == "kept" and line.row is not None:
                    for row in _rows(line.row):
                        found[tuple(row[name] for name in TABLES[table].key)] = row
    return list(found.values())


def _rows(row: Row) -> list[Row]:
    """Return the canonical rows of one line: a questionnaire gives one for each item."""
    if "scores" not in row:
        return [row]
    wave = next(wave for wave in surveys.WAVES if wave.id == row["survey_id"])
    return surveys.long_form([row], wave)


def _frame(table: Table, rows: Iterable[Row]) -> pd.DataFrame:
    """Return rows as a canonical frame, columns in the table's order, sorted by its key."""
    records = list(rows)
    types = {"community": "str", **{name: column.dtype for name, column in table.columns.items()}}
    columns = {
        name: pd.Series([row.get(name) for row in records], dtype=object).astype(kind) for name, kind in types.items()
    }
    return pd.DataFrame(columns).sort_values(list(table.key), ignore_index=True)
