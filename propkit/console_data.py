"""What `ingest`, `check`, `values` and `kpis` print.  Computes no figure."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Mapping

import pandas as pd
import rich_click as click

from propkit import domains, store
from propkit.console import Console, csv_text
from propkit.domains import improvement
from propkit.errors import ConfigError
from propkit.figures import COLUMNS
from propkit.model import Cut, Definitions, Duration, Kpi, Reading, to_json, worded
from propkit.periods import parse_period
from propkit.reporting import items, plausibility
from propkit.reporting.display import cell_words
from propkit.text import Text, minutes
from propkit.workspace import Workspace

RULE_WORDS: dict[str, Text] = {
    "required": Text("缺少必填项", "a required cell is empty"),
    "unreadable": Text("读不懂", "unreadable"),
    "not_a_choice": Text("不在选项中", "not a choice"),
    "out_of_range": Text("超出范围", "out of range"),
    "ambiguous_date": Text("日期有歧义", "ambiguous date"),
    "ambiguous_place": Text("房号有歧义", "ambiguous unit"),
    "impossible_order": Text("时间先后矛盾", "impossible order of times"),
    "future": Text("晚于导出日", "in the future"),
    "duplicate": Text("重复", "duplicate"),
    "superseded": Text("有更新的版本", "superseded by a newer line"),
    "key_conflict": Text("编号相同而内容不同", "same key, different case"),
    "total_row": Text("合计行", "totals row"),
    "side_note": Text("表外说明", "side note"),
    "unknown_community": Text("小区不认识", "unknown community"),
}
_KIND_WORDS: dict[str, Text] = {
    "share": Text("占比", "share"),
    "mean": Text("平均得分", "mean score"),
    "rate": Text("每千户次数", "rate"),
    "money": Text("金额比", "ratio of money"),
    "count": Text("数量", "count"),
    "duration": Text("时长", "duration"),
    "reading": Text("清单", "listing"),
    "overview": Text("综合", "overview"),
    "note": Text("人工内容", "note"),
}


def ingested(say: Console, result: store.Ingested) -> None:
    """Print one line for each file, with lines = kept + refused, then the files that were refused or fit no source."""
    say.json({"files": result.files, "unmatched": result.unmatched, "read": result.read})
    headers = (Text("文件", "file"), Text("表", "table"), Text("行数", "lines"), Text("保留", "kept"),
               Text("拒收", "refused"), Text("原因", "rules"))  # fmt: skip
    read = [entry for entry in result.files if not entry["refused"]]
    say.table(headers, [_file_line(say, entry) for entry in read], right=(2, 3, 4))
    for entry in result.refused:
        said = entry["refused"][say.lang]
        say.say(f"拒收整个文件  {said}", f"refused whole  {said}")
    for file in result.unmatched:
        say.note(f"没有对应的 [[source]]，未读  {file}", f"fits no [[source]], not read  {file}")
    lines, kept = (sum(entry[name] for entry in read) for name in ("lines", "kept"))
    say.say(
        f"{len(read)} 个文件：{lines:,} 行 = 保留 {kept:,} + 拒收 {lines - kept:,}；"
        f"拒收整个文件 {len(result.refused)} 个，本次读取 {result.read} 个",
        f"{len(read)} files: {lines:,} lines = {kept:,} kept + {lines - kept:,} refused; "
        f"{len(result.refused)} files refused whole, {result.read} read anew",
    )


def checked(say: Console, workspace: Workspace) -> int:
    """Print what is wrong with the data of the last ingest; returns how many kinds of findings there are."""
    found = store.results(workspace)
    if not found["files"]:
        raise ConfigError(
            Text("还没有读入数据", "no data were read yet"), place=str(workspace.root), hint="propkit ingest"
        )
    rejects = _by_rule(store.load_rejects(workspace))
    findings = [finding for entry in found["files"] for finding in _findings(entry)]
    findings += [
        ("unmatched", file, Text("没有对应的 [[source]]", "fits no [[source]]")) for file in found["unmatched"]
    ]
    findings += plausibility.findings(workspace)
    say.json({
        "rejects": rejects,
        "findings": [{"kind": kind, "file": file, "text": text.get(say.lang)} for kind, file, text in findings],
        "headers": [_dropped(entry) for entry in found["files"]],
    })  # fmt: skip
    headers = (
        Text("表", "table"),
        Text("列", "column"),
        Text("原因", "rule"),
        Text("行数", "lines"),
        Text("第一处", "first at"),
    )
    say.table(headers, [[_table(say, row["table"]), row["column"], _rule(say, row["rule"]), f"{row['lines']:,}",
                         row["first"]] for row in rejects], right=(3,))  # fmt: skip
    for _, file, text in findings:
        say.say(f"{file}  {text.zh}", f"{file}  {text.en}")
    for left in map(_dropped, found["files"]):
        if left["dropped"] or left["personal"]:
            say.say("{file}  没有读的表头 {dropped} 个，其中按规定不读的个人信息 {personal} 个".format(**left),
                    "{file}  headers not read: {dropped}, of which personal: {personal}".format(**left))  # fmt: skip
    if not rejects and not findings:
        say.say("没有发现问题", "nothing was found")
    return len(rejects) + len(findings)


def figures(say: Console, workspace: Workspace, rates: pd.DataFrame, form: str, cut: Cut) -> None:
    """Print tidy figures: `csv` and `json` in full precision as they are counted, `table` in the reader's units."""
    records = [_plain(record) for record in rates[COLUMNS].to_dict("records")]
    if form == "json":
        Console(say.lang, say.quiet, as_json=True).json(records)
    elif form == "csv":
        click.echo(csv_text(COLUMNS, records), nl=False)
    else:
        _figure_table(say, workspace, rates, cut)


