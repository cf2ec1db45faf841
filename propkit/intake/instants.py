"""Instants and days: every way in which an export writes a date, read to local wall time.

Never asks what day it is and never guesses an order of day and month: that needs a setting or proof in the same column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa

from propkit.intake.cells import Fault
from propkit.text import fold

FIRST, LAST = datetime(2000, 1, 1), datetime(2101, 1, 1)
_EXCEL_EPOCH = datetime(1899, 12, 30)
_SERIALS = (20_000, 60_000)

_TIME = (
    r"(?:(?P<half>上午|下午|晚上|凌晨|中午|早上|am|pm)?\s*(?P<hour>\d{1,2})"
    r"(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"|[时点]\s*(?:(?P<cminute>\d{1,2})\s*分?\s*(?:(?P<csecond>\d{1,2})\s*秒)?)?)"
    r"\s*(?P<half2>am|pm)?\s*(?P<zone>z|[+-]\d{2}:?\d{2})?)?"
)
_FULL = re.compile(
    r"(?P<year>\d{4})(?:(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
    r"|年\s*(?P<cmonth>\d{1,2})\s*月\s*(?P<cday>\d{1,2})\s*日?)[\sT]*" + _TIME,
    re.IGNORECASE,
)
_DIGITS = re.compile(
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})\s*(?:(?P<h>\d{2})(?P<m>\d{2})(?P<s>\d{2})|" + _TIME + ")", re.I
)
_NO_YEAR = re.compile(r"(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*日?\s*" + _TIME, re.IGNORECASE)
_YEAR_LAST = re.compile(
    r"(?P<first>\d{1,2})(?P<mark>[-/.])(?P<second_>\d{1,2})(?P=mark)(?P<year>\d{4})\s*" + _TIME, re.I
)
_PLAIN = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-5][0-9]:[0-5][0-9]"
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_MONTH = re.compile(r"(?P<year>\d{4})(?:[-/.年]\s*(?P<month>\d{1,2})\s*月?|(?P<plain>\d{2}))(?:份)?")


class Zones(NamedTuple):
    """The zone of times that carry none, and the zone to which all times are brought."""

    written: ZoneInfo
    local: ZoneInfo


def instant_parser(
    order: str, year: int | None, zones: tuple[str, str], cells: Iterable[str]
) -> Callable[[str], datetime | Fault]:
    """Return the parser for one column; `cells` are its distinct cells, the evidence on the order of day and month.

    `zones` are the zone of times that carry none and the zone of the result; a day (with no time or 00:00:00) stays that day.
    """
    order = _proven_order(cells) if order == "auto" else order
    known = Zones(*map(ZoneInfo, zones))

    def parse(cell: str) -> datetime | Fault:
        try:
            return _in_range(_read(fold(cell), order, year, known))
        except ValueError:
            return Fault("unreadable")

    return parse


def plain_instants(cells: pd.Index) -> np.ndarray:
    """Return instants written "2025-09-01 08:30:00", all at once, as datetime64[s]; NaT for any other form or fault."""
    plain = np.asarray(cells.str.fullmatch(_PLAIN), dtype=bool)
    found = np.full(len(cells), np.datetime64("NaT"), dtype="datetime64[s]")
    found[plain] = _moments(cells[plain])
    found[(found < np.datetime64(FIRST)) | (found >= np.datetime64(LAST))] = np.datetime64("NaT")
    return found


def _moments(cells: pd.Index) -> np.ndarray:
    try:
        return pa.array(cells, pa.large_string()).cast(pa.timestamp("s")).to_numpy()
    except pa.ArrowInvalid:  # some are none, such as February 30: Arrow refuses all for one
        read = pd.to_datetime(cells, format="%Y-%m-%d %H:%M:%S", errors="coerce")
        return read.to_numpy().astype("datetime64[s]")


def parse_month_text(cell: str) -> datetime | Fault | None:
    """Return the first day of a month written "2025-09", "2025年9月" or "202509"; None for any other form."""
    found = _MONTH.fullmatch(fold(cell))
    if not found:
        return None
    try:
        return _in_range(datetime(int(found["year"]), int(found["month"] or found["plain"]), 1))
    except ValueError:
        return Fault("unreadable")


def _read(cell: str, order: str, year: int | None, zones: Zones) -> datetime | Fault:
    if found := _FULL.fullmatch(cell):
        month, day = found["month"] or found["cmonth"], found["day"] or found["cday"]
        return _with_time(datetime(int(found["year"]), int(month), int(day)), found, zones)
    if found := _DIGITS.fullmatch(cell):
        date = datetime(int(found["year"]), int(found["month"]), int(found["day"]))
        if found["h"] is None:
            return _with_time(date, found, zones)
        return _to_local(
            date.replace(hour=int(found["h"]), minute=int(found["m"]), second=int(found["s"])), None, zones
        )
    if found := _NO_YEAR.fullmatch(cell):
        return (
            Fault("unreadable") if year is None else _with_time(_date(year, found["month"], found["day"]), found, zones)
        )
    if found := _YEAR_LAST.fullmatch(cell):
        return _year_last(found, order, zones)
    return _from_serial(cell, zones)


def _date(year: str | int, month: str, day: str) -> datetime:
    return datetime(int(year), int(month), int(day))


def _year_last(found: re.Match[str], order: str, zones: Zones) -> datetime | Fault:
    first, second = found["first"], found["second_"]
    if first != second and order == "auto":
        return Fault("ambiguous_date")
    if order == "ymd":
        return Fault("unreadable")
    month, day = (second, first) if order == "dmy" else (first, second)
    return _with_time(_date(found["year"], month, day), found, zones)


def _proven_order(cells: Iterable[str]) -> str:
    """Return dmy or mdy when some cell can only be read so and none only the other way, else "auto" (not known)."""
    texts = pd.Index(cells, dtype="str")
    texts = texts[~np.asarray(texts.str.match("[0-9]{4}"), dtype=bool)]  # that begin with a year, as most do
    pairs = [
        (int(found["first"]), int(found["second_"]))
        for cell in np.asarray(texts, dtype=object)
        if not cell[:4].isdigit() and (found := _YEAR_LAST.fullmatch(fold(cell)))
    ]
    day_first, month_first = any(first > 12 for first, _ in pairs), any(second > 12 for _, second in pairs)
    if day_first == month_first:
        return "auto"
    return "dmy" if day_first else "mdy"


def _with_time(date: datetime, found: re.Match[str], zones: Zones) -> datetime:
    if found["hour"] is None:
        return date
    hour, minute = int(found["hour"]), int(found["minute"] or found["cminute"] or 0)
    second = int(found["second"] or found["csecond"] or 0)
    hour = _whole_day_hour(hour, (found["half"] or found["half2"] or "").lower())
    if (hour, minute, second) == (24, 0, 0):
        return _to_local(date + timedelta(days=1), found["zone"], zones)
    return _to_local(date.replace(hour=hour, minute=minute, second=second), found["zone"], zones)


def _whole_day_hour(hour: int, half: str) -> int:
    """Return the hour of 24.  12 in the evening or morning is refused: some mean a midnight by it, some noon."""
    if half in ("下午", "晚上", "pm"):
        if half == "晚上" and hour == 12:
            raise ValueError("晚上12点")
        return hour + 12 if hour < 12 else hour
    if half == "中午":
        return hour + 12 if hour < 3 else hour
    if half in ("上午", "凌晨", "am", "早上") and hour >= 12:
        if hour > 12 or half in ("上午", "早上"):
            raise ValueError(half)
        return 0
    return hour


def _to_local(instant: datetime, zone: str | None, zones: Zones) -> datetime:
    if not zone and (zones.written == zones.local or instant.time() == time()):
        return instant
    stated = datetime.fromisoformat(f"2000-01-01T00:00:00{_iso_zone(zone)}").tzinfo if zone else zones.written
    return instant.replace(tzinfo=stated).astimezone(zones.local).replace(tzinfo=None)


def _iso_zone(zone: str) -> str:
    return "+00:00" if zone in "zZ" else f"{zone[:3]}:{zone[-2:]}"


def _from_serial(cell: str, zones: Zones) -> datetime | Fault:
    if not _SERIAL.fullmatch(cell):
        return Fault("unreadable")
    serial = float(cell)
    if not _SERIALS[0] <= serial <= _SERIALS[1]:
        return Fault("unreadable")
    instant = _EXCEL_EPOCH + timedelta(seconds=round(serial * 86_400))
    return instant if serial.is_integer() else _to_local(instant, None, zones)


def _in_range(instant: datetime | Fault) -> datetime | Fault:
    if isinstance(instant, Fault) or FIRST <= instant < LAST:
        return instant
    return Fault("out_of_range")
