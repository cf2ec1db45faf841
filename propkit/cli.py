"""The commands: each asks the library, prints what came of it and returns an exit code.

Imports nothing heavy before a command runs, so that --help answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from propkit import __version__, console
from propkit.cli_look import explore, kpis, values
from propkit.commands import (
    AS_OF,
    COMMANDS,
    COMMUNITY,
    DAILY,
    DIRECTORY,
    EXECUTOR,
    JOBS,
    PANELS,
    PERIOD,
    START,
    command,
    flag,
    opened_at,
    places_of,
    split,
)
from propkit.console import Console, Param, Program
from propkit.errors import EXIT_DATA, EXIT_OK, EXIT_SOME_FAILED, ConfigError
from propkit.text import Text

if TYPE_CHECKING:
    import pandas as pd

    from propkit.running.plan import Job
    from propkit.workspace import Workspace

__all__ = ["COMMANDS", "explore", "kpis", "main", "program", "values"]

_HELP = Text(
    "物业服务分析：问卷、投诉、工单 → 可复核的报告。第一次使用：propkit demo",
    "Analytics for property services: surveys, complaints, work orders -> reports you can check. "
    "First time: propkit demo",
)


def main() -> None:
    """Run the program on the command line's arguments; always ends in SystemExit with a code of errors.py."""
    with console.interruptible(lang := console.language(sys.argv[1:], os.environ)):
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="replace")  # a terminal without Chinese shows "?" instead of ending the command
        program(lang).main(sys.argv[1:])


def program(lang: str) -> Program:
    """Return all commands with their words in `lang`."""
    return Program(lang, sorted(COMMANDS, key=lambda one: PANELS.index(one.panel)), _HELP, __version__)


@command(
    START, "生成演示工作区并打出第一批报告。", "Make the demo workspace and its first reports.", "propkit demo",
    Param(("directory",), Text("文件夹", "Folder"), DIRECTORY | {"default": Path("propkit-demo")}),
    Param(("--seed",), Text("随机种子", "Random seed"), {"type": int}),
)  # fmt: skip
def demo(say: Console, workspace: Path, directory: Path, seed: int | None) -> int:
    from propkit import console_reports, store
    from propkit import demo as demo_company
    from propkit.running import launch
    from propkit.workspace import open_workspace

    launch.prepare()
    demo_company.write(directory, *([] if seed is None else [seed]))
    opened = open_workspace(directory)
    ingested = store.ingest(opened)
    return console_reports.demo(say, opened, directory, ingested)


