"""The figures of communities and periods: derived tables in, tidy rates out.  Sums with `counts`, divides with `rates`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pandas as pd

from propkit import domains
from propkit.counts import SUMS, rollup, tally
from propkit.domains.knowledge import covered_months, covers_day
from propkit.errors import ConfigError, nearest
from propkit.model import Cut, Kpi
from propkit.periods import Period
from propkit.rates import rate
from propkit.text import Text

COLUMNS = ["kpi", "community", "period", "segment", "n", "num", "den", "value", "low", "high", "state"]
ALL = "all"
OTHER = "other"
MONTHLY = ("community", "month", "scale")
"""What figures are counted by, so that those of longer periods are sums of it."""


def figures(
    tables: Mapping[str, pd.DataFrame],
    cut: Cut,
    kpis: Sequence[Kpi],
    periods: Sequence[Period],
    *,
    communities: Sequence[str],
    by: Sequence[str] = (),
    min_n: int = 10,
    monthly: Monthly | None = None,
) -> pd.DataFrame:
    """Return one row for each kpi, community, period and segment, in `COLUMNS` followed by the columns of `by`.

    `tables`: as `domains.derive` returns them.  A KPI without data in a period gives a row with state "no_data".
    `segment` joins the values of `by` with "|" and is "all" without `by`.  A balance (`Kpi.stock`) has no figure over
    several months, answers on different scales have none together, and what is only told by its own segment
    (`Kpi.split_only`) has none without it.  `monthly`: the counts of these KPIs and tables, where many periods are asked for
    one after another.
    """
    missing = [kpi.id for kpi in kpis for name in by if not _splits(tables, kpi, name)]
    if missing:
        raise ConfigError(
            Text("这些指标不能按此分组", "these KPIs cannot be split so"),
            got=", ".join(missing),
            expected=", ".join(by),
        )
    counts = _counts(monthly or monthly_of(tables, kpis, by), kpis, periods, by)
    counts = _with_empty(counts, kpis, periods, communities, by)
    counts = counts.reset_index(drop=True)
    rates = rate(counts, as_of=cut.of(counts), min_n=min_n, definitions=cut.definitions)
    return rates.assign(segment=joined(rates, by) if by else ALL).astype({"segment": "str"})[[*COLUMNS, *by]]


def joined(rows: pd.DataFrame, by: Sequence[str]) -> pd.Series:
    """Return the name that each row has among the groups of several segments."""
    first, *others = (rows[name].astype("str") for name in by)
    return first.str.cat(others, sep="|")


def largest(rates: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the `count` largest segments of a count KPI, the rest added up as "other" (counts add).

    `rates`: one community and period, one row for each segment.
    """
    ranked = rates.sort_values(["num", "segment"], ascending=[False, True], kind="stable")
    if len(ranked) <= count + 1:
        return ranked
    kept, rest = ranked.iloc[:count], ranked.iloc[count:]
    total = int(rest["num"].sum())
    other = rest.iloc[:1].assign(segment=OTHER, n=total, num=total, value=float(total))
    return pd.concat([kept, other], ignore_index=True)


def splittable(tables: Mapping[str, pd.DataFrame], kpis: Iterable[Kpi], by: Sequence[str]) -> list[Kpi]:
    """Return the KPIs that can be split by every column of `by`."""
    return [kpi for kpi in kpis if all(_splits(tables, kpi, name) for name in by)]


def check_segment(name: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """Return `name` when some table can be split by it; otherwise raise ConfigError with the nearest segment."""
    known = sorted(
        {*domains.SEGMENTS, *(column for rows in tables.values() for column in rows.attrs.get("segments", []))}
    )
    if name not in known:
        raise ConfigError(
            Text("没有这个分组", "no such segment"), got=name, expected=", ".join(known), hint=nearest(name, known)
        )
    return name


def _splits(tables: Mapping[str, pd.DataFrame], kpi: Kpi, name: str) -> bool:
    exposed = (kpi.denominator or "").rpartition(".")[0] or kpi.table
    return name in tables[kpi.table].columns and name in tables[exposed].columns


@dataclass(frozen=True)
class Monthly:
    """The counts of KPIs by month, and of which months their exports speak: what the figures of any period follow from.

    `counts`: as `tally` returns them by `keys`.  `tables`: the derived rows, of which only figures of single days ask.
    """

    counts: pd.DataFrame
    spoken: Spoken
    keys: list[str] = field(default_factory=lambda: list(MONTHLY))
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)


def monthly_of(tables: Mapping[str, pd.DataFrame], kpis: Sequence[Kpi], by: Sequence[str] = ()) -> Monthly:
    """Count KPIs by month, community, scale and `by`."""
    keys = [*MONTHLY, *by]
    return Monthly(tally(tables, kpis, keys), Spoken(tables), keys, tables)


