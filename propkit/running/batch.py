"""All jobs of a run: what is current is left alone, every other gets a process of its own, and nothing stops the rest.

Holds the workspace's lock, so that only one batch writes; resumes by itself, for finished jobs are current next time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import signal
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from propkit import store
from propkit.periods import parse_as_of
from propkit.running import manifest, plan
from propkit.running.outcomes import RETRIED
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


def failed_jobs(workspace: Workspace, wanted: Mapping[str, Collection[str]], as_of: pd.Timestamp) -> list[Job]:
    """Return the jobs whose last run did not succeed; each at the data cut-off asked for then, else at `as_of`.

    `wanted` may narrow report, community, period, edition and lang; no values mean all.
    """
    known = store.communities(workspace)
    jobs = [
        manifest.job_of(entry)
        for _, entry in sorted(manifest.read(workspace).items())
        if entry["status"] != "success" and entry["community"] in known
        if all(not values or entry[name] in values for name, values in wanted.items())
    ]
    for name in {job.report for job in jobs}:
        report = plan.find_report(name)
        plan.check_notebook(plan.notebook_path(workspace, report), report)
    cuts = {job: parse_as_of(job.asked_as_of) if job.asked_as_of else as_of for job in jobs}
    return [dataclasses.replace(job, as_of=str(cut)) for job, cut in cuts.items()]


def run(
    workspace: Workspace,
    jobs: Sequence[Job],
    *,
    workers: int = 1,
    force: bool = False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Summary:
    """Make the pages of `jobs` that are not current and rebuild the index.

    Raises LockedError when another batch is at work.  On KeyboardInterrupt the children are ended, finished pages stay,
    and the jobs that did not run are recorded as such.
    """
    with store.locked(workspace):
        _drop_unfinished(workspace)
        todo = tasks(workspace, jobs, force=force)
        batch = _Batch(workspace, todo, tell)
        try:
            with _runtime() as runtime, _terminable():
                batch.work(Pool(workspace.root, runtime, min(workers, len(todo) or 1)))
        finally:
            summary = batch.close()
        return summary


class _Batch:
    """One run in the making: the manifest is brought up to date after each job."""

    def __init__(self, workspace: Workspace, todo: Sequence[Task], tell: Callable[[Progress], None]) -> None:
        self.workspace, self.todo, self.tell = workspace, todo, tell
        self.run_id = hashlib.sha256("".join(task.job.key + task.inputs for task in todo).encode()).hexdigest()[:12]
        self.entries = manifest.read(workspace)
        self.done = 0
        names = store.communities(workspace)
        for task in todo:
            if not task.current:
                key, name = task.job.key, names[task.job.community]
                self.entries[key] = manifest.planned(task.job, task.inputs, self.entries.get(key), name)
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

    def close(self) -> Summary:
        """Write the results and the index of what there is now."""
        records = [self._record(task) for task in self.todo]
        manifest.write_results(self.workspace, self.run_id, records)
        manifest.write_index(self.workspace)
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
