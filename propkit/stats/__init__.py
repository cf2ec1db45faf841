"""The methods of the specification's page on statistics, one module for each of its sections.

    proportions   one share: interval, test, non-response bounds
    differences   shares compared: groups, periods, pairs, ordered segments
    events        rates of events which repeat, ratios of money
    scores        satisfaction: top-2, index, NPS, two groups
    surveys       sample size, representativeness, weighted estimates
    weights       strata, raking, the price of weights
    segments      many segments: adjusted tests, shrinking, funnels
    privacy       small cells: hiding, and attacking what was hidden
    process       control charts and their rules
    evaluation    before and after: differences in differences, series, regression to the mean
    durations     open and closed orders: Kaplan-Meier and friends
    drivers       Pareto, decomposition, importance, agreement
    targets       targets, power, next month
    display       rounding and the state of a figure

Shares are fractions. Scalars give a dict, arrays a DataFrame with one row per element; what needs several values at
once gives a dict of numbers and Series. Missing stays missing; n = 0 is "no_data", never 0 and never 1.
Differences are b - a. Everything here takes plain numbers: no other part of propkit is known to it.
"""

from __future__ import annotations

import importlib
from typing import Any

_NAMES = {
    "differences": (
        "homogeneity_test",
        "paired_change",
        "period_change",
        "proportion_diff",
        "proportion_trend",
    ),
    "display": (
        "format_percent",
        "percent_text",
        "presentation_status",
        "round_exact",
        "round_shares",
    ),
    "drivers": (
        "correlation_ci",
        "decompose_ratio_change",
        "kappa",
        "pareto",
        "relative_importance",
        "rogan_gladen",
    ),
    "durations": (
        "compare_durations",
        "completed_within",
        "cumulative_incidence",
        "duration_quantiles",
        "survival_table",
    ),
    "evaluation": (
        "did_placebo",
        "difference_in_differences",
        "interrupted_time_series",
        "lag1_autocorrelation",
        "regression_to_mean",
    ),
    "events": (
        "rate_ci",
        "rate_ratio",
        "ratio_ci",
    ),
    "privacy": (
        "audit_suppression",
        "suppress_table",
    ),
    "process": (
        "assurance",
        "p_chart",
        "spc_rules",
        "u_chart",
        "xmr",
    ),
    "proportions": (
        "nonresponse_bounds",
        "proportion_ci",
        "proportion_test",
        "response_rate",
    ),
    "scores": (
        "compare_scores",
        "index_score",
        "nps",
        "rescale",
        "score_summary",
    ),
    "segments": (
        "adjust_pvalues",
        "compare_segments",
        "funnel_limits",
        "funnel_outside",
        "overdispersion",
        "shrink_proportions",
    ),
    "surveys": (
        "margin_of_error",
        "representativeness",
        "sample_size",
        "survey_mean",
        "tsm_required_margin",
        "weighted_proportion_ci",
    ),
    "targets": (
        "min_detectable_change",
        "nobs_for_change",
        "predict_count",
        "seasonal_naive",
        "target_status",
    ),
    "weights": (
        "design_effect",
        "rake",
    ),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Import a method when it is first used: scipy takes longer to import than most commands to run."""
    if name not in _HOMES:
        raise AttributeError(f"module 'propkit.stats' has no attribute '{name}'")
    return getattr(importlib.import_module(f"propkit.stats.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
