"""The seeded statistical mistakes of T8: each is a small change of the source which a tired expert could make.

`old` must occur exactly once in the file; when the source moves on, the mistake must be written anew.
"""

from __future__ import annotations

from typing import NamedTuple


class Mistake(NamedTuple):
    """One seeded mistake: what is wrong, where, and the test file that should notice."""

    what: str
    file: str
    old: str
    new: str
    tests: str


def _stats(what: str, room: str, old: str, new: str) -> Mistake:
    return Mistake(what, f"propkit/stats/{room}.py", old, new, f"tests/stats/test_{room}.py")


MISTAKES = (
    _stats("Wald instead of the exact interval", "proportions",
           "    low = np.where(x == 0, 0.0, stats.beta.ppf(half, x, n - x + 1))\n    high = np.where(x == n, 1.0, stats.beta.ppf(1 - half, x + 1, n - x))",
           "    reach = stats.norm.isf(half) * np.sqrt(x / n * (1 - x / n) / n)\n    low, high = x / n - reach, x / n + reach"),
    _stats("exact interval with one tail of 5 %", "proportions", "stats.beta.ppf(half, x, n - x + 1)", "stats.beta.ppf(2 * half, x, n - x + 1)"),
    _stats("Wilson without its centre", "proportions", "centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)", "centre = p"),
    _stats("mid-P counts the whole point", "proportions", "    return (betainc(x, n - x + 1, p) + betainc(x + 1, n - x, p)) / 2 - half", "    return betainc(x, n - x + 1, p) - half"),
    _stats("no finite population: binomial for N households", "proportions", "stats.hypergeom.sf(x - 1, population, middle, n)", "stats.binom.sf(x - 1, n, middle / population)"),
    _stats("hypergeometric tail off by one", "proportions", "stats.hypergeom.sf(x - 1, population, middle, n)", "stats.hypergeom.sf(x, population, middle, n)"),
    _stats("0 of 0 is 0 % and fine", "proportions", '["no_data", "census"], "ok")\n    order', '["ok", "census"], "ok")\n    order'),
    _stats("non-response bound forgets the silent", "proportions", '"high": (x + total - n) / total', '"high": x / n'),
    _stats("difference a - b", "differences", "difference = p_b - p_a", "difference = p_a - p_b"),
    _stats("Newcombe with the sides mixed up", "differences", "low = difference - np.hypot(p_b - low_b, high_a - p_a)", "low = difference - np.hypot(high_b - p_b, p_a - low_a)"),
    _stats("Yates' correction", "differences", "statistic = (total - 1) * cross**2 / spread", "statistic = (total - 1) * (np.abs(cross) - total / 2) ** 2 / spread"),
    _stats("Pearson without the N - 1", "differences", "statistic = (total - 1) * cross**2 / spread", "statistic = total * cross**2 / spread"),
    _stats("chi-square for tiny expectations", "differences", "smallest_expected >= 1, smallest_expected < 1", "smallest_expected >= 0, smallest_expected < 0"),
    _stats("one lock instead of two", "differences", "(low > 0) & rejected, (high < 0) & rejected", "low > 0, high < 0"),
    _stats("test at twice the level", "differences", "two_locks(low, high, p_value < 2 * half)", "two_locks(low, high, p_value < 4 * half)"),
    _stats("homogeneity with Yates", "differences", "correction=False", "correction=True"),
    _stats("paired change as if unpaired and full", "differences", "stats.norm.isf(half) * se\n    low, high = np.clip(shift", "stats.norm.isf(half) * se * np.sqrt(2)\n    low, high = np.clip(shift"),
    _stats("trend without centring the scores", "differences", "centred = s - (n * s).sum() / n.sum()", "centred = s - s.mean()"),
    _stats("Poisson upper limit from x instead of x + 1", "events", "stats.chi2.isf(half, 2 * x + 2) / 2", "stats.chi2.isf(half, 2 * np.maximum(x, 1)) / 2"),
    _stats("rate ratio upside down", "events", "(_odds(share) * e_a / e_b for share", "(_odds(share) * e_b / e_a for share"),
    _stats("collection rate as the mean of household ratios", "events", "ratio = float(y.sum() / x.sum())", "ratio = float((y[x > 0] / x[x > 0]).mean())"),
    _stats("index of a 1-5 scale starts at 0", "scores", "index = float((answers.mean() - low) * unit)", "index = float(answers.mean() * 100 / high)"),
    _stats("standard deviation with divisor n", "scores", "spread = float(np.std(answers, ddof=1))", "spread = float(np.std(answers))"),
    _stats("z instead of t for the index", "scores", "reach = float(stats.t.isf(half, n - 1)) * se if shown", "reach = float(stats.norm.isf(half)) * se if shown"),
    _stats("the middle answer counts as satisfied", "scores", "(answers >= points[-2]).sum()", "(answers >= points[-3]).sum()"),
    _stats("NPS counts 8 as promoters", "scores", "int((array >= 9).sum()), int(((array >= 7) & (array < 9)).sum())", "int((array >= 8).sum()), int(((array >= 7) & (array < 8)).sum())"),
    _stats("plain Wald for NPS", "scores", 'added = 3.0 if method == "adjusted_wald" else 0.0', "added = 0.0"),
    _stats("Student's pooled df instead of Welch", "scores", "df = float((var_a + var_b) ** 2 / (var_a**2 / (len(a) - 1) + var_b**2 / (len(b) - 1)))", "df = float(len(a) + len(b) - 2)"),
    _stats("bounded mean without the added answer", "scores", "size = n + 1\n", "size = n + 0\n"),
    _stats("Bonferroni called Holm", "segments", "np.arange(len(p), 0, -1) * p[order]", "len(p) * p[order]"),
    _stats("Holm without the running maximum", "segments", "np.maximum.accumulate(steps)", "steps"),
    _stats("segment against a total that contains it", "segments", "proportion_diff(x.sum() - x, n.sum() - n, x, n, confidence=level)", "proportion_diff(x * 0 + x.sum(), n * 0 + n.sum(), x, n, confidence=level)"),
    _stats("segments at an unadjusted level", "segments", "level = 1 - alpha / max(int(known.sum()), 1)", "level = 1 - alpha"),
    _stats("funnel limits without interpolation", "segments", "np.clip((r - excess) / sizes, 0, 1)", "np.clip(r / sizes, 0, 1)"),
    _stats("over-dispersion from the mean of shares", "segments", "target = np.nansum(x) / np.nansum(n)\n    z", "target = np.nanmean(x / n)\n    z"),
    _stats("sample size rounded to nearest", "surveys", "return np.ceil(values - CEILING_SLACK)", "return np.round(values)"),
    _stats("margin without the finite population", "surveys", "    return float(np.sqrt(n / (n - 1) * ((z - z.mean()) ** 2).sum()))", "    return float(np.sqrt(((z - z.mean()) ** 2).sum()))"),
    _stats("Korn-Graubard on all answers, not the effective ones", "surveys", "min(n, p * (1 - p) / se**2)", "float(n)"),
    _stats("weights not recentred on the strata", "surveys", "z = w * (y - design @ beta) / w.sum()", "z = w * y / w.sum()"),
    _stats("strata weights upside down", "weights", "by_stratum = known / np.bincount(codes, minlength=len(known))", "by_stratum = np.bincount(codes, minlength=len(known)) / known"),
    _stats("raking stops after one round", "weights", "ROUNDS = 500", "ROUNDS = 1"),
    _stats("design effect without squares", "weights", "n_eff = float(w.sum() ** 2 / (w**2).sum())", "n_eff = float(len(w))"),
    _stats("no complementary cells", "privacy", "    return bool((high - low >= threshold).all())", "    return True"),
    _stats("attacker who does not see column totals", "privacy", "low, high = _attack(counts, hidden, primary & hidden)", "low, high = _attack(counts, hidden, primary & hidden, False)"),
    _stats("8-point rule", "process", "RUN_LENGTH = 7", "RUN_LENGTH = 8"),
    _stats("2.66 with the standard deviation", "process", "float(LIMIT * ranges.mean())", "float(3 * used.std())"),
    _stats("two of three on either side", "process", "same_side = np.abs(np.convolve(side, np.ones(3), mode=\"valid\")) == 3", "same_side = np.convolve(np.abs(side), np.ones(3), mode=\"valid\") == 3"),
    _stats("centre of a p-chart as the mean of months", "process", "return float(np.nansum(x) / np.nansum(base)) if", "return float(np.nanmean(x / base)) if"),
    _stats("mean of the closed orders only", "durations", "    at_risk = len(times) - np.searchsorted(np.sort(times), steps)\n    survival", "    times = times[done]\n    at_risk = len(times) - np.searchsorted(np.sort(times), steps)\n    survival"),
    _stats("plain instead of log-log limits", "durations", "low, high = survival ** np.exp(-spread), survival ** np.exp(spread)", "low, high = survival + spread * se, survival - spread * se"),
    _stats("open beyond the promise still pending", "durations", "if not (~done & (times < promise)).any():", "if not (~done).any():"),
    _stats("cancelled orders as censored", "durations", "open_after = np.cumprod(1 - (d_event + d_other) / at_risk)", "open_after = np.cumprod(1 - d_event / at_risk)"),
    _stats("difference in differences as a sum", "evaluation", "did = change[0] - change[1]", "did = change[0] + change[1]"),
    _stats("control's error forgotten", "evaluation", '"low": did - np.hypot(change[0] - low[0], high[1] - change[1])', '"low": did - (change[0] - low[0])'),
    _stats("placebo p without the treated", "evaluation", '"p_value": rank / (k + 1)', '"p_value": (rank - 1) / k'),
    _stats("regression to the mean with the spread between", "evaluation", "rebound = sd_within**2 / total", "rebound = sd_between**2 / total"),
    _stats("autocorrelation ignored in GLS", "evaluation", "correlation = float(rho) ** np.abs", "correlation = 0.0 ** np.abs"),
    _stats("mix not centred", "drivers", "mix = ((rates_a + rates_b) / 2 - (total_a + total_b) / 2) * (share_b - share_a)", "mix = (rates_a + rates_b) / 2 * (share_b - share_a)"),
    _stats("rate effect with the old mix only", "drivers", "rate = (share_a + share_b) / 2 * (rates_b - rates_a)", "rate = share_a * (rates_b - rates_a)"),
    _stats("reversal never seen", "drivers", "reversal = abs(total) > NO_CHANGE and not (moved == np.sign(total)).any()", "reversal = False"),
    _stats("point target: the estimate decides", "targets", "good, bad = (low >= goal, high < goal)", "good, bad = (x / n >= goal, x / n < goal)"),
    _stats("verdict on the wrong tail", "targets", 'if direction == ">=" else (high <= goal, low > goal)', 'if direction == ">=" else (low <= goal, high > goal)'),
    _stats("one-sided alpha in the power formula", "targets", 'stats.norm.isf(fraction_within(where, "alpha", alpha) / 2)', 'stats.norm.isf(fraction_within(where, "alpha", alpha))'),
    _stats("half up instead of half to even", "display", "units = round(_exact(numerator) / bottom * 10**decimals)", "units = int(_exact(numerator) / bottom * 10**decimals + Fraction(1, 2) // 1)"),
    _stats("shares rounded one by one", "display", "for i in order[: total - sum(units.values())]:", "for i in [i for i in order if exact[i] - units[i] >= Fraction(1, 2)]:"),
    _stats("99.6 % printed as 100 %", "display", "if shown == 100 and exact < 1:", "if shown > 100 and exact < 1:"),
    _stats("opinions of nine people shown", "display", "FEWEST_OPINIONS, FEWEST_RELIABLE = 10, 30", "FEWEST_OPINIONS, FEWEST_RELIABLE = 9, 30"),
    Mistake("changes without Holm", "propkit/reporting/claims.py", 'adjusted = np.asarray(stats.adjust_pvalues([float(result["p_value"]) for result in results])["p_adjusted"])', 'adjusted = np.asarray([float(result["p_value"]) for result in results])', "tests/reporting/test_claims.py"),
    Mistake("segments without the gate", "propkit/reporting/claims.py", "        if open_gate\n", "", "tests/reporting/test_claims.py"),
    Mistake("unwelcome taken for welcome", "propkit/reporting/claims.py", '(verdict == "higher") == (kpi.better == "up")', '(verdict == "higher") == (kpi.better == "down")', "tests/reporting/test_claims.py"),
    Mistake("limits from fewer than twelve months", "propkit/reporting/claims.py", "MIN_POINTS = 12", "MIN_POINTS = 2", "tests/reporting/test_claims.py"),
    Mistake("what still rises is declared missed", "propkit/reporting/claims.py", 'if kpi.ages and verdict == "not_attained":', 'if kpi.ages and verdict == "attained":', "tests/reporting/test_claims.py"),
    Mistake("suppressed figures keep their numbers", "propkit/rates.py", 'hidden = figures["state"] == "suppressed"', 'hidden = figures["state"] == "never"', "tests/test_rates.py"),
    Mistake("rates averaged: means of months added up", "propkit/counts.py", 'dropna=False, sort=True)[SUMS].sum()', 'dropna=False, sort=True)[SUMS].mean().round().astype("int64")', "tests/test_counts.py"),
    Mistake("segments that are not known join the first", "propkit/groups.py", "np.where(codes < 0, len(words), codes)", "np.maximum(codes, 0)", "tests/test_counts.py"),
)  # fmt: skip
