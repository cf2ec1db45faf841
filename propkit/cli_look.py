"""The commands that look things up and change nothing: figures, the explorer, the catalogue."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import rich_click as click

from propkit.commands import (
    AS_OF,
    COMMUNITY,
    EXECUTOR,
    FORM,
    LOOK,
    PERIOD,
    command,
    flag,
    many,
    opened_at,
    places_of,
    split,
)
from propkit.console import Console, Param
from propkit.errors import EXIT_OK
from propkit.text import Text


@command(
    LOOK, "输出指标的数值、区间和状态。", "Print figures with their intervals and states.",
    "propkit values first_time_fix_rate -c yinhe -p 2025Q3 --by fault_type --format csv",
    Param(("kpis",), Text("指标，默认全部", "KPIs; all by default"), {"nargs": -1}),
    COMMUNITY, PERIOD,
    many(("--by",), "分组，可重复", "Segment to split by; repeatable"),
    AS_OF,
    Param(("--edition",), Text("owner：分组按业主版隐去可推算的小格", "owner: splits hide what could be worked out, as on pages for owners"),
          {"type": click.Choice(["internal", "owner"]), "default": "internal"}),
    flag("--rows", "列出清单类项目的逐行内容", "List the rows of items that are lists or statements"),
    *EXECUTOR,
    FORM,
)  # fmt: skip
def values(
    say: Console, workspace: Path, kpis: tuple[str, ...], communities: tuple[str, ...], periods: tuple[str, ...],
    by: tuple[str, ...], as_of: str | None, edition: str, rows: bool, executor: str, scheduler: str | None, form: str,
) -> int:  # fmt: skip
    from propkit import console_data, store
    from propkit.periods import parse_period
    from propkit.reporting import items
    from propkit.running.plan import last_month

    opened = opened_at(workspace)
    asked = [items.item(name).id for name in kpis]
    places = places_of(opened, communities) or list(store.communities(opened))
    cut = opened.cut(store.data_cutoff(opened, as_of))
    stretches = [parse_period(text, cut.as_of) for text in split(periods)] or [last_month(cut.as_of)]
    form = "json" if say.as_json else form
    if rows:
        console_data.listed(say, items.listings(opened, asked, stretches, communities=places, cut=cut), form)
    else:
        spread = None
        if executor == "dask":
            from propkit.running import cluster

            spread = partial(cluster.spread, scheduler=scheduler, workers=os.cpu_count() or 1)
        told = items.values(
            opened, asked, stretches, communities=places, by=by, cut=cut, edition=edition, spread=spread
        )  # fmt: skip
        console_data.figures(say, opened, told, form, cut)
    return EXIT_OK


@command(
    LOOK, "打开 JupyterLab 和分组探索笔记本（--tutorial 打开教程）。",
    "Open JupyterLab at the notebook for exploring segments (--tutorial: at the tutorial).",
    "propkit explore -w my-company",
    flag("--tutorial", "打开教程：从原始文件到一个结论", "Open the tutorial: from a raw file to a finding"),
    flag("--no-browser", "只启动，不打开浏览器", "Only start; open no browser"),
    Param(("--port",), Text("端口，默认 8888", "Port; default 8888"), {"type": click.IntRange(1, 65535)}),
)  # fmt: skip
def explore(say: Console, workspace: Path, tutorial: bool, no_browser: bool, port: int | None) -> int:
    from propkit.exploring import lab

    opened = opened_at(workspace)
    path = lab.notebook(opened, lab.TUTORIAL if tutorial else lab.EXPLORER)
    say.json({"notebook": str(path)})
    say.say(f"笔记本  {path}", f"notebook  {path}")
    say.note("按 Ctrl+C 结束", "Ctrl+C ends it")
    return lab.start(lab.command(opened, path, port=port, browser=not no_browser))


@command(
    LOOK, "指标目录，或一个指标的定义卡。", "The catalogue of KPIs, or the definition card of one.",
    "propkit kpis first_time_fix_rate",
    Param(("kpi",), Text("指标", "KPI"), {"required": False}),
    FORM,
)  # fmt: skip
def kpis(say: Console, workspace: Path, kpi: str | None, form: str) -> int:
    from propkit import console_data

    if kpi is None:
        console_data.catalogue(say, "json" if say.as_json else form)
    else:
        console_data.card(say, kpi)
    return EXIT_OK
