"""The text files of the demo workspace: propkit.toml, written from the layouts so that it cannot drift, and notes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from propkit.demo.estates import AS_OF, CUIHU, ESTATES, Estate
from propkit.demo.layout import Layout
from propkit.demo.layouts import LAYOUTS
from propkit.demo.surveys import ITEMS, WAVES
from propkit.domains import TABLES

_PRESET_CELLS = {
    "D", "T", "Z", "1000", "1100", "1200", "1400", "1700", "1800", "1900", "2000", "2001", "报修", "派单", "接单",
    "暂停", "恢复", "完工", "结单", "回访", "处理中", "处理完成", "已入住", "空置",
}  # fmt: skip
"""Cells that the presets know already."""

_TARGETS = (
    ("repairs_on_time_rate", 90, ""),
    ("repair_completion_rate", 98, ""),
    ("first_time_fix_rate", 85, ""),
    ("emergency_on_time_rate", 95, ""),
    ("repair_response_on_time_rate", 90, ""),
    ("repair_satisfaction", 85, ""),
    ("revisit_rate", 90, ""),
    ("complaint_on_time_rate", 95, ""),
    ("issue_resolution_rate", 98, ""),
    ("complaint_satisfaction", 80, ""),
    ("owner_satisfaction", 80, ""),
    ("owner_satisfaction", 75, "cuihu"),
    ("fee_collection_rate_current", 95, ""),
    ("fee_collection_rate_households", 92, ""),
    ("arrears_recovery_rate", 30, ""),
)

_NOTES = """---
author: 测试员工01
date: 2025-10-08
consent: yes
---

# 银河湾 2025年9月

以下内容为虚构示例。

## repair_satisfaction

9 月维修评价回升，主要来自水电维修班组调整排班后的晚间到场；样本仍少，10 月继续观察。

## high_frequency_complaint_root_cause

车辆乱停放集中在 3 栋、5 栋之间的消防通道。五问：为何停放→地面标线不清→划线计划未列入年度预算。已申请补划标线。

## next_period_activity_and_team_plan

