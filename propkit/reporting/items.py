"""Every item of the catalogue by id - figures, durations, readings, overviews, notes - and the one number that stands for each.

`ITEMS` says what there is; `headlines` gives, for a community and period, a row for every item that has no whole-number sums,
in the columns of `figures`, so that one table can hold all that is computable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import pandas as pd

from propkit import domains, stats, store
from propkit.counted import count_communities
from propkit.errors import ConfigError, nearest
from propkit.figures import ALL, COLUMNS, check_segment, figures, splittable
from propkit.model import Cut, Definitions, Duration, Kpi, Note, Reading, worded
from propkit.periods import Period
from propkit.reporting import departments
from propkit.reporting.book import Book, book_of
from propkit.reporting.guard import release
from propkit.reporting.overview_items import OVERVIEWS
from propkit.reporting.overviews import overview
from propkit.reporting.sources import reports
from propkit.text import Text
from propkit.workspace import Workspace

ITEMS: dict[str, Kpi | Duration | Reading | Note] = {
    **domains.KPIS,
    **domains.DURATIONS,
    **domains.READINGS,
    **{one.id: one for one in OVERVIEWS},
    **domains.NOTES,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What the catalogue says of an item: `kind` C (computed), C+H (computed, with a person's note) or H (a note)."""

    id: str
    kind: str
    form: str
    label: Text
    table: str
    top: Text
    bottom: Text
    unit: Text
    better: str
    dated_by: str
    source: str
    reports: tuple[str, ...]
    note: Text


def item(item_id: str) -> Kpi | Duration | Reading | Note:
    """Return an item by id; an unknown id is a ConfigError with the nearest one."""
    if item_id not in ITEMS:
        raise ConfigError(
            Text("没有这个指标", "no such KPI"), got=item_id, hint=nearest(item_id, ITEMS), expected="propkit kpis"
        )
    return ITEMS[item_id]


def entries(definitions: Definitions) -> list[Entry]:
    """Return the whole catalogue, with the choices of `definitions` in its words."""
    return [entry(one, definitions) for one in ITEMS.values()]


def entry(one: Kpi | Duration | Reading | Note, definitions: Definitions) -> Entry:
    """Return what the catalogue says of an item."""
    empty = Text("", "")
    if isinstance(one, Note):
        return Entry(
            one.id, "H", "note", one.label, "", empty, empty, empty, "", "", one.source, reports(one.source), empty
        )
    one = worded(one, definitions)
    kind = "C+H" if one.explained else "C"
    if isinstance(one, Reading):
        table, bottom, dated = "、".join(one.tables), empty, ""
        unit, better, form = one.unit, one.better or "", "reading" if one.tables else "overview"
    elif isinstance(one, Duration):
        table, bottom, dated = one.table, empty, one.start
        unit, better, form = Text("分钟", "minutes"), "down", "duration"
    else:
        table, bottom, dated = one.table, one.bottom, one.dated_by
        unit, better, form = one.unit, one.better or "", one.kind
    return Entry(
        one.id,
        kind,
        form,
        one.label,
        table,
        one.top,
        bottom,
        unit,
        better,
        dated,
        one.source,
        reports(one.source),
        one.note,
    )


Part = tuple[pd.DataFrame, pd.DataFrame]
"""The figures of some communities: those with whole-number sums, and those told without."""


def values(
    workspace: Workspace,
    item_ids: Sequence[str],
    periods: Sequence[Period],
    *,
    communities: Sequence[str],
    cut: Cut,
    by: Sequence[str] = (),
    edition: str = "internal",
    spread: Callable[[Callable[[list[str]], Part], list[list[str]]], Iterable[Part]] | None = None,
    workers: int | None = None,
) -> pd.DataFrame:
    """Return the figures of items ([] for all), in `figures.COLUMNS` and the columns of `by`.

    Opinions of few households are hidden; with `edition` "owner" also what would give them away.

    Figures of whole months, quarters or years come from what communities count to (`counted`), of which the store keeps what
    was counted before.

    With `by` only figures with whole-number sums can be told; by default those that can be split so.  Communities are
    counted in parts that fit the memory that propkit.toml gives (`store.partitions`), several of them at a time by `workers`
    processes (one for each processor by default) where one part cannot hold all, or each by itself by `spread`, which maps a function over parts elsewhere
    (`running.cluster.spread`).
    """
    workspace = Workspace(workspace.root.resolve(), workspace.settings)
    whole = not by and spread is None and all(one.kind != "day" for one in periods)
    if whole and item_ids and set(item_ids) <= set(domains.KPIS):
        kpis, min_n = [domains.KPIS[one] for one in item_ids], workspace.settings.privacy.min_n
        monthly = count_communities(workspace, communities, cut, workers).monthly
        return figures({}, cut, kpis, periods, communities=communities, min_n=min_n, monthly=monthly)
    some = partial(part, workspace, list(item_ids), list(periods), cut=cut, by=tuple(by), edition=edition)
    if set(by) - set(domains.SEGMENTS):  # a column of one community's exports: the others have none to split by
        made = map(some, [list(communities)])
    elif spread is None:
        made = store.in_parts(workspace, some, communities, workers)
    else:
        made = spread(some, [[place] for place in communities])
    rates, others = zip(*made, strict=True)
    # Each part is in the order of kpis, communities and periods; so is the whole.
    order = {name: at for at, name in enumerate(dict.fromkeys(one for frame in rates for one in frame["kpi"]))}
    whole = pd.concat(rates, ignore_index=True)
    whole = whole.sort_values("kpi", key=lambda ids: ids.map(order), kind="stable", ignore_index=True)
    told_without = [frame for frame in others if len(frame)]  # an empty one would take the others' types away
    return pd.concat([whole, *told_without], ignore_index=True) if told_without else whole


