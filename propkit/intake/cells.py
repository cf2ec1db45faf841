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


def parse_distinct(cells: pd.Series, parse: Callable[[str], object], dtype: str) -> Parsed:
    """Return `cells` parsed; missing cells (NA) stay NA.  `parse` returns a value, None for NA, or a `Fault`."""
    codes, distinct = pd.factorize(cells)
    results = [parse(cell) for cell in distinct]
    faults = np.array([str(result) if isinstance(result, Fault) else "" for result in results] + [""], dtype=object)
    values = [None if isinstance(result, Fault) else result for result in results] + [None]
    column = pd.Series(values, dtype=dtype) if dtype == "str" else _typed(values, dtype)
    return Parsed(
        column.take(codes % len(values)).set_axis(cells.index),
        pd.Series(faults[codes], index=cells.index, dtype=object),
    )


def _typed(values: list[object], dtype: str) -> pd.Series:
    if dtype.startswith("datetime64"):
        return pd.Series(np.array(values, dtype=dtype))
    return pd.Series(pd.array(values, dtype=dtype))
