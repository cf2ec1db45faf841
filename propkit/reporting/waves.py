"""The survey waves of a report: which one is told, what it says, and its share weighted to the register.

Finds and computes; the pieces that readers see are made in `surveys` and `sampling`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from propkit import stats
from propkit.domains import satisfaction, weighting
from propkit.rates import rate
from propkit.reporting.book import Book
from propkit.text import Text

KPI = "owner_satisfaction"
_MODES = satisfaction.MODES | {"unknown": Text("未知", "unknown")}


@dataclass(frozen=True, slots=True)
class Wave:
    """A survey wave of one community: its answers to the overall question, and its figure as `rate` gives it.

    `answers`: one row for each household, as `satisfaction.respondents` returns them, `mode` filled from the settings.
    `invited`, `answered`: households, None where unknown.
    """

    label: Text
    answers: pd.DataFrame
    invited: int | None
    answered: int | None
    figure: Mapping[str, object]

    @property
    def count(self) -> int:
        """Satisfied households."""
        return int(self.answers["satisfied"].sum())

    @property
    def nobs(self) -> int:
        """Households with a valid overall answer."""
        return len(self.answers)

    @property
    def response(self) -> float | None:
        """Households that answered of those invited; None where either is unknown."""
        return self.answered / self.invited if self.invited and self.answered is not None else None

    @property
    def pooled(self) -> bool:
        """Whether its answers are on different scales, which have no common level."""
        return self.answers["scale"].nunique() > 1

    @property
    def modes(self) -> Text:
        found = [_MODES.get(mode, Text(mode, mode)) for mode in sorted(set(self.answers["mode"]))]
        return Text("、".join(mode.zh for mode in found), ", ".join(mode.en for mode in found))

    @property
    def scale(self) -> Text:
        words = ", ".join(scale.replace("-", "–") for scale in satisfaction.scales(self.answers, "satisfied"))
        return Text(words, words)

    @property
    def satisfied_from(self) -> Text:
        words = ", ".join(str(start) for start in sorted(set(self.answers["satisfied_from"].dropna())))
        return Text(words, words)


def known(book: Book) -> pd.DataFrame:
    """Return the derived answers of the community up to the end of the period."""
    rows = book.tables["survey_response"]
    return rows[rows["wave_on"] < book.period.end]


def in_period(book: Book) -> pd.DataFrame:
    """Return the derived answers of the waves of the period."""
    rows = known(book)
    return rows[rows["wave_on"] >= book.period.start]


def current(book: Book) -> Wave | None:
    """Return the last wave of the period, with its answers in the period."""
    rows = in_period(book)
    waves = satisfaction.told(rows)
    return None if waves.empty else _wave(book, rows, waves.iloc[-1])


def previous(book: Book) -> Wave | None:
    """Return the wave before the current one, or the last before the period where that has none."""
    rows, inside = known(book), satisfaction.told(in_period(book))
    waves = satisfaction.told(rows)
    earlier = waves if inside.empty else waves[waves["survey_id"] != inside["survey_id"].iloc[-1]]
    return None if earlier.empty else _wave(book, rows, earlier.iloc[-1])


def latest(book: Book) -> Wave | None:
    """Return the last wave up to the end of the period."""
    return current(book) or previous(book)


def weigh(book: Book, wave: Wave) -> weighting.Weighted:
    """Weight a wave to the register; owners see no cell with fewer answers than may be shown.

    Nothing is weighted where everyone answered, or more than there are households, nor for owners where a group of a dimension
    is hidden: the weighted share is one more sum over the hidden answers.
    """
    if wave.nobs >= book.households or _hides(book):
        return weighting.Weighted()
    homes = satisfaction.occupied(book.tables["household"])
    orders = {by: book.order(by, homes[by].dropna()) for by in satisfaction.DIMENSIONS}
    smallest = max(weighting.SMALLEST_CELL, book.min_n) if book.edition == "owner" else weighting.SMALLEST_CELL
    return weighting.weigh(wave.answers, homes, orders, smallest)


def _hides(book: Book) -> bool:
    if book.edition != "owner":
        return False
    splits = [book.rates([KPI], by=by) for by in satisfaction.DIMENSIONS if book.splits(KPI, by)]
    return any(rates["state"].eq("suppressed").any() for rates in splits)


def weighted_figure(weighted: weighting.Weighted) -> dict[str, object]:
    """Return a weighted share as a row of rates: no whole-number halves, its state by the effective number of answers."""
    base = max(1, round(weighted.n_interval))
    told = stats.presentation_status(min(base, round(weighted.estimate * base)), base)
    limits = {"value": weighted.estimate, "low": weighted.low, "high": weighted.high}
    return {**limits, "n": weighted.n, "num": None, "den": None, "state": told["status"]}


def _wave(book: Book, rows: pd.DataFrame, told: pd.Series) -> Wave:
    survey, month = str(told["survey_id"]), f"{told['wave_on']:%Y-%m}"
    declared = next((wave for wave in book.cut.waves if wave.id == survey), None)
    answers = satisfaction.respondents(rows, survey)
    answers = answers.assign(mode=answers["mode"].fillna(declared.mode if declared else "unknown"))
    label = declared.label if declared else Text(survey, survey)
    invited, answered = _sizes(book, survey)
    return Wave(label, answers, invited, answered, _figure(book, answers, month))


def _sizes(book: Book, survey: str) -> tuple[int | None, int | None]:
    sizes = book.tables["survey_wave"]
    ours = sizes[(sizes["survey_id"] == survey) & (sizes["community"] == book.community)]
    if ours.empty:
        return None, None
    invited, answered = (None if pd.isna(ours[name].iloc[0]) else int(ours[name].iloc[0]) for name in _COLUMNS)
    return invited, answered


_COLUMNS = ("invited", "answered")


def _figure(book: Book, answers: pd.DataFrame, month: str) -> dict[str, object]:
    """The satisfied share of one wave, in the state that `rates` gives it."""
    satisfied, n = int(answers["satisfied"].sum()), len(answers)
    sums = {"n": n, "num": satisfied, "num_sq": satisfied, "den": n}
    counts = pd.DataFrame([{"kpi": KPI, "community": book.community, "period": month, "segment": "all", **sums}])
    return rate(counts, as_of=book.cut.as_of, min_n=book.min_n).iloc[0].to_dict()
