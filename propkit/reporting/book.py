"""One report being made: the rows of its community as known at its data cut-off, its figures, and what it has said so far.

The sections of a notebook ask a book for figures; it words and draws nothing itself.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType

import pandas as pd
from natsort import natsorted

from propkit import domains, store
from propkit.counts import UNKNOWN
from propkit.domains import improvement
from propkit.domains.knowledge import spells
from propkit.errors import ConfigError, DataError, nearest
from propkit.figures import figures, splittable
from propkit.model import Cut, Duration, Kpi, worded
from propkit.periods import Period, parse_period
from propkit.reporting import notes as notes_room
from propkit.reporting.guard import Guard
from propkit.reporting.notes import Notes
from propkit.reporting.photos import Photo
from propkit.text import Text
from propkit.workspace import Workspace, open_workspace

EDITIONS = ("internal", "owner")
HISTORY = 13


@dataclass
class Book:
    """A report in the making.  `sections` collects the ids of the sections shown, for the receipt."""

    workspace: Workspace
    report: str
    community: str
    name: str
    period: Period
    cut: Cut
    edition: str
    lang: str
    raw: dict[str, pd.DataFrame]
    tables: dict[str, pd.DataFrame]
    parameters: dict[str, str]
    sections: list[str] = field(default_factory=list)
    headline: list[dict[str, str]] = field(default_factory=list)
    monthly: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    earlier: dict[tuple, dict[str, pd.DataFrame]] = field(default_factory=dict, repr=False)
    besides: dict[str, dict[str, pd.DataFrame]] = field(default_factory=dict, repr=False)
    whole: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    notes: Notes = field(default_factory=Notes, repr=False)
    photos: dict[tuple[int, int], Photo] = field(default_factory=dict, repr=False)

    @property
    def min_n(self) -> int:
        """Opinions of fewer households are hidden from owners; the team sees them, flagged as unreliable."""
        return self.workspace.settings.privacy.min_n if self.edition == "owner" else 1

    @property
    def households(self) -> int:
        """Occupied households: as the register has them, else as declared; 0 when neither says."""
        homes = self.tables["household"]
        known = int((homes["occupancy"] != "vacant").sum()) if len(homes) else 0
        return known or self.cut.households.get(self.community, 0)

    @property
    def month(self) -> str:
        """The last month of the period."""
        return self.period.months[-1]

    @cached_property
    def data_sha256(self) -> str:
        """A hash over every input that the report depends on: data, choices, notes and the pictures that they name."""
        digest = hashlib.sha256(store.fingerprint(self.workspace, self.community).encode())
        digest.update(repr((self.cut.as_of, self.cut.definitions, self.cut.waves, self.min_n)).encode())
        digest.update(notes_room.fingerprint(self.workspace, self.community, self.period.id).encode())
        return digest.hexdigest()

    def kpi(self, kpi_id: str) -> Kpi:
        """Return a KPI by id, with the target that holds for this community and month."""
        kpi = worded(domains.kpi(kpi_id), self.cut.definitions)
        goal = self.goals.get((self.community, kpi_id), self.goal_set(kpi_id))
        return kpi if goal is None else dataclasses.replace(kpi, target=goal)

    @cached_property
    def goals(self) -> dict[tuple[str, str], float]:
        """The targets of the register that hold for the period, by community and metric: they go before propkit.toml."""
        summed = {kpi.id for kpi in domains.KPIS.values() if kpi.kind == "count"}
        return improvement.in_force(self.tables["target"], self.period, summed) if "target" in self.tables else {}

    def goal_set(self, kpi_id: str) -> float | None:
        """The target that propkit.toml sets for a KPI in this community and month."""
        return self.workspace.target(kpi_id, self.community, self.month)

    def figure(self, kpi_id: str) -> pd.Series:
        """Return the one figure of a KPI in the period."""
        return self.rates([kpi_id]).iloc[0]

    def rates(self, kpi_ids: Sequence[str], *, by: str | None = None) -> pd.DataFrame:
        """Return the figures of the period, by segment with `by`; labels of segments in `label`."""
        rates = self._allowed(self._figures(kpi_ids, [self.period], by), [by] if by else [])
        if by is None:
            return rates
        order = {value: place for place, value in enumerate(self.order(by, rates["segment"]))}
        ranked = rates.sort_values("segment", key=lambda values: values.map(order), kind="stable", ignore_index=True)
        return ranked.assign(label=self.labels(by, ranked["segment"]))

    def order(self, by: str, values: pd.Series) -> list[str]:
        """Put values of a segment in their declared order, others in natural order (2号楼 before 10号楼), unknown last."""
        choices = (
            list(self._items())
            if by == "item"
            else list(domains.SEGMENTS[by].choices)
            if by in domains.SEGMENTS
            else []
        )
        declared = [value for value in choices if value in set(values)]
        return [*declared, *natsorted(set(values) - {*declared, UNKNOWN}), UNKNOWN]

    def crossed(self, kpi_id: str, by: Sequence[str]) -> pd.DataFrame:
        """Return the figures of the period by several segments at once, one column for each."""
        return self._allowed(self._with(self.tables, self.cut, [domains.kpi(kpi_id)], [self.period], by), by)

    def months(self, kpi_ids: Sequence[str]) -> pd.DataFrame:
        """Return the figures of the last 13 months, by month, months without data included.

        A figure that ages (`Kpi.ages`) is taken for every month at the same distance from its end.
        """
        for kpi_id in kpi_ids:
            if kpi_id not in self.monthly:
                self.monthly[kpi_id] = self._aged(kpi_id) if domains.kpi(kpi_id).ages else self._months(kpi_id)
        return pd.concat([self.monthly[kpi_id] for kpi_id in kpi_ids], ignore_index=True)

    def _months(self, kpi_id: str) -> pd.DataFrame:
        months = self._figures([kpi_id], [parse_period(month) for month in self.period.history(HISTORY)], None)
        if self.edition != "owner" or not domains.kpi(kpi_id).opinion:
            return months
        return self.guard.months(kpi_id, months)

    def _aged(self, kpi_id: str) -> pd.DataFrame:
        """Every month as it stood equally long after its end: last September is seen with last October's payments only."""
        kpi, months = domains.kpi(kpi_id), self.period.history(HISTORY)
        parts = []
        for month in months:
            as_of = parse_period(month).end + (self.cut.as_of - self.period.end)
            cut = dataclasses.replace(self.cut, as_of=as_of)
            parts.append(self._with(self._as_of(kpi, cut), cut, [kpi], [parse_period(month)], []))
        return pd.concat(parts, ignore_index=True)

    def _as_of(self, kpi: Kpi, cut: Cut) -> dict[str, pd.DataFrame]:
        """The tables as they stood at an earlier cut-off; figures over the same tables share them."""
        names, rooms = _needed(kpi)
        key = (*names, cut.as_of)
        if key not in self.earlier:
            self.earlier[key] = domains.derive({name: self.raw[name] for name in names}, cut, rooms)
        return self.earlier[key]

    def in_periods(self, kpi_ids: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
        """Return the figures of other periods than the report's own, unsplit, in the order of `figures`.

        Every figure of a period is reckoned when the first is asked for: a report asks for most, and one tally costs
        little more than ten.
        """
        new = [period for period in periods if period.id not in self.whole]
        if new:
            made = self._with(self.tables, self.cut, list(domains.KPIS.values()), new, [])
            self.whole |= {period.id: made[made["period"] == period.id] for period in new}
        place = {kpi_id: at for at, kpi_id in enumerate(kpi_ids)}
        both = pd.concat([self.whole[one.id] for one in periods] or [self._with(self.tables, self.cut, [], [], [])])
        asked = both[both["kpi"].isin(place)]
        rates = asked.sort_values("kpi", key=lambda ids: ids.map(place), kind="stable", ignore_index=True)
        return self._kept(rates)

    def apart(self, kpi_ids: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
        """Return what `in_periods` does, reckoned for these figures alone: for few of them over many periods."""
        return self._kept(self._with(self.tables, self.cut, [domains.kpi(one) for one in kpi_ids], periods, []))

    def _kept(self, rates: pd.DataFrame) -> pd.DataFrame:
        if self.edition == "owner":
            self.guard.besides.append(rates.loc[[domains.kpi(kpi_id).opinion for kpi_id in rates["kpi"]]])
        return rates

    def year_before(self) -> Period | None:
        """Return the same stretch a year before; None for a single day, which falls on another weekday."""
        if self.period.kind == "day":
            return None
        months = [str(pd.Period(month) - 12) for month in self.period.months]
        return parse_period(months[0] if len(months) == 1 else f"{months[0]}..{months[-1]}")

    def history(self, kpi_id: str) -> pd.DataFrame:
        """Return the months of one KPI from the first that has data."""
        rates = self.months([kpi_id])
        known = rates.index[rates["state"] != "no_data"]
        return rates.loc[known[0] :].reset_index(drop=True) if len(known) else rates.iloc[:0]

    def check_disclosure(self) -> None:
        """Raise DisclosureError when owners could work out hidden opinions from all the figures that were asked for,
        alone or beside what they were shown before."""
        if self.edition == "owner":
            self.guard.check(store.published(self.workspace, self.community))

    @cached_property
    def guard(self) -> Guard:
        """Through which the opinions of an owner edition pass."""
        return Guard(self.tables, self.cut, self.community, self.period, self.min_n)

    def _allowed(self, rates: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
        """Every figure of the period passes here: owners get opinions as `disclosure` allows, the team all of them."""
        if self.edition != "owner":
            return rates
        parts = [
            self.guard.rates(kpi_id, tuple(by)) if domains.kpi(kpi_id).opinion else rates[rates["kpi"] == kpi_id]
            for kpi_id in dict.fromkeys(rates["kpi"])
        ]
        return pd.concat(parts, ignore_index=True)

    def splits(self, kpi_id: str, by: str) -> bool:
        """Say whether a KPI can be split by a segment in these data, into more than one known group."""
        kpi = domains.kpi(kpi_id)
        if not splittable(self.tables, [kpi], [by]):
            return False
        return self.tables[kpi.table][by].nunique() > 1

    def durations(self, duration_id: str) -> pd.DataFrame:
        """Return the spells of cases that began in the period: minutes, completed, usable."""
        duration = _duration(duration_id)
        rows = self.tables[duration.table]
        begun = rows[(rows[duration.start] >= self.period.start) & (rows[duration.start] < self.period.end)]
        return spells(begun, duration, self.cut.as_of)

    def labels(self, by: str, ids: pd.Series) -> list[str]:
        """Return the reader's words for values of a segment."""
        words = self.words(by)
        return [words.get(value, Text(value, value)).get(self.lang) for value in ids]

    def words(self, by: str) -> dict[str, Text]:
        """Return both languages' words for the values of a segment."""
        known = dict(domains.SEGMENTS[by].choices) if by in domains.SEGMENTS else {}
        if by == "item":
            known |= self._items()
        if by == "building":
            known |= {value: Text(f"{value}栋", f"Building {value}") for value in self._values("building")}
        return known | {"unknown": Text("未知", "unknown"), "other": Text("其他", "other")}

    def segment_label(self, by: str) -> Text:
        """Return the name of a segment for readers."""
        named = self.workspace.settings.segment_labels.get(by)
        return domains.SEGMENTS[by].label if by in domains.SEGMENTS else Text(named or by, named or by)

    def _figures(self, kpi_ids: Sequence[str], periods: Sequence[Period], by: str | None) -> pd.DataFrame:
        kpis = [domains.kpi(kpi_id) for kpi_id in kpi_ids]
        return self._with(self.tables, self.cut, kpis, periods, [by] if by else [])

    def _with(
        self,
        tables: Mapping[str, pd.DataFrame],
        cut: Cut,
        kpis: Sequence[Kpi],
        periods: Sequence[Period],
        by: Sequence[str],
    ) -> pd.DataFrame:
        return figures(tables, cut, kpis, periods, communities=[self.community], by=by, min_n=self.min_n)

    def _items(self) -> dict[str, Text]:
        return {
            item: Text(spec.label or item, spec.label_en or spec.label or item)
            for source in self.workspace.settings.source
            for item, spec in source.items.items()
        }

    def _values(self, column: str) -> set[str]:
        return {value for rows in self.tables.values() if column in rows for value in rows[column].dropna().unique()}


def open_book(
    report: str,
    *,
    workspace: str | Path = ".",
    community: str,
    period: str,
    as_of: str = "",
    edition: str = "internal",
    lang: str = "zh",
) -> Book:
    """Open a report for a community and period; raises ConfigError for a wrong parameter, DataError without data.

    `as_of` is the data cut-off ("" = as set in propkit.toml, or the last day with data).
    """
    opened = open_workspace(workspace)
    check_choices(edition, lang)
    store.check_community(opened, community)
    cut = opened.cut(store.data_cutoff(opened, as_of or None))
    stretch = parse_period(str(period), cut.as_of)  # papermill makes a number of 2025
    raw = store.load(opened, [community])
    tables = domains.derive(raw, cut)
    _check_data(tables, community, stretch)
    named = "day" if stretch.kind == "day" else "month" if report == "monthly_review" else "period"
    asked = {"community": community, named: str(period), "as_of": as_of, "edition": edition, "lang": lang}
    name = _name(opened, community, lang)
    written = notes_room.read(opened, community, stretch.id)
    return Book(opened, report, community, name, stretch, cut, edition, lang, raw, tables, asked, notes=written)


def check_choices(edition: str, lang: str) -> None:
    """Raise ConfigError for an edition or a language that there is not."""
    for name, value, allowed in (("edition", edition, EDITIONS), ("lang", lang, ("zh", "en"))):
        if value not in allowed:
            raise ConfigError(
                Text(f"参数 {name} 不对", f"parameter {name} is wrong"),
                got=value,
                expected=", ".join(allowed),
                hint=nearest(value, allowed),
            )


def book_of(workspace: Workspace, tables: Mapping[str, pd.DataFrame], cut: Cut, community: str, period: Period) -> Book:
    """Return a book over rows that are derived already, of one of their communities; nothing of it is a page."""
    ours = {name: rows[rows["community"] == community].reset_index(drop=True) for name, rows in tables.items()}
    raw = {name: ours[name] for name in domains.TABLES}
    name = _name(workspace, community, "zh")
    return Book(workspace, "values", community, name, period, cut, "internal", "zh", raw, ours, {})


def _name(workspace: Workspace, community: str, lang: str) -> str:
    declared = workspace.communities.get(community)
    english = declared.name_en if declared and lang != "zh" else ""
    return english or store.communities(workspace)[community]


def _check_data(tables: dict[str, pd.DataFrame], community: str, period: Period) -> None:
    """Refuse a period in which no table has a single row, naming the months that have some."""
    months = months_with_data(tables)
    if not set(period.months) & set(months):
        known = f"{months[0]} … {months[-1]}" if months else "—"
        raise DataError(
            Text(f"{community} 在 {period.id} 没有数据", f"{community} has no data in {period.id}"),
            got=period.id,
            expected=Text(f"有数据的月份：{known}", f"months with data: {known}"),
        )


def months_with_data(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return the months in which any event table has a row."""
    dated = [
        tables[name][table.dated_by].dropna()
        for name, table in domains.TABLES.items()
        if name in tables and table.columns[table.dated_by].kind == "instant"
    ]
    return sorted({str(month) for dates in dated for month in dates.dt.to_period("M").unique()})


def _needed(kpi: Kpi) -> tuple[list[str], tuple[ModuleType, ...]]:
    """The canonical tables from which an aging figure is made, and the rooms that must be asked."""
    own = next((room for room in domains.OWN if kpi in room.KPIS), None)
    if own is not None:
        return [table.name for table in own.TABLES], (own,)
    shared = {"work_order": ["work_order", "order_event"], "complaint": ["complaint"]}
    return shared.get(kpi.table, ["fee_bill", "fee_payment"]), ()


def _duration(duration_id: str) -> Duration:
    if duration_id not in domains.DURATIONS:
        raise ConfigError(
            Text("没有这个时长", "no such duration"), got=duration_id, hint=nearest(duration_id, domains.DURATIONS)
        )
    return domains.DURATIONS[duration_id]
