"""All files of one table together: a key counts once, in its newest state.  The order of the files changes nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from propkit.domains import TABLES
from propkit.intake.clean import row_types
from propkit.intake.reconciliation import Cleaned, rejects_frame
from propkit.model import Table

_NEWEST = "__newest"
_FILLED = "__filled"
_RANK = "__rank"
_SHEET = "__sheet"


def combine(parts: Sequence[Cleaned]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows and rejects of all `parts`, which are files of one table.

    The newest state of a key wins: the largest known event instant, then more filled cells, then the later file in
    natural order, then the later line.  The others become rejects: `duplicate` when nothing differs, else `superseded`.
    """
    if not parts:
        raise ValueError("combine needs at least one part")
    (name,) = {part.reconciliation.table for part in parts}
    table = TABLES[name]
    rows = _stack(parts, table)
    beaten = _ranked(rows, table)
    lost = _lost(rows, beaten, table)
    kept = rows[~rows.index.isin(beaten.index)].drop(columns=_SHEET)
    order = [*table.key, "file", "line"]
    rejects = rejects_frame([*(part.rejects for part in parts), lost])
    places = ["file", "sheet", "line", "column", "rule", "value"]
    return kept.sort_values(order, ignore_index=True), rejects.sort_values(places, ignore_index=True)


def _stack(parts: Sequence[Cleaned], table: Table) -> pd.DataFrame:
    """Return all rows in one frame with one set of columns, segments in the order of their names."""
    own = row_types(table, [])
    extra = sorted({name for part in parts for name in part.rows.columns} - set(own))
    types = row_types(table, extra)
    filled = [part.rows.assign(**{_SHEET: part.reconciliation.sheet}) for part in parts if len(part.rows)]
    if not filled:
        return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in {**types, _SHEET: "str"}.items()})
    whole = [part.reindex(columns=[*types, _SHEET]).astype({**types, _SHEET: "str"}) for part in filled]
    return pd.concat(whole, ignore_index=True)


def _ranked(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the rows that lose against another of the same key, each beside the position of its winner."""
    rivals = rows[rows.duplicated(list(table.key), keep=False)]
    if rivals.empty:
        return rivals.assign(winner=pd.Series([], dtype="int64"))
    ranks = {file: rank for rank, file in enumerate(sorted(rivals["file"].unique(), key=_natural))}
    said = [name for name in rows.columns if name not in ("file", "line", _SHEET)]
    rivals = rivals.assign(
        **{
            _NEWEST: rivals[table.events].max(axis=1),
            _FILLED: rivals[said].notna().sum(axis=1),
            _RANK: rivals["file"].map(ranks),
        }
    )
    order = [*table.key, _NEWEST, _FILLED, _RANK, "line", _SHEET, *said]
    rivals = rivals.sort_values(list(dict.fromkeys(order)), kind="stable", na_position="first")
    is_last = ~rivals.duplicated(list(table.key), keep="last")
    winner = pd.Series(rivals.index.where(is_last), index=rivals.index).bfill().astype("int64")
    return rivals.assign(winner=winner)[~is_last]


def _lost(rows: pd.DataFrame, beaten: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return one reject for each line that lost, with its key as the value."""
    said = [name for name in rows.columns if name not in ("file", "line", _SHEET)]
    won = rows.loc[beaten["winner"], said].set_axis(beaten.index)
    same = ((won == beaten[said]) | (won.isna() & beaten[said].isna())).fillna(False).all(axis=1)
    keys = beaten[list(table.key)].astype("str").fillna("")
    lost = pd.DataFrame(
        {
            "file": beaten["file"],
            "sheet": beaten[_SHEET],
            "line": beaten["line"],
            "column": "",
            "rule": same.map({True: "duplicate", False: "superseded"}),
            "value": keys.iloc[:, 0].str.cat(keys.iloc[:, 1:], sep=" | ") if len(keys) else "",
        }
    )
    return lost.sort_values(["file", "sheet", "line", "rule"], ascending=[True, True, True, False]).drop_duplicates(
        ["file", "sheet", "line"]
    )


def _natural(file: str) -> tuple[list[tuple[int, str]], str]:
    """Return the key by which 9月.xlsx comes before 10月.xlsx."""
    return [(int(digits or 0), text) for text, digits in re.findall(r"(\D*)(\d*)", file)], file
