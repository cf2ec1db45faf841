"""All communities side by side, from their counts alone: who lies outside chance, how sure a rank is, who needs a look and why.

A `Portfolio` is a book over all communities; its pieces are shown by the functions here.  No league table: ranks come as ranges.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from functools import cached_property
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from propkit import domains, stats, store
from propkit.counted import Counted, count_communities
from propkit.figures import figures
from propkit.model import Kpi
from propkit.periods import Period, parse_period
from propkit.reporting import cards, charts, charts_compare, charts_panels, claims, plainly, tables
from propkit.reporting.book import Book, check_choices
from propkit.reporting.display import Display, format_interval, format_rate, heads_of, join, sentence
from propkit.reporting.lacking import absent, missing
from propkit.text import Text, counted, number
from propkit.workspace import open_workspace

ALL = "all"
"""In the place of a community's id: every community."""
_SHRUNK = Text(
    "名次范围：区间有重叠的小区分不出先后。向总体收缩后：样本越少，越靠近全体的水平，免得把小样本的高低当真。",
    "Range of ranks: communities whose intervals overlap cannot be put in order. Drawn towards all: the fewer the cases, the closer "
    "to the level of all, so that the ups and downs of small numbers are not taken for real.",
)
FEWEST = 3
"""Communities with data that a funnel needs."""
MOST = 24
"""Communities with a small plot of their own: more are no longer seen side by side."""


class Portfolio(Book):
    """A book over every community, which reads no row: rates have a line for each community, with its name in `label`."""

    @cached_property
    def whole_company(self) -> Counted:
        """What every community counts to by month."""
        return count_communities(self.workspace, list(self.places), self.cut)

    @property
    def sizes(self) -> dict[str, int]:
        """Rows known at the cut-off, by table."""
        return dict(self.whole_company.known)

    @property
    def households(self) -> int:
        """Occupied households of all communities; 0 where those of one are not known."""
        known = [self.whole_company.homes.get(place) or self.cut.households.get(place, 0) for place in self.places]
        return sum(known) if all(known) else 0

    def bare(self, name: str) -> bool:
        """Say whether no community gave a row of a table."""
        return not self.whole_company.given.get(name)

    @property
    def places(self) -> dict[str, str]:
        """Community id -> name, in the order of the workspace."""
        named = store.communities(self.workspace)
        declared = self.workspace.communities
        english = {place: one.name_en for place, one in declared.items() if one.name_en and self.lang != "zh"}
        return {place: english.get(place, name) for place, name in named.items()}

    @cached_property
    def data_sha256(self) -> str:
        """A hash over every input of every community."""
        digest = hashlib.sha256(repr((self.cut.as_of, self.cut.definitions, self.cut.waves, self.min_n)).encode())
        for place in self.places:
            digest.update(store.fingerprint(self.workspace, place).encode())
        return digest.hexdigest()

    def sides(self, kpi_ids: Sequence[str], periods: Sequence[Period] = ()) -> pd.DataFrame:
        """Return the figures of every community, `label` its name, in the order of the workspace."""
        kpis = [domains.kpi(kpi_id) for kpi_id in kpi_ids]
        rates = figures(
            {}, self.cut, kpis, periods or [self.period],
            communities=list(self.places), min_n=self.min_n, monthly=self.whole_company.monthly,
        )  # fmt: skip
        return rates.assign(label=rates["community"].map(self.places).astype("str"))

    def check_disclosure(self) -> None:
        """Nothing is split here: a community's opinions appear whole or, below the smallest number, not at all."""


def open_portfolio(
    *, workspace: str | Path = ".", period: str, as_of: str = "", edition: str = "internal", lang: str = "zh"
) -> Portfolio:
    """Open the report over all communities for a period; raises ConfigError for a wrong parameter."""
    opened = open_workspace(workspace)
    check_choices(edition, lang)
    cut = opened.cut(store.data_cutoff(opened, as_of or None))
    stretch = parse_period(str(period), cut.as_of)
    named = opened.settings.workspace.name or ("全部小区" if lang == "zh" else "All communities")
    asked = {"community": ALL, "month": str(period), "as_of": as_of, "edition": edition, "lang": lang}
    return Portfolio(opened, "portfolio", ALL, named, stretch, cut, edition, lang, {}, {}, asked)


