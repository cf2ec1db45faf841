"""All files of one table together: a key counts once, in its newest state.  The order of the files changes nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from propkit.domains import TABLES
from propkit.intake.clean import row_types
from propkit.intake.reconciliation import Cleaned, rejects_frame
from propkit.model import Table

_NEWEST = "__newest"
_FILLED = "__filled"
_RANK = "__rank"
_SHEET = "__sheet"
_EXPORTED = "__exported"
_DAY = "__day"
_UPDATED = "__updated"
_OWN = ("file", "line", _SHEET, _EXPORTED)


def combine(parts: Sequence[Cleaned]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows and rejects of all `parts`, which are files of one table.

    The newest state of a key wins: the later day of export and then the later `updated_at` where all its lines know them,
    then the largest known event instant, more filled cells, the later file in natural order, the later line.  The others
    become rejects: `duplicate` when nothing differs, else `superseded`.  Lines of one key that are different things by the
    table's `identity` are all refused as `key_conflict`: none of them is a state of another.
    """
    if not parts:
        raise ValueError("combine needs at least one part")
    (name,) = {part.reconciliation.table for part in parts}
    table = TABLES[name]
    rows = _stack(parts, table)
    rejects = [part.rejects for part in parts]
    if rows.duplicated(list(table.key)).any():
        at_odds = _conflicts(rows, table)
        rows = rows.drop(at_odds.index)
        beaten = _ranked(rows, table)
        rejects += [_once(at_odds), _once(_lost(rows, beaten, table))]
        rows = rows[~rows.index.isin(beaten.index)]
    kept, rejects = rows.drop(columns=[_SHEET, _EXPORTED]), rejects_frame(rejects)
    order = [*table.key, "file", "line"]
    places = ["file", "sheet", "line", "column", "rule", "value"]
    return kept.sort_values(order, ignore_index=True), rejects.sort_values(places, ignore_index=True)


def _stack(parts: Sequence[Cleaned], table: Table) -> pd.DataFrame:
    """Return all rows in one frame with one set of columns, segments in the order of their names."""
    own = row_types(table, [])
    extra = sorted({name for part in parts for name in part.rows.columns} - set(own))
    types = row_types(table, extra)
    types |= {_SHEET: "str", _EXPORTED: "str"}
    filled = [
        part.rows.assign(**{_SHEET: part.reconciliation.sheet, _EXPORTED: part.reconciliation.exported_on})
        for part in parts
        if len(part.rows)
    ]
    if not filled:
        return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in types.items()})
    whole = [part.reindex(columns=list(types)).astype(types) for part in filled]
    return pd.concat(whole, ignore_index=True)


