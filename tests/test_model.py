"""The catalogue is literal data: complete, in both languages, and the same after a trip through JSON."""

from __future__ import annotations

import json
import re
from collections import Counter

import pandas as pd
import pytest

from propkit import domains
from propkit.errors import ConfigError
from propkit.model import DTYPES, Cut, Definitions, Derived, Duration, Kpi, Table, from_json, to_json, worded
from propkit.text import Text

KPIS = list(domains.KPIS.values())
DURATIONS = list(domains.DURATIONS.values())
TABLES = list(domains.TABLES.values())
ID = re.compile(r"[a-z][a-z0-9_]*")
CHOICE = re.compile(r"[a-z0-9<][a-z0-9_+<-]*")
DERIVED = domains.derive({}, Cut(pd.Timestamp("2025-10-31")))


def _names(entries: list) -> list[str]:
    return [entry.id for entry in entries]


@pytest.mark.parametrize("entry", [*KPIS, *DURATIONS], ids=lambda entry: entry.id)
def test_an_entry_comes_back_when_it_went_through_json(entry: Kpi | Duration):
    told = json.loads(json.dumps(to_json(entry), ensure_ascii=False))

    assert from_json(type(entry), told) == entry


def test_to_json_gives_plain_data_when_values_are_nested():
    told = to_json({"t": Text("甲", "a"), "pair": (1, None), "table": TABLES[0]})

    assert told["t"] == {"zh": "甲", "en": "a"} and told["pair"] == [1, None]
    assert json.loads(json.dumps(told)) == told
    assert from_json(Text, told["t"]) == Text("甲", "a")


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.id)
def test_a_kpi_names_columns_that_exist_when_tables_are_derived(kpi: Kpi):
    exposed, _, denominator = (kpi.denominator or kpi.numerator).rpartition(".")
    columns = DERIVED[kpi.table].columns

    assert {kpi.numerator, kpi.dated_by} <= set(columns)
    assert denominator in DERIVED[exposed or kpi.table].columns
    assert pd.api.types.is_datetime64_any_dtype(DERIVED[kpi.table][kpi.dated_by])
    assert str(DERIVED[kpi.table][kpi.numerator].dtype) in ("boolean", "bool", "Int64", "int64")
    assert kpi.by is None or kpi.by in columns


@pytest.mark.parametrize("made", domains.DERIVED.values(), ids=lambda made: made.name)
def test_what_feeds_a_column_names_columns_and_tables_that_exist(made: Derived):
    assert {*made.feeds, *made.made_of} <= set(DERIVED[made.name].columns)
    assert {table for tables in made.feeds.values() for table in tables} <= set(domains.TABLES)
    assert set(made.made_of.values()) <= set(made.feeds)


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.id)
def test_a_kpi_is_complete_when_it_is_in_the_catalogue(kpi: Kpi):
    for text in (kpi.label, kpi.top, kpi.bottom, kpi.unit):
        assert text.zh.strip() and text.en.strip()
    assert kpi.source.strip()
    assert bool(kpi.note.zh) == bool(kpi.note.en)
    assert kpi.better in ("up", "down", None)
    assert kpi.by is None or kpi.by in domains.SEGMENTS
    assert kpi.matures_after is None or worded(kpi, Definitions()).matures_after > 0


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.id)
def test_a_kpi_has_the_halves_of_its_kind_when_it_is_in_the_catalogue(kpi: Kpi):
    needs = {"share": None, "count": False, "mean": True, "rate": True, "money": True}[kpi.kind]

    assert needs is None or bool(kpi.denominator) == needs
    assert kpi.kind != "count" or kpi.scale in (1, 0.01, 0.001)  # cases, fen as yuan, thousandths
    assert (kpi.kind == "rate") == ("." in (kpi.denominator or ""))
    assert kpi.kind in ("share", "mean", "money") or kpi.unit.en != "%"