def listed(say: Console, listings: Iterable[tuple[Reading, str, str, pd.DataFrame | None]], form: str) -> None:
    """Print the rows of readings, one listing after another; csv has one header for each item."""
    for reading, place, period, rows in listings:
        columns = list(reading.columns)
        records = [] if rows is None else [_plain(record) for record in rows.to_dict("records")]
        records = [{"item": reading.id, "community": place, "period": period, **record} for record in records]
        if form == "json":
            state = "no_data" if rows is None else "ok"
            told = {"item": reading.id, "community": place, "period": period, "state": state, "rows": records}
            click.echo(json.dumps(told, ensure_ascii=False, default=str))
        elif form == "csv":
            click.echo(csv_text(["item", "community", "period", *columns], records), nl=False)
        else:
            say.say(f"{reading.label.zh} · {place} · {period}", f"{reading.label.en} · {place} · {period}")
            heads = [reading.columns[name].label for name in columns]
            say.table(
                heads,
                [
                    [cell_words(reading.columns[name], record[name], say.lang, name=name) for name in columns]
                    for record in records
                ],
            )
            if not records:
                say.say("  无数据" if rows is None else "  没有", "  no data" if rows is None else "  none")


def catalogue(say: Console, form: str) -> None:
    """Print everything that can be computed or noted: every figure, duration, reading, overview and note."""
    everything = items.entries(Definitions())
    data = [to_json(entry) for entry in everything]
    if form == "json":
        Console(say.lang, as_json=True).json(data)
        return
    if form == "csv":
        flat = [{**one, "label": one["label"][say.lang], "reports": " ".join(one["reports"])} for one in data]
        click.echo(csv_text(["id", "kind", "form", "label", "table", "source", "reports"], flat), nl=False)
        return
    headers = (Text("指标", "id"), Text("名称", "name"), Text("类别", "kind"), Text("种类", "form"), Text("表", "table"),
               Text("分子", "numerator"))  # fmt: skip
    say.table(headers, [[entry.id, entry.label.get(say.lang), entry.kind, _KIND_WORDS[entry.form].get(say.lang),
                         _tables(say, entry.table), entry.top.get(say.lang)] for entry in everything])  # fmt: skip


