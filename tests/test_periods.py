"""Every form of a period, and every near miss that must be refused."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from propkit.errors import ConfigError
from propkit.periods import Period, month_range, parse_as_of, parse_month, parse_period

AS_OF = pd.Timestamp("2026-01-15 09:30:00")
months = st.builds("{:04}-{:02}".format, st.integers(1900, 2199), st.integers(1, 12))


@pytest.mark.parametrize(
    ("text", "kind", "start", "end"),
    [
        ("2025-09", "month", "2025-09-01", "2025-10-01"),
        ("2025-12", "month", "2025-12-01", "2026-01-01"),
        ("2025Q1", "quarter", "2025-01-01", "2025-04-01"),
        ("2025Q4", "quarter", "2025-10-01", "2026-01-01"),
        ("2025", "year", "2025-01-01", "2026-01-01"),
        ("2024-02-29", "day", "2024-02-29", "2024-03-01"),
        ("2025-12-31", "day", "2025-12-31", "2026-01-01"),
        ("2025-03..2025-08", "window", "2025-03-01", "2025-09-01"),
        ("2024-11..2025-02", "window", "2024-11-01", "2025-03-01"),
        ("2025-03..2025-03", "window", "2025-03-01", "2025-04-01"),
    ],
)
def test_a_period_is_read_when_its_form_is_known(text: str, kind: str, start: str, end: str):
    assert parse_period(text) == Period(text, kind, pd.Timestamp(start), pd.Timestamp(end))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "2025-13",
        "2025-00",
        "2025-9",
        "25-09",
        "2025-02-30",
        "2025-02-29",
        "2025-09-00",
        "2025-09-31",
        "2025-09-1",
        "2025Q0",
        "2025Q5",
        "2025q1",
        "2025-Q1",
        "2025 Q1",
        " 2025-09",
        "2025-09 ",
        "2025-09\n",
        "２０２５-０９",
        "2025-0９",
        "２０２５",
        "２０２５Q1",
        "2025Q１",
        "2025-09-２０",
        "٢٠٢٥-٠٩",
        "2025－09",
        "2025/09",
        "2025.09",
        "202509",
        "20250920",
        "2025-09-20 00:00:00",
        "2025年9月",
        "2025-08..2025-03",
        "2025-03...2025-08",
        "2025-03..",
        "..2025-08",
        "2025-03-01..2025-08-31",
        "2025..2026",
        "2025-03 .. 2025-08",
        "last month",
        "last_month",
        "Last-Month",
        "last-year",
        "today",
        "0000",
        "0000-01",
        "0000-01-01",
        "1899-12",
        "2200",
        "9999",
        "9999-12",
        "9999Q4",
        "9999-12-31",
        "-2025",
        "None",
        "NaT",
    ],
)
def test_a_period_is_refused_when_it_is_only_almost_right(text: str):
    with pytest.raises(ConfigError, match="period is unreadable"):
        parse_period(text, AS_OF)


def test_last_month_is_read_from_the_cut_off_when_there_is_one():
    assert parse_period("last-month", AS_OF) == parse_period("2025-12")
    assert parse_period("this-month", AS_OF) == parse_period("2026-01")


@pytest.mark.parametrize("text", ["last-month", "this-month"])
def test_last_month_is_refused_when_there_is_no_cut_off(text: str):
    with pytest.raises(ConfigError):
        parse_period(text)


@given(months, months)
def test_months_cover_the_period_when_it_is_a_window(first: str, last: str):
    first, last = sorted([first, last])

    period = parse_period(f"{first}..{last}")

    starts = [parse_month(text).start for text in period.months]
    ends = [parse_month(text).end for text in period.months]
    assert starts[0] == period.start and ends[-1] == period.end
    assert starts[1:] == ends[:-1]
    assert period.months[0] == first and period.months[-1] == last


@given(months, st.integers(1, 4))
def test_a_shorter_form_equals_its_window_when_they_name_the_same_months(month: str, number: int):
    year = month[:4]
    quarter = parse_period(f"{year}Q{number}")
    window = parse_period(f"{year}-{3 * number - 2:02}..{year}-{3 * number:02}")

    assert (quarter.start, quarter.end, quarter.months) == (window.start, window.end, window.months)
    assert parse_period(year).months == parse_period(f"{year}-01..{year}-12").months
    assert parse_period(month).months == [month]


@given(st.dates(pd.Timestamp("1900-01-01").date(), pd.Timestamp("2199-12-31").date()))
def test_a_day_is_one_day_of_its_month_when_read(day):
    period = parse_period(day.isoformat())

    assert period.kind == "day" and period.end - period.start == pd.Timedelta(days=1)
    assert period.months == [day.isoformat()[:7]]


@given(st.text(alphabet="0123456789-Q. ０１", max_size=16))
def test_a_period_is_read_or_refused_when_the_text_is_noise(text: str):
    try:
        period = parse_period(text)
    except ConfigError:
        return
    assert period.id == text and period.start < period.end and period.months


@given(months, st.integers(1, 30))
def test_history_ends_with_the_period_when_asked_for_some_months(month: str, count: int):
    history = parse_period(month).history(count)

    assert len(history) == count and history[-1] == month
    assert history == sorted(set(history))


def test_history_ends_with_the_last_month_when_the_period_is_a_quarter():
    assert parse_period("2025Q1").history(3) == ["2025-01", "2025-02", "2025-03"]


def test_month_range_is_empty_when_it_runs_backwards():
    assert month_range(pd.Timestamp("2025-09-01"), pd.Timestamp("2025-08-31")) == []


def test_a_month_is_refused_when_it_is_another_period():
    for text in ("2025Q3", "2025", "2025-09-01", "2025-08..2025-09"):
        with pytest.raises(ConfigError, match="a month is needed"):
            parse_month(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-10-08", "2025-10-08 23:59:59"),
        ("2025-10-08 12:00:00", "2025-10-08 12:00:00"),
        ("2025-10-08T12:00:00", "2025-10-08 12:00:00"),
    ],
)
def test_a_cut_off_is_read_when_its_form_is_known(text: str, moment: str):
    assert parse_as_of(text) == pd.Timestamp(moment)


@pytest.mark.parametrize(
    "text",
    ["", "2025-10", "2025-02-30", "2025-10-08 24:00:00", "2025-10-08 12:00", "2025-10-08 12:00:60", "２０２５-10-08",
     "2025-10-08 ", "2025-10-08 12:00:00+08:00", "now", "9999-12-31", "0000-01-01"],
)  # fmt: skip
def test_a_cut_off_is_refused_when_it_is_only_almost_right(text: str):
    with pytest.raises(ConfigError):
        parse_as_of(text)


@pytest.mark.parametrize(
    ("text", "zh"),
    [
        ("2025-09", "2025年9月"),
        ("2025Q3", "2025年第3季度"),
        ("2025", "2025年"),
        ("2025-09-20", "2025年9月20日"),
        ("2025-03..2025-08", "2025年3月至2025年8月"),
    ],
)
def test_a_period_has_words_in_both_languages_when_shown(text: str, zh: str):
    assert parse_period(text).label("zh") == zh
    assert parse_period(text).label("en") == text.replace("..", " to ")
