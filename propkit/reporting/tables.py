"""Rates and other frames to HTML tables: caption, scopes, figures in the reader's form, states in words.

Everything from data is escaped here.  Nothing is computed but the step of colour of a heat map.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from propkit.model import Kpi
from propkit.reporting.display import (
    MARKS,
    STATES,
    Display,
    esc,
    format_interval,
    format_n,
    format_rate,
    hidden,
    label_of,
    period_words,
    reader_value,
    records,
    state_words,
    word,
)
from propkit.text import Text, counted

_CODE = re.compile(r"[A-Za-z0-9./:-]{1,16}")
"""Dates and numbers of cases, which must not break over lines; neither do the shortest words."""
STEPS = (4, 8, 12, 16)
"""Bounds of the heat map's nine steps: points of difference from the whole."""

_HEADS = {
    "community": Text("小区", "Community"),
    "segment": Text("分组", "Group"),
    "period": Text("时间", "Period"),
    "value": Text("数值", "Figure"),
    "interval": Text("95% 区间", "95% interval"),
    "n": Text("样本", "Cases"),
    "state": Text("说明", "Note"),
}


_WEEKDAYS = tuple(
    Text(*names)
    for names in zip(
        ["周一", "周二", "周三", "周四", "周五", "周六", "周日"],
        ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
        strict=True,
    )
)
_HOURS_READING = Text(
    "往下为一天的时刻，往右为星期；颜色越深次数越多，0 为没有",
    "Down: hours of the day; across: weekdays; deeper colour: more; 0: none",
)


_MARKED = (Text("※ 样本不足", "※ too few"), Text("— 无数据", "— no data"), Text("( ) 仅供参考", "( ) indicative only"))


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that needs more than its words: a value to sort by, a class of the page's style, a heading of its row."""

    words: str
    sort: object = ""
    style: str = ""
    numeric: bool = False


def table(
    frame: pd.DataFrame,
    *,
    caption: Text | str,
    lang: str,
    numeric: Sequence[str] = (),
    sortable: bool = True,
    searchable: bool = False,
    stacked: bool = False,
    lead: bool = False,
) -> Display:
    """Return any frame as a table headed by the names of its columns; the first column heads the rows.

    `numeric` names the columns to align right; numbers are printed as given, missing values as "—".  `searchable`
    adds a box that filters rows; `stacked` turns rows into cards on a phone, where with `lead` the second column stands
    beside the first.
    """
    right = [name in numeric or pd.api.types.is_numeric_dtype(frame[name]) for name in frame.columns]
    rows = [
        [_cell(value, is_right) for value, is_right in zip(row, right, strict=True)]
        for row in frame.itertuples(index=False)
    ]
    heads = [Cell(str(name), numeric=is_right) for name, is_right in zip(frame.columns, right, strict=True)]
    kind = " ".join(["sortable"] * sortable + ["stacked"] * stacked + ["lead"] * lead + ["searchable"] * searchable)
    said = (
        f"{word(caption, lang)}：{len(frame)} 行。"
        if lang == "zh"
        else f"{word(caption, lang)}: {counted(len(frame), 'rows')}."
    )
    html = layout(heads, rows, caption=word(caption, lang), kind=kind)
    return Display(html, html, said)


def rates_table(
    rates: pd.DataFrame,
    kpi: Kpi,
    *,
    lang: str,
    by: str = "segment",
    caption: Text | str = "",
    target: float | None = None,
) -> Display:
    """Return one KPI by "segment" or "period": figure, interval, cases and state in words.

    `rates`: columns segment or period, n, num, den, value, low, high, state; a hidden row shows ※ and no numbers.
    """
    rows = []
    for row in records(rates):
        name = period_words(str(row["period"]), lang) if by == "period" else label_of(row, lang)
        figure = format_rate(row, kpi, lang, target=target)
        rows.append(
            [
                Cell(name, sort=row["period"] if by == "period" else ""),
                Cell(figure, sort=reader_value(row, kpi), style=_state_class(row), numeric=True),
                Cell(format_interval(row, kpi, lang) or "—", sort=reader_value(row, kpi, "low"), numeric=True),
                Cell(format_n(row, lang).removeprefix("n=") or "—", sort=_count(row), numeric=True),
                Cell(state_words(str(row["state"]), lang)),
            ]
        )
    heads = [Cell(_HEADS[name].get(lang), numeric=name in ("value", "interval", "n"))
             for name in (by, "value", "interval", "n", "state")]  # fmt: skip
    title = word(caption or kpi.label, lang)
    html = layout(heads, rows, caption=title, kind="sortable")
    return Display(
        html, html, f"{title}：{len(rows)} 行。" if lang == "zh" else f"{title}: {counted(len(rows), 'rows')}."
    )


