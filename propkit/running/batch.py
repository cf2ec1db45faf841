"""All jobs of a run: what is current is left alone, every other gets a process of its own, and nothing stops the rest.

Holds the workspace's lock, so that only one batch writes; resumes by itself, for finished jobs are current next time.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from propkit import store
from propkit.running import manifest, plan
from propkit.running.outcomes import REASONS, RETRIED
from propkit.running.plan import Job
from propkit.running.pool import Pool, Result
from propkit.workspace import Workspace

ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Task:
    """A job with the hash of its inputs; a `current` one is not started."""

    job: Job
    inputs: str
    current: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """Told after each job: its entry, and how many of how many are done."""

    entry: dict
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did: the entries of its jobs in the order of the plan."""

    run_id: str
    entries: list[dict] = field(default_factory=list)

    def count(self, status: str) -> int:
        return Counter(entry["status"] for entry in self.entries)[status]

    @property
    def failed(self) -> list[dict]:
        return [entry for entry in self.entries if entry["status"] == "failed"]


def tasks(workspace: Workspace, jobs: Sequence[Job], *, force: bool = False) -> list[Task]:
    """Return every job with its inputs, and whether its page is already made from them."""
    entries = manifest.read(workspace)
    hashed = [(job, plan.inputs(workspace, job)) for job in jobs]
    return [
        Task(job, inputs, not force and manifest.is_current(workspace, entries.get(job.key), inputs))
        for job, inputs in hashed
    ]


def failed_jobs(
    workspace: Workspace, reports: Sequence[str], communities: Sequence[str], periods: Sequence[str], as_of: str
) -> list[Job]:
    """Return the jobs whose last run did not succeed, at the data cut-off that was asked for then, else at `as_of`."""
    chosen = [
        entry
        for _, entry in sorted(manifest.read(workspace).items())
        if entry["status"] != "success"
        and (not reports or entry["report"] in reports)
        and (not communities or entry["community"] in communities)
        and (not periods or entry["period"] in periods)
    ]
    return [manifest.job_of(entry | {"as_of": entry["asked_as_of"] or as_of}) for entry in chosen]


def run(
    workspace: Workspace,
    jobs: Sequence[Job],
    *,
    workers: int = 1,
    force: bool = False,
    asked_as_of: str | None = None,
    lang: str = "zh",
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Summary:
    """Make the pages of `jobs` that are not current and rebuild the index.

    Raises LockedError when another batch is at work.  On KeyboardInterrupt the children are ended, finished pages stay,
    and the jobs that did not run are recorded as such.
    """
    with store.locked(workspace):
        _drop_unfinished(workspace)
        todo = tasks(workspace, jobs, force=force)
        batch = _Batch(workspace, todo, asked_as_of, tell)
        try:
            with _runtime() as runtime, _terminable():
                batch.work(Pool(workspace.root, runtime, min(workers, len(todo) or 1)))
        finally:
            summary = batch.close(lang)
        return summary


class _Batch:
    """One run in the making: the manifest is brought up to date after each job."""

    def __init__(
        self, workspace: Workspace, todo: Sequence[Task], asked_as_of: str | None, tell: Callable[[Progress], None]
    ) -> None:
        self.workspace, self.todo, self.tell = workspace, todo, tell
        self.run_id = hashlib.sha256("".join(task.job.key + task.inputs for task in todo).encode()).hexdigest()[:12]
        self.entries = manifest.read(workspace)
        self.done = 0
        for task in todo:
            if not task.current:
                before = self.entries.get(task.job.key)
                self.entries[task.job.key] = manifest.planned(workspace, task.job, task.inputs, before, asked_as_of)
        self._write_plan()

    def work(self, pool: Pool) -> None:
        """Run what is not current; a job that failed for the machine's sake is tried once more."""
        for task in self.todo:
            if task.current:
                self._tell(self._record(task))
            else:
                pool.add(task.job)
        for result in pool.results():
            entry = self.entries[result.job.key]
            entry["attempts"] += 1
            entry["seconds"] = round(entry["seconds"] + result.seconds, 3)
            if result.outcome["reason"] in RETRIED and entry["attempts"] < ATTEMPTS:
                pool.add(result.job)
            else:
                self._finish(entry, result)

    def close(self, lang: str) -> Summary:
        """Write the results and the index of what there is now."""
        records = [self._record(task) for task in self.todo]
        manifest.write_results(self.workspace, self.run_id, records)
        manifest.write_index(self.workspace, lang)
        return Summary(self.run_id, records)

    def _finish(self, entry: dict, result: Result) -> None:
        entry.update(result.outcome)
        manifest.write(self.workspace, self.entries)
        self._tell(entry)

    def _tell(self, entry: dict) -> None:
        self.done += 1
        self.tell(Progress(entry, self.done, len(self.todo)))

    def _record(self, task: Task) -> dict:
        entry = self.entries[task.job.key]
        if not task.current:
            return entry
        return entry | {"status": "skipped", "reason": "current", "message": "", "attempts": 0, "seconds": 0.0}

    def _write_plan(self) -> None:
        """Before the first job: what this run will do, and that it has not been done yet."""
        jobs = [{"key": task.job.key, "inputs": task.inputs, "current": task.current} for task in self.todo]
        content = {"schema_version": manifest.SCHEMA, "run_id": self.run_id, "jobs": jobs}
        store.write_json(self.workspace.store / "plan.json", content)
        manifest.write(self.workspace, self.entries)


def reason_words(reason: str, lang: str) -> str:
    """Return the general sentence of a reason code."""
    return REASONS[reason].get(lang)


def _drop_unfinished(workspace: Workspace) -> None:
    """Remove what a killed run was still writing; nobody else writes while the lock is held."""
    for path in workspace.reports.rglob(".*.part"):
        path.unlink(missing_ok=True)


@contextmanager
def _runtime() -> Iterator[Path]:
    """A private folder for the sockets and scratch files of the run.

    Under the system's own place for such: the path of a socket must be short.
    """
    folder = Path(tempfile.mkdtemp(prefix="propkit-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the run as Ctrl-C does, with the children ended and the results written."""
    if threading.current_thread() is not threading.main_thread() or os.name != "posix":
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
