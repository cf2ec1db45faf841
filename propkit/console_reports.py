"""What `run`, `status` and `demo` print: progress while jobs end, then what came of them.  Runs nothing itself."""

from __future__ import annotations

import dataclasses
import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from propkit import store
from propkit.console import Console
from propkit.console_progress import name, progress, record
from propkit.errors import EXIT_DATA, EXIT_OK, EXIT_SOME_FAILED, ConfigError
from propkit.running import batch, manifest, plan
from propkit.running.batch import Options, Summary, Task
from propkit.running.outcomes import STEPS, words
from propkit.running.plan import Job
from propkit.text import Text
from propkit.workspace import Workspace

if TYPE_CHECKING:
    from propkit.running.printing import Printed
    from propkit.running.release import Outcome

_STANDING_WORDS: dict[str, Text] = {
    "current": Text("最新", "current"),
    "stale": Text("过期", "stale"),
    "failed": Text("失败", "failed"),
    "withheld": Text("未公布", "withheld"),
    "not_run": Text("未运行", "not run"),
}


def run(say: Console, workspace: Workspace, jobs: Sequence[Job], options: Options, *, pdf: bool = False) -> int:
    """Run the jobs with progress and print the summary; returns the exit code."""
    if not jobs:
        say.json_line({"event": "summary", "made": 0, "failed": 0, "withheld": 0, "kept": 0, "jobs": []})
        say.say("没有要运行的报告", "no reports to run")
        return EXIT_OK
    started = time.monotonic()
    with progress(say, len(jobs)) as tell:
        summary = batch.run(workspace, jobs, options, tell=tell)
    printed = _print_pages(say, workspace, summary, options.shard) if pdf else None
    _print_summary(say, workspace, summary, time.monotonic() - started, printed)
    return EXIT_SOME_FAILED if summary.failed or summary.trouble or (printed and printed.failed) else EXIT_OK


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
    known = plan.Inputs(workspace)
    rows = [
        (manifest.standing(workspace, entry, known), entry) for _, entry in sorted(manifest.read(workspace).items())
    ]
    say.json([{"key": entry["key"], "standing": standing, "reason": entry["reason"], "message": entry["message"]}
              for standing, entry in rows])  # fmt: skip
    headers = (Text("状态", "state"), Text("小区", "community"), Text("期间", "period"), Text("报告", "report"),
               Text("版本", "edition"), Text("原因", "reason"))  # fmt: skip
    say.table(headers, [[_STANDING_WORDS[standing].get(say.lang), entry["community_name"], entry["period"],
                         entry["report_label"][say.lang], entry["edition"],
                         "" if standing in ("current", "stale") else words(entry, say.lang)]
                        for standing, entry in rows])  # fmt: skip
    counts = Counter(standing for standing, _ in rows)
    told = " · ".join(f"{words.get(say.lang)} {counts[name]}" for name, words in _STANDING_WORDS.items())
    say.say(f"{told} · 共 {len(rows)}", f"{told} · {len(rows)} in all")
    return EXIT_SOME_FAILED if counts["failed"] or counts["withheld"] else EXIT_OK


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
    with progress(Console(say.lang, say.quiet), len(jobs)) as tell:
        summary = batch.run(workspace, jobs, Options(workers=os.cpu_count() or 1), tell=tell)
    made, seconds = len(jobs) - len(summary.failed), time.monotonic() - started
    say.say(f"运行      {made}/{len(jobs)}  用时 {seconds:.0f} 秒", f"run       {made}/{len(jobs)} in {seconds:.0f} s")
    _print_failures(say, summary)
    say.note(f"下一步    cd {directory} && propkit values -p {jobs[0].period}",
             f"next      cd {directory} && propkit values -p {jobs[0].period}")  # fmt: skip
    index = directory / "reports" / manifest.INDEX
    say.json({"workspace": str(directory), "made": made, "failed": len(summary.failed), "index": str(index)})
    say.say(f"报告      {index}   （{made} 份）", f"reports   {index}   ({made})")
    return EXIT_SOME_FAILED if summary.failed else EXIT_OK


def verify(say: Console, workspace: Workspace | None, report: Path | None = None) -> int:
    """Print what is not as it was published; exit code 1 when anything is."""
    from propkit.running import verify as checks

    if report is None:
        found = checks.verify(workspace)
    else:
        places = [report] if workspace is None else [report, workspace.reports / report]
        path = next((place for place in places if place.is_file()), None)
        if path is None:
            raise ConfigError(Text("没有这个文件", "there is no such file"), got=str(report))
        found = [checks.verify_file(workspace, path)]
    say.json([{"path": one.path, "state": one.state, "detail": one.detail.get(say.lang)} for one in found])
    wrong = found if report is not None else [one for one in found if one.state != "ok"]
    headers = (Text("状态", "state"), Text("文件", "file"), Text("说明", "why"))
    say.table(headers, [[checks.STATES[one.state].get(say.lang), one.path, one.detail.get(say.lang)] for one in wrong])
    counts = Counter(one.state for one in found)
    told = " · ".join(f"{words.get(say.lang)} {counts[name]}" for name, words in checks.STATES.items() if counts[name])
    say.say(f"{told + ' · ' if told else ''}共 {len(found)}", f"{told + ' · ' if told else ''}{len(found)} in all")
    return EXIT_OK if set(counts) <= {"ok"} else EXIT_SOME_FAILED


