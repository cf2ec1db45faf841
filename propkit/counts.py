"""Whole-number sums for each KPI and group: the only place that groups.  Divides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csc_array

from propkit.errors import DataError
from propkit.model import Kpi
from propkit.text import Text

SUMS = ["n", "num", "num_sq", "den"]
UNKNOWN = "unknown"
"""The group of rows whose segment is not known; it is shown, never dropped."""

_WHOLE_LIMIT = 2**31
"""Values of mean KPIs are squared in int64, so they must stay below this."""
_NUMBERS = 2**22
"""How many numbers are added up at once: it bounds the memory of a tally beside its rows."""


def tally(tables: Mapping[str, pd.DataFrame], kpis: Iterable[Kpi], by: Sequence[str]) -> pd.DataFrame:
    """Sum every KPI's numerator and denominator over groups of rows.

    `tables`: derived rows by table name.  `by`: group columns, "month" among them for the month of the KPI's own date.
    Returns one row for each kpi and group: kpi, *by, n (rows in the base), num, num_sq (mean KPIs), den, all int64; sorted.
    A row counts where numerator, denominator and date are known.  Raises DataError for numbers that are not whole.
    """
    together: dict[tuple[str, str], list[_Part]] = {}
    for kpi in kpis:
        for table, dated_by, part in _parts(tables, kpi, by):
            together.setdefault((table, dated_by), []).append(part)
    groups = _Groups(tables, by)
    found = [_summed(tables[table], dated_by, parts, groups) for (table, dated_by), parts in together.items()]
    columns = {name: [part[name] for part in found] for name in ("kpi", *by, *SUMS)}
    types = dict.fromkeys(("kpi", *by), "str") | dict.fromkeys(SUMS, "int64")
    whole = {
        name: pd.Series(np.concatenate(parts) if parts else [], dtype=types[name]) for name, parts in columns.items()
    }
    return rollup(pd.DataFrame(whole), by)


def rollup(counts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Add counts up to coarser groups: exact, because sums of sums are sums.

    `counts`: as `tally` returns them, with at least the columns `by`.
    """
    keys = ["kpi", *by]
    return counts.groupby(keys, as_index=False, observed=True, dropna=False, sort=True)[SUMS].sum()


_Part = tuple[Kpi, dict[str, str], tuple[str, ...]]
"""A KPI in one of its tables: the columns of its halves ("num", "den"), and which sums are the count of its rows."""


def _parts(tables: Mapping[str, pd.DataFrame], kpi: Kpi, by: Sequence[str]) -> list[tuple[str, str, _Part]]:
    """In which tables a KPI is counted, by which date.

    The denominators of a rate are counted in a table of their own; their rows carry no events.
    """
    exposed, _, column = (kpi.denominator or "").rpartition(".")
    if not kpi.denominator:
        return [(kpi.table, kpi.dated_by, (kpi, {"num": kpi.numerator}, ("n", "den")))]
    if not exposed:
        return [(kpi.table, kpi.dated_by, (kpi, {"num": kpi.numerator, "den": column}, ("n",)))]
    events = (kpi.table, kpi.dated_by, (kpi, {"num": kpi.numerator}, ()))
    if any(name in tables[kpi.table] and name not in tables[exposed] for name in by if name != "month"):
        return [events]
    return [events, (exposed, "month_on", (kpi, {"n": column, "den": column}, ()))]


