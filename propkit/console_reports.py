"""What `run`, `status` and `demo` print: progress while jobs end, then what came of them.  Runs nothing itself."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from propkit import console, store
from propkit.console import Console
from propkit.errors import EXIT_DATA, EXIT_OK, EXIT_SOME_FAILED
from propkit.running import batch, manifest, plan
from propkit.running.batch import Progress, Summary, Task
from propkit.running.plan import Job
from propkit.text import Text
from propkit.workspace import Workspace

_STATUS_WORDS: dict[str, Text] = {
    "success": Text("成功", "made"),
    "failed": Text("失败", "failed"),
    "skipped": Text("沿用", "kept"),
}
_STANDING_WORDS: dict[str, Text] = {
    "current": Text("最新", "current"),
    "stale": Text("过期", "stale"),
    "failed": Text("失败", "failed"),
    "not_run": Text("未运行", "not run"),
}


def run(
    say: Console,
    workspace: Workspace,
    jobs: Sequence[Job],
    *,
    workers: int,
    force: bool,
) -> int:
    """Run the jobs with progress and print the summary; returns the exit code."""
    if not jobs:
        say.json({"jobs": []})
        say.say("没有要运行的报告", "no reports to run")
        return EXIT_OK
    started = time.monotonic()
    with _progress(say, len(jobs)) as tell:
        summary = batch.run(workspace, jobs, workers=workers, force=force, tell=tell)
    _print_summary(say, workspace, summary, time.monotonic() - started)
    return EXIT_SOME_FAILED if summary.failed else EXIT_OK


def dry_run(say: Console, tasks: Sequence[Task]) -> int:
    """Print what a run would do."""
    todo = [task for task in tasks if not task.current]
    say.json([{"key": task.job.key, "current": task.current, "inputs": task.inputs} for task in tasks])
    for task in todo:
        say.say(f"要生成  {task.job.key}", f"to make  {task.job.key}")
    say.say(f"要生成 {len(todo)} · 沿用 {len(tasks) - len(todo)} · 共 {len(tasks)}",
            f"{len(todo)} to make · {len(tasks) - len(todo)} current · {len(tasks)} in all")  # fmt: skip
    return EXIT_OK


def status(say: Console, workspace: Workspace) -> int:
    """Print how every job of the manifest stands; exit code 1 when any failed."""
    rows = [(manifest.standing(workspace, entry), entry) for _, entry in sorted(manifest.read(workspace).items())]
    say.json([{"key": entry["key"], "standing": standing, "reason": entry["reason"], "message": entry["message"]}
              for standing, entry in rows])  # fmt: skip
    headers = (Text("状态", "state"), Text("小区", "community"), Text("期间", "period"), Text("报告", "report"),
               Text("版本", "edition"), Text("原因", "reason"))  # fmt: skip
    say.table(headers, [[_STANDING_WORDS[standing].get(say.lang), entry["community_name"], entry["period"],
                         entry["report_label"][say.lang], entry["edition"], entry["message"]]
                        for standing, entry in rows])  # fmt: skip
    counts = Counter(standing for standing, _ in rows)
    told = " · ".join(f"{words.get(say.lang)} {counts[name]}" for name, words in _STANDING_WORDS.items())
    say.say(f"{told} · 共 {len(rows)}", f"{told} · {len(rows)} in all")
    return EXIT_SOME_FAILED if counts["failed"] else EXIT_OK


def demo(say: Console, workspace: Workspace, directory: Path, ingested: store.Ingested) -> int:
    """Run the monthly review of every community for the last complete month and print where the index is."""
    places = store.communities(workspace)
    if not places:
        return EXIT_DATA
    lines = sum(entry["lines"] for entry in ingested.files)
    lost = sum(entry["rejected_lines"] for entry in ingested.files)
    say.say(f"演示项目  {directory}   {len(places)} 个小区，虚构数据",
            f"demo      {directory}   {len(places)} communities, invented data")  # fmt: skip
    say.say(f"读入      {len(ingested.files)} 个文件 {lines:,} 行，拒收 {lost:,} 行（propkit check 看原因）",
            f"read      {len(ingested.files)} files, {lines:,} lines, {lost:,} refused (reasons: propkit check)")  # fmt: skip
    cut, lang = store.data_cutoff(workspace), workspace.settings.workspace.lang
    jobs = plan.jobs(workspace, ["monthly_review"], list(places), [], as_of=cut, lang=lang)
    started = time.monotonic()
    with _progress(say, len(jobs)) as tell:
        summary = batch.run(workspace, jobs, workers=os.cpu_count() or 1, tell=tell)
    made, seconds = len(jobs) - len(summary.failed), time.monotonic() - started
    say.say(f"运行      {made}/{len(jobs)}  用时 {seconds:.0f} 秒", f"run       {made}/{len(jobs)} in {seconds:.0f} s")
    _print_failures(say, summary)
    say.note(f"下一步    cd {directory} && propkit values -p {jobs[0].period}",
             f"next      cd {directory} && propkit values -p {jobs[0].period}")  # fmt: skip
    index = directory / "reports" / manifest.INDEX
    say.json({"workspace": str(directory), "made": made, "failed": len(summary.failed), "index": str(index)})
    say.say(f"报告      {index}   （{made} 份）", f"reports   {index}   ({made})")
    return EXIT_SOME_FAILED if summary.failed else EXIT_OK


def _print_summary(say: Console, workspace: Workspace, summary: Summary, seconds: float) -> None:
    say.json({"run_id": summary.run_id, "jobs": [_record(entry) for entry in summary.entries],
              "index": str(workspace.reports / manifest.INDEX)})  # fmt: skip
    made, failed, kept = (summary.count(status) for status in ("success", "failed", "skipped"))
    total = len(summary.entries)
    if kept == total:
        say.say(f"数据、参数、笔记本、版本都没变：{kept} 份全部沿用，未重跑。要强制重跑：--force",
                f"nothing has changed: all {kept} reports are kept. To make them again: --force")  # fmt: skip
    else:
        say.say(f"成功 {made} · 失败 {failed} · 沿用 {kept} · 共 {total}   用时 {seconds:.0f} 秒",
                f"{made} made · {failed} failed · {kept} kept · {total} in all   in {seconds:.0f} s")  # fmt: skip
    _print_failures(say, summary)
    say.say(f"报告  {workspace.reports / manifest.INDEX}", f"reports  {workspace.reports / manifest.INDEX}")
    if failed:
        say.note("重跑失败的  propkit run --failed", "run the failed ones again  propkit run --failed")


def _print_failures(say: Console, summary: Summary) -> None:
    headers = (
        Text("失败", "failed"),
        Text("期间", "period"),
        Text("代码", "code"),
        Text("原因", "reason"),
        Text("详情", "evidence"),
    )
    rows = [[entry["community_name"], entry["period"], entry["reason"], entry["message"], entry["evidence"]]
            for entry in summary.failed]  # fmt: skip
    say.table(headers, rows)


def _record(entry: Mapping) -> dict:
    names = ("key", "status", "reason", "message", "attempts", "seconds", "output", "evidence")
    return {name: entry[name] for name in names}


@contextmanager
def _progress(say: Console, total: int) -> Iterator[Callable[[Progress], None]]:
    """On a terminal one bar with the time left; otherwise a line for each job."""
    if say.quiet or not console.is_terminal():
        yield lambda progress: _line(say, progress)
        return
    from rich import progress as bars
    from rich.console import Console as Screen

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=Screen(stderr=True), transient=True) as bar:
        task = bar.add_task(Text("运行", "running").get(say.lang), total=total)
        yield lambda progress: bar.update(task, completed=progress.done, description=_name(progress.entry))


def _line(say: Console, progress: Progress) -> None:
    entry = progress.entry
    words = _STATUS_WORDS[entry["status"]]
    told = f"{entry['reason']} {entry['message']}" if entry["status"] == "failed" else ""
    parts = [f"{progress.done}/{progress.total}", words.get(say.lang), _name(entry), f"{entry['seconds']:.1f} s", told]
    line = "  ".join(part for part in parts if part)
    say.note(line, line)


def _name(entry: Mapping) -> str:
    return f"{entry['community_name']} {entry['period']}"
