"""Whole-number sums for each KPI and group: the only place that groups.  Divides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.sparse import csc_array

from propkit.errors import DataError
from propkit.groups import UNKNOWN as UNKNOWN
from propkit.groups import Grouping, Groups, finer, one_group
from propkit.model import Kpi
from propkit.text import Text

SUMS = ["n", "num", "num_sq", "den"]

_WHOLE_LIMIT = 2**31
"""Values of mean KPIs are squared in int64, so they must stay below this."""
_NUMBERS = 2**23
"""How many numbers are added up at once: it bounds the memory of a tally beside its rows."""
_STRETCH = 2**16
"""Rows whose numbers are made at once: so few that what they are made of stays near the processor."""
_BITS, _PER_NUMBER, _NUMBERS_SHARED = 21, 3, 4
_FIELD = 2**_BITS - 1
"""Sums of flags over this many rows fit into their bits of a shared number."""
_FLAGS = _PER_NUMBER * _NUMBERS_SHARED
_FLAGGED = (np.arange(2**_FLAGS)[:, None] >> np.arange(_FLAGS) & 1).reshape(-1, _NUMBERS_SHARED, _PER_NUMBER)
_SPREAD = (_FLAGGED << np.arange(_PER_NUMBER) * _BITS).sum(axis=2, dtype="int64")
"""The shared numbers for each whole number whose lowest bits are flags."""
_ARROW_FLAGS = pd.ArrowDtype(pa.bool_())
_HELD = 4
"""Sums of so many pieces are kept apart: adding them up together costs less than one by one."""
_NONE = np.array([], dtype="int64")


def tally(tables: Mapping[str, pd.DataFrame], kpis: Iterable[Kpi], by: Sequence[str]) -> pd.DataFrame:
    """Sum every KPI's numerator and denominator over groups of rows.

    `tables`: derived rows by table name.  `by`: group columns, "month" among them for the month of the KPI's own date.
    Returns one row for each kpi and group: kpi, *by, n (rows in the base), num, num_sq (mean KPIs), den, all int64; sorted.
    A row counts where numerator, denominator and date are known.  Raises DataError for numbers that are not whole.
    """
    return tallies([tables], kpis, [by])[0]


def tallies(
    pieces: Iterable[Mapping[str, pd.DataFrame]],
    kpis: Iterable[Kpi],
    groupings: Sequence[Sequence[str]],
    workers: int = 1,
) -> list[pd.DataFrame]:
    """Return the `tally` by each of `groupings`; what they have in common is done once for all.

    `pieces`: the derived rows, in pieces that need not be in memory together.  Of several `workers`, which are threads, one
    waits for the next piece while others count theirs.
    """
    kpis = sorted(kpis, key=lambda kpi: kpi.id)
    found: _Found = {}
    _each(pieces, lambda tables: _counted(tables, kpis, groupings), lambda more: _keep(found, more), workers)
    told: list[list[_Sums]] = [[] for _ in groupings]
    for (at, *_), (parts, sums) in found.items():
        told[at].append(_told(parts, _together(sums)))
    return [_joined(sums, by) for by, sums in zip(groupings, told, strict=True)]


def rollup(counts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Add counts up to coarser groups: exact, because sums of sums are sums.

    `counts`: as `tally` returns them, with at least the columns `by`.
    """
    keys = ["kpi", *by]
    return counts.groupby(keys, as_index=False, observed=True, dropna=False, sort=True)[SUMS].sum()


def _each(
    pieces: Iterable[Mapping[str, pd.DataFrame]],
    count: Callable[[Mapping[str, pd.DataFrame]], _Found],
    keep: Callable[[_Found], None],
    workers: int,
) -> None:
    """Count every piece; only one thread at a time asks for a piece or keeps what it found."""
    coming, turn = iter(pieces), Lock()

    def work() -> None:
        found: _Found = {}
        while True:
            with turn:
                keep(found)
                piece = next(coming, None)
            if piece is None:
                return
            found = count(piece)
            del piece  # before the next one is made

    if workers == 1:
        work()
        return
    with ThreadPoolExecutor(workers) as threads:
        for done in [threads.submit(work) for _ in range(workers)]:
            done.result()