class _Groups:
    """The group of every row, as a whole number, and the labels of each group; a column is coded once."""

    def __init__(self, tables: Mapping[str, pd.DataFrame], by: Sequence[str]) -> None:
        self._by = by
        self._coded: dict[tuple[int, str], tuple[np.ndarray, np.ndarray]] = {}
        self._tables = tables  # kept, so that no other frame can come to have the id of one of these

    def of(self, rows: pd.DataFrame, dated_by: str) -> tuple[np.ndarray, int, dict[str, np.ndarray]]:
        """Return the group of each row, how many there may be, and by column the label of each (of empty ones: any)."""
        code, size, coded = np.zeros(len(rows), dtype="int64"), 1, {}
        for name in self._by:
            codes, labels = _months(rows[dated_by]) if name == "month" else self._segment(rows, name)
            coded[name] = codes, labels
            code, size = code * len(labels) + codes, size * len(labels)
            if size > max(4096, len(rows)):
                code, present = pd.factorize(code)
                size = len(present)
        of_group = np.zeros(size, dtype="int64")
        of_group[code] = np.arange(len(rows))
        if not len(rows):
            return code, 0, {name: np.empty(0, dtype=object) for name in self._by}
        return code, size, {name: labels[codes[of_group]] for name, (codes, labels) in coded.items()}

    def _segment(self, rows: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
        key = (id(rows), name)
        if key not in self._coded:
            codes, values = pd.factorize(rows[name]) if name in rows else (np.full(len(rows), -1), [])
            labels = [*pd.Series(values).astype("str"), UNKNOWN]
            self._coded[key] = np.where(codes < 0, len(labels) - 1, codes), np.array(labels, dtype=object)
        return self._coded[key]


def _months(dates: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Code dates by month; undated rows get any month, for they count nowhere."""
    months = dates.to_numpy().astype("datetime64[M]")
    known = ~np.isnat(months)
    first, last = (months[known].min(), months[known].max()) if known.any() else (np.datetime64("1970-01"),) * 2
    codes = np.where(known, (months - first).astype("int64"), 0)
    return codes, np.arange(first, last + 1).astype("str").astype(object)


def _summed(rows: pd.DataFrame, dated_by: str, parts: Sequence[_Part], groups: _Groups) -> dict[str, np.ndarray]:
    """Return the sums of KPIs over one table and date: a row for each KPI and group in which any of its rows counts.

    The rows are multiplied by their indicators of groups, which adds whole numbers exactly and in one pass.
    """
    code, size, labels = groups.of(rows, dated_by)
    columns = {name: _whole(rows, kpi, name) for kpi, halves, _ in parts for name in halves.values()}
    dated = rows[dated_by].notna().to_numpy()
    places, wide = _places(parts)
    totals, step = np.zeros((size, wide), dtype="int64"), max(1, _NUMBERS // wide)
    for start in range(0, len(rows), step):
        stretch = slice(start, start + step)
        numbers = _numbers(parts, wide, {name: values[stretch] for name, values in columns.items()}, dated[stretch])
        here = np.arange(len(numbers) + 1)
        totals += csc_array((np.ones(len(numbers), dtype="int64"), code[stretch], here), (size, len(numbers))) @ numbers
    at, group = np.nonzero(totals[:, [counted for counted, _ in places]].T)
    found = {name: totals[group, np.array([sums[name] for _, sums in places], dtype="int64")[at]] for name in SUMS}
    ids = np.array([kpi.id for kpi, _, _ in parts], dtype=object)
    return {"kpi": ids[at]} | {name: values[group] for name, values in labels.items()} | found


def _places(parts: Sequence[_Part]) -> tuple[list[tuple[int, dict[str, int]]], int]:
    """Where the sums of each part stand: the column that counts its rows, the column of each of `SUMS`; and how many.

    Column 0 stays zero: it is the sum of whatever a part does not have.
    """
    places, free = [], 1
    for kpi, halves, counted in parts:
        own = {half: free + 1 + at for at, half in enumerate(halves)}
        if "n" in halves:
            own["n"] = own["den"] = free + 1
        if kpi.kind == "mean":
            own["num_sq"] = free + 1 + len(halves)
        places.append((free, dict.fromkeys(SUMS, 0) | dict.fromkeys(counted, free) | own))
        free += 1 + len(halves) + (kpi.kind == "mean")
    return places, free


def _numbers(parts: Sequence[_Part], wide: int, columns: Mapping[str, pd.Series], dated: np.ndarray) -> np.ndarray:
    """Return what each row adds to each column of `_places`: one where it counts, its halves, the square of a mean's."""
    made, free = np.zeros((len(dated), wide), dtype="int64"), 1
    filled = {name: values.to_numpy("int64", na_value=0) for name, values in columns.items()}
    there = {name: values.notna().to_numpy() & dated for name, values in columns.items()}
    for kpi, halves, _ in parts:
        known = np.logical_and.reduce([there[name] for name in halves.values()])
        made[:, free] = known
        for at, name in enumerate(halves.values()):
            np.multiply(filled[name], known, out=made[:, free + 1 + at])
        free += 1 + len(halves)
        if kpi.kind == "mean":
            made[:, free] = made[:, free - len(halves)] ** 2
            free += 1
    return made


def _whole(rows: pd.DataFrame, kpi: Kpi, column: str) -> pd.Series:
    values = rows[column]
    if values.dtype == "boolean" or values.dtype == bool:
        return values.astype("boolean")
    if not pd.api.types.is_integer_dtype(values.dtype):
        raise DataError(
            Text(
                f"指标「{kpi.id}」的列「{column}」不是整数", f"KPI '{kpi.id}': column '{column}' is not whole numbers"
            ),
            got=values.dtype,
            expected=Text("整数（分钟、分、分值）", "whole minutes, fen or points"),
        )
    if kpi.kind == "mean" and len(values) and (values.abs() >= _WHOLE_LIMIT).fillna(False).any():
        raise DataError(
            Text(f"指标「{kpi.id}」的数值过大", f"KPI '{kpi.id}': values too large to square"), got=values.max()
        )
    return values.astype("Int64")