@pytest.mark.parametrize("duration", DURATIONS, ids=lambda duration: duration.id)
def test_a_duration_names_instants_when_it_is_in_the_catalogue(duration: Duration):
    events = domains.TABLES[duration.table].events

    assert duration.start in events and duration.end in events
    assert duration.label.zh and duration.label.en and duration.top.zh and duration.top.en and duration.source
    assert "counted" in DERIVED[duration.table]


def test_ids_are_lower_case_ascii_and_unique_when_rooms_are_put_together():
    rooms = domains.ROOMS
    declared = {
        "KPIS": [kpi.id for room in rooms for kpi in room.KPIS]
        + [entry.id for room in rooms for entry in room.DURATIONS],
        "TABLES": [table.name for room in rooms for table in room.TABLES],
        "SEGMENTS": [segment.id for room in rooms for segment in room.SEGMENTS],
    }
    for ids in declared.values():
        assert [name for name, times in Counter(ids).items() if times > 1] == []
        assert [name for name in ids if not ID.fullmatch(name)] == []
    assert len(declared["TABLES"]) == len(domains.TABLES) and len(declared["SEGMENTS"]) == len(domains.SEGMENTS)


@pytest.mark.parametrize(
    "labels", [KPIS + DURATIONS, TABLES, list(domains.SEGMENTS.values())], ids=["kpi", "table", "segment"]
)
def test_labels_tell_entries_apart_when_they_stand_in_one_list(labels: list):
    assert all(entry.label.zh.strip() and entry.label.en.strip() for entry in labels)
    by_words = Counter(entry.label.zh for entry in labels)
    assert [label for label, times in by_words.items() if times > 1] == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_consistent_when_it_is_in_the_catalogue(table: Table):
    columns = table.columns

    assert set(table.key) <= {"community", *columns} and table.dated_by in columns
    assert all(ID.fullmatch(name) for name in columns)
    assert columns[table.dated_by].kind in ("instant", "day", "month")
    for earlier, later in table.ordered:
        assert {earlier, later} <= set(columns)
    assert table.label.zh and table.label.en


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_columns_are_consistent_when_they_are_in_the_catalogue(table: Table):
    for name, column in table.columns.items():
        assert column.label.zh and column.label.en, name
        assert column.dtype == DTYPES[column.kind], name
        assert bool(column.choices) == (column.kind == "choice"), name
        assert all(CHOICE.fullmatch(choice) for choice in column.choices), name
        assert column.known_from is None or column.known_from in table.events, name
        assert not column.planned or column.kind in ("instant", "day", "month"), name
        assert column.low is None or column.high is None or column.low <= column.high, name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_headers_find_one_column_when_a_file_uses_them(table: Table):
    headers = Counter(header for column in table.columns.values() for header in set(column.headers))

    assert [header for header, times in headers.items() if times > 1] == []


def test_segments_have_labels_when_they_have_choices():
    for segment in domains.SEGMENTS.values():
        assert all(CHOICE.fullmatch(choice) and text.zh and text.en for choice, text in segment.choices.items())


def test_an_unknown_kpi_names_the_nearest_when_it_is_misspelt():
    with pytest.raises(ConfigError, match="did you mean 'first_time_fix_rate'"):
        domains.kpi("first_time_fix")
    assert domains.kpi("first_time_fix_rate").id == "first_time_fix_rate"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_an_empty_table_conforms_when_it_is_made(table: Table):
    made = domains.conform(domains.empty(table), table)

    assert made.empty and {name: str(made[name].dtype) for name in table.columns} == {
        name: column.dtype for name, column in table.columns.items()
    }


def test_conform_adds_what_is_missing_when_an_export_is_narrow():
    table = domains.TABLES["work_order"]
    rows = pd.DataFrame({"community": ["a"], "order_id": ["o1"], "reported_at": pd.to_datetime(["2025-09-01"])})

    made = domains.conform(rows, table)

    assert set(table.columns) | {"building"} <= set(made.columns)
    assert made["accepted_at"].isna().all() and str(made["accepted_at"].dtype) == "datetime64[s]"
