"""A whole section of a report from its outline: a table of its figures, charts of what is split, lists, times, and what is missing.

Composes what figures, claims, charts and tables give; words nothing of its own beyond headings and what is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from propkit import domains
from propkit.figures import OTHER, largest
from propkit.model import Column, Kpi, Reading
from propkit.reporting import charts, claims, items, notes, outline, remarks, tables
from propkit.reporting.book import Book
from propkit.reporting.disclosure import pooled, pooled_homes
from propkit.reporting.display import (
    Display,
    Heading,
    cell_words,
    esc,
    format_interval,
    format_n,
    format_rate,
    format_target,
    join,
    sentence,
    state_words,
)
from propkit.reporting.lacking import missing
from propkit.reporting.overview_items import OVERVIEWS
from propkit.reporting.registers import durations
from propkit.text import Text

LINES = 12
"""Rows of a list shown on a page; the rest are counted."""
BARS = 10

_FRAME = {"numbers_first", "charts", "layout", "internal_edition", "owner_edition"}
"""Items that every page is an answer to by being as it is: they are not told again as lists."""
_OVERVIEW_IDS = {one.id for one in OVERVIEWS}


def heading(book: Book, section_id: str) -> Heading:
    """Open a section of the outline."""
    book.sections.append(section_id)
    return Heading(outline.section(section_id).heading.get(book.lang))


def section(book: Book, section_id: str, without: Sequence[str] = (), *, brief: bool = False) -> Display:
    """Return what the outline of this report puts into a section, but for the items that were told before."""
    return chapter(book, [one for one in outline.contents(book.report, section_id) if one not in without], brief=brief)


def chapter(book: Book, item_ids: Sequence[str], *, brief: bool = False) -> Display:
    """Return items by their forms: figures in a table, charts of what is split, lists, times, and what has no data.

    A `brief` one has no charts and only the number of each list: a month's page is read on a phone.
    """
    kpis = [one for one in item_ids if one in domains.KPIS]
    rates = book.rates([one for one in kpis if not domains.KPIS[one].split_only]) if kpis else pd.DataFrame()
    known = rates[rates["state"] != "no_data"] if len(rates) else rates
    parts = [_figures(book, known)] if len(known) else []
    parts += [] if brief else [part for one in kpis if (part := _split(book, one)) is not None]
    times = [one for one in item_ids if one in domains.DURATIONS]
    parts += [_marked(times, durations(book, times))] if times else []
    lists = [one for one in item_ids if isinstance(items.ITEMS[one], Reading) and one not in _FRAME]
    told = {one: items.rows(one, book) for one in lists}
    known_lists = {one: rows for one, rows in told.items() if rows is not None}
    if brief and known_lists:
        parts.append(_marked(list(known_lists), _numbers(book, list(known_lists))))
    parts += [] if brief else [_marked([one], listing(book, one, rows)) for one, rows in known_lists.items()]
    empty = [
        *(rates.loc[rates["state"] == "no_data", "kpi"] if len(rates) else ()),
        *(one for one in lists if told[one] is None),
    ]
    empty += [one for one in kpis if domains.KPIS[one].split_only and not book.splits(one, domains.KPIS[one].by)]
    parts += [_marked(empty, missing(book, [items.ITEMS[one] for one in empty]))] if empty else []
    parts.append(Display("".join(_anchor(one) for one in item_ids if one in _FRAME), "", ""))
    return join([*parts, *_written(book, item_ids)])


def _written(book: Book, item_ids: Sequence[str]) -> list[Display]:
    """What people wrote about these items; the team is told which still want their words."""
    told = [one for one in item_ids if book.notes.of(one, book.edition)]
    lack = [one for one in item_ids if one not in told and notes.wants(items.ITEMS[one]) and one not in _FRAME]
    parts = [_marked(told, remarks.notes(book, told))] if told else []
    if lack and book.edition != "owner":
        labels = [items.ITEMS[one].label.get(book.lang) for one in lack]
        words = Text("缺少说明：", "No note yet: ").get(book.lang) + ("、" if book.lang == "zh" else ", ").join(labels)
        html = f'<p class="pk-none">{esc(words)}</p>'
        parts.append(_marked([one for one in lack if one in domains.NOTES], Display(html, html, words)))
    return parts


def listing(book: Book, item_id: str, rows: pd.DataFrame) -> Display:
    """Return the rows of a reading as a table, the first of them where there are many; owners get no ids of cases."""
    reading = items.ITEMS[item_id]
    told = len(rows)
    if book.edition == "owner" and "households" in rows:
        rows = pooled_homes(rows)
    if told and rows.empty:
        return sentence(_too_few(reading.label), book.lang)
    if rows.empty:
        none = Text(f"{reading.label.zh}：没有。", f"{reading.label.en}: none.")
        return sentence(none, book.lang)
    columns = {name: column for name, column in reading.columns.items() if _shown(book, name, column, rows)}
    heads = {name: column.label.get(book.lang) for name, column in columns.items()}
    shown = rows.head(LINES)
    cells = [
        [_cell(column, name, row[name], book.lang) for name, column in columns.items()]
        for row in shown.to_dict("records")
    ]
    more = len(rows) - len(shown)
    rest = Text(f"（前 {LINES} 行，另有 {more} 行）", f" (first {LINES}; {more} more)") if more else Text("", "")
    caption = Text(reading.label.zh + rest.zh, reading.label.en + rest.en)
    numeric = [heads[name] for name, column in columns.items() if column.kind in ("whole", "money", "decimal", "score")]
    frame = pd.DataFrame(cells, columns=list(heads.values()))
    return tables.table(
        frame, caption=caption, lang=book.lang, numeric=numeric, sortable=more == 0 and len(shown) > 3, stacked=True
    )


def _numbers(book: Book, item_ids: Sequence[str]) -> Display:
    """The number that stands for each list, one line each."""
    rows = items.headlines(book, item_ids).to_dict("records")
    heads = _words(book, ("清单", "List"), ("数量", "Number"))
    cells = []
    for row in rows:
        one = items.ITEMS[row["kpi"]]
        words = "—" if pd.isna(row["value"]) else f"{float(row['value']):,.6g} {one.unit.get(book.lang)}"
        cells.append([one.label.get(book.lang), words])
    caption = Text(
        "清单与报表（逐行内容见 propkit values --rows）", "Lists and statements (rows: propkit values --rows)"
    )
    frame = pd.DataFrame(cells, columns=heads)
    return tables.table(frame, caption=caption, lang=book.lang, numeric=heads[1:], sortable=False)


def _figures(book: Book, rates: pd.DataFrame) -> Display:
    """One line for each figure: value, interval, n, target and verdict, change from a year before."""
    kpi_ids = list(rates["kpi"])
    verdicts = {claim.kpi: claim for claim in judged(book, kpi_ids)}
    changes = {claim.kpi: claim for claim in changed(book, kpi_ids)}
    heads = _words(book, ("指标", "Figure"), ("数值", "Value"), ("95% 区间", "95% interval"), ("样本", "Cases"),
                   ("目标与判定", "Target and verdict"), ("同比", "Year on year"))  # fmt: skip
    cells = [_line(book, row, verdicts, changes) for row in rates.to_dict("records")]
    frame = pd.DataFrame(cells, columns=heads)
    frame = frame.loc[:, [name for name in heads if name == heads[0] or (frame[name] != "").any()]]
    caption = Text("数字一览", "The figures")
    numeric = [name for name in heads[1:4] if name in frame]
    return _marked(kpi_ids, tables.table(frame, caption=caption, lang=book.lang, numeric=numeric, stacked=True))


def _line(book: Book, row: Mapping[str, object], verdicts: Mapping, changes: Mapping) -> list[str]:
    kpi = book.kpi(str(row["kpi"]))
    mark = state_words(str(row["state"]), book.lang)
    value = format_rate(row, kpi, book.lang) + ((f"（{mark}）" if book.lang == "zh" else f" ({mark})") if mark else "")
    goal, change = verdicts.get(kpi.id), changes.get(kpi.id)
    target = "" if kpi.target is None else format_target(kpi, kpi.target, book.lang)
    stop = "，" if book.lang == "zh" else "; "
    verdict = f"{target}{stop}{goal.text.get(book.lang)}" if goal else target
    counted = "" if kpi.kind == "count" else format_n(row, book.lang).removeprefix("n=")
    return [kpi.label.get(book.lang), value, format_interval(row, kpi, book.lang), counted, verdict,
            change.text.get(book.lang) if change else ""]  # fmt: skip


def judged(book: Book, kpi_ids: Sequence[str]) -> list[claims.Claim]:
    """Return the verdicts on the targets of these figures, as one family."""
    rates = book.rates([one for one in kpi_ids if not domains.KPIS[one].split_only])
    kpis = [book.kpi(kpi_id) for kpi_id in rates["kpi"]]
    family = max(1, sum(kpi.target is not None and kpi.kind == "share" for kpi in kpis))
    pairs = zip(kpis, rates.iterrows(), strict=True)
    found = [claims.target(kpi, row, kpi.target, family) for kpi, (_, row) in pairs]
    return [claim for claim in found if claim is not None]


def changed(book: Book, kpi_ids: Sequence[str]) -> list[claims.Claim]:
    """Return the changes of these figures from the same stretch a year before, as one family."""
    earlier = book.year_before()
    kpis = [book.kpi(one) for one in kpi_ids if domains.KPIS[one].dated_by != "wave_on" and not domains.KPIS[one].ages]
    kpis = [kpi for kpi in kpis if not kpi.split_only]
    if earlier is None or not kpis:
        return []
    ids = [kpi.id for kpi in kpis]
    before, now = (book.in_periods(ids, [period]).set_index("kpi") for period in (earlier, book.period))
    return claims.changes(kpis, before, now, Text("上年同期", "the same time last year"))


def _split(book: Book, kpi_id: str) -> Display | None:
    """The chart of a figure that is usually split: bars of counts, dots of shares; None where it cannot be split here."""
    kpi = book.kpi(kpi_id)
    if not kpi.by or not book.splits(kpi_id, kpi.by):
        return None
    rates = book.rates([kpi_id], by=kpi.by)
    if set(rates["state"]) == {"no_data"}:
        return None
    if kpi.kind == "count" and kpi.scale == 1:
        return _bars(book, kpi, rates) if not kpi.split_only else _marked([kpi_id], _bars(book, kpi, rates))
    if kpi.kind not in ("share", "rate", "money"):
        return None
    # The items of a survey are answered by the same households: they are no samples that could be tested against each other.
    tested = kpi.kind == "share" and not kpi.split_only
    found = claims.segments(kpi, {kpi.by: rates}, {kpi.by: book.words(kpi.by)}) if tested else []
    whole = rates.iloc[:0] if kpi.split_only else book.rates([kpi_id])
    both = pd.concat([whole, rates.assign(dimension=book.segment_label(kpi.by).get(book.lang))], ignore_index=True)
    chart = charts.show(charts.by_segment, both, kpi, lang=book.lang, claim=claims.order(found))
    return _marked([kpi_id], chart) if kpi.split_only else chart  # others have their anchor in the table


def _bars(book: Book, kpi: Kpi, rates: pd.DataFrame) -> Display:
    rates = largest(rates[rates["num"] > 0], BARS)
    rates = pooled(rates) if book.edition == "owner" else rates
    if rates.empty:
        return sentence(_too_few(kpi.label), book.lang)
    rates = rates.assign(label=book.labels(kpi.by, rates["segment"]))
    return charts.show(charts.pareto, rates, kpi, lang=book.lang)


def _too_few(label: Text) -> Text:
    return Text(f"{label.zh}：各类件数太少，不分类列出。", f"{label.en}: too few of each kind to list.")


def _shown(book: Book, name: str, column: Column, rows: pd.DataFrame) -> bool:
    """Leave out columns without a single value, and for owners whatever names a case."""
    if column.personal or (book.edition == "owner" and name.endswith("_id")):
        return False
    return bool(rows[name].notna().any())


def _cell(column: Column, name: str, value: object, lang: str) -> str:
    if name == "kpi" and value in items.ITEMS:
        return items.ITEMS[str(value)].label.get(lang)
    if value == OTHER and OTHER not in column.choices:
        return Text("其他", "other").get(lang)
    return cell_words(column, value, lang, name=name)


def _marked(item_ids: Sequence[str], part: Display) -> Display:
    """Put an anchor for each item before what tells it, so that a note, a link or a test finds its place."""
    return Display("".join(map(_anchor, item_ids)) + part.html, part.fallback, part.text)


def _anchor(item_id: str) -> str:
    return f'<span id="i-{esc(item_id)}"></span>'


def _words(book: Book, *pairs: tuple[str, str]) -> list[str]:
    return [Text(*pair).get(book.lang) for pair in pairs]
