"""Every way of writing a date, and the ways that are refused."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propkit.intake.cells import Fault
from propkit.intake.instants import instant_parser, plain_instants

LAW = settings(derandomize=True, deadline=None, max_examples=50)
MINUTE = datetime(2025, 9, 3, 8, 5)
FORMATS = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y.%m.%d %H:%M", "%Y%m%d %H:%M",
    "%Y%m%d%H%M%S", "%Y年%m月%d日 %H:%M", "%Y年%m月%d日%H时%M分", "%Y年%m月%d日 %H点%M分%S秒",
)  # fmt: skip


def read(cell: str, order: str = "auto", year: int | None = None, others: tuple[str, ...] = ()) -> object:
    return instant_parser(order, year, ("Asia/Shanghai",) * 2, [cell, *others])(cell)


@LAW
@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 12, 31)), st.sampled_from(FORMATS))
def test_every_format_comes_back_as_written(instant: datetime, form: str) -> None:
    instant = instant.replace(second=0, microsecond=0)
    assert read(instant.strftime(form)) == instant


@LAW
@given(st.datetimes(datetime(2000, 1, 1), datetime(2064, 1, 1)))
def test_an_excel_serial_is_the_same_second(instant: datetime) -> None:
    instant = instant.replace(microsecond=0)
    serial = (instant - datetime(1899, 12, 30)) / timedelta(days=1)
    assert read(f"{serial:.9f}") == instant


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2025-09-03 08:05", MINUTE),
        ("2025-9-3 8:05", MINUTE),
        ("2025/9/3 8:05", MINUTE),
        ("2025.9.3", datetime(2025, 9, 3)),
        ("20250903", datetime(2025, 9, 3)),
        ("２０２５－０９－０３　０８：０５", MINUTE),
        ("2025年9月3日 8时5分", MINUTE),
        ("2025年9月3日 下午 3:05", datetime(2025, 9, 3, 15, 5)),
        ("2025-09-03 凌晨 12:05", datetime(2025, 9, 3, 0, 5)),
        ("2025-09-03 3:05 PM", datetime(2025, 9, 3, 15, 5)),
        ("2025-09-03 12:05 am", datetime(2025, 9, 3, 0, 5)),
        ("2025-09-03 中午12:05", datetime(2025, 9, 3, 12, 5)),
        ("2025-09-03 24:00", datetime(2025, 9, 4)),
        ("2025-12-31 24:00:00", datetime(2026, 1, 1)),
        ("2025-03-31T16:30:00Z", datetime(2025, 4, 1, 0, 30)),
        ("2025-03-31 16:30:00+08:00", datetime(2025, 3, 31, 16, 30)),
        ("2025-03-31T16:30:00.250+0000", datetime(2025, 4, 1, 0, 30)),
        ("42370", datetime(2016, 1, 1)),
        ("45903.5", datetime(2025, 9, 3, 12)),
        ("03/03/2025", datetime(2025, 3, 3)),
    ],
)
def test_a_known_writing_is_read(cell: str, expected: datetime) -> None:
    assert read(cell) == expected


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("2020-6-10#2020-07-10", "unreadable"),
        ("2025-09-03 08:05 2025-09-04 08:05", "unreadable"),
        ("2025-02-30", "unreadable"),
        ("2025-09-03 25:00", "unreadable"),
        ("2025-09-03 24:01", "unreadable"),
        ("2025-09-03 8:5", "unreadable"),
        ("2025-09/03", "unreadable"),
        ("25-03-04", "unreadable"),
        ("12:30", "unreadable"),
        ("now", "unreadable"),
        ("9999", "unreadable"),
        ("19999", "unreadable"),
        ("60001", "unreadable"),
        ("9月3日", "unreadable"),
        ("晚上", "unreadable"),
        ("2025-09-03 晚上 12:00", "unreadable"),
        ("2025-09-03 上午12:30", "unreadable"),
        ("2025-09-03 早上12:30", "unreadable"),
        ("1999-12-31", "out_of_range"),
        ("2101-01-01", "out_of_range"),
        ("03/04/2025", "ambiguous_date"),
    ],
)
def test_anything_else_is_refused(cell: str, rule: str) -> None:
    found = read(cell)
    assert isinstance(found, Fault)
    assert found == rule


def test_a_date_without_year_needs_the_year_of_the_source() -> None:
    assert read("9月3日 8:05", year=2025) == MINUTE


@pytest.mark.parametrize(
    ("order", "others", "expected"),
    [
        ("mdy", (), datetime(2025, 3, 4)),
        ("dmy", (), datetime(2025, 4, 3)),
        ("auto", ("13/04/2025",), datetime(2025, 4, 3)),
        ("auto", ("04/13/2025 08:05",), datetime(2025, 3, 4)),
        ("auto", ("13/04/2025", "04/13/2025"), "ambiguous_date"),
        ("ymd", (), "unreadable"),
    ],
)
def test_day_and_month_are_ordered_by_setting_or_proof(order: str, others: tuple[str, ...], expected: object) -> None:
    assert read("03/04/2025", order, None, others) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2025-09-03 08:05", datetime(2025, 9, 3, 7, 5)),
        ("20250903000500", datetime(2025, 9, 2, 23, 5)),
        ("45903.5", datetime(2025, 9, 3, 11)),
        ("2025-09-03T08:05:00Z", datetime(2025, 9, 3, 16, 5)),
        ("2025-09-03", datetime(2025, 9, 3)),
        ("2025-09-03 00:00:00", datetime(2025, 9, 3)),
        ("45903", datetime(2025, 9, 3)),
    ],
)
def test_times_of_another_zone_come_to_the_workspace_and_days_stay(cell: str, expected: datetime) -> None:
    assert instant_parser("auto", None, ("Asia/Tokyo", "Asia/Shanghai"), [cell])(cell) == expected


_EDGES = ["2025-02-30 08:00:00", "2025-09-01 24:00:00", "2025-09-01 23:59:60", "2025-09-01 23:60:00", "0000-01-01 00:00:00",
          "1999-12-31 23:59:59", "2101-01-01 00:00:00", "2025-9-1 08:00:00", "2025-09-01 08:00", " 2025-09-01 08:00:00"]  # fmt: skip


@given(st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2110, 1, 1)).map(lambda at: f"{at:%Y-%m-%d %H:%M:%S}")))
def test_instants_read_at_once_are_those_read_one_by_one(cells: list[str]):
    cells = [*_EDGES, *cells]
    one_by_one = instant_parser("auto", None, ("Asia/Shanghai", "Asia/Shanghai"), cells)

    at_once = plain_instants(pd.Index(cells, dtype="str"))

    for cell, read in zip(cells, at_once, strict=True):
        parsed = one_by_one(cell)
        assert np.isnat(read) or (not isinstance(parsed, Fault) and read == np.datetime64(parsed))
        if cell not in _EDGES and not isinstance(parsed, Fault):
            assert not np.isnat(read)