def kpi_table(rates: pd.DataFrame, kpis: Mapping[str, Kpi], *, lang: str, caption: Text | str) -> Display:
    """Return many KPIs side by side: one row for each community or segment, one column for each KPI.

    `rates`: columns kpi, community or segment, label, and the figures; the rows keep their order.
    """
    along = "community" if rates["segment"].nunique() == 1 else "segment"
    names = list(dict.fromkeys(rates["kpi"]))
    rows: dict[str, list[Cell]] = {}
    for key in dict.fromkeys(rates[along]):
        found = {row["kpi"]: row for row in records(rates[rates[along] == key])}
        first = next(iter(found.values()))
        label = label_of(first | {"segment": key}, lang)
        rows[str(key)] = [Cell(label), *(_figure(found.get(name), kpis[name], lang) for name in names)]
    heads = [Cell(_HEADS[along].get(lang)), *(Cell(kpis[name].label.get(lang), numeric=True) for name in names)]
    title = word(caption, lang)
    html = layout(heads, list(rows.values()), caption=title, kind="sortable sticky")
    return Display(
        html, html, f"{title}：{len(rows)} 行。" if lang == "zh" else f"{title}: {counted(len(rows), 'rows')}."
    )


def heat_map(
    rates: pd.DataFrame,
    kpis: Mapping[str, Kpi],
    *,
    lang: str,
    title: Text | str,
    subtitle: Text | str = "",
    source: Text | str = "",
) -> Display:
    """Return segments by items as a table whose colours are the difference from the whole, in nine steps.

    `rates`: one row for each kpi and segment, columns kpi, segment, label and the figures; the rows of segment "all"
    are the whole.  The colour describes; it is no test.  Indicative figures carry no colour, hidden ones no number.
    """
    names = list(dict.fromkeys(rates["kpi"]))
    whole = {row["kpi"]: row for row in records(rates.loc[rates["segment"].eq("all")])}
    order = list(dict.fromkeys(["all"] * bool(whole) + list(rates["segment"])))
    cells = {(row["segment"], row["kpi"]): row for row in records(rates)}
    rows = []
    for segment in order:
        found = next(row for (key, _), row in cells.items() if key == segment)
        line = [Cell(label_of(found, lang), style="whole" if segment == "all" else "")]
        line += [_heat(cells.get((segment, name)), whole.get(name), kpis[name], lang) for name in names]
        rows.append(line)
    heads = [Cell(_HEADS["segment"].get(lang)), *(Cell(kpis[name].label.get(lang), numeric=True) for name in names)]
    inner = layout(heads, rows, caption="", kind="heat sticky", label=word(title, lang)) + _legend(rows, lang)
    return Display(*(_figured(inner, title, subtitle, source, lang),) * 2, _heat_words(rates, kpis, title, lang))


def heat_hours(
    rates: pd.DataFrame,
    kpi: Kpi,
    *,
    lang: str,
    title: Text | str,
    subtitle: Text | str = "",
    source: Text | str = "",
) -> Display:
    """Return counts by hour (down) and weekday (across) as a table whose colours deepen with the count, as in a calendar.

    `rates`: one row for each weekday (0 = Monday) and hour, columns weekday, hour and the figures; combinations without
    a row are "—".  The steps are quarters of the largest count; a zero stands out by its word, not by colour alone.
    """
    cells = {(int(row["hour"]), int(row["weekday"])): row for row in records(rates)}
    most = max((reader_value(row, kpi) for row in cells.values() if not hidden(row)), default=0)
    rows = [
        [Cell(f"{hour:02d}–{hour + 1:02d}"), *(_hour(cells.get((hour, day)), most, kpi, lang) for day in range(7))]
        for hour in range(24)
    ]
    heads = [Cell("时" if lang == "zh" else "Hour"), *(Cell(day.get(lang), numeric=True) for day in _WEEKDAYS)]
    inner = layout(heads, rows, caption="", kind="heat hours", label=word(title, lang))
    inner += _hours_legend(rows, most, lang)
    page = _figured(inner, title, subtitle or _HOURS_READING, source, lang)
    return Display(page, page, _hours_words(cells, kpi, title, lang))


