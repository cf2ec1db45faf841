"""A whole section of a report from its outline: a table of its figures, charts of what is split, lists, times, and what is missing.

Composes what figures, claims, charts and tables give; words nothing of its own beyond headings and what is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from propkit import domains
from propkit.figures import largest
from propkit.model import Kpi, Reading
from propkit.reporting import (
    causes,
    charts,
    claims,
    departments,
    items,
    listings,
    notes,
    outline,
    remarks,
    spans,
    tables,
)
from propkit.reporting.book import Book
from propkit.reporting.disclosure import pooled
from propkit.reporting.display import (
    Display,
    Heading,
    esc,
    format_interval,
    format_n,
    format_rate,
    format_target,
    heads_of,
    join,
    label_of,
    sentence,
    state_words,
)
from propkit.reporting.findings import findings
from propkit.reporting.lacking import missing
from propkit.reporting.registers import durations
from propkit.text import Text

BARS = 10
FEW_EFFECTS = 6
FEW_CASES = 5
"""Where no group has as many cases, its share is read from the words: a chart of intervals as wide as the page says less."""

_FRAME = {"numbers_first", "charts", "layout", "internal_edition", "owner_edition"}
"""Items that every page is an answer to by being as it is: they are not told again as lists."""
_BRIEFLY = {"target_attainment": listings.attained, "period_change": listings.moved, "process_improvement": listings.stages,
            "target_proposals": listings.reached, "next_period_plan": listings.coming}  # fmt: skip
"""Lists of which a brief page says in a sentence more than their number."""
_IN_WORDS = {"measure_effects", "missed_without_measure", *_BRIEFLY}
"""Lists that no page is so brief that it may tell by their number alone: what closes the loop from one month to the next, and those in a sentence."""


def heading(book: Book, section_id: str) -> Heading:
    """Open a section of the outline."""
    book.sections.append(section_id)
    return Heading(outline.section(section_id).heading.get(book.lang))


def section(book: Book, section_id: str, without: Sequence[str] = (), *, brief: bool = False) -> Display:
    """Return what the outline of this report puts into a section, but for the items that were told before."""
    held = [one for one in outline.contents(book.report, section_id) if one not in without]
    words = spans.sides_words(book) if section_id == "before_after" else None
    parts = [*([sentence(words, book.lang)] if words else []), chapter(book, held, brief=brief)]
    return join([*parts, *([causes.taken_apart(book)] if section_id == "problems" and held else [])])


def chapter(book: Book, item_ids: Sequence[str], *, brief: bool = False) -> Display:
    """Return items by their forms: figures in a table, charts of what is split, lists, times, and what has no data.

    A `brief` one has no charts, its findings as sentences, and of other lists the number: a month's page is read on a phone.
    """
    kpis = [one for one in item_ids if one in domains.KPIS]
    rates = book.rates([one for one in kpis if not domains.KPIS[one].split_only]) if kpis else pd.DataFrame()
    known = rates[rates["state"] != "no_data"] if len(rates) else rates
    parts = [_figures(book, known)] if len(known) else []
    made = {} if brief else {one: _split(book, one) for one in kpis}
    split = [
        _marked([one] if domains.KPIS[one].split_only else [], part) for one, part in made.items() if part is not None
    ]
    parts += [_told_apart(split), *(part for part in split if "<figure" in part.html)]
    times = [one for one in item_ids if one in domains.DURATIONS]
    parts += [_marked(times, durations(book, times))] if times else []
    lists = [one for one in item_ids if isinstance(items.ITEMS[one], Reading) and one not in _FRAME]
    told = {one: items.rows(one, book) for one in lists}
    known_lists = {one: rows for one, rows in told.items() if rows is not None}
    counted = [one for one, rows in known_lists.items() if brief and one not in _IN_WORDS and "said" not in rows]
    parts += [_marked(counted, _numbers(book, counted))] if counted else []
    left = {one: count for one in known_lists if (count := items.of_others(one, book))}
    for one, rows in known_lists.items():
        if one in left and rows.empty:
            parts.append(_marked([one], sentence(departments.none(book, items.ITEMS[one]), book.lang)))
        elif one == "measure_effects":
            parts.append(_marked([one], listings.effects(book, one, rows, FEW_EFFECTS if brief else listings.LINES)))
        elif brief and one in _BRIEFLY:
            parts.append(_marked([one], _BRIEFLY[one](book, one, rows)))
        elif "said" in rows:
            parts.append(_marked([one], listings.sentences(book, one, rows)))
        elif one not in counted:
            parts.append(_marked([one], listings.listing(book, one, rows)))
    parts += (
        [sentence(departments.elsewhere([(items.ITEMS[one], count) for one, count in left.items()]), book.lang)]
        if left
        else []
    )
    empty = [
        *(rates.loc[rates["state"] == "no_data", "kpi"] if len(rates) else ()),
        *(one for one in lists if told[one] is None),
    ]
    apart = [one for one in kpis if domains.KPIS[one].split_only]  # these have no line among the figures
    empty += [
        one for one in apart if made.get(one) is None and (not brief or not book.splits(one, domains.KPIS[one].by))
    ]
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


def _numbers(book: Book, item_ids: Sequence[str]) -> Display:
    """The number that stands for each list, in one sentence: a month's page has no room for their rows."""
    said = []
    for row in items.headlines(book, item_ids).to_dict("records"):
        one = items.ITEMS[row["kpi"]]
        said.append(f"{one.label.get(book.lang)} {listings.amount(row['value'], one.unit, book.lang)}")
    comma, stop = ("；", "。") if book.lang == "zh" else ("; ", ".")
    return sentence(Text("清单：", "Lists: ").get(book.lang) + comma.join(said) + stop, book.lang)


