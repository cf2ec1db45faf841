"""Events which can repeat, and money: complaints per 1,000 households, collection rates (statistics.md 1.6).

Money is never binomial: a collection rate is a ratio of sums, with the household as unit.
"""

from typing import Any

import numpy as np
from scipy import stats

from propkit.stats.arguments import (
    Numbers,
    Result,
    answer,
    complete_pairs,
    elements,
    one_of,
    require,
    tail,
    whole_numbers,
)
from propkit.stats.proportions import binomial_p, exact_limits


def rate_ci(
    count: Numbers, exposure: Numbers, per: float = 1000, method: str = "exact", confidence: float = 0.95
) -> Result:
    """Return a rate of events for each `per` units of exposure, with its Poisson interval.

    Formula: "exact" chi2(a/2; 2x)/2 and chi2(1-a/2; 2x+2)/2 over exposure (Garwood 1936); "byar"
    x (1 - 1/9x - z/(3 sqrt x))^3 and the same with x + 1 and +z.
    Exposure is household-months without vacant ones, never calendar days.
    Columns: estimate, low, high (events per `per`), status (ok, no_data when exposure is 0 or missing).
    Errors: ValueError for a negative exposure or a count which is not whole.

    >>> {k: round(v, 3) for k, v in rate_ci(10, 2400).items() if k != "status"}
    {'estimate': 4.167, 'low': 1.998, 'high': 7.663}
    """
    where = "rate_ci"
    half = tail(where, confidence)
    one_of(where, "method", method, ("exact", "byar"))
    numbers, index = _events_and_exposures(where, count=count, exposure=exposure)
    x, units = numbers.values()
    scale = per / units
    low, high = garwood_limits(x, half) if method == "exact" else byar_limits(x, half)
    status = np.where(np.isnan(units + x), "no_data", "ok")
    return answer({"estimate": x * scale, "low": low * scale, "high": high * scale, "status": status}, index)


def _events_and_exposures(where: str, **named: Any) -> tuple[dict[str, np.ndarray], Any]:
    """Read pairs of count and exposure; a pair without exposure becomes missing."""
    numbers, index = elements(where, **named)
    names = list(numbers)
    for count, exposure in zip(names[::2], names[1::2], strict=True):
        whole_numbers(where, **{count: numbers[count]})
        require(where, exposure, numbers[exposure], numbers[exposure] >= 0, "0 or more")
        numbers[exposure] = np.where(numbers[exposure] > 0, numbers[exposure], np.nan)
    return numbers, index


def garwood_limits(x: np.ndarray, half: float) -> tuple[np.ndarray, np.ndarray]:
    """Return exact Poisson limits of a count."""
    low = np.where(x == 0, 0.0, stats.chi2.ppf(half, 2 * x) / 2)
    return low, stats.chi2.isf(half, 2 * x + 2) / 2


def byar_limits(x: np.ndarray, half: float) -> tuple[np.ndarray, np.ndarray]:
    """Return Byar's approximate Poisson limits of a count, as used by PHE/OHID."""
    z, some = stats.norm.isf(half), np.maximum(x, 1)
    low = some * (1 - 1 / (9 * some) - z / (3 * np.sqrt(some))) ** 3
    more = x + 1
    high = more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3
    return np.where(x == 0, 0.0, np.maximum(low, 0.0)), high


def rate_ratio(
    count_a: Numbers, exposure_a: Numbers, count_b: Numbers, exposure_b: Numbers, confidence: float = 0.95
) -> Result:
    """Return the ratio b/a of two event rates with the conditional exact interval and test.

    Formula: given the total, X_b ~ Bin(total, E_b/(E_a + E_b)); Clopper-Pearson limits q become
    q/(1 - q) E_a/E_b. The ratio is infinite when a had no event; its lower limit still says something.
    Columns: ratio, low, high, p_value, status (ok, no_data: an exposure is 0 or no event happened at all).
    Errors: ValueError for a negative exposure or a count which is not whole.

    >>> ratio = rate_ratio(15, 19017, 41, 28010)
    >>> round(ratio["ratio"], 4), round(ratio["low"], 4), round(ratio["high"], 4)
    (1.8558, 1.0057, 3.6093)
    """
    where = "rate_ratio"
    half = tail(where, confidence)
    names = {"count_a": count_a, "exposure_a": exposure_a, "count_b": count_b, "exposure_b": exposure_b}
    numbers, index = _events_and_exposures(where, **names)
    x_a, e_a, x_b, e_b = numbers.values()
    known = (x_a + x_b > 0) & ~np.isnan(e_a + e_b)
    x_b, total = np.where(known, x_b, np.nan), np.where(known, x_a + x_b, np.nan)
    low, high = exact_limits(x_b, total, half)
    ratio, low, high = (_odds(share) * e_a / e_b for share in (x_b / total, low, high))
    rows = zip(x_b, total, e_b / (e_a + e_b), strict=True)
    p_value = np.array([binomial_p(k, m, share) for k, m, share in rows])
    status = np.where(known, "ok", "no_data")
    return answer({"ratio": ratio, "low": low, "high": high, "p_value": p_value, "status": status}, index)


def _odds(share: np.ndarray) -> np.ndarray:
    odds = np.full_like(share, np.inf)
    np.divide(share, 1 - share, out=odds, where=~(share == 1))
    return odds


def ratio_ci(
    numerator: Numbers, denominator: Numbers, population: float | None = None, confidence: float = 0.95
) -> dict[str, Any]:
    """Return a ratio of sums, such as paid over due, with the linearised interval (the household is the unit).

    Formula: R = sum y / sum x, se^2 = n/(n-1) sum (y_i - R x_i)^2 / (sum x)^2 (1 - n/N), t with n - 1 df.
    Only for the question "would it be the same next month?"; for all accounts the sum is a fact without interval.
    Households missing one of the numbers are left out. Source: Cochran 1977 (R: survey::svyratio).
    Columns: estimate, se, low, high (same unit as y/x), n (households used), status (ok, no_data, census).
    Errors: ValueError if the population is smaller than n.

    >>> ratio = ratio_ci([90, 100, 0, 120], [100, 100, 80, 120])
    >>> round(ratio["estimate"], 4), ratio["n"]
    (0.775, 4)
    """
    half = tail("ratio_ci", confidence)
    y, x = complete_pairs("ratio_ci", numerator=numerator, denominator=denominator)
    n = len(x)
    if population is not None and population < n:
        raise ValueError(f"ratio_ci: population is {population}, expected at least the {n} households given")
    if n == 0 or x.sum() == 0:
        return {"estimate": np.nan, "se": np.nan, "low": np.nan, "high": np.nan, "n": n, "status": "no_data"}
    ratio = float(y.sum() / x.sum())
    se = _ratio_error(y - ratio * x, float(x.sum()), 1 - n / population if population else 1.0)
    reach = stats.t.isf(half, n - 1) * se if n > 1 else np.nan
    status = "census" if n == population else "ok"
    return {
        "estimate": ratio,
        "se": se,
        "low": ratio - reach,
        "high": ratio + reach,
        "n": n,
        "status": status,
    }


def _ratio_error(residuals: np.ndarray, total: float, unseen: float) -> float:
    n = len(residuals)
    if n < 2:
        return np.nan
    return float(np.sqrt(n / (n - 1) * (residuals**2).sum() * unseen) / abs(total))
