"""One share: its interval, its test, and what those who did not answer could change (statistics.md 1.1, 1.2, 1.4).

The default is the exact interval, because verdicts at high targets are where Wilson is weakest.
Differences between shares live in `differences`, events which can repeat in `events`.
"""

from collections.abc import Callable

import numpy as np
from scipy import stats
from scipy.optimize import elementwise
from scipy.special import betainc

from propkit.stats.arguments import (
    Numbers,
    Result,
    answer,
    elements,
    fraction_within,
    given,
    nested_counts,
    one_of,
    require,
    tail,
)

# Guards the strict ">" of the hypergeometric set: a probability which equals the tail must not slip in by rounding.
ROUNDING = 1e-10


def proportion_ci(
    count: Numbers,
    nobs: Numbers,
    method: str = "exact",
    confidence: float = 0.95,
    population: Numbers = None,
) -> Result:
    """Return a share with its confidence interval.

    Formula: "exact" is Clopper-Pearson, B^-1(a/2; x, n-x+1) to B^-1(1-a/2; x+1, n-x); "wilson" the score interval;
    "midp" inverts P(X > x) + P(X = x)/2. With `population` (N households, a statement about exactly these) "exact" is
    the set of all M with P(X >= x | M) > a/2 and P(X <= x | M) > a/2 for the hypergeometric X; the others are cut to
    the logical bounds x/N and (x + N - n)/N.

    Columns: estimate, low, high (shares); status: ok, no_data (n = 0 or missing), census (n = N);
    with population and exact also low_count, high_count (households). Where the true share of N households cannot
    equal x/n, the limits are widened to contain x/n.

    Source: Clopper & Pearson 1934; Wilson 1927; Cochran 1977 for finite populations.
    Errors: ValueError for counts which are not whole, count > nobs, nobs > population.

    >>> proportion_ci(66, 80, population=120)["low_count"]
    92.0
    >>> {k: round(v, 4) for k, v in proportion_ci(9, 10).items() if k != "status"}
    {'estimate': 0.9, 'low': 0.555, 'high': 0.9975}
    """
    where = "proportion_ci"
    half = tail(where, confidence)
    one_of(where, "method", method, LIMITS)
    numbers, index = nested_counts(where, count=count, nobs=nobs, **given(population=population))
    known = np.all([np.isfinite(a) for a in numbers.values()], axis=0) & (numbers["nobs"] > 0)
    x, n, *rest = (np.where(known, a, np.nan) for a in numbers.values())
    columns = {"estimate": x / n}
    if not rest:
        low, high = LIMITS[method](x, n, half)
    elif method == "exact":
        low_count, high_count = hypergeometric_counts(x, n, rest[0], half)
        low, high = low_count / rest[0], high_count / rest[0]
        columns |= {"low_count": low_count, "high_count": high_count}
    else:
        low, high = LIMITS[method](x, n, half)
        low, high = np.maximum(low, x / rest[0]), np.minimum(high, (x + rest[0] - n) / rest[0])
    columns |= {"low": np.minimum(low, x / n), "high": np.maximum(high, x / n)}
    census = (n == rest[0]) if rest else np.zeros_like(known)
    columns["status"] = np.select([~known, census], ["no_data", "census"], "ok")
    order = ["estimate", "low", "high", "status", "low_count", "high_count"]
    return answer({name: columns[name] for name in order if name in columns}, index)


def exact_limits(x: np.ndarray, n: np.ndarray, half: float) -> tuple[np.ndarray, np.ndarray]:
    """Return Clopper-Pearson limits; x and n may be effective numbers which are not whole."""
    low = np.where(x == 0, 0.0, stats.beta.ppf(half, x, n - x + 1))
    high = np.where(x == n, 1.0, stats.beta.ppf(1 - half, x + 1, n - x))
    return low, high


def wilson_limits(x: np.ndarray, n: np.ndarray, half: float) -> tuple[np.ndarray, np.ndarray]:
    """Return Wilson score limits; the building block of differences."""
    z, p = stats.norm.isf(half), x / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    # At 0 and n the limit equals the estimate in theory; rounding must not push it past the estimate.
    return np.clip(centre - reach, 0, p), np.clip(centre + reach, p, 1)


def midp_limits(x: np.ndarray, n: np.ndarray, half: float) -> tuple[np.ndarray, np.ndarray]:
    """Return mid-P limits: half of the probability of the observed count belongs to each side."""
    return _midp_low(x, n, half), 1 - _midp_low(n - x, n, half)


def _midp_low(x: np.ndarray, n: np.ndarray, half: float) -> np.ndarray:
    # For x = n only the point probability is left: p^n / 2 = half; for x = 0 the limit is 0.
    low = np.where(x == 0, 0.0, (2 * half) ** (1 / n))
    inner = (x > 0) & (x < n)
    if inner.any():
        k, m = x[inner], n[inner]
        root = elementwise.find_root(_midp_excess, (np.zeros_like(k), np.ones_like(k)), args=(k, m, half))
        low[inner] = root.x
    return low