def layout(
    heads: Sequence[Cell], rows: Sequence[Sequence[Cell]], *, caption: str, kind: str = "", label: str = ""
) -> str:
    """Return cells as an HTML table in a region that scrolls sideways by itself on a narrow screen."""
    top = "".join(f'<th scope="col"{_right(cell)}>{esc(cell.words)}</th>' for cell in heads)
    named_cells = "stacked" in kind.split()
    body = "".join(f"<tr>{_row(row, heads, named_cells)}</tr>" for row in rows)
    named = f"<caption>{esc(caption)}</caption>" if caption else ""
    inner = f'<table class="pk-table {kind}">{named}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="pk-scroll" role="region" tabindex="0" aria-label="{esc(label or caption)}">{inner}</div>'


def _row(row: Sequence[Cell], heads: Sequence[Cell], named: bool) -> str:
    """A row; in a table whose rows become cards on a phone each cell repeats its heading, but a name needs none."""
    first, *rest = row
    lead = _named(heads[0]) if named and first.numeric else ""
    parts = [f'<th scope="row"{_style(first)}{_sort(first)}{lead}>{esc(first.words)}</th>']
    parts += [
        f"<td{_style(cell)}{_sort(cell)}{_named(head) if named else ''}>{esc(cell.words)}</td>"
        for cell, head in zip(rest, heads[1:], strict=True)
    ]
    return "".join(parts)


def _named(head: Cell) -> str:
    return f' data-l="{esc(head.words)}"'


def _style(cell: Cell) -> str:
    names = " ".join(["r"] * cell.numeric + [cell.style] * bool(cell.style))
    return f' class="{names}"' if names else ""


def _right(cell: Cell) -> str:
    return ' class="r"' if cell.numeric else ""


def _sort(cell: Cell) -> str:
    """The value to sort by, when it is not the words themselves; missing ones go last."""
    if isinstance(cell.sort, str) and not cell.sort:
        return ""
    if isinstance(cell.sort, float):
        return ' data-v=""' if pd.isna(cell.sort) else f' data-v="{cell.sort:.6g}"'
    return f' data-v="{esc(cell.sort)}"'


def _cell(value: object, numeric: bool) -> Cell:
    missing = value is None or (pd.api.types.is_scalar(value) and pd.isna(value))
    words = "—" if missing else str(value)
    return Cell(
        words, numeric=numeric, style="nw" if not numeric and (len(words) < 5 or _CODE.fullmatch(words)) else ""
    )


def _count(row: Mapping[str, object]) -> float:
    return float("nan") if hidden(row) or pd.isna(row["n"]) else float(row["n"])


def _state_class(row: Mapping[str, object]) -> str:
    return "" if row["state"] in ("ok", "census") else "soft"


def _figure(row: Mapping[str, object] | None, kpi: Kpi, lang: str) -> Cell:
    """One figure of a table of many; beneath it its interval, its cases, and its state where it is not plainly good."""
    if row is None:
        return Cell("—", numeric=True)
    state = state_words(str(row["state"]), lang) if row["state"] in ("provisional", "unreliable") else ""
    basis = " ".join(part for part in (format_n(row, lang), state) if part) if row["state"] not in MARKS else ""
    words = "\n".join(part for part in (format_rate(row, kpi, lang), format_interval(row, kpi, lang), basis) if part)
    return Cell(words, sort=reader_value(row, kpi), style=_state_class(row), numeric=True)


def _heat(row: Mapping[str, object] | None, whole: Mapping[str, object] | None, kpi: Kpi, lang: str) -> Cell:
    if row is None or hidden(row):
        return Cell("—" if row is None else format_rate(row, kpi, lang), style="soft", numeric=True)
    words = format_rate(row, kpi, lang, decimals=0 if kpi.unit.zh == "%" else None, unit=False).removesuffix("%")
    if row["state"] == "unreliable":
        return Cell(f"({words})", style="soft", numeric=True)
    if whole is None or hidden(whole) or row["segment"] == "all":
        return Cell(words, style="whole" if row["segment"] == "all" else "", numeric=True)
    return Cell(words, style=_step(reader_value(row, kpi) - reader_value(whole, kpi), kpi), numeric=True)


def _step(difference: float, kpi: Kpi) -> str:
    """The class of the step: "h1".."h4" for the welcome side, "l1".."l4" for the other, none near the whole."""
    size = sum(abs(difference) >= bound for bound in STEPS)
    welcome = (difference > 0) == (kpi.better != "down")
    return f"{'h' if welcome else 'l'}{size}" if size else ""


