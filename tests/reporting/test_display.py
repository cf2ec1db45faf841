"""How one figure is put in words."""

import dataclasses

import pytest

from propkit.reporting.display import (
    MIME,
    Display,
    describe,
    format_interval,
    format_n,
    format_rate,
    format_target,
    join,
    period_words,
)
from propkit.text import Text
from tests.reporting import samples as s


@pytest.mark.parametrize(
    ("figure", "kpi", "words"),
    [
        (s.row(3, 4), s.SATISFIED, "75%"),
        (s.row(0, 40), s.SATISFIED, "0%"),
        (s.row(1, 400), s.SATISFIED, "<1%"),
        (s.row(399, 400), s.SATISFIED, ">99%"),
        (s.row(40, 40), s.SATISFIED, "100%"),
        (s.row(1234, 2000), s.SATISFIED, "61.7%"),
        (s.row(1, 5, state="suppressed"), s.SATISFIED, "※"),
        (s.row(None, 0, state="no_data"), s.SATISFIED, "—"),
        (s.row(7, 2210), s.COMPLAINTS, "3.2 件"),
        (s.row(1204, None, value=1204.0), s.RECEIVED, "1,204 件"),
        (s.row(29_140_000, 31_000_000), s.FEES, "94.0%"),
        (s.row(None, None, n=90, value=0.613), s.SATISFIED, "61%"),
    ],
)
def test_a_figure_reads_in_its_own_form(figure, kpi, words):
    assert format_rate(figure, kpi, "zh") == words


def test_rounding_never_carries_a_miss_over_its_target():
    assert format_rate(s.row(1697, 1997), s.SATISFIED, "zh") == "84.98%"
    assert format_rate(s.row(169, 200), s.SATISFIED, "zh", target=84.5) == "84.5%"


def test_a_figure_hardly_off_its_target_is_said_to_be_above_or_below_it():
    rate = dataclasses.replace(s.SATISFIED, kind="rate", scale=1000, unit=Text("件/千户", "per 1,000"), target=4.5)
    assert format_rate(s.row(5, 1111), rate, "zh") == ">4.5 件/千户"  # 4.50045
    assert format_rate(s.row(9, 2000), rate, "en") == "4.5 per 1,000"
    assert format_rate(s.row(84_999_999, 100_000_000), s.SATISFIED, "zh") == "<85%"


def test_an_interval_end_reads_zero_or_hundred_only_when_it_is():
    assert format_interval(s.row(75, 100), s.SATISFIED, "zh") == "65–85%"
    assert format_interval(s.row(75, 100, low=0.75, high=0.998), s.SATISFIED, "zh") == "75.0–99.8%"
    assert format_interval(s.row(75, 100, low=None, high=None), s.SATISFIED, "zh") == ""


def test_a_suppressed_row_gives_no_number_of_cases():
    assert format_n(s.row(1, 5, state="suppressed"), "zh") == "※"
    assert format_n(s.row(60, 60, state="census"), "zh") == "全部 60"
    assert format_n(s.row(640, 1854), "en") == "n=1,854"


def test_targets_say_their_direction():
    assert format_target(s.SATISFIED, 85, "zh") == "目标 ≥85%"
    assert format_target(s.COMPLAINTS, 4, "en") == "target ≤4 cases"


def test_periods_are_said_in_the_language_of_the_reader():
    assert period_words("2025-09", "zh") == "2025年9月"
    assert period_words("2025-09", "zh", short=True) == "9月"
    assert period_words("2025-09", "en") == "2025-09" and period_words("2025-09", "en", short=True) == "Sep"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_sentence_of_a_chart_names_every_figure_and_hides_the_hidden(lang):
    words = describe(s.segments(), s.SATISFIED, lang=lang)
    assert "58%" in words and "※" in words
    assert "n<10" not in words and "20%" not in words


def test_a_long_series_is_described_by_its_ends():
    words = describe(s.months(20), s.SATISFIED, lang="zh", by="period")
    assert "共 20 项" in words and "2024年9月" in words


def test_a_display_offers_three_forms():
    shown = join([Display("<b>a</b>", "<i>a</i>", "a"), Display("b", "c", "d")])
    assert shown._repr_mimebundle_() == {"text/html": "<i>a</i>\nc", MIME: "<b>a</b>\nb", "text/plain": "a\nd"}


def test_one_case_is_singular_in_english():
    one, two = (s.row(num, None, n=num, value=num) for num in (1, 2))
    assert format_rate(one, s.RECEIVED, "en") == "1 case"
    assert format_rate(two, s.RECEIVED, "en") == "2 cases"
    assert format_rate(one, s.RECEIVED, "zh") == "1 件"


def test_periods_are_in_words_whatever_their_length():
    said = [period_words(one, "zh") for one in ("2025-09", "2025Q3", "2025", "2025-09-20", "2025-03..2025-08", "总计")]
    assert said == ["2025年9月", "2025年第3季度", "2025年", "2025年9月20日", "2025年3月至2025年8月", "总计"]
    assert [period_words(one, "en") for one in ("2025-09", "2025-03..2025-08")] == ["2025-09", "2025-03 to 2025-08"]
