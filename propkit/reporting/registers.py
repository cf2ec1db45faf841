"""The pieces of a report that list and account: handling times, balances, arrears, what is overdue, data quality.

Composes tables of what the rooms and the store give; computes and words no finding.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from propkit import domains, stats, store
from propkit.domains import complaints, fees, repairs
from propkit.domains.knowledge import given
from propkit.figures import OTHER
from propkit.model import Kpi
from propkit.reporting import charts, tables
from propkit.reporting.book import Book
from propkit.reporting.disclosure import pooled_homes
from propkit.reporting.display import Display, heads_of, join, sentence
from propkit.reporting.lacking import absent, missing
from propkit.text import Text, minutes, number

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
    "key_conflict": Text("编号相同而内容不同", "same key, different case"),
    "total_row": Text("合计行", "total row"),
    "side_note": Text("表外说明", "side note"),
    "unknown_community": Text("未知小区", "unknown community"),
}


@dataclass(frozen=True, slots=True)
class _Open:
    """A kind of case that can be overdue: its table and columns, how its late ones are found, and its heading."""

    table: str
    key: str
    subject: str
    due: str
    find: Callable[[pd.DataFrame, pd.Timestamp], pd.DataFrame]
    title: Text


_OWED = Kpi(
    id="outstanding", label=Text("服务期已结束而未缴清的金额", "Outstanding on bills whose service period has ended"),
    top=Text("未缴清的金额", "money not paid"), bottom=Text("无（金额）", "none (an amount)"), table="fee_bill",
    numerator="outstanding_fen", kind="count", unit=Text("元", "yuan"), scale=0.01, better="down", dated_by="period_end",
)  # fmt: skip
"""Money owed by age: drawn as bars of yuan."""

FILES = 12
"""Files listed on a page; `propkit check` names them all."""

_OPEN = (
    _Open("work_order", "order_id", "fault_type", "due_at", repairs.overdue, Text("超期未完成的报修", "Overdue repairs")),
    _Open(
        "complaint", "complaint_id", "type_l1", "promised_at", complaints.overdue,
        Text("超期未办结的投诉", "Overdue complaints"),
    ),
)  # fmt: skip


def durations(book: Book, duration_ids: Sequence[str]) -> Display:
    """Median and P90 of each duration by Kaplan-Meier, with the cases that are still open and those not measurable.

    A duration of which there is no case is named beneath: nobody knows that it had none.
    """
    known = [duration_id for duration_id in duration_ids if len(book.durations(duration_id))]
    parts = [_durations(book, known)] if known else []
    without = [domains.DURATIONS[duration_id] for duration_id in duration_ids if duration_id not in known]
    return join([*parts, missing(book, without)] if without else parts)


def _durations(book: Book, duration_ids: Sequence[str]) -> Display:
    rows = [_duration_row(book, duration_id) for duration_id in duration_ids]
    heads = heads_of(
        book.lang,
        ("时长", "Duration"),
        ("中位数", "Median"),
        ("九成不超过", "90% within"),
        ("件数", "Cases"),
        ("未完成", "Open"),
        ("时间无效", "Unusable"),
    )
    caption = Text("处理时间（未完成的也计算在内）", "Handling times (open cases are counted)")
    frame = pd.DataFrame(rows, columns=heads)
    return tables.table(frame, caption=caption, lang=book.lang, numeric=heads[1:], sortable=False, stacked=True)


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
        "closing": _closing(book),
    }
    heads = heads_of(book.lang, *labels.values())
    orders = book.tables["work_order"]
    if not (orders["reported_at"] < book.period.start).any():  # nothing older was ever exported: not zero, but unknown
        moved = moved | {"opening": float("nan")}
    frame = pd.DataFrame([[number(moved[name]) for name in labels]], columns=heads)
    caption = Text(
        "工单结存：期初＋报修＝完成＋未办理结单＋期末", "Order balance: start + received = completed + ended + end"
    )
    return tables.table(frame, caption=caption, lang=book.lang, numeric=heads, sortable=False, stacked=True)


def _closing(book: Book) -> tuple[str, str]:
    """How the last term is called: the end of the period, or the data cut-off where that comes first."""
    day = f"{book.cut.as_of:%Y-%m-%d}"
    return (
        (f"截至 {day} 未完成", f"Open at {day}") if book.period.end > book.cut.as_of else ("期末未完成", "Open at end")
    )


def ageing(book: Book) -> Display:
    """Money outstanding at the data cut-off by age, as bars; households and bills in the table behind them."""
    aged = fees.ageing(book.tables["fee_bill"], book.cut.as_of)
    if book.tables["fee_bill"]["outstanding_fen"].isna().all():
        return absent(book, domains.KPIS["fee_collection_rate_current"])
    aged = pooled_homes(aged[["arrears_age", "households", "bills", "fen"]]) if book.edition == "owner" else aged
    words = domains.SEGMENTS["arrears_age"].choices | {OTHER: Text("其他", "other")}
    homes = Text("{}（{:,} 户）", "{} ({:,} homes)").get(book.lang)
    named = zip(aged["arrears_age"], aged["households"], strict=True)
    rows = aged.assign(label=[homes.format(words[age].get(book.lang), count) for age, count in named])
    rows = rows.rename(columns={"arrears_age": "segment", "fen": "num", "bills": "n"})
    rows = rows.assign(den=pd.NA, value=rows["num"].astype("float64"), state="ok")
    owed = dataclasses.replace(_OWED, label=Text(*(f"{words}{at}" for words, at in zip(
        (_OWED.label.zh, _OWED.label.en), (f"（截至 {book.cut.as_of:%Y-%m-%d}）", f", at {book.cut.as_of:%Y-%m-%d}"), strict=True
    ))))  # fmt: skip
    return charts.show(charts.ageing, rows, owed, lang=book.lang, source=Text("应收与实收", "bills and payments"))


def overdue(book: Book, limit: int = 15) -> Display:
    """What is open beyond its promised time at the data cut-off: counts for owners, the oldest cases for the team."""
    return join([_overdue(book, case, limit) for case in _OPEN])


def quality(book: Book) -> Display:
    """Lines in, kept and refused for every file of this community, and why."""
    entries = store.accounts(book.workspace, book.community)
    heads = heads_of(
        book.lang,
        ("文件", "File"),
        ("数据", "Table"),
        ("行数", "Lines"),
        ("采用", "Kept"),
        ("未采用", "Refused"),
        ("原因", "Why"),
    )
    listed = sorted(entries, key=lambda entry: (not entry["refused"], -entry["rejected_lines"]))[:FILES]
    frame = pd.DataFrame([_file_row(book, entry) for entry in listed], columns=heads)
    without = [table.label for name, table in domains.TABLES.items() if book.bare(name)]
    lines, kept, refused = (sum(entry[name] for entry in entries) for name in ("lines", "kept", "rejected_lines"))
    caption = Text(
        f"{len(entries)} 个文件读入 {lines:,} 行 ＝ 采用 {kept:,} ＋ 未采用 {refused:,}{_rest(entries).zh}",
        f"{len(entries)} files: {lines:,} lines in = {kept:,} kept + {refused:,} refused{_rest(entries).en}",
    )
    table = tables.table(frame, caption=caption, lang=book.lang, numeric=heads[2:5], stacked=True)
    return join([table, sentence(_without(without), book.lang)]) if without else table


def _without(labels: Sequence[Text]) -> Text:
    zh, en = "、".join(f"「{label.zh}」" for label in labels), ", ".join(label.en.lower() for label in labels)
    return Text(
        f"没有数据的表：{zh}。用到它们的指标没有数据，或只按其余的表计算。",
        f"Tables without data: {en}. Figures that use them have no data, or are reckoned from the other tables alone.",
    )


def _rest(entries: Sequence[dict]) -> Text:
    """Say that only the files with most refused lines are listed; all are counted."""
    if len(entries) <= FILES:
        return Text("", "")
    return Text(f"；列出未采用最多的 {FILES} 个", f"; the {FILES} with most refused lines are listed")


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
        return sentence(Text(f"{case.title.zh}：无数据。", f"{case.title.en}: no data."), book.lang)
    day = f"{book.cut.as_of:%Y-%m-%d}"
    count = Text(f"{case.title.zh}：{len(late)} 件（截至 {day}）", f"{case.title.en}: {len(late)} at {day}")
    if late.empty or book.edition == "owner":
        return sentence(count, book.lang)
    shown = late.sort_values("days_over", ascending=False, kind="stable").head(limit)
    heads = heads_of(book.lang, ("编号", "Id"), ("类型", "Type"), ("应完成", "Due"), ("超期天数", "Days over"))
    named = shown.assign(subject=shown[case.subject].fillna("未知" if book.lang == "zh" else "unknown"))
    cells = [
        [row[case.key], row["subject"], f"{row[case.due]:%Y-%m-%d}", number(row["days_over"])]
        for row in named.to_dict("records")
    ]
    more = Text(f"，最久的 {len(shown)} 件", f"; the {len(shown)} oldest") if len(late) > len(shown) else Text("", "")
    caption = Text(count.zh + more.zh, count.en + more.en)
    frame = pd.DataFrame(cells, columns=heads)
    return tables.table(frame, caption=caption, lang=book.lang, numeric=heads[3:], stacked=True)


def _file_row(book: Book, entry: dict) -> list[str]:
    label = domains.TABLES[entry["table"]].label.get(book.lang)
    if entry["refused"]:
        return [entry["file"], label, "—", "—", "—", entry["refused"][book.lang].splitlines()[0]]
    comma = "；" if book.lang == "zh" else "; "
    why = comma.join(f"{RULES[rule].get(book.lang)} {count}" for rule, count in entry["rejected"].items())
    return [entry["file"], label, *(number(entry[name]) for name in ("lines", "kept", "rejected_lines")), why or "—"]