def card(say: Console, name: str) -> None:
    """Print the definition of one item; an unknown id is a ConfigError with the nearest one."""
    entry = items.entry(items.item(name), Definitions())
    say.json(to_json(entry))
    say.say(f"{entry.label.zh}（{entry.id}）", f"{entry.label.en} ({entry.id})")
    say.table((), [[label.get(say.lang), text.get(say.lang)] for label, text in _lines(say, name, entry) if text.zh])


def _lines(say: Console, name: str, entry: items.Entry) -> list[tuple[Text, Text]]:
    one = worded(domains.KPIS[name], Definitions()) if name in domains.KPIS else None
    better = {"up": Text("越高越好", "higher is better"), "down": Text("越低越好", "lower is better")}
    wait = one.matures_after if one else None
    form, table = _KIND_WORDS[entry.form], _tables(say, entry.table)
    computed = Text({"C": "计算", "C+H": "计算＋人工说明", "H": "人工撰写"}[entry.kind], entry.kind)
    return [
        (Text("分子", "numerator"), entry.top),
        (Text("分母", "denominator"), entry.bottom),
        (Text("类别", "kind"), computed),
        (Text("种类", "form"), form),
        (Text("单位", "unit"), entry.unit),
        (Text("方向", "direction"), better.get(entry.better, Text("", ""))),
        (Text("归属日期", "dated by"), _date_label(items.item(name), entry.dated_by)),
        (Text("成熟期", "matures after"), Text(f"{wait} 天", f"{wait} days") if wait else Text("", "")),
        (Text("表", "table"), Text(table, table)),
        (Text("出处", "source"), Text(entry.source, entry.source)),
        (Text("报告", "reports"), Text("、".join(entry.reports), ", ".join(entry.reports))),
        (Text("说明", "note"), entry.note),
    ]


def _tables(say: Console, names: str) -> str:
    return "、".join(_table(say, name) for name in names.split("、"))


def _file_line(say: Console, entry: Mapping) -> list[str]:
    rules = "、".join(f"{_rule(say, rule)} {count}" for rule, count in entry["rejected"].items())
    return [entry["file"], _table(say, entry["table"]), f"{entry['lines']:,}", f"{entry['kept']:,}",
            f"{entry['rejected_lines']:,}", rules]  # fmt: skip


def _by_rule(rejects: pd.DataFrame) -> list[dict]:
    """Count distinct lines for each table, column and rule, with the place of the first."""
    counts, first = Counter(), {}
    distinct = rejects.drop_duplicates(["table", "file", "sheet", "line", "column", "rule"])
    for row in distinct.to_dict("records"):
        key = (row["table"], row["column"], row["rule"])
        counts[key] += 1
        first.setdefault(key, f"{row['file']}:{row['line']}")
    return [
        {"table": table, "column": column, "rule": rule, "lines": counts[table, column, rule],
         "first": first[table, column, rule]}
        for table, column, rule in sorted(counts)
    ]  # fmt: skip


def _findings(entry: Mapping) -> Iterable[tuple[str, str, Text]]:
    """What the account of one file holds against it, apart from its rejects."""
    file = entry["file"]
    if entry["refused"]:
        yield "refused", file, Text(entry["refused"]["zh"], entry["refused"]["en"])
    for column, cells in entry["unmapped_values"].items():
        shown = ", ".join(f"{cell!r} x {count}" for cell, count in cells.items())
        yield (
            "unmapped_values",
            file,
            Text(f"列 {column} 有没对应的值：{shown}", f"unmapped values in {column}: {shown}"),
        )
    for column, cells in entry["unused_mappings"].items():
        shown = ", ".join(cells)
        yield (
            "unused_mappings",
            file,
            Text(f"列 {column} 有没用上的对应：{shown}", f"unused mappings of {column}: {shown}"),
        )
    for check in entry["checks"]:
        if not check["equal"]:
            told = (check["line"], check["column"], check["printed"], check["recomputed"])
            yield "checks", file, Text("第 {} 行合计 {}：印的是 {}，重算是 {}".format(*told),
                                       "line {}, total of {}: printed {}, recomputed {}".format(*told))  # fmt: skip
    for warning in entry["warnings"]:
        yield "warnings", file, Text(warning, warning)


