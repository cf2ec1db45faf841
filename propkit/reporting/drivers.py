"""Which items of a survey go with overall satisfaction, and how sure their order is; for the team alone.

Association within one wave of one community (statistics.md 7.3): it names no cause and proves no effect.
"""

from __future__ import annotations

import pandas as pd

from propkit import stats
from propkit.domains import satisfaction
from propkit.reporting import tables
from propkit.reporting.book import Book
from propkit.reporting.display import Display, format_interval, format_n, format_rate, heads_of, hidden, join, sentence
from propkit.reporting.waves import current, in_period
from propkit.text import Text, minus

MOST = 10
"""Items that are set side by side: those with most answers."""
RESAMPLES = 300
_KPI = "satisfaction_by_item"
_CAPTION = Text("与总体满意度关系的远近", "What goes with overall satisfaction")


def drivers(book: Book) -> Display:
    """Return each item with its satisfied share, its correlation with the overall score, and the range of its rank.

    Nothing where there is no wave of its own scale in the period, or for owners.
    """
    wave = current(book)
    if book.edition == "owner" or wave is None or wave.pooled:
        return Display("", "", "")
    rows = in_period(book)
    points = satisfaction.scores(rows, satisfaction.told(rows)["survey_id"].iloc[-1])
    if satisfaction.OVERALL not in points:
        return Display("", "", "")
    overall, others = points[satisfaction.OVERALL], points.drop(columns=satisfaction.OVERALL)
    asked = others.count().sort_values(ascending=False, kind="stable").index[:MOST]
    told = others[sorted(asked)].dropna().join(overall, how="inner").dropna()
    need = max(10 * len(asked), 60)
    if len(asked) < 2 or len(told) < need:
        return sentence(_too_few(len(told), need), book.lang)
    return join(
        [_table(book, told[sorted(asked)], told[satisfaction.OVERALL]), sentence(_caution(len(told)), book.lang)]
    )


def _table(book: Book, items: pd.DataFrame, overall: pd.Series) -> Display:
    shared = stats.relative_importance(overall, items, bootstrap=RESAMPLES)
    rates = {row["item"]: row for row in book.rates([_KPI], by="item").to_dict("records")}
    kpi, words = book.kpi(_KPI), book.words("item")
    heads = heads_of(
        book.lang, ("服务项", "Item"), ("满意率", "Satisfied"), ("95% 区间", "95% interval"), ("样本", "Cases"),
        ("相关系数 ρ", "Correlation ρ"), ("ρ 的 95% 区间", "Interval of ρ"), ("名次范围", "Range of rank"),
    )  # fmt: skip
    lines = []
    for item in shared["lmg"].sort_values(ascending=False, kind="stable").index:
        row, label = rates.get(item), words.get(item, Text(item, item)).get(book.lang)
        figure = ["—", "—", "—"] if row is None or hidden(row) else [
            format_rate(row, kpi, book.lang), format_interval(row, kpi, book.lang) or "—",
            format_n(row, book.lang).removeprefix("n="),
        ]  # fmt: skip
        with_overall = stats.correlation_ci(items[item], overall)
        low, high = int(shared["rank_low"][item]), int(shared["rank_high"][item])
        lines.append([label, *figure, _rho(with_overall["estimate"]),
                      f"{_rho(with_overall['low'])} – {_rho(with_overall['high'])}",
                      f"{low}" if low == high else f"{low}–{high}"])  # fmt: skip
    frame = pd.DataFrame(lines, columns=heads)
    return tables.table(frame, caption=_CAPTION, lang=book.lang, numeric=heads[1:], sortable=False, stacked=True)


def _rho(value: float) -> str:
    return "—" if pd.isna(value) else minus(f"{value:.2f}")


def _caution(n: int) -> Text:
    return Text(
        f"{n} 户各项都评了分。按对总体评分差异的贡献排列（LMG），名次范围由 {RESAMPLES} 次重抽样得出，范围重叠的分不出先后。"
        "相关不是原因：提高某一项未必提高总体满意度，不满意的人往往各项都打低分。",
        f"{n} households scored every item. In the order of their share of the differences in the overall score (LMG); ranges of "
        f"rank from {RESAMPLES} resamples: where they overlap there is no order. Association is no cause: raising an item need not "
        "raise overall satisfaction, for unhappy people score everything low.",
    )


def _too_few(n: int, need: int) -> Text:
    return Text(
        f"各项都评了分的只有 {n} 户，不足 {need} 户，看不出哪些服务项与总体满意度关系更近。",
        f"Only {n} households scored every item, fewer than {need}: which items go with overall satisfaction cannot be told.",
    )
