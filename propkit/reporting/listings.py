"""The rows of a reading as a table for readers: figures in their own units, labels in words, never an id that only code knows.

Composes and formats; computes nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from propkit import domains, stats
from propkit.errors import PropkitError
from propkit.figures import OTHER
from propkit.model import Column, Kpi, Reading
from propkit.periods import parse_period
from propkit.reporting import items, spans, tables
from propkit.reporting.book import Book
from propkit.reporting.disclosure import THRESHOLD, pooled_homes
from propkit.reporting.display import (
    VERDICTS,
    Display,
    cell_words,
    esc,
    format_n,
    format_rate,
    format_target,
    hidden,
    noted,
    sentence,
    state_words,
)
from propkit.reporting.overview_items import REACH
from propkit.text import Text, counted, minus, minutes, number, singular, yuan

LINES = 12
"""Rows of a long list shown on a page; the rest are counted."""
MOST = 16
"""Rows of a list that is shown whole: a few lines more read better than "4 more"."""
FEW = 4
"""Actions that one sentence names."""
_SUMS = ("num", "den", "value_milli", "state")
_SIDES = ("before", "after")
_ENDS = ("mean_milli", "low_milli", "high_milli")
_HEADS = {
    "value": Text("数值", "Value"),
    "before": Text("之前", "Before"),
    "after": Text("之后", "After"),
    "change": Text("变化", "Change"),
}
_AGAINST = ("period_change", "complaint_rate_change")
"""Lists whose "before" is what the whole report is compared with."""
_WEEKDAYS = ("weekday", "hour")


def listing(book: Book, item_id: str, rows: pd.DataFrame) -> Display:
    """Return the rows of a reading as a table, the first of them where there are many; owners get no ids of cases."""
    reading = items.ITEMS[item_id]
    told = len(rows)
    if book.edition == "owner" and reading.unit.en == "people" and told:
        # A department of three is three known people: owners get the sum alone.
        whole = items.headlines(book, [item_id]).iloc[0]["value"]
        return sentence(
            f"{reading.label.get(book.lang)}{Text('：', ': ').get(book.lang)}{amount(whole, reading.unit, book.lang)}",
            book.lang,
        )
    if book.edition == "owner" and "households" in rows:
        rows = pooled_homes(rows)
    if rows.empty:
        none = Text(f"{reading.label.zh}：没有。", f"{reading.label.en}: none.")
        few = Text(
            f"{reading.label.zh}：各类件数太少，不分类列出。", f"{reading.label.en}: too few of each kind to list."
        )
        return sentence(few if told else none, book.lang)
    if set(_WEEKDAYS) <= set(reading.columns):
        return _week(book, item_id, rows)
    columns = {name: column for name, column in reading.columns.items() if _shown(book, name, column, rows)}
    if _of_the_day(book, first := next(iter(columns)), columns, rows):
        columns.pop(first)
    shown = _settled_first(rows).head(LINES if len(rows) > MOST else MOST)
    cells = [_line(book, columns, row) for row in shown.to_dict("records")]
    more = len(rows) - len(shown)
    rest = Text(f"（前 {LINES} 行，另有 {more} 行）", f" (first {LINES}; {more} more)") if more else Text("", "")
    before = spans.when(book) if item_id in _AGAINST else Text("", "")
    if before.zh:
        rest = Text(f"{rest.zh}；之前：{before.zh}", f"{rest.en}; before: {before.en}")
    caption = Text(reading.label.zh + rest.zh, reading.label.en + rest.en)
    right = {column.label.get(book.lang) for column in columns.values() if column.kind in _NUMBERS}
    right |= {head.get(book.lang) for head in _HEADS.values()}
    frame = pd.DataFrame(cells)
    frame = frame.loc[:, [name for name in frame if name == frame.columns[0] or (frame[name] != "").any()]]
    return tables.table(
        frame, caption=caption, lang=book.lang, numeric=[name for name in frame if name in right],
        sortable=more == 0 and len(shown) > 3, stacked=True,
    )  # fmt: skip


def effects(book: Book, item_id: str, rows: pd.DataFrame, most: int = LINES) -> Display:
    """Return measures and their figures before and after as a sentence each: what moved first, then the latest."""
    reading, stop = items.ITEMS[item_id], Text("。", ".").get(book.lang)
    if rows.empty:
        none = Text("近期没有可以前后比较的已完成措施", "no finished measure can be compared yet").get(book.lang)
        return sentence(reading.label.get(book.lang) + Text("：", ": ").get(book.lang) + none + stop, book.lang)
    latest = rows.sort_values("done_on", ascending=False, kind="stable")
    moved = latest["verdict"].isin(["better", "worse"])
    ranked = pd.concat([latest[moved], latest[~moved]])
    lines = [_effect(book, row) + stop for row in ranked.head(most).to_dict("records")]
    if len(ranked) > most:
        still = int((ranked["verdict"].iloc[most:] == "no_clear_change").sum())
        rest = Text(f"另有 {len(ranked) - most} 条，其中 {still} 条的指标无明显变化。", f"{len(ranked) - most} more, {still} of them without a clear change.")  # fmt: skip
        lines.append(rest.get(book.lang))
    head = f"{reading.label.get(book.lang)}{Text('（提出前三个月 → 完成后；变好不等于由措施引起）：', ' (three months before → after; a better figure does not show that the measure did it):').get(book.lang)}"
    html = f'<p>{esc(head)}</p><ul class="pk-split">{"".join(f"<li>{esc(line)}</li>" for line in lines)}</ul>'
    return Display(html, html, f"{head} {' '.join(lines)}")


def _effect(book: Book, row: Mapping[str, object]) -> str:
    kpi = dataclasses.replace(book.kpi(str(row["kpi"])), target=None)  # no side is judged against it
    sides = " → ".join(_side(row, side, kpi, book.lang) for side in _SIDES)
    verdict = VERDICTS[str(row["verdict"])].get(book.lang)
    name = str(row["plan"]) if book.edition == "owner" else f"{row['action_id']} {row['plan']}"
    if book.lang == "zh":
        return f"{name}（{row['done_on']:%Y-%m-%d} 完成）：{kpi.label.zh} {sides}，{verdict}"
    return f"{name} (done {row['done_on']:%Y-%m-%d}): {kpi.label.en} {sides}, {verdict}"


def sentences(book: Book, item_id: str, rows: pd.DataFrame) -> Display:
    """Return the findings of a list (its column `said`) as they are worded; of rules those that fired."""
    reading = items.ITEMS[item_id]
    told = rows[rows["fired"].fillna(False).astype(bool)] if "fired" in rows else rows
    label, said = reading.label.get(book.lang), list(told["said"].dropna())
    colon, stop = ("：", "。") if book.lang == "zh" else (": ", ".")
    if not said:
        of = (
            Text(f"（{len(rows)} 条规则）", f" ({counted(len(rows), 'rules')})")
            if "fired" in rows
            else Text(f"（{reading.top.zh}）", f" ({reading.top.en})")
        )
        of = of.get(book.lang)
        return sentence(label + colon + Text("没有", "none").get(book.lang) + of + stop, book.lang)
    rest = len(said) - LINES
    more = [Text(f"另有 {rest} 条", f"{rest} more").get(book.lang)] if rest > 0 else []
    quiet = len(rows) - len(told) if "fired" in rows else 0
    more += (
        [Text(f"其余 {quiet} 条规则没有触发", f"{counted(quiet, 'rules')} did not fire").get(book.lang)]
        if quiet
        else []
    )
    lines = [*said[:LINES], *more]
    html = f'<p>{esc(label + colon)}</p><ul class="pk-split">{"".join(f"<li>{esc(line)}</li>" for line in lines)}</ul>'
    return Display(html, html, label + colon + " ".join(lines))


def stages(book: Book, item_id: str, rows: pd.DataFrame) -> Display:
    """Return how the time of finished orders is shared over its stages, as one sentence."""
    reading = items.ITEMS[item_id]
    label, words = reading.label.get(book.lang), reading.columns["stage"].choices
    if rows.empty:
        return sentence(Text(f"{label}：没有。", f"{label}: none.").get(book.lang), book.lang)
    told = [
        f"{words[row['stage']].get(book.lang)} {stats.percent_text(int(row['minutes']), int(row['total_minutes']))}"
        for row in rows.to_dict("records")
    ]
    n = int(rows["orders"].iloc[0])
    said = Text(
        f"{label}（{n:,} 单，占全程时间）：{'，'.join(told)}。",
        f"{label} ({counted(n, 'orders')}, share of the whole time): {', '.join(told)}.",
    )
    return sentence(said, book.lang)


def attained(book: Book, item_id: str, rows: pd.DataFrame) -> Display:
    """Return which targets are met and which are missed, in one sentence."""
    label, words = items.ITEMS[item_id].label.get(book.lang), []
    for verdict in ("attained", "not_attained"):
        labels = [book.kpi(one).label for one in rows.loc[rows["verdict"] == verdict, "kpi"]]
        zh, en = "、".join(one.zh for one in labels), ", ".join(one.en for one in labels)
        named = Text(f" {len(labels)} 项" + (f"（{zh}）" if zh else ""), f" {len(labels)}" + (f" ({en})" if en else ""))
        words.append(VERDICTS[verdict].get(book.lang) + named.get(book.lang))
    silent = int((rows["state"] == "no_data").sum())
    rest = len(rows) - silent - int(rows["verdict"].isin(["attained", "not_attained"]).sum())
    words.append(Text(f"尚不能判定 {rest} 项", f"undecided {rest}").get(book.lang))
    words += [Text(f"本期无数据 {silent} 项", f"without data {silent}").get(book.lang)] if silent else []
    return sentence(Text(f"{label}：{'；'.join(words)}。", f"{label}: {'; '.join(words)}."), book.lang)


def reached(book: Book, item_id: str, rows: pd.DataFrame) -> Display:
    """Return which targets will be kept, may be reached or are out of reach if nothing changes, in one sentence."""
    label = items.ITEMS[item_id].label.get(book.lang)
    groups = {reach: [book.kpi(one).label for one in rows.loc[rows["reach"] == reach, "kpi"]] for reach in REACH}
    told = [(REACH[reach], labels) for reach, labels in groups.items() if labels]
    zh = "；".join(f"{words.zh}的 {len(labels)} 项（{'、'.join(one.zh for one in labels)}）" for words, labels in told)
    en = "; ".join(f"{words.en} {len(labels)} ({', '.join(one.en for one in labels)})" for words, labels in told)
    return sentence(Text(f"{label}：{zh or '没有'}。", f"{label}: {en or 'none'}."), book.lang)


def coming(book: Book, item_id: str, rows: pd.DataFrame) -> Display:
    """Return what is to be done next, by whom and by when, and how many targets begin, in one sentence."""
    label, due = items.ITEMS[item_id].label, rows[rows["entry"] == "action"]
    starts, more = rows.loc[rows["entry"] == "target", "start_on"], max(0, len(due) - FEW)
    named = [_promise(row, book.lang) for row in due.head(FEW).to_dict("records")]
    named += [Text(f"另有事项 {more} 项", f"{counted(more, 'actions')} more").get(book.lang)] if more else []
    said = [Text("、", ", ").get(book.lang).join(named)] if named else []
    if len(starts):
        first = f"{starts.min():%Y-%m-%d}"
        goals = Text(
            f"目标 {len(starts)} 项，最早从 {first} 开始", f"{counted(len(starts), 'targets')}, the first from {first}"
        )
        said.append(goals.get(book.lang))
    zh, en = "；".join(said) or "没有", "; ".join(said) or "none"
    return sentence(Text(f"{label.zh}：{zh}。", f"{label.en}: {en}."), book.lang)


def _promise(row: Mapping[str, object], lang: str) -> str:
    """An action with its department and its due day."""
    what = Text("（未写内容）", "(no words)").get(lang) if pd.isna(row["plan"]) else str(row["plan"])
    day = f"{row['due_on']:%Y-%m-%d}"
    who = [] if pd.isna(row["department"]) else [str(row["department"])]
    by = Text("，", ", ").get(lang).join([*who, Text(f"{day} 前", f"by {day}").get(lang)])
    return f"{what}（{by}）" if lang == "zh" else f"{what} ({by})"


def moved(book: Book, item_id: str, rows: pd.DataFrame) -> Display:
    """Return how many figures could be compared and how many of them moved, in one sentence."""
    label, when = items.ITEMS[item_id].label.get(book.lang), spans.when(book)
    up, down, alike = (int((rows["verdict"] == verdict).sum()) for verdict in ("higher", "lower", "no_clear_change"))
    judged = up + down + alike
    said = Text(
        f"明显上升 {up} 项，明显下降 {down} 项，其余没有明显变化",
        f"{up} clearly higher, {down} clearly lower, the others without a clear change",
    )
    if judged == alike:
        said = Text("都没有明显变化", "none with a clear change")
    zh, en = f"与{when.zh}相比判断了 {judged} 项", f"{judged} compared with {when.en}"
    return sentence(
        Text(f"{label}：{zh}，{said.zh}。", f"{label}: {en}; {said.en}.")
        if judged
        else Text(f"{label}：{zh}。", f"{label}: {en}."),
        book.lang,
    )


_SETTLED = ("higher", "lower", "attained", "not_attained", "signal")
_NUMBERS = ("whole", "money", "decimal", "score")


def _settled_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Put rows with a verdict before those without, where not all have room: what moved is what readers look for."""
    if len(rows) <= MOST or "verdict" not in rows:
        return rows
    return rows.sort_values("verdict", key=lambda verdicts: ~verdicts.isin(_SETTLED), kind="stable")


