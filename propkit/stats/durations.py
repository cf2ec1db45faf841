"""Durations with some orders still open: Kaplan-Meier and what follows from it (statistics.md 6).

Each order: duration = (end or as_of) - start, completed = end known, by the month of opening. The mean of the closed
ones is never taken: it leaves out the slow.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from propkit.stats.arguments import Numbers, Result, answer, elements, floats, require, tail
from propkit.stats.proportions import proportion_ci

# S(t) = 0.5 computed from thirds is 0.5000000000000001; the quantile must not wait for the next event.
STEP = 1e-12


def survival_table(duration: Numbers, completed: Any, confidence: float = 0.95) -> pd.DataFrame:
    """Return the Kaplan-Meier curve of the share still open.

    Formula: S = product of (1 - d/r), events before censoring at ties; se Greenwood; limits log-log
    S^exp(+-z se/(S log S)), missing where S = 0. Source: Kaplan & Meier 1958 (R: survfit conf.type="log-log").
    Columns, one row for each time with an event: time (unit of the durations), at_risk, events, survival, se, low,
    high (shares). Orders with a missing duration are left out.
    Errors: ValueError for a negative duration or a known duration whose completion is unknown.

    >>> survival_table([1, 2, 2, 3], [True, True, False, True])[["time", "at_risk", "survival"]].values.tolist()
    [[1.0, 4.0, 0.75], [2.0, 3.0, 0.5], [3.0, 1.0, 0.0]]
    """
    times, done = _orders("survival_table", duration, completed)
    return _curve(times, done, tail("survival_table", confidence))


def _orders(where: str, duration: Numbers, completed: Any) -> tuple[np.ndarray, np.ndarray]:
    times = np.atleast_1d(floats(where, "duration", duration))
    done = np.atleast_1d(floats(where, "completed", completed))
    if times.shape != done.shape:
        raise ValueError(f"{where}: {times.size} durations and {done.size} values of completed, expected one for each")
    require(where, "duration", times, times >= 0, "0 or more", "put such orders on the data quality list")
    require(where, "completed", done, (done == 0) | (done == 1), "true or false")
    known = ~np.isnan(times)
    if np.isnan(done[known]).any():
        raise ValueError(f"{where}: a duration has no value of completed, expected true or false for each order")
    return times[known], done[known] == 1


def _curve(times: np.ndarray, done: np.ndarray, half: float) -> pd.DataFrame:
    # Written out: scipy.stats.ecdf lists censoring times as steps and keeps r and d hidden; the tests compare both.
    steps, events = np.unique(times[done], return_counts=True)
    at_risk = len(times) - np.searchsorted(np.sort(times), steps)
    survival = np.cumprod(1 - events / at_risk)
    left = at_risk - events
    # Without anyone left the variance is undefined, and so is the log-log limit.
    terms = np.divide(events, at_risk * left, out=np.full(len(steps), np.nan), where=left > 0)
    root = np.sqrt(np.cumsum(terms))
    se = survival * root
    logs = np.log(survival, out=np.full(len(steps), np.nan), where=left > 0)
    spread = stats.norm.isf(half) * root / logs
    low, high = survival ** np.exp(-spread), survival ** np.exp(spread)
    columns = {"time": steps, "at_risk": at_risk, "events": events, "survival": survival}
    return pd.DataFrame({**columns, "se": se, "low": low, "high": high})


def duration_quantiles(
    duration: Numbers, completed: Any, probs: Numbers = (0.5, 0.9), confidence: float = 0.95
) -> Result:
    """Return durations within which a share `probs` of the orders is completed (0.5 = median).

    Formula: smallest t with S(t) <= 1 - p (+ 1e-12); limits by inverting the log-log band.
    Columns: prob, estimate, low, high (unit of the durations; missing = not yet reached, never the maximum), n, n_open,
    status (ok, not_reached, no_data). Errors: ValueError for probs outside 0..1.

    >>> result = duration_quantiles([1, 2, 3, 4, 9], [True, True, True, True, False], 0.5)
    >>> result["estimate"], result["n"], result["n_open"]
    (3.0, 5, 1)
    """
    where = "duration_quantiles"
    numbers, index = elements(where, probs=probs)
    share = numbers["probs"]
    require(where, "probs", share, (share > 0) & (share <= 1), "a share above 0 and up to 1")
    times, done = _orders(where, duration, completed)
    curve = _curve(times, done, tail(where, confidence))
    found = {name: _first_at_or_below(curve, column, 1 - share) for name, column in QUANTILE_CURVES.items()}
    status = np.select([len(times) == 0, np.isnan(found["estimate"])], ["no_data", "not_reached"], "ok")
    sizes = {"n": np.full(len(share), len(times)), "n_open": np.full(len(share), int((~done).sum()))}
    return answer({"prob": share, **found, **sizes, "status": status}, index)


# The lower limit of a duration comes from the lower band: that curve falls first.
QUANTILE_CURVES = {"estimate": "survival", "low": "low", "high": "high"}


def _first_at_or_below(curve: pd.DataFrame, column: str, levels: np.ndarray) -> np.ndarray:
    reached = curve[column].to_numpy()[None, :] <= levels[:, None] + STEP
    if not reached.shape[1]:
        return np.full(len(levels), np.nan)
    return np.where(reached.any(axis=1), curve["time"].to_numpy()[reached.argmax(axis=1)], np.nan)


def completed_within(duration: Numbers, completed: Any, limit: Numbers, confidence: float = 0.95) -> Result:
    """Return the share of orders completed within a promise, open orders counted as far as they are known.

    Formula: 1 - S(limit) with the log-log band; with no open order younger than the limit it is the plain share with
    the exact interval (an order open longer than the promise is already late, not pending).
    Columns: estimate, low, high (shares), at_risk (orders observed at least until the limit), n, status: ok (exact),
    provisional (some open orders are younger than the limit), not_observed (no order was watched that long and some
    are open: missing), no_data. Limits are missing where the curve is exactly 0 or 1.
    Errors: ValueError for a negative limit.

    >>> result = completed_within([1, 2, 5, 6, 7], [True, True, True, False, False], 4)
    >>> result["estimate"], round(result["low"], 4), result["status"]
    (0.4, 0.0527, 'ok')
    """
    where = "completed_within"
    numbers, index = elements(where, limit=limit)
    require(where, "limit", numbers["limit"], numbers["limit"] >= 0, "0 or more")
    times, done = _orders(where, duration, completed)
    curve = _curve(times, done, tail(where, confidence))
    rows = [_within(times, done, curve, promise, confidence) for promise in numbers["limit"]]
    columns = ("estimate", "low", "high", "at_risk", "n", "status")
    return answer({name: np.array([row[name] for row in rows]) for name in columns}, index)


def _within(
    times: np.ndarray, done: np.ndarray, curve: pd.DataFrame, promise: float, confidence: float
) -> dict[str, Any]:
    row = {
        "estimate": np.nan,
        "low": np.nan,
        "high": np.nan,
        "at_risk": int((times >= promise).sum()),
        "n": len(times),
    }
    if not len(times) or np.isnan(promise):
        return {**row, "status": "no_data"}
    if not (~done & (times < promise)).any():
        share = proportion_ci(int((done & (times <= promise)).sum()), len(times), confidence=confidence)
        return {**row, **{name: share[name] for name in ("estimate", "low", "high")}, "status": "ok"}
    passed = curve[curve["time"] <= promise]
    survival, low, high = passed[["survival", "low", "high"]].to_numpy()[-1] if len(passed) else (1.0, np.nan, np.nan)
    if row["at_risk"] == 0 and survival > 0:
        return {**row, "status": "not_observed"}
    return {**row, "estimate": 1 - survival, "low": 1 - high, "high": 1 - low, "status": "provisional"}


def compare_durations(duration_a: Numbers, completed_a: Any, duration_b: Numbers, completed_b: Any) -> dict[str, Any]:
    """Return the log-rank test whether two groups are completed equally fast; show both medians with it.

    Columns: chi2, df (1), p_value (missing without any event, or if a group is empty), median_a, median_b (missing =
    not yet reached). Source: Mantel 1966; Peto & Peto 1972 (scipy.stats.logrank, statistic squared).

    >>> test = compare_durations([1, 3, 4, 9], [True] * 4, [5, 8, 12, 20], [True, True, True, False])
    >>> round(test["chi2"], 4), test["median_a"], test["median_b"]
    (2.9694, 3.0, 8.0)
    """
    where = "compare_durations"
    groups = [_orders(where, duration_a, completed_a), _orders(where, duration_b, completed_b)]
    medians = {
        f"median_{name}": duration_quantiles(*group, 0.5)["estimate"] for name, group in zip("ab", groups, strict=True)
    }
    statistic = _logrank(*groups)
    return {"chi2": statistic**2, "df": 1, "p_value": float(2 * stats.norm.sf(abs(statistic))), **medians}


def _logrank(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> float:
    # The test compares only at events while both groups have somebody at risk; without such a time it divides 0 by 0.
    (times_a, done_a), (times_b, done_b) = a, b
    if not (len(times_a) and len(times_b)):
        return np.nan
    events = np.concatenate([times_a[done_a], times_b[done_b]])
    if not (events <= min(times_a.max(), times_b.max())).any():
        return np.nan
    samples = [stats.CensoredData(uncensored=times[done], right=times[~done]) for times, done in (a, b)]
    return float(stats.logrank(*samples).statistic)


def cumulative_incidence(duration: Numbers, outcome: Any, event: Any, censored: Any, times: Numbers) -> Result:
    """Return the share ended by `event` when other endings compete (cancelled, merged, transferred).

    Formula: Aalen-Johansen: F += S d/r for the event, S *= 1 - (all endings)/r. Every outcome except `event` and
    `censored` competes; treating a cancelled order as censored would overstate completion.
    Columns: time, estimate, competing (shares; missing beyond the longest duration while somebody is still open).
    Errors: ValueError for a negative duration or a missing outcome.

    >>> result = cumulative_incidence([1, 2, 3, 4], ["done", "cancelled", "done", "open"], "done", "open", 3)
    >>> result["estimate"], result["competing"]
    (0.5, 0.25)
    """
    where = "cumulative_incidence"
    numbers, index = elements(where, times=times)
    labels = pd.Series(np.atleast_1d(np.asarray(outcome, dtype=object)))
    lengths = np.atleast_1d(floats(where, "duration", duration))
    known = ~np.isnan(lengths)
    if len(labels) != len(lengths) or labels[known].isna().any():
        raise ValueError(f"{where}: an order has a duration without an outcome, expected one outcome for each order")
    lengths, ended = _orders(where, lengths, (labels != censored).to_numpy())
    is_event = (labels == event).to_numpy()[known]
    curve = _incidence(lengths, is_event, ended & ~is_event)
    at = np.searchsorted(curve["time"], numbers["times"], side="right") - 1
    columns = {name: np.where(at >= 0, curve[name][at], 0.0) for name in ("estimate", "competing", "open")}
    longest = lengths.max() if len(lengths) else -np.inf
    unseen = np.isnan(numbers["times"]) | ((numbers["times"] > longest) & (columns.pop("open") > STEP))
    shown = {name: np.where(unseen, np.nan, values) for name, values in columns.items()}
    return answer({"time": numbers["times"], **shown}, index)


def _incidence(times: np.ndarray, event: np.ndarray, competing: np.ndarray) -> dict[str, np.ndarray]:
    steps = np.unique(times[event | competing])
    at_risk = len(times) - np.searchsorted(np.sort(times), steps)
    d_event = np.bincount(np.searchsorted(steps, times[event]), minlength=len(steps))
    d_other = np.bincount(np.searchsorted(steps, times[competing]), minlength=len(steps))
    open_after = np.cumprod(1 - (d_event + d_other) / at_risk)
    open_before = np.r_[1.0, open_after][: len(steps)]
    curves = {"estimate": np.cumsum(open_before * d_event / at_risk)}
    curves |= {"competing": np.cumsum(open_before * d_other / at_risk), "open": open_after}
    # The first step stands for "before any ending".
    start = {"estimate": 0.0, "competing": 0.0, "open": 1.0}
    return {"time": np.r_[-1.0, steps]} | {name: np.r_[start[name], curve] for name, curve in curves.items()}
