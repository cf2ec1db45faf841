"""What owners may see of the opinions of one community and period: hidden where it must be, kept for the audit.

Every opinion that leaves for readers outside the team passes through a `Guard`, whether on a page or in a table of
`propkit values`; what was published earlier is held against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from propkit import domains
from propkit.figures import COLUMNS, figures, splittable
from propkit.model import Cut
from propkit.periods import Period
from propkit.reporting import disclosure

_KEPT = ["kpi", "community", "period", "segment", "n", "num", "den", "state"]
"""What of a published row its numbers follow from."""
Published = list[dict[str, object]]


@dataclass
class Guard:
    """The opinions of one community and period, by kpi and split; whatever was asked for counts as published."""

    tables: Mapping[str, pd.DataFrame]
    cut: Cut
    community: str
    period: Period
    min_n: int
    protected: dict[tuple[str, tuple[str, ...]], pd.DataFrame] = field(default_factory=dict, repr=False)
    monthly: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    places: list[pd.DataFrame] = field(default_factory=list, repr=False)
    besides: list[pd.DataFrame] = field(default_factory=list, repr=False)

    def rates(self, kpi_id: str, by: tuple[str, ...]) -> pd.DataFrame:
        """Return an opinion split by `by`, with whatever must be hidden because of its margins."""
        if (kpi_id, by) not in self.protected:
            rates = self._figures(kpi_id, by)
            if by:
                rates = disclosure.protect({"split": rates}, self._beside(kpi_id, by), min_n=self.min_n)["split"]
            self.protected[kpi_id, by] = rates
        return self.protected[kpi_id, by]

    def months(self, kpi_id: str, rates: pd.DataFrame) -> pd.DataFrame:
        """Return the months of an opinion, with those hidden that would give a hidden one away."""
        if kpi_id not in self.monthly:
            beside = self.rates(kpi_id, ())
            self.monthly[kpi_id] = disclosure.protect({"month": rates}, beside, min_n=self.min_n)["month"]
        return self.monthly[kpi_id]

    @property
    def published(self) -> list[pd.DataFrame]:
        """Everything that readers get of opinions, and which groups lie in which."""
        return [*self.protected.values(), *self.monthly.values(), *self.places, *self.besides]

    def check(self, earlier: Iterable[Published] = ()) -> None:
        """Raise DisclosureError when readers could work out hidden opinions, also with an earlier publication beside."""
        disclosure.refuse(self.published, min_n=self.min_n)
        for publication in earlier:
            disclosure.refuse_beside(self.published, frames(publication), min_n=self.min_n)

    def _figures(self, kpi_id: str, by: Sequence[str]) -> pd.DataFrame:
        kpis = [domains.kpi(kpi_id)]
        return figures(
            self.tables, self.cut, kpis, [self.period], communities=[self.community], by=by, min_n=self.min_n
        )

    def _beside(self, kpi_id: str, by: tuple[str, ...]) -> list[pd.DataFrame]:
        """What readers have beside a split of an opinion: its margins, figures over the same answers, what lies where."""
        kpi, beside = domains.kpi(kpi_id), [self.rates(*one) for one in disclosure.around(kpi_id, by)]
        for wider, both in disclosure.nested(by):
            if splittable(self.tables, [kpi], both):
                places = disclosure.bare(self._figures(kpi_id, both))
                self.places.append(places)
                beside += [self.rates(kpi_id, wider), places]
        return beside


def release(
    rates: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    cut: Cut,
    periods: Sequence[Period],
    by: Sequence[str],
    min_n: int,
) -> pd.DataFrame:
    """Return figures for a table outside any report, opinions split by `by` hidden as on a page for owners.

    `rates`: as `figures.figures` returns them for these tables.  Raises DisclosureError when the table as a whole still gives
    a hidden row away.
    """
    guards, parts = dict[tuple[str, str], Guard](), []
    for (kpi_id, place, period), own in _in_order(rates):
        if by and domains.kpi(kpi_id).opinion:
            stretch = next(one for one in periods if one.id == period)
            guard = guards.setdefault((place, period), Guard(tables, cut, place, stretch, min_n))
            own = guard.rates(kpi_id, tuple(by))
        parts.append(own)
    for guard in guards.values():
        guard.check()
    return pd.concat(parts, ignore_index=True) if parts else rates


def _in_order(rates: pd.DataFrame) -> list[tuple[tuple[str, str, str], pd.DataFrame]]:
    keys = list(zip(rates["kpi"], rates["community"], rates["period"], strict=True))
    places = pd.Series(range(len(rates)), index=pd.MultiIndex.from_tuples(keys)) if keys else {}
    return [(key, rates.iloc[places.loc[[key]].to_numpy()]) for key in dict.fromkeys(keys)]


def plain(published: Iterable[pd.DataFrame]) -> Published:
    """Return published frames as plain data: the numbers that were shown, and which rows were hidden."""
    found = []
    for frame in published:
        names = [*_KEPT, *_splits(frame)]
        rows = frame[names].astype(object).where(frame[names].notna(), None)
        found.append({"columns": names, "rows": rows.to_numpy().tolist()})
    return found


def frames(published: Published) -> list[pd.DataFrame]:
    """Return the frames that `plain` wrote."""
    return [pd.DataFrame(one["rows"], columns=one["columns"]) for one in published]


def _splits(frame: pd.DataFrame) -> list[str]:
    return [name for name in frame.columns if name not in (*COLUMNS, "label", "dimension")]