def looks(book: Portfolio, kpi_ids: Sequence[str]) -> Display:
    """Answer first: which communities need a look and why, what differs, how many would by chance, and what is not known."""
    judged = _judged_months(book, kpi_ids)
    found = [*_outside(book, kpi_ids), *_signalled(book, judged)]
    reasons: dict[str, list[str]] = {}
    for place, text in found:
        reasons.setdefault(place, []).append(text.get(book.lang))
    points = [_differences(book, kpi_ids), claims.by_chance([rows for _, rows, _ in judged]), *_unknown(book, kpi_ids)]
    if not reasons:
        none = Text("没有小区超出偶然波动的范围。", "No community lies outside what chance alone gives.")
        return cards.summary(none, points, lang=book.lang)
    book.besides["looks"] = list(reasons)
    names = [book.places[place] for place in reasons]
    lead = Text(
        f"{len(book.places)} 个小区中有 {len(names)} 个需要看一看：{'、'.join(names)}。",
        f"{len(names)} of {len(book.places)} communities should be looked at: {', '.join(names)}.",
    )
    heads = heads_of(book.lang, ("小区", "Community"), ("为什么要看一看", "Why it needs a look"))
    comma = "；" if book.lang == "zh" else "; "
    frame = pd.DataFrame([[book.places[place], comma.join(texts)] for place, texts in reasons.items()], columns=heads)
    caption = Text("需要看一看的小区", "Communities to look at")
    table = tables.table(frame, caption=caption, lang=book.lang, sortable=False, stacked=True)
    return join([cards.summary(lead, points, lang=book.lang), table])


def _differences(book: Portfolio, kpi_ids: Sequence[str]) -> Text:
    """Say which figures differ between communities beyond chance, each with its ends."""
    judged = _judged(book, kpi_ids)
    differing = [(kpi_id, rates) for kpi_id, rates, differs in judged if differs]
    if not differing:
        return Text(
            f"比较了 {len(judged)} 项比率，小区之间的差别都可能只是偶然。",
            f"{counted(len(judged), 'shares')} compared: no difference between communities is beyond chance.",
        )
    told = [_ends(book, kpi_id, rates) for kpi_id, rates in differing]
    return Text(
        f"比较了 {len(judged)} 项比率，小区之间的差别超出偶然的有 {len(told)} 项：{'；'.join(one.zh for one in told)}。",
        f"{counted(len(judged), 'shares')} compared; beyond chance communities differ in {len(told)}: "
        f"{'; '.join(one.en for one in told)}.",
    )


def _ends(book: Portfolio, kpi_id: str, rates: pd.DataFrame) -> Text:
    kpi = dataclasses.replace(book.kpi(kpi_id), target=None)
    low, high = (rates.sort_values("value").iloc[place] for place in (0, -1))
    one, two = (plainly.figure_in(kpi, row) for row in (low, high))
    zh = f"{low['label']}{one.zh}，{high['label']}{two.zh}"
    return Text(zh, f"{low['label']}: {one.en}, {high['label']}: {two.en}")


def _unknown(book: Portfolio, kpi_ids: Sequence[str]) -> list[Text]:
    """Say which figures of which communities are missing, provisional or rest on few cases."""
    rates = book.sides(kpi_ids)
    words = {
        "no_data": Text("没有数据的有", "no data for"),
        "provisional": Text("数值还会变的有", "provisional:"),
        "unreliable": Text("样本太少、只能参考的有", "too few cases to rely on:"),
        "suppressed": Text("答复太少、不公布的有", "too few answers to show:"),
    }
    told = []
    for state, label in words.items():
        rows = rates[rates["state"] == state]
        named = [_places_of(book, kpi_id, rows) for kpi_id in dict.fromkeys(rows["kpi"])]
        if named:
            told.append(
                Text(label.zh + "、".join(one.zh for one in named), f"{label.en} {', '.join(one.en for one in named)}")
            )
    if not told:
        return []
    return [
        Text(f"还不知道：{'；'.join(one.zh for one in told)}。", f"Not known yet: {'; '.join(one.en for one in told)}.")
    ]