def _conflicts(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return one reject for each row of a key whose rows are different things, at the column in which they differ."""
    key = list(table.key)
    rivals = rows[rows.duplicated(key, keep=False)]
    codes = _codes(rivals, key)
    columns = pd.Series("", index=rivals.index, dtype="str")
    for name in reversed(table.identity):
        differs = pd.Series(False, index=rivals.index)
        for cells in _comparable(rivals[name], codes):
            differs |= _several(cells, codes)
        columns = columns.mask(differs, name)
    at_odds = rivals[columns != ""]
    lines = pd.MultiIndex.from_frame(rows[["file", _SHEET, "line"]])
    whole = rows[lines.isin(pd.MultiIndex.from_frame(at_odds[["file", _SHEET, "line"]]))]
    return _rejects(whole, columns.reindex(whole.index, fill_value=""), "key_conflict", table)


def _codes(rows: pd.DataFrame, key: list[str]) -> np.ndarray:
    return pd.factorize(pd.MultiIndex.from_frame(rows[key]))[0]


def _some(flags: pd.Series, codes: np.ndarray) -> pd.Series:
    """Say for each row whether the flag holds for any row of its key."""
    hit = np.zeros(codes.max(initial=-1) + 1, dtype=bool)
    hit[codes[flags.to_numpy(dtype=bool)]] = True
    return pd.Series(hit[codes], index=flags.index)


def _several(cells: pd.Series, codes: np.ndarray) -> pd.Series:
    """Say for each row whether the rows of its key have more than one known value."""
    known = pd.DataFrame({"code": codes, "cell": cells.to_numpy()}).dropna().drop_duplicates()
    return pd.Series(np.isin(codes, known.loc[known["code"].duplicated(), "code"]), index=cells.index)


def _comparable(cells: pd.Series, codes: np.ndarray) -> list[pd.Series]:
    """Return the forms in which the cells of one key must agree: instants by day, and by the coarsest time any has."""
    if not pd.api.types.is_datetime64_any_dtype(cells):
        return [cells]
    days = cells.dt.floor("D")
    times = cells.where(cells != days)
    hours, minutes = times.dt.floor("h"), times.dt.floor("min")
    has_hours, has_minutes = (_some(times == coarse, codes) for coarse in (hours, minutes))
    return [days, times.mask(has_minutes, minutes).mask(has_hours, hours)]


def _ranked(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the rows that lose against another of the same key, each beside the position of its winner."""
    rivals = rows[rows.duplicated(list(table.key), keep=False)]
    if rivals.empty:
        return rivals.assign(winner=pd.Series([], dtype="int64"))
    ranks = {file: rank for rank, file in enumerate(sorted(rivals["file"].unique(), key=_natural))}
    said = [name for name in rows.columns if name not in _OWN]
    codes = _codes(rivals, list(table.key))
    updated = rivals["updated_at"] if "updated_at" in rivals else pd.Series(pd.NaT, index=rivals.index)
    rivals = rivals.assign(
        **{
            _DAY: _where_all_know(rivals[_EXPORTED].replace("", pd.NA), codes),
            _UPDATED: _where_all_know(updated, codes),
            _NEWEST: rivals[table.events].max(axis=1),
            _FILLED: rivals[said].notna().sum(axis=1),
            _RANK: rivals["file"].map(ranks),
        }
    )
    order = [*table.key, _DAY, _UPDATED, _NEWEST, _FILLED, _RANK, "line", _SHEET, *said]
    rivals = rivals.sort_values(list(dict.fromkeys(order)), kind="stable", na_position="first")
    is_last = ~rivals.duplicated(list(table.key), keep="last")
    winner = pd.Series(rivals.index.where(is_last), index=rivals.index).bfill().astype("int64")
    return rivals.assign(winner=winner)[~is_last]


def _where_all_know(cells: pd.Series, codes: np.ndarray) -> pd.Series:
    """Return the cells of the keys all of whose rows know theirs: a missing one is neither older nor newer."""
    return cells.where(~_some(cells.isna(), codes))


def _lost(rows: pd.DataFrame, beaten: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return one reject for each row that lost, with its key as the value."""
    said = [name for name in rows.columns if name not in _OWN]
    won = rows.loc[beaten["winner"], said].set_axis(beaten.index)
    same = ((won == beaten[said]) | (won.isna() & beaten[said].isna())).fillna(False).all(axis=1)
    return _rejects(beaten, "", same.map({True: "duplicate", False: "superseded"}), table)


def _rejects(rows: pd.DataFrame, column: pd.Series | str, rule: pd.Series | str, table: Table) -> pd.DataFrame:
    keys = rows[list(table.key)].astype("str").fillna("")
    value = keys.iloc[:, 0].str.cat(keys.iloc[:, 1:], sep=" | ") if len(keys) else ""
    places = {"file": rows["file"], "sheet": rows[_SHEET], "line": rows["line"]}
    return pd.DataFrame({**places, "column": column, "rule": rule, "value": value})


def _once(rejects: pd.DataFrame) -> pd.DataFrame:
    """Return one reject for each line: the one that says more."""
    places = ["file", "sheet", "line"]
    order = [*places, "rule", "column", "value"]
    return rejects.sort_values(order, ascending=[True, True, True, False, False, True]).drop_duplicates(places)


def _natural(file: str) -> tuple[list[tuple[int, str]], str]:
    """Return the key by which 9月.xlsx comes before 10月.xlsx."""
    return [(int(digits or 0), text) for text, digits in re.findall(r"(\D*)(\d*)", file)], file
