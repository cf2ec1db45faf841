"""The group of every row, as a whole number: what groupings have in common is done once.  Adds nothing up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

UNKNOWN = "unknown"
"""The group of rows whose segment is not known; it is shown, never dropped."""

_WORTH = 4
"""Groupings are counted together where their groups, by all their columns, are so many times fewer than the rows."""
_NO_DAY = np.iinfo("int64").min


@dataclass(frozen=True, slots=True)
class Groups:
    """The group of every row, a whole number below `size`; by column the code of each group and the labels of the codes."""

    code: np.ndarray
    size: int
    labels: dict[str, tuple[np.ndarray, np.ndarray]]


def one_group(rows: int) -> Groups:
    """Return the groups of rows by nothing."""
    return Groups(np.zeros(rows, "int32"), 1, {})


class Grouping:
    """The groups of rows, numbered in the order of their labels; what groupings have in common is done once."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self._coded: dict[tuple[int, str, bool], tuple[np.ndarray, np.ndarray]] = {}
        self._made: dict[tuple[int, str, tuple[str, ...]], Groups] = {}
        self._tables = tables  # kept, so that no other frame can come to have the id of one of these

    def splits(
        self, rows: pd.DataFrame, dated_by: str, groupings: Sequence[Sequence[str]]
    ) -> list[tuple[Groups, list[Groups]]]:
        """Return how `rows` are to be split for all groupings, in their order: groups of rows, and groups of those groups.

        Where the groups by all columns together are far fewer than the rows, the rows are gone through only once.
        """
        every, size = list(dict.fromkeys(name for by in groupings for name in by)), 1
        for name in every:
            size *= len(self._column(rows, dated_by, name)[1])
        if len(groupings) == 1 or size > len(rows) // _WORTH:
            return [(self.of(rows, dated_by, by), []) for by in groupings]
        fine, coarse = self.of(rows, dated_by, every), []
        for by in groupings:
            groups = one_group(fine.size)
            for name in by:
                groups = finer(groups, name, *fine.labels[name])
            coarse.append(groups)
        return [(fine, coarse)]

    def of(self, rows: pd.DataFrame, dated_by: str, by: Sequence[str]) -> Groups:
        """Return the groups of `rows`; there may be some without any row."""
        key = id(rows), dated_by if "month" in by else "", tuple(by)
        if key not in self._made and by:
            coarse, name = self.of(rows, dated_by, by[:-1]), by[-1]
            self._made[key] = finer(coarse, name, *self._column(rows, dated_by, name))
        elif key not in self._made:
            self._made[key] = one_group(len(rows))
        return self._made[key]

    def _column(self, rows: pd.DataFrame, dated_by: str, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the code of each row and the labels of the codes, which are in order."""
        dated = name == "month"
        key = id(rows), dated_by if dated else name, dated
        if key not in self._coded:
            codes, words = _months(rows[dated_by]) if dated else _segments(rows, name)
            labels, ranks = np.unique(np.array(words, dtype=object), return_inverse=True)
            if len(words) != len(labels) or (ranks != np.arange(len(words))).any():
                codes = ranks.astype("int32").take(codes)
            self._coded[key] = codes, labels
        return self._coded[key]


def finer(coarse: Groups, name: str, codes: np.ndarray, labels: np.ndarray) -> Groups:
    """Split groups by one more column."""
    many = len(labels)
    if coarse.size * many <= max(4096, len(codes)):
        code = coarse.code * np.int32(many) + codes
        above, own = np.divmod(np.arange(coarse.size * many), many)
    else:
        code, present = pd.factorize(coarse.code.astype("int64") * many + codes)
        order = np.argsort(present)
        code, (above, own) = np.argsort(order)[code], np.divmod(present[order], many)
    told = {column: (of_group[above], words) for column, (of_group, words) in coarse.labels.items()}
    return Groups(code.astype("int32", copy=False), len(own), told | {name: (own, labels)})


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
    words = list(pd.Series(values).astype("str"))
    if codes.min(initial=0) < 0:
        codes, words = np.where(codes < 0, len(words), codes), [*words, UNKNOWN]
    return codes, words
