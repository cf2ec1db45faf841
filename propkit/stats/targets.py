"""Targets and the next month: what was attained, what could be seen at all, what to expect (statistics.md 8).

A target on the realised count of all cases is a fact (`point_meets`); a target for the process is judged by the
interval (`status`). The catalogue of KPIs says which of the two a target means.
"""

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, stats

from propkit.stats.arguments import (
    Numbers,
    Result,
    answer,
    elements,
    floats,
    fraction_within,
    nested_counts,
    one_of,
    require,
    tail,
    whole_numbers,
)
from propkit.stats.proportions import proportion_ci


def target_status(
    count: Numbers,
    nobs: Numbers,
    target: Numbers,
    direction: str = ">=",
    population: Numbers = None,
    confidence: float = 0.95,
) -> Result:
    """Return whether a share attained its target, as far as the data can tell.

    attained: the whole exact interval lies on the good side; not_attained: wholly on the bad side; undecided in
    between; no_data when n = 0. `population` as in `proportion_ci`.
    Columns: status, point_meets (the exact fraction against the target as written, never a printed value; None
    without data), low, high (shares). Source: GB/T 8170-2008, comparison of full values.
    Errors: ValueError for an unknown direction or a target outside 0..1.

    >>> result = target_status(58, 60, 0.95)
    >>> result["status"], result["point_meets"], round(result["low"], 4), round(result["high"], 4)
    ('undecided', True, 0.8847, 0.9959)
    """
    where = "target_status"
    one_of(where, "direction", direction, (">=", "<="))
    numbers, index = elements(where, count=count, nobs=nobs, target=target)
    x, n, goal = numbers.values()
    require(where, "target", goal, (goal >= 0) & (goal <= 1), "a share from 0 to 1", "write 95 % as 0.95")
    interval = proportion_ci(np.atleast_1d(x), n, confidence=confidence, population=population)
    low, high = interval["low"].to_numpy(), interval["high"].to_numpy()
    good, bad = (low >= goal, high < goal) if direction == ">=" else (high <= goal, low > goal)
    unknown = np.isnan(low + goal)
    status = np.select([unknown, good, bad], ["no_data", "attained", "not_attained"], "undecided")
    meets = [_meets(*row, direction) for row in zip(x, n, goal, unknown, strict=True)]
    meets = np.array(meets, dtype=object)
    return answer({"status": status, "point_meets": meets, "low": low, "high": high}, index)


def _meets(count: float, nobs: float, goal: float, unknown: bool, direction: str) -> bool | None:
    if unknown:
        return None
    # The target is the decimal which was written (0.95 = 95/100), not the binary number next to it.
    share, written = Fraction(int(count), int(nobs)), Fraction(str(goal))
    return share >= written if direction == ">=" else share <= written


def nobs_for_change(p_a: Numbers, p_b: Numbers, power: float = 0.8, alpha: float = 0.05) -> Result:
    """Return the answers needed in each of two groups to see a change from p_a to p_b.

    Formula: n = [z_(a/2) sqrt(2 m (1-m)) + z_power sqrt(p_a(1-p_a) + p_b(1-p_b))]^2 / (p_b - p_a)^2, m the mean of
    both (R: power.prop.test). Columns: n_raw, n (rounded up; infinite when nothing changes).
    Errors: ValueError for shares outside 0..1.

    >>> round(nobs_for_change(0.50, 0.75, power=0.90)["n_raw"], 5)
    76.70693
    """
    where = "nobs_for_change"
    numbers, index = elements(where, p_a=p_a, p_b=p_b)
    for name, share in numbers.items():
        require(where, name, share, (share >= 0) & (share <= 1), "a share from 0 to 1")
    z_power = stats.norm.ppf(fraction_within(where, "power", power))
    z_alpha = stats.norm.isf(fraction_within(where, "alpha", alpha) / 2)
    p_a, p_b = numbers.values()
    middle, change = (p_a + p_b) / 2, np.abs(p_b - p_a)
    spread = z_alpha * np.sqrt(2 * middle * (1 - middle)) + z_power * np.sqrt(p_a * (1 - p_a) + p_b * (1 - p_b))
    n_raw = np.where(np.isnan(change), np.nan, np.inf)
    np.divide(spread**2, change**2, out=n_raw, where=change > 0)
    return answer({"n_raw": n_raw, "n": np.ceil(n_raw)}, index)


