"""Months in a row: control charts as in NHS "Making Data Count" (statistics.md 5.1, 5.2).

A point is a signal or it is chance; month-on-month arrows on point values are neither. What an action achieved is asked
in `evaluation`.
"""

from typing import Any

import numpy as np
import pandas as pd

from propkit.stats.arguments import Numbers, Result, answer, elements, floats, nested_counts, one_of, require

# Nelson's and Wheeler's constants as the NHS charts write them, not to more digits.
LIMIT, SCREEN, RANGE_TO_SIGMA = 2.66, 3.267, 1.128
RUN_LENGTH = 7
FULL_LIMITS = 12
# Equal values must stay equal: a mean of equal numbers differs from them in the last binary digit.
NOISE = 1e-9


def xmr(values: Numbers, screen_outliers: bool = False, baseline: int | None = None) -> dict[str, Any]:
    """Return the limits of an individuals chart.

    Formula: centre = mean, limits centre +- 2.66 mean |moving range|; `screen_outliers` leaves out ranges above 3.267
    times their mean first (Nelson 1982); `baseline` uses the first k points only. Missing months are skipped.
    Columns: center, lcl, ucl (unit of the values), n, status: ok, trial (under 12 points), insufficient_data (under 2).
    Errors: ValueError for a baseline below 2.

    >>> limits = xmr([10, 12, 11, 13, 12, 11])
    >>> round(limits["lcl"], 3), limits["center"], round(limits["ucl"], 3), limits["status"]
    (7.776, 11.5, 15.224, 'trial')
    """
    array = np.atleast_1d(floats("xmr", "values", values))
    if baseline is not None and baseline < 2:
        raise ValueError(f"xmr: baseline is {baseline}, expected at least 2 points, better 12 or 24")
    used = array[:baseline]
    used = used[~np.isnan(used)]
    n = len(used)
    if n < 2:
        return {"center": np.nan, "lcl": np.nan, "ucl": np.nan, "n": n, "status": "insufficient_data"}
    ranges = np.abs(np.diff(used))
    if screen_outliers:
        ranges = ranges[ranges <= SCREEN * ranges.mean()]
    center, reach = float(used.mean()), float(LIMIT * ranges.mean())
    status = "trial" if n < FULL_LIMITS else "ok"
    return {"center": center, "lcl": center - reach, "ucl": center + reach, "n": n, "status": status}


def spc_rules(values: Numbers, center: Numbers, lcl: Numbers, ucl: Numbers) -> Result:
    """Return for each point which of the four rules it takes part in.

    outside: beyond a limit. shift: in 7 or more consecutive points on one side (a point on the centre breaks it).
    trend: in 7 or more consecutive points rising or falling (a tie breaks it). two_of_three: beyond two thirds of a
    limit but not outside, in three consecutive points on one side of which at least two are so.
    Missing months are skipped and never flagged. Source: NHSRplotthedots 0.2.2. Show in the order outside, trend,
    two_of_three, shift.
    Columns: outside, shift, trend, two_of_three (boolean).

    >>> spc_rules([1, 2, 3, 4, 5, 6, 7], 4, -4, 12)["trend"].all()
    np.True_
    """
    numbers, index = elements("spc_rules", values=values, center=center, lcl=lcl, ucl=ucl)
    present = ~np.isnan(numbers["values"])
    y, middle, low, high = (array[present] for array in numbers.values())
    scale = NOISE * (np.abs(middle) + np.abs(y))
    side = np.where(np.abs(y - middle) <= scale, 0, np.sign(y - middle))
    outside = (y > high + scale) | (y < low - scale)
    warning = np.where(side > 0, middle + (high - middle) * 2 / 3, middle - (middle - low) * 2 / 3)
    close = ~outside & (side * (y - warning) > scale)
    rules = {"outside": outside, "shift": _in_runs(side, RUN_LENGTH), "trend": _in_trends(y, scale)}
    rules["two_of_three"] = close & _in_two_of_three(side, close)
    flags = {name: np.zeros(len(present), dtype=bool) for name in rules}
    for name, flagged in rules.items():
        flags[name][present] = flagged
    return answer(flags, index)


def _in_runs(side: np.ndarray, length: int) -> np.ndarray:
    """Return which points lie in a run of at least `length` equal, non-zero (and present) sides."""
    if not len(side):
        return np.zeros(0, dtype=bool)
    run = np.cumsum(np.r_[0, np.diff(side) != 0])
    return (np.bincount(run)[run] >= length) & (np.abs(side) == 1)


def _in_trends(y: np.ndarray, scale: np.ndarray) -> np.ndarray:
    steps = np.diff(y)
    direction = np.where(np.abs(steps) <= scale[1:], 0, np.sign(steps))
    steady = _in_runs(direction, RUN_LENGTH - 1)
    # Six steps join seven points: both ends of a step take part.
    return np.r_[False, steady][: len(y)] | np.r_[steady, False][: len(y)]


