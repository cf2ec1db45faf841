"""Every KPI against its worked example and against the oracle, and the derived tables against their own rules."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propkit import domains
from propkit.counts import UNKNOWN, tally
from propkit.figures import splittable
from propkit.model import Definitions, Kpi
from propkit.periods import parse_period
from tests.examples import EDGES, Example, ReadExample, order
from tests.examples import EXAMPLES as FIRST_EXAMPLES
from tests.oracle import oracle
from tests.rooms import rooms
from tests.worlds import COMMUNITIES, World, exported, frames, world, worlds

KPIS = list(domains.KPIS.values())
EXAMPLES: dict[str, Example] = FIRST_EXAMPLES | {name: each for room in rooms() for name, each in room.EXAMPLES.items()}
RESPONSE = domains.KPIS["repair_response_on_time_rate"]
READ: dict[str, ReadExample] = {name: each for room in rooms() for name, each in room.READ.items()}
SEGMENTS = [
    "building",
    "age_band",
    "residence",
    "owner_type",
    "urgency",
    "fault_type",
    "delay_reason",
    "department",
    "item",
]


@pytest.fixture(scope="module")
def nothing() -> World:
    return World({}, EXAMPLES["work_order_volume"].as_of, Definitions(), (), {})


@pytest.fixture(scope="module")
def empty(nothing: World) -> dict[str, pd.DataFrame]:
    """Every table without a row, derived once."""
    return nothing.derived


def _world(example: Example) -> World:
    sizes = dict(example.households)
    return World(example.rows, example.as_of, Definitions(), example.waves, sizes)


def _tallied(made: World, by: str | None = None, kpis: Sequence[Kpi] = KPIS) -> dict:
    tables = made.derived
    kpis = splittable(tables, kpis, [by] if by else [])
    counts = tally(tables, kpis, ["community", "month", *([by] if by else [])])
    return {tuple(row[:-4]): (row[-4], row[-3], row[-1]) for row in counts.itertuples(index=False)}


def _recomputed(made: World, by: str | None = None) -> dict:
    return oracle(made.tables, made.as_of, made.definitions, made.waves, made.households, by)


def test_every_kpi_has_an_example_when_the_catalogue_grows():
    assert sorted(EXAMPLES) == sorted(domains.KPIS)


@pytest.mark.parametrize("kpi_id", EXAMPLES)
def test_kpi_equals_the_hand_count_when_given_the_example(kpi_id: str):
    example = EXAMPLES[kpi_id]
    made, kpi = _world(example), domains.KPIS[kpi_id]
    asked = {kpi.table, (kpi.denominator or kpi.table).rpartition(".")[0] or kpi.table}

    counts = tally(domains.derive(frames(made.tables), made.cut, asked), [kpi], ["community", "month"])

    (row,) = counts[(counts["community"] == "a") & (counts["month"] == example.month)].to_dict("records")
    assert (row["num"], row["den"]) == (example.num, example.den)


def test_every_reading_has_an_example_when_the_catalogue_grows():
    assert sorted(READ) == sorted(domains.READINGS)


@pytest.mark.parametrize("reading_id", READ)
def test_reading_equals_the_hand_count_when_given_the_example(reading_id: str):
    example, reading = READ[reading_id], domains.READINGS[reading_id]
    made = World(example.rows, example.as_of, Definitions(), (), dict(example.households))

    got = domains.read(reading_id, made.derived, parse_period(example.period), made.cut)

    if example.answer is None:
        assert got is None
    else:
        assert list(got.columns) == list(reading.columns)
        assert _plain(got) == [{name: None for name in reading.columns} | row for row in example.answer]


def _plain(rows: pd.DataFrame) -> list[dict]:
    return [{name: None if pd.isna(value) else value for name, value in row.items()} for row in rows.to_dict("records")]


@pytest.mark.parametrize("reading_id", READ)
def test_reading_says_nothing_when_its_tables_are_empty(reading_id: str, nothing: World, empty: dict):
    assert domains.read(reading_id, empty, parse_period(READ[reading_id].period), nothing.cut) is None


@pytest.mark.parametrize("kpi_id", EXAMPLES)
def test_oracle_equals_the_hand_count_when_given_the_example(kpi_id: str):
    example = EXAMPLES[kpi_id]

    _, num, den = _recomputed(_world(example))[kpi_id, "a", example.month]

    assert (num, den) == (example.num, example.den)


@pytest.mark.parametrize("kpi_id", EDGES)
def test_kpi_judges_what_is_due_or_mature_when_the_cut_off_is_that_second(kpi_id: str):
    edge = EDGES[kpi_id]

    for sums in (_tallied(_world(edge), kpis=[domains.KPIS[kpi_id]]), _recomputed(_world(edge))):
        assert sums[kpi_id, "a", edge.month][1:] == (edge.num, edge.den)


@given(worlds())
@settings(max_examples=5)
def test_kpis_equal_the_oracle_when_the_world_is_random(made: World):
    assert _tallied(made) == _recomputed(made)


@pytest.mark.parametrize("by", SEGMENTS)
def test_kpis_equal_the_oracle_when_split(by: str):
    made = world(SEGMENTS.index(by), 8)

    got = _tallied(made, by)

    ours = {key[0] for key in got}
    assert got == {key: sums for key, sums in _recomputed(made, by).items() if key[0] in ours}


def test_oracle_covers_every_kpi_when_worlds_are_many():
    found = {key[0] for seed in range(12) for key in _recomputed(world(seed))}

    assert found == set(domains.KPIS)


@given(worlds(), st.integers(0, 99))
@settings(max_examples=2)
def test_kpis_are_the_same_when_the_data_are_cut_to_an_earlier_day(made: World, days: int):
    earlier = made.at(made.as_of - timedelta(days=days))

    assert _tallied(earlier) == _tallied(earlier._replace(tables=exported(earlier)))


@given(worlds(size=8), st.integers(0, 10**6))
@settings(max_examples=2)
def test_kpis_are_the_same_when_rows_and_columns_are_shuffled(made: World, seed: int):
    rng = random.Random(seed)
    shuffled = {name: [dict(rng.sample(list(row.items()), len(row))) for row in rng.sample(rows, len(rows))]
                for name, rows in made.tables.items()}  # fmt: skip

    assert _tallied(made._replace(tables=shuffled)) == _tallied(made)


@given(worlds(size=8))
@settings(max_examples=2)
def test_kpis_are_the_same_when_index_labels_repeat(made: World):
    tables = frames(made.tables)
    odd = {
        name: rows.set_index(pd.Index(["x"] * len(rows), name="label", dtype="str")) for name, rows in tables.items()
    }

    keys = ["community", "month"]
    pd.testing.assert_frame_equal(tally(domains.derive(odd, made.cut), KPIS, keys), tally(made.derived, KPIS, keys))


def test_communities_do_not_touch_each_other_when_their_ids_are_alike():
    made = world(5, 20)
    together = _tallied(made)

    for place in COMMUNITIES:
        ours = {name: [row for row in rows if row["community"] == place] for name, rows in made.tables.items()}
        alone = _tallied(made._replace(tables=ours))
        assert {key: sums for key, sums in alone.items() if key[1] == place} == {
            key: sums for key, sums in together.items() if key[1] == place
        }


def test_no_rows_give_no_counts_when_every_table_is_empty():
    made = World({}, EXAMPLES["work_order_volume"].as_of, Definitions(), (), {})

    counts = tally(made.derived, KPIS, ["community", "month"])

    assert counts.empty and list(counts.columns) == ["kpi", "community", "month", "n", "num", "num_sq", "den"]


def test_every_derived_table_has_the_columns_of_its_kpis_when_empty():
    tables = World({}, EXAMPLES["work_order_volume"].as_of, Definitions(), (), {}).derived
    for kpi in KPIS:
        exposed, _, column = (kpi.denominator or kpi.numerator).rpartition(".")
        assert {kpi.numerator, kpi.dated_by} <= set(tables[kpi.table].columns), kpi.id
        assert column in tables[exposed or kpi.table], kpi.id


def test_a_segment_is_unknown_when_the_row_and_the_register_are_silent():
    counts = _tallied(world(2, 30), "age_band")

    assert any(key[-1] == UNKNOWN for key in counts)


def test_response_rate_is_absent_when_more_answered_than_were_invited():
    example = EXAMPLES["survey_response_rate"]
    fewer = example.waves[0].__class__("w1", example.waves[0].label, "2025-09", "online", {"a": 4})

    assert ("survey_response_rate", "a", "2025-09") not in _tallied(
        _world(example._replace(waves=(fewer,))), kpis=[domains.KPIS["survey_response_rate"]]
    )


def test_an_order_is_not_late_when_its_export_has_no_such_column():
    silent = order(1, "09-01 10:00", given="order_id,status,reported_at")
    blank = order(2, "09-01 10:00", given="order_id,status,reported_at,accepted_at")

    counts = _tallied(_world(Example({"work_order": [silent, blank]}, 0, 0)), kpis=[RESPONSE])

    assert counts["repair_response_on_time_rate", "a", "2025-09"] == (1, 0, 1)


def test_a_step_of_the_log_speaks_for_logged_orders_only_in_its_own_community():
    silent = {"given": "order_id,status,reported_at"}
    orders = [order(1, "09-01 10:00", **silent), order(1, "09-01 10:00", community="b", **silent)]
    log = [
        {"community": "a", "order_id": "o1", "event": "accepted", "at": orders[0]["reported_at"] + timedelta(minutes=5)}
    ]

    counts = _tallied(_world(Example({"work_order": orders, "order_event": log}, 0, 0)), kpis=[RESPONSE])

    assert counts["repair_response_on_time_rate", "a", "2025-09"] == (1, 1, 1)
    assert ("repair_response_on_time_rate", "b", "2025-09") not in counts
