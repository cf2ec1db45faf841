"""The pieces a notebook shows, one call each: a book and the ids of figures in, a `Display` out.

Composes what figures, claims, charts and tables give; computes and words nothing of its own beyond headings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from propkit import domains, stats, store
from propkit.domains import complaints, fees, repairs
from propkit.domains.knowledge import given
from propkit.figures import largest
from propkit.model import Kpi
from propkit.reporting import cards as card_room
from propkit.reporting import charts, claims, tables
from propkit.reporting.book import Book
from propkit.reporting.display import Display, Heading, Receipt, esc, join
from propkit.text import Text, minutes, number, yuan

PARETO_BARS = 12
"""Bars of a Pareto chart; what is rarer is added up as "other"."""

REPORT_TITLES: dict[str, Text] = {"monthly_review": Text("物业服务月度复盘", "Monthly service review")}

HEADINGS: dict[str, Text] = {
    "summary": Text("本月要点", "What matters"),
    "figures": Text("关键指标", "Key figures"),
    "repairs": Text("报修做得怎么样", "How are repairs going?"),
    "complaints": Text("投诉集中在哪里", "Where do complaints gather?"),
    "satisfaction": Text("谁更不满意，不满意什么", "Who is less satisfied, and with what?"),
    "fees": Text("费用收得怎么样", "How is fee collection going?"),
    "open": Text("还有什么没办完", "What is still open?"),
    "quality": Text("数据可信吗", "Can the data be trusted?"),
    "definitions": Text("每个数字的口径", "What each figure means"),
}
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
    return Heading(HEADINGS[section].get(book.lang))


def receipt(book: Book) -> Receipt:
    """Close the report: what was asked, what was shown and from which data, for the run that made it."""
    return Receipt(
        {
            "schema_version": 1,
            "report": book.report,
            "parameters": book.parameters,
            "sections": book.sections,
            "data_sha256": book.data_sha256,
            "rows": {name: len(rows) for name, rows in book.tables.items() if name in domains.TABLES},
            "as_of": f"{book.cut.as_of:%Y-%m-%d}",
            "title": f"{book.name} {REPORT_TITLES[book.report].get(book.lang)}",
            "kicker": book.period.label(book.lang),
            "facts": facts(book),
            "headline": book.headline,
        }
    )


def summary(book: Book, kpi_ids: Sequence[str], *, segments: Sequence[str] = ()) -> Display:
    """Answer first: how many targets are met, the three to five findings that matter, and what is not known."""
    goals = _targets(book, kpi_ids)
    found = [*goals, *_changes(book, kpi_ids), *_signals(book, kpi_ids)]
    if segments:
        found += _segment_claims(book, "owner_satisfaction", segments)
    worth = [claim for claim in claims.order(found) if claim.good is not None]
    points = [_in_full(book, claim) for claim in worth[:5]]
    book.headline = _headline(book, kpi_ids[:4])
    return card_room.summary(claims.attainment(goals), [*points, *_unknown(book, kpi_ids)], lang=book.lang)


def cards(book: Book, kpi_ids: Sequence[str]) -> Display:
    """A card for each KPI, with its target, change from the same month last year, and state."""
    told = [*_targets(book, kpi_ids), *_changes(book, kpi_ids)]
    history = book.months(kpi_ids)
    kpis = [book.kpi(kpi_id) for kpi_id in kpi_ids]
    return card_room.cards(history, kpis, period=book.month, lang=book.lang, claims=told)


def trend(book: Book, kpi_id: str) -> Display:
    """The months of one KPI with the limits of its ordinary variation."""
    kpi = book.kpi(kpi_id)
    rates, found = claims.signals(kpi, book.history(kpi_id))
    if rates.empty:
        return absent(book, kpi)
    return charts.show(charts.trend, rates, kpi, lang=book.lang, claim=found, source=_source(kpi))


def by_segment(book: Book, kpi_id: str, segments: Sequence[str]) -> Display:
    """One KPI by several segments: who differs from all others, beyond chance."""
    kpi = book.kpi(kpi_id)
    usable = [by for by in segments if book.splits(kpi_id, by)]
    whole = book.rates([kpi_id])
    if not usable or whole.iloc[0]["state"] == "no_data":
        return absent(book, kpi)
    found = _segment_claims(book, kpi_id, usable)
    parts = [book.rates([kpi_id], by=by).assign(dimension=book.segment_label(by).get(book.lang)) for by in usable]
    rates = pd.concat([whole, *parts], ignore_index=True)
    return charts.show(charts.by_segment, rates, kpi, lang=book.lang, claim=found, source=_source(kpi))


def items(book: Book, kpi_id: str, segments: Sequence[str]) -> Display:
    """Every item of the survey by segment, as a table whose colours are differences from the whole."""
    kpi = book.kpi(kpi_id)
    whole = book.rates([kpi_id], by="item")
    if set(whole["state"]) == {"no_data"}:
        return absent(book, kpi)
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
    """The counts of a KPI by the segment it is about, largest first."""
    kpi = book.kpi(kpi_id)
    rates = book.rates([kpi_id], by=kpi.by) if book.splits(kpi_id, kpi.by) else pd.DataFrame()
    if rates.empty or set(rates["state"]) == {"no_data"}:
        return absent(book, kpi)
    rates = largest(rates, PARETO_BARS)
    rates = rates.assign(label=book.labels(kpi.by, rates["segment"]))
    found = claims.leading(kpi, rates, book.words(kpi.by))
    return charts.show(charts.pareto, rates, kpi, lang=book.lang, claim=found, source=_source(kpi))


def durations(book: Book, duration_ids: Sequence[str]) -> Display:
    """Median and P90 of each duration by Kaplan-Meier, with the cases that are still open and those not measurable."""
    rows = [_duration_row(book, duration_id) for duration_id in duration_ids]
    heads = _words(
        book,
        ("时长", "Duration"),
        ("中位数", "Median"),
        ("P90", "P90"),
        ("件数", "Cases"),
        ("未完成", "Open"),
        ("时间无效", "Unusable"),
    )
    caption = Text("处理时间（未完成的也计算在内）", "Handling times (open cases are counted)")
    frame = pd.DataFrame(rows, columns=heads)
    return tables.table(frame, caption=caption, lang=book.lang, numeric=heads[1:], sortable=False)


def survival(book: Book, duration_id: str) -> Display:
    """The share still open against the time since the start."""
    spells = book.durations(duration_id)
    used = spells[spells["usable"]]
    duration = domains.DURATIONS[duration_id]
    if used.empty:
        return absent(book, duration)
    curve = _thinned(stats.survival_table(used["minutes"].to_numpy(), used["completed"].to_numpy()))
    n_open = int((~used["completed"]).sum())
    return charts.show(charts.survival, curve, duration, lang=book.lang, n_open=n_open, source=_SOURCES[duration.table])


def balance(book: Book) -> Display:
    """Open at the start + received = completed + ended + open at the end, for the orders of the period."""
    if book.tables["work_order"].empty:
        return absent(book, domains.KPIS["work_order_volume"])
    moved = repairs.balance(book.tables["work_order"], book.period.start, book.period.end)
    labels = {
        "opening": ("期初未完成", "Open at start"),
        "received": ("当期报修", "Received"),
        "completed": ("当期完成", "Completed"),
        "ended": ("未办理结单", "Closed without work"),
        "closing": ("期末未完成", "Open at end"),
    }
    heads = _words(book, *labels.values())
    frame = pd.DataFrame([[number(moved[name]) for name in labels]], columns=heads)
    caption = Text(
        "工单结存：期初＋报修＝完成＋未办理结单＋期末", "Order balance: start + received = completed + ended + end"
    )
    return tables.table(frame, caption=caption, lang=book.lang, numeric=heads, sortable=False)


def ageing(book: Book) -> Display:
    """Money outstanding at the data cut-off by age."""
    aged = fees.ageing(book.tables["fee_bill"], book.cut.as_of)
    if book.tables["fee_bill"].empty:
        return absent(book, domains.KPIS["fee_collection_rate_current"])
    words = domains.SEGMENTS["arrears_age"].choices
    heads = _words(book, ("账龄", "Age"), ("户数", "Households"), ("账单", "Bills"), ("金额", "Amount"))
    rows = [
        [
            words[row["arrears_age"]].get(book.lang),
            number(row["households"]),
            number(row["bills"]),
            yuan(row["fen"], book.lang),
        ]
        for row in aged.to_dict("records")
    ]
    caption = Text(
        f"往期欠费余额（截至 {book.cut.as_of:%Y-%m-%d}）", f"Arrears outstanding at {book.cut.as_of:%Y-%m-%d}"
    )
    return tables.table(
        pd.DataFrame(rows, columns=heads), caption=caption, lang=book.lang, numeric=heads[1:], sortable=False
    )


def overdue(book: Book, limit: int = 15) -> Display:
    """What is open beyond its promised time at the data cut-off: counts for owners, the oldest cases for the team."""
    return join([_overdue(book, case, limit) for case in _OPEN])


def quality(book: Book) -> Display:
    """Lines in, kept and refused for every file of this community, and why."""
    entries = [entry for entry in store.results(book.workspace)["files"] if _concerns(entry, book.community)]
    heads = _words(
        book,
        ("文件", "File"),
        ("数据", "Table"),
        ("行数", "Lines"),
        ("采用", "Kept"),
        ("未采用", "Refused"),
        ("原因", "Why"),
    )
    frame = pd.DataFrame([_file_row(book, entry) for entry in entries], columns=heads)
    lines, kept, refused = (sum(entry[name] for entry in entries) for name in ("lines", "kept", "rejected_lines"))
    caption = Text(
        f"读入 {lines:,} 行 ＝ 采用 {kept:,} ＋ 未采用 {refused:,}",
        f"{lines:,} lines in = {kept:,} kept + {refused:,} refused",
    )
    return tables.table(frame, caption=caption, lang=book.lang, numeric=heads[2:5], stacked=True)


def definitions(book: Book, kpi_ids: Sequence[str], duration_ids: Sequence[str] = ()) -> Display:
    """The definition card of every figure shown."""
    shown = [*(book.kpi(kpi_id) for kpi_id in kpi_ids), *(domains.DURATIONS[name] for name in duration_ids)]
    return card_room.definitions(shown, lang=book.lang, as_of=f"{book.cut.as_of:%Y-%m-%d}", columns=_DATES)


def absent(book: Book, kpi: Kpi) -> Display:
    """Say that there is nothing to show for a figure, instead of an empty chart."""
    return _sentence(book, Text(f"{kpi.label.zh}：本期无数据。", f"{kpi.label.en}: no data in this period."))


def _targets(book: Book, kpi_ids: Sequence[str]) -> list[claims.Claim]:
    rates = book.rates(kpi_ids)
    kpis = [book.kpi(kpi_id) for kpi_id in rates["kpi"]]
    judged = [claims.target(kpi, row, kpi.target) for kpi, (_, row) in zip(kpis, rates.iterrows(), strict=True)]
    return [claim for claim in judged if claim is not None]


def _changes(book: Book, kpi_ids: Sequence[str]) -> list[claims.Claim]:
    if book.period.kind != "month":
        return []
    earlier = f"{int(book.month[:4]) - 1}{book.month[4:]}"
    history = book.months(kpi_ids)
    before, now = (history[history["period"] == month].set_index("kpi") for month in (earlier, book.month))
    kpis = [book.kpi(kpi_id) for kpi_id in kpi_ids]
    return claims.changes(kpis, before, now, Text("去年同月", "the same month last year"))


def _signals(book: Book, kpi_ids: Sequence[str]) -> list[claims.Claim]:
    return [
        claim
        for kpi_id in kpi_ids
        for claim in claims.signals(book.kpi(kpi_id), book.history(kpi_id))[1]
        if claim.period == book.month
    ]


def _segment_claims(book: Book, kpi_id: str, segments: Sequence[str]) -> list[claims.Claim]:
    usable = [by for by in segments if book.splits(kpi_id, by)]
    families = {by: book.rates([kpi_id], by=by) for by in usable}
    return claims.segments(book.kpi(kpi_id), families, {by: book.words(by) for by in usable})


def _in_full(book: Book, claim: claims.Claim) -> claims.Claim:
    """A target verdict is said together with its figure; other claims are whole sentences already."""
    kpi = book.kpi(claim.kpi)
    return claims.in_full(kpi, book.figure(claim.kpi), claim) if claim.kind in ("target", "change") else claim


def _unknown(book: Book, kpi_ids: Sequence[str]) -> list[Text]:
    return claims.unknowns([book.kpi(kpi_id) for kpi_id in kpi_ids], book.rates(kpi_ids))


def _headline(book: Book, kpi_ids: Sequence[str]) -> list[dict[str, str]]:
    rates = book.rates(kpi_ids)
    return [
        {
            "kpi": row["kpi"],
            "label": book.kpi(row["kpi"]).label.get(book.lang),
            "text": tables.format_rate(row, book.kpi(row["kpi"]), book.lang),
            "state": row["state"],
        }
        for row in rates.to_dict("records")
    ]


def _item_cells(book: Book, kpi_id: str, by: str) -> pd.DataFrame:
    rates = book.crossed(kpi_id, ["item", by])
    return _by_item(book, rates, list(rates[by]), by)


def _by_item(book: Book, rates: pd.DataFrame, segments: list[str], by: str | None) -> pd.DataFrame:
    whole = "全体" if book.lang == "zh" else "All"
    labels = book.labels(by, pd.Series(segments)) if by else [whole] * len(segments)
    return rates.assign(
        kpi=rates["item"], segment=segments if by is None else [f"{by}={one}" for one in segments], label=labels
    )


def _duration_row(book: Book, duration_id: str) -> list[str]:
    spells = book.durations(duration_id)
    used = spells[spells["usable"]]
    label = domains.DURATIONS[duration_id].label.get(book.lang)
    n_open, unusable = int((~used["completed"]).sum()), int((~spells["usable"]).sum())
    if used.empty:
        return [label, "—", "—", "0", "0", number(unusable)]
    found = stats.duration_quantiles(used["minutes"].to_numpy(), used["completed"].to_numpy(), [0.5, 0.9])
    not_reached = "尚未达到" if book.lang == "zh" else "not reached"
    shown = [not_reached if pd.isna(value) else minutes(value, book.lang) for value in found["estimate"]]
    return [label, *shown, number(len(used)), number(n_open), number(unusable)]


def _overdue(book: Book, case: _Open, limit: int) -> Display:
    late = case.find(book.tables[case.table], book.cut.as_of)
    known = book.tables[case.table]
    if not given(known, case.due).any():
        return _sentence(book, Text(f"{case.title.zh}：无数据。", f"{case.title.en}: no data."))
    day = f"{book.cut.as_of:%Y-%m-%d}"
    count = Text(f"{case.title.zh}：{len(late)} 件（截至 {day}）", f"{case.title.en}: {len(late)} at {day}")
    if late.empty or book.edition == "owner":
        return _sentence(book, count)
    shown = late.sort_values("days_over", ascending=False, kind="stable").head(limit)
    heads = _words(book, ("编号", "Id"), ("类型", "Type"), ("应完成", "Due"), ("超期天数", "Days over"))
    named = shown.assign(subject=shown[case.subject].fillna("未知" if book.lang == "zh" else "unknown"))
    cells = [
        [row[case.key], row["subject"], f"{row[case.due]:%Y-%m-%d}", number(row["days_over"])]
        for row in named.to_dict("records")
    ]
    more = Text(f"，最久的 {len(shown)} 件", f"; the {len(shown)} oldest") if len(late) > len(shown) else Text("", "")
    caption = Text(count.zh + more.zh, count.en + more.en)
    frame = pd.DataFrame(cells, columns=heads)
    return tables.table(frame, caption=caption, lang=book.lang, numeric=heads[3:], stacked=True)


def _sentence(book: Book, words: Text) -> Display:
    html = f"<p>{esc(words.get(book.lang))}</p>"
    return Display(html, html, words.get(book.lang))


def _concerns(entry: dict, community: str) -> bool:
    return community in entry["communities"] or not entry["communities"]


def _file_row(book: Book, entry: dict) -> list[str]:
    label = domains.TABLES[entry["table"]].label.get(book.lang)
    if entry["refused"]:
        return [entry["file"], label, "—", "—", "—", entry["refused"][book.lang].splitlines()[0]]
    why = "；".join(f"{RULES[rule].get(book.lang)} {count}" for rule, count in entry["rejected"].items())
    return [entry["file"], label, *(number(entry[name]) for name in ("lines", "kept", "rejected_lines")), why or "—"]


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    """Keep the last step within each per cent: more cannot be seen, and a page must stay small."""
    return curve[~(curve["survival"] * 100).round().duplicated(keep="last")].reset_index(drop=True)


def _source(kpi: Kpi) -> Text:
    return _SOURCES[kpi.table]


def _words(book: Book, *pairs: tuple[str, str]) -> list[str]:
    return [Text(*pair).get(book.lang) for pair in pairs]


@dataclass(frozen=True, slots=True)
class _Open:
    """A kind of case that can be overdue: its table and columns, how its late ones are found, and its heading."""

    table: str
    key: str
    subject: str
    due: str
    find: Callable[[pd.DataFrame, pd.Timestamp], pd.DataFrame]
    title: Text


_DATES = {name: column.label for table in domains.TABLES.values() for name, column in table.columns.items()} | {
    "finished_at": Text("结单时间", "Closed"),
    "wave_on": Text("调查批次所属月份", "Month of the survey wave"),
    "month_on": Text("月份", "Month"),
}

_OPEN = (
    _Open("work_order", "order_id", "fault_type", "due_at", repairs.overdue, Text("超期未完成的报修", "Overdue repairs")),
    _Open(
        "complaint", "complaint_id", "type_l1", "promised_at", complaints.overdue,
        Text("超期未办结的投诉", "Overdue complaints"),
    ),
)  # fmt: skip

RULES: dict[str, Text] = {
    "required": Text("缺少必填项", "required cell is blank"),
    "unreadable": Text("无法识别", "unreadable"),
    "not_a_choice": Text("不在码表内", "not in the code book"),
    "out_of_range": Text("超出范围", "out of range"),
    "ambiguous_date": Text("日期有歧义", "ambiguous date"),
    "ambiguous_place": Text("房号有歧义", "ambiguous unit"),
    "impossible_order": Text("时间先后矛盾", "times in impossible order"),
    "future": Text("晚于导出日期", "later than the export"),
    "duplicate": Text("重复行", "duplicate line"),
    "superseded": Text("被较新的导出取代", "superseded by a newer export"),
    "total_row": Text("合计行", "total row"),
    "side_note": Text("表外说明", "side note"),
    "unknown_community": Text("未知小区", "unknown community"),
}
