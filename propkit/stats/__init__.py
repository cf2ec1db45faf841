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

from propkit.stats.differences import (
    homogeneity_test,
    paired_change,
    period_change,
    proportion_diff,
    proportion_trend,
)
from propkit.stats.display import format_percent, percent_text, presentation_status, round_exact, round_shares
from propkit.stats.drivers import (
    correlation_ci,
    decompose_ratio_change,
    kappa,
    pareto,
    relative_importance,
    rogan_gladen,
)
from propkit.stats.durations import (
    compare_durations,
    completed_within,
    cumulative_incidence,
    duration_quantiles,
    survival_table,
)
from propkit.stats.evaluation import (
    did_placebo,
    difference_in_differences,
    interrupted_time_series,
    lag1_autocorrelation,
    regression_to_mean,
)
from propkit.stats.events import rate_ci, rate_ratio, ratio_ci
from propkit.stats.privacy import audit_suppression, suppress_table
from propkit.stats.process import assurance, p_chart, spc_rules, u_chart, xmr
from propkit.stats.proportions import nonresponse_bounds, proportion_ci, proportion_test, response_rate
from propkit.stats.scores import compare_scores, index_score, nps, rescale, score_summary
from propkit.stats.segments import (
    adjust_pvalues,
    compare_segments,
    funnel_limits,
    overdispersion,
    shrink_proportions,
)
from propkit.stats.surveys import (
    margin_of_error,
    representativeness,
    sample_size,
    survey_mean,
    tsm_required_margin,
    weighted_proportion_ci,
)
from propkit.stats.targets import (
    min_detectable_change,
    nobs_for_change,
    predict_count,
    seasonal_naive,
    target_status,
)
from propkit.stats.weights import design_effect, rake

__all__ = [
    "adjust_pvalues",
    "assurance",
    "audit_suppression",
    "compare_durations",
    "compare_scores",
    "compare_segments",
    "completed_within",
    "correlation_ci",
    "cumulative_incidence",
    "decompose_ratio_change",
    "design_effect",
    "did_placebo",
    "difference_in_differences",
    "duration_quantiles",
    "format_percent",
    "funnel_limits",
    "homogeneity_test",
    "index_score",
    "interrupted_time_series",
    "kappa",
    "lag1_autocorrelation",
    "margin_of_error",
    "min_detectable_change",
    "nobs_for_change",
    "nonresponse_bounds",
    "nps",
    "overdispersion",
    "p_chart",
    "paired_change",
    "pareto",
    "percent_text",
    "period_change",
    "predict_count",
    "presentation_status",
    "proportion_ci",
    "proportion_diff",
    "proportion_test",
    "proportion_trend",
    "rake",
    "rate_ci",
    "rate_ratio",
    "ratio_ci",
    "regression_to_mean",
    "relative_importance",
    "representativeness",
    "rescale",
    "response_rate",
    "rogan_gladen",
    "round_exact",
    "round_shares",
    "sample_size",
    "score_summary",
    "seasonal_naive",
    "shrink_proportions",
    "spc_rules",
    "suppress_table",
    "survey_mean",
    "survival_table",
    "target_status",
    "tsm_required_margin",
    "u_chart",
    "weighted_proportion_ci",
    "xmr",
]