def _figures(book: Book, rates: pd.DataFrame) -> Display:
    """One line for each figure: value, interval, n, target and verdict, change from a year before."""
    kpi_ids = list(rates["kpi"])
    found = findings(book)
    verdicts, changes = ({claim.kpi: claim for claim in found.of(kind, kpi_ids)} for kind in ("target", "change"))
    before = spans.head(book)
    heads = heads_of(book.lang, ("指标", "Figure"), ("数值", "Value"), ("95% 区间", "95% interval"), ("样本", "Cases"),
                   ("目标与判定", "Target and verdict"), (before.zh, before.en))  # fmt: skip
    cells = [_line(book, row, verdicts, changes) for row in rates.to_dict("records")]
    frame = pd.DataFrame(cells, columns=heads)
    frame = frame.loc[:, [name for name in heads if name == heads[0] or (frame[name] != "").any()]]
    caption = Text("数字一览", "The figures")
    if before.get(book.lang) in frame and spans.named_in_full(book):
        words = spans.when(book)
        caption = Text(f"{caption.zh}；末列与{words.zh}相比", f"{caption.en}; last column: against {words.en}")
    numeric = [name for name in heads[1:4] if name in frame]
    return _marked(
        kpi_ids, tables.table(frame, caption=caption, lang=book.lang, numeric=numeric, stacked=True, lead=True)
    )


def _line(book: Book, row: Mapping[str, object], verdicts: Mapping, changes: Mapping) -> list[str]:
    kpi = book.kpi(str(row["kpi"]))
    mark = state_words(str(row["state"]), book.lang)
    value = format_rate(row, kpi, book.lang) + ((f"（{mark}）" if book.lang == "zh" else f" ({mark})") if mark else "")
    goal, change = verdicts.get(kpi.id), changes.get(kpi.id)
    target = "" if kpi.target is None else format_target(kpi, kpi.target, book.lang)
    stop = "，" if book.lang == "zh" else ": "
    verdict = f"{target}{stop}{goal.text.get(book.lang).removeprefix('target ')}" if goal else target
    counted = "" if kpi.kind == "count" else format_n(row, book.lang).removeprefix("n=")
    return [kpi.label.get(book.lang), value, format_interval(row, kpi, book.lang), counted, verdict,
            claims.bare(change, spans.when(book)).get(book.lang) if change else ""]  # fmt: skip