def _keep(found: _Found, more: _Found) -> None:
    """Put sums beside those of other pieces, and add them up before they are many."""
    for place, (parts, sums) in more.items():
        held = found.setdefault(place, (parts, []))[1]
        held += sums
        if len(held) > _HELD:
            held[:] = [_together(held)]


def _counted(tables: Mapping[str, pd.DataFrame], kpis: Sequence[Kpi], groupings: Sequence[Sequence[str]]) -> _Found:
    """Return what one piece adds to the sums of every grouping."""
    grouping = Grouping(tables)
    asked: dict[tuple, tuple[list[_Part], list[int]]] = {}
    for at, by in enumerate(groupings):
        together: dict[tuple[str, str], list[_Part]] = {}
        for kpi in kpis:
            for table, dated_by, part in _parts(tables, kpi, by):
                together.setdefault((table, dated_by), []).append(part)
        for place, parts in together.items():
            said = tuple((kpi.id, *halves.items(), counted) for kpi, halves, counted in parts)
            asked.setdefault((*place, said), (parts, []))[1].append(at)
    found: _Found = {}
    for (table, dated_by, said), (parts, places) in asked.items():
        splits = grouping.splits(tables[table], dated_by, [groupings[at] for at in places])
        for at, sums in zip(places, _summed(tables[table], dated_by, parts, splits), strict=True):
            found[at, table, dated_by, said] = parts, [sums]
    return found


@dataclass(frozen=True, slots=True)
class _Sums:
    """The sums of groups, a row for each: by key column their codes and the labels of the codes, and a column for each name."""

    keys: dict[str, tuple[np.ndarray, np.ndarray]]
    names: Sequence[object]
    numbers: np.ndarray


_Found = dict[tuple, tuple[list["_Part"], list[_Sums]]]
"""By grouping, table, date and what is counted there: the parts of KPIs and their sums, of one piece or several."""


def _joined(parts: Sequence[_Sums], by: Sequence[str]) -> pd.DataFrame:
    """Return the sums of several tables and dates as one table, sorted."""
    nothing = _Sums(dict.fromkeys(["kpi", *by], (_NONE, _NONE.astype(object))), SUMS, np.zeros((0, len(SUMS)), "int64"))
    whole = _together(parts or [nothing])
    keys = {name: pd.array(words, dtype="str").take(codes) for name, (codes, words) in whole.keys.items()}
    return pd.DataFrame(keys | dict(zip(SUMS, whole.numbers.T, strict=True)))


def _together(several: Sequence[_Sums]) -> _Sums:
    """Add up the sums of the same keys, in the order of the keys; those of one are so already."""
    if len(several) == 1:
        return several[0]
    numbers = np.concatenate([sums.numbers for sums in several])
    groups = one_group(len(numbers))
    for name in several[0].keys:
        words = np.unique(np.concatenate([sums.keys[name][1] for sums in several]))
        codes = [np.searchsorted(words, sums.keys[name][1]).take(sums.keys[name][0]) for sums in several]
        groups = finer(groups, name, np.concatenate(codes), words)
    there = np.unique(groups.code)
    keys = {name: (codes[there], words) for name, (codes, words) in groups.labels.items()}
    return _Sums(keys, several[0].names, _added(groups.code, groups.size, numbers)[there])


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


_Term = tuple[str, int, tuple[str, ...]]
"""What rows add to a sum: a column to the power of 0, 1 or 2, where all the named columns are known."""