def amount(value: float, unit: Text, lang: str) -> str:
    """Return the number that stands for a list, with its unit; many minutes as hours or days."""
    if pd.isna(value):
        return "—"
    if unit.en == "minutes":
        return minutes(float(value), lang)
    words = singular(unit.en) if lang == "en" and float(value) == 1 else unit.get(lang)
    return minus(f"{float(value):,.6g}") + f" {words}"


def _week(book: Book, item_id: str, rows: pd.DataFrame) -> Display:
    """Counts by weekday (1 = Monday) and hour, as a calendar instead of a list of a hundred rows."""
    reading = items.ITEMS[item_id]
    count = next(name for name in reading.columns if name not in _WEEKDAYS)
    cells = week(rows.assign(weekday=rows["weekday"] - 1), count)
    if book.edition == "owner":  # who see no count from 1 to 4
        cells = cells.assign(state=cells["state"].mask(cells["num"].between(1, THRESHOLD - 1), "suppressed"))
    return tables.heat_hours(cells, _kpi(reading, count), lang=book.lang, title=reading.label)


def week(cells: pd.DataFrame, count: str) -> pd.DataFrame:
    """Return counts by `weekday` (0 = Monday) and `hour` as rows of rates for all 168 hours of a week; none is 0."""
    places = (cells["weekday"] * 24 + cells["hour"]).to_numpy("int64")
    return _hours(np.bincount(places, weights=cells[count].to_numpy("float64"), minlength=168))


