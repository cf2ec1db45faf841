"""The pieces a notebook shows, one call each: a book and the ids of figures in, a `Display` out.

Composes what figures, claims, charts and tables give; computes and words nothing of its own beyond headings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

import pandas as pd

from propkit import domains, stats
from propkit.figures import largest
from propkit.model import Kpi, worded
from propkit.reporting import cards as card_room
from propkit.reporting import chapters, charts, claims, openings, outline, plainly, sources, tables
from propkit.reporting.book import Book
from propkit.reporting.disclosure import pooled
from propkit.reporting.display import Display, Heading, Receipt, esc, sentence
from propkit.reporting.drivers import drivers
from propkit.reporting.findings import findings
from propkit.reporting.findings import segments as segments_found
from propkit.reporting.guard import plain
from propkit.reporting.lacking import absent, sentences, unsourced
from propkit.reporting.registers import ageing, balance, durations, overdue, quality
from propkit.reporting.remarks import missing_notes, note, notes, other_notes
from propkit.reporting.restated import restated, telling
from propkit.reporting.sampling import sample_plan
from propkit.reporting.surveys import heard, representativeness, satisfaction_change, survey_truth, untold
from propkit.text import Text

__all__ = [
    "ageing",
    "all_definitions",
    "balance",
    "by_segment",
    "cards",
    "chapter",
    "definitions",
    "drivers",
    "durations",
    "heading",
    "items",
    "missing_notes",
    "note",
    "notes",
    "opening",
    "other_notes",
    "overdue",
    "pareto",
    "quality",
    "receipt",
    "representativeness",
    "restated",
    "sample_plan",
    "satisfaction_change",
    "summary",
    "survey_truth",
    "survival",
    "title",
    "trend",
]

MOST_SAID = 5
"""Findings of the summary; the lists of highlights and problems hold all."""

_PARETOS = 2
"""Charts of frequent categories in a report; they share the error that it may spend on naming one."""

PARETO_BARS = 12
"""Bars of a Pareto chart; what is rarer is added up as "other"."""

REPORT_TITLES: dict[str, Text] = {
    "monthly_review": Text("物业服务月度复盘", "Monthly service review"),
    "annual_summary": Text("物业服务总结", "Service summary"),
    "service_day": Text("物业服务日工作简报", "Service day briefing"),
    "rectification": Text("整顿工作总结", "Rectification: before and after"),
    "security_summary": Text("秩序部工作总结", "Order and security summary"),
    "portfolio": Text("各小区对照", "All communities side by side"),
}

HEADINGS: dict[str, Text] = {
    "summary": Text("本期要点", "What matters"),
    "figures": Text("关键指标", "Key figures"),
    "repairs": Text("报修做得怎么样", "How are repairs going?"),
    "complaints": Text("投诉集中在哪里", "Where do complaints gather?"),
    "satisfaction": Text("谁更不满意，不满意什么", "Who is less satisfied, and with what?"),
    "fees": Text("费用收得怎么样", "How is fee collection going?"),
    "open": Text("还有什么没办完", "What is still open?"),
    "restated": Text("以前的数字变了吗", "Have earlier figures changed?"),
    "quality": Text("数据可信吗", "Can the data be trusted?"),
    "definitions": Text("每个数字的口径", "What each figure means"),
    "looks": Text("哪些小区需要看一看", "Which communities need a look?"),
    "differences": Text("小区之间有没有差别", "Do communities differ?"),
    "ranks": Text("名次有多可靠", "How sure is a rank?"),
}
_OF = Text(" ", ": ")
_THIS_MONTH = Text("本月要点", "What matters")
_SAME_AGE_MONEY = Text(
    "各月都按月末之后同样的天数计算，因此可以互相比较",
    "Every month is taken equally long after its end, so months compare",
)
_SAME_AGE = Text(f"{_SAME_AGE_MONEY.zh}；色带为正常波动的范围", f"{_SAME_AGE_MONEY.en}; band: ordinary variation")
_SOURCES = {
    "work_order": Text("报修工单", "work orders"),
    "complaint": Text("投诉台账", "complaint register"),
    "feedback": Text("表扬台账", "praise register"),
    "survey_response": Text("满意度问卷", "satisfaction survey"),
    "survey_wave": Text("满意度问卷", "satisfaction survey"),
    "fee_bill": Text("应收与实收", "bills and payments"),
    "fee_account": Text("应收与实收", "bills and payments"),
    "arrears": Text("应收与实收", "bills and payments"),
}


def title(book: Book) -> Display:
    """Name the report where a notebook is read by hand; the page has its own head."""
    words = f"{book.name} {book.period.label(book.lang)} {REPORT_TITLES[book.report].get(book.lang)}"
    return Display("", f"<h1>{esc(words)}</h1><p>{esc(' · '.join(facts(book)))}</p>", words)


def facts(book: Book) -> list[str]:
    """The short facts beneath the title: data cut-off, households, edition."""
    homes = book.households
    said = [
        Text(f"数据截至 {book.cut.as_of:%Y-%m-%d}", f"data up to {book.cut.as_of:%Y-%m-%d}"),
        *([Text(f"{homes:,} 户", f"{homes:,} households")] if homes else []),
        Text("内部版", "internal edition") if book.edition == "internal" else Text("业主版", "owner edition"),
    ]
    return [fact.get(book.lang) for fact in said]


def heading(book: Book, section: str) -> Heading:
    """Open a section; what follows belongs to it until the next heading."""
    book.sections.append(section)
    monthly = section == "summary" and book.period.kind == "month"
    return Heading((_THIS_MONTH if monthly else HEADINGS[section]).get(book.lang))


def receipt(book: Book) -> Receipt:
    """Close the report: what was asked, what was shown and from which data, for the run that made it.

    Errors: DisclosureError when the figures shown to owners give hidden ones away.
    """
    told = telling(book) if sources.figures(book.report) else None  # a portfolio tells communities, each with its own
    book.check_disclosure()
    return Receipt(
        {
            "schema_version": 1,
            "report": book.report,
            "parameters": book.parameters,
            "sections": book.sections,
            "data_sha256": book.data_sha256,
            "rows": book.sizes,
            "as_of": f"{book.cut.as_of:%Y-%m-%d}",
            "title": f"{book.name}{_OF.get(book.lang)}{REPORT_TITLES[book.report].get(book.lang)}",
            "kicker": book.period.label(book.lang),
            "facts": facts(book),
            "headline": book.headline,
            "published": plain(book.guard.published) if book.edition == "owner" else [],
            "told": told,
        }
    )


def summary(book: Book) -> Display:
    """Answer first: how many targets are met, the three to five findings that matter, what is open, and what is not known.

    Where fewer is found, key figures are told as they stand.
    """
    found, own = findings(book), openings.facts(book)
    goals = claims.attainment(found.of("target"))
    lead = goals
    if book.report in openings.LEADS and own:
        lead, own = own[0], [*([goals] if found.of("target") else []), *own[1:]]
    differing = [claim for kpi_id in book.split for claim in segments_found(book, kpi_id)]
    worth = [*found.said(book.key), *(claim for claim in claims.order(differing) if claim.good is not None)]
    worth = sorted(worth, key=lambda claim: (claim.kpi not in book.key, claim.good is not False))[:MOST_SAID]
    points: list[claims.Claim | Text] = [in_full(book, claim) for claim in worth]
    others = _others(book, {claim.kpi for claim in worth}, MOST_SAID - len(worth) - len(own))
    points += [plainly.stated(kpi, book.figure(kpi.id), found.about(kpi.id)) for kpi in others] + own
    signalled = [claim for claim in worth if claim.kind == "signal"]
    if signalled:
        points.append(claims.by_chance(found.series.values()))
        back = [claims.rebound(book.kpi(claim.kpi), found.series[claim.kpi]) for claim in signalled]
        points += [words for words in back if words is not None]
    points += heard(book, {*(claim.kpi for claim in worth), *(kpi.id for kpi in others)})
    book.headline = _headline(book, _one_each(book.key))
    told = [*points, *_unknown(book, book.key), claims.STRICT]
    return card_room.summary(lead, told, lang=book.lang)


def _others(book: Book, told: Collection[str], most: int) -> list[Kpi]:
    """Key figures of which nothing is found, at most so many; shares and rates before counts, and none that is provisional."""
    kpis = [book.kpi(kpi_id) for kpi_id in book.key if kpi_id not in told]
    kpis = [kpi for kpi in kpis if book.figure(kpi.id)["state"] not in ("no_data", "suppressed", "provisional")]
    return sorted(kpis, key=lambda kpi: kpi.kind not in ("share", "rate"))[: max(0, most)]


def cards(book: Book) -> Display:
    """A card for each key figure, with its target, change from the same month last year, and state."""
    found = findings(book)
    told = [*found.of("target", book.key), *found.of("change", book.key)]
    kpis = [book.kpi(kpi_id) for kpi_id in book.key]
    if book.period.kind == "month":
        return card_room.cards(book.months(book.key), kpis, period=book.month, lang=book.lang, claims=told)
    # A line of months beside the figure of a quarter or a day would be read as its history.
    return card_room.cards(book.rates(book.key), kpis, period=book.period.id, lang=book.lang, claims=told)


def opening(book: Book, section_id: str) -> Heading | Display:
    """Open a section of the outline; nothing where this report has nothing in it."""
    held = outline.contents(book.report, section_id)
    return chapters.heading(book, section_id) if held else Display("", "", "")


def chapter(book: Book, section_id: str, *, without: Sequence[str] = (), brief: bool = False) -> Display:
    """What the outline of this report puts into a section: figures, charts, lists, times, notes, and what is missing."""
    return chapters.section(book, section_id, without, brief=brief)


def all_definitions(book: Book) -> Display:
    """The definition card of every figure and duration of the report."""
    held = [one for section_id in outline.SECTIONS for one in outline.contents(book.report, section_id)]
    kpis = [one for one in held if one in domains.KPIS]
    return definitions(book, kpis, [one for one in held if one in domains.DURATIONS])


def trend(book: Book, kpi_id: str) -> Display:
    """The months of one KPI with the limits of its ordinary variation."""
    kpi, found = book.kpi(kpi_id), findings(book)
    # A figure that takes no part in the findings (money) is drawn without limits.
    rates = found.series[kpi_id] if kpi_id in found.series else claims.signals(kpi, book.history(kpi_id))[0]
    if rates.empty:
        return absent(book, kpi)
    age = (_SAME_AGE_MONEY if kpi.kind == "money" else _SAME_AGE) if kpi.ages else ""
    return charts.show(
        charts.trend, rates, kpi, lang=book.lang, claim=found.of("signal", [kpi_id]), subtitle=age, source=_source(kpi)
    )


def by_segment(book: Book, kpi_id: str, segments: Sequence[str]) -> Display:
    """One KPI by several segments: who differs from all others, beyond chance, where the report names that (`Book.split`)."""
    kpi = book.kpi(kpi_id)
    usable = [by for by in segments if book.splits(kpi_id, by)]
    whole = book.rates([kpi_id])
    if not usable or whole.iloc[0]["state"] == "no_data":
        return untold(book, kpi)
    found = claims.order(segments_found(book, kpi_id))
    parts = [book.rates([kpi_id], by=by).assign(dimension=book.segment_label(by).get(book.lang)) for by in usable]
    rates = pd.concat([whole, *parts], ignore_index=True)
    return charts.show(charts.by_segment, rates, kpi, lang=book.lang, claim=found, source=_source(kpi))


def items(book: Book, kpi_id: str, segments: Sequence[str]) -> Display:
    """Every item of the survey by segment, as a table whose colours are differences from the whole."""
    kpi = book.kpi(kpi_id)
    whole = book.rates([kpi_id], by="item")
    if set(whole["state"]) == {"no_data"}:
        return untold(book, kpi)
    usable = [by for by in segments if book.splits(kpi_id, by)]
    parts = [_by_item(book, whole, ["all"] * len(whole), None), *(_item_cells(book, kpi_id, by) for by in usable)]
    rates = pd.concat(parts, ignore_index=True)
    words = book.words("item")
    kpis = {
        item: dataclasses.replace(kpi, id=item, label=words.get(item, Text(item, item)), target=None)
        for item in dict.fromkeys(rates["kpi"])
    }
    subtitle = Text(
        "单元格为满意率 %，颜色为与全体之差（百分点）；颜色只是描述，不是检验",
        "Cells: satisfied %, colour: difference from the whole in points; a description, not a test",
    )
    return tables.heat_map(rates, kpis, lang=book.lang, title=kpi.label, subtitle=subtitle, source=_source(kpi))


def pareto(book: Book, kpi_id: str) -> Display:
    """The counts of a KPI by the segment it is about, largest first; owners see no count from 1 to 4."""
    kpi = book.kpi(kpi_id)
    rates = book.rates([kpi_id], by=kpi.by) if book.splits(kpi_id, kpi.by) else pd.DataFrame()
    if rates.empty or set(rates["state"]) == {"no_data"}:
        return _none(book, kpi)
    rates = largest(rates, PARETO_BARS)
    if book.edition == "owner":
        rates = pooled(rates)
    if rates.empty:
        return sentence(_few_cases(kpi), book.lang)
    rates = rates.assign(label=book.labels(kpi.by, rates["segment"]))
    found = claims.leading(kpi, rates, book.words(kpi.by), _PARETOS)
    return charts.show(charts.pareto, rates, kpi, lang=book.lang, claim=found, source=_source(kpi))


def survival(book: Book, duration_id: str) -> Display:
    """The share still open against the time since the start."""
    spells = book.durations(duration_id)
    used = spells[spells["usable"]]
    duration = worded(domains.DURATIONS[duration_id], book.cut.definitions)
    if used.empty:
        return absent(book, duration)
    curve = _thinned(stats.survival_table(used["minutes"].to_numpy(), used["completed"].to_numpy()))
    n_open = int((~used["completed"]).sum())
    return charts.show(charts.survival, curve, duration, lang=book.lang, n_open=n_open, source=_SOURCES[duration.table])


def definitions(book: Book, kpi_ids: Sequence[str], duration_ids: Sequence[str] = ()) -> Display:
    """The definition card of every figure shown."""
    shown = [
        *(book.kpi(kpi_id) for kpi_id in kpi_ids),
        *(worded(domains.DURATIONS[name], book.cut.definitions) for name in duration_ids),
    ]
    return card_room.definitions(shown, lang=book.lang, as_of=f"{book.cut.as_of:%Y-%m-%d}")


def in_full(book: Book, claim: claims.Claim) -> claims.Claim:
    """A target verdict is said together with its figure; other claims are whole sentences already."""
    kpi = book.kpi(claim.kpi)
    return claims.in_full(kpi, book.figure(claim.kpi), claim) if claim.kind in ("target", "change") else claim


def _unknown(book: Book, kpi_ids: Sequence[str]) -> list[Text]:
    kpis = [book.kpi(kpi_id) for kpi_id in kpi_ids]
    without = [kpi for kpi in kpis if unsourced(book, kpi) and book.figure(kpi.id)["state"] == "no_data"]
    others = [kpi for kpi in kpis if kpi not in without]
    return [
        *sentences(book, without),
        *(plainly.unknowns(others, book.rates([kpi.id for kpi in others])) if others else []),
    ]


def _one_each(kpi_ids: Sequence[str]) -> list[str]:
    """The first figure of each service, for the index."""
    firsts: dict[str, str] = {}
    for kpi_id in kpi_ids:
        table = domains.KPIS[kpi_id].table
        for room in domains.ROOMS:
            if table in {known.name for known in room.TABLES}:
                firsts.setdefault(room.__name__, kpi_id)
    return list(firsts.values())


def _headline(book: Book, kpi_ids: Sequence[str]) -> list[dict[str, object]]:
    rates, changed = book.rates(kpi_ids), {claim.kpi: claim for claim in findings(book).of("change")}
    return [
        {
            "kpi": row["kpi"],
            "label": book.kpi(row["kpi"]).label.get(book.lang),
            "text": tables.format_rate(row, book.kpi(row["kpi"]), book.lang),
            "state": row["state"],
            **_changed(changed.get(row["kpi"]), book.lang),
        }
        for row in rates.to_dict("records")
    ]


def _changed(claim: claims.Claim | None, lang: str) -> dict[str, object]:
    """A tested change since the same month last year; none is told where none was found."""
    if claim is None or claim.verdict not in card_room.ARROWS:
        return {}
    return {"change": {"verdict": claim.verdict, "good": claim.good, "text": claim.text.get(lang)}}


def _item_cells(book: Book, kpi_id: str, by: str) -> pd.DataFrame:
    rates = book.crossed(kpi_id, ["item", by])
    order = {value: place for place, value in enumerate(book.order(by, rates[by]))}
    rates = rates.sort_values(by, key=lambda values: values.map(order), kind="stable")
    return _by_item(book, rates, list(rates[by]), by)


def _by_item(book: Book, rates: pd.DataFrame, segments: list[str], by: str | None) -> pd.DataFrame:
    whole = "全体" if book.lang == "zh" else "All"
    labels = book.labels(by, pd.Series(segments)) if by else [whole] * len(segments)
    return rates.assign(
        kpi=rates["item"], segment=segments if by is None else [f"{by}={one}" for one in segments], label=labels
    )


def _none(book: Book, kpi: Kpi) -> Display:
    """Tell a period in which nothing happened from one of which nothing is known."""
    figure = book.figure(kpi.id)
    if figure["state"] in ("ok", "provisional") and figure["num"] == 0:
        return sentence(
            Text(f"{kpi.label.zh}：本期 0 {kpi.unit.zh}。", f"{kpi.label.en}: none in this period."), book.lang
        )
    return absent(book, kpi)


def _few_cases(kpi: Kpi) -> Text:
    return Text(
        f"{kpi.label.zh}：各类件数太少，不分类公布。", f"{kpi.label.en}: too few cases of each kind to show by kind."
    )


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    """Keep the last step within each per cent: more cannot be seen, and a page must stay small."""
    kept = ~(curve["survival"] * 100).round().duplicated(keep="last")
    for share in (0.5, 0.25, 0.1):  # the steps that the words name stay
        reached = curve.index[curve["survival"] <= share + 1e-12]
        kept |= curve.index.isin(reached[:1])
    return curve[kept].reset_index(drop=True)


def _source(kpi: Kpi) -> Text:
    return _SOURCES.get(kpi.table) or domains.TABLES[kpi.table].label