def _in_two_of_three(side: np.ndarray, close: np.ndarray) -> np.ndarray:
    if len(side) < 3:
        return np.zeros(len(side), dtype=bool)
    same_side = np.abs(np.convolve(side, np.ones(3), mode="valid")) == 3
    hits = same_side & (np.convolve(close, np.ones(3), mode="valid") >= 2)
    return np.convolve(hits, np.ones(3)) > 0


def assurance(target: float, lcl: float, ucl: float, improvement: str = "increase") -> dict[str, str]:
    """Return whether a stable process will keep hitting the target.

    Columns: assurance: consistent_pass or consistent_fail when the target lies outside the limits, inconsistent when
    within (chance decides each month), no_data without limits.
    Errors: ValueError for an unknown direction.

    >>> assurance(0.90, 0.92, 0.97)["assurance"], assurance(24, 30, 50, "decrease")["assurance"]
    ('consistent_pass', 'consistent_fail')
    """
    one_of("assurance", "improvement", improvement, ("increase", "decrease"))
    goal, low, high = (float(floats("assurance", "limits", value)) for value in (target, lcl, ucl))
    if np.isnan(goal + low + high):
        return {"assurance": "no_data"}
    if low <= goal <= high:
        return {"assurance": "inconsistent"}
    easy = (goal < low) == (improvement == "increase")
    return {"assurance": "consistent_pass" if easy else "consistent_fail"}


def p_chart(counts: Numbers, nobs: Numbers, laney: bool = False) -> pd.DataFrame:
    """Return the limits of a chart of shares.

    Formula: centre = pooled share p, limits p +- 3 sqrt(p(1-p)/n_t), with `laney` times sigma_z = mean |dz|/1.128;
    clipped to 0..1. Source: Laney 2002; qicharts2.
    Columns: estimate, center, sigma_z, lcl, ucl (shares), one row a month; missing where n = 0.

    >>> p_chart([45, 40, 48], [50, 50, 50]).round(4).values.tolist()[0]
    [0.9, 0.8867, 2.5708, 0.7522, 1.0]
    """
    numbers, index = nested_counts("p_chart", counts=counts, nobs=nobs)
    x, n = _with_base(*numbers.values())
    center = _pooled(x, n)
    return _chart(x / n, center, np.sqrt(center * (1 - center) / n), laney, 1.0, index)


def u_chart(counts: Numbers, exposure: Numbers, laney: bool = False) -> pd.DataFrame:
    """Return the limits of a chart of event rates.

    Formula: centre = pooled rate u, limits u +- 3 sqrt(u/E_t), with `laney` times sigma_z; clipped at 0.
    Columns: estimate, center, sigma_z, lcl, ucl (events per unit of exposure); missing where the exposure is 0.
    Errors: ValueError for a negative exposure.

    >>> u_chart([4, 9, 5], [1.2, 1.2, 1.2]).round(3).values.tolist()[1]
    [7.5, 5.0, 1.629, 0.0, 11.124]
    """
    numbers, index = elements("u_chart", counts=counts, exposure=exposure)
    require("u_chart", "exposure", numbers["exposure"], numbers["exposure"] >= 0, "0 or more")
    require("u_chart", "counts", numbers["counts"], numbers["counts"] >= 0, "0 or more")
    x, units = _with_base(*numbers.values())
    center = _pooled(x, units)
    return _chart(x / units, center, np.sqrt(center / units), laney, np.inf, index)


def _with_base(x: np.ndarray, base: np.ndarray) -> list[np.ndarray]:
    known = (base > 0) & ~np.isnan(x)
    return [np.where(known, array, np.nan) for array in (x, base)]


def _pooled(x: np.ndarray, base: np.ndarray) -> float:
    return float(np.nansum(x) / np.nansum(base)) if np.nansum(base) > 0 else np.nan


def _chart(
    estimate: np.ndarray, center: float, sigma: np.ndarray, laney: bool, top: float, index: pd.Index | None
) -> pd.DataFrame:
    sigma_z = _sigma_z((estimate - center) / np.where(sigma > 0, sigma, np.nan))
    reach = 3 * sigma * (sigma_z if laney else 1.0)
    limits = {"lcl": np.clip(center - reach, 0, top), "ucl": np.clip(center + reach, 0, top)}
    known = ~np.isnan(estimate)
    columns = {"estimate": estimate, "center": np.where(known, center, np.nan), "sigma_z": sigma_z, **limits}
    return pd.DataFrame(columns, index=index)


def _sigma_z(z: np.ndarray) -> float:
    steps = np.abs(np.diff(z[~np.isnan(z)]))
    return float(steps.mean() / RANGE_TO_SIGMA) if len(steps) else np.nan