def release(say: Console, to: Path, found: Sequence[Outcome]) -> int:
    """Print what left and what did not, with why; exit code 1 when any page was refused, 3 when there was none at all."""
    from propkit.running.release import STATES

    say.json([dataclasses.asdict(one) | {"detail": one.detail.get(say.lang)} for one in found])
    headers = (Text("状态", "state"), Text("页面", "page"), Text("说明", "why"))
    shown = [one for one in found if one.state != "kept"]
    say.table(
        headers, [[STATES[one.state].get(say.lang), one.path or one.key, one.detail.get(say.lang)] for one in shown]
    )
    counts = Counter(one.state for one in found)
    told = " · ".join(f"{words.get(say.lang)} {counts[name]}" for name, words in STATES.items() if counts[name])
    if not found:
        say.say(
            "没有业主版页面；先运行 propkit run --edition owner",
            "no pages for owners; first: propkit run --edition owner",
        )
        return EXIT_DATA
    say.say(f"{told} · 共 {len(found)}", f"{told} · {len(found)} in all")
    if any(one.path for one in found):
        say.say(f"目录  {to / manifest.INDEX}", f"list  {to / manifest.INDEX}")
    return EXIT_SOME_FAILED if counts["refused"] else EXIT_OK


def _print_pages(say: Console, workspace: Workspace, summary: Summary, shard: str) -> Printed:
    from propkit.running import printing

    def tell(key: str) -> None:
        say.note(f"PDF  {key}", f"PDF  {key}")

    return printing.print_pages(workspace, [entry["key"] for entry in summary.entries], tell, shard=shard)


def _print_summary(
    say: Console, workspace: Workspace, summary: Summary, seconds: float, printed: Printed | None
) -> None:
    made, failed, withheld, kept = (summary.count(status) for status in ("success", "failed", "withheld", "skipped"))
    total, index = len(summary.entries), workspace.reports / manifest.INDEX
    say.json_line({
        "event": "summary", "run_id": summary.run_id, "made": made, "failed": failed, "withheld": withheld,
        "kept": kept, "seconds": round(seconds, 3), "slowest": [entry["key"] for entry in summary.slowest],
        "trouble": summary.trouble and {"zh": summary.trouble.zh, "en": summary.trouble.en},
        "jobs": [record(entry) for entry in summary.entries], "index": str(index),
        **({} if printed is None else {"pdf": dataclasses.asdict(printed)}),
    })  # fmt: skip
    if kept == total:
        say.say(f"数据、参数、笔记本、版本都没变：{kept} 份全部沿用，未重跑。要强制重跑：--force",
                f"nothing has changed: all {kept} reports are kept. To make them again: --force")  # fmt: skip
    else:
        held = Text(f" · 未公布 {withheld}" if withheld else "", f" · {withheld} withheld" if withheld else "")
        say.say(f"成功 {made} · 失败 {failed}{held.zh} · 沿用 {kept} · 共 {total}   用时 {seconds:.0f} 秒",
                f"{made} made · {failed} failed{held.en} · {kept} kept · {total} in all   in {seconds:.0f} s")  # fmt: skip
    _print_slowest(say, summary)
    _print_failures(say, summary)
    if printed is not None:
        _tell_printed(say, printed)
    if summary.trouble:
        say.say(f"目录没有更新：{summary.trouble.zh}", f"the index was not updated: {summary.trouble.en}")
    say.say(f"报告  {index}", f"reports  {index}")
    if summary.failed:
        say.note("重跑失败的  propkit run --failed", "run the failed ones again  propkit run --failed")


def _tell_printed(say: Console, printed: Printed) -> None:
    if not printed.has_browser:
        say.note("没有找到 Chromium、Chrome 或 Edge，所以没有 PDF；网页已经生成，在浏览器里打开后选「打印 → 另存为 PDF」即可",
                 "no PDF: neither Chromium, Chrome nor Edge was found. The pages are made: open one in any browser and print it to PDF")  # fmt: skip
        return
    say.say(f"PDF  新打印 {len(printed.made)} · 沿用 {len(printed.kept)} · 失败 {len(printed.failed)}",
            f"PDF  {len(printed.made)} printed · {len(printed.kept)} kept · {len(printed.failed)} failed")  # fmt: skip
    for key, reason in printed.failed.items():
        say.say(f"PDF 失败  {key}  {reason}", f"PDF failed  {key}  {reason}")


def _print_slowest(say: Console, summary: Summary) -> None:
    """Where the time went, when there was more than one place for it to go."""
    if len(summary.slowest) > 1:
        told = " · ".join(f"{name(entry)} {entry['seconds']:.1f} s" for entry in summary.slowest)
        say.note(f"最慢  {told}", f"slowest  {told}")


def _print_failures(say: Console, summary: Summary) -> None:
    headers = (
        Text("失败", "failed"),
        Text("期间", "period"),
        Text("代码", "code"),
        Text("原因", "reason"),
        Text("下一步", "next"),
        Text("详情", "evidence"),
    )
    rows = [[entry["community_name"], entry["period"], entry["reason"], words(entry, say.lang),
             STEPS[entry["reason"]].get(say.lang) if entry["reason"] in STEPS else "", entry["evidence"]]
            for entry in summary.failed]  # fmt: skip
    say.table(headers, rows)
