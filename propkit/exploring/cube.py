"""The counts of every figure, by community, month and all its dimensions: tallied once, after which rows are not read.

A view adds some of them up; whole numbers add exactly.  Divides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from natsort import natsorted
from scipy import sparse

from propkit import domains, store
from propkit.counts import SUMS, UNKNOWN, tally
from propkit.errors import ConfigError, DataError, nearest
from propkit.exploring.looks import Looks
from propkit.figures import splittable
from propkit.model import Cut, Kpi, worded
from propkit.periods import Period, parse_period
from propkit.reporting.book import Book, check_choices
from propkit.text import Text
from propkit.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from propkit.exploring.frames import Rates
    from propkit.exploring.views import View
    from propkit.exploring.widgets import Explorer

COMMUNITY = "community"
ITEMS = "satisfaction_by_item"
"""The figure whose items can be asked for by name, as if each were a figure of its own."""
SURVEY = "survey_response"
TERMS = ("satisfied_from", "asked")
"""What two waves must have in common besides their scale; counted with the answers."""
_KEYS = ("community", "month", "scale")


@dataclass(frozen=True, slots=True)
class Counts:
    """One KPI's counts: a code for each key and cell, the values that codes stand for, and the sums of each cell."""

    codes: Mapping[str, np.ndarray]
    values: Mapping[str, list[str]]
    sums: np.ndarray

    def kept(self, **wanted: Sequence[str]) -> np.ndarray:
        """Return which cells lie in all of the `wanted` values of their keys."""
        found = np.ones(len(self.sums), dtype=bool)
        for key, values in wanted.items():
            allowed = np.isin(self.values[key], list(values))
            found &= allowed[self.codes[key]]
        return found

    def added(self, by: Sequence[str], kept: np.ndarray) -> pd.DataFrame:
        """Add the `kept` cells up over everything but `by`: one row for each group that has a cell, in int64."""
        sizes = [len(self.values[name]) for name in by]
        group = np.zeros(int(kept.sum()), dtype=np.int64)
        for name, size in zip(by, sizes, strict=True):
            group = group * size + self.codes[name][kept]
        found, place = np.unique(group, return_inverse=True)
        ones = np.ones(len(group), dtype=np.int64)
        member = sparse.csr_array((ones, (place, np.arange(len(group)))), shape=(len(found), len(group)))
        sums = pd.DataFrame(member @ self.sums[kept], columns=SUMS)
        columns = {}
        for name, size in zip(reversed(by), reversed(sizes), strict=True):
            columns[name] = pd.Series([self.values[name][code] for code in found % size], dtype="str")
            found = found // size
        return pd.DataFrame({name: columns[name] for name in by}).join(sums) if by else sums


class Names(Mapping[str, Text]):
    """Ids with their words: `names.owner_satisfaction`, `names["owner_satisfaction"]`, completed by Tab."""

    def __init__(self, words: Mapping[str, Text], lang: str) -> None:
        self._words, self._lang = dict(words), lang

    def __getitem__(self, name: str) -> Text:
        return self._words[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)

    def __getattr__(self, name: str) -> str:
        if name.startswith("_") or name not in self._words:
            raise AttributeError(name)
        return name

    def __dir__(self) -> list[str]:
        return [name for name in self._words if name.isidentifier()]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._words)

    def __repr__(self) -> str:
        return "\n".join(f"{name}  {words.get(self._lang)}" for name, words in self._words.items())

    def _repr_html_(self) -> str:
        from propkit.reporting.tables import table

        heads = ("编号", "名称") if self._lang == "zh" else ("id", "name")
        rows = [(name, words.get(self._lang)) for name, words in self._words.items()]
        return table(pd.DataFrame(rows, columns=heads), caption="", lang=self._lang).html


