"""What changed in figures that were told before, and why: the restatement log.

Every published page leaves the counts that it told (`telling`, kept in the store).  A later page reckons the same figures from
what is known now and says which differ: because something happened after the earlier cut-off (an order was finished, a bill
paid, a recall matured), or because exports came late or were corrected.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence

import pandas as pd

from propkit import __version__, domains, store
from propkit.figures import figures
from propkit.periods import parse_period
from propkit.reporting import tables
from propkit.reporting.book import HISTORY, Book
from propkit.reporting.display import Display, format_n, format_rate, heads_of, period_words, sentence, state_words
from propkit.reporting.findings import figures_of
from propkit.text import Text

LINES = 12
_NUMBERS = ("n", "num", "den")
REASONS = {
    "later": Text("上次数据截至日之后才办结、到账或满期", "finished, paid or matured after the earlier cut-off"),
    "data": Text("导出补报或更正", "exports came late or were corrected"),
    "both": Text("既有新发生的，也有补报或更正的", "both later events and late or corrected exports"),
    "rules": Text("口径或软件版本改变", "definitions or the software changed"),
}


def telling(book: Book) -> dict[str, object]:
    """Return the counts that this page tells, as plain data: the figures of its period, and the months of key figures.

    Figures that age are kept for the period alone: their other months are shown as they stood at the same age.
    """
    before = _baseline(book, _tellings(book))
    ids = figures_of(book)
    told = book.in_periods(ids, [book.period])
    if book.period.kind == "month":
        steady = [one for one in book.key if not domains.KPIS[one].ages]
        months = [parse_period(month) for month in book.period.history(HISTORY)[:-1]]
        told = pd.concat([told, book.in_periods(steady, months)], ignore_index=True) if steady else told
    rows = [
        [
            row["kpi"],
            row["period"],
            *(None if pd.isna(row[name]) else int(row[name]) for name in _NUMBERS),
            row["state"],
        ]
        for row in told.to_dict("records")
    ]
    return {
        "report": book.report,
        "edition": book.edition,
        "period": book.period.id,
        "mark": _mark(book),
        "rules": _rules(book),
        "as_of": f"{book.cut.as_of:%Y-%m-%d %H:%M:%S}",
        "against": [before["period"], before["number"]] if before else None,
        "rows": rows,
    }


def changes(book: Book, told: Mapping[str, object]) -> pd.DataFrame:
    """Return the figures of an earlier telling that are different now.

    Columns: kpi, period, n_then, num_then, den_then, state_then, n_now, num_now, den_now, state_now, reason.
    """
    span = {book.period.id, str(told["period"]), *book.period.history(HISTORY)}
    then = pd.DataFrame([row for row in told["rows"] if row[1] in span], columns=["kpi", "period", *_NUMBERS, "state"])
    then = then[then["kpi"].isin(domains.KPIS)].astype(dict.fromkeys(_NUMBERS, "Int64"))
    ids = list(dict.fromkeys(then["kpi"]))
    now = book.in_periods(ids, [parse_period(period) for period in dict.fromkeys(then["period"])])
    both = then.merge(now[["kpi", "period", *_NUMBERS, "state"]], on=["kpi", "period"], suffixes=("_then", "_now"))
    hidden = (both["state_then"] == "suppressed") | (both["state_now"] == "suppressed")
    differs = pd.concat(
        [both[f"{name}_then"].fillna(-1) != both[f"{name}_now"].fillna(-1) for name in _NUMBERS], axis=1
    )
    found = both[differs.any(axis=1) & ~hidden].reset_index(drop=True)
    return found.assign(reason=_reasons(book, told, found))


def restated(book: Book) -> Display:
    """Say which figures of earlier pages are different now; a first report says that there is nothing to compare with."""
    tellings = _tellings(book)
    own = [one for one in tellings if one["period"] == book.period.id and one["mark"] != _mark(book)]
    sides = [one for one in (_baseline(book, tellings), own[-1] if own else None) if one is not None]
    if not sides:
        none = Text("没有更早的报告可比，以前的数字有没有变，无从说起。",
                    "There is no earlier report to compare with: whether earlier figures changed cannot be told.")  # fmt: skip
        return sentence(none, book.lang)
    parts = [_told(book, one, changes(book, one)) for one in sides]
    return Display(*("\n".join(getattr(part, name) for part in parts) for name in ("html", "fallback", "text")))


def _told(book: Book, told: Mapping[str, object], found: pd.DataFrame) -> Display:
    period, day = str(told["period"]), str(told["as_of"])[:10]
    name = Text(
        f"{period_words(period, 'zh')}报告（数据截至 {day}）" + ("的旧版" if period == book.period.id else ""),
        f"the {'earlier version of the ' if period == book.period.id else ''}report of {period} (data up to {day})",
    )
    if found.empty:
        same = Text(
            f"与{name.zh}相比，以前报告过的数字没有变化。",
            f"Compared with {name.en}, no figure told before has changed.",
        )
        return sentence(same, book.lang)
    rest = len(found) - LINES
    more = Text(f"，列出前 {LINES} 个", f"; the first {LINES} are listed") if rest > 0 else Text("", "")
    caption = Text(
        f"与{name.zh}相比，{len(found)} 个数字变了{more.zh}",
        f"Compared with {name.en}, {len(found)} figures changed{more.en}",
    )
    pairs = (("指标", "Figure"), ("期间", "Period"), ("当时", "Then"), ("现在", "Now"), ("原因", "Why"))
    heads = heads_of(book.lang, *pairs)
    frame = pd.DataFrame([_line(book, row) for row in found.head(LINES).to_dict("records")], columns=heads)
    return tables.table(frame, caption=caption, lang=book.lang, numeric=heads[2:4], sortable=False, stacked=True)


def _line(book: Book, row: Mapping[str, object]) -> list[str]:
    kpi = book.kpi(str(row["kpi"]))
    sides = []
    for side in ("then", "now"):
        figure = {name: row[f"{name}_{side}"] for name in (*_NUMBERS, "state")}
        known = not pd.isna(figure["num"]) and (kpi.kind == "count" or figure["den"])
        value = float(figure["num"]) / (1 if kpi.kind == "count" else float(figure["den"])) if known else pd.NA
        words = format_rate({**figure, "value": value, "low": pd.NA, "high": pd.NA}, kpi, book.lang)
        few = "" if kpi.kind == "count" or not known else f"（{format_n(figure, book.lang)}）"
        mark = state_words(str(figure["state"]), book.lang) if figure["state"] == "no_data" else ""
        sides.append(mark or words + (few if book.lang == "zh" else few.replace("（", " (").replace("）", ")")))
    reason = REASONS[str(row["reason"])].get(book.lang)
    return [kpi.label.get(book.lang), period_words(str(row["period"]), book.lang), *sides, reason]


def _reasons(book: Book, told: Mapping[str, object], found: pd.DataFrame) -> list[str]:
    """Why each figure differs: it is reckoned again at the earlier cut-off, from the rows as they are now."""
    if told["rules"] != _rules(book):
        return ["rules"] * len(found)
    as_of = pd.Timestamp(str(told["as_of"]))
    if as_of >= book.cut.as_of or found.empty:
        return ["data"] * len(found)
    then = _at(book, found, as_of)
    return [_reason(row, then.get((row["kpi"], row["period"]))) for row in found.to_dict("records")]


def _reason(row: Mapping[str, object], again: Sequence[object] | None) -> str:
    """`again`: the counts at the earlier cut-off, as the rows are now."""
    if again is None:
        return "both"
    then, now = ([row[f"{name}_{side}"] for name in _NUMBERS] for side in ("then", "now"))
    if _same(again, then):
        return "later"
    return "data" if _same(again, now) else "both"


def _same(one: Sequence[object], other: Sequence[object]) -> bool:
    return all(
        (pd.isna(a) and pd.isna(b)) or (not pd.isna(a) and not pd.isna(b) and a == b)
        for a, b in zip(one, other, strict=True)
    )


def _at(book: Book, found: pd.DataFrame, as_of: pd.Timestamp) -> dict[tuple[str, str], list[object]]:
    cut = dataclasses.replace(book.cut, as_of=as_of)
    earlier = domains.derive(book.raw, cut)
    kpis = [domains.kpi(one) for one in dict.fromkeys(found["kpi"])]
    periods = [parse_period(one) for one in dict.fromkeys(found["period"])]
    rates = figures(earlier, cut, kpis, periods, communities=[book.community], min_n=book.min_n)
    return {(row["kpi"], row["period"]): [row[name] for name in _NUMBERS] for row in rates.to_dict("records")}


def _tellings(book: Book) -> list[dict]:
    return store.told(book.workspace, book.community, book.report, book.edition)


def _baseline(book: Book, tellings: Sequence[dict]) -> dict | None:
    """The telling that this report is held against: what its reader held before this period was told for the first time.

    It stays the same however often the page is made again, and is never one made from the same data: reports of
    one batch do not depend on the order in which they are made.
    """
    own = [one for one in tellings if one["period"] == book.period.id]
    if own:
        named = own[0]["against"]
        return next((one for one in tellings if named == [one["period"], one["number"]]), None)
    mark = _mark(book)
    earlier = [one for one in tellings if one["mark"] != mark and parse_period(one["period"]).end < book.period.end]
    return max(earlier, key=lambda one: (parse_period(one["period"]).end, one["number"]), default=None)


def _mark(book: Book) -> str:
    """A hash over what figures are made from: data, cut-off and rules."""
    parts = (store.fingerprint(book.workspace, book.community), str(book.cut.as_of), _rules(book))
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _rules(book: Book) -> str:
    parts = (__version__, book.cut.definitions, book.cut.waves, book.min_n)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
