"""The field itself: one room for each service, and the catalogue over all rooms.

`TABLES`, `DERIVED`, `KPIS`, `DURATIONS`, `READINGS`, `NOTES` and `SEGMENTS` gather by id what the rooms declare; `derive` runs the
rooms over what an export gave, `read` asks one reading of what they made.  Rooms never read files and never group.
"""

from __future__ import annotations

import dataclasses
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType

import numpy as np
import pandas as pd

from propkit.domains import (
    community,
    complaints,
    engagement,
    environment,
    facilities,
    fees,
    finance,
    improvement,
    parking,
    people,
    published,
    repairs,
    satisfaction,
    security,
    service_days,
)
from propkit.domains.knowledge import as_known
from propkit.errors import ConfigError, nearest
from propkit.model import Cut, Derived, Duration, Kpi, Note, Reading, Segment, Table
from propkit.periods import Period
from propkit.text import Text

OWN = (finance, facilities, environment, security, parking, engagement, people, service_days, improvement, published)
"""Rooms whose `derive(known, cut)` needs nothing of other rooms but the register."""
ROOMS = (community, repairs, complaints, satisfaction, fees, *OWN)

TABLES: dict[str, Table] = {table.name: table for room in ROOMS for table in room.TABLES}
DERIVED: dict[str, Derived] = {made.name: made for room in ROOMS for made in room.DERIVED}
KPIS: dict[str, Kpi] = {kpi.id: kpi for room in ROOMS for kpi in room.KPIS}
DURATIONS: dict[str, Duration] = {duration.id: duration for room in ROOMS for duration in room.DURATIONS}
READINGS: dict[str, Reading] = {reading.id: reading for room in ROOMS for reading in room.READINGS}
NOTES: dict[str, Note] = {note.id: note for room in ROOMS for note in room.NOTES}
SEGMENTS: dict[str, Segment] = {segment.id: segment for room in ROOMS for segment in room.SEGMENTS}


def kpi(kpi_id: str) -> Kpi:
    """Return a KPI by its id; an unknown id is a ConfigError with the nearest one."""
    if kpi_id not in KPIS:
        raise ConfigError(
            Text("没有这个指标", "no such KPI"), got=kpi_id, hint=nearest(kpi_id, KPIS), expected="propkit kpis"
        )
    return KPIS[kpi_id]


def rests_on(item: Kpi | Duration | Reading) -> tuple[str, ...]:
    """Return the canonical tables that an item cannot do without."""
    named = list(item.tables) if isinstance(item, Reading) else [item.table]
    if not isinstance(item, Reading) and item.table in DERIVED:
        named += DERIVED[item.table].needs.get(getattr(item, "numerator", ""), ())
    named += [name] if (name := (getattr(item, "denominator", "") or "").rpartition(".")[0]) else []
    for name in named:
        named += [one for one in DERIVED[name].of if one not in named] if name in DERIVED else []
    return tuple(name for name in TABLES if name in named)


def feeds(item: Kpi | Duration | Reading) -> dict[str, tuple[str, ...]]:
    """Return the tables any one of which can tell an item, by the column that they give or fill ("" for rows of a reading)."""
    if isinstance(item, Reading):
        return {"": item.feeds} if item.feeds else {}
    made = DERIVED.get(item.table, Derived(item.table))
    named = (item.start, item.end) if isinstance(item, Duration) else (item.dated_by, item.numerator)
    columns = [made.made_of.get(name, name) for name in named]
    return {name: made.feeds[name] for name in columns if name in made.feeds}


def date_labels(item: Kpi | Duration) -> dict[str, Text]:
    """Return the reader's words for the dates of the table of an item, those that its room adds included."""
    given = TABLES[item.table].columns if item.table in TABLES else {}
    added = DERIVED[item.table].columns if item.table in DERIVED else {}
    return {name: column.label for name, column in given.items()} | dict(added)


def empty(table: Table) -> pd.DataFrame:
    """Return `table` without rows, in the dtypes in which the store keeps it."""
    if table.name not in _EMPTY:
        columns = {"community": "str", **_dtypes(table), "file": "str", "line": "int64", "given": "str"}
        _EMPTY[table.name] = pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in columns.items()})
    return _EMPTY[table.name].copy()


_EMPTY: dict[str, pd.DataFrame] = {}