@command(
    START, "新建工作区：带说明的 propkit.toml、raw/、notes/。",
    "Make a workspace: a commented propkit.toml, raw/ and notes/.",
    "propkit init my-company",
    Param(("directory",), Text("文件夹", "Folder"), DIRECTORY),
)  # fmt: skip
def init(say: Console, workspace: Path, directory: Path) -> int:
    target = directory / "propkit.toml"
    if target.exists():
        raise ConfigError(
            Text("这里已经是工作区", "this is a workspace already"), place=str(directory),
            hint=Text("换一个文件夹", "choose another folder"),
        )  # fmt: skip
    for name in ("raw", "notes"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    target.write_bytes((Path(__file__).parent / "starter.toml").read_bytes())
    say.json({"workspace": str(directory)})
    say.say(f"新工作区  {directory}", f"new workspace  {directory}")
    say.note("下一步  把导出文件放进 raw/，在 propkit.toml 里写 [[source]]，再运行 propkit ingest",
             "next  put exports into raw/, describe them under [[source]] in propkit.toml, then: propkit ingest")  # fmt: skip
    return EXIT_OK


@command(
    START, "检查运行环境：版本、字体、内核、浏览器、工作区。",
    "Check the environment: versions, fonts, kernel, browser, workspace.",
    "propkit doctor",
)  # fmt: skip
def doctor(say: Console, workspace: Path) -> int:
    from propkit.doctor import examine

    marks = {"ok": Text("正常", "ok"), "warn": Text("提醒", "warn"), "fail": Text("不行", "fail")}
    findings = examine(workspace)
    say.json([{"check": f.check.get(say.lang), "state": f.state, "found": f.found, "mend": f.mend.get(say.lang)}
              for f in findings])  # fmt: skip
    headers = (Text("项目", "check"), Text("状态", "state"), Text("现状", "found"), Text("办法", "mend"))
    say.table(headers, [[f.check.get(say.lang), marks[f.state].get(say.lang), f.found, f.mend.get(say.lang)]
                        for f in findings])  # fmt: skip
    return EXIT_SOME_FAILED if any(f.state == "fail" for f in findings) else EXIT_OK


@command(
    DAILY, "读入 raw/ 里的新文件和改过的文件，逐个对账。",
    "Read what is new or changed in raw/ and account for every line.",
    "propkit ingest -w my-company",
    JOBS,
)  # fmt: skip
def ingest(say: Console, workspace: Path, jobs: int | None) -> int:
    from propkit import console_data, store
    from propkit.running import manifest

    opened = opened_at(workspace)
    result = store.ingest(opened, tell=lambda name: say.note(f"读取 {name}", f"reading {name}"), workers=jobs)
    console_data.ingested(say, result)
    if manifest.read(opened):
        manifest.write_index(opened)  # what the new data made out of date is marked there
    if not any(entry["refused"] is None for entry in result.files):
        return EXIT_DATA
    return EXIT_SOME_FAILED if result.refused else EXIT_OK


@command(
    DAILY, "数据质量：拒收、未对应的值、没用上的对应、合计核对。",
    "Data quality: rejects, unmapped values, unused mappings, printed totals.",
    "propkit check --strict",
    flag("--strict", "有任何问题就以 1 退出", "Exit with 1 when anything was found"),
)  # fmt: skip
def check(say: Console, workspace: Path, strict: bool) -> int:
    from propkit import console_data

    found = console_data.checked(say, opened_at(workspace))
    return EXIT_SOME_FAILED if strict and found else EXIT_OK


@command(
    DAILY, "批量生成报告：每个小区、每个月一份；没有变化的不重跑。",
    "Make the reports, one for each community and month; only what changed.",
    "propkit run --period 2025-09 -j 2",
    Param(("reports",), Text("报告，默认全部", "Reports; all by default"), {"nargs": -1}),
    COMMUNITY, PERIOD, AS_OF,
    Param(("--edition",), Text("版本，默认 internal", "Edition; default internal"),
          {"type": click.Choice(["internal", "owner"])}),
    Param(("--report-lang",), Text("报告语言，默认按 propkit.toml", "Language of the pages; default as in the settings"),
          {"type": click.Choice(["zh", "en"])}),
    JOBS,
    flag("--failed", "只重跑上次没成功的", "Only those that did not succeed last time"),
    flag("--force", "没有变化也重跑", "Also what has not changed"),
    Param(("--engine",), Text("fork：在预热进程的分身里运行（默认）；kernel：真正的内核",
                              "fork: in a copy of a warm process (default); kernel: a real kernel"),
          {"type": click.Choice(["fork", "kernel"])}),
    Param(("--timeout",), Text("每份报告最多几秒，默认 1200", "Seconds that a report may take; default 1200"),
          {"type": click.IntRange(1)}),
    Param(("--memory",), Text("每份报告最多几 MB 内存，默认 2048", "MB of memory that a report may take; default 2048"),
          {"type": click.IntRange(64)}),
    *EXECUTOR,
    Param(("--shard",), Text("只做 n 份中的第 i 份，如 2/3", "Only part i of n, such as 2/3")),
    flag("--dry-run", "只列出要做什么", "Only list what would be done"),
    flag("--pdf", "在每页旁边另存 PDF（用已安装的 Chromium、Chrome 或 Edge）",
          "Also a PDF beside each page, through an installed Chromium, Chrome or Edge"),
)  # fmt: skip
def run(
    say: Console, workspace: Path, reports: tuple[str, ...], communities: tuple[str, ...], periods: tuple[str, ...],
    as_of: str | None, edition: str | None, report_lang: str | None, jobs: int | None, failed: bool, force: bool,
    dry_run: bool, engine: str | None, timeout: int | None, memory: int | None, shard: str | None,
    executor: str, scheduler: str | None, pdf: bool,
) -> int:  # fmt: skip
    from propkit import console_reports, store
    from propkit.running import batch, launch, limits, manifest, plan

    opened, part = opened_at(workspace), _shard(shard)
    before = manifest.read(opened)
    if executor == "local" and not dry_run and (force or not before):
        launch.prepare()  # there is something to make for certain
    places, cut = places_of(opened, communities), store.data_cutoff(opened, as_of)
    if failed:
        todo = _failed(opened, reports, places, split(periods), cut, edition, report_lang)
    else:
        todo = plan.jobs(
            opened, reports, places, split(periods), as_of=cut, asked_as_of=as_of, edition=edition or "internal",
            lang=report_lang or opened.settings.workspace.lang, before=before,
        )  # fmt: skip
    todo = plan.shard(todo, *part) if part else todo
    if dry_run:
        return console_reports.dry_run(say, batch.tasks(opened, todo, force=force))
    options = batch.Options(
        workers=jobs or os.cpu_count() or 1, force=force, engine=engine, limits=limits.asked(timeout, memory),
        shard=f"{part[0]}-of-{part[1]}" if part else "", executor=executor, scheduler=scheduler,
    )  # fmt: skip
    return console_reports.run(say, opened, todo, options, pdf=pdf)


@command(
    DAILY, "定时运行的配方：cron、systemd、Airflow、Kubernetes。",
    "A recipe to run unattended: cron, systemd, Airflow, Kubernetes.",
    "propkit schedule --print systemd",
    Param(("--print", "kind"), Text("哪一种", "Which scheduler"),
          {"type": click.Choice(["cron", "systemd", "airflow", "k8s"]), "required": True}),
)  # fmt: skip
def schedule(say: Console, workspace: Path, kind: str) -> int:
    from propkit.schedule import recipe

    made = recipe(kind, opened_at(workspace), say.lang)
    say.json({"kind": kind, "recipe": made})
    say.say(made.rstrip("\n"), made.rstrip("\n"))
    return EXIT_OK


@command(DAILY, "报告的状态：最新、过期、失败。", "How the reports stand: current, stale, failed.", "propkit status")
def status(say: Console, workspace: Path) -> int:
    from propkit import console_reports

    return console_reports.status(say, opened_at(workspace))


@command(
    DAILY,
    "由运行记录重建总目录 reports/index.html。",
    "Rebuild reports/index.html from the record of runs.",
    "propkit index",
)
def index(say: Console, workspace: Path) -> int:
    from propkit.running import manifest

    opened = opened_at(workspace)
    path = manifest.write_index(opened)
    say.json({"index": str(path)})
    say.say(str(path), str(path))
    return EXIT_OK


@command(
    DAILY, "说明文件：init 新建（带候选），check 看缺什么、哪里不对。",
    "Notes of the reports: init makes a file with suggestions, check says what is missing or amiss.",
    "propkit notes init yinhe 2025-09",
    Param(("action",), Text("init 或 check", "init or check"), {"type": click.Choice(["init", "check"])}),
    Param(("community",), Text("小区（init）", "Community (init)"), {"required": False}),
    Param(("period",), Text("期间（init），如 2025-09", "Period (init), such as 2025-09"), {"required": False}),
    Param(("--report",), Text("只要这种报告的标题", "Only the headings of this report")),
)  # fmt: skip
def notes(
    say: Console, workspace: Path, action: str, community: str | None, period: str | None, report: str | None
) -> int:
    from propkit import console_notes

    opened = opened_at(workspace)
    if action == "check":
        return console_notes.check(say, opened, report)
    if community is None or period is None:
        raise ConfigError(
            Text("缺少小区或期间", "the community or the period is missing"),
            expected="propkit notes init yinhe 2025-09",
        )
    places = places_of(opened, [community])
    if len(places) > 1:
        raise ConfigError(Text("一次只能新建一个小区的说明", "one community at a time"), got=community)
    return console_notes.init(say, opened, places[0], period, report)


@command(
    DAILY, "核对已发布的页面：有没有改动、缺失、无记录、过期。",
    "Check what was published: altered, missing, unrecorded or stale.",
    "propkit verify reports/internal/yinhe/2025-09/monthly_review.zh.html",
    Param(("report",), Text("一个页面或 PDF，默认全部", "A page or PDF; all by default"),
          DIRECTORY | {"required": False}),
)  # fmt: skip
def verify(say: Console, workspace: Path, report: Path | None) -> int:
    from propkit import console_reports

    if report is None:
        return console_reports.verify(say, opened_at(workspace))
    # A page that came by mail can be checked by itself, far from any workspace.
    opened = opened_at(workspace) if (workspace / "propkit.toml").is_file() else None
    return console_reports.verify(say, opened, report)


@command(
    DAILY, "把核对无误的业主版页面发布到一个文件夹；已发布的不再改动。",
    "Release pages for owners that pass every check to a folder; what has left is frozen.",
    "propkit release --to public -p 2025-09",
    Param(("--to",), Text("发布到哪个文件夹", "Folder to release to"), DIRECTORY | {"required": True}),
    Param(("reports",), Text("报告，默认全部", "Reports; all by default"), {"nargs": -1}),
    COMMUNITY, PERIOD,
    flag("--correct", "发布之后变了的页面，作为新的一版发布", "Release pages that changed since they left as new versions"),
)  # fmt: skip
def release(
    say: Console, workspace: Path, to: Path, reports: tuple[str, ...], communities: tuple[str, ...],
    periods: tuple[str, ...], correct: bool,
) -> int:  # fmt: skip
    from propkit import console_reports, store
    from propkit.locks import locked
    from propkit.periods import parse_period
    from propkit.running import plan
    from propkit.running.release import release

    opened = opened_at(workspace)
    cut = store.data_cutoff(opened) if periods else None
    chosen = {
        "reports": [plan.find_report(name).id for name in reports],
        "communities": places_of(opened, communities) if communities else [],
        "periods": [parse_period(text, cut).id for text in split(periods)],
    }
    with locked(opened):
        found = release(opened, to, **chosen, correct=correct)
    return console_reports.release(say, to, found)


def _failed(
    workspace: Workspace, reports: Sequence[str], places: Sequence[str], periods: Sequence[str], cut: pd.Timestamp,
    edition: str | None, lang: str | None,
) -> list[Job]:  # fmt: skip
    """Return the jobs to run again, narrowed by what was asked."""
    from propkit.periods import parse_period
    from propkit.running import batch, plan

    stretches = [parse_period(text, cut) for text in periods]
    wanted = {
        "report": [plan.find_report(name).id for name in reports],
        "community": places,
        "period": [name for stretch in stretches for name in (stretch.id, *stretch.months)],
        "edition": [edition] if edition else [],
        "lang": [lang] if lang else [],
    }
    return batch.failed_jobs(workspace, wanted, cut)


def _shard(text: str | None) -> tuple[int, int] | None:
    """Read "2/3" as the second of three parts."""
    if text is None:
        return None
    at, _, count = text.partition("/")
    if at.isdecimal() and count.isdecimal() and 1 <= int(at) <= int(count):
        return int(at), int(count)
    raise ConfigError(Text("--shard 不对", "--shard is wrong"), got=text, expected="1/3, 2/3, 3/3")