def _places_of(book: Portfolio, kpi_id: str, rows: pd.DataFrame) -> Text:
    label, names = book.kpi(kpi_id).label, list(rows.loc[rows["kpi"] == kpi_id, "label"])
    if len(names) == len(book.places):
        return label
    return Text(f"{label.zh}（{'、'.join(names)}）", f"{label.en} ({', '.join(names)})")


def overview(book: Portfolio, kpi_ids: Sequence[str]) -> Display:
    """Every community by every figure, side by side."""
    rates = book.sides(kpi_ids)
    kpis = {kpi_id: dataclasses.replace(book.kpi(kpi_id), target=None) for kpi_id in kpi_ids}
    caption = Text("各小区一览（每格为数值、95% 区间与样本）", "Every community: figure, 95% interval and cases")
    table = tables.kpi_table(rates, kpis, lang=book.lang, caption=caption)
    known = set(rates.loc[rates["state"] != "no_data", "kpi"])
    without = [kpi for kpi_id, kpi in kpis.items() if kpi_id not in known]
    return join([table, missing(book, without)]) if without else table


def funnel(book: Portfolio, kpi_id: str) -> Display:
    """One share of every community against its number of cases, with the limits of chance."""
    kpi = dataclasses.replace(book.kpi(kpi_id), target=None)
    rates = _shares(book, kpi_id)
    if len(rates) < FEWEST:
        return absent(book, kpi)
    num, den = _sums(rates)
    center = num.sum() / den.sum()
    sizes = np.unique(np.linspace(1, den.max() * 1.12, 60).astype(int))
    limits = stats.funnel_limits(center, sizes).assign(n=sizes)
    outside = stats.funnel_outside(num, den, center)["outside"].to_numpy(bool)
    drawn = rates.assign(segment=rates["community"], signal=outside)
    mix = Text(
        "各小区的房龄、规模与住户构成不同，超出范围说明值得去看，不说明谁做得不好。",
        "Communities differ in age, size and households: outside the range means worth a look, not worse work.",
    )
    chart = charts.show(charts_compare.funnel, drawn, kpi, lang=book.lang, limits=limits, center=float(center))
    return join([chart, sentence(mix, book.lang)])


def months(book: Portfolio, kpi_id: str) -> Display:
    """The last thirteen months of one figure for every community, a small plot for each, all on one scale."""
    kpi = dataclasses.replace(book.kpi(kpi_id), target=None)
    rates = book.sides([kpi_id], [parse_period(month) for month in book.period.history(13)])
    known = rates[~rates["state"].isin(["no_data", "suppressed"])]
    if kpi.ages or known["period"].nunique() < 2:
        return absent(book, kpi)
    drawn, others = _drawn(book, known)
    told = rates[rates["community"].isin(drawn)].assign(segment=lambda rows: rows["community"])
    chart = charts.show(charts_panels.small_multiples, told, kpi, lang=book.lang)
    return join([chart, sentence(others, book.lang)]) if others else chart


def _drawn(book: Portfolio, known: pd.DataFrame) -> tuple[set[str], Text | None]:
    """The communities that have a plot of their own, and what to say of the others where there are too many."""
    places = list(dict.fromkeys(known["community"]))
    if len(places) <= MOST:
        return set(places), None
    looked = [place for place in book.besides.get("looks", []) if place in places]
    cases = {place: int(known.loc[known["community"] == place, "n"].sum()) for place in places}
    first = sorted(places, key=lambda place: (place not in looked, -cases[place], places.index(place)))[:MOST]
    zh = f"{len(places)} 个小区画出 {MOST} 个：先是需要看一看的，再按样本从多到少；其余见「各小区一览」。"
    en = (
        f"{MOST} of {len(places)} communities are drawn: those to be looked at first, then those with most cases; the others are "
        "in the table of every community."
    )
    return set(first), Text(zh, en)


