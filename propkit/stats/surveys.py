"""Surveys: how many to ask, whether those who answered resemble all, and weights (statistics.md 3).

Weights repair only what the weighting variables explain; the bounds of `proportions.nonresponse_bounds` remain.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from propkit.stats.arguments import (
    Numbers,
    Result,
    answer,
    complete_pairs,
    elements,
    floats,
    given,
    nested_counts,
    one_of,
    require,
    tail,
)
from propkit.stats.proportions import exact_limits, wilson_limits
from propkit.stats.weights import design_effect, population_total, rake, stratum_weights, totals_by_category

# RSH tenant satisfaction measures: dwellings from which a margin is required. Below 1,000 none is fixed.
TSM_BANDS = ((25_000, 0.02), (10_000, 0.03), (2_500, 0.04), (1_000, 0.05))
# With a smaller expected count the chi-square distribution is no longer trusted.
SMALLEST_EXPECTED = 5
# A ceiling must not jump by one because 54 / 0.3 is 180.00000000000003 in binary.
CEILING_SLACK = 1e-9


def sample_size(
    population: Numbers,
    margin: Numbers,
    p: Numbers = 0.5,
    deff: Numbers = 1,
    response_rate: Numbers = 1,
    confidence: float = 0.95,
) -> Result:
    """Return how many answers, and how many invitations, a margin of error needs.

    Formula: n0 = z^2 p(1-p)/e^2, n_raw = n0/(1 + (n0 - 1)/N), n = min(N, ceil(deff n_raw)),
    invitations = min(N, ceil(n / response_rate)). Rounded up (Krejcie & Morgan 1970 round to nearest).
    Columns: n_raw (unrounded, before deff), n, invitations (households), reachable (False: even asking everyone is
    too few at this response rate), status (ok, no_data for N = 0).
    Errors: ValueError for a margin, p or response rate outside its range.

    >>> sample_size(1200, 0.05)["n"], sample_size(120, 0.10, response_rate=0.4)["invitations"]
    (292.0, 120.0)
    """
    where = "sample_size"
    z = stats.norm.isf(tail(where, confidence))
    named = {"population": population, "margin": margin, "p": p, "deff": deff, "response_rate": response_rate}
    numbers, index = elements(where, **named)
    for name in ("margin", "p"):
        require(where, name, numbers[name], (numbers[name] > 0) & (numbers[name] < 1), "a share between 0 and 1")
    rate = numbers["response_rate"]
    require(where, "response_rate", rate, (rate > 0) & (rate <= 1), "a share above 0 and up to 1")
    require(where, "deff", numbers["deff"], numbers["deff"] > 0, "a positive number")
    nested_counts(where, population=numbers["population"])
    total = np.where(numbers["population"] > 0, numbers["population"], np.nan)
    infinite = z**2 * numbers["p"] * (1 - numbers["p"]) / numbers["margin"] ** 2
    n_raw = infinite / (1 + (infinite - 1) / total)
    n = np.minimum(total, _up(numbers["deff"] * n_raw))
    wanted = _up(n / rate)
    status = np.where(np.isnan(n), "no_data", "ok")
    columns = {"n_raw": n_raw, "n": n, "invitations": np.minimum(total, wanted), "reachable": wanted <= total}
    return answer(columns | {"status": status}, index)


def _up(values: np.ndarray) -> np.ndarray:
    return np.ceil(values - CEILING_SLACK)


def margin_of_error(nobs: Numbers, population: Numbers = None, p: Numbers = 0.5, confidence: float = 0.95) -> Result:
    """Return the margin which n answers of N households reach.

    Formula: e = z sqrt(p(1-p)/n (N-n)/(N-1)); without `population` the last factor is 1. n = N gives 0.
    Columns: margin (share; missing when n = 0).
    Errors: ValueError if nobs > population.

    >>> round(margin_of_error(292, 1200)["margin"], 4)
    0.0499
    """
    z = stats.norm.isf(tail("margin_of_error", confidence))
    nested_counts("margin_of_error", nobs=nobs, **given(population=population))
    numbers, index = elements("margin_of_error", nobs=nobs, p=p, **given(population=population))
    require("margin_of_error", "p", numbers["p"], (numbers["p"] >= 0) & (numbers["p"] <= 1), "a share from 0 to 1")
    n = np.where(numbers["nobs"] > 0, numbers["nobs"], np.nan)
    unseen = 1.0
    if population is not None:
        total = numbers["population"]
        # A population of one is a census as soon as somebody answered.
        unseen = (total - n) / np.where(total > 1, total - 1, 1)
    return answer({"margin": z * np.sqrt(numbers["p"] * (1 - numbers["p"]) / n * unseen)}, index)


def tsm_required_margin(dwellings: Numbers) -> Result:
    """Return the margin the UK Regulator of Social Housing requires of a tenant survey.

    Source: RSH TSM tenant survey requirements (bands 1,000 / 2,500 / 10,000 / 25,000 dwellings).
    Columns: margin (share at 95 %; missing below 1,000 dwellings: no fixed margin, publish what was reached).

    >>> tsm_required_margin(2499)["margin"], tsm_required_margin(2500)["margin"]
    (0.05, 0.04)
    """
    numbers, index = nested_counts("tsm_required_margin", dwellings=dwellings)
    size = numbers["dwellings"]
    margin = np.select([size >= start for start, _ in TSM_BANDS], [margin for _, margin in TSM_BANDS], np.nan)
    return answer({"margin": margin}, index)


def representativeness(
    respondents: Mapping[Any, float] | pd.Series, population: Mapping[Any, float] | pd.Series, seed: int = 0
) -> dict[str, Any]:
    """Return whether those who answered differ from all households on a known variable.

    Formula: chi2 = sum (O - E)^2/E, E = n N_h/N, df = k - 1; std_residual (O - E)/sqrt(E (1 - N_h/N)). With an
    expected count below 5 the p-value is simulated (9,999 samples, fixed `seed`).
    A p-value above 0.05 is no proof of representativeness: always show the differences.
    Columns: chi2, df, p_value, method ("chi-square", "monte-carlo"), n; Series by category: expected, std_residual,
    difference (percentage points).
    Errors: ValueError for a respondent category which the population does not have.

    >>> result = representativeness({"a": 20, "b": 30, "c": 50}, {"a": 300, "b": 300, "c": 400})
    >>> round(result["chi2"], 3), result["df"], result["expected"].tolist()
    (5.833, 2, [30.0, 30.0, 40.0])
    """
    where = "representativeness"
    known = totals_by_category(where, "population", population)
    seen = pd.Series(respondents, dtype=float)
    strangers = [category for category in seen.index[seen > 0] if category not in known.index]
    if strangers:
        raise ValueError(f"{where}: respondents of {strangers}, expected only {known.index.tolist()}")
    observed = seen.reindex(known.index).fillna(0.0)
    nested_counts(where, respondents=observed)
    n, share = observed.sum(), known / known.sum()
    if n == 0 or len(known) < 2:
        missing = pd.Series(np.nan, index=known.index)
        tests = {"chi2": np.nan, "df": len(known) - 1, "p_value": np.nan, "method": "none", "n": int(n)}
        return {**tests, "expected": n * share, "std_residual": missing, "difference": missing}
    expected = n * share
    chi2, p_value, method = _goodness_of_fit(observed.to_numpy(), expected.to_numpy(), seed)
    tests = {"chi2": chi2, "df": len(known) - 1, "p_value": p_value, "method": method, "n": int(n)}
    residual = (observed - expected) / np.sqrt(expected * (1 - share))
    return {
        **tests,
        "expected": expected,
        "std_residual": residual,
        "difference": 100 * (observed / n - share),
    }


def _goodness_of_fit(observed: np.ndarray, expected: np.ndarray, seed: int) -> tuple[float, float, str]:
    # Written out: scipy.stats.chisquare refuses totals which differ in the last bit.
    chi2 = float(((observed - expected) ** 2 / expected).sum())
    if expected.min() >= SMALLEST_EXPECTED:
        return chi2, float(stats.chi2.sf(chi2, len(observed) - 1)), "chi-square"
    random = np.random.default_rng(seed)
    n, share = int(observed.sum()), expected / expected.sum()
    test = stats.monte_carlo_test(
        observed,
        rvs=lambda size: random.multinomial(n, share, size=size[:-1]),
        statistic=lambda counts, axis=-1: ((counts - expected) ** 2 / expected).sum(axis=axis),
        vectorized=True,
        alternative="greater",
    )
    return chi2, float(test.pvalue), "monte-carlo"


def survey_mean(
    y: Numbers,
    strata: Any = None,
    population_counts: Mapping[Any, float] | pd.Series | None = None,
    columns: Any = None,
    margins: Mapping[str, Mapping[Any, float]] | None = None,
    weights: Numbers = None,
    fpc: bool = False,
    confidence: float = 0.95,
) -> dict[str, Any]:
    """Return a weighted mean with its linearised standard error.

    Give one of: `strata` with `population_counts` (post-stratification, w = N_h/n_h), `columns` with `margins`
    (raking), or `weights`. Rows without y are left out before weighting.
    Formula: z_i = w_i e_i / sum w, e_i the residual of y on the weighting variables (stratum mean, calibration
    regression, or the weighted mean), var = n/(n-1) sum (z_i - mean z)^2, t with n - 1 df; `fpc` multiplies the
    variance by 1 - n/N. For a share print `weighted_proportion_ci(y, weights, se=se)`, not these limits.
    Source: Lumley 2010 (R: survey::postStratify, svymean).

    Columns: estimate, se, low, high, unweighted (unit of y), n, deff_kish, n_eff, weights (array in order of the rows
    used), weights_by_stratum (Series, None unless strata), caution (deff > 2, or weighting moved the mean by more
    than its margin).
    Errors: ValueError for a population category nobody answered for, an unknown category, weights not positive.

    >>> result = survey_mean([1, 0, 1, 1], strata=["a", "a", "b", "b"], population_counts={"a": 30, "b": 10})
    >>> round(result["estimate"], 4), round(result["se"], 4), result["weights_by_stratum"].to_dict()
    (0.625, 0.3062, {'a': 15.0, 'b': 5.0})
    """
    where = "survey_mean"
    half = tail(where, confidence)
    answers = np.atleast_1d(floats(where, "y", y))
    valid = ~np.isnan(answers)
    values = answers[valid]
    if not len(values):
        return _no_answers()
    ways = (strata, columns, weights)
    if sum(way is not None for way in ways) != 1:
        raise ValueError(
            f"{where}: got {sum(w is not None for w in ways)} of strata, columns and weights, expected one"
        )
    by_stratum = None
    if strata is not None:
        groups = {"strata": np.asarray(strata, dtype=object)[valid]}
        w, by_stratum = stratum_weights(where, groups["strata"], population_counts)
        total = population_total(where, {"strata": population_counts})
    elif columns is not None:
        groups = {name: np.asarray(values_of, dtype=object)[valid] for name, values_of in dict(columns).items()}
        raked = rake(groups, margins)
        if not raked["converged"]:
            raise ValueError(f"{where}: raking did not settle in {raked['iterations']} rounds; merge small categories")
        w, total = raked["weights"], population_total(where, margins)
    else:
        groups, w = {}, _given_weights(where, weights, valid)
        total = w.sum()
    return _linearised(where, values, w, groups, total if fpc else None, half) | {"weights_by_stratum": by_stratum}


def _given_weights(where: str, weights: Numbers, valid: np.ndarray) -> np.ndarray:
    array = floats(where, "weights", weights)
    if array.shape != valid.shape:
        raise ValueError(f"{where}: {array.size} weights for {valid.size} values of y, expected one for each")
    if not (array[valid] > 0).all():
        raise ValueError(f"{where}: a weight is missing, zero or negative, expected positive; leave such rows out")
    return array[valid]


def _no_answers() -> dict[str, Any]:
    numbers = dict.fromkeys(("estimate", "se", "low", "high", "unweighted", "deff_kish", "n_eff"), np.nan)
    return {**numbers, "n": 0, "weights": np.array([]), "caution": True, "weights_by_stratum": None}


def _linearised(
    where: str,
    y: np.ndarray,
    w: np.ndarray,
    groups: Mapping[str, np.ndarray],
    total: float | None,
    half: float,
) -> dict[str, Any]:
    n, estimate, plain = len(y), float((w * y).sum() / w.sum()), float(y.mean())
    se = linearised_error(y, w, groups)
    if total is not None:
        if not n <= total:
            raise ValueError(f"{where}: fpc with a population of {total:g} for {n} answers, expected at least as many")
        se *= float(np.sqrt(1 - n / total))
    reach = float(stats.t.isf(half, n - 1)) * se if n > 1 else np.nan
    kish = design_effect(w)
    caution = kish["deff_kish"] > 2 or not abs(estimate - plain) <= reach
    limits = {"estimate": estimate, "se": se, "low": estimate - reach, "high": estimate + reach}
    return {**limits, "unweighted": plain, "n": n, **kish, "weights": w, "caution": bool(caution)}


def linearised_error(y: np.ndarray, w: np.ndarray, groups: Mapping[str, np.ndarray]) -> float:
    """Return the linearised standard error of a weighted mean; NaN with fewer than two answers."""
    n = len(y)
    if n < 2:
        return np.nan
    indicators = [pd.get_dummies(pd.Series(labels)).to_numpy(dtype=float) for labels in groups.values()]
    design = np.hstack([np.ones((n, 1)), *indicators])
    root = np.sqrt(w)[:, None]
    beta = np.linalg.lstsq(design * root, y * root[:, 0], rcond=None)[0]
    z = w * (y - design @ beta) / w.sum()
    return float(np.sqrt(n / (n - 1) * ((z - z.mean()) ** 2).sum()))


def weighted_proportion_ci(
    y: Numbers,
    weights: Numbers,
    method: str = "korn_graubard",
    confidence: float = 0.95,
    se: float | None = None,
) -> dict[str, float]:
    """Return a weighted share with an interval which keeps its promise near 0 and 1.

    Formula: "korn_graubard" n_e = p(1-p)/se^2, at most n, and n if p is 0 or 1; x_e = n_e p;
    B^-1(a/2; x_e, n_e-x_e+1) to B^-1(1-a/2; x_e+1, n_e-x_e), on the linearised s.e. without fpc (pass the `se` of
    `survey_mean` after post-stratification or raking). "wilson_kish": Wilson on n_eff = (sum w)^2/sum w^2.
    Source: Korn & Graubard 1998; NCHS Series 2 No. 175.
    Columns: estimate, se, low, high (shares), n_eff (the effective n used), n. Rows missing y or weight are left out.
    Errors: ValueError for y other than 0, 1, missing; weights not positive.

    >>> share = weighted_proportion_ci([1, 1, 0, 1, 0, 1, 1, 1, 1, 1], [2, 1, 1, 1, 3, 1, 1, 1, 2, 1])
    >>> {name: round(value, 4) for name, value in share.items()}
    {'estimate': 0.7143, 'se': 0.1882, 'low': 0.2497, 'high': 0.9741, 'n_eff': 5.7647, 'n': 10}
    """
    where = "weighted_proportion_ci"
    half = tail(where, confidence)
    one_of(where, "method", method, ("korn_graubard", "wilson_kish"))
    hits, w = complete_pairs(where, y=y, weights=weights)
    require(where, "y", hits, (hits == 0) | (hits == 1), "0 or 1")
    require(where, "weights", w, w > 0, "a positive number", "leave rows of weight 0 out")
    n = len(hits)
    if n == 0:
        return dict.fromkeys(("estimate", "se", "low", "high", "n_eff"), np.nan) | {"n": 0}
    p = float(np.clip((w * hits).sum() / w.sum(), 0, 1)) if 0 < hits.sum() < n else float(hits[0])
    se = linearised_error(hits, w, {}) if se is None else float(se)
    if method == "wilson_kish":
        n_eff, limits = design_effect(w)["n_eff"], wilson_limits
    else:
        n_eff, limits = (min(n, p * (1 - p) / se**2) if 0 < p < 1 and se > 0 else float(n)), exact_limits
    low, high = limits(np.array([n_eff * p]), np.array([n_eff]), half)
    return {
        "estimate": p,
        "se": se,
        "low": float(low[0]),
        "high": float(high[0]),
        "n_eff": float(n_eff),
        "n": n,
    }
