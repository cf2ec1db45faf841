"""What a report may say of its figures, found once: the whole page spends one error budget, however often a finding is told.

Summary, cards, chapters, and the lists of highlights and problems ask here; none of them tests anew.  Half of what each kind of
finding may spend belongs to the report's key figures and half to all its others, so that looking at many does not silence
the few that matter (docs/honesty.md).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from propkit import domains
from propkit.model import Kpi
from propkit.periods import parse_period
from propkit.reporting import claims, sources, spans
from propkit.reporting.book import HISTORY, Book
from propkit.reporting.claims import Claim
from propkit.reporting.plainly import WAVE
from propkit.text import Text

_JUDGED = ("share", "rate")


@dataclass(frozen=True, slots=True)
class Findings:
    """The claims of a report and what they rest on.

    `before`, `now`: the rates that were compared, indexed by kpi; `series`: the months of each figure with the limits of its
    process chart, as `claims.signals` returns them.
    """

    claims: Sequence[Claim]
    before: pd.DataFrame
    now: pd.DataFrame
    series: Mapping[str, pd.DataFrame]

    def of(self, kind: str, kpi_ids: Collection[str] | None = None) -> list[Claim]:
        """Return the claims of one kind ("target", "change", "signal"), about these figures or all."""
        return [one for one in self.claims if one.kind == kind and (kpi_ids is None or one.kpi in kpi_ids)]

    def about(self, kpi_id: str) -> list[Claim]:
        """Return every claim about one figure."""
        return [one for one in self.claims if one.kpi == kpi_id]

    def said(self, key: Collection[str]) -> list[Claim]:
        """Return what is welcome or unwelcome, in a reader's order: the key figures first."""
        worth = claims.order([one for one in self.claims if one.good is not None])
        return sorted(worth, key=lambda one: one.kpi not in key)


def findings(book: Book) -> Findings:
    """Return the findings of a report over all figures that it holds; they are made when the first is asked for."""
    if "findings" not in book.besides:
        book.besides["findings"] = _find(book)
    return book.besides["findings"]


def figures_of(book: Book) -> list[str]:
    """Return the ids that a report judges: its key figures, then all others that it holds, each once."""
    held = sources.figures(book.report) or tuple(domains.KPIS)
    return list(dict.fromkeys([*book.key, *(one for one in held if not domains.KPIS[one].split_only)]))


def judge(
    groups: Sequence[Sequence[Kpi]],
    figures: pd.DataFrame,
    before: pd.DataFrame,
    now: pd.DataFrame,
    series: Mapping[str, pd.DataFrame],
    when: Text,
) -> Findings:
    """Judge `groups` of figures, each with an equal part of the budget of every kind of finding.

    `figures`: the rates of the period, `before` and `now`: those that are compared, all indexed by kpi; `series`: months of one
    community in order by kpi, judged where a figure has any.  `when` names the earlier period.
    """
    groups = [group for group in groups if group]
    made: list[Claim] = []
    drawn: dict[str, pd.DataFrame] = {}
    for group in groups:
        goals = [kpi for kpi in group if kpi.target is not None and kpi.id in figures.index]
        family = len(groups) * max(1, sum(kpi.kind in _JUDGED for kpi in goals))
        judged = [claims.target(kpi, figures.loc[kpi.id], kpi.target, family) for kpi in goals]
        made += [claim for claim in judged if claim is not None]
        made += claims.changes(group, before, now, when, alpha=claims.ALPHA_CHANGES / len(groups))
        charted = [kpi for kpi in group if kpi.id in series]
        for kpi in charted:
            drawn[kpi.id], found = claims.signals(kpi, series[kpi.id], len(groups) * len(charted))
            made += found
    return Findings(made, before, now, drawn)


def segments(book: Book, kpi_id: str) -> list[Claim]:
    """Return the segments of a figure that differ, by the dimensions that the report declares for it (`Book.split`); else none."""
    usable = [by for by in book.split.get(kpi_id, ()) if book.splits(kpi_id, by)]
    least = book.workspace.settings.privacy.min_n if book.kpi(kpi_id).opinion else 0
    # A group of opinions too small for owners is shown to the team, but nothing is claimed of it.
    splits = {by: book.rates([kpi_id], by=by) for by in usable}
    families = {by: rates[(rates["n"] >= least).fillna(False)] for by, rates in splits.items()}
    alpha = claims.ALPHA_SEGMENTS / max(1, len(book.split))
    return claims.segments(book.kpi(kpi_id), families, {by: book.words(by) for by in usable}, alpha=alpha)


def _find(book: Book) -> Findings:
    ids = figures_of(book)
    kpis = [book.kpi(one) for one in ids]
    groups = [[kpi for kpi in kpis if (kpi.id in book.key) is key] for key in (True, False)]
    shown = book.rates(ids).set_index("kpi", drop=False)
    before, now, when = _compared(book, kpis)
    found = judge(groups, shown, before, now, _series(book, kpis), when)
    # A month that is not the report's own, being the last settled one, is drawn and not told.
    told = [one for one in found.claims if one.kind != "signal" or one.period == book.month]
    return Findings(told, found.before, found.now, found.series)


def _compared(book: Book, kpis: Sequence[Kpi]) -> tuple[pd.DataFrame, pd.DataFrame, Text]:
    """The rates of an earlier stretch and of now.  Key figures of a month are taken at the same age; other figures that age not at all."""
    usable = [kpi for kpi in kpis if kpi.dated_by != WAVE]
    found, sides = spans.earlier(book), []
    monthly = found is not None and found.period.kind == book.period.kind == "month"
    same_age = [kpi.id for kpi in usable if kpi.id in book.key and monthly]
    others = [kpi.id for kpi in usable if kpi.id not in same_age and not kpi.ages]
    for period in (found and found.period, book.period):
        parts = [book.in_periods(others, [period])] if period and others and found else []
        if same_age and found and period:
            months = book.months(same_age)
            parts.append(months[months["period"] == period.id])
        # Nothing to compare with (the first service day): both sides are empty, in the columns of figures.
        sides.append(pd.concat(parts) if parts else book.in_periods([], [book.period]))
    before, now = (side.set_index("kpi", drop=False) for side in sides)
    return before, now, found.when if found else Text("", "")


def _series(book: Book, kpis: Sequence[Kpi]) -> dict[str, pd.DataFrame]:
    """The months of figures that have any, from the first with data; none for a day, which no month can speak for."""
    if book.period.kind == "day":
        return {}
    key = [kpi.id for kpi in kpis if kpi.id in book.key and kpi.kind in _JUDGED]
    others = [kpi for kpi in kpis if kpi.id not in book.key and kpi.kind in _JUDGED and not kpi.ages]
    # To owners a month of opinions is as good as published once a finding could tell of it, and beside the whole gives hidden ones away.
    others = [kpi.id for kpi in others if book.edition != "owner" or not kpi.opinion]
    months = [parse_period(month) for month in book.period.history(HISTORY)]
    rates = pd.concat([book.in_periods(others, months), *([book.months(key)] if key else [])], ignore_index=True)
    made = {}
    for kpi_id in (*key, *others):
        own = rates[rates["kpi"] == kpi_id].sort_values("period", kind="stable").reset_index(drop=True)
        known = own.index[own["state"] != "no_data"]
        if len(known):
            made[kpi_id] = own.loc[known[0] :].reset_index(drop=True)
    return made
