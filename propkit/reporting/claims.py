"""From tests to sentences: the only place that words a finding, with `survey_claims` for what is said of a survey.

Charts, cards and summaries say what a claim says, or nothing.

A claim speaks of a difference only when interval and test agree (two locks), and of a segment only when the segments of its
family differ at all (the gate).  No sentence here names a cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import binom

from propkit import domains, stats
from propkit.model import Kpi
from propkit.reporting.display import (
    format_interval,
    format_rate,
    format_target,
    period_words,
)
from propkit.reporting.plainly import interval_words
from propkit.text import Text, counted, number

ALPHA_CHANGES = ALPHA_SEGMENTS = ALPHA_TARGETS = ALPHA_SIGNALS = 0.01
ALPHA_LEADING = 0.01
"""The error that a whole report may spend, split over its kinds of findings, so that together they stay within 5 % of reports (docs/honesty.md)."""
MIN_POINTS = 12
"""Limits of a process chart from fewer months are trial limits, and nothing is claimed from them."""

STRICT = Text(
    "以上判断从严：即使一切如常，整份报告出现任何一处误判的机会不超过 5%；区间仍按 95% 给出。",
    "The verdicts are strict: even if nothing had changed, at most 5% of whole reports would hold a single false one; the "
    "intervals are ordinary 95% intervals.",
)

CHANCE_OUTSIDE = 0.0027
"""Share of months outside three-sigma limits though nothing happened (normal approximation)."""
SMALL_CELL, LARGE_MONTH, SPREAD = 5, 500, 1.3
"""statistics.md 5.2: exact limits below 5 expected cases on a side; Laney above 500 cases a month or this spread."""

_CAUSAL = re.compile(
    r"因为|由于|所以|因此|导致|造成|使得|得益于|归功于|\b(because|due to|caused?|thanks to|led to|results? from|therefore)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A finding that may be said: what it is about, the verdict of its test, and the sentence in both languages.

    `good` says whether the finding is welcome (None where it is neither).  `low`, `high` bound what the verdict rests on (a
    difference, a figure or the limits of a chart) and `test` names the rule that decided.  `weight` orders claims: the larger,
    the more it matters to the reader.  A sentence that names a cause is refused with ValueError.
    """

    kpi: str
    kind: str
    verdict: str
    good: bool | None
    text: Text
    n: int
    group: str = "all"
    weight: float = 0.0
    period: str = ""
    low: float = float("nan")
    high: float = float("nan")
    test: str = ""

    def __post_init__(self) -> None:
        known = domains.KPIS.get(self.kpi)
        names = (known.label.zh, known.label.en) if known else ()
        words = f"{self.text.zh} {self.text.en}"
        for name in names:  # a figure may be called "root cause coded": its name claims nothing
            words = re.sub(re.escape(name), "", words, flags=re.IGNORECASE)
        found = _CAUSAL.search(words)
        if found:
            raise ValueError(f"claim on {self.kpi!r}: {found[0]!r} names a cause, and no test here can show one")


def changes(
    kpis: Sequence[Kpi], before: pd.DataFrame, now: pd.DataFrame, when: Text, *, alpha: float = ALPHA_CHANGES
) -> list[Claim]:
    """Compare shares and rates with an earlier period, one family for all: Holm over the tests, and both locks for each.

    `before`, `now`: rates indexed by kpi id.  `when` names the earlier period.  Figures that are not settled take no part.
    `alpha` is the error that the whole family may spend.
    """
    judged = [kpi for kpi in kpis if kpi.kind in ("share", "rate") and _settled(before, kpi) and _settled(now, kpi)]
    if not judged:
        return []
    results = [_compare(kpi, before.loc[kpi.id], now.loc[kpi.id]) for kpi in judged]
    adjusted = np.asarray(stats.adjust_pvalues([float(result["p_value"]) for result in results])["p_adjusted"])
    return [
        _change_claim(kpi, result, bool(p < alpha), int(now.loc[kpi.id, "den"]), when)
        for kpi, result, p in zip(judged, results, adjusted, strict=True)
    ]