@dataclass
class Cube:
    """The counts of a workspace at a data cut-off; `open_cube` makes it.

    `opened`: what `open_cube` was asked.  `counts`: by KPI.  `dims`: the dimensions of each KPI.  `tables`: the derived rows, for drill-down alone.
    """

    workspace: Workspace
    opened: Mapping[str, object]
    cut: Cut
    lang: str
    communities: Names
    counts: Mapping[str, Counts] = field(repr=False)
    dims: Mapping[str, tuple[str, ...]] = field(repr=False)
    tables: Mapping[str, pd.DataFrame] = field(repr=False)
    vocabulary: Mapping[str, Mapping[str, Text]] = field(repr=False)
    orders: Mapping[str, Sequence[str]] = field(repr=False)
    looks: Looks = field(default_factory=Looks, repr=False)

    @property
    def kpis(self) -> Names:
        """The figures that can be explored, by id."""
        return Names({kpi_id: domains.kpi(kpi_id).label for kpi_id in self.counts}, self.lang)

    @property
    def items(self) -> Names:
        """The items of the survey, each of which can be asked for like a figure."""
        values = self.counts[ITEMS].values["item"] if ITEMS in self.counts else []
        known = [item for item in self.orders["item"] if item in set(values)] if values else []
        return Names({item: self.word("item", item) for item in known if item not in self.counts}, self.lang)

    @property
    def months(self) -> list[str]:
        """The months that have counts, oldest first."""
        return sorted({month for counts in self.counts.values() for month in counts.values["month"]})

    @property
    def dimensions(self) -> Names:
        """Every dimension of any figure."""
        names = dict.fromkeys(name for dims in self.dims.values() for name in dims)
        return Names({name: self.title(name) for name in names}, self.lang)

    def kpi(self, what: str) -> Kpi:
        """Return the figure behind a KPI id or an item of the survey, under the words of the item.

        Raises ConfigError with the nearest name for what is neither.
        """
        if what in self.counts:
            return worded(domains.kpi(what), self.cut.definitions)
        if what in self.items:
            from dataclasses import replace

            label, whole = self.items[what], worded(domains.kpi(ITEMS), self.cut.definitions)
            return replace(whole, label=Text(f"{label.zh}满意率", f"Satisfaction: {label.en}"))
        raise ConfigError(
            Text("没有这个指标或问卷项目，或者它没有数据", "no such KPI or survey item, or it has no data"),
            got=what, hint=nearest(what, [*self.counts, *self.items]), expected="cube.kpis, cube.items",
        )  # fmt: skip

    def dims_of(self, what: str) -> Names:
        """Return the dimensions by which a KPI or item can be split."""
        kpi = self.kpi(what)
        names = [name for name in self.dims[kpi.id] if not (what in self.items and name == "item")]
        return Names({name: self.title(name) for name in names}, self.lang)

    def title(self, dimension: str) -> Text:
        """Return the words of a dimension."""
        if dimension == COMMUNITY:
            return Text("小区", "Community")
        named = self.workspace.settings.segment_labels.get(dimension, dimension)
        return domains.SEGMENTS[dimension].label if dimension in domains.SEGMENTS else Text(named, named)

    def word(self, dimension: str, value: str) -> Text:
        """Return the words of a value of a dimension."""
        return self.vocabulary.get(dimension, {}).get(value, Text(value, value))

    def view(self, what: str, **chosen: Any) -> View:
        """Return a view: see `propkit.exploring.views.view`, whose options these are."""
        from propkit.exploring.views import view

        return view(self, what, **chosen)

    def segments(self, what: str, **chosen: Any) -> Rates:
        """Return tidy figures: see `propkit.exploring.views.segments`, whose options these are."""
        from propkit.exploring.views import segments

        return segments(self, what, **chosen)

    def explore(self, what: str = "", **chosen: Any) -> Explorer:
        """Return the widgets on this cube: see `propkit.explore`."""
        from propkit.exploring.widgets import Explorer

        return Explorer(self, what, **chosen)

    def __repr__(self) -> str:
        span = f"{self.months[0]}..{self.months[-1]}" if self.months else "-"
        places = ", ".join(self.communities)
        return f"Cube({len(self.counts)} KPIs, {len(self.items)} items, {places}, {span}, as of {self.cut.as_of})"

    def _repr_html_(self) -> str:
        from propkit.reporting.tables import table

        heads = ["指标", "名称", "可用的维度"] if self.lang == "zh" else ["id", "name", "dimensions"]
        comma = "、" if self.lang == "zh" else ", "
        rows = [
            (kpi_id, label.get(self.lang), comma.join(self.title(name).get(self.lang) for name in self.dims[kpi_id]))
            for kpi_id, label in self.kpis.items()
        ]
        return table(pd.DataFrame(rows, columns=heads), caption=repr(self), lang=self.lang).html


