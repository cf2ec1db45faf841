"""The room as a whole: names and columns of statistics.md section 11, imports, errors, documentation."""

import ast
import doctest
import inspect
import sys
from pathlib import Path

import pandas as pd
import pytest

import propkit.stats as stats

ROOM = Path(stats.__file__).parent
MODULES = sorted(path for path in ROOM.glob("*.py") if path.stem != "__init__")
HALVES = ([45, 60], [50, 80])

# Function, arguments, columns promised by statistics.md section 11.
CONTRACT = [
    ("proportion_ci", (9, 10, "exact", 0.95, 20), "estimate low high status low_count high_count"),
    ("nonresponse_bounds", (9, 10, 20), "low high"),
    ("response_rate", (9, 10), "rate"),
    ("proportion_diff", (1, 2, 3, 4), "difference low high p_value test statistic verdict"),
    ("period_change", ({"counts": [1], "nobs": [2]}, {"counts": [1], "nobs": [3]}), "difference p_value verdict label"),
    ("proportion_test", (9, 10, 0.5), "p_value"),
    ("paired_change", (5, 1, 2, 3), "difference low high p_value"),
    ("proportion_trend", HALVES, "statistic p_value"),
    ("homogeneity_test", HALVES, "statistic df p_value"),
    ("rate_ci", (9, 10), "estimate low high"),
    ("rate_ratio", (9, 10, 5, 10), "ratio low high p_value"),
    ("ratio_ci", HALVES, "estimate se low high n"),
    (
        "score_summary",
        ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
        "n mean sd median index index_se index_low index_high top2 top2_low top2_high bottom2",
    ),
    ("index_score", ([8], [1], 1, 10), "index"),
    ("nps", (5, 3, 2), "nps low high n se"),
    ("compare_scores", ([1, 2], [2, 3], [1, 2]), "difference low high p_value df superiority p_mannwhitney"),
    ("sample_size", (100, 0.05), "n_raw n invitations"),
    ("margin_of_error", (50, 100), "margin"),
    ("tsm_required_margin", (1000,), "margin"),
    ("representativeness", ({"a": 9}, {"a": 20}), "chi2 df p_value expected std_residual"),
    ("rake", ({"u": ["a"]}, {"u": {"a": 5}}), "weights iterations converged deff_kish n_eff"),
    (
        "survey_mean",
        ([1, 0], ["a", "a"], {"a": 5}),
        "estimate se low high weights_by_stratum deff_kish n_eff",
    ),
    ("design_effect", ([1, 2],), "deff_kish n_eff"),
    ("weighted_proportion_ci", ([1, 0], [1, 2]), "estimate se n_eff low high"),
    ("adjust_pvalues", ([0.1],), "p_adjusted"),
    ("compare_segments", ("ab", *HALVES), "difference low high p_value p_adjusted flag"),
    ("shrink_proportions", HALVES, "alpha beta shrunk"),
    ("funnel_limits", (0.8, 50), "low95 high95 low998 high998"),
    ("funnel_outside", (45, 50, 0.6), "outside"),
    ("overdispersion", HALVES, "phi tau2 z z_winsorised"),
    ("suppress_table", ([[9, 9]],), "mask primary secondary value_lost"),
    ("audit_suppression", ([[9, 9]], [[True, True]]), "row col low high exactly_derivable"),
    ("xmr", ([1, 2, 3],), "center lcl ucl status"),
    ("spc_rules", ([1, 2, 3], 2, 0, 4), "outside shift trend two_of_three"),
    ("assurance", (1, 2, 3), "assurance"),
    ("p_chart", HALVES, "center sigma_z lcl ucl"),
    ("u_chart", HALVES, "center sigma_z lcl ucl"),
    ("interrupted_time_series", (list(range(14)), 9), "term estimate se low high p_value df"),
    ("lag1_autocorrelation", ([1, 2, 4],), "r1"),
    ("difference_in_differences", ((1, 2),) * 4, "treated_change control_change did low high"),
    ("did_placebo", ([[1, 2], [2, 3]], 0, 1), "did placebo p_value min_p"),
    ("regression_to_mean", (0.8, 0.1, 0.1, 0.7), "expected_rebound"),
    ("survival_table", ([1, 2], [1, 0]), "time at_risk events survival se low high"),
    ("duration_quantiles", ([1, 2], [1, 0], [0.5]), "estimate low high n n_open"),
    ("completed_within", ([1, 2], [1, 0], 1), "estimate low high at_risk"),
    ("compare_durations", ([1, 2], [1, 0], [1, 2], [1, 1]), "chi2 df p_value"),
    ("cumulative_incidence", ([1, 2], ["x", "y"], "x", "y", 1), "estimate competing"),
    ("pareto", ({"a": 1},), "category count share cum_share"),
    ("decompose_ratio_change", ("ab", *HALVES, *HALVES), "total rate_effect mix_effect rate mix reversal"),
    ("relative_importance", ([1, 2, 3, 5], {"a": [1, 2, 4, 3]}), "r2 lmg"),
    ("correlation_ci", ([1, 2, 3, 4], [1, 3, 2, 4], "spearman"), "estimate low high p_value"),
    ("kappa", ([[5, 1], [1, 5]],), "kappa agreement se low high"),
    ("rogan_gladen", (9, 20, 0.9, 0.9), "apparent estimate low high"),
    ("target_status", (9, 10, 0.8), "status point_meets low high"),
    ("nobs_for_change", (0.5, 0.7), "n_raw n"),
    ("min_detectable_change", (100, 0.5), "p_b change"),
    ("predict_count", (9, 10, 10), "low high mean"),
    ("seasonal_naive", ([1, 2, 3], 2, 1), "mean low high"),
    ("round_shares", ([1, 2],), "rounded status"),
    ("format_percent", (1, 2), "text"),
    ("presentation_status", (9, 10, True), "status ci_width relative_ci_width extreme"),
]


@pytest.mark.parametrize(("name", "arguments", "columns"), CONTRACT, ids=[row[0] for row in CONTRACT])
def test_function_gives_the_promised_columns(name, arguments, columns):
    result = getattr(stats, name)(*arguments)
    assert isinstance(result, dict | pd.DataFrame)
    assert set(columns.split()) <= set(result)


def test_contract_covers_every_public_name():
    others = {"rescale", "round_exact", "percent_text"}
    assert {row[0] for row in CONTRACT} | others == set(stats.__all__)
    assert stats.__all__ == sorted(stats.__all__)


def test_every_module_is_on_the_map_and_shadows_nothing():
    for path in MODULES:
        assert path.stem not in sys.stdlib_module_names
        if path.stem != "arguments":
            assert f"    {path.stem} " in stats.__doc__


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_module_imports_nothing_else_of_propkit(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        imported = [alias.name for alias in getattr(node, "names", [])] if isinstance(node, ast.Import) else []
        imported += [node.module] if isinstance(node, ast.ImportFrom) else []
        for module in imported:
            assert not module.startswith("propkit") or module.startswith("propkit.stats."), (
                f"{path.name} imports {module}: stats takes plain numbers and knows no other part of propkit"
            )


@pytest.mark.parametrize("name", stats.__all__)
def test_function_is_documented_with_an_example(name):
    function = getattr(stats, name)
    assert doctest.DocTestFinder(recurse=False).find(function)[0].examples
    signature = inspect.signature(function)
    assert all(p.annotation is not inspect.Parameter.empty for p in signature.parameters.values())
    assert signature.return_annotation is not inspect.Signature.empty


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_module_stays_short(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            assert not body or body[-1].end_lineno - body[0].lineno < 50, node.name
