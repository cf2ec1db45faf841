"""Cells that repeat: each distinct cell is parsed once and mapped back.  Knows no kind of cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd


class Fault(str):
    """The rule that a cell breaks, returned in place of its value."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A column after parsing: `values` in the column's dtype, and for each cell the rule it breaks ("" when none)."""

    values: pd.Series
    faults: pd.Series


def parse_distinct(
    cells: pd.Series,
    parse: Callable[[str], object],
    dtype: str,
    read: Callable[[pd.Index], tuple[np.ndarray, pd.Series]] | None = None,
) -> Parsed:
    """Return `cells` parsed; missing cells (NA) stay NA.  `parse` returns a value, None for NA, or a `Fault`.

    `read` says which distinct cells it reads at once, as `parse` would, and returns their values.
    """
    codes, distinct = pd.factorize(cells)
    if read is None:
        return _mapped(cells, codes, *_parsed([parse(cell) for cell in _list(distinct)], dtype))
    known, values = read(distinct)
    parsed, faults = _parsed([parse(cell) for cell in _list(distinct[~known])], dtype)
    rules = np.full(len(known) + 1, "", dtype=object)
    rules[:-1][~known] = faults[:-1]
    place = np.argsort(np.argsort(~np.append(known, False), kind="stable"))  # those read at once stand first
    return _mapped(cells, codes, pd.concat([values.astype(dtype), parsed], ignore_index=True).take(place), rules)


def _list(distinct: pd.Index) -> list[str]:
    """The cells as Python's texts: an index in Arrow's memory is slow to walk through."""
    return np.asarray(distinct, dtype=object).tolist()


def _parsed(results: list[object], dtype: str) -> tuple[pd.Series, np.ndarray]:
    """Return values and faults of results, with one more that is missing at the end."""
    faults = np.array([str(result) if isinstance(result, Fault) else "" for result in results] + [""], dtype=object)
    values = [None if isinstance(result, Fault) else result for result in results] + [None]
    return pd.Series(values, dtype=dtype) if dtype == "str" else _typed(values, dtype), faults


def _mapped(cells: pd.Series, codes: np.ndarray, column: pd.Series, faults: np.ndarray) -> Parsed:
    return Parsed(
        column.take(codes % len(column)).set_axis(cells.index),
        pd.Series(faults[codes], index=cells.index, dtype=object),
    )


def _typed(values: list[object], dtype: str) -> pd.Series:
    if dtype.startswith("datetime64"):
        return pd.Series(np.array(values, dtype=dtype))
    return pd.Series(pd.array(values, dtype=dtype))