_OPENED: dict[tuple, Cube] = {}
"""Cubes of this process by workspace, data and language: opening the same again costs nothing and keeps its looks."""


def open_cube(
    workspace: str | Path = "",
    *,
    as_of: str = "",
    lang: str = "",
    kpis: Sequence[str] = (),
    communities: Sequence[str] = (),
) -> Cube:
    """Count every figure of a workspace in all its dimensions, once.

    `kpis`, `communities`: only these (all by default).  `as_of` is the data cut-off ("" = as set in propkit.toml, or the
    last day with data).  Opening the same data again returns the same cube, with the looks that were taken.  Raises
    ConfigError for a wrong parameter, DataError without data.

    >>> cube = open_cube("data/demo")                                           # doctest: +SKIP
    >>> cube.segments("owner_satisfaction", by=["building"], period="2025-09")  # doctest: +SKIP
    """
    opened = open_workspace(workspace)
    lang = lang or opened.settings.workspace.lang
    check_choices("internal", lang)
    places = [store.check_community(opened, place) for place in communities] or list(store.communities(opened))
    cut = opened.cut(store.data_cutoff(opened, as_of or None))
    print_of_data = tuple(store.fingerprint(opened, place) for place in places)
    key = (opened.root, opened.settings.model_dump_json(), print_of_data, cut.as_of, lang, tuple(kpis))
    if key not in _OPENED:
        for old in [one for one in _OPENED if one[0] == opened.root and one[1:3] != key[1:3]]:
            del _OPENED[old]  # of data or settings that are no longer so
        known = {kpi_id: domains.kpi(kpi_id) for kpi_id in kpis} or domains.KPIS
        tables = domains.derive(store.load(opened, places), cut)
        _OPENED[key] = cube_of(opened, tables, cut, lang=lang, kpis=list(known.values()), communities=places)
    cube = _OPENED[key]
    asked = {"": str(workspace), "as_of": as_of, "lang": lang, "kpis": list(kpis), "communities": list(communities)}
    cube.opened = {name: value for name, value in asked.items() if value or not name}
    return cube


def cube_of(
    workspace: Workspace,
    tables: Mapping[str, pd.DataFrame],
    cut: Cut,
    *,
    kpis: Sequence[Kpi],
    communities: Sequence[str],
    lang: str = "zh",
) -> Cube:
    """Return the cube of derived tables, as `domains.derive` makes them; raises DataError when nothing can be split."""
    tables = dict(tables)
    tables[SURVEY] = tables[SURVEY].assign(asked=_asked(tables[SURVEY], cut))
    dims = {kpi.id: _dims(workspace, tables, kpi, len(communities) > 1) for kpi in kpis}
    counts = {}
    for together in _alike(tables, [kpi for kpi in kpis if dims[kpi.id]], dims):
        counts |= _counted(tables, together, dims[together[0].id])
    if not counts:
        raise DataError(
            Text("没有可以分组的数据", "there are no data that can be split"), place=str(workspace.root),
            hint="propkit ingest",
        )  # fmt: skip
    ordered = {kpi.id: counts[kpi.id] for kpi in kpis if kpi.id in counts}
    names = _names(workspace, communities)
    vocabulary, orders = _words(workspace, tables, cut, ordered, names, lang)
    kept = {kpi_id: dims[kpi_id] for kpi_id in ordered}
    return Cube(
        workspace, {"": str(workspace.root)}, cut, lang, Names(names, lang), ordered, kept, tables, vocabulary, orders
    )


