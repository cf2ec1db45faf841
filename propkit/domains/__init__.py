"""The field itself: one room for each service, and the catalogue over all rooms.

`TABLES`, `DERIVED`, `KPIS`, `DURATIONS`, `READINGS`, `NOTES` and `SEGMENTS` gather by id what the rooms declare; `derive` runs the
rooms over what an export gave, `read` asks one reading of what they made.  Rooms never read files and never group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType

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


def date_labels(item: Kpi | Duration) -> dict[str, Text]:
    """Return the reader's words for the dates of the table of an item, those that its room adds included."""
    given = TABLES[item.table].columns if item.table in TABLES else {}
    added = DERIVED[item.table].columns if item.table in DERIVED else {}
    return {name: column.label for name, column in given.items()} | dict(added)


def empty(table: Table) -> pd.DataFrame:
    """Return `table` without rows, in the dtypes in which the store keeps it."""
    columns = {"community": "str", **{name: column.dtype for name, column in table.columns.items()}}
    if any(column.kind == "place" for column in table.columns.values()):
        columns["building"] = "str"
    columns |= {"file": "str", "line": "int64", "given": "str"}
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in columns.items()})


def conform(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return `rows` with every column of `table` in its dtype; columns that are not there are all missing."""
    dtypes = {name: column.dtype for name, column in table.columns.items()}
    if any(column.kind == "place" for column in table.columns.values()):
        dtypes["building"] = "str"
    absent = {name: pd.Series(pd.NA, index=rows.index, dtype="str") for name in dtypes if name not in rows}
    return rows.assign(**absent).astype(dtypes)


def derive(tables: Mapping[str, pd.DataFrame], cut: Cut, rooms: Sequence[ModuleType] = OWN) -> dict[str, pd.DataFrame]:
    """Return every table with the columns that the KPIs name, as known at `cut.as_of`.

    `tables` holds canonical rows by table name; a table that is not there is empty.  Added tables: `survey_wave`,
    `fee_account`, `arrears`, `complaint_exposure`, `owner_input` and those of the other rooms.  Of the rooms in `OWN` only
    `rooms` are asked: whoever needs a few figures at many cut-offs leaves the rest out.
    """
    known = {
        name: as_known(conform(tables.get(name, empty(table)), table), table, cut.as_of).reset_index(drop=True)
        for name, table in TABLES.items()
    }
    register = community.derive(known["household"], cut)
    bills = fees.derive(known["fee_bill"], known["fee_payment"], cut)
    made = {
        "household": register,
        "work_order": repairs.derive(known["work_order"], known["order_event"], cut),
        "complaint": complaints.derive(known["complaint"], cut),
        "feedback": complaints.derive_praise(known["feedback"]),
        "survey_response": satisfaction.derive(known["survey_response"], cut),
        "fee_bill": bills,
        "fee_payment": fees.receipts(bills, known["fee_payment"]),
        "fee_account": fees.accounts(bills),
        "arrears": fees.arrears(bills, known["fee_payment"], cut),
        "dunning_log": fees.dunning(known["dunning_log"], bills, known["fee_payment"], cut),
        "dunning_account": fees.dunned(known["dunning_log"]),
    }
    made["owner_input"] = complaints.inputs(made["complaint"], made["feedback"], made["survey_response"])
    made["survey_wave"] = satisfaction.waves(made["survey_response"], cut)
    for room in rooms:
        made |= room.derive(known | {"household": register}, cut)
    made["complaint_exposure"] = community.exposure(register, made["complaint"], "received_at", cut)
    made = known | made
    return {name: rows if name == "household" else community.attach(rows, register) for name, rows in made.items()}


def read(reading_id: str, tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the rows of a reading, or None where its tables say nothing of the period.

    `tables`: as `derive` returns them, of one community.
    """
    reading = READINGS[reading_id]
    if any(tables[name].empty for name in reading.tables):
        return None
    room = next(room for room in ROOMS if reading in room.READINGS)
    return getattr(room, reading_id)(tables, period, cut)