def _split(book: Book, kpi_id: str) -> Display | None:
    """The chart of a figure that is usually split: bars of counts, dots of shares; None where it cannot be split here."""
    kpi = book.kpi(kpi_id)
    if not kpi.by or not book.splits(kpi_id, kpi.by):
        return None
    rates = book.rates([kpi_id], by=kpi.by)
    if set(rates["state"]) == {"no_data"}:
        return None
    if _few(kpi, rates) and not (
        kpi.kind == "count" and book.edition == "owner"
    ):  # whose small counts are pooled below
        return _in_words(book, kpi, rates)
    if kpi.kind == "count" and kpi.scale == 1:
        return _bars(book, kpi, rates)
    if kpi.kind not in ("share", "rate", "money"):
        return None
    whole = rates.iloc[:0] if kpi.split_only else book.rates([kpi_id])
    both = pd.concat([whole, rates.assign(dimension=book.segment_label(kpi.by).get(book.lang))], ignore_index=True)
    # Shown, not tested: what a report names of segments is declared when it is opened (`Book.split`).
    return charts.show(charts.by_segment, both, kpi, lang=book.lang)


def _few(kpi: Kpi, rates: pd.DataFrame) -> bool:
    """Whether so little is split that words say it better than a chart: two groups, or shares of a handful of cases."""
    known = rates[~rates["state"].isin(["no_data", "suppressed"])]
    if kpi.kind == "count":
        return (known["num"] > 0).sum() <= 2
    flat = known["low"].isna().all() and (len(known) < 4 or known["value"].nunique() == 1)
    return len(known) < 2 or flat or known["n"].max() < FEW_CASES


def _in_words(book: Book, kpi: Kpi, rates: pd.DataFrame) -> Display | None:
    """Every group with its figure, state and cases, in one sentence."""
    known = rates[rates["state"] != "no_data"]
    rates = known[known["num"] > 0] if kpi.kind == "count" else known
    if rates.empty and kpi.split_only and len(known):
        return sentence(Text(f"{kpi.label.zh}：本期没有。", f"{kpi.label.en}: none in this period."), book.lang)
    if rates.empty:
        return None  # nothing happened, as the table of figures says
    states = ["" if state == "census" else state_words(state, book.lang) for state in rates["state"]]
    alike = len(rates) > 1 and len(set(states)) == 1  # said once, at the end
    said = []
    for row, state in zip(rates.to_dict("records"), states, strict=True):
        cases = "" if kpi.kind == "count" or row["state"] == "suppressed" else format_n(row, book.lang)
        remark = ("，" if book.lang == "zh" else ", ").join(part for part in (cases, "" if alike else state) if part)
        words = f"{label_of(row, book.lang)} {format_rate(row, kpi, book.lang)}"
        said.append(words + ((f"（{remark}）" if book.lang == "zh" else f" ({remark})") if remark else ""))
    end = Text(f"；均为{states[0]}", f"; all {states[0]}").get(book.lang) if alike and states[0] else ""
    colon, comma, stop = ("：", "，", "。") if book.lang == "zh" else (": ", ", ", ".")
    return sentence(kpi.label.get(book.lang) + colon + comma.join(said) + end + stop, book.lang)


def _told_apart(parts: Sequence[Display]) -> Display:
    """The splits that are sentences, as one list before the charts."""
    said = [part for part in parts if "<figure" not in part.html]
    lines = [f"<li>{part.html.replace('<p>', '').replace('</p>', '')}</li>" for part in said]
    html = f'<ul class="pk-split">{"".join(lines)}</ul>' if lines else ""
    return Display(html, html, " ".join(part.text for part in said))


def _bars(book: Book, kpi: Kpi, rates: pd.DataFrame) -> Display:
    rates = largest(rates[rates["num"] > 0], BARS)
    rates = pooled(rates) if book.edition == "owner" else rates
    if rates.empty:
        few = Text(f"{kpi.label.zh}：各类件数太少，不分类列出。", f"{kpi.label.en}: too few of each kind to list.")
        return sentence(few, book.lang)
    rates = rates.assign(label=book.labels(kpi.by, rates["segment"]))
    return charts.show(charts.pareto, rates, kpi, lang=book.lang)


def _marked(item_ids: Sequence[str], part: Display) -> Display:
    """Put an anchor for each item before what tells it, so that a note, a link or a test finds its place."""
    return Display("".join(map(_anchor, item_ids)) + part.html, part.fallback, part.text)


def _anchor(item_id: str) -> str:
    return f'<span id="i-{esc(item_id)}"></span>'