def _asked(answers: pd.DataFrame, cut: Cut) -> pd.Series:
    """How each answer was asked for: as it says, else as its wave was declared."""
    declared = {wave.id: wave.mode for wave in cut.waves}
    return answers["mode"].fillna(answers["survey_id"].map(declared).astype("str")).fillna(UNKNOWN)


def _dims(workspace: Workspace, tables: Mapping[str, pd.DataFrame], kpi: Kpi, several: bool) -> tuple[str, ...]:
    """The dimensions of a KPI that have more than one known value in these data."""
    own = {name for source in workspace.settings.source for name in source.segments}
    names = [
        name
        for name in [*domains.SEGMENTS, *natsorted(own - set(domains.SEGMENTS))]
        if splittable(tables, [kpi], [name]) and tables[kpi.table][name].nunique() > 1
    ]
    return (*names, COMMUNITY) if several and len(tables[kpi.table]) else tuple(names)


def _alike(
    tables: Mapping[str, pd.DataFrame], kpis: Sequence[Kpi], dims: Mapping[str, tuple[str, ...]]
) -> Iterator[list[Kpi]]:
    """Put together the KPIs that are counted over the same tables in the same dimensions."""
    groups: dict[tuple, list[Kpi]] = {}
    for kpi in kpis:
        if len(tables[kpi.table]):
            groups.setdefault((kpi.table, dims[kpi.id]), []).append(kpi)
    yield from groups.values()


def _counted(tables: Mapping[str, pd.DataFrame], kpis: Sequence[Kpi], dims: Sequence[str]) -> dict[str, Counts]:
    terms = TERMS if kpis[0].table == SURVEY else ()
    own = [kpi.by for kpi in kpis if kpi.split_only and kpi.by]
    keys = list(dict.fromkeys([*_KEYS, *dims, *own, *terms]))
    counts = tally(tables, kpis, keys)
    found = {}
    for kpi in kpis:
        ours = counts[counts["kpi"] == kpi.id]
        if len(ours):
            coded = {name: pd.factorize(ours[name], sort=True) for name in keys}
            found[kpi.id] = Counts(
                {name: codes for name, (codes, _) in coded.items()},
                {name: [str(value) for value in values] for name, (_, values) in coded.items()},
                ours[SUMS].to_numpy("int64"),
            )
    return found


def _names(workspace: Workspace, communities: Sequence[str]) -> dict[str, Text]:
    known, declared = store.communities(workspace), workspace.communities
    return {
        place: Text(known.get(place, place), (place in declared and declared[place].name_en) or known.get(place, place))
        for place in communities
    }


def _words(
    workspace: Workspace,
    tables: Mapping[str, pd.DataFrame],
    cut: Cut,
    counts: Mapping[str, Counts],
    places: Mapping[str, Text],
    lang: str,
) -> tuple[dict[str, Mapping[str, Text]], dict[str, list[str]]]:
    """The words of every value, and the order in which values of a dimension are put: as in the reports."""
    book = Book(workspace, "explore", "", "", _any_period(), cut, "internal", lang, {}, dict(tables), {})
    words: dict[str, Mapping[str, Text]] = {COMMUNITY: dict(places)}
    orders: dict[str, list[str]] = {COMMUNITY: [*places, UNKNOWN]}
    for name in dict.fromkeys(key for one in counts.values() for key in one.values if key not in _KEYS):
        values = {value for one in counts.values() for value in one.values.get(name, [])}
        if name not in TERMS:
            words[name], orders[name] = book.words(name), book.order(name, pd.Series(sorted(values), dtype="str"))
    return words, orders


def _any_period() -> Period:
    return parse_period("2000-01")