def _counts(monthly: Monthly, kpis: Sequence[Kpi], periods: Sequence[Period], by: Sequence[str]) -> pd.DataFrame:
    """Add the months up to each period; single days are tallied apart."""
    tables, parts, zeros = monthly.tables, [], []
    for period in periods:
        added = [kpi for kpi in kpis if _told(kpi, period, by)]
        day = period.kind == "day"
        counts = tally(_on_day(tables, added, period), added, monthly.keys) if day else monthly.counts
        ours = counts[counts["month"].isin(period.months)]
        if len(added) < len(kpis):
            ours = ours[ours["kpi"].isin([kpi.id for kpi in added])]
        parts.append(ours.assign(period=period.id))
        zeros += [] if by else _zeros(monthly.spoken, added, period)
    counts = _one_scale(pd.concat(parts, ignore_index=True), by)
    if zeros:
        blank = pd.DataFrame(zeros, columns=["kpi", "community", "period"], dtype="str").assign(
            **dict.fromkeys(SUMS, 0)
        )
        # A base that is there, though no case fell into it.
        counts = pd.concat([counts, blank.assign(den=1)], ignore_index=True)
    return rollup(counts, ["community", *by, "period"])


def _told(kpi: Kpi, period: Period, by: Sequence[str]) -> bool:
    """A balance belongs to one month, and exposure is counted in whole months: neither says anything of other periods."""
    if kpi.split_only and kpi.by not in by:
        return False
    if period.kind == "day":
        return not kpi.stock and kpi.kind != "rate"
    return not kpi.stock or len(period.months) == 1


def _on_day(tables: Mapping[str, pd.DataFrame], kpis: Sequence[Kpi], period: Period) -> dict[str, pd.DataFrame]:
    """Blank the dates outside one day, so that a tally by month counts that day alone."""
    cut = dict(tables)
    for name, date in {(kpi.table, kpi.dated_by) for kpi in kpis}:
        dates = cut[name][date]
        cut[name] = cut[name].assign(**{date: dates.where((dates >= period.start) & (dates < period.end))})
    return cut


def _one_scale(counts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Empty the groups whose answers were given on different scales: they have no common level."""
    keys = ["kpi", "community", *by, "period"]
    if counts["scale"].nunique() < 2:
        return counts
    scales = counts.drop_duplicates([*keys, "scale"])
    mixed = _in(counts, scales[scales.duplicated(keys)], keys)
    return counts.assign(**{name: counts[name].mask(mixed, 0) for name in SUMS})


def _in(rows: pd.DataFrame, others: pd.DataFrame, keys: list[str]) -> pd.Series:
    found = pd.MultiIndex.from_frame(rows[keys]).isin(pd.MultiIndex.from_frame(others[keys]))
    return pd.Series(found, index=rows.index)


def _zeros(spoken: Spoken, kpis: Sequence[Kpi], period: Period) -> list[tuple[str, str, str]]:
    """True zeros of counts: kpi, community and period for which an export speaks, though it may hold no case.

    Only for KPIs on the date that places rows of their table: the span of an export says nothing of other dates.  Not
    split: a segment without cases is absent.
    """
    return [
        (kpi.id, place, period.id) for kpi in kpis if tells_zeros(kpi) for place in spoken.places(kpi.table, period)
    ]


def tells_zeros(kpi: Kpi) -> bool:
    """Say whether a month of which the exports of a KPI's table speak, and in which nothing happened, counts 0."""
    return kpi.kind == "count" and kpi.table in domains.TABLES and kpi.dated_by == domains.TABLES[kpi.table].dated_by


class Spoken:
    """For which communities the exports of a table speak in a period; each table is looked through once.

    `months`: what is known already, by table and community.
    """

    def __init__(
        self, tables: Mapping[str, pd.DataFrame], months: Mapping[str, Mapping[str, Iterable[str]]] | None = None
    ) -> None:
        self._tables = tables
        self._months = {name: {place: set(told) for place, told in of.items()} for name, of in (months or {}).items()}

    def places(self, name: str, period: Period) -> list[str]:
        """Return the communities in order."""
        if period.kind == "day":
            dated_by = domains.TABLES[name].dated_by
            return [place for place, rows in self._by_place(name) if covers_day(rows, dated_by, period.start)]
        return [place for place, months in self.months(name).items() if set(period.months) <= months]

    def months(self, name: str) -> dict[str, set[str]]:
        """Return the months of which the exports of a table speak, by community in order."""
        if name not in self._months:
            dated_by = domains.TABLES[name].dated_by
            self._months[name] = {place: set(covered_months(rows, dated_by)) for place, rows in self._by_place(name)}
        return self._months[name]

    def _by_place(self, name: str) -> list[tuple[str, pd.DataFrame]]:
        rows = self._tables[name]
        return [(place, rows[rows["community"] == place]) for place in sorted(set(rows["community"]))]


def _with_empty(
    counts: pd.DataFrame, kpis: Sequence[Kpi], periods: Sequence[Period], communities: Sequence[str], by: Sequence[str]
) -> pd.DataFrame:
    """Add a row without cases for every kpi, community and period that has none, and put all in that order."""
    wanted = list(product([kpi.id for kpi in kpis], communities, [period.id for period in periods]))
    place, keys = {key: at for at, key in enumerate(wanted)}, ["kpi", "community", "period"]
    found = np.array([place.get(key, -1) for key in zip(*(counts[name] for name in keys), strict=True)], dtype="int64")
    lacking = np.setdiff1d(np.arange(len(wanted)), found)
    absent = pd.DataFrame([wanted[at] for at in lacking], columns=keys, dtype="str")
    absent = absent.assign(**dict.fromkeys(SUMS, 0), **dict.fromkeys(by, ALL))
    whole = pd.concat([counts[found >= 0], absent], ignore_index=True) if len(absent) else counts[found >= 0]
    order = np.concatenate([found[found >= 0], lacking])
    return whole.assign(order=order).sort_values(["order", *by]).drop(columns="order")