def ranks(book: Portfolio, kpi_id: str) -> Display:
    """The range of ranks that each community may really have, and its level drawn towards that of all."""
    kpi = dataclasses.replace(book.kpi(kpi_id), target=None)
    rates = _shares(book, kpi_id)
    if len(rates) < 2:
        return absent(book, kpi)
    found = rank_ranges(rates, kpi)
    shrunk = stats.shrink_proportions(*_sums(rates))
    order = np.argsort(found["first"].to_numpy() + found["last"].to_numpy(), kind="stable")
    heads = heads_of(
        book.lang,
        ("小区", "Community"),
        ("数值", "Value"),
        ("95% 区间", "95% interval"),
        ("样本", "Cases"),
        ("名次范围", "Range of ranks"),
        ("向总体收缩后", "Drawn towards all"),
    )
    lines = []
    for place in order:
        row, first, last = rates.iloc[place], found["first"].iloc[place], found["last"].iloc[place]
        level = float(shrunk["shrunk"].iloc[place]) * kpi.scale
        words = f"{first}" if first == last else f"{first}–{last}"
        cells = [format_rate(row, kpi, book.lang), format_interval(row, kpi, book.lang), number(int(row["n"]))]
        lines.append([row["label"], *cells, words, f"{level:.1f}%"])
    caption = Text(f"{kpi.label.zh}：名次只能给出范围", f"{kpi.label.en}: ranks are known as ranges only")
    frame = pd.DataFrame(lines, columns=heads)
    shown = tables.table(frame, caption=caption, lang=book.lang, numeric=heads[1:], sortable=False)
    told = book.besides.setdefault("shrunk", kpi_id)  # how it is to be read is said once, beneath the first
    return join([shown, *([sentence(_SHRUNK, book.lang)] if told == kpi_id else [])])


def rank_ranges(rates: pd.DataFrame, kpi: Kpi) -> pd.DataFrame:
    """Return the first and last rank (1 = best) that each row may have, at 95 % for all rows together.

    Formula: intervals at 1 - 0.05/rows; a row stands behind another only when its interval lies wholly on the worse side
    (Bonferroni; simple and on the safe side).
    """
    num, den = _sums(rates)
    limits = stats.proportion_ci(num, den, confidence=1 - 0.05 / len(rates))
    low, high = limits["low"].to_numpy(), limits["high"].to_numpy()
    sign = -1 if kpi.better == "down" else 1
    best, worst = (high, low) if sign > 0 else (-low, -high)
    first = [1 + int((worst > best[at]).sum()) for at in range(len(rates))]
    last = [len(rates) - int((best < worst[at]).sum()) for at in range(len(rates))]
    return pd.DataFrame({"first": first, "last": last})


def spread(book: Portfolio, kpi_ids: Sequence[str]) -> Display:
    """Whether communities differ at all, figure by figure: the homogeneity test, one family."""
    judged = _judged(book, kpi_ids)
    if not judged:
        return sentence(Text("没有可以比较的数字。", "There are no figures to compare."), book.lang)
    heads = heads_of(
        book.lang,
        ("指标", "Figure"),
        ("最低", "Lowest"),
        ("最高", "Highest"),
        ("小区之间的差别", "Differences between communities"),
    )
    words = {
        True: Text("超出偶然", "beyond chance"),
        False: Text("可能只是偶然", "may be chance alone"),
    }
    lines = []
    for kpi_id, rates, differs in judged:
        kpi = dataclasses.replace(book.kpi(kpi_id), target=None)
        ends = rates.sort_values("value").iloc[[0, -1]]
        shown = [f"{row['label']} {format_rate(row, kpi, book.lang)}" for row in ends.to_dict("records")]
        lines.append([kpi.label.get(book.lang), *shown, words[differs].get(book.lang)])
    frame = pd.DataFrame(lines, columns=heads)
    caption = Text("每项指标最低与最高的小区", "The lowest and highest community of each figure")
    return tables.table(frame, caption=caption, lang=book.lang, sortable=False, stacked=True)


def _judged(book: Portfolio, kpi_ids: Sequence[str]) -> list[tuple[str, pd.DataFrame, bool]]:
    """The shares of at least two communities, and whether they differ: one family of homogeneity tests."""
    told = [(kpi_id, rates) for kpi_id in kpi_ids if len(rates := _shares(book, kpi_id)) > 1]
    if not told:
        return []
    tests = [float(stats.homogeneity_test(*_sums(rates))["p_value"]) for _, rates in told]
    passed = np.asarray(stats.adjust_pvalues(tests)["p_adjusted"]) < claims.ALPHA_SEGMENTS
    return [(kpi_id, rates, bool(differs)) for (kpi_id, rates), differs in zip(told, passed, strict=True)]


