import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propkit.stats import design_effect, rake
from propkit.stats.weights import stratum_weights

steady = settings(derandomize=True, max_examples=40, deadline=None)
AGE, TENURE = ["young", "old"], ["own", "rent"]


@steady
@given(
    st.lists(st.tuples(st.sampled_from(AGE), st.sampled_from(TENURE)), min_size=0, max_size=30),
    st.integers(10, 90),
    st.integers(10, 90),
)
def test_rake_meets_every_margin(rows, young, own):
    rows = [(a, t) for a in AGE for t in TENURE] + rows
    frame = pd.DataFrame(rows, columns=["age", "tenure"])
    margins = {"age": {"young": young, "old": 100 - young}, "tenure": {"own": own, "rent": 100 - own}}
    raked = rake(frame, margins)
    assert raked["converged"]
    for name, margin in margins.items():
        for category, total in margin.items():
            assert raked["weights"][frame[name] == category].sum() == pytest.approx(total, abs=1e-8)
    turned = rake(frame.iloc[::-1], margins)["weights"][::-1]
    np.testing.assert_allclose(turned, raked["weights"], rtol=1e-8)


def test_rake_when_margins_agree_with_the_sample_then_equal_weights():
    raked = rake({"age": ["young", "old", "old"]}, {"age": {"young": 10, "old": 20}})
    assert raked["weights"].tolist() == [10, 10, 10]
    assert (raked["deff_kish"], raked["n_eff"], raked["iterations"]) == (1, 3, 1)


def test_rake_when_odds_ratio_is_kept():
    # Deming & Stephan: fitting margins never changes the cross-product ratio of the cells.
    rows = [("a", "x")] * 4 + [("a", "y")] * 2 + [("b", "x")] * 3 + [("b", "y")] * 6
    frame = pd.DataFrame(rows, columns=["u", "v"])
    frame["w"] = rake(frame[["u", "v"]], {"u": {"a": 70, "b": 30}, "v": {"x": 40, "y": 60}})["weights"]
    cell = frame.groupby(["u", "v"])["w"].sum()
    assert cell["a", "x"] * cell["b", "y"] / cell["a", "y"] / cell["b", "x"] == pytest.approx(4 * 6 / 2 / 3)


@pytest.mark.parametrize(
    ("columns", "margins", "message"),
    [
        ({"u": ["a"]}, {"u": {"a": 5, "b": 5}}, "nobody answered in u \\['b'\\] \\(5 households\\)"),
        ({"u": ["a", "z"]}, {"u": {"a": 5}}, "u at position 1 is 'z'"),
        ({"u": ["a", None]}, {"u": {"a": 5}}, "u at position 1"),
        ({"u": ["a"], "v": ["x"]}, {"u": {"a": 5}, "v": {"x": 6}}, "expected one total"),
        ({"u": ["a"]}, {"v": {"a": 5}}, "expected the same variables"),
        ({"u": ["a"]}, {"u": {"a": -5}}, "expected households"),
        ({"u": ["a", "b"], "v": ["x", "y"]}, {"u": {"a": 5, "b": 5}, "v": {"x": 2, "y": 8}}, "contradict"),
    ],
)
def test_rake_when_a_margin_is_unreachable(columns, margins, message):
    with pytest.raises(ValueError, match=message):
        rake(columns, margins)


@pytest.mark.parametrize("labels", [[1, 2, 2], pd.Series([1, 2, 2], dtype="Int64"), pd.Categorical([1, 2, 2])])
def test_rake_when_categories_are_numbers(labels):
    assert rake({"stair": labels}, {"stair": {1: 10, 2: 40}})["weights"].tolist() == [10, 20, 20]


def test_rake_when_a_category_has_no_households_then_ignored():
    assert rake({"u": ["a", "a"]}, {"u": {"a": 6, "b": 0}})["weights"].tolist() == [3, 3]


def test_design_effect_when_computed_by_kish():
    # Kish 1965: deff = 1 + cv^2 of the weights.
    w = np.array([1.0, 1, 2, 4])
    assert design_effect(w)["deff_kish"] == pytest.approx(1 + w.var() / w.mean() ** 2)
    assert design_effect([3, 3, None]) == {"deff_kish": 1.0, "n_eff": 2.0}
    assert np.isnan(design_effect([])["n_eff"])
    with pytest.raises(ValueError, match="negative"):
        design_effect([1, -1])


def test_stratum_weights_are_households_per_answer():
    # 30 households and 2 answers: each answer stands for 15.
    weights, by_stratum = stratum_weights("test", np.array(["a", "b", "a"], dtype=object), {"a": 30, "b": 10})
    assert weights.tolist() == [15, 10, 15]
    assert by_stratum.to_dict() == {"a": 15, "b": 10}
