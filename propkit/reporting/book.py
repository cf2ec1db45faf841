"""One report being made: the rows of its community as known at its data cut-off, its figures, and what it has said so far.

The sections of a notebook ask a book for figures; it words and draws nothing itself.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd
from natsort import natsorted

from propkit import domains, store
from propkit.counts import UNKNOWN
from propkit.domains import improvement
from propkit.domains.knowledge import spells
from propkit.domains.teams import lived_in
from propkit.errors import ConfigError, DataError, nearest
from propkit.figures import Monthly, figures, monthly_of, splittable
from propkit.model import Cut, Duration, Kpi, worded
from propkit.periods import Period, months_of, parse_period
from propkit.reporting import notes as notes_room
from propkit.reporting.guard import Guard
from propkit.reporting.notes import Notes
from propkit.reporting.photos import Photo
from propkit.text import Text
from propkit.workspace import Workspace, open_workspace

EDITIONS = ("internal", "owner")
HISTORY = 13
_NUMERALS = "一二三四五六七八九十"
_ROWS_AT_ONCE = 200_000


@dataclass
class Book:
    """A report in the making.  `sections` collects the ids of the sections shown, for the receipt.

    `key`: the figures that matter most to its reader; `split`: the figures of which differing segments are named, with the
    segments by which they are told.  Both are declared when it is opened, since all that it tests shares one error budget.
    `besides` keeps what sections make once and share.
    """

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
    besides: dict[str, object] = field(default_factory=dict, repr=False)
    parts: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict, repr=False)
    told: dict[str, pd.DataFrame | None] = field(default_factory=dict, repr=False)
    whole: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    line_of: dict[tuple[str, str], int] = field(default_factory=dict, repr=False)
    notes: Notes = field(default_factory=Notes, repr=False)
    key: tuple[str, ...] = ()
    split: Mapping[str, Sequence[str]] = field(default_factory=dict)
    photos: dict[tuple[int, int], Photo] = field(default_factory=dict, repr=False)

    @property
    def min_n(self) -> int:
        """Opinions of fewer households are hidden from owners; the team sees them, flagged as unreliable."""
        return self.workspace.settings.privacy.min_n if self.edition == "owner" else 1

    @property
    def households(self) -> int:
        """Occupied households: as the register has them, else as declared; 0 when neither says."""
        return lived_in(self.tables["household"], self.community, self.cut) or 0

    @property
    def sizes(self) -> dict[str, int]:
        """Rows known at the cut-off, by table."""
        return {name: len(rows) for name, rows in self.tables.items() if name in domains.TABLES}

    def bare(self, name: str) -> bool:
        """Say whether no row of a table was given at all."""
        return name in self.raw and self.raw[name].empty

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
        if by is None:
            return self._allowed(self._whole(kpi_ids, [self.period]), [])
        parts = [self._split(kpi_id, by) for kpi_id in kpi_ids]
        rates = pd.concat(parts or [self._with(self.tables, self.cut, [], [self.period], [by])], ignore_index=True)
        order = {value: place for place, value in enumerate(self.order(by, rates["segment"]))}
        ranked = rates.sort_values("segment", key=lambda values: values.map(order), kind="stable", ignore_index=True)
        return ranked.assign(label=self.labels(by, ranked["segment"]))

    def _split(self, kpi_id: str, by: str) -> pd.DataFrame:
        if (kpi_id, by) not in self.parts:
            rates = self._with(self.tables, self.cut, [domains.kpi(kpi_id)], [self.period], [by])
            self.parts[kpi_id, by] = self._allowed(rates, [by])
        return self.parts[kpi_id, by]

    def order(self, by: str, values: pd.Series) -> list[str]:
        """Put values of a segment in their declared order, others in natural order (2号楼 before 10号楼, 第二 before 第三), unknown last."""
        choices = (
            list(self._items())
            if by == "item"
            else list(domains.SEGMENTS[by].choices)
            if by in domains.SEGMENTS
            else []
        )
        declared = [value for value in choices if value in set(values)]
        return [*declared, *natsorted(set(values) - {*declared, UNKNOWN}, key=_counted_off), UNKNOWN]

    def crossed(self, kpi_id: str, by: Sequence[str]) -> pd.DataFrame:
        """Return the figures of the period by several segments at once, one column for each."""
        return self._allowed(self._with(self.tables, self.cut, [domains.kpi(kpi_id)], [self.period], by), by)

    def months(self, kpi_ids: Sequence[str]) -> pd.DataFrame:
        """Return the figures of the last 13 months, by month, months without data included.

        A figure that ages (`Kpi.ages`) is taken for every month at the same distance from its end.
        """
        new = [domains.kpi(kpi_id) for kpi_id in kpi_ids if kpi_id not in self.monthly]
        self.monthly |= self._aged([kpi for kpi in new if kpi.ages])
        self.monthly |= {kpi.id: self._months(kpi) for kpi in new if not kpi.ages}
        return pd.concat([self.monthly[kpi_id] for kpi_id in kpi_ids], ignore_index=True)

    def _months(self, kpi: Kpi) -> pd.DataFrame:
        months = self._whole([kpi.id], [parse_period(month) for month in self.period.history(HISTORY)])
        return self.guard.months(kpi.id, months) if self.edition == "owner" and kpi.opinion else months

    def _aged(self, asked: Sequence[Kpi]) -> dict[str, pd.DataFrame]:
        """Every month as it stood equally long after its end: last September is seen with last October's payments only.

        Returns the months of every figure that ages in the same tables, for making their rows is the dear part.
        """
        if not asked:
            return {}
        tables = list(dict.fromkeys(kpi.table for kpi in asked))
        kpis = [kpi for kpi in domains.KPIS.values() if kpi.ages and kpi.table in tables]
        raw = {name: rows for name, rows in self.raw.items() if name != "household"}  # of no use to whole figures
        months = [parse_period(month) for month in self.period.history(HISTORY)]
        cuts = {
            one.id: dataclasses.replace(self.cut, as_of=one.end + (self.cut.as_of - self.period.end)) for one in months
        }
        together = [kpi for kpi in kpis if kpi.table in domains.TOGETHER]
        alone = [kpi for kpi in kpis if kpi.table not in domains.TOGETHER]
        parts = [self._of_each(raw, cuts, together)] if together else []
        for month in months if alone else ():
            made = domains.derive(raw, cuts[month.id], dict.fromkeys(kpi.table for kpi in alone))
            parts.append(self._with(made, cuts[month.id], alone, [month], []))
        whole = pd.concat(parts, ignore_index=True)
        return {kpi.id: whole[whole["kpi"] == kpi.id].reset_index(drop=True) for kpi in kpis}

    def _of_each(self, raw: Mapping[str, pd.DataFrame], cuts: Mapping[str, Cut], kpis: Sequence[Kpi]) -> pd.DataFrame:
        """Return the figures of every month at its own cut-off, as many months at once as rows may be held."""
        held = sum(len(raw[name]) for name in domains.TOGETHER if name in raw)
        step, parts = max(1, _ROWS_AT_ONCE // max(1, held)), []
        for start in range(0, len(cuts), step):
            some = dict(list(cuts.items())[start : start + step])
            tables, cut = domains.derive_each(raw, some, dict.fromkeys(kpi.table for kpi in kpis))
            made = figures(
                tables, cut, kpis, [parse_period(month) for month in some], communities=list(some), min_n=self.min_n
            )
            parts.append(made[made["community"] == made["period"]].assign(community=self.community))
        return pd.concat(parts, ignore_index=True)

    def in_periods(self, kpi_ids: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
        """Return the figures of other periods than the report's own, unsplit, in the order of `figures`."""
        return self._kept(self._whole(kpi_ids, periods))

    def _whole(self, kpi_ids: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
        """Unsplit figures.  Every figure of a period is reckoned when the first is asked for: a report asks for most, and
        all together cost little more than one."""
        asked = [domains.kpi(kpi_id).id for kpi_id in kpi_ids]
        known = {period for _, period in self.line_of}
        new = [period for period in periods if period.id not in known]
        if new:
            made = figures(
                self.tables, self.cut, list(domains.KPIS.values()), new,
                communities=[self.community], min_n=self.min_n, monthly=self.counted,
            )  # fmt: skip
            keys = zip(made["kpi"], made["period"], strict=True)
            self.line_of |= {key: len(self.whole) + place for place, key in enumerate(keys)}
            self.whole = pd.concat([self.whole, made], ignore_index=True) if len(self.whole) else made
        places = [self.line_of[kpi_id, period.id] for kpi_id in asked for period in periods]
        return self.whole.take(places).reset_index(drop=True)

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
    def counted(self) -> Monthly:
        """Every figure counted by month."""
        return monthly_of(self.tables, list(domains.KPIS.values()))

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

    def read(self, reading_id: str) -> pd.DataFrame | None:
        """Return the rows of a reading for the period; None where nothing is known."""
        if reading_id not in self.told:
            self.told[reading_id] = domains.read(reading_id, self.tables, self.period, self.cut)
        return self.told[reading_id]

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
    key: Sequence[str] = (),
    split: Mapping[str, Sequence[str]] | None = None,
) -> Book:
    """Open a report for a community and period; raises ConfigError for a wrong parameter, DataError without data.

    `as_of` is the data cut-off ("" = as set in propkit.toml, or the last day with data); `key`, `split`: see `Book`.
    """
    opened = open_workspace(workspace)
    check_choices(edition, lang)
    for kpi_id in (*key, *(split or {})):
        domains.kpi(kpi_id)
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
    return Book(
        opened,
        report,
        community,
        name,
        stretch,
        cut,
        edition,
        lang,
        raw,
        tables,
        asked,
        notes=written,
        key=tuple(key),
        split=dict(split or {}),
    )


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


def _counted_off(value: str) -> str:
    """Write the numeral of 第一, 第二 ... as a number: by their code points 三 stands before 二."""
    return re.sub(f"第([{_NUMERALS}])", lambda found: f"第{_NUMERALS.index(found[1]) + 1}", value)


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
    return months_of(
        tables[name][table.dated_by]
        for name, table in domains.TABLES.items()
        if name in tables and table.columns[table.dated_by].kind == "instant"
    )


def _duration(duration_id: str) -> Duration:
    if duration_id not in domains.DURATIONS:
        raise ConfigError(
            Text("没有这个时长", "no such duration"), got=duration_id, hint=nearest(duration_id, domains.DURATIONS)
        )
    return domains.DURATIONS[duration_id]
