"""Before and after a rectification: the whole series with limits, its sister communities, and what may be said of the change.

A community is rectified because it was at its worst, so it gets better by itself: a plain before/after would say "worked" far
too often (docs/honesty.md, T5).  Here "more than its sisters" needs three things together: the change by both locks without the
month that triggered it, the difference in differences above nothing, and no sister that changed as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from propkit import domains, stats, store
from propkit.counted import count_communities
from propkit.figures import Monthly, figures
from propkit.model import Kpi
from propkit.periods import parse_period
from propkit.reporting import charts, charts_compare, claims, spans
from propkit.reporting.book import Book
from propkit.reporting.display import Display, join, period_words, sentence
from propkit.reporting.findings import WAVE
from propkit.reporting.lacking import absent
from propkit.text import Text, minus

FEWEST_BEFORE = 3
"""Months with data before the start without which nothing is compared."""
SISTERS_FOR_TEST = 19
"""With fewer sisters the rank of the change is shown, and is no test at 5 %."""
_ANSWERS = {
    "worked": Text(
        "变化超出偶然、也大于每个对照小区的", "changed beyond chance and more than every comparison community:"
    ),
    "changed": Text("只能说前后有变化的", "changed, and no more can be said:"),
    "no_clear_change": Text("没有明显变化的", "no clear change:"),
    "no_data": Text("数据不够、没有比较的", "too few data to compare:"),
}
_CLOSING = {
    "worked": Text(
        "三个条件都满足：变化超出了偶然、对照小区和均值回归所能解释的。",
        "All three conditions hold: the change is more than chance, the comparison communities and regression to the mean explain.",
    ),
    "larger": Text(
        "变化超出偶然，也大于每个对照小区；但对照小区太少，是否与整顿有关还不能下结论。",
        "The change is beyond chance and larger than in any comparison community; but with so few of them, whether the "
        "rectification has to do with it remains open.",
    ),
    "changed": Text(
        "只能说前后有变化；是否与整顿有关，现有数据不能判断。",
        "All that can be said is that it changed; whether the rectification has to do with it, these data cannot tell.",
    ),
}
_MOVED = {
    True: Text("上升", "higher"),
    False: Text("下降", "lower"),
    None: Text("没有明显变化", "no clear change"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """The halves of a before/after: satisfied and cases of the community and of its sisters, and how they compare.

    `verdict`: "worked" (all three conditions), "changed" (the first alone), "no_clear_change", "no_data"; `rank` of `n`
    communities by the size of the change; `rebound` in shares, what the trigger month alone leads to expect.
    """

    before: tuple[int, int]
    after: tuple[int, int]
    sisters_before: tuple[int, int]
    sisters_after: tuple[int, int]
    verdict: str
    good: bool | None
    did: float
    low: float
    high: float
    rank: int
    n: int
    rebound: float


def judged(book: Book) -> list[str]:
    """Return the key figures that are held against the comparison communities: one family of shares that do not go on rising."""
    kpis = [book.kpi(kpi_id) for kpi_id in book.key]
    return [kpi.id for kpi in kpis if kpi.kind == "share" and not kpi.ages and kpi.dated_by != WAVE]


def around(book: Book) -> Display:
    """The key shares before and after the start: the months, the limits of before, the sisters, and the sentence that holds."""
    start = book.workspace.rectified(book.community)
    if start is None:
        return sentence(_not_rectified(book), book.lang)
    return join([_around(book, kpi_id, start) for kpi_id in judged(book)])


def answer(book: Book) -> Text | None:
    """Say in one sentence how many key shares changed more than in the comparison communities, changed, or did neither."""
    start = book.workspace.rectified(book.community)
    if start is None:
        return _not_rectified(book)
    groups: dict[str, list[Text]] = {"worked": [], "changed": [], "no_clear_change": [], "no_data": []}
    for kpi_id in judged(book):
        found = _compared(book, kpi_id, start)
        groups[found.verdict if found else "no_data"].append(book.kpi(kpi_id).label)
    told = [(label, groups[verdict]) for verdict, label in _ANSWERS.items() if groups[verdict]]
    zh = "；".join(f"{label.zh} {len(names)} 项（{'、'.join(name.zh for name in names)}）" for label, names in told)
    en = "; ".join(f"{label.en} {len(names)} ({', '.join(name.en for name in names)})" for label, names in told)
    return Text(
        f"{period_words(start, 'zh')}整顿前后的 {len(judged(book))} 项比率：{zh}。",
        f"Of {len(judged(book))} shares before and after {start}: {en}.",
    )


def _not_rectified(book: Book) -> Text:
    where = book.edition == "internal"
    return Text(
        f"这个小区没有登记整顿开始的月份{'（propkit.toml 的 [[rectification]]）' if where else ''}，不作整顿前后的对比。",
        f"No month is recorded in which a rectification of this community began{' ([[rectification]] of propkit.toml)' if where else ''}: "
        "before and after are not compared.",
    )


def _compared(book: Book, kpi_id: str, start: str) -> Change | None:
    """The comparison of one share, reckoned once; None where fewer than three months before the start are known."""
    kept = book.besides.setdefault("rectified", {})
    if kpi_id not in kept:
        own, sisters = _sides(book, kpi_id, start)
        known = own[~own["state"].isin(["no_data", "suppressed"])]
        enough = (known["period"] < start).sum() >= FEWEST_BEFORE
        kept[kpi_id] = compare(own, sisters, start, book.kpi(kpi_id), len(judged(book))) if enough else None
    return kept[kpi_id]


def _sides(book: Book, kpi_id: str, start: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    months = _months(book, start)
    return _series(book, [kpi_id], months, [book.community]), _series(book, [kpi_id], months, _sisters(book))


def _around(book: Book, kpi_id: str, start: str) -> Display:
    kpi, found = book.kpi(kpi_id), _compared(book, kpi_id, start)
    own, sisters = _sides(book, kpi_id, start)
    if own["state"].isin(["no_data", "suppressed"]).all():
        return absent(book, kpi)
    if found is None:
        return sentence(_too_short(kpi), book.lang)
    pooled = _pooled(sisters, _months(book, start)) if len(sisters) else None
    chart = charts.show(
        charts_compare.before_after, _with_limits(own, start), kpi, lang=book.lang, start=start, others=pooled,
        title=kpi.label,
    )  # fmt: skip
    return join([chart, *(sentence(words, book.lang) for words in said(kpi, found, start))])


def _too_short(kpi: Kpi) -> Text:
    return Text(
        f"{kpi.label.zh}：整顿开始前有数据的月份不足 3 个，不作前后对比。",
        f"{kpi.label.en}: fewer than three months of data before the start, so before and after are not compared.",
    )


def compare(own: pd.DataFrame, sisters: pd.DataFrame, start: str, kpi: Kpi, family: int = 1) -> Change:
    """Judge one share of a `family` of as many.

    `own`, `sisters`: rates by month (and community); the month before `start` is the trigger, left out.
    """
    trigger = str(pd.Period(start) - 1)
    halves = [_sums(rows, start, trigger) for rows in (own, sisters)]
    (before, after), (others_before, others_after) = halves
    nothing = Change(
        before, after, others_before, others_after, "no_data", None, *[float("nan")] * 3, 0, 0, float("nan")
    )
    if not before[1] or not after[1]:
        return nothing
    test = stats.proportion_diff(*before, *after, method="exact")
    moved = test["verdict"] in ("higher", "lower") and float(test["p_value"]) < claims.ALPHA_CHANGES / family
    did = {"did": float("nan"), "low": float("nan"), "high": float("nan")}
    if others_before[1] and others_after[1]:
        did = stats.difference_in_differences(before, after, others_before, others_after)
    rank, n = _rank(own, sisters, start, trigger)
    beyond = did["low"] > 0 if test["verdict"] == "higher" else did["high"] < 0
    verdict = "no_clear_change" if not moved else "worked" if beyond and rank == 1 else "changed"
    good = claims.welcome(kpi, str(test["verdict"])) if moved else None
    return Change(
        before, after, others_before, others_after, verdict, good, did["did"], did["low"], did["high"], rank, n,
        _rebound(own, sisters, start, trigger),
    )  # fmt: skip


def said(kpi: Kpi, found: Change, start: str) -> list[Text]:
    """The sentences of a before/after: what changed, what the sisters did, what would have come by itself."""
    if found.verdict == "no_data":
        return [Text("前后没有足够的数据可比。", "There are too few data before or after to compare.")]
    was, now = (num / den * kpi.scale for num, den in (found.before, found.after))
    trigger = str(pd.Period(start) - 1)
    cases = f"n={found.before[1]:,} → {found.after[1]:,}"
    verdict = _MOVED[None if found.verdict == "no_clear_change" else now > was]
    parts = [Text(
        f"{kpi.label.zh}在 {period_words(start, 'zh')}前后：{was:.1f}% → {now:.1f}%（{cases}，不含触发整顿的{period_words(trigger, 'zh')}），{verdict.zh}。",
        f"{kpi.label.en} before and after the start in {start}: {was:.1f}% → {now:.1f}% ({cases}, without {trigger}, the month that "
        f"triggered it); {verdict.en}.",
    )]  # fmt: skip
    if not np.isnan(found.did):
        low, high = found.low * kpi.scale, found.high * kpi.scale
        parts.append(Text(
            f"与对照小区的变化相差 {minus(f'{found.did * kpi.scale:+.1f}')} 个百分点"
            f"（95% 区间 {minus(f'{low:+.1f}')} 到 {minus(f'{high:+.1f}')}）{_ranked(found).zh}",
            f"The change differs from that of the comparison communities by {minus(f'{found.did * kpi.scale:+.1f}')} points "
            f"(95% interval {minus(f'{low:+.1f}')} to {minus(f'{high:+.1f}')}){_ranked(found).en}",
        ))  # fmt: skip
    if not np.isnan(found.rebound):
        parts.append(_came_back(abs(found.rebound) * kpi.scale, trigger))
    closing = _CLOSING.get("larger" if found.verdict == "worked" and found.n <= SISTERS_FOR_TEST else found.verdict)
    return [*parts, *([closing] if closing else [])]


def _came_back(points: float, trigger: str) -> Text:
    """What the month that triggered the rectification alone leads to expect."""
    month = period_words(trigger, "zh")
    if not points:
        return Text(
            f"触发整顿的{month}并没有低到异常，谈不上自己回升（均值回归）。",
            f"{trigger}, the month that triggered it, was not exceptionally low: no rebound by itself is to be expected (regression to the mean).",
        )
    return Text(
        f"触发整顿的{month}是低点；仅凭这一点，即使什么都不做也会回升约 {points:.1f} 个百分点（均值回归）。",
        f"{trigger}, the month that triggered it, was exceptionally low; that alone would bring it back by about {points:.1f} points "
        "with nothing done (regression to the mean).",
    )


def _ranked(found: Change) -> Text:
    """How the change ranks among the communities, where enough of them have every month."""
    if not found.n:
        return Text(
            "；对照小区的月份不全，不能排名次。", "; the comparison communities lack months, so there is no rank."
        )
    rank = Text(
        f"；变化幅度在 {found.n} 个小区中排第 {found.rank}",
        f"; by size of change it is number {found.rank} of {found.n}",
    )
    few = (
        Text("。", ".")
        if found.n > SISTERS_FOR_TEST
        else Text("，小区太少，名次不是检验。", "; with so few, a rank is no test.")
    )
    return Text(rank.zh + few.zh, rank.en + few.en)


def _months(book: Book, start: str) -> list[str]:
    """At most twelve months before the start, and all from it to the end of the period."""
    first = str(pd.Period(start) - spans.MOST_BEFORE)
    return parse_period(f"{first}..{book.month}").months


def _sisters(book: Book) -> list[str]:
    """The other communities, without those that are being rectified themselves."""
    return [
        place
        for place in store.communities(book.workspace)
        if place != book.community and book.workspace.rectified(place) is None
    ]


def _series(book: Book, kpi_ids: Sequence[str], months: Sequence[str], places: Sequence[str]) -> pd.DataFrame:
    """The months of communities, as known at the report's own cut-off; sisters are known by their counts alone."""
    kpis, periods = [domains.kpi(one) for one in kpi_ids], [parse_period(month) for month in months]
    monthly = book.counted if places == [book.community] else _counted(book, places)
    return figures({}, book.cut, kpis, periods, communities=list(places), min_n=book.min_n, monthly=monthly)


