"""The way in and the way out of every method: numbers read, checked and put back into one shape.

Owns the rule "scalars give a dict, arrays give a DataFrame with one row per element" and the wording of refusals.
It must not know any statistical formula.
"""

from collections.abc import Iterable, Mapping, Set
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

Numbers = float | int | Iterable[Any] | None
Result = dict[str, Any] | pd.DataFrame


def floats(where: str, name: str, values: Any) -> np.ndarray:
    """Return `values` as a float array of 0 or 1 dimensions; missing becomes NaN, digits in text are read."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        array = _tolerant_floats(where, name, values)
    if array.ndim > 1:
        raise ValueError(f"{where}: {name} has {array.ndim} dimensions, expected a number or a plain list")
    if np.isinf(array).any():
        raise ValueError(f"{where}: {name} is infinite, expected finite numbers; leave it out if unknown")
    return array


def _tolerant_floats(where: str, name: str, values: Any) -> np.ndarray:
    if isinstance(values, Mapping | Set):
        # Taken by position, the numerator of one key would meet the base of another.
        raise ValueError(
            f"{where}: {name} is a {type(values).__name__}, expected a list or Series, which have an order"
        )
    series = pd.Series(values if pd.api.types.is_list_like(values) else [values], dtype=object)
    numbers = pd.to_numeric(series, errors="coerce").astype(float)
    bad = series[numbers.isna() & series.notna()]
    if len(bad):
        raise ValueError(f"{where}: {name} at position {bad.index[0]} is {bad.iloc[0]!r}, expected a number")
    array = numbers.to_numpy(dtype=float, na_value=np.nan)
    return array if pd.api.types.is_list_like(values) else array.reshape(())


def elements(where: str, **named: Any) -> tuple[dict[str, np.ndarray], pd.Index | None]:
    """Return the arguments as float arrays of one length, and the index of the answer (None: all were scalars)."""
    arrays = {name: floats(where, name, values) for name, values in named.items()}
    lengths = {name: array.size for name, array in arrays.items() if array.ndim}
    if not lengths:
        return {name: array.reshape(1) for name, array in arrays.items()}, None
    length = max(lengths.values())
    if set(lengths.values()) - {length}:
        raise ValueError(f"{where}: the arguments differ in length, got {lengths}, expected one length for all")
    index = _shared_index(where, named, length)
    return {name: np.broadcast_to(array, length).copy() for name, array in arrays.items()}, index


def _shared_index(where: str, named: Mapping[str, Any], length: int) -> pd.Index:
    found = [values.index for values in named.values() if isinstance(values, pd.Series)]
    for other in found[1:]:
        if not other.equals(found[0]):
            # Matching by position would silently pair the numerator of one segment with the base of another.
            raise ValueError(f"{where}: the Series have different indexes, expected the same one; reindex them first")
    return found[0] if found else pd.RangeIndex(length)


def whole_numbers(where: str, **named: Any) -> tuple[dict[str, np.ndarray], pd.Index | None]:
    """Return the arguments as `elements` does, refusing anything which is not a count."""
    arrays, index = elements(where, **named)
    for name, array in arrays.items():
        require(where, name, array, (array >= 0) & (array == np.floor(array)), "a whole number of 0 or more")
    return arrays, index


def given(**named: Any) -> dict[str, Any]:
    """Return the optional arguments which were given; None means the question does not concern them."""
    return {name: values for name, values in named.items() if values is not None}


def nested_counts(where: str, **named: Any) -> tuple[dict[str, np.ndarray], pd.Index | None]:
    """Return counts of which each is part of the next: count, nobs, population."""
    arrays, index = whole_numbers(where, **named)
    for inner, outer in pairwise(arrays):
        fits = ~(arrays[inner] > arrays[outer])
        require(where, inner, arrays[inner], fits, f"at most {outer}", "a part cannot exceed its whole")
    return arrays, index


def require(where: str, name: str, array: np.ndarray, good: np.ndarray, expected: str, hint: str = "") -> None:
    """Refuse the first present value which is not good: thing, place, got, expected, hint."""
    bad = np.flatnonzero(~good & ~np.isnan(array))
    if bad.size:
        others = f" ({bad.size} such values)" if bad.size > 1 else ""
        hint = f"; {hint}" if hint else ""
        raise ValueError(
            f"{where}: {name} at position {bad[0]} is {array[bad[0]]:g}, expected {expected}{others}{hint}"
        )


def one_of(where: str, name: str, value: Any, choices: Iterable[Any]) -> None:
    """Refuse an option which does not exist, naming those which do."""
    choices = list(choices)
    if value not in choices:
        raise ValueError(f"{where}: {name} is {value!r}, expected one of {', '.join(map(repr, choices))}")


def fraction_within(where: str, name: str, value: float, *, ends: bool = False) -> float:
    """Return a single share strictly between 0 and 1 (or including the ends)."""
    inside = 0 <= value <= 1 if ends else 0 < value < 1
    if not inside:
        raise ValueError(f"{where}: {name} is {value!r}, expected a share between 0 and 1, such as 0.95")
    return float(value)


def tail(where: str, confidence: float) -> float:
    """Return the probability of one tail, (1 - confidence) / 2."""
    return (1 - fraction_within(where, "confidence", confidence)) / 2


def complete_pairs(where: str, **named: Any) -> list[np.ndarray]:
    """Return arrays of one length without the rows where any value is missing."""
    arrays, _ = elements(where, **named)
    rows = np.column_stack(list(arrays.values()))
    return list(rows[~np.isnan(rows).any(axis=1)].T)


def answer(columns: Mapping[str, Any], index: pd.Index | None) -> Result:
    """Put the columns into the shape of the question: a dict for scalars, a DataFrame for arrays."""
    if index is not None:
        return pd.DataFrame(dict(columns), index=index)
    return {name: _plain(np.asarray(values).reshape(-1)[0]) for name, values in columns.items()}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