def _dropped(entry: Mapping) -> dict[str, object]:
    """How many headers of a file were left out, the personal ones apart: as it should be, so not a finding."""
    return {"file": entry["file"], "dropped": len(entry["dropped_headers"]), "personal": len(entry["personal_headers"])}


def _plain(record: Mapping) -> dict[str, object]:
    return {name: None if pd.isna(value) else getattr(value, "item", lambda value=value: value)()
            for name, value in record.items()}  # fmt: skip


def _figure_table(say: Console, workspace: Workspace, rates: pd.DataFrame, cut: Cut) -> None:
    from propkit.reporting.display import format_interval, format_n, format_rate, state_words

    names = store.communities(workspace)
    headers = (Text("指标", "kpi"), Text("小区", "community"), Text("期间", "period"), Text("分组", "segment"),
               Text("数值", "value"), Text("95% 区间", "95% interval"), Text("n", "n"), Text("状态", "state"))  # fmt: skip
    rows, goals = [], _goals(workspace, rates, cut)
    for row in rates.to_dict("records"):
        month = parse_period(row["period"]).months[-1]
        one = items.item(row["kpi"])
        shown = (_headline(say, one, row), "")
        if row["kpi"] in domains.KPIS:
            goal = goals[row["period"]].get((row["community"], row["kpi"]))
            goal = workspace.target(row["kpi"], row["community"], month) if goal is None else goal
            kpi = dataclasses.replace(domains.KPIS[row["kpi"]], target=goal)
            shown = (format_rate(row, kpi, say.lang), format_interval(row, kpi, say.lang))
        rows.append([
            one.label.get(say.lang), names[row["community"]], parse_period(row["period"]).label(say.lang),
            _segment(say, row, list(rates.columns)), *shown,
            format_n(row, say.lang).removeprefix("n="), state_words(row["state"], say.lang),
        ])  # fmt: skip
    say.table(headers, rows, right=(4, 5, 6))


def _goals(workspace: Workspace, rates: pd.DataFrame, cut: Cut) -> dict[str, dict[tuple[str, str], float]]:
    """The targets of the register that hold for each period."""
    raw = store.load(workspace, sorted(set(rates["community"])), ["target"])
    targets = domains.derive(raw, cut, ["target"])["target"]
    summed = {kpi.id for kpi in domains.KPIS.values() if kpi.kind == "count"}
    return {one: improvement.in_force(targets, parse_period(one), summed) for one in set(rates["period"])}


def _headline(say: Console, one: Duration | Reading, row: Mapping) -> str:
    """The number that stands for a duration or reading, with its unit."""
    if pd.isna(row["value"]):
        return "—"
    if isinstance(one, Duration):
        return minutes(float(row["value"]), say.lang)
    return f"{float(row['value']):,.6g} {one.unit.get(say.lang)}"


def _segment(say: Console, row: Mapping, columns: list[str]) -> str:
    """Return the reader's words for the segment of a row."""
    by = columns[len(COLUMNS) :]
    if not by or row["segment"] == "all":
        return Text("全部", "all").get(say.lang)
    choices = [(domains.SEGMENTS[name].choices if name in domains.SEGMENTS else {}, row[name]) for name in by]
    return " | ".join(known[value].get(say.lang) if value in known else str(value) for known, value in choices)


def _date_label(item: object, column: str) -> Text:
    label = domains.date_labels(item).get(column) if isinstance(item, Kpi | Duration) else None
    return Text(f"{label.zh}（{column}）", f"{label.en} ({column})") if label else Text("", "")


def _table(say: Console, name: str) -> str:
    return domains.TABLES[name].label.get(say.lang) if name in domains.TABLES else name


def _rule(say: Console, rule: str) -> str:
    return RULE_WORDS[rule].get(say.lang) if rule in RULE_WORDS else rule