def target(kpi: Kpi, figure: pd.Series, goal: float | None, family: int = 1) -> Claim | None:
    """Judge a figure against its target (in the reader's unit).

    A share or a rate is judged by its whole interval, at a level that allows for the `family` of targets judged in the report.  Money is a fact over all accounts, judged on the exact fraction.  A figure that
    may still rise (`Kpi.ages`) can be attained, but is never declared missed; a provisional one is not judged at all.
    """
    if goal is None or figure["state"] in ("no_data", "suppressed") or kpi.kind not in ("share", "rate", "money"):
        return None
    verdict = _verdict(kpi, figure, goal, family)
    if figure["state"] == "provisional":
        verdict = "early"
    elif kpi.ages and verdict == "not_attained":
        verdict = "not_yet"
    words, good = _VERDICTS[verdict]
    gap = abs(float(figure["value"]) * kpi.scale - goal)
    shown = "undecided" if verdict in ("not_yet", "early") else verdict
    rule = "exact fraction of all accounts" if kpi.kind == "money" else "whole exact interval on one side"
    return Claim(kpi.id, "target", shown, good, words, int(figure["n"]), weight=gap, **limits_of(figure, rule))


def _verdict(kpi: Kpi, figure: pd.Series, goal: float, family: int) -> str:
    if kpi.kind == "money":
        return "attained" if int(figure["num"]) * kpi.scale >= goal * int(figure["den"]) else "not_attained"
    direction = "<=" if kpi.better == "down" else ">="
    counts, confidence = (int(figure["num"]), int(figure["den"])), 1 - ALPHA_TARGETS / family
    if kpi.kind == "rate":
        limits = stats.rate_ci(*counts, per=kpi.scale, confidence=confidence)
        low, high = float(limits["low"]), float(limits["high"])
        if low > goal or high < goal:
            return "attained" if (high < goal) == (direction == "<=") else "not_attained"
        return "undecided"
    return str(stats.target_status(*counts, goal / kpi.scale, direction, confidence=confidence)["status"])


_VERDICTS: dict[str, tuple[Text, bool | None]] = {
    "attained": (Text("达标", "target attained"), True),
    "not_attained": (Text("未达标", "target not attained"), False),
    "undecided": (Text("尚不能判定是否达标", "target undecided"), None),
    "not_yet": (Text("尚未达标，还可能上升", "not yet attained, may still rise"), None),
    "early": (Text("暂定，尚不判定", "provisional, not judged yet"), None),
}


def segments(
    kpi: Kpi,
    dimensions: Mapping[str, pd.DataFrame],
    labels: Mapping[str, Mapping[str, Text]],
    *,
    alpha: float = ALPHA_SEGMENTS,
    confidence: float = 0.95,
) -> list[Claim]:
    """Name the segments that differ from all others, of the dimensions that pass the gate.

    `dimensions`: rates of one community and period by dimension; `labels`: words of their values by dimension.  The gate is
    the homogeneity test at `alpha`, Holm-adjusted over the dimensions; behind it both locks hold at `confidence`.  Suppressed
    and empty segments take no part.
    """
    told = {by: rates[~rates["state"].isin(["no_data", "suppressed"])] for by, rates in dimensions.items()}
    told = {by: rates for by, rates in told.items() if len(rates) > 1}
    if not told:
        return []
    gates = [stats.homogeneity_test(*_sums(rates))["p_value"] for rates in told.values()]
    passed = np.asarray(stats.adjust_pvalues([float(p) for p in gates])["p_adjusted"]) < alpha
    return [
        claim
        for (by, rates), open_gate in zip(told.items(), passed, strict=True)
        if open_gate
        for claim in _different(kpi, rates, labels[by], confidence)
    ]


def signals(kpi: Kpi, rates: pd.DataFrame, family: int = 1) -> tuple[pd.DataFrame, list[Claim]]:
    """Judge a monthly series by its process chart.

    `rates`: rows of one community by month, in order.  Returns the same rows with center, lcl, ucl and `signal` (missing
    where no limits apply), and a claim when the latest settled month lies outside its limits and, as the second lock, differs
    from all earlier ones at a level that allows for the `family` of series judged in the report.
    """
    bare = rates.assign(center=np.nan, lcl=np.nan, ucl=np.nan, signal=False)
    settled = rates[rates["state"].isin(["ok", "unreliable"])]
    if len(settled) < MIN_POINTS or kpi.kind not in ("share", "rate"):
        return bare, []
    limits, rule = _limits(kpi, settled)
    value = settled["value"].to_numpy("float64")
    outside = (value < limits["lcl"].to_numpy()) | (value > limits["ucl"].to_numpy())
    drawn = bare.assign(**{name: limits[name].reindex(bare.index) for name in limits.columns})
    drawn.loc[settled.index, "signal"] = outside
    if not outside[-1] or not _unlike_earlier(kpi, settled) < ALPHA_SIGNALS / family:
        return drawn, []
    return drawn, [_signal_claim(kpi, settled.iloc[-1], limits.iloc[-1], rule)]


