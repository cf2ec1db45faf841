"""What was known at a data cut-off, and which months an export covers.  Derives no KPI column."""

from __future__ import annotations

import numpy as np
import pandas as pd

from propkit.model import Duration, Table
from propkit.periods import month_range


def as_known(rows: pd.DataFrame, table: Table, as_of: pd.Timestamp | pd.Series) -> pd.DataFrame:
    """Return `rows` as they stood at `as_of`: later rows gone, later events and what they brought set to missing.

    `as_of` may be one moment for each row.
    """
    dated = rows[table.dated_by]
    known = rows[~(dated > as_of)] if table.dated_by in table.events else rows
    as_of = as_of.loc[known.index] if isinstance(as_of, pd.Series) else as_of
    hidden = {
        name: known[column.known_from] > as_of
        for name, column in table.columns.items()
        if column.known_from is not None
    }
    hidden |= {name: known[name] > as_of for name in table.events}
    return known.assign(**{name: known[name].mask(late) for name, late in hidden.items() if late.any()})


def given(rows: pd.DataFrame, column: str) -> pd.Series:
    """Say for each row whether its export has `column` at all: a blank in a column that exists is news, no column is not.

    Rows carry the mapped columns of their file in `given` (comma-separated); rows made without it have every column.
    """
    if "given" not in rows:
        return pd.Series(True, index=rows.index)
    codes, texts = pd.factorize(rows["given"])
    told = np.array([*(column in text.split(",") for text in texts), True])  # the last for -1: nothing is said
    return pd.Series(told[codes], index=rows.index)


def covered_months(rows: pd.DataFrame, dated_by: str) -> list[str]:
    """Return the months for which some file speaks: from its first dated row to its last.

    A month without rows inside a file's span is a true zero; outside every span nothing is known.
    """
    return sorted({month for start, end in _spans(rows, dated_by) for month in month_range(start, end)})


def covers_day(rows: pd.DataFrame, dated_by: str, day: pd.Timestamp) -> bool:
    """Say whether some file speaks for `day` (a midnight): it lies between the file's first dated row and its last."""
    return any(start < day + pd.Timedelta(days=1) and end >= day for start, end in _spans(rows, dated_by))


def _spans(rows: pd.DataFrame, dated_by: str) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    named = [name for name in (dated_by, "file") if name in rows]
    dated = rows[named].dropna(subset=[dated_by]).sort_values(dated_by)
    files = dated["file"] if "file" in dated else pd.Series("", index=dated.index)
    first = dated.loc[~files.duplicated(keep="first"), dated_by].set_axis(files[~files.duplicated(keep="first")])
    last = dated.loc[~files.duplicated(keep="last"), dated_by].set_axis(files[~files.duplicated(keep="last")])
    return [(start, last[file]) for file, start in first.items()]


def within(start: pd.Series, end: pd.Series, minutes: int, as_of: pd.Timestamp) -> pd.Series:
    """Say whether `end` came within `minutes` of `start`: missing while that cannot be known yet, False once it is too late."""
    limit = start + pd.Timedelta(minutes=minutes)
    met = (end <= limit).astype("boolean")
    return met.mask(start.isna() | (end.isna() & (limit > as_of)))


def met_by(due: pd.Series, end: pd.Series, as_of: pd.Timestamp | pd.Series) -> pd.Series:
    """Say whether `end` came by `due`, for everything due by `as_of`: still open then is not met; not yet due is missing."""
    return (end <= due).astype("boolean").mask(due.isna() | (due > as_of))


def same_day(start: pd.Series, end: pd.Series, as_of: pd.Timestamp | pd.Series) -> pd.Series:
    """Say whether `end` came on the day of `start`: missing while that day is not over."""
    day = start.dt.floor("D")
    over = day + pd.Timedelta(days=1) - pd.Timedelta(seconds=1) <= as_of
    return (end.dt.floor("D") == day).astype("boolean").mask(start.isna() | (end.isna() & ~over))


def only(flag: pd.Series, where: pd.Series) -> pd.Series:
    """Keep `flag` where the condition holds; elsewhere it is missing, that is outside the denominator."""
    return flag.astype("boolean").where(where.fillna(False).astype(bool))


def sum_by(codes: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Return whole-number sums of `values` for codes 0..size-1 (negative codes are left out)."""
    totals = np.zeros(size, dtype="int64")
    np.add.at(totals, codes[codes >= 0], values[codes >= 0])
    return totals


def repeated(rows: pd.DataFrame, keys: list[str], since: str, at: str, days: int) -> pd.Series:
    """Say for each row whether a row with the same `keys` has `at` within `days` after this row's `since`.

    Rows with a missing key or `since` give False; callers set them to missing where that matters.
    """
    asked = rows.dropna(subset=[*keys, since])[[*keys, since]].sort_values(since).reset_index()
    heard = rows.dropna(subset=[*keys, at])[[*keys, at]].sort_values(at).rename(columns={at: "_heard"})
    window = pd.Timedelta(days=days)
    matched = pd.merge_asof(
        asked,
        heard,
        by=keys,
        left_on=since,
        right_on="_heard",
        direction="forward",
        allow_exact_matches=False,
        tolerance=window,
    )
    found = pd.Series(False, index=rows.index)
    found[matched.loc[matched["_heard"].notna(), "index"]] = True
    return found


def spells(rows: pd.DataFrame, duration: Duration, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return durations in minutes with `completed` (False = still open at `as_of`) and `usable`.

    A zero or negative duration is a batch entry, not a measurement, and a case that ended at an unknown time or in another way
    (`untimed`) is neither done nor open: `usable` is False, and they are counted, never used.
    """
    start, end = rows[duration.start], rows[duration.end]
    ready = rows[start.notna() & given(rows, duration.end) & rows["counted"].fillna(True).astype(bool)]
    start, end = start[ready.index], end[ready.index]
    length = (end.fillna(as_of) - start).dt.total_seconds() / 60
    known = end.notna() | ~ready["untimed"].astype(bool)
    return pd.DataFrame(
        {"minutes": length, "completed": end.notna(), "usable": (length > 0) & known}, index=ready.index
    )
