"""Periods of a report: a month, quarter, year, day or window of months, read strictly from text.  Never asks the clock."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from propkit.errors import ConfigError
from propkit.text import Text

_YEAR = r"(?:19|20|21)\d\d"
_MONTH = rf"({_YEAR})-(0[1-9]|1[0-2])"
_FORMS = Text(
    "2025-09、2025Q3、2025、2025-09-20、2025-03..2025-08 或 last-month",
    "2025-09, 2025Q3, 2025, 2025-09-20, 2025-03..2025-08 or last-month",
)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of whole days: `start` inclusive, `end` exclusive, both at midnight; `id` is its text form."""

    id: str
    kind: str
    start: pd.Timestamp
    end: pd.Timestamp

    @property
    def months(self) -> list[str]:
        """The months touched, as "2025-09" texts, oldest first."""
        return month_range(self.start, self.end - pd.Timedelta(days=1))

    def history(self, months: int) -> list[str]:
        """The last `months` months up to the end of the period, oldest first."""
        last = self.end - pd.Timedelta(days=1)
        return month_range(last - pd.DateOffset(months=months - 1), last)

    def label(self, lang: str) -> str:
        """The period in words."""
        if lang != "zh":
            return self.id.replace("..", " to ")
        if self.kind == "month":
            return f"{self.start.year}年{self.start.month}月"
        if self.kind == "quarter":
            return f"{self.start.year}年第{self.start.quarter}季度"
        if self.kind == "year":
            return f"{self.start.year}年"
        if self.kind == "day":
            return f"{self.start.year}年{self.start.month}月{self.start.day}日"
        last = self.end - pd.Timedelta(days=1)
        return f"{self.start.year}年{self.start.month}月至{last.year}年{last.month}月"


def month_range(first: pd.Timestamp, last: pd.Timestamp) -> list[str]:
    """Return the months from `first` to `last`, both inclusive, as "2025-09" texts."""
    numbers = range(12 * first.year + first.month - 1, 12 * last.year + last.month)
    return [f"{number // 12}-{number % 12 + 1:02}" for number in numbers]


def parse_period(text: str, as_of: pd.Timestamp | None = None) -> Period:
    """Read a period; `last-month` and `this-month` resolve against `as_of`.

    Raises ConfigError for any other form: only plain ASCII digits are taken, without blanks, and years 1900 to 2199.
    """
    month = re.fullmatch(_MONTH, text, re.ASCII)
    if month:
        return _from_months(text, "month", text, text)
    quarter = re.fullmatch(rf"({_YEAR})Q([1-4])", text, re.ASCII)
    if quarter:
        year, number = int(quarter[1]), int(quarter[2])
        return _from_months(text, "quarter", f"{year}-{3 * number - 2:02}", f"{year}-{3 * number:02}")
    if re.fullmatch(_YEAR, text, re.ASCII):
        return _from_months(text, "year", f"{text}-01", f"{text}-12")
    window = re.fullmatch(rf"({_MONTH})\.\.({_MONTH})", text, re.ASCII)
    if window and window[1] <= window[4]:
        return _from_months(text, "window", window[1], window[4])
    if re.fullmatch(rf"{_MONTH}-\d\d", text, re.ASCII):
        return _day(text)
    if text in ("last-month", "this-month") and as_of is not None:
        return parse_period(str(as_of.to_period("M") - int(text == "last-month")))
    raise _unreadable(text)


def parse_month(text: str) -> Period:
    """Read a month such as "2025-09"; any other period is a ConfigError."""
    period = parse_period(text)
    if period.kind != "month":
        raise ConfigError(Text("需要一个月份", "a month is needed"), got=text, expected="2025-09")
    return period


def parse_as_of(text: str) -> pd.Timestamp:
    """Read a data cut-off: a day means its last second, an instant such as "2025-10-08 12:00:00" itself."""
    if re.fullmatch(rf"{_MONTH}-\d\d", text, re.ASCII):
        return _day(text).end - pd.Timedelta(seconds=1)
    if re.fullmatch(rf"{_MONTH}-\d\d[ T]\d\d:\d\d:\d\d", text, re.ASCII):
        try:
            return pd.Timestamp(text)
        except ValueError:
            pass
    raise ConfigError(
        Text("数据截止日不认识", "the data cut-off is unreadable"),
        got=text,
        expected=Text("2025-10-08 或 2025-10-08 12:00:00", "2025-10-08 or 2025-10-08 12:00:00"),
    )


def _from_months(text: str, kind: str, first: str, last: str) -> Period:
    return Period(text, kind, pd.Timestamp(f"{first}-01"), pd.Timestamp(f"{last}-01") + pd.DateOffset(months=1))


def _day(text: str) -> Period:
    try:
        start = pd.Timestamp(text)
    except ValueError:
        raise _unreadable(text) from None
    return Period(text, "day", start, start + pd.Timedelta(days=1))


def _unreadable(text: str) -> ConfigError:
    return ConfigError(Text("期间不认识", "the period is unreadable"), got=text, expected=_FORMS)


def months_of(dates: Iterable[pd.Series]) -> list[str]:
    """Return the months, such as "2025-09", in which any of the instants of any column lies, in order."""
    found = [pd.unique(one.dropna().to_numpy("datetime64[M]")) for one in dates]
    return sorted({str(month) for months in found for month in months})