def _unlike_earlier(kpi: Kpi, settled: pd.DataFrame) -> float:
    """The exact p-value of the last month against the level of all earlier ones: the second lock of a signal."""
    num, den = _sums(settled)
    if kpi.kind == "rate":
        return float(stats.rate_ratio(num[:-1].sum(), den[:-1].sum(), num[-1], den[-1])["p_value"])
    return float(stats.proportion_test(num[-1], den[-1], num[:-1].sum() / den[:-1].sum())["p_value"])


def by_chance(series: Iterable[pd.DataFrame]) -> Text:
    """Say how many latest months would leave their limits though nothing happened.

    `series`: months as `signals` returns them; those too short for limits are not among the judged.
    """
    judged = sum(bool(rows["center"].notna().any()) for rows in series)
    expected = number(judged * CHANCE_OUTSIDE, 2)
    return Text(
        f"共看了 {judged:,} 条逐月走势；即使一切如常，平均也会有约 {expected} 条的最新月份超出范围"
        "（还须与以往各月明显不同，才会写进这里）。",
        f"{judged:,} monthly series were judged; with nothing happening, about {expected} of them would be outside on average "
        "(to be named here a month must also differ clearly from all earlier ones).",
    )


def rebound(kpi: Kpi, rates: pd.DataFrame) -> Text | None:
    """Say to where an exceptional month comes back by itself: regression to the mean (Barnett et al. 2005).

    `rates`: the months of one community in order, the last of them the exceptional one.  The expected next value is the usual
    level plus that part of the distance which months really differ by, beyond the chance within each.  None for fewer than
    `MIN_POINTS` months and for other figures than shares.
    """
    settled = rates[rates["state"].isin(["ok", "unreliable"])]
    num, den = _sums(settled)
    if kpi.kind != "share" or len(settled) < MIN_POINTS or not den[-1]:
        return None
    usual = num[:-1].sum() / den[:-1].sum()
    within = usual * (1 - usual) / den[-1]
    between = max(0.0, float(np.var(num[:-1] / den[:-1], ddof=1)) - float(np.mean(usual * (1 - usual) / den[:-1])))
    value = num[-1] / den[-1]
    back = usual + (value - usual) * between / (between + within) if between + within else value
    zh, en = (format_rate({"value": back, "n": int(den[-1]), "state": "ok"}, kpi, lang) for lang in ("zh", "en"))
    return Text(
        f"异常的月份之后，{kpi.label.zh}即使什么都不做，也多半会回到约 {zh}（均值回归）；下月这样的变化本身不能说明措施有效。",
        f"After an exceptional month {kpi.label.en.lower()} comes back to about {en} even if nothing is done (regression to the "
        "mean): such a change next month is no sign that a measure worked.",
    )


