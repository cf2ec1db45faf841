"""How a batch tells of itself while it runs: a view on a terminal, a line for each job elsewhere, JSON lines when asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from propkit import console
from propkit.console import Console
from propkit.running.batch import Progress
from propkit.running.outcomes import words
from propkit.text import Text

STATUS_WORDS: dict[str, Text] = {
    "success": Text("成功", "made"),
    "failed": Text("失败", "failed"),
    "withheld": Text("未公布", "withheld"),
    "skipped": Text("沿用", "kept"),
}
_FIELDS = ("key", "status", "reason", "message", "attempts", "seconds", "peak", "output", "evidence")
_RUNNING = Text("运行", "running")

Tell = Callable[[Progress], None]


def record(entry: Mapping) -> dict:
    """Return what the JSON form tells of one job: reasons as codes and in both languages."""
    return {name: entry[name] for name in _FIELDS}


def name(entry: Mapping) -> str:
    """Return a job in the reader's words."""
    return f"{entry['community_name']} {entry['period']}"


@contextmanager
def progress(say: Console, total: int) -> Iterator[Tell]:
    """Yield what a batch is to tell of each job."""
    if say.as_json:
        yield lambda told: _json_line(say, told)
    elif say.quiet or not console.is_terminal():
        yield lambda told: _line(say, told)
    else:
        with _view(say, total) as tell:
            yield tell


def _json_line(say: Console, told: Progress) -> None:
    if told.ended:
        say.json_line({"event": "job", "done": told.done, "total": told.total, **record(told.entry)})


def _line(say: Console, told: Progress) -> None:
    if not told.ended:
        return
    entry = told.entry
    reason = f"{entry['reason']} {words(entry, say.lang)}" if entry["status"] in ("failed", "withheld") else ""
    parts = [f"{told.done}/{told.total}", STATUS_WORDS[entry["status"]].get(say.lang), name(entry),
             f"{entry['seconds']:.1f} s", reason]  # fmt: skip
    line = "  ".join(part for part in parts if part)
    say.note(line, line)


@contextmanager
def _view(say: Console, total: int) -> Iterator[Tell]:
    """The bar with the time left, what has come of the jobs, and what is running now."""
    from rich import progress as bars
    from rich.console import Console as Screen
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text as Words

    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), bars.MofNCompleteColumn(),
               bars.TimeElapsedColumn(), bars.TimeRemainingColumn())  # fmt: skip
    bar, running, counts = bars.Progress(*columns), {}, Counter()
    task = bar.add_task(_RUNNING.get(say.lang), total=total)

    def shown() -> Group:
        told = " · ".join(f"{words.get(say.lang)} {counts[status]}" for status, words in STATUS_WORDS.items())
        # Names come from other people's files: shown as text, never as markup.
        return Group(bar, Words(told), *(Words(f"  ▸ {label}") for label in running.values()))

    with Live(shown(), console=Screen(stderr=True), transient=True, refresh_per_second=4) as live:

        def tell(progress: Progress) -> None:
            entry = progress.entry
            if progress.ended:
                running.pop(entry["key"], None)
                counts[entry["status"]] += 1
                bar.update(task, completed=progress.done)
            else:
                running[entry["key"]] = name(entry)
            live.update(shown(), refresh=True)

        yield tell
