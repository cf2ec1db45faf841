"""Items beside overall satisfaction: order, correlation and ranges recomputed apart, and silence where nothing can be told."""

from __future__ import annotations

import random

import pytest
from scipy.stats import spearmanr

from propkit.reporting.drivers import drivers
from tests.examples import Row, answer
from tests.reporting.test_surveys import CAUSES, TEN, WAVE, book, said

CLOSE, FAR = "repairs", "greening"


def answers(households: int, **columns: object) -> list[Row]:
    """The overall score of each household, an item that goes with it but for every fifth, and one that goes with nothing."""
    chance = random.Random(5)
    rows = []
    for at in range(households):
        overall = chance.randint(1, 5)
        close = overall if at % 5 else chance.randint(1, 5)
        rows += [
            answer(at, overall),
            answer(at, close, item=CLOSE, **columns),
            answer(at, chance.randint(1, 5), item=FAR),
        ]
    return rows


def column(rows: list[Row], item: str) -> list[int]:
    return [int(row["score"]) for row in rows if row["item"] == item]


def test_items_stand_in_the_order_of_what_they_share_with_the_overall_score() -> None:
    rows = answers(80)
    words = said(drivers(book(rows, told=(WAVE,))))
    rho = spearmanr(column(rows, CLOSE), column(rows, "overall")).statistic
    satisfied = sum(score >= 4 for score in column(rows, CLOSE))
    assert words.index(CLOSE) < words.index(FAR)
    assert f"|{round(100 * satisfied / 80)}%|" in words
    assert f"|80|{rho:.2f}|" in words
    assert words.count("|1|") == words.count("|2|") == 1  # 80 households tell these two apart
    assert "80 户各项都评了分" in words
    assert "相关不是原因" in words


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_cause_is_named(lang: str) -> None:
    assert not CAUSES.search(said(drivers(book(answers(80), told=(WAVE,), lang=lang))))


def test_too_few_households_are_put_in_no_order() -> None:
    words = said(drivers(book(answers(59), told=(WAVE,), lang="en")))
    assert "Only 59 households scored every item, fewer than 60" in words
    assert CLOSE not in words


def test_an_item_on_two_scales_is_left_out() -> None:
    rows = [*answers(80), answer(100, 9, item=CLOSE, **TEN)]
    assert CLOSE not in said(drivers(book(rows, told=(WAVE,))))


def test_owners_and_periods_without_a_wave_are_told_nothing() -> None:
    assert drivers(book(answers(80), told=(WAVE,), edition="owner")).html == ""
    assert drivers(book(answers(80), told=(WAVE,), period="2025-08")).html == ""
    assert drivers(book([answer(at, 5, item=CLOSE) for at in range(80)], told=(WAVE,))).html == ""
