from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propkit.stats import audit_suppression, suppress_table

steady = settings(derandomize=True, max_examples=25, deadline=None)
tables = st.integers(2, 4).flatmap(
    lambda cols: st.lists(st.lists(st.integers(0, 40), min_size=cols, max_size=cols), min_size=2, max_size=4)
)


def attack_slowly(table: np.ndarray, hidden: np.ndarray, columns_published: bool) -> list[tuple[int, int]]:
    """Try every table of whole numbers which agrees with what is published."""
    cells = list(zip(*np.nonzero(hidden), strict=True))
    found = []
    for values in product(range(int(table.sum()) + 1), repeat=len(cells)):
        guess = table.copy()
        for cell, value in zip(cells, values, strict=True):
            guess[cell] = value
        rows = (guess.sum(axis=1) == table.sum(axis=1)).all()
        if rows and (not columns_published or (guess.sum(axis=0) == table.sum(axis=0)).all()):
            found.append(values)
    return [(min(column), max(column)) for column in zip(*found, strict=True)]


@pytest.mark.parametrize("totals", ["row, column and grand totals", "row total only"])
def test_audit_suppression_when_every_table_is_tried(totals):
    table = np.array([[1, 2, 0], [3, 1, 2]])
    for hidden in ([[1, 1, 0], [1, 1, 0]], [[1, 0, 1], [1, 0, 1]], [[1, 1, 0], [0, 0, 0]]):
        mask = np.array(hidden, dtype=bool)
        audit = audit_suppression(table, mask, totals)
        expected = attack_slowly(table, mask, totals.startswith("row, column"))
        assert list(zip(audit["low"], audit["high"], strict=True)) == expected
        assert audit["exactly_derivable"].tolist() == [low == high for low, high in expected]
        assert list(zip(audit["row"], audit["col"], strict=True)) == list(zip(*np.nonzero(mask), strict=True))


def test_audit_suppression_when_one_cell_is_hidden_then_derivable():
    audit = audit_suppression([[3, 7], [6, 9]], [[True, False], [False, False]])
    assert audit.loc[0].tolist() == [0, 0, 3.0, 3.0, True]
    assert audit_suppression([[3, 7]], [[False, False]]).empty


def test_suppress_table_when_two_per_line_do_not_suffice():
    # Two hidden in each line, yet the small counts around them leave a range below 5: the rule of thumb fails.
    table = np.array([[3, 4, 30], [1, 2, 18], [17, 22, 36]])
    naive = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 0]], dtype=bool)
    audit = audit_suppression(table, naive)
    assert (audit["high"] - audit["low"]).min() < 5
    result = suppress_table(table)
    assert result["status"] == "ok"
    widths = audit_suppression(table, result["mask"]).set_index(["row", "col"])
    for cell in zip(*np.nonzero(result["primary"]), strict=True):
        assert widths.loc[cell, "high"] - widths.loc[cell, "low"] >= 5


def test_suppress_table_when_nothing_is_small():
    result = suppress_table([[5, 0], [7, 9]])
    assert not result["mask"].any()
    assert (result["value_lost"], result["status"]) == (0, "ok")


def test_suppress_table_when_totals_give_the_cell_away():
    result = suppress_table([[2, 0], [30, 40]])
    assert result["status"] == "not_protectable"
    assert result["mask"].all()


def test_suppress_table_finds_the_cheapest_complement():
    # One primary cell needs a rectangle; all nine-cell rectangles are tried here.
    table = np.array([[3, 20, 30], [25, 40, 18], [17, 22, 36]])
    costs = []
    for row, col in product((1, 2), (1, 2)):
        costs.append(table[row, 0] + table[0, col] + table[row, col])
    assert suppress_table(table)["value_lost"] == min(costs)


def test_suppress_table_when_labelled_then_labels_stay():
    frame = pd.DataFrame([[3, 20], [25, 40]], index=["a", "b"], columns=["x", "y"])
    result = suppress_table(frame)
    assert result["mask"].loc["a", "x"]
    assert result["secondary"].sum().sum() == 3


@steady
@given(tables, st.sampled_from([3, 5]))
def test_suppress_table_keeps_its_invariants(rows, threshold):
    table = np.array(rows)
    result = suppress_table(table, threshold)
    if result["status"] == "not_protectable":
        return
    assert (result["primary"] == ((table > 0) & (table < threshold))).all()

    def narrow(mask: np.ndarray) -> int:
        audit = audit_suppression(table, mask)
        primary = result["primary"][audit["row"], audit["col"]]
        return int(((audit["high"] - audit["low"] < threshold) & primary).sum())

    assert narrow(result["mask"]) == 0
    for cell in zip(*np.nonzero(result["secondary"]), strict=True):
        opened = result["mask"].copy()
        opened[cell] = False
        assert narrow(opened) > 0


def test_suppress_table_when_ten_by_ten_then_still_quick():
    table = np.random.default_rng(5).integers(5, 60, (10, 10))
    table[2, 3], table[7, 7], table[2, 8] = 1, 4, 2
    result = suppress_table(table)
    assert result["status"] == "ok"
    assert result["secondary"].sum() <= 6


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([[1, -2]], "not whole"),
        ([[1.5, 2]], "not whole"),
        ([1, 2], "has shape"),
        (np.ones((11, 2)), "expected at most 10"),
    ],
)
def test_suppress_table_when_input_is_wrong(table, message):
    with pytest.raises(ValueError, match=message):
        suppress_table(table)


def test_audit_suppression_when_the_mask_does_not_fit():
    with pytest.raises(ValueError, match="the mask is"):
        audit_suppression([[1, 2]], [[True]])
