"""The catalogue: every item that is asked for is there, with its kind and the reports that use it; each has a row of values."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from propkit import domains
from propkit.errors import ConfigError
from propkit.figures import COLUMNS
from propkit.model import Definitions, Reading
from propkit.periods import parse_period
from propkit.reporting import items
from propkit.reporting.overview_items import OVERVIEWS
from propkit.reporting.overviews import overview
from propkit.reporting.sources import OF_SEEDS
from tests.asked import ASKED

ENTRIES = {entry.id: entry for entry in items.entries(Definitions())}


def test_every_item_that_is_asked_for_is_in_the_catalogue() -> None:
    assert len(ASKED) == 204
    assert {item_id for item_id, _, _ in ASKED} <= set(ENTRIES)


@pytest.mark.parametrize(("item_id", "kind", "lines"), ASKED)
def test_item_is_of_its_kind_and_in_its_reports(item_id: str, kind: str, lines: str) -> None:
    entry = ENTRIES[item_id]
    seeds = dict.fromkeys(line.partition(":")[0] for line in lines.split())

    assert entry.kind == kind
    assert {OF_SEEDS[seed] for seed in seeds} <= set(entry.reports)
    assert entry.label.zh and entry.label.en


def test_no_id_is_used_twice() -> None:
    sizes = [len(domains.KPIS), len(domains.DURATIONS), len(domains.READINGS), len(OVERVIEWS), len(domains.NOTES)]
    assert len(items.ITEMS) == sum(sizes)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.id)
def test_entry_says_what_is_counted(entry: items.Entry) -> None:
    if entry.kind == "H":
        return
    assert entry.top.zh and entry.top.en
    assert re.search(r"S[0-4]:\d", entry.source) or entry.source, entry.id
    assert entry.form in ("reading", "overview", "duration", "share", "mean", "rate", "money", "count")
    assert entry.form in ("reading", "overview", "duration", "count") or (entry.bottom.zh and entry.bottom.en)


def test_unknown_item_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError) as raised:
        items.item("patrol_max_gab")
    assert "patrol_max_gap" in str(raised.value)


@pytest.mark.parametrize("reading", [*domains.READINGS.values(), *OVERVIEWS], ids=lambda one: one.id)
def test_headline_names_a_number_of_the_reading(reading: Reading) -> None:
    how, column = reading.headline
    assert (how == "count") == (column == "")
    assert how == "count" or reading.columns[column].kind in ("whole", "money", "decimal", "flag", "score")


@pytest.mark.parametrize("reading", [*domains.READINGS.values(), *OVERVIEWS], ids=lambda one: one.id)
def test_no_two_columns_of_a_reading_share_a_head(reading: Reading) -> None:
    for lang in ("zh", "en"):
        heads = [column.label.get(lang) for column in reading.columns.values()]
        assert len(set(heads)) == len(heads)


@pytest.mark.parametrize("reading", domains.READINGS.values(), ids=lambda one: one.id)
def test_reading_has_its_function_and_its_tables(reading: Reading) -> None:
    room = next(room for room in domains.ROOMS if reading in room.READINGS)
    assert callable(getattr(room, reading.id))
    empty = domains.derive({}, items.Cut(pd.Timestamp("2025-10-08"), households={}))
    assert set(reading.tables) <= set(empty)
    assert domains.read(reading.id, empty, parse_period("2025-09"), items.Cut(pd.Timestamp("2025-10-08"))) is None


def test_overviews_have_functions_and_columns() -> None:
    assert callable(overview) and all(one.columns and not one.tables for one in OVERVIEWS)
    assert COLUMNS[:4] == ["kpi", "community", "period", "segment"]