def _legend(rows: Sequence[Sequence[Cell]], lang: str) -> str:
    low, near, high = ("差于全体", "相差 4 以内", "好于全体") if lang == "zh" else ("worse", "within 4", "better")
    swatches = "".join(f'<i class="{name}"></i>' for name in ("l4", "l3", "l2", "l1"))
    right = "".join(f'<i class="{name}"></i>' for name in ("h1", "h2", "h3", "h4"))
    return f'<p class="legend">{low} {swatches}<i></i> {near} {right} {high}{_marks(rows, lang)}</p>'


def _hour(row: Mapping[str, object] | None, most: float, kpi: Kpi, lang: str) -> Cell:
    if row is None or hidden(row):
        return Cell("—" if row is None else format_rate(row, kpi, lang), style="soft", numeric=True)
    value = reader_value(row, kpi)
    return Cell(
        format_rate(row, kpi, lang, unit=False), style=f"h{_quarter(value, most)}" if value else "none", numeric=True
    )


def _quarter(value: float, most: float) -> int:
    return min(4, int(4 * (value - 1e-9) / most) + 1)


def _hours_legend(rows: Sequence[Sequence[Cell]], most: float, lang: str) -> str:
    """What each colour stands for, in whole counts."""
    ends = [[count for count in range(1, int(most) + 1) if _quarter(count, most) == step] for step in (1, 2, 3, 4)]
    steps = "".join(
        f' <i class="h{step}"></i> {found[0]}' + (f"–{found[-1]}" if len(found) > 1 else "")
        for step, found in enumerate(ends, 1)
        if found
    )
    return f'<p class="legend"><i class="none"></i> 0{steps}{_marks(rows, lang)}</p>'


def _marks(rows: Sequence[Sequence[Cell]], lang: str) -> str:
    """What the marks in a heat map's cells stand for, of those that are there."""
    words = [cell.words for row in rows for cell in row[1:]]
    there = (MARKS["suppressed"] in words, "—" in words, any(one.startswith("(") for one in words))
    return "".join(f"　{told.get(lang)}" for told, is_there in zip(_MARKED, there, strict=True) if is_there)


def _hours_words(cells: Mapping[tuple[int, int], Mapping[str, object]], kpi: Kpi, title: Text | str, lang: str) -> str:
    """The busiest hour and how many hours of the week saw nothing."""
    known = {place: reader_value(row, kpi) for place, row in cells.items() if not hidden(row)}
    if not known:
        return f"{word(title, lang)}：{STATES['no_data'].zh}。" if lang == "zh" else f"{word(title, lang)}: no data."
    hour, day = max(known, key=lambda place: (known[place], -place[1], -place[0]))
    most = format_rate(cells[hour, day], kpi, lang)
    none = sum(value == 0 for value in known.values())
    named = _WEEKDAYS[day].get(lang)
    if lang == "zh":
        return f"{word(title, lang)}：最多为{named} {hour} 时 {most}；一周中 {none} 个时段为 0。"
    return f"{word(title, lang)}: most {named} {hour:02d}:00 {most}; {none} hours of the week with none."


def _figured(inner: str, title: Text | str, subtitle: Text | str, source: Text | str, lang: str) -> str:
    second = f'<span class="s">{esc(word(subtitle, lang))}</span>' if subtitle else ""
    lead = "来源：" if lang == "zh" else "Source: "
    below = f'<p class="src">{esc(lead + word(source, lang))}</p>' if source else ""
    head = f'<figcaption><strong class="t">{esc(word(title, lang))}</strong>{second}</figcaption>'
    return f'<figure class="pk-fig">{head}{inner}{below}</figure>'


def _heat_words(rates: pd.DataFrame, kpis: Mapping[str, Kpi], title: Text | str, lang: str) -> str:
    shown = [row for row in records(rates) if not hidden(row) and row["segment"] != "all"]
    if not shown:
        return f"{word(title, lang)}：{STATES['no_data'].zh}。" if lang == "zh" else f"{word(title, lang)}: no data."
    worst = min(shown, key=lambda row: reader_value(row, kpis[row["kpi"]]))
    kpi = kpis[worst["kpi"]]
    words = f"{label_of(worst, lang)}·{kpi.label.get(lang)} {format_rate(worst, kpi, lang)}"
    return f"{word(title, lang)}：最低为{words}。" if lang == "zh" else f"{word(title, lang)}: lowest {words}."