def _counted(book: Book, places: Sequence[str]) -> Monthly:
    if "sisters" not in book.besides:
        book.besides["sisters"] = count_communities(book.workspace, places, book.cut).monthly
    return book.besides["sisters"]


def _sums(rates: pd.DataFrame, start: str, trigger: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Satisfied and cases before (without the trigger month) and after."""
    kept = rates[~rates["state"].isin(["no_data", "suppressed"])]
    sides = kept[(kept["period"] < start) & (kept["period"] != trigger)], kept[kept["period"] >= start]
    return tuple((int(side["num"].sum()), int(side["den"].sum())) for side in sides)


def _rank(own: pd.DataFrame, sisters: pd.DataFrame, start: str, trigger: str) -> tuple[int, int]:
    """The rank of the community's change among all with data in every month that it has data of, and how many these are."""
    both = pd.concat([own, sisters])
    known = own.loc[
        own["value"].notna() & (own["period"] != trigger), "period"
    ]  # months of which nothing is known of it rank nobody
    both = both[both["period"].isin(known)]
    values = (
        both.assign(value=both["value"].astype("float64")).set_index(["community", "period"])["value"].unstack("period")
    )
    place, at = own["community"].iloc[0], int((values.columns < start).sum())
    if not 0 < at < values.shape[1]:
        return 0, 0
    found = stats.did_placebo(values, place, at)
    return (0, 0) if np.isnan(found["rank"]) else (int(found["rank"]), int(found["n"]))


def _rebound(own: pd.DataFrame, sisters: pd.DataFrame, start: str, trigger: str) -> float:
    """What a community chosen for its trigger month comes back by: its own usual months against chance within a month."""
    before = own[(own["period"] < start) & (own["period"] != trigger) & (own["den"] > 0).fillna(False)]
    chosen = own[(own["period"] == trigger) & (own["den"] > 0).fillna(False)]
    if len(before) < 3 or chosen.empty:
        return float("nan")
    usual = before["num"].sum() / before["den"].sum()
    shares = (before["num"] / before["den"]).astype("float64")
    n = int(chosen["den"].iloc[0])
    within = float(np.sqrt(usual * (1 - usual) / n))
    noise = float((usual * (1 - usual) / before["den"].astype("float64")).mean())
    between = float(np.sqrt(max(0.0, shares.var(ddof=1) - noise)))
    value = float(chosen["num"].iloc[0] / n)
    if within + between == 0 or value >= usual - within:
        return 0.0  # the month was not exceptional: nothing comes back
    return stats.regression_to_mean(usual, between, within, value)["expected_rebound"]


def _pooled(sisters: pd.DataFrame, months: Sequence[str]) -> pd.DataFrame:
    """The sisters added up by month: counts add, and are divided once."""
    rows = []
    for month in months:
        ours = sisters[(sisters["period"] == month) & ~sisters["state"].isin(["no_data", "suppressed"])]
        num, den = int(ours["num"].sum()), int(ours["den"].sum())
        limits = stats.proportion_ci(num, den)
        rows.append({
            "kpi": sisters["kpi"].iloc[0], "period": month, "segment": "all", "n": den, "num": num, "den": den,
            "value": limits["estimate"], "low": limits["low"], "high": limits["high"], "state": "ok" if den else "no_data",
        })  # fmt: skip
    return pd.DataFrame(rows)


def _with_limits(own: pd.DataFrame, start: str) -> pd.DataFrame:
    """The months with the process limits of those before the start, carried on."""
    bare = own.assign(center=np.nan, lcl=np.nan, ucl=np.nan, signal=False)
    settled = own[own["state"].isin(["ok", "unreliable"])]
    before = settled[settled["period"] < start]
    if len(before) < 6:
        return bare
    base = before["num"].sum() / before["den"].sum()
    # The p-chart of `stats`, but with the level of the months before for those after as well.
    reach = 3 * np.sqrt(base * (1 - base) / settled["den"].to_numpy("float64"))
    limits = {"center": base, "lcl": np.clip(base - reach, 0, 1), "ucl": np.clip(base + reach, 0, 1)}
    for name, values in limits.items():
        bare.loc[settled.index, name] = values
    value = bare["value"].astype("float64")
    return bare.assign(signal=(value < bare["lcl"]) | (value > bare["ucl"]))
