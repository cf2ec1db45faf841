"""Rules between the cells of a line and down a column: order of instants, the future, the minute = month bug."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

import pandas as pd

from propkit.intake.cells import Parsed

_DATE = re.compile(
    r"(?<!\d)(20\d\d)(?:([-_.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d\d)(\d\d))(?!\d)", re.ASCII
)
_FEWEST = 20


def date_in_name(file: str) -> date | None:
    """Return the one full date in a file's name; two dates are a range and say nothing of the export."""
    found = [[int(part) for part in match.groups() if part and part.isdigit()] for match in _DATE.finditer(file)]
    if len(found) != 1:
        return None
    try:
        return date(*found[0])
    except ValueError:
        return None


def after_export(instants: pd.Series, exported_on: date) -> pd.Series:
    """Return which instants lie after the day that follows the export."""
    return instants >= datetime.combine(exported_on + timedelta(days=2), time())


def is_reversed(earlier: pd.Series, later: pd.Series) -> pd.Series:
    return (later < earlier).fillna(False).astype(bool)


def has_month_minutes(instants: pd.Series) -> bool:
    """Return whether all minutes equal the month: a known bug of exporters that write MM for both."""
    known = instants.dropna()
    is_bug = len(known) >= _FEWEST and known.dt.month.nunique() >= 2
    return bool(is_bug and (known.dt.minute == known.dt.month).all())


def has_no_time(instants: pd.Series) -> bool:
    """Return whether a column of instants holds days only, so that durations from it mean little."""
    known = instants.dropna()
    return bool(len(known) and (known == known.dt.floor("D")).all())


def void_minutes(parsed: Parsed) -> Parsed:
    """Return the instants at whole hours."""
    return Parsed(parsed.values.dt.floor("h").astype(parsed.values.dtype), parsed.faults)