def min_detectable_change(
    nobs: Numbers, p_a: Numbers, power: float = 0.8, alpha: float = 0.05, improvement: str = "increase"
) -> Result:
    """Return the smallest share p_b which a comparison of two groups of `nobs` would see with the given power.

    Formula: the p_b at which `nobs_for_change` equals nobs. Print it with every proposed target.
    Columns: p_b, change (p_b - p_a, shares; missing when no share up to 100 % or down to 0 % is far enough).
    Errors: ValueError for shares outside 0..1 or an unknown direction.

    >>> round(min_detectable_change(100, 0.80)["change"], 4)
    0.1338
    """
    where = "min_detectable_change"
    one_of(where, "improvement", improvement, ("increase", "decrease"))
    numbers, index = elements(where, nobs=nobs, p_a=p_a)
    whole_numbers(where, nobs=numbers["nobs"])
    end = 1.0 if improvement == "increase" else 0.0
    found = np.array([_detectable(n, p, end, power, alpha) for n, p in zip(*numbers.values(), strict=True)])
    return answer({"p_b": found, "change": found - numbers["p_a"]}, index)


def _detectable(nobs: float, p_a: float, end: float, power: float, alpha: float) -> float:
    def excess(p_b: float) -> float:
        return nobs_for_change(p_a, p_b, power, alpha)["n_raw"] - nobs

    if np.isnan(nobs + p_a) or nobs == 0 or p_a == end or excess(end) > 0:
        return np.nan
    # Next to p_a the needed n grows beyond bounds, so the root lies in between.
    near = p_a + (end - p_a) * 1e-9
    return float(optimize.brentq(excess, near, end, xtol=1e-13))


def predict_count(count: Numbers, nobs: Numbers, nobs_next: Numbers, confidence: float = 0.95) -> Result:
    """Return the range of next month's count if nothing changes.

    Formula: beta-binomial with the Jeffreys prior, betabinom(n_next, x + 1/2, n - x + 1/2); low and high are the
    smallest k with CDF >= a/2 and 1 - a/2.
    Columns: low, high, mean (counts), status (ok, no_data: n or n_next is 0 or missing).
    Errors: ValueError if count > nobs.

    >>> predict_count(54, 60, 60)["low"], predict_count(54, 60, 60)["high"]
    (46.0, 59.0)
    """
    where = "predict_count"
    half = tail(where, confidence)
    nested_counts(where, count=count, nobs=nobs)
    numbers, index = whole_numbers(where, count=count, nobs=nobs, nobs_next=nobs_next)
    known = (numbers["nobs"] > 0) & (numbers["nobs_next"] > 0) & ~np.isnan(numbers["count"])
    x, n, size = (array[known] for array in numbers.values())
    future = stats.betabinom(size.astype(int), x + 0.5, n - x + 0.5)
    found = {"low": future.ppf(half), "high": future.ppf(1 - half), "mean": size * (x + 0.5) / (n + 1)}
    columns = {name: np.full(len(known), np.nan) for name in found}
    for name, values in found.items():
        columns[name][known] = values
    return answer({**columns, "status": np.where(known, "ok", "no_data")}, index)


def seasonal_naive(values: Numbers, period: int = 12, horizon: int = 1, confidence: float = 0.95) -> pd.DataFrame:
    """Return the forecast "the same month last year" for the next `horizon` months.

    Formula: mean y_(T+h-m), s^2 = mean((y_t - y_(t-m))^2), +- z s sqrt(floor((h-1)/m) + 1).
    Source: Hyndman & Athanasopoulos (R: forecast::snaive).
    Columns: step (1..horizon), mean, low, high (unit of the values; missing with under period + 1 months).
    Errors: ValueError for a period or horizon below 1.

    >>> seasonal_naive([10, 20, 12, 22], period=2, horizon=2).round(2).values.tolist()
    [[1.0, 12.0, 8.08, 15.92], [2.0, 22.0, 18.08, 25.92]]
    """
    where = "seasonal_naive"
    if period < 1 or horizon < 1:
        raise ValueError(f"{where}: period is {period}, horizon {horizon}, expected both at least 1")
    array: Any = np.atleast_1d(floats(where, "values", values))
    z = stats.norm.isf(tail(where, confidence))
    steps = np.arange(1, horizon + 1)
    changes = array[period:] - array[:-period]
    changes = changes[~np.isnan(changes)]
    if not len(changes):
        return pd.DataFrame({"step": steps, "mean": np.nan, "low": np.nan, "high": np.nan})
    mean = array[len(array) - period + (steps - 1) % period]
    reach = z * np.sqrt((changes**2).mean() * ((steps - 1) // period + 1))
    return pd.DataFrame({"step": steps, "mean": mean, "low": mean - reach, "high": mean + reach})
