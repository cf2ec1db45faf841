"""The loop from target to measure and back: what measures were followed by, which misses nobody works on, what may be expected next.

A book in, rows of the overviews of `overview_items` out.  A metric that moved after a measure was not by that moved by it:
nothing here names a cause.
"""

from __future__ import annotations

import pandas as pd

from propkit import domains, stats
from propkit.model import Kpi
from propkit.periods import Period, parse_period
from propkit.reporting import claims
from propkit.reporting.book import Book
from propkit.reporting.findings import WAVE, figures_of, findings
from propkit.text import Text

BEFORE, AFTER = 3, 6
"""Whole months before a measure was raised (that month, in which the metric was noticed, is left out), and after it was done."""
_BEFORE = Text("提出之前三个月", "the three months before it was raised")


def measure_effects(book: Book) -> list[dict] | None:
    """The metric of each finished measure before it was raised and after it was done, all as one family."""
    done = _done(book)
    if done is None:
        return None
    pairs = [(row, *_windows(row, book)) for row in done.to_dict("records")]
    pairs = [(row, before, after) for row, before, after in pairs if after is not None]
    rows = []
    for row, before, after in pairs:
        kpi = book.kpi(str(row["metric_id"]))
        both = book.apart([kpi.id], [before, after]).set_index("period", drop=False)
        then, now = (both.loc[[period.id]].set_index("kpi", drop=False) for period in (before, after))
        one, two = then.loc[kpi.id], now.loc[kpi.id]
        if any(side["state"] in ("no_data", "suppressed") or not side["den"] for side in (one, two)):
            continue
        # Half of what changes may spend: measures are judged besides them (docs/honesty.md).
        found = claims.changes([kpi], then, now, _BEFORE, alpha=claims.ALPHA_CHANGES / (2 * len(pairs)))
        rows.append({
            "action_id": row["action_id"], "plan": row["plan"], "kpi": kpi.id, "done_on": row["finished_on"],
            "num_before": one["num"], "den_before": one["den"], "num_after": two["num"], "den_after": two["den"],
            "change_milli": round(float(two["value"] - one["value"]) * kpi.scale * 1000),
            "verdict": _verdict(kpi, found),
        })  # fmt: skip
    return rows


def missed_without_measure(book: Book) -> list[dict]:
    """The targets that were missed and whose metric no unfinished measure names."""
    rows = book.tables["action"]
    running = rows[
        rows["counted"] & (rows["action_kind"] == "measure") & rows["plan"].notna() & rows["verified_on"].isna()
    ]
    named = set(running["metric_id"].dropna())
    missed = [
        claim for claim in findings(book).of("target") if claim.verdict == "not_attained" and claim.kpi not in named
    ]
    shown = book.rates([claim.kpi for claim in missed]).set_index("kpi") if missed else pd.DataFrame()
    return [
        {
            "kpi": claim.kpi,
            **{name: shown.loc[claim.kpi, name] for name in ("n", "num", "den", "state")},
            "value_milli": round(float(shown.loc[claim.kpi, "value"]) * book.kpi(claim.kpi).scale * 1000),
            "target_milli": round(float(book.kpi(claim.kpi).target or 0) * 1000),
        }
        for claim in missed
    ]


def target_proposals(book: Book) -> list[dict] | None:
    """For each share with a target: what the next period will be if nothing changes, and the change that so many cases can show.

    A share that goes on rising is left out: it may reach later what it cannot by the cut-off.
    """
    shares = [kpi for kpi in map(book.kpi, figures_of(book)) if kpi.kind == "share" and not kpi.ages]
    kpis = [kpi for kpi in shares if kpi.target is not None]
    if not kpis:
        return None
    shown = book.rates([kpi.id for kpi in kpis]).set_index("kpi")
    return [_proposal(kpi, shown.loc[kpi.id]) for kpi in kpis if shown.loc[kpi.id, "state"] in ("ok", "unreliable")]


def _proposal(kpi: Kpi, figure: pd.Series) -> dict:
    num, den = int(figure["num"]), int(figure["den"])
    ahead = stats.predict_count(num, den, den)
    low, high = float(ahead["low"]) / den, float(ahead["high"]) / den
    goal, down = float(kpi.target or 0) / kpi.scale, kpi.better == "down"
    detectable = stats.min_detectable_change(den, num / den, improvement="decrease" if down else "increase")["change"]
    best, worst = (low, high) if down else (high, low)
    beyond, safe = (goal < best, goal >= worst) if down else (goal > best, goal <= worst)
    return {
        "kpi": kpi.id, "n": den, "target_milli": round(goal * kpi.scale * 1000), "low_milli": _tenth(low * kpi.scale),
        "high_milli": _tenth(high * kpi.scale), "reach": "beyond" if beyond else "safe" if safe else "within",
        "detectable_milli": None if pd.isna(detectable) else _tenth(abs(float(detectable)) * kpi.scale),
    }  # fmt: skip


def _tenth(value: float) -> int:
    """Thousandths of a value rounded to its first decimal: more would look surer than it is."""
    return round(value * 10) * 100


def _done(book: Book) -> pd.DataFrame | None:
    """Measures with a metric of the catalogue that were done before the last month of the period, and not long ago."""
    rows = book.tables["action"]
    if rows.empty:
        return None
    finished = rows["done_on"].fillna(rows["verified_on"])
    since = parse_period(book.period.history(AFTER + 1)[0]).start
    last = parse_period(book.month).start
    rows = rows.assign(finished_on=finished, noticed_on=rows["raised_on"].fillna(finished))
    ours = rows[rows["counted"] & (rows["action_kind"] == "measure") & (finished >= since) & (finished < last)]
    return ours[ours["metric_id"].isin(domains.KPIS)].sort_values(["finished_on", "action_id"])


def _windows(row: dict, book: Book) -> tuple[Period, Period] | tuple[None, None]:
    """The months before a measure was raised and those from the one after it was done; none for what cannot be compared so."""
    kpi = domains.kpi(str(row["metric_id"]))
    if kpi.kind not in ("share", "rate") or kpi.ages or kpi.split_only or kpi.dated_by == WAVE:
        return None, None
    noticed, done = pd.Period(row["noticed_on"], "M"), pd.Period(row["finished_on"], "M")
    last = min(pd.Period(book.month), done + AFTER)
    return parse_period(f"{noticed - BEFORE}..{noticed - 1}"), parse_period(f"{done + 1}..{last}")


def _verdict(kpi: Kpi, found: list[claims.Claim]) -> str:
    if not found:
        return "not_judged"
    if found[0].good is None:
        return found[0].verdict
    return "better" if found[0].good else "worse"
