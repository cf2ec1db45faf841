"""What commands are declared with: their list, the parameters that several take, and how those are read.

Imports nothing heavy, so that --help answers at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from propkit.console import Command, Param
from propkit.text import Text

if TYPE_CHECKING:
    from propkit.workspace import Workspace

COMMANDS: list[Command] = []

PANELS = START, DAILY, LOOK = Text("开始", "Start"), Text("日常", "Every month"), Text("查询", "Look up")
"""The groups of commands, in the order in which --help shows them."""


def command(panel: Text, zh: str, en: str, example: str, *params: Param) -> Callable:
    def register(function: Callable[..., int]) -> Callable[..., int]:
        COMMANDS.append(Command(function, Text(zh, en), example, params, panel))
        return function

    return register


def many(names: Sequence[str], zh: str, en: str) -> Param:
    return Param(tuple(names), Text(zh, en), {"multiple": True})


def flag(name: str, zh: str, en: str) -> Param:
    return Param((name,), Text(zh, en), {"is_flag": True})


COMMUNITY = many(
    ("--community", "-c", "communities"), "小区的 id 或名称，可重复", "Id or name of a community; repeatable"
)
PERIOD = many(
    ("--period", "-p", "periods"),
    "期间：2025-09、2025Q3、2025、2025-03..2025-08、last-month；逗号分隔或重复",
    "Period: 2025-09, 2025Q3, 2025, 2025-03..2025-08, last-month; comma-separated or repeated",
)
AS_OF = Param(("--as-of",), Text("数据截止日，如 2025-10-08", "Data cut-off, such as 2025-10-08"))
JOBS = Param(("--jobs", "-j"), Text("同时进行几个，默认为处理器数", "How many at a time; default one for each processor"),
              {"type": click.IntRange(1, 64)})  # fmt: skip
FORM = Param(
    ("--format", "form"),
    Text("输出格式", "Form of the output"),
    {"type": click.Choice(["table", "csv", "json"]), "default": "table"},
)
EXECUTOR = (
    Param(
        ("--executor",),
        Text("local：本机进程（默认）；dask：Dask 集群", "local processes (default) or a dask cluster"),
        {"type": click.Choice(["local", "dask"]), "default": "local"},
    ),
    Param(
        ("--scheduler",), Text("Dask 调度器的地址，如 tcp://host:8786", "Address of a Dask scheduler: tcp://host:8786")
    ),
)
DIRECTORY = {"type": click.Path(path_type=Path)}


def opened_at(path: Path) -> Workspace:
    from propkit.workspace import open_workspace

    return open_workspace(path)


def split(texts: Sequence[str]) -> list[str]:
    return [part for text in texts for part in text.split(",")]


def places_of(workspace: Workspace, asked: Sequence[str]) -> list[str]:
    """Return community ids for ids or names, in the order asked; none when none was asked."""
    from propkit import store

    by_name = {name: place for place, name in store.communities(workspace).items()}
    return list(dict.fromkeys(store.check_community(workspace, by_name.get(name, name)) for name in split(asked)))
