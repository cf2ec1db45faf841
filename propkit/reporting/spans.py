"""What the figures of a report are compared with: the year before, the months before a rectification, the last service day."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from propkit.periods import Period, month_range, parse_period
from propkit.reporting.book import Book, months_with_data
from propkit.text import Text

MOST_BEFORE = 12
"""Months before the start of a rectification that are looked at."""


_YEAR = Text("同比", "Year on year")


_PLAIN = (Text("去年同月", "the same month last year"), Text("上年同期", "the same time last year"))


@dataclass(frozen=True, slots=True)
class Earlier:
    """The stretch that a report's figures are compared with, its name in a sentence ("than ...") and over a column."""

    period: Period
    when: Text
    head: Text = _YEAR


def head(book: Book) -> Text:
    """Return what stands over a column of changes."""
    found = earlier(book)
    return found.head if found else _YEAR


def earlier(book: Book) -> Earlier | None:
    """Return what the figures of a report are compared with; None where nothing is known of it.

    A day has the service day before it, a rectification the months before its start, all others the same stretch a year
    before; of a stretch that the data cover in part the months that they cover are named.
    """
    if "earlier" not in book.besides:
        book.besides["earlier"] = _earlier(book)
    return book.besides["earlier"]


def _earlier(book: Book) -> Earlier | None:
    if book.period.kind == "day":
        return _last_service_day(book)
    sides = around_start(book) if book.report == "rectification" else None
    if sides and sides[1].months == book.period.months:
        return Earlier(sides[0], before_words(sides[0]), Text("与整顿前比", "Against before"))
    before = book.year_before()
    return None if before is None else Earlier(before, _year_words(book, before))


def when(book: Book) -> Text:
    """Return the name of what is compared with in a sentence; empty where there is nothing."""
    found = earlier(book)
    return found.when if found else Text("", "")


def named_in_full(book: Book) -> bool:
    """Say whether a column's head alone would not tell what its changes are from."""
    return earlier(book) is not None and when(book) not in _PLAIN


def around_start(book: Book) -> tuple[Period, Period] | None:
    """Return the months before and after the start of the community's rectification; None where there is none.

    Before: at most twelve months from the first with data, without the last one, which triggered it: a community is rectified
    after its worst month, and comes back from that by itself.  After: from the start to the end of the period, at most twelve.
    """
    start = book.workspace.rectified(book.community)
    if start is None or book.period.end <= pd.Timestamp(f"{start}-01"):
        return None
    after = month_range(pd.Timestamp(f"{start}-01"), book.period.end - pd.Timedelta(days=1))[-MOST_BEFORE:]
    first, last = str(pd.Period(start) - MOST_BEFORE), str(pd.Period(start) - 2)
    known = [month for month in months_with_data(book.tables) if first <= month <= last]
    if not known:
        return None
    return _stretch(known[0], last), _stretch(after[0], after[-1])


def before_words(before: Period) -> Text:
    """Name the months before a rectification in a sentence."""
    return Text(f"整顿前（{_span(before, 'zh')}）", f"before the rectification ({_span(before, 'en')})")


def sides_words(book: Book) -> Text | None:
    """Say which months stand for before and after in lists around a start; None where there is none."""
    found, start = around_start(book), book.workspace.rectified(book.community)
    if found is None or start is None:
        return None
    (before, after), trigger = found, _stretch(*[str(pd.Period(start) - 1)] * 2)
    zh, en = ([_span(one, lang) for one in (before, after, trigger)] for lang in ("zh", "en"))
    return Text(
        f"以下各表「之前」指{zh[0]}，「之后」指{zh[1]}；触发整顿的{zh[2]}不计。前后月份的季节不同，收缴率等会随时间上升的数字前后账龄不同，不作判断。",
        f"In the tables below “before” is {en[0]} and “after” is {en[1]}; {en[2]}, the month that triggered it, is left out. The months differ "
        "in season; figures that go on rising, such as collection, are older before than after and are not judged.",
    )


def _last_service_day(book: Book) -> Earlier | None:
    held = book.tables["service_day"]["held_on"].dropna()
    held = held[held < book.period.start]
    if held.empty:
        return None
    day = parse_period(f"{held.max():%Y-%m-%d}")
    words = Text(f"上次服务日（{day.id}）", f"the last service day ({day.id})")
    return Earlier(day, words, Text("与上次服务日比", "Against the last one"))


def _year_words(book: Book, before: Period) -> Text:
    if book.period.kind == "month":
        return _PLAIN[0]
    there = set(months_with_data(book.tables))
    known = [month for month in before.months if month in there]
    whole = _PLAIN[1]
    if not known or known == before.months:
        return whole
    zh, en = (_span(_stretch(known[0], known[-1]), lang) for lang in ("zh", "en"))
    return Text(f"{whole.zh}（只有{zh}有数据）", f"{whole.en} (data for {en} only)")


def _span(period: Period, lang: str) -> str:
    """A stretch in words; in Chinese the year is told once where it is the same."""
    months = period.months
    if lang != "zh":
        return months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"
    first, last = (pd.Period(month) for month in (months[0], months[-1]))
    if first == last:
        return f"{first.year}年{first.month}月"
    year = "" if first.year == last.year else f"{last.year}年"
    return f"{first.year}年{first.month}月至{year}{last.month}月"


def _stretch(first: str, last: str) -> Period:
    return parse_period(first if first == last else f"{first}..{last}")
