"""Whole-number sums for each KPI and group: the only place that groups.  Divides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from propkit.errors import DataError
from propkit.model import Kpi
from propkit.text import Text

SUMS = ["n", "num", "num_sq", "den"]
UNKNOWN = "unknown"
"""The group of rows whose segment is not known; it is shown, never dropped."""

_WHOLE_LIMIT = 2**31
"""Values of mean KPIs are squared in int64, so they must stay below this."""


def tally(tables: Mapping[str, pd.DataFrame], kpis: Iterable[Kpi], by: Sequence[str]) -> pd.DataFrame:
    """Sum every KPI's numerator and denominator over groups of rows.

    `tables`: derived rows by table name.  `by`: group columns, "month" among them for the month of the KPI's own date.
    Returns one row for each kpi and group: kpi, *by, n (rows in the base), num, num_sq (mean KPIs), den, all int64; sorted.
    A row counts where numerator, denominator and date are known.  Raises DataError for numbers that are not whole.
    """
    return rollup(pd.concat([_empty(by), *(part for kpi in kpis for part in _marks(tables, kpi, by))]), by)


def rollup(counts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Add counts up to coarser groups: exact, because sums of sums are sums.

    `counts`: as `tally` returns them, with at least the columns `by`.
    """
    keys = ["kpi", *by]
    return counts.groupby(keys, as_index=False, observed=True, dropna=False, sort=True)[SUMS].sum()


def _marks(tables: Mapping[str, pd.DataFrame], kpi: Kpi, by: Sequence[str]) -> list[pd.DataFrame]:
    rows = tables[kpi.table]
    num = _whole(rows, kpi, kpi.numerator)
    if kpi.denominator and "." in kpi.denominator:
        return [_part(rows, kpi, by, num, num * 0, kpi.dated_by, n=0), *_exposed(tables, kpi, by)]
    den = _whole(rows, kpi, kpi.denominator) if kpi.denominator else num.notna().astype("Int64")
    return [_part(rows, kpi, by, num, den, kpi.dated_by)]


def _exposed(tables: Mapping[str, pd.DataFrame], kpi: Kpi, by: Sequence[str]) -> list[pd.DataFrame]:
    """The denominators of a rate are counted in a table of their own; their rows carry no events."""
    table, column = kpi.denominator.split(".")
    rows = tables[table]
    if any(name in tables[kpi.table] and name not in rows for name in by if name != "month"):
        return []
    den = _whole(rows, kpi, column)
    return [_part(rows, kpi, by, den * 0, den, "month_on", n=den)]


def _part(
    rows: pd.DataFrame,
    kpi: Kpi,
    by: Sequence[str],
    num: pd.Series,
    den: pd.Series,
    dated_by: str,
    n: pd.Series | int = 1,
) -> pd.DataFrame:
    known = (num.notna() & den.notna() & rows[dated_by].notna()).to_numpy()
    num, den = num[known].astype("int64"), den[known].astype("int64")
    part = _keys(rows[known], dated_by, by)
    squares = num * num if kpi.kind == "mean" else 0
    weight = n[known].astype("int64") if isinstance(n, pd.Series) else n
    return part.assign(kpi=kpi.id, n=weight, num=num, num_sq=squares, den=den)


def _keys(rows: pd.DataFrame, dated_by: str, by: Sequence[str]) -> pd.DataFrame:
    months = rows[dated_by].dt.to_period("M")
    names = {month: str(month) for month in months.unique()}
    columns = {name: months.map(names).astype("str") if name == "month" else _segment(rows, name) for name in by}
    return pd.DataFrame(columns, index=rows.index)


def _segment(rows: pd.DataFrame, name: str) -> pd.Series:
    if name not in rows:
        return pd.Series(UNKNOWN, index=rows.index, dtype="str")
    return rows[name].astype("str").fillna(UNKNOWN)


def _whole(rows: pd.DataFrame, kpi: Kpi, column: str) -> pd.Series:
    values = rows[column]
    if values.dtype == "boolean" or values.dtype == bool:
        return values.astype("Int64")
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


def _empty(by: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {"kpi": pd.Series(dtype="str")}
        | {name: pd.Series(dtype="str") for name in by}
        | {name: pd.Series(dtype="int64") for name in SUMS}
    )