1. 完成 3–5 栋消防通道划线（责任人：秩序部；10 月 25 日前）。
2. 供暖前完成全部立管排气检查（责任人：工程部；10 月 31 日前）。
"""


def texts(occupied: Mapping[str, int]) -> dict[str, str]:
    """Return the text files of the workspace by path; `occupied` counts the homes lived in by community."""
    return {"propkit.toml": _settings(occupied), "notes/yinhe/2025-09.md": _NOTES}


def _settings(occupied: Mapping[str, int]) -> str:
    blocks = [
        _general(),
        *(_community(estate, occupied[estate.id]) for estate in ESTATES),
        *_waves(),
        *_targets(),
        _rectification(),
        _choices(),
        *(_source(layout) for layout in LAYOUTS),
    ]
    return "\n".join(blocks)


def _general() -> str:
    return "\n".join(
        (
            "# 演示工作区：三个虚构小区、13 个月的导出文件。全部数据由 propkit.demo 生成，与任何真实小区无关。",
            "",
            "[workspace]",
            'name = "示例物业（虚构）"',
            'lang = "zh"',
            f'as_of = "{AS_OF:%Y-%m-%d}"   # 数据截止日：全部文件都在这一天或之前导出',
            "",
        )
    )


def _community(estate: Estate, occupied: int) -> str:
    return "\n".join(
        (
            "[[community]]",
            f"id = {_text(estate.id)}",
            f"name = {_text(estate.name)}",
            f"name_en = {_text(estate.name_en)}",
            f"aliases = {_list(estate.aliases)}   # 导出文件里出现过的其他写法",
            f"households = {estate.households}",
            f"occupied = {occupied}",
            "",
        )
    )


def _waves() -> Iterator[str]:
    for wave in WAVES:
        invited = ", ".join(f"{place} = {count}" for place, count in wave.invited.items())
        yield "\n".join(
            (
                "[[survey]]",
                f"id = {_text(wave.id)}",
                f"label = {_text(wave.label.zh)}",
                f"label_en = {_text(wave.label.en)}",
                f"mode = {_text(wave.mode)}   # 两次调查方式不同，前后对比要谨慎",
                f"period = {_text(wave.month)}",
                f"invited = {{ {invited} }}",
                "",
            )
        )


def _targets() -> Iterator[str]:
    yield "# 目标：读者看到的单位，95 即 95%"
    for kpi, value, place in _TARGETS:
        own = [f"community = {_text(place)}   # {CUIHU.name}单独的目标"] if place else []
        yield "\n".join(("[[target]]", f"kpi = {_text(kpi)}", f"value = {value}", *own, ""))


def _rectification() -> str:
    return "\n".join(
        (
            "# 整顿开始的月份：整顿报告由此分出前后，没有整顿的小区作对照",
            "[[rectification]]",
            f"community = {_text(CUIHU.id)}",
            'start = "2025-04"',
            "",
        )
    )


def _choices() -> str:
    return "\n".join(
        (
            "# 指标定义中的选择，会印在每个数字的说明卡上",
            "[definitions]",
            "recall_days = 30            # 一次性修复：完工后 30 天内同处同类再报即返修",
            "response_minutes = 30       # 报修响应时限",
            "emergency_minutes = 30      # 急修到场时限",
            "revisit_days = 3            # 结单后 3 天内回访",
            "complaint_recall_days = 30  # 首次解决：办结后 30 天内不再投诉",
            "complaint_merge_hours = 72  # 同户同类 72 小时内并为一件",
            "",
            "[privacy]",
            "min_n = 10                  # 少于 10 户的满意度不单独显示",
            "",
        )
    )


def _source(layout: Layout) -> str:
    """Return the [[source]] block of one kind of export."""
    lines = [f"# {layout.note}", "[[source]]", f"table = {_text(layout.table)}"]
    lines.append(f"files = {_text(layout.path.replace('{}', '*'))}")
    settings = {"community": layout.community, "preset": layout.preset}
    lines += [f"{name} = {_text(value)}" for name, value in settings.items() if value]
    if layout.reverse and not layout.items:
        lines.append("scale = { reverse = true }   # 1 为最好")
    elif layout.reverse:
        lines.append('scale = { reverse = true, dont_know = ["-3"] }   # 1 为最好；-3 为不了解')
    elif layout.items == "codes":
        lines.append('scale = { dont_know = ["-3"] }   # -3 为不了解')
    lines += _section("columns", _columns(layout)) + _section("constants", layout.constants)
    if layout.items:
        lines += ["[source.items]", *(_item(layout, item) for item in ITEMS)]
    for name, cells in _values(layout).items():
        lines += _section(f"values.{name}", cells)
    return "\n".join((*lines, ""))


def _columns(layout: Layout) -> dict[str, str]:
    """Return the columns that the preset does not find by itself."""
    if "*" in layout.known:
        return {}
    told = {column.name: column.header for column in layout.columns if column.name in TABLES[layout.table].columns}
    return {name: header for name, header in told.items() if name not in layout.known}


def _values(layout: Layout) -> dict[str, dict[str, str]]:
    """Return the cells of choices that neither a preset nor the labels explain."""
    found = {}
    for name, codes in layout.codes.items():
        choices = TABLES[layout.table].columns[name].choices
        cells = {
            cell: choice
            for choice, cell in codes.items()
            if choice in choices and cell not in (choices[choice].zh, *_PRESET_CELLS)
        }
        if cells:
            found[name] = cells
    return found


def _item(layout: Layout, item: str) -> str:
    header = next(column.header for column in layout.columns if column.name == f"item:{item}")
    label = ITEMS[item]
    return f"{item} = {{ header = {_text(header)}, label = {_text(label.zh)}, label_en = {_text(label.en)} }}"


def _section(name: str, entries: dict[str, str]) -> list[str]:
    body = [
        f"{key if key.isascii() and key.isidentifier() else _text(key)} = {_text(value)}"
        for key, value in entries.items()
    ]
    return [f"[source.{name}]", *body] if body else []


def _list(words: Iterable[str]) -> str:
    return f"[{', '.join(_text(word) for word in words)}]"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