def _limits(kpi: Kpi, settled: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Limits by the size of the months: p- or u-chart, Laney's where months vary more than chance, exact where they are small."""
    num, den = settled["num"].to_numpy("int64"), settled["den"].to_numpy("int64")
    center = num.sum() / den.sum()
    if kpi.kind == "share" and min(center, 1 - center) * den.mean() < SMALL_CELL:
        # Plain quantiles, not interpolated ones: a perfect month must not lie outside when perfect months are common.
        low, high = (binom.ppf(q, den, center) / den for q in (0.001, 0.999))
        limits = {"center": center, "lcl": low, "ucl": high}
        return pd.DataFrame(limits, index=settled.index), "exact binomial limits, 99.8 %"
    chart = stats.p_chart if kpi.kind == "share" else stats.u_chart
    plain = chart(num, den)
    laney = kpi.kind == "share" and bool(den.mean() > LARGE_MONTH or np.max(plain["sigma_z"]) > SPREAD)
    made = chart(num, den, laney=True) if laney else plain
    limits = {name: np.asarray(made[name], dtype="float64") for name in ("center", "lcl", "ucl")}
    return pd.DataFrame(
        limits, index=settled.index
    ), f"{chart.__name__.replace('_', '-')}, 3 sigma{', Laney' if laney else ''}"


def _signal_claim(kpi: Kpi, last: pd.Series, limits: pd.Series, rule: str) -> Claim:
    verdict = "higher" if float(last["value"]) > float(limits["center"]) else "lower"
    words = Text("高于", "above") if verdict == "higher" else Text("低于", "below")
    month = str(last["period"])
    usual = format_interval(last.to_dict() | {"low": limits["lcl"], "high": limits["ucl"]}, kpi, "zh")
    text = Text(
        f"{period_words(month, 'zh')}{kpi.label.zh} {format_rate(last, kpi, 'zh')}（n={int(last['n']):,}），{words.zh}正常波动范围 {usual}",
        f"{kpi.label.en}: {format_rate(last, kpi, 'en')} (n={int(last['n']):,}) in {month}, {words.en} its usual range of {usual}",
    )
    bounds = limits_of({"low": limits["lcl"], "high": limits["ucl"]}, rule)
    n = int(last["n"])
    return Claim(kpi.id, "signal", verdict, welcome(kpi, verdict), text, n, month, weight=50, period=month, **bounds)


def leading(kpi: Kpi, rates: pd.DataFrame, labels: Mapping[str, Text], family: int = 1) -> list[Claim]:
    """Name the most frequent category, if it leads the next one beyond chance (exact binomial test of the two counts).

    `family`: how many such charts the report shows.
    """
    ranked = rates[~rates["segment"].isin(["unknown", "其他", "other"])].sort_values(
        "num", ascending=False, kind="stable"
    )
    if len(ranked) < 2:
        return []
    first, second = int(ranked["num"].iloc[0]), int(ranked["num"].iloc[1])
    if not float(stats.proportion_test(first, first + second, 0.5)["p_value"]) < ALPHA_LEADING / family:
        return []
    group, total = str(ranked["segment"].iloc[0]), int(rates["num"].sum())
    label = labels.get(group, Text(group, group))
    text = Text(
        f"最多的是{label.zh}：{first} {kpi.unit.zh}，共 {total} {kpi.unit.zh}", f"{label.en} leads: {first} of {total}"
    )
    return [Claim(kpi.id, "leading", "signal", None, text, total, group)]


def attainment(verdicts: Sequence[Claim]) -> Text:
    """Say how many targets are attained, missed and undecided, in one sentence."""
    counts = [
        sum(claim.verdict == verdict for claim in verdicts) for verdict in ("attained", "not_attained", "undecided")
    ]
    if not verdicts:
        return Text("本期没有可判定目标的指标。", "No figure of this period has a target that can be judged.")
    return Text(
        f"有目标也有数据的 {len(verdicts)} 项指标中，达标 {counts[0]} 项，未达标 {counts[1]} 项，尚不能判定 {counts[2]} 项。",
        f"{counted(len(verdicts), 'figures')} with a target and data: {counts[0]} attained, {counts[1]} not attained, {counts[2]} undecided so far.",
    )


def in_full(kpi: Kpi, figure: pd.Series, claim: Claim) -> Claim:
    """Return a verdict as a whole sentence with its figure, interval and n."""
    zh, en = (
        f"{kpi.label.get(lang)} {format_rate(figure, kpi, lang)}{interval_words(figure, kpi, lang)}"
        for lang in ("zh", "en")
    )
    goal = "" if claim.kind != "target" or kpi.target is None else format_target(kpi, kpi.target, "zh") + "，"
    goal_en = "" if not goal else format_target(kpi, kpi.target, "en") + ": "
    return replace(
        claim, text=Text(f"{zh}，{goal}{claim.text.zh}", f"{en}; {goal_en}{claim.text.en.removeprefix('target ')}")
    )


def order(claims: Sequence[Claim]) -> list[Claim]:
    """Put claims in the reader's order: unwelcome findings first, then by weight, then by KPI."""
    return sorted(claims, key=lambda claim: (claim.good is not False, -claim.weight, claim.kpi, claim.group))


def _different(kpi: Kpi, rates: pd.DataFrame, labels: Mapping[str, Text], confidence: float) -> list[Claim]:
    counts, nobs = _sums(rates)
    compared = stats.compare_segments(list(rates["segment"]), counts, nobs, confidence).reset_index(drop=True)
    pairs = zip(compared.to_dict("records"), nobs, strict=True)
    found = [_segment_claim(kpi, row, labels, int(n)) for row, n in pairs if bool(row["flag"])]
    # Of two groups, one is above just because the other is below: that is one finding, told once.
    return order(found)[:1] if len(rates) == 2 else found


def _compare(kpi: Kpi, before: pd.Series, now: pd.Series) -> Mapping[str, object]:
    """The test of one figure against an earlier one, with both locks; `difference` in parts of one, `low`, `high` of `rule`."""
    if kpi.kind == "share":
        result = stats.proportion_diff(*_pair(before), *_pair(now), method="exact")
        return {**result, "rule": f"MOVER of exact limits, {result['test']}, Holm"}
    result = stats.rate_ratio(*_pair(before), *_pair(now))
    verdict = "higher" if float(result["low"]) > 1 else "lower" if float(result["high"]) < 1 else "no_clear_change"
    p_value = 1.0 if result["status"] == "no_data" else result["p_value"]
    difference = float(now["num"] / now["den"] - before["num"] / before["den"])
    rule = "ratio of rates, conditional exact interval and test, Holm"
    return {**result, "verdict": verdict, "p_value": p_value, "difference": difference, "rule": rule}


def _change_claim(kpi: Kpi, result: Mapping[str, object], holds: bool, n: int, when: Text) -> Claim:
    verdict = str(result["verdict"]) if holds else "no_clear_change"
    bounds = limits_of(result, str(result["rule"]))
    if verdict not in ("higher", "lower"):
        words = Text(f"与{when.zh}相比没有明显变化", f"no clear change from {when.en}")
        return Claim(kpi.id, "change", "no_clear_change", None, words, n, **bounds)
    points = abs(float(result["difference"])) * kpi.scale
    unit = Text("个百分点", "points") if kpi.kind == "share" else Text(kpi.unit.zh, "")
    text = Text(
        f"比{when.zh}{'上升' if verdict == 'higher' else '下降'} {points:.1f} {unit.zh}",
        f"{points:.1f}{' points' if unit.en else ''} {verdict} than {when.en}",
    )
    return Claim(kpi.id, "change", verdict, welcome(kpi, verdict), text, n, weight=points, **bounds)


def bare(claim: Claim, when: Text) -> Text:
    """Return the words of a change without the name of what it is compared with, for a column that carries it once."""
    return Text(
        claim.text.zh.replace(f"与{when.zh}相比", "").replace(f"比{when.zh}", ""),
        claim.text.en.replace(f" from {when.en}", "").replace(f" than {when.en}", ""),
    )


def limits_of(row: Mapping[str, object] | pd.Series, test: str) -> dict[str, object]:
    """The limits that a verdict rests on, as shares, and the rule that decided."""
    low, high = (float("nan") if pd.isna(row[end]) else float(row[end]) for end in ("low", "high"))
    return {"low": low, "high": high, "test": test}


def _settled(rates: pd.DataFrame, kpi: Kpi) -> bool:
    return kpi.id in rates.index and rates.loc[kpi.id, "state"] in ("ok", "unreliable")


def _sums(rates: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return rates["num"].to_numpy("int64"), rates["den"].to_numpy("int64")


def _segment_claim(kpi: Kpi, row: Mapping[str, object], labels: Mapping[str, Text], n: int) -> Claim:
    group, points = str(row["segment"]), float(row["difference"]) * kpi.scale
    label = labels.get(group, Text(group, group))
    verdict = "higher" if points > 0 else "lower"
    text = Text(
        f"{label.zh}的{kpi.label.zh}比其余{'高' if points > 0 else '低'} {abs(points):.0f} 个百分点（n={n}）",
        f"{kpi.label.en} among {label.en}: {abs(points):.0f} points {verdict} than all others (n={n})",
    )
    bounds = limits_of(row, "homogeneity gate, Newcombe, n-1 chi-square or Fisher, Holm")
    return Claim(kpi.id, "segment", verdict, welcome(kpi, verdict), text, n, group, weight=abs(points), **bounds)


def welcome(kpi: Kpi, verdict: str) -> bool | None:
    """Say whether a figure that is "higher" or "lower" is welcome; None where neither is."""
    return None if kpi.better is None else (verdict == "higher") == (kpi.better == "up")


def _pair(figure: pd.Series) -> tuple[int, int]:
    return int(figure["num"]), int(figure["den"])