def counts_of_week(times: pd.Series) -> pd.DataFrame:
    """Return how many of these instants fall on each hour of the week; see `week`."""
    return _hours(np.bincount(times.dt.day_of_week * 24 + times.dt.hour, minlength=168))


def _hours(counts: np.ndarray) -> pd.DataFrame:
    cells = pd.DataFrame({"weekday": np.arange(168) // 24, "hour": np.arange(168) % 24, "num": counts.astype("int64")})
    return cells.assign(n=cells["num"], den=pd.NA, value=cells["num"].astype("float64"), state="ok", segment="all")


def _kpi(reading: Reading, count: str) -> Kpi:
    return Kpi(
        id=reading.id, label=reading.label, top=reading.top, bottom=Text("无（数量）", "none (a count)"),
        table=reading.tables[0], numerator=count, denominator=None, kind="count", scale=1, unit=reading.unit,
        dated_by="", source=reading.source,
    )  # fmt: skip


def _line(book: Book, columns: Mapping[str, Column], row: Mapping[str, object]) -> dict[str, str]:
    """A row's cells by their heads; the halves of a figure are told as the figure they make."""
    kpi = book.kpi(str(row["kpi"])) if row.get("kpi") in domains.KPIS else None
    figure = kpi is not None and set(_SUMS) <= set(row)
    sides = kpi is not None and "num_before" in row
    cells: dict[str, str] = {}
    for name, column in columns.items():
        head = column.label.get(book.lang)
        if figure and name in ("n", *_SUMS):
            if name == "value_milli":
                cells[_HEADS["value"].get(book.lang)] = _figure(row, kpi, book.lang)
                cells[columns["n"].label.get(book.lang) if "n" in columns else "n"] = _cases(row, kpi, book.lang)
        elif sides and name.startswith(("num_", "den_")):
            side = name.removeprefix("num_")
            if side in _SIDES:
                cells[_HEADS[side].get(book.lang)] = _side(row, side, kpi, book.lang)
        elif sides and name == "change_milli":
            cells[_HEADS["change"].get(book.lang)] = _moved(row[name], kpi, book.lang)
        elif kpi is not None and name in _ENDS:
            cells[head] = _unit(row[name], kpi, book.lang)
        elif kpi is not None and name == "target_milli":
            cells[head] = "—" if pd.isna(row[name]) else format_target(kpi, row[name] / 1000, book.lang)
        elif (
            name == "unit"
            and (measured := domains.KPIS.get(str(row.get("metric_id"))))
            and measured.unit.zh == row[name]
        ):
            cells[head] = measured.unit.get(book.lang)
        else:
            cells[head] = _cell(column, name, row[name], book.lang)
    return cells


def _figure(row: Mapping[str, object], kpi: Kpi, lang: str) -> str:
    words = noted(format_rate(_row(row, kpi), kpi, lang), row, lang)
    return f"{words} {state_words(str(row['state']), lang)}" if hidden(row) else words


def _row(row: Mapping[str, object], kpi: Kpi) -> dict[str, object]:
    value = None if pd.isna(row["value_milli"]) else row["value_milli"] / 1000 / kpi.scale
    return {**{name: row[name] for name in ("n", "num", "den", "state")}, "value": value}


def _cases(row: Mapping[str, object], kpi: Kpi, lang: str) -> str:
    return "" if kpi.kind == "count" or hidden(row) else format_n(row, lang).removeprefix("n=")


def _side(row: Mapping[str, object], side: str, kpi: Kpi, lang: str) -> str:
    """One side of a comparison: the figure and the two halves that it is made of."""
    num, den = row[f"num_{side}"], row[f"den_{side}"]
    if pd.isna(num) or pd.isna(den) or not den:
        return "—"
    figure = {"n": den, "num": num, "den": den, "value": num / den, "state": "ok"}
    halves = f"{yuan(num, lang)} / {yuan(den, lang)}" if _money(kpi) else f"{number(num)}/{number(den)}"
    words = format_rate(figure, kpi, lang)
    return f"{words}（{halves}）" if lang == "zh" else f"{words} ({halves})"


def _money(kpi: Kpi) -> bool:
    return kpi.kind == "money" and kpi.unit.zh == "%" and "fen" in f"{kpi.numerator}{kpi.denominator}"


def _moved(milli: object, kpi: Kpi, lang: str) -> str:
    if pd.isna(milli):
        return "—"
    points = Text("个百分点", "points").get(lang) if kpi.unit.zh == "%" else kpi.unit.get(lang)
    return minus(f"{milli / 1000:+,.1f}") + f" {points}"


def _unit(milli: object, kpi: Kpi, lang: str) -> str:
    if pd.isna(milli):
        return "—"
    unit = kpi.unit.get(lang)
    return minus(f"{milli / 1000:,.4g}" if abs(milli) < 1_000_000 else f"{milli / 1000:,.0f}") + (
        unit if unit == "%" else f" {unit}"
    )


def _shown(book: Book, name: str, column: Column, rows: pd.DataFrame) -> bool:
    """Leave out columns without a single value, and for owners whatever names a case."""
    if column.personal or (book.edition == "owner" and name.endswith("_id") and name != "metric_id"):
        return False
    return bool(rows[name].notna().any())


def _of_the_day(book: Book, first: str, columns: Mapping[str, Column], rows: pd.DataFrame) -> bool:
    """Whether a list of one day leads with that day in each row: the page is of that day, and what stands next names a row better."""
    one = book.period.kind == "day" and columns[first].kind == "day" and len(columns) > 1
    return one and bool((rows[first] == book.period.start).all())


def _cell(column: Column, name: str, value: object, lang: str) -> str:
    if column.kind == "id" and value in items.ITEMS:
        return items.ITEMS[str(value)].label.get(lang)
    if name == "table" and value in domains.TABLES:
        return domains.TABLES[str(value)].label.get(lang)
    if name == "period":
        return _period(str(value), lang)
    if value == OTHER and OTHER not in column.choices:
        return Text("其他", "other").get(lang)
    return cell_words(column, value, lang, name=name)


def _period(period: str, lang: str) -> str:
    try:
        return parse_period(period).label(lang)
    except PropkitError:
        return period
