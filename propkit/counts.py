"""Whole-number sums for each KPI and group: the only place that groups.  Divides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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
_NUMBERS = 2**20
"""How many numbers are added up at once: it bounds the memory of a tally beside its rows."""
_BITS, _PER_NUMBER = 21, 3
_FIELD = 2**_BITS - 1
"""Sums of flags over this many rows fit into their bits of a shared number."""
_SPREAD = np.array([sum((byte >> bit & 1) << bit * _BITS for bit in range(_PER_NUMBER)) for byte in range(8)], "int64")
"""The shared number for each byte whose lowest bits are flags."""
_NO_DAY = np.iinfo("int64").min


def tally(tables: Mapping[str, pd.DataFrame], kpis: Iterable[Kpi], by: Sequence[str]) -> pd.DataFrame:
    """Sum every KPI's numerator and denominator over groups of rows.

    `tables`: derived rows by table name.  `by`: group columns, "month" among them for the month of the KPI's own date.
    Returns one row for each kpi and group: kpi, *by, n (rows in the base), num, num_sq (mean KPIs), den, all int64; sorted.
    A row counts where numerator, denominator and date are known.  Raises DataError for numbers that are not whole.
    """
    return tallies(tables, kpis, [by])[0]


def tallies(
    tables: Mapping[str, pd.DataFrame], kpis: Iterable[Kpi], groupings: Sequence[Sequence[str]]
) -> list[pd.DataFrame]:
    """Return the `tally` by each of `groupings`; what they have in common is done once for all."""
    kpis, grouping = sorted(kpis, key=lambda kpi: kpi.id), _Grouping(tables)
    asked: dict[tuple[str, str], list[tuple[list[_Part], list[int]]]] = {}
    for at, by in enumerate(groupings):
        together: dict[tuple[str, str], list[_Part]] = {}
        for kpi in kpis:
            for table, dated_by, part in _parts(tables, kpi, by):
                together.setdefault((table, dated_by), []).append(part)
        for place, parts in together.items():
            same = [group for known, group in asked.setdefault(place, []) if known == parts]
            same[0].append(at) if same else asked[place].append((parts, [at]))
    found: list[list[_Sums]] = [[] for _ in groupings]
    for (table, dated_by), wanted in asked.items():
        for parts, places in wanted:
            groups = [grouping.of(tables[table], dated_by, groupings[at]) for at in places]
            for at, sums in zip(places, _summed(tables[table], dated_by, parts, groups), strict=True):
                found[at].append(sums)
    return [_joined(parts, by) for by, parts in zip(groupings, found, strict=True)]


def rollup(counts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Add counts up to coarser groups: exact, because sums of sums are sums.

    `counts`: as `tally` returns them, with at least the columns `by`.
    """
    keys = ["kpi", *by]
    return counts.groupby(keys, as_index=False, observed=True, dropna=False, sort=True)[SUMS].sum()


def _joined(parts: Sequence[_Sums], by: Sequence[str]) -> pd.DataFrame:
    """Return the sums of several tables or dates as one table, sorted; those of one are so already."""
    if len(parts) == 1:
        (part,) = parts
        keys = {name: pd.array(words, dtype="str").take(codes) for name, (codes, words) in part.keys.items()}
        return pd.DataFrame(keys | part.sums)
    keys = {name: [part.keys[name][1][part.keys[name][0]] for part in parts] for name in ("kpi", *by)}
    sums = {name: [part.sums[name] for part in parts] for name in SUMS}
    types = dict.fromkeys(keys, "str") | dict.fromkeys(SUMS, "int64")
    whole = {
        name: pd.Series(np.concatenate(found) if found else [], dtype=types[name])
        for name, found in (keys | sums).items()
    }
    return rollup(pd.DataFrame(whole), by)


@dataclass(frozen=True, slots=True)
class _Sums:
    """The sums over one table and date: by key column codes and the labels of the codes, and the columns `SUMS`."""

    keys: dict[str, tuple[np.ndarray, np.ndarray]]
    sums: dict[str, np.ndarray]


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


@dataclass(frozen=True, slots=True)
class _Groups:
    """The group of every row, a whole number below `size`; by column the code of each group and the labels of the codes."""

    code: np.ndarray
    size: int
    labels: dict[str, tuple[np.ndarray, np.ndarray]]