def _midp_excess(p: np.ndarray, x: np.ndarray, n: np.ndarray, half: float) -> np.ndarray:
    # The mean of P(X >= x) and P(X > x) is P(X > x) + P(X = x) / 2.
    return (betainc(x, n - x + 1, p) + betainc(x + 1, n - x, p)) / 2 - half


LIMITS: dict[str, Callable[..., tuple[np.ndarray, np.ndarray]]] = {
    "exact": exact_limits,
    "wilson": wilson_limits,
    "midp": midp_limits,
}


def hypergeometric_counts(
    x: np.ndarray, n: np.ndarray, population: np.ndarray, half: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest and largest number of successes among all N which x of n drawn does not rule out."""
    low = _fewest_successes(x, n, population, half)
    return low, population - _fewest_successes(n - x, n, population, half)


def _fewest_successes(x: np.ndarray, n: np.ndarray, population: np.ndarray, half: float) -> np.ndarray:
    # P(X >= x | M) grows with M and is 1 at M = N - n + x, so halving the range finds the first M above the tail.
    fewest = np.full(x.shape, np.nan)
    known = ~np.isnan(x + n + population)
    x, n, population = x[known], n[known], population[known]
    low, high = x.copy(), population - n + x
    while (low < high).any():
        middle = np.floor((low + high) / 2)
        kept = stats.hypergeom.sf(x - 1, population, middle, n) > half * (1 + ROUNDING)
        low, high = np.where(kept, low, middle + 1), np.where(kept, middle, high)
        low = np.minimum(low, high)
    fewest[known] = low
    return fewest


def nonresponse_bounds(count: Numbers, nobs: Numbers, population: Numbers) -> Result:
    """Return the lowest and highest share possible whatever those who did not answer think.

    Formula: x/N to (x + N - n)/N. Source: Manski 1989.
    Columns: low, high (shares of all N); status: ok, no_data (nobody answered), census (everybody did).
    Errors: ValueError if count > nobs or nobs > population.

    >>> nonresponse_bounds(66, 80, 120)["low"], round(nonresponse_bounds(66, 80, 120)["high"], 4)
    (0.55, 0.8833)
    """
    numbers, index = nested_counts("nonresponse_bounds", count=count, nobs=nobs, population=population)
    known = np.all([np.isfinite(a) for a in numbers.values()], axis=0) & (numbers["nobs"] > 0)
    x, n, total = (np.where(known, a, np.nan) for a in numbers.values())
    status = np.select([~known, n == total], ["no_data", "census"], "ok")
    return answer({"low": x / total, "high": (x + total - n) / total, "status": status}, index)


def response_rate(completed: Numbers, eligible: Numbers) -> Result:
    """Return the share of those eligible who completed.

    Columns: rate (share), status (ok, no_data when nobody was eligible).
    Errors: ValueError if completed > eligible.

    >>> response_rate(80, 120)["rate"]
    0.6666666666666666
    """
    numbers, index = nested_counts("response_rate", completed=completed, eligible=eligible)
    total = np.where(numbers["eligible"] > 0, numbers["eligible"], np.nan)
    rate = numbers["completed"] / total
    return answer({"rate": rate, "status": np.where(np.isnan(rate), "no_data", "ok")}, index)


def proportion_test(count: Numbers, nobs: Numbers, null: Numbers, alternative: str = "two-sided") -> Result:
    """Return the exact binomial test of a share against a fixed value.

    Formula: two-sided by minimum likelihood (all counts no more likely than the one seen), as scipy and R.
    Columns: p_value (missing when n = 0). `alternative`: "two-sided", "less", "greater".
    Errors: ValueError if count > nobs or null is no share.

    >>> round(proportion_test(682, 925, 0.75)["p_value"], 4)
    0.3825
    """
    where = "proportion_test"
    one_of(where, "alternative", alternative, ("two-sided", "less", "greater"))
    nested_counts(where, count=count, nobs=nobs)
    numbers, index = elements(where, count=count, nobs=nobs, null=null)
    x, n, p = numbers.values()
    require(where, "null", p, (p >= 0) & (p <= 1), "a share from 0 to 1")
    rows = zip(x, n, p, strict=True)
    p_value = [binomial_p(k, m, share, alternative) for k, m, share in rows]
    return answer({"p_value": np.array(p_value)}, index)


def binomial_p(count: float, nobs: float, null: float, alternative: str = "two-sided") -> float:
    """Return the exact binomial p-value of one row, missing when there is nothing to test."""
    if not nobs > 0 or np.isnan(count + null):
        return np.nan
    null = fraction_within("binomial_p", "null", null, ends=True)
    return float(stats.binomtest(int(count), int(nobs), null, alternative).pvalue)