def conform(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return `rows` with every column of `table` in its dtype; columns that are not there are all missing."""
    dtypes = _dtypes(table)
    absent = {name: pd.Series(pd.NA, index=rows.index, dtype="str") for name in dtypes if name not in rows}
    rows = rows.assign(**absent)
    return rows.astype({name: dtype for name, dtype in dtypes.items() if rows[name].dtype != dtype})


def _dtypes(table: Table) -> dict[str, str]:
    dtypes = {name: column.dtype for name, column in table.columns.items()}
    if any(column.kind == "place" for column in table.columns.values()):
        dtypes["building"] = "str"
    return dtypes


def derive(
    tables: Mapping[str, pd.DataFrame], cut: Cut, wanted: Iterable[str] | None = None
) -> dict[str, pd.DataFrame]:
    """Return every table with the columns that the KPIs name, as known at `cut.as_of`.

    `tables` holds canonical rows by table name; a table that is not there is empty.  Added tables: `survey_wave`,
    `fee_account`, `arrears`, `complaint_exposure`, `owner_input` and those of the other rooms.  `wanted` names the only
    tables to be made: whoever needs a few figures at many cut-offs leaves the rest out.
    """
    known = _Made(lambda name: _known(tables, TABLES[name], cut))
    made = _Made(lambda name: _SHARED[name](known, made, cut))
    asked = [*TABLES, *_SHARED] if wanted is None else list(wanted)
    rooms = OWN if wanted is None else [room for room in OWN if not _tables_of(room).isdisjoint(asked)]
    own: dict[str, pd.DataFrame] = {}
    for room in rooms:
        own |= room.derive(ChainMap({"household": made["household"]}, known), cut)
    names = dict.fromkeys([*asked, *own] if wanted is None else asked)
    chosen = {name: own[name] if name in own else (made if name in _SHARED else known)[name] for name in names}
    return {
        name: rows if name == "household" else community.attach(rows, made["household"])
        for name, rows in chosen.items()
    }


TOGETHER = ("complaint", "fee_bill", "fee_account")
"""Tables whose rooms ask each row for its cut-off (`Cut.of`) and match rows within a community only."""
_MONTHLY = {"fee_bill": "period_start"}
"""Tables each row of which bears on the month of this date alone."""


def derive_each(
    tables: Mapping[str, pd.DataFrame], cuts: Mapping[str, Cut], wanted: Iterable[str]
) -> tuple[dict[str, pd.DataFrame], Cut]:
    """Return tables among `TOGETHER` as known at several cut-offs, one for each month, and the cut that goes with them.

    `tables`: canonical rows of one community.  The rows are there once for each cut-off, with the name of the month, the key
    of `cuts`, in place of their community; what bears on other months only may be left out.
    """
    last = max(cuts.values(), key=lambda cut: cut.as_of)
    whole = dataclasses.replace(last, own={month: cut.as_of for month, cut in cuts.items()})
    given = {
        name: _for_each(rows, name, list(cuts)) for name, rows in tables.items() if name in (*TOGETHER, "fee_payment")
    }
    return derive(given, whole, wanted), whole


def _for_each(rows: pd.DataFrame, name: str, months: list[str]) -> pd.DataFrame:
    """Return the rows once for each month, as its community."""
    rows = conform(rows, TABLES[name])
    places, owners = np.tile(np.arange(len(rows)), len(months)), np.repeat(np.arange(len(months)), len(rows))
    if name in _MONTHLY:
        dated = pd.Index(months, dtype="str").get_indexer(rows[_MONTHLY[name]].dt.strftime("%Y-%m"))
        places = np.flatnonzero(dated >= 0)
        owners = dated[places]
    return rows.iloc[places].assign(community=pd.array(months, dtype="str").take(owners)).reset_index(drop=True)


class _Made(dict[str, pd.DataFrame]):
    """Tables made when they are first asked for."""

    def __init__(self, make: Callable[[str], pd.DataFrame]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: str) -> pd.DataFrame:
        self[name] = self._make(name)
        return self[name]


def _known(tables: Mapping[str, pd.DataFrame], table: Table, cut: Cut) -> pd.DataFrame:
    if table.name not in tables:
        return empty(table)
    rows = conform(tables[table.name], table)
    return as_known(rows, table, cut.of(rows)).reset_index(drop=True)


def _tables_of(room: ModuleType) -> set[str]:
    """The tables of a room in `OWN`, derived ones included."""
    counted = {kpi.table for kpi in room.KPIS} | {(kpi.denominator or "").rpartition(".")[0] for kpi in room.KPIS}
    timed, read = {one.table for one in room.DURATIONS}, {name for one in room.READINGS for name in one.tables}
    return {table.name for table in room.TABLES} | ((counted | timed | read) - {""} - {*_SHARED})


_SHARED: dict[str, Callable[[Mapping[str, pd.DataFrame], Mapping[str, pd.DataFrame], Cut], pd.DataFrame]] = {
    "household": lambda known, made, cut: community.derive(known["household"], cut),
    "work_order": lambda known, made, cut: repairs.derive(known["work_order"], known["order_event"], cut),
    "complaint": lambda known, made, cut: complaints.derive(known["complaint"], cut),
    "feedback": lambda known, made, cut: complaints.derive_praise(known["feedback"]),
    "survey_response": lambda known, made, cut: satisfaction.derive(known["survey_response"], cut),
    "fee_bill": lambda known, made, cut: fees.derive(known["fee_bill"], known["fee_payment"], cut),
    "fee_payment": lambda known, made, cut: fees.receipts(made["fee_bill"], known["fee_payment"]),
    "fee_account": lambda known, made, cut: fees.accounts(made["fee_bill"]),
    "arrears": lambda known, made, cut: fees.arrears(made["fee_bill"], known["fee_payment"], cut),
    "dunning_log": lambda known, made, cut: fees.dunning(
        known["dunning_log"], made["fee_bill"], known["fee_payment"], cut
    ),
    "dunning_account": lambda known, made, cut: fees.dunned(known["dunning_log"]),
    "owner_input": lambda known, made, cut: complaints.inputs(
        made["complaint"], made["feedback"], made["survey_response"]
    ),
    "survey_wave": lambda known, made, cut: satisfaction.waves(made["survey_response"], cut),
    "complaint_exposure": lambda known, made, cut: community.exposure(
        made["household"], made["complaint"], "received_at", cut
    ),
}
"""How the tables of the rooms that need each other are made, from canonical rows and from one another."""


def read(reading_id: str, tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the rows of a reading, or None where its tables say nothing of the period.

    `tables`: as `derive` returns them, of one community.
    """
    reading = READINGS[reading_id]
    if any(tables[name].empty for name in reading.tables):
        return None
    room = next(room for room in ROOMS if reading in room.READINGS)
    return getattr(room, reading_id)(tables, period, cut)