class _Grouping:
    """The groups of rows, numbered in the order of their labels; what groupings have in common is done once."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self._coded: dict[tuple[int, str, bool], tuple[np.ndarray, np.ndarray]] = {}
        self._made: dict[tuple[int, str, tuple[str, ...]], _Groups] = {}
        self._tables = tables  # kept, so that no other frame can come to have the id of one of these

    def of(self, rows: pd.DataFrame, dated_by: str, by: Sequence[str]) -> _Groups:
        """Return the groups of `rows`; there may be some without any row."""
        key = id(rows), dated_by if "month" in by else "", tuple(by)
        if key not in self._made:
            self._made[key] = self._split(rows, dated_by, by) if by else _Groups(np.zeros(len(rows), "int32"), 1, {})
        return self._made[key]

    def _split(self, rows: pd.DataFrame, dated_by: str, by: Sequence[str]) -> _Groups:
        coarse, name = self.of(rows, dated_by, by[:-1]), by[-1]
        codes, labels = self._column(rows, dated_by if name == "month" else name, dated=name == "month")
        many = len(labels)
        if coarse.size * many <= max(4096, len(rows)):
            code = coarse.code * np.int32(many) + codes
            above, own = np.divmod(np.arange(coarse.size * many), many)
        else:
            code, present = pd.factorize(coarse.code.astype("int64") * many + codes)
            order = np.argsort(present)
            code, (above, own) = np.argsort(order)[code], np.divmod(present[order], many)
        told = {column: (of_group[above], words) for column, (of_group, words) in coarse.labels.items()}
        return _Groups(code.astype("int32", copy=False), len(own), told | {name: (own, labels)})

    def _column(self, rows: pd.DataFrame, name: str, *, dated: bool) -> tuple[np.ndarray, np.ndarray]:
        key = id(rows), name, dated
        if key not in self._coded:
            codes, words = _months(rows[name]) if dated else _segments(rows, name)
            labels, ranks = np.unique(np.array(words, dtype=object), return_inverse=True)
            self._coded[key] = ranks.astype("int32")[codes], labels
        return self._coded[key]


def _months(dates: pd.Series) -> tuple[np.ndarray, Sequence[str]]:
    """Code dates by month; undated rows get any month, for they count nowhere."""
    days = dates.to_numpy().astype("datetime64[D]").view("int64")
    last = days.max(initial=_NO_DAY)  # what is not known is the least of all
    if last == _NO_DAY:
        return np.zeros(len(days), dtype="int32"), ["1970-01"]
    first = days.min()
    if first == _NO_DAY:
        first = days.min(where=days != _NO_DAY, initial=last)
        days = np.maximum(days, first)
    months = np.arange(first, last + 1).astype("datetime64[D]").astype("datetime64[M]")  # fewer days than rows
    of_day = (months - months[0]).astype("int32")
    return of_day[days - first], list(np.unique(months).astype("str"))


def _segments(rows: pd.DataFrame, name: str) -> tuple[np.ndarray, Sequence[str]]:
    """Code a column; what is missing, in a row or altogether, is unknown."""
    if name not in rows:
        return np.zeros(len(rows), dtype="int32"), [UNKNOWN]
    if isinstance(rows[name].dtype, pd.CategoricalDtype):
        codes, values = rows[name].array.codes, rows[name].array.categories
    else:
        codes, values = pd.factorize(rows[name])
    return codes, [*pd.Series(values).astype("str"), UNKNOWN]  # what is missing has the code -1: the last


_Term = tuple[str, int, tuple[str, ...]]
"""What rows add to a sum: a column to the power of 0, 1 or 2, where all the named columns are known."""


def _summed(rows: pd.DataFrame, dated_by: str, parts: Sequence[_Part], groupings: Sequence[_Groups]) -> list[_Sums]:
    """Return for each grouping the sums of KPIs over one table and date: a row for each KPI and group that counts rows.

    The rows are multiplied by their indicators of groups, which adds whole numbers exactly and in one pass.
    """
    columns = {name: _whole(rows, kpi, name) for kpi, halves, _ in parts for name in halves.values()}
    asked = [_terms(part) for part in parts]
    terms = {term for _, sums in asked for term in sums.values()} | {counted for counted, _ in asked}
    small = sorted(term for term in terms if term[1] == 0 or columns[term[0]].dtype == "boolean")
    large = sorted(terms - set(small))
    wide = -(-len(small) // _PER_NUMBER) + len(large)
    totals = [np.zeros((groups.size, len(small) + len(large)), dtype="int64") for groups in groupings]
    dated, step = rows[dated_by].notna().to_numpy(), min(_FIELD, max(1, _NUMBERS // wide))
    for start in range(0, len(rows), step):
        stretch = slice(start, start + step)
        numbers = _numbers({name: values[stretch] for name, values in columns.items()}, dated[stretch], small, large)
        ones, here = np.ones(len(numbers), dtype="int64"), np.arange(len(numbers) + 1, dtype="int32")
        for groups, total in zip(groupings, totals, strict=True):
            shape = groups.size, len(numbers)
            _unpack(csc_array((ones, groups.code[stretch], here), shape) @ numbers, len(small), total)
    place = {term: at for at, term in enumerate([*small, *large])}
    return [_told(parts, asked, total, place, groups) for groups, total in zip(groupings, totals, strict=True)]


def _terms(part: _Part) -> tuple[_Term, dict[str, _Term]]:
    """Return the term that counts the rows of a part, and the term of each of `SUMS` that it has."""
    kpi, halves, counted = part
    known = tuple(sorted(set(halves.values())))
    rows = (known[0], 0, known)
    sums = dict.fromkeys(counted, rows) | {half: (name, 1, known) for half, name in halves.items()}
    if kpi.kind == "mean":
        sums["num_sq"] = (halves["num"], 2, known)
    return rows, sums


def _numbers(
    columns: Mapping[str, pd.Series], dated: np.ndarray, small: Sequence[_Term], large: Sequence[_Term]
) -> np.ndarray:
    """Return what each row adds to each term: `_PER_NUMBER` of the small ones, each 0 or 1, share one whole number.

    Their flags are put together as bits of a byte, and the number that stands for a byte is looked up.
    """
    filled = {
        name: values.to_numpy("bool" if values.dtype == "boolean" else "int64", na_value=0)
        for name, values in columns.items()
    }
    there = {name: values.notna().to_numpy() & dated for name, values in columns.items()}
    known = {names: np.logical_and.reduce([there[name] for name in names]) for _, _, names in (*small, *large)}
    packed = -(-len(small) // _PER_NUMBER)
    made = np.empty((len(dated), packed + len(large)), dtype="int64")
    for at in range(packed):
        byte = np.zeros(len(dated), dtype="uint8")
        for bit, (name, power, names) in enumerate(small[at * _PER_NUMBER : (at + 1) * _PER_NUMBER]):
            flags = known[names] & filled[name] if power else known[names]
            byte |= flags.view("uint8") << np.uint8(bit)
        made[:, at] = _SPREAD[byte]
    for at, (name, power, names) in enumerate(large, start=packed):
        np.multiply(filled[name], known[names], out=made[:, at])
        if power == 2:
            made[:, at] *= filled[name]
    return made


def _unpack(sums: np.ndarray, small: int, total: np.ndarray) -> None:
    """Add sums of `_numbers` to the total of each term."""
    for at in range(small):
        number, shift = divmod(at, _PER_NUMBER)
        total[:, at] += (sums[:, number] >> (shift * _BITS)) & (2**_BITS - 1)
    total[:, small:] += sums[:, -(-small // _PER_NUMBER) :]


def _told(
    parts: Sequence[_Part],
    asked: Sequence[tuple[_Term, dict[str, _Term]]],
    total: np.ndarray,
    place: Mapping[_Term, int],
    groups: _Groups,
) -> _Sums:
    """Return the sums without what no row counts in, ordered as parts and groups are."""
    at, group = np.nonzero(total[:, [place[counted] for counted, _ in asked]].T)
    whole = np.column_stack([total, np.zeros(len(total), dtype="int64")])  # the last: what a part does not have
    found = {name: whole[group, np.array([place.get(sums.get(name), -1) for _, sums in asked])[at]] for name in SUMS}
    ids = np.array([kpi.id for kpi, _, _ in parts], dtype=object)
    keys = {name: (codes[group], words) for name, (codes, words) in groups.labels.items()}
    return _Sums({"kpi": (at, ids)} | keys, found)


def _whole(rows: pd.DataFrame, kpi: Kpi, column: str) -> pd.Series:
    values = rows[column]
    if values.dtype == "boolean" or values.dtype == bool:
        return values if values.dtype == "boolean" else values.astype("boolean")
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
    return values if values.dtype == "Int64" else values.astype("Int64")
