"""Weights to the register: by hand, against a slow recomputation, and what happens where a cell is too small."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from propkit.domains import weighting
from propkit.domains.weighting import WIDEST_RATIO, Weighted, weigh

TENURE, ZONE = ("owner", "tenant"), ("east", "west")
AGES = ("18-29", "30-39", "40-49", "60+")


def homes(cells: dict[tuple[str | None, ...], int], names: tuple[str, ...] = ("tenure", "zone")) -> pd.DataFrame:
    """One row for each household of each cell."""
    rows = [dict(zip(names, cell, strict=True)) for cell, count in cells.items() for _ in range(count)]
    return pd.DataFrame(rows, columns=list(names)).astype("str")


def answers(
    cells: dict[tuple[str | None, ...], tuple[int, int]], names: tuple[str, ...] = ("tenure", "zone")
) -> pd.DataFrame:
    """One row for each answer: (satisfied, answered) in each cell."""
    sizes = {cell: answered for cell, (_, answered) in cells.items()}
    yes = [place < satisfied for satisfied, answered in cells.values() for place in range(answered)]
    return homes(sizes, names).assign(satisfied=pd.Series(yes, dtype=bool))


SQUARE = {("owner", "east"): 40, ("owner", "west"): 20, ("tenant", "east"): 20, ("tenant", "west"): 20}
ASKED = {
    ("owner", "east"): (9, 10), ("owner", "west"): (3, 5), ("tenant", "east"): (2, 5), ("tenant", "west"): (2, 10),
}  # fmt: skip
ORDERS = {"tenure": TENURE, "zone": ZONE}


def test_two_by_two_equals_the_count_by_hand_when_every_cell_answered() -> None:
    # w = 40/10, 20/5, 20/5, 20/10 = 4, 4, 4, 2.  Satisfied: (40*0.9 + 20*0.6 + 20*0.4 + 20*0.2) / 100 = 0.60, while
    # 16 of 30 answers are satisfied.  Kish: 30 * (10*16 + 5*16 + 5*16 + 10*4) / 100**2 = 1.08.
    found = weigh(answers(ASKED), homes(SQUARE), ORDERS)

    assert (found.method, found.n, found.dropped, found.merged) == ("post_stratified", 30, {}, [])
    assert found.estimate == pytest.approx(0.60, abs=1e-12)
    assert found.deff == pytest.approx(1.08, abs=1e-12)
    assert found.n_eff == pytest.approx(30 / 1.08, abs=1e-12)


def test_interval_is_korn_graubard_on_the_stratified_error_without_fpc() -> None:
    found = weigh(answers(ASKED), homes(SQUARE), ORDERS)

    terms = []
    for cell, (yes, n) in ASKED.items():
        weight, mean = SQUARE[cell] / n, yes / n
        terms += [weight * ((place < yes) - mean) / 100 for place in range(n)]
    var = 30 / 29 * sum((z - sum(terms) / 30) ** 2 for z in terms)
    assert found.n_interval == pytest.approx(min(30, 0.6 * 0.4 / var), rel=1e-9)
    assert found.low < 0.6 < found.high


def test_shares_are_raked_when_a_combination_has_too_few_answers() -> None:
    few = ASKED | {("tenant", "east"): (2, 4), ("tenant", "west"): (3, 11)}

    found = weigh(answers(few), homes(SQUARE), ORDERS)

    assert found.method == "raked"
    assert found.estimate == pytest.approx(_slow(answers(few), homes(SQUARE), found), abs=1e-8)


def test_register_is_reproduced_when_equal_shares_answered() -> None:
    equal = {cell: (count // 4, count // 2) for cell, count in SQUARE.items()}

    found = weigh(answers(equal), homes(SQUARE), ORDERS)

    assert found.estimate == pytest.approx(0.5)
    assert found.deff == pytest.approx(1)
    assert not found.caution


def test_a_category_nobody_answered_for_is_merged_with_its_smaller_neighbour_and_told() -> None:
    register = homes({("18-29",): 20, ("30-39",): 40, ("40-49",): 20, ("60+",): 20}, ("age",))
    asked = answers({("18-29",): (5, 10), ("40-49",): (5, 10), ("60+",): (8, 12)}, ("age",))

    found = weigh(asked, register, {"age": AGES})

    assert found.cells == {"age": [("18-29", "30-39"), ("40-49",), ("60+",)]}
    assert found.merged == [("age", ("18-29", "30-39"))]
    assert found.estimate == pytest.approx((60 * 0.5 + 20 * 0.5 + 20 * 8 / 12) / 100)


def test_the_most_extreme_cell_is_merged_when_weights_differ_more_than_five_to_one() -> None:
    register = homes({("18-29",): 10, ("30-39",): 30, ("40-49",): 30, ("60+",): 90}, ("age",))
    asked = answers({("18-29",): (5, 10), ("30-39",): (6, 10), ("40-49",): (7, 10), ("60+",): (8, 10)}, ("age",))

    found = weigh(asked, register, {"age": AGES})

    # weights 1, 3, 3, 9: 18-29 is as far from the mean weight (4) as log 4, 60+ as log 2.25; so 18-29 joins 30-39.
    assert found.cells == {"age": [("18-29", "30-39"), ("40-49",), ("60+",)]}
    assert found.estimate == pytest.approx((40 * 11 / 20 + 30 * 0.7 + 90 * 0.8) / 160)


def test_a_dimension_is_left_out_when_only_one_cell_remains() -> None:
    asked = answers({("owner", "east"): (9, 20), ("owner", "west"): (3, 10), ("tenant", "west"): (1, 2)})

    found = weigh(asked, homes(SQUARE), ORDERS)

    assert (found.method, list(found.cells), found.dropped) == ("post_stratified", ["zone"], {"tenure": "thin"})


def test_nothing_is_weighted_when_too_few_answered() -> None:
    found = weigh(answers({("owner", "east"): (2, 4)}), homes(SQUARE), ORDERS)

    assert (found.method, found.dropped) == ("none", {"tenure": "thin", "zone": "thin"})
    assert math.isnan(found.estimate)


@pytest.mark.parametrize("side", ["register", "answers"])
def test_a_dimension_is_left_out_when_more_than_a_tenth_is_unknown(side: str) -> None:
    register, asked = homes(SQUARE), answers(ASKED)
    rows = register if side == "register" else asked
    rows["tenure"] = rows["tenure"].mask(pd.Series(range(len(rows))) < len(rows) * 0.12)

    found = weigh(asked, register, ORDERS)

    assert (list(found.cells), found.dropped) == (["zone"], {"tenure": "unknown"})


def test_answers_of_an_unknown_category_take_no_part_when_they_are_few() -> None:
    asked = pd.concat([answers(ASKED), answers({("owner", None): (1, 1), ("guest", "east"): (1, 1)})])

    found = weigh(asked.reset_index(drop=True), homes(SQUARE), ORDERS)

    assert found.n == 30
    assert found.estimate == pytest.approx(0.60)


def test_unknown_households_take_part_as_the_known_ones_do() -> None:
    register = pd.concat([homes(SQUARE), homes({(None, "east"): 3})], ignore_index=True)

    found = weigh(answers(ASKED), register, ORDERS)

    assert found.estimate == pytest.approx(0.60, abs=1e-12)


@pytest.mark.parametrize(
    "register", [homes({}), homes({(None, None): 30})], ids=["no register", "register of unknowns"]
)
def test_nothing_is_weighted_when_there_is_no_register(register: pd.DataFrame) -> None:
    found = weigh(answers(ASKED), register, ORDERS)

    assert (found.method, found.dropped) == ("none", {"tenure": "unknown", "zone": "unknown"})


def test_contradictory_margins_are_merged_until_they_can_be_met() -> None:
    asked = answers({("owner", "east"): (5, 10), ("tenant", "west"): (5, 10)})

    register = homes({("owner", "east"): 10, ("owner", "west"): 50, ("tenant", "east"): 20, ("tenant", "west"): 20})
    found = weigh(asked, register, ORDERS)

    assert len(found.cells) == 1
    assert list(found.dropped.values()) == ["thin"]


_SIZES = st.lists(st.integers(5, 60), min_size=8, max_size=8)


@given(_SIZES, st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=8, max_size=8))
def test_weighted_share_equals_a_slow_recomputation_when_anything_answers(
    sizes: list[int], drawn: list[tuple[int, int]]
) -> None:
    cells = list(itertools.product(TENURE, AGES))
    register = homes(dict(zip(cells, sizes, strict=True)), ("tenure", "age"))
    asked = answers({cell: (min(pair), max(pair)) for cell, pair in zip(cells, drawn, strict=True)}, ("tenure", "age"))

    found = weigh(asked, register, {"tenure": TENURE, "age": AGES})
    again = weigh(asked.iloc[::-1].reset_index(drop=True), register, {"tenure": TENURE, "age": AGES})

    if found.method == "none":
        assert again.method == "none"
        return
    assert found.estimate == pytest.approx(_slow(asked, register, found), abs=1e-7)
    assert again.estimate == pytest.approx(found.estimate, abs=1e-9)
    assert -1e-12 <= found.low <= found.estimate + 1e-12 <= found.high + 1e-9
    assert min(_answered(asked, found)) >= weighting.SMALLEST_CELL
    assert max(weights := _weights(asked, register, found)) <= WIDEST_RATIO * min(weights) * (1 + 1e-6)


def _answered(asked: pd.DataFrame, found: Weighted) -> list[int]:
    return [int(asked[by].isin(cell).sum()) for by, cells in found.cells.items() for cell in cells]


def _slow(asked: pd.DataFrame, register: pd.DataFrame, found: Weighted) -> float:
    weights = _weights(asked, register, found)
    yes = [bool(value) for value in asked["satisfied"]]
    return sum(weight for weight, hit in zip(weights, yes, strict=True) if hit) / sum(weights)


def _weights(asked: pd.DataFrame, register: pd.DataFrame, found: Weighted) -> list[float]:
    """Weights by plain loops over the cells that were kept, one answer at a time."""
    place = {by: {name: at for at, cell in enumerate(cells) for name in cell} for by, cells in found.cells.items()}
    groups = [list(place)] if found.method == "post_stratified" else [[by] for by in place]
    keys = [[tuple(place[by][row[by]] for by in group) for group in groups] for row in asked.to_dict("records")]
    known = [[tuple(place[by][row[by]] for by in group) for group in groups] for row in register.to_dict("records")]
    weights = [1.0] * len(keys)
    for _ in range(1 if found.method == "post_stratified" else 100):
        for at in range(len(groups)):
            for target in {key[at] for key in known}:
                mine = [i for i, key in enumerate(keys) if key[at] == target]
                want = sum(key[at] == target for key in known)
                factor = want / sum(weights[i] for i in mine)
                for i in mine:
                    weights[i] *= factor
    assert np.isclose(sum(weights), len(register))
    return weights