def quality(book: Portfolio) -> Display:
    """How much of each community's exports could be used."""
    heads = heads_of(
        book.lang,
        ("小区", "Community"),
        ("文件", "Files"),
        ("行数", "Lines"),
        ("采用", "Kept"),
        ("未采用", "Refused"),
        ("未采用占比", "Share refused"),
    )
    lines = []
    for place, name in book.places.items():
        entries = store.accounts(book.workspace, place)
        sums = [sum(entry[what] for entry in entries) for what in ("lines", "kept", "rejected_lines")]
        share = stats.percent_text(sums[2], sums[0]) if sums[0] else "—"
        lines.append([name, f"{len(entries):,}", *(f"{total:,}" for total in sums), share])
    caption = Text(
        "数据质量（多个小区共用的文件各算一次）", "Data quality (a file shared by communities counts for each)"
    )
    frame = pd.DataFrame(lines, columns=heads)
    return tables.table(frame, caption=caption, lang=book.lang, numeric=heads[1:])


def _outside(book: Portfolio, kpi_ids: Sequence[str]) -> list[tuple[str, Text]]:
    """Communities beyond the 99.8 % limits of the funnel, at a level that allows for all that is looked at."""
    found = []
    for kpi_id in kpi_ids:
        kpi, rates = book.kpi(kpi_id), _shares(book, kpi_id)
        if len(rates) < FEWEST:
            continue
        num, den = _sums(rates)
        for at, row in enumerate(rates.to_dict("records")):
            others = int(num.sum() - num[at]), int(den.sum() - den[at])
            rest = others[0] / others[1]
            test = stats.proportion_diff(*others, int(num[at]), int(den[at]), method="exact")
            p = 1.0 if test["verdict"] == "no_clear_change" else float(test["p_value"])
            worse = (num[at] / den[at] < rest) == (kpi.better != "down")
            if p < claims.ALPHA_SEGMENTS / (len(rates) * len(kpi_ids)) and worse and kpi.better:
                own, usual = (
                    plainly.figure_in(dataclasses.replace(kpi, target=None), rates.iloc[at]),
                    f"{rest * kpi.scale:.0f}%",
                )
                found.append((row["community"], Text(
                    f"{own.zh}；其余小区合计 {usual}（n={others[1]:,}）",
                    f"{own.en}; all others together {usual} (n={others[1]:,})",
                )))  # fmt: skip
    return found


def _judged_months(book: Portfolio, kpi_ids: Sequence[str]) -> list[tuple[str, pd.DataFrame, list[claims.Claim]]]:
    """Every community's own months of every figure that does not age, with their limits and what is to be told of them."""
    months = [parse_period(month) for month in book.period.history(13)]
    kpis = [
        book.kpi(one) for one in kpi_ids if domains.KPIS[one].kind in ("share", "rate") and not domains.KPIS[one].ages
    ]
    rates, family = book.sides([kpi.id for kpi in kpis], months), len(book.places) * len(kpi_ids)
    series = [rates.iloc[at : at + len(months)].reset_index(drop=True) for at in range(0, len(rates), len(months))]
    pairs = zip(product(kpis, book.places), series, strict=True)
    return [(place, *claims.signals(kpi, rows, family)) for (kpi, place), rows in pairs]


def _signalled(book: Portfolio, judged: list[tuple[str, pd.DataFrame, list[claims.Claim]]]) -> list[tuple[str, Text]]:
    """Communities whose own latest month lies outside its usual range, for the worse."""
    return [
        (place, one.text) for place, _, told in judged for one in told if one.period == book.month and one.good is False
    ]


def _shares(book: Portfolio, kpi_id: str) -> pd.DataFrame:
    """The settled figures of communities for a share; empty for any other kind."""
    if domains.KPIS[kpi_id].kind != "share":
        return book.sides([kpi_id]).iloc[:0]
    rates = book.sides([kpi_id])
    kept = rates[rates["state"].isin(["ok", "unreliable"]) & (rates["den"] > 0).fillna(False)]
    return kept.reset_index(drop=True)


def _sums(rates: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return rates["num"].to_numpy("int64"), rates["den"].to_numpy("int64")
