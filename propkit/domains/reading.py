"""What readings have in common: whether an export speaks of a period, the rows of it, and rows in declared columns."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from propkit.domains.knowledge import covered_months, covers_day
from propkit.model import Column
from propkit.periods import Period


def speaks(rows: pd.DataFrame, dated_by: str, period: Period) -> bool:
    """Say whether some file speaks of `period`, or of a part of it."""
    if period.kind == "day":
        return covers_day(rows, dated_by, period.start)
    return bool(set(period.months) & set(covered_months(rows, dated_by)))


def shifted(period: Period, steps: int) -> Period:
    """Return the stretch `steps` lengths of `period` after it (before it where negative)."""
    size = pd.DateOffset(days=1) if period.kind == "day" else pd.DateOffset(months=len(period.months))
    return Period("", period.kind, period.start + steps * size, period.end + steps * size)


def during(rows: pd.DataFrame, dated_by: str, period: Period) -> pd.DataFrame:
    """Return the rows that `dated_by` places in `period`."""
    return rows[(rows[dated_by] >= period.start) & (rows[dated_by] < period.end)]


def ranked(rows: pd.DataFrame, names: list[str], count: str) -> pd.DataFrame:
    """Return how many rows there are of each combination of `names`, the most frequent first; unknown ones are kept.

    Those of equal count stand in the order of their names.
    """
    found = rows.value_counts(names, dropna=False).rename(count).reset_index()
    return found.sort_values([count, *names], ascending=[False, *(True for _ in names)], ignore_index=True)


def shaped(rows: pd.DataFrame, columns: Mapping[str, Column]) -> pd.DataFrame:
    """Return `rows` with exactly `columns`, in that order and in their dtypes."""
    return rows[list(columns)].astype({name: column.dtype for name, column in columns.items()}).reset_index(drop=True)


def listed(records: list[dict[str, object]], columns: Mapping[str, Column]) -> pd.DataFrame:
    """Return records as rows in `columns`."""
    return shaped(pd.DataFrame(records, columns=list(columns), dtype="object"), columns)