def _summed(
    rows: pd.DataFrame, dated_by: str, parts: Sequence[_Part], splits: Sequence[tuple[Groups, list[Groups]]]
) -> list[_Sums]:
    """Return for each grouping the sums of all terms over one table and date, of the groups in which any row counts.

    The rows are multiplied by their indicators of groups, which adds whole numbers exactly and in one pass.
    """
    dated = rows[dated_by].notna().to_numpy()
    columns = {name: _read(_whole(rows, kpi, name)) for kpi, halves, _ in parts for name in halves.values()}
    known = {name: there & dated for name, (_, there) in columns.items()}
    filled = {name: numbers for name, (numbers, _) in columns.items()}
    asked = [_terms(part) for part in parts]
    terms = {term for _, sums in asked for term in sums.values()} | {counted for counted, _ in asked}
    small = sorted(term for term in terms if term[1] == 0 or filled[term[0]].dtype == bool)
    large = sorted(terms - set(small))
    wide = -(-len(small) // _FLAGS) * _NUMBERS_SHARED + len(large)
    told = [(at, groups) for at, (fine, coarse) in enumerate(splits) for groups in coarse or [fine]]
    totals = [np.zeros((groups.size, len(small) + len(large)), dtype="int64") for _, groups in told]
    step = min(_FIELD, max(1, _NUMBERS // wide))
    for start in range(0, len(rows), step):
        stretch = slice(start, min(start + step, len(rows)))
        numbers = _numbers(filled, known, stretch, small, large)
        fine = [_added(groups.code[stretch], groups.size, numbers) for groups, _ in splits]
        for (at, groups), total in zip(told, totals, strict=True):
            _unpack(_added(groups.code, groups.size, fine[at]) if splits[at][1] else fine[at], len(small), total)
    terms, rows_of = [*small, *large], [(small + large).index(counted) for counted, _ in asked]
    return [_kept(groups, terms, total, rows_of) for (_, groups), total in zip(told, totals, strict=True)]


def _kept(groups: Groups, terms: Sequence[_Term], total: np.ndarray, rows_of: Sequence[int]) -> _Sums:
    there, order = total[:, rows_of].any(axis=1), sorted(range(len(terms)), key=terms.__getitem__)
    keys = {name: (codes[there], words) for name, (codes, words) in groups.labels.items()}
    return _Sums(keys, [terms[at] for at in order], total[np.ix_(there, order)])


def _added(code: np.ndarray, size: int, numbers: np.ndarray) -> np.ndarray:
    """Add up the rows of numbers that have the same code."""
    ones, here = np.ones(len(numbers), dtype="int64"), np.arange(len(numbers) + 1, dtype="int32")
    return csc_array((ones, code, here), (size, len(numbers))) @ numbers


def _terms(part: _Part) -> tuple[_Term, dict[str, _Term]]:
    """Return the term that counts the rows of a part, and the term of each of `SUMS` that it has."""
    kpi, halves, counted = part
    known = tuple(sorted(set(halves.values())))
    rows = (known[0], 0, known)
    sums = dict.fromkeys(counted, rows) | {half: (name, 1, known) for half, name in halves.items()}
    if kpi.kind == "mean":
        sums["num_sq"] = (halves["num"], 2, known)
    return rows, sums


def _read(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of a column, 0 where there is none and as flags where there are only 0 and 1; and where there are."""
    if isinstance(values.dtype, pd.ArrowDtype):
        numbers, known = _of_arrow(pa.array(values))
    else:
        kind, known = "bool" if values.dtype == "boolean" else "int64", values.notna().to_numpy()
        numbers = values.to_numpy(kind, na_value=0)
    if numbers.dtype != bool and numbers.min(initial=0) == 0 and numbers.max(initial=1) == 1:
        numbers = numbers.astype("bool")
    return numbers, known


def _of_arrow(values: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """The same of Arrow's memory, where flags and what is known are bits; Arrow's own way to bytes is far slower."""
    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    first, many = divmod(values.offset, 8)

    def unpacked(bits: pa.Buffer | None) -> np.ndarray:
        if bits is None:
            return np.ones(len(values), dtype="bool")
        own = np.frombuffer(bits, "uint8")[first:]
        return np.unpackbits(own, count=many + len(values), bitorder="little")[many:].view("bool")

    there, content = values.buffers()
    known = unpacked(there)
    if pa.types.is_boolean(values.type):
        return unpacked(content) & known, known
    return values.fill_null(0).to_numpy().astype("int64", copy=False), known


def _numbers(
    filled: Mapping[str, np.ndarray],
    known: Mapping[str, np.ndarray],
    rows: slice,
    small: Sequence[_Term],
    large: Sequence[_Term],
) -> np.ndarray:
    """Return what each of the rows adds to each term; the small ones, each 0 or 1, share numbers.

    Their flags are put together as bits of a whole number, and the shared numbers that stand for it are looked up.
    """
    shared = range(0, len(small), _FLAGS)
    made = np.empty((rows.stop - rows.start, len(shared) * _NUMBERS_SHARED + len(large)), dtype="int64")
    for start in range(rows.start, rows.stop, _STRETCH):
        here = slice(start, min(start + _STRETCH, rows.stop))
        there = slice(here.start - rows.start, here.stop - rows.start)
        ours = {names: _all([known[name][here] for name in names]) for _, _, names in (*small, *large)}
        for at, first in enumerate(shared):
            flags = [
                ours[names] & filled[name][here] if power else ours[names]
                for name, power, names in small[first : first + _FLAGS]
            ]
            made[there, at * _NUMBERS_SHARED : (at + 1) * _NUMBERS_SHARED] = _SPREAD.take(_bits(flags), axis=0)
        for at, (name, power, names) in enumerate(large, start=len(shared) * _NUMBERS_SHARED):
            values = filled[name][here] * ours[names]
            made[there, at] = values * filled[name][here] if power == 2 else values
    return made


def _all(flags: Sequence[np.ndarray]) -> np.ndarray:
    """Say where all flags are set."""
    found = flags[0]
    for more in flags[1:]:
        found = found & more
    return found


def _bits(flags: Sequence[np.ndarray]) -> np.ndarray:
    """Return the whole numbers whose lowest bits are the flags, eight of which are put together as a byte."""
    whole = np.zeros(len(flags[0]), dtype="uint16")
    for first in range(0, len(flags), 8):
        byte = np.zeros(len(whole), dtype="uint8")
        for bit, flag in enumerate(flags[first : first + 8]):
            byte |= flag.view("uint8") << np.uint8(bit)
        whole |= byte.astype("uint16") << np.uint16(first)
    return whole


def _unpack(sums: np.ndarray, small: int, total: np.ndarray) -> None:
    """Add sums of `_numbers` to the total of each term."""
    for at in range(small):
        number, shift = divmod(at, _PER_NUMBER)
        total[:, at] += (sums[:, number] >> (shift * _BITS)) & _FIELD
    total[:, small:] += sums[:, sums.shape[1] - (total.shape[1] - small) :]


def _told(parts: Sequence[_Part], sums: _Sums) -> _Sums:
    """Return the sums of KPIs, without what no row counts in, ordered as parts and groups are."""
    asked, place = [_terms(part) for part in parts], {term: at for at, term in enumerate(sums.names)}
    at, group = np.nonzero(sums.numbers[:, [place[counted] for counted, _ in asked]].T)
    whole = np.column_stack([sums.numbers, np.zeros(len(sums.numbers), dtype="int64")])  # the last: what a part has not
    found = [whole[group, np.array([place.get(own.get(name), -1) for _, own in asked])[at]] for name in SUMS]
    ids = np.array([kpi.id for kpi, _, _ in parts], dtype=object)
    keys = {name: (codes[group], words) for name, (codes, words) in sums.keys.items()}
    return _Sums({"kpi": (at, ids)} | keys, SUMS, np.column_stack(found))


def _whole(rows: pd.DataFrame, kpi: Kpi, column: str) -> pd.Series:
    values = rows[column]
    if values.dtype in ("boolean", bool, _ARROW_FLAGS):
        return values.astype("boolean") if values.dtype == bool else values
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
    return values if values.dtype == "Int64" or isinstance(values.dtype, pd.ArrowDtype) else values.astype("Int64")
