"""The plan of the next survey: how many answers and invitations, which change they can show, what is out of reach."""

from __future__ import annotations

import pandas as pd

from propkit import stats
from propkit.domains import satisfaction
from propkit.reporting import tables
from propkit.reporting.book import Book
from propkit.reporting.display import Display, heads_of, hidden, join, sentence
from propkit.reporting.waves import Wave, latest
from propkit.text import Text, number

MARGINS = (0.10, 0.05)
"""The margins of error for which the next wave is planned."""
EVEN = 0.5
"""The share taken for a plan when none is known: the one that needs the most answers."""


def sample_plan(book: Book) -> Display:
    """How many answers and invitations the next wave needs, which change it could show, and what is out of reach."""
    if not book.households:
        words = Text("不知道总户数，无法计算样本量。", "The number of households is unknown: no sample can be planned.")
        return sentence(words, book.lang)
    last = latest(book)
    response = last.response if last else None
    rows = [_plan_row(book, last, int(stats.sample_size(book.households, margin)["n"]), margin) for margin in MARGINS]
    if last and last.nobs <= book.households:
        rows.append(_plan_row(book, last, last.nobs, None))
    heads = heads_of(
        book.lang, ("误差", "Margin"), ("需要答复", "Answers"), ("占总户数", "Of households"),
        ("需要邀请", "Invitations"), ("前后两次能发现的变化（百分点，80% 把握）", "Change two such waves can show (points, power 80%)"),
    )  # fmt: skip
    caption = Text(
        f"下次调查要多少户（共 {book.households:,} 户）", f"The next wave, of {book.households:,} households"
    )
    frame = pd.DataFrame(rows, columns=heads)
    table = tables.table(frame, caption=caption, lang=book.lang, numeric=heads[1:], sortable=False, stacked=True)
    said = [*(_reach(book, margin, response) for margin in MARGINS[::-1]), *_out_of_reach(book, response)]
    return join([table, *(sentence(text, book.lang) for text in said)])


def _plan_row(book: Book, last: Wave | None, answers: int, margin: float | None) -> list[str]:
    """A line of the plan; without `margin` it is for as many answers as last time, with the margin they give."""
    homes, response = book.households, last.response if last else None
    label = f"±{100 * margin:.0f}" if margin else f"±{100 * stats.margin_of_error(answers, homes)['margin']:.1f}"
    as_last = "" if margin else _either(book, "（与上次相同）", " (as last time)")
    asked = "—"
    if margin and response:
        plan = stats.sample_size(homes, margin, response_rate=response)
        asked = number(plan["invitations"]) if plan["reachable"] else _either(book, "达不到", "out of reach")
    elif last and last.invited and not margin:
        asked = number(last.invited)
    base = last.count / last.nobs if last and not hidden(last.figure) else EVEN
    return [label + as_last, number(answers), stats.percent_text(answers, homes), asked, _detectable(answers, base)]


def _detectable(answers: int, base: float) -> str:
    """The smallest rise and fall that two waves of so many answers show with a power of 80 %."""
    ways = (("+", "increase"), ("−", "decrease"))
    found = [(sign, stats.min_detectable_change(answers, base, improvement=way)["change"]) for sign, way in ways]
    return " / ".join("—" if pd.isna(change) else f"{sign}{abs(change) * 100:.0f}" for sign, change in found)


def _reach(book: Book, margin: float, response: float | None) -> Text:
    homes = book.households
    plan = stats.sample_size(homes, margin, response_rate=response or 1)
    need = Text(
        f"要精确到 ±{100 * margin:.0f} 个百分点，需要 {plan['n']:,.0f} 户答复",
        f"±{100 * margin:.0f} points need {plan['n']:,.0f} answers",
    )
    if not response:
        return Text(f"{need.zh}；上次回收率未知。", f"{need.en}; the last response rate is unknown.")
    if plan["reachable"]:
        return Text(
            f"{need.zh}；按上次 {response:.0%} 的回收率，要邀请约 {plan['invitations']:,.0f} 户。",
            f"{need.en}; at the last response rate of {response:.0%} about {plan['invitations']:,.0f} invitations.",
        )
    got = int(homes * response)
    return Text(
        f"{need.zh}；按上次 {response:.0%} 的回收率，邀请全部 {homes:,} 户也只有约 {got:,} 户答复：先要提高回收率。",
        f"{need.en}; at the last response rate of {response:.0%} asking all {homes:,} brings about {got:,}: "
        "the response rate must rise first.",
    )


def _out_of_reach(book: Book, response: float | None) -> list[Text]:
    """What age by zone would need for ±10 points in every cell, against what one wave can bring."""
    homes = satisfaction.occupied(book.tables["household"]).dropna(subset=["age_band", "zone"])
    sizes = homes.value_counts(["age_band", "zone"]).to_numpy()
    if len(sizes) < 2:
        return []
    plans = stats.sample_size(sizes, MARGINS[0], response_rate=response or 1)
    need, cells = int(plans["n"].sum()), len(sizes)
    zh = f"每个年龄段×区域（{cells} 格）都要 ±10 个百分点，共需 {need:,} 户答复（占 {need / len(homes):.0%}）"
    en = f"Every age band by zone ({cells} cells) within ±10 points needs {need:,} answers ({need / len(homes):.0%} of all)"
    if bool(plans["reachable"].all()) and response:
        ask = int(plans["invitations"].sum())
        return [
            Text(
                f"{zh}；按上次回收率，要在各格共邀请约 {ask:,} 户。",
                f"{en}; at the last response rate about {ask:,} invitations, spread over the cells.",
            )
        ]
    return [
        Text(
            f"{zh}：一次调查做不到，请用滚动 3–12 个月的合并数据或普查。",
            f"{en}: out of reach in one wave; use rolling 3–12 months or a census.",
        )
    ]


def _either(book: Book, zh: str, en: str) -> str:
    return Text(zh, en).get(book.lang)
