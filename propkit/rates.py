"""What readers see of counts: value, interval and state.  The only place that divides; rates are never added again."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from propkit import domains, stats
from propkit.model import Definitions, Kpi, worded
from propkit.periods import parse_period
from propkit.stats.scores import bounded_mean_limits

_USUAL = Definitions()
FIGURES = ["n", "num", "den", "value", "low", "high", "state"]


def rate(
    counts: pd.DataFrame, *, as_of: pd.Timestamp | pd.Series, min_n: int = 10, definitions: Definitions = _USUAL
) -> pd.DataFrame:
    """Turn counts into figures.

    `counts`: kpi, community, period, other group columns, n, num, num_sq, den; `as_of`: one moment for all or for each.  Returns the group columns and n, num, den,
    value, low, high (unscaled: a share is 0..1, a rate per unit of exposure, money num/den, a count num), state.
    Intervals by kind: share exact (Clopper-Pearson), mean t, rate Poisson (Garwood), money and count none.
    States of statistics.md 9: no_data, suppressed, unreliable, provisional, ok.  Opinions of fewer than `min_n` are
    suppressed; a suppressed figure carries no numbers.
    """
    groups = [name for name in counts.columns if name not in ("n", "num", "num_sq", "den")]
    kpis = {kpi_id: domains.kpi(kpi_id) for kpi_id in dict.fromkeys(counts["kpi"])}
    kinds = counts["kpi"].map({kpi_id: kpi.kind for kpi_id, kpi in kpis.items()})
    parts = [_rated(counts[kinds == kind], kind, kpis, as_of, min_n, definitions) for kind in dict.fromkeys(kinds)]
    if not parts:
        return pd.DataFrame(columns=[*groups, *FIGURES])
    return pd.concat(parts).sort_index()[[*groups, *FIGURES]]


def _rated(
    counts: pd.DataFrame,
    kind: str,
    kpis: Mapping[str, Kpi],
    as_of: pd.Timestamp | pd.Series,
    min_n: int,
    definitions: Definitions,
) -> pd.DataFrame:
    """All figures of one kind at once: an interval costs little more for a thousand rows than for one."""
    n = counts["den"] if kind == "share" else counts["n"]
    limits = _INTERVALS[kind](counts)
    figures = counts.assign(n=n, **limits)
    asked = figures["kpi"].map({kpi_id: min_n if kpi.opinion else 0 for kpi_id, kpi in kpis.items()})
    state = _states(figures, kind, asked.to_numpy(dtype="int64"))
    young = _immature(figures, kpis, as_of, definitions)
    figures = figures.assign(state=np.where(young & np.isin(state, ["ok", "unreliable"]), "provisional", state))
    hidden = figures["state"] == "suppressed"
    shown = {
        name: figures[name].astype("Float64" if name in ("value", "low", "high") else "Int64")
        for name in ("n", "num", "den", "value", "low", "high")
    }
    if hidden.any():
        shown = {name: values.mask(hidden) for name, values in shown.items()}
    if kind == "count":
        shown["den"] = pd.Series(pd.NA, index=figures.index, dtype="Int64")
    gone = figures["state"] == "no_data"
    shown["value"] = shown["value"].mask(gone)
    return figures.assign(**shown)


def _share(counts: pd.DataFrame) -> dict[str, np.ndarray]:
    limits = stats.proportion_ci(counts["num"].to_numpy(), counts["den"].to_numpy())
    return {"value": limits["estimate"].to_numpy(), "low": limits["low"].to_numpy(), "high": limits["high"].to_numpy()}


def _rate(counts: pd.DataFrame) -> dict[str, np.ndarray]:
    limits = stats.rate_ci(counts["num"].to_numpy(), counts["den"].to_numpy(), per=1)
    return {"value": limits["estimate"].to_numpy(), "low": limits["low"].to_numpy(), "high": limits["high"].to_numpy()}


def _mean(counts: pd.DataFrame) -> dict[str, np.ndarray]:
    """Mean of num over the scale length den/n, with limits from the sums; none below 10 answers or where all agree."""
    n, num, num_sq, den = (counts[name].to_numpy("float64") for name in ("n", "num", "num_sq", "den"))
    with np.errstate(divide="ignore", invalid="ignore"):
        value, length = num / den, den / n
        low, high = bounded_mean_limits(n, num, num_sq, length, 0.025)
        told = (n >= 10) & (num_sq * n > num * num)
    return {"value": value, "low": np.where(told, low, np.nan), "high": np.where(told, high, np.nan)}


def _money(counts: pd.DataFrame) -> dict[str, np.ndarray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        value = counts["num"].to_numpy("float64") / counts["den"].to_numpy("float64")
    return {"value": value, "low": np.full(len(counts), np.nan), "high": np.full(len(counts), np.nan)}


def _count(counts: pd.DataFrame) -> dict[str, np.ndarray]:
    none = np.full(len(counts), np.nan)
    return {"value": counts["num"].to_numpy("float64"), "low": none, "high": none}


_INTERVALS = {"share": _share, "rate": _rate, "mean": _mean, "money": _money, "count": _count}


def _states(figures: pd.DataFrame, kind: str, asked: np.ndarray) -> np.ndarray:
    """`asked`: how many opinions a figure needs to be shown."""
    empty = (figures["den"] == 0).to_numpy()
    small = (figures["n"] < asked).to_numpy()
    if kind == "share":
        told = stats.presentation_status(figures["num"].to_numpy(), figures["den"].to_numpy())
        weak = (told["status"] == "unreliable").to_numpy()
    elif kind == "mean":
        weak = (figures["n"] < 30).to_numpy()
    else:
        weak = np.zeros(len(figures), dtype=bool)
    return np.select([empty, small, weak], ["no_data", "suppressed", "unreliable"], default="ok").astype(object)


def _immature(
    figures: pd.DataFrame, kpis: Mapping[str, Kpi], as_of: pd.Timestamp | pd.Series, definitions: Definitions
) -> np.ndarray:
    """A period is provisional until it has ended and every case in it is old enough to be judged."""
    days = {kpi_id: worded(kpis[kpi_id], definitions).matures_after or 0 for kpi_id in dict.fromkeys(figures["kpi"])}
    ends = {text: parse_period(text).end for text in dict.fromkeys(figures["period"])}
    judged = figures["period"].map(ends) + pd.to_timedelta(figures["kpi"].map(days), unit="D")
    as_of = as_of.loc[figures.index] if isinstance(as_of, pd.Series) else as_of
    return (judged > as_of + pd.Timedelta(seconds=1)).to_numpy(dtype=bool)
