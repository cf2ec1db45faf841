"""Did it work? Differences in differences, interrupted series, regression to the mean (statistics.md 5.3).

Anything chosen because it was bad will get better by itself; a before/after without `regression_to_mean` or sister
communities says "changed", never "because of".
"""

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from propkit.stats.arguments import Numbers, elements, floats, nested_counts, one_of, require, tail
from propkit.stats.differences import newcombe_limits

# Shorter series give a chart, no model (Hawley 2019 finds even 12 + 12 months weak).
FEWEST_BEFORE, FEWEST_AFTER = 8, 4
# Residuals this small beside the data are rounding noise, from which no error can be estimated.
NOISE = 1e-12


def interrupted_time_series(
    values: Numbers,
    start: int,
    slope: bool = True,
    se: str = "ols",
    lags: int | None = None,
    rho: float = 0.3,
    weights: Numbers = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the segmented regression of a monthly series around month `start` (0-based, the first month after).

    Formula: y_t = intercept + trend t + level_change D_t + slope_change (t - start) D_t, t = 0..T-1; `slope=False`
    leaves the last term out; `weights` (such as n_t) weight the months. `se`: "ols"; "hac" = Newey-West with Bartlett
    kernel over `lags` (default 4 (T/100)^(2/9)) times n/(n-k); "ar1" = GLS with autocorrelation fixed at `rho`,
    sigma2 = RSS/(n-k). Claim a change only if "ols" and "ar1" with rho 0.3 both exclude 0; hac is for comparison, its
    intervals are too narrow on short series. Source: Turner et al. 2021.
    Columns: term, estimate, se, low, high (unit of the values), p_value, df (t distribution), status: ok,
    insufficient_data (under 8 months before or 4 after: chart only), no_variation (a perfect fit has no error).
    Missing months are left out and keep their place in time.
    Errors: ValueError for an unknown `se`, rho outside -1..1, weights not positive.

    >>> y = [70, 72, 71, 73, 70, 72, 71, 72, 71, 73, 78, 79, 77, 80, 78, 79]
    >>> interrupted_time_series(y, start=10).loc[2, ["estimate", "low", "high"]].astype(float).round(3).tolist()
    [5.943, 3.575, 8.311]
    """
    where = "interrupted_time_series"
    one_of(where, "se", se, ("ols", "hac", "ar1"))
    half = tail(where, confidence)
    if not -1 < rho < 1:
        raise ValueError(f"{where}: rho is {rho!r}, expected an autocorrelation between -1 and 1")
    numbers, _ = elements(where, values=np.atleast_1d(values), weights=1.0 if weights is None else weights)
    require(where, "weights", numbers["weights"], numbers["weights"] > 0, "a positive number")
    kept = ~np.isnan(numbers["values"] + numbers["weights"])
    time, y, w = np.flatnonzero(kept), numbers["values"][kept], numbers["weights"][kept]
    design = _segmented_design(time, start, slope)
    terms = ["intercept", "trend", "level_change", "slope_change"][: design.shape[1]]
    if (time < start).sum() < FEWEST_BEFORE or (time >= start).sum() < FEWEST_AFTER:
        return _without_model(terms, "insufficient_data")
    X, y = design * np.sqrt(w)[:, None], y * np.sqrt(w)
    if se == "ar1":
        X, y = _whitened(X, time, rho), _whitened(y, time, rho)
    beta = np.linalg.lstsq(X, y, rcond=None)[0]
    residuals, df = y - X @ beta, len(y) - X.shape[1]
    if np.abs(residuals).max() <= NOISE * max(np.abs(y).max(), 1.0):
        return _without_model(terms, "no_variation")
    bread = np.linalg.inv(X.T @ X)
    if se == "hac":
        covariance = bread @ _bartlett_scores(X, residuals, lags) @ bread * len(y) / df
    else:
        covariance = bread * (residuals @ residuals) / df
    return _coefficients(terms, beta, np.sqrt(np.diag(covariance)), df, half)


def _segmented_design(time: np.ndarray, start: int, slope: bool) -> np.ndarray:
    after = (time >= start).astype(float)
    columns = [np.ones(len(time)), time.astype(float), after, (time - start) * after]
    return np.column_stack(columns if slope else columns[:3])


def _whitened(rows: np.ndarray, time: np.ndarray, rho: float) -> np.ndarray:
    # For months without gaps this is row 1 x sqrt(1 - rho^2) and y_t - rho y_{t-1}, up to one common factor.
    correlation = float(rho) ** np.abs(np.subtract.outer(time, time))
    return np.linalg.solve(np.linalg.cholesky(correlation), rows)


def _bartlett_scores(X: np.ndarray, residuals: np.ndarray, lags: int | None) -> np.ndarray:
    n = len(residuals)
    lags = int(4 * (n / 100) ** (2 / 9)) if lags is None else lags
    scores = X * residuals[:, None]
    total = scores.T @ scores
    for lag in range(1, lags + 1):
        crossed = scores[lag:].T @ scores[:-lag]
        total += (1 - lag / (lags + 1)) * (crossed + crossed.T)
    return total


def _coefficients(terms: list[str], beta: np.ndarray, se: np.ndarray, df: int, half: float) -> pd.DataFrame:
    reach, p_value = stats.t.isf(half, df) * se, 2 * stats.t.sf(np.abs(beta) / se, df)
    columns = {"term": terms, "estimate": beta, "se": se, "low": beta - reach, "high": beta + reach}
    return pd.DataFrame({**columns, "p_value": p_value, "df": df, "status": "ok"})


def _without_model(terms: list[str], status: str) -> pd.DataFrame:
    numbers = dict.fromkeys(("estimate", "se", "low", "high", "p_value", "df"), np.nan)
    return pd.DataFrame({"term": terms, **numbers, "status": status})


def lag1_autocorrelation(values: Numbers) -> dict[str, float]:
    """Return how much a month resembles the one before.

    Formula: r1 = sum (x_t - m)(x_{t+1} - m) / sum (x_t - m)^2 (divisor n, as R's acf).
    Columns: r1 (missing for under 3 or equal values, or with a missing month).

    >>> round(lag1_autocorrelation([1, 2, 3, 4, 5])["r1"], 3)
    0.4
    """
    x = np.atleast_1d(floats("lag1_autocorrelation", "values", values))
    if len(x) < 3 or np.isnan(x).any() or np.ptp(x) == 0:
        return {"r1": np.nan}
    centred = x - x.mean()
    return {"r1": float((centred[:-1] * centred[1:]).sum() / (centred**2).sum())}


def difference_in_differences(
    treated_before: tuple[int, int],
    treated_after: tuple[int, int],
    control_before: tuple[int, int],
    control_after: tuple[int, int],
    confidence: float = 0.95,
) -> dict[str, Any]:
    """Return how much more the treated community changed than its control; each argument is (count, nobs).

    Formula: MOVER: D = d_T - d_C from the Newcombe limits of both changes,
    low = D - sqrt((d_T - l_T)^2 + (u_C - d_C)^2), high = D + sqrt((u_T - d_T)^2 + (d_C - l_C)^2).
    Source: Zou & Donner 2008. Columns: treated_change, control_change, did, low, high (shares), status (ok, no_data).
    Errors: ValueError for a count above its base.

    >>> effect = difference_in_differences((60, 100), (75, 100), (70, 120), (74, 120))
    >>> [round(effect[name], 4) for name in ("did", "low", "high")]
    [0.1167, -0.0611, 0.2906]
    """
    half = tail("difference_in_differences", confidence)
    pairs = [treated_before, treated_after, control_before, control_after]
    numbers, _ = nested_counts(
        "difference_in_differences", count=[count for count, _ in pairs], nobs=[nobs for _, nobs in pairs]
    )
    x, n = numbers.values()
    if not (n > 0).all() or np.isnan(x).any():
        missing = dict.fromkeys(("treated_change", "control_change", "did", "low", "high"), np.nan)
        return {**missing, "status": "no_data"}
    found = did_limits(x.reshape(4, 1), n.reshape(4, 1), half)
    return {**{name: float(values[0]) for name, values in found.items()}, "status": "ok"}


def did_limits(x: np.ndarray, n: np.ndarray, half: float) -> dict[str, np.ndarray]:
    """Return the columns of `difference_in_differences`; rows: treated before, after, control before, after."""
    change, low, high = newcombe_limits(x[::2], n[::2], x[1::2], n[1::2], half)
    did = change[0] - change[1]
    limits = {
        "low": did - np.hypot(change[0] - low[0], high[1] - change[1]),
        "high": did + np.hypot(high[0] - change[0], change[1] - low[1]),
    }
    return {"treated_change": change[0], "control_change": change[1], "did": did, **limits}


def did_placebo(values: Any, treated: Hashable, start: int) -> dict[str, Any]:
    """Return the effect on one community judged against what its sisters show without any action.

    `values`: communities x months; `treated`: a row label (position for an array); `start`: first month after.
    Formula: effect = change of the treated - mean change of the K controls (change = mean after - mean before). The
    same is computed for each control against all others, the treated included; p = share of |effect| at least as
    large, the treated included. The smallest possible p is 1/(K+1): with fewer than 19 sisters show the rank instead.
    Sisters with a missing month are left out.
    Columns: did, placebo (Series by control, unit of the values), p_value, min_p, rank (1 = largest), n (communities).
    Errors: ValueError for an unknown row, or `start` outside the series.

    >>> effect = did_placebo([[5, 5, 9, 9], [5, 5, 5, 6], [4, 4, 5, 4], [6, 6, 6, 6]], treated=0, start=2)
    >>> round(effect["did"], 3), effect["p_value"], effect["rank"]
    (3.667, 0.25, 1)
    """
    table = pd.DataFrame(values).astype(float)
    if treated not in table.index:
        raise ValueError(f"did_placebo: no row {treated!r}, expected one of {table.index.tolist()[:10]}")
    if not 0 < start < table.shape[1]:
        raise ValueError(f"did_placebo: start is {start}, expected a month from 1 to {table.shape[1] - 1}")
    change = table.iloc[:, start:].mean(axis=1, skipna=False) - table.iloc[:, :start].mean(axis=1, skipna=False)
    change = change[change.notna()]
    k = len(change) - 1
    if treated not in change.index or k < 1:
        empty = {"did": np.nan, "placebo": pd.Series(dtype=float), "p_value": np.nan, "min_p": np.nan}
        return {**empty, "rank": np.nan, "n": len(change)}
    effects = change - (change.sum() - change) / k
    observed = float(effects[treated])
    # The tolerance keeps exact ties tied.
    rank = int((effects.abs() >= abs(observed) * (1 - 1e-12)).sum())
    placebo = effects.drop(index=treated)
    return {
        "did": observed,
        "placebo": placebo,
        "p_value": rank / (k + 1),
        "min_p": 1 / (k + 1),
        "rank": rank,
        "n": k + 1,
    }


def regression_to_mean(
    mean: float, sd_between: float, sd_within: float, cutoff: float, side: str = "below"
) -> dict[str, float]:
    """Return how far a community chosen for lying beyond a cutoff comes back without any action.

    Formula: sd_within^2 / sd_total * phi(z)/Phi(z), z = (cutoff - mean)/sd_total, sd_total^2 = sd_between^2 +
    sd_within^2; for side="above" with 1 - Phi(z). sd_within of a share is sqrt(p(1-p)/n).
    Source: Barnett et al. 2005.
    Columns: expected_rebound (unit of the mean, towards the mean, so positive on either side).
    Errors: ValueError for a negative sd, both 0, or an unknown side.

    >>> round(regression_to_mean(0.80, 0.04, (0.8 * 0.2 / 50) ** 0.5, 0.70)["expected_rebound"], 4)
    0.0873
    """
    where = "regression_to_mean"
    one_of(where, "side", side, ("below", "above"))
    if sd_between < 0 or sd_within < 0 or sd_between + sd_within == 0:
        raise ValueError(f"{where}: sd_between {sd_between}, sd_within {sd_within}, expected 0 or more, not both 0")
    total = float(np.hypot(sd_between, sd_within))
    z = (cutoff - mean) / total * (1 if side == "below" else -1)
    # On the log scale, since both densities vanish for a distant cutoff.
    rebound = sd_within**2 / total * np.exp(stats.norm.logpdf(z) - stats.norm.logcdf(z))
    return {"expected_rebound": float(rebound)}