def part(
    workspace: Workspace,
    item_ids: list[str],
    periods: list[Period],
    communities: list[str],
    *,
    cut: Cut,
    by: tuple[str, ...],
    edition: str,
) -> Part:
    """Return what `values` tells of these communities."""
    tables = domains.derive(store.load(workspace, communities), cut)
    for name in by:
        check_segment(name, tables)
    others = told(item_ids or ([] if by else list(ITEMS)))
    if others and by:
        what = Text("这些项目不能按此分组", "these items cannot be split so")
        raise ConfigError(what, got=", ".join(others), expected=", ".join(by))
    kpis = [domains.KPIS[one] for one in item_ids if one in domains.KPIS]
    kpis = kpis if item_ids else splittable(tables, domains.KPIS.values(), by)
    min_n = workspace.settings.privacy.min_n
    rates = figures(tables, cut, kpis, periods, communities=communities, by=by, min_n=min_n)
    if by and edition == "owner":
        return release(rates, tables, cut, periods, by, min_n), headlines_of([])
    books = [book_of(workspace, tables, cut, place, one) for place in communities for one in periods] if others else []
    return rates, headlines_of([headlines(book, others) for book in books])


def headlines_of(found: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put headlines together; none are an empty frame."""
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=COLUMNS)


def listings(
    workspace: Workspace, item_ids: Sequence[str], periods: Sequence[Period], *, communities: Sequence[str], cut: Cut
) -> list[tuple[Reading, str, str, pd.DataFrame | None]]:
    """Return reading, community, period and rows of each reading or overview that is asked for."""
    wrong = [one for one in item_ids if not isinstance(ITEMS[one], Reading)]
    if wrong or not item_ids:
        what = Text("只有清单类项目才有逐行内容", "only items that are lists have rows")
        raise ConfigError(what, got=", ".join(wrong), hint="propkit kpis")
    found: dict[str, list[tuple[Reading, str, str, pd.DataFrame | None]]] = {one: [] for one in item_ids}
    for piece in store.partitions(workspace, communities):
        tables = domains.derive(store.load(workspace, piece), cut)
        for place, period in product(piece, periods):
            book = book_of(workspace, tables, cut, place, period)
            for one in item_ids:
                found[one].append((ITEMS[one], place, period.id, rows(one, book)))
    return [listing for one in item_ids for listing in found[one]]


def rows(item_id: str, book: Book) -> pd.DataFrame | None:
    """Return the rows of a reading or overview that belong into the book's report; None where nothing is known."""
    return departments.own(book, item_id, _told(item_id, book))


def of_others(item_id: str, book: Book) -> int:
    """Return how many rows are left out as other departments'."""
    whole, ours = _told(item_id, book), rows(item_id, book)
    return 0 if whole is None or ours is None else len(whole) - len(ours)


def _told(item_id: str, book: Book) -> pd.DataFrame | None:
    if item_id in domains.READINGS:
        return book.read(item_id)
    if item_id not in book.told:
        book.told[item_id] = overview(item_id, book)
    return book.told[item_id]


def headlines(book: Book, item_ids: Iterable[str]) -> pd.DataFrame:
    """Return one row in `figures.COLUMNS` for each duration, reading and overview.

    A duration has its median in minutes with the limits of Kaplan-Meier; a reading the number its `headline` names, in its
    unit, over as many rows as n says.  State "ok", "provisional" (cases still open reach beyond the median) or "no_data".
    """
    found = [_duration(book, one) if one in domains.DURATIONS else _reading(book, one) for one in item_ids]
    frame = pd.DataFrame(found, columns=COLUMNS)
    whole = dict.fromkeys(["n", "num", "den"], "Int64")
    return frame.astype(whole | dict.fromkeys(["value", "low", "high"], "Float64"))


def told(item_ids: Sequence[str]) -> list[str]:
    """Return the ids among these that `headlines` tells: all that is computed without whole-number sums."""
    return [one for one in item_ids if one not in domains.KPIS and one not in domains.NOTES]


def _row(book: Book, item_id: str, n: int | None, value: object = None, **more: object) -> dict[str, object]:
    place = {"kpi": item_id, "community": book.community, "period": book.period.id, "segment": ALL}
    limits = {"num": None, "den": None, "low": None, "high": None}
    return {**place, **limits, "n": n, "value": value, "state": "no_data" if n is None else "ok", **more}


def _duration(book: Book, item_id: str) -> dict[str, object]:
    spells = book.durations(item_id)
    used = spells[spells["usable"]]
    if used.empty:
        return _row(book, item_id, None)
    half = stats.duration_quantiles(used["minutes"].to_numpy(), used["completed"].to_numpy(), [0.5]).iloc[0]
    value, low, high = (None if pd.isna(half[name]) else float(half[name]) for name in ("estimate", "low", "high"))
    state = "provisional" if value is None else "ok"
    return _row(book, item_id, len(used), value, low=low, high=high, state=state)


def _reading(book: Book, item_id: str) -> dict[str, object]:
    one, found = item(item_id), rows(item_id, book)
    if found is None:
        return _row(book, item_id, None)
    how, column = one.headline
    if how == "count":
        return _row(book, item_id, len(found), float(len(found)))
    known = found[column].dropna()
    if known.empty:
        return _row(book, item_id, len(found), None, state="ok" if found.empty else "no_data")
    value = known.iloc[-1] if how == "last" else getattr(known, how)()
    return _row(book, item_id, len(found), float(value) * one.scale)
