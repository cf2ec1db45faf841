"""All jobs of a run: what is current is left alone, every other gets a process of its own, and nothing stops the rest.

Holds the workspace's lock, so that only one batch writes; resumes by itself, for finished jobs are current next time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from propkit.errors import PropkitError
from propkit.locks import locked
from propkit.periods import parse_as_of
from propkit.running import manifest, plan
from propkit.running.cluster import DaskPool
from propkit.running.limits import Limits
from propkit.running.outcomes import RETRIED, io_words
from propkit.running.plan import Job
from propkit.running.pool import Pool, Result
from propkit.text import Text
from propkit.workspace import Workspace

ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Task:
    """A job with the hash of its inputs; a `current` one is not started."""

    job: Job
    inputs: str
    current: bool


@dataclass(frozen=True, slots=True)
class Options:
    """How a batch runs: how many at a time, with which engine and limits, which shard of how many, and on what.

    `executor` is "local" or "dask"; `scheduler` the address of a Dask scheduler, a cluster on this machine by default.
    """

    workers: int = 1
    force: bool = False
    engine: str | None = None
    limits: Limits = field(default_factory=Limits)
    shard: str = ""
    executor: str = "local"
    scheduler: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Told when a job has begun or ended: its entry, how many of how many are done, and whether this one is."""

    entry: dict
    done: int
    total: int
    ended: bool = True


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did: the entries of its jobs in the order of the plan, and what else went wrong."""

    run_id: str
    entries: list[dict] = field(default_factory=list)
    trouble: Text | None = None

    def count(self, status: str) -> int:
        return Counter(entry["status"] for entry in self.entries)[status]

    @property
    def failed(self) -> list[dict]:
        """Every job without a page of this run's: failed, withheld, or never started."""
        return [entry for entry in self.entries if entry["status"] != "success" and entry["reason"] != "current"]

    @property
    def slowest(self) -> list[dict]:
        """The three jobs that took longest, of those that ran."""
        ran = [entry for entry in self.entries if entry["attempts"]]
        return sorted(ran, key=lambda entry: -entry["seconds"])[:3]


def tasks(workspace: Workspace, jobs: Sequence[Job], *, force: bool = False) -> list[Task]:
    """Return every job with its inputs, and whether its page is already made from them."""
    entries, known = manifest.read(workspace), plan.Inputs(workspace)
    hashed = [(job, known.of(job)) for job in jobs]
    return [
        Task(job, inputs, not force and manifest.is_current(workspace, entries.get(job.key), inputs))
        for job, inputs in hashed
    ]


def failed_jobs(workspace: Workspace, wanted: Mapping[str, Collection[str]], as_of: pd.Timestamp) -> list[Job]:
    """Return the jobs whose last run did not succeed; each at the data cut-off asked for then, else at `as_of`.

    `wanted` may narrow report, community, period, edition and lang; no values mean all.
    """
    known = plan.names(workspace)
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
    options: Options | None = None,
    *,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Summary:
    """Make the pages of `jobs` that are not current and rebuild the index.

    Raises LockedError when another batch is at work.  On KeyboardInterrupt the children are ended, finished pages stay,
    and the jobs that did not run are recorded as such.
    """
    options = options or Options()
    with _writable(), locked(workspace, shard=options.shard):
        _clear_up(workspace, options)
        todo = tasks(workspace, jobs, force=options.force)
        batch = _Batch(workspace, todo, options, tell)
        try:
            with _runtime(workspace, options) as runtime:
                batch.work(runtime)
        finally:
            summary = batch.close()
        return summary


class _Batch:
    """One run in the making: each attempt is in the manifest before the next thing happens."""

    def __init__(
        self, workspace: Workspace, todo: Sequence[Task], options: Options, tell: Callable[[Progress], None]
    ) -> None:
        self.workspace, self.todo, self.options, self.tell = workspace, todo, options, tell
        self.run_id = hashlib.sha256("".join(task.job.key + task.inputs for task in todo).encode()).hexdigest()[:12]
        self.entries = manifest.read(workspace)
        self.done = 0
        self._write_plan()

    def work(self, runtime: Path) -> None:
        """Run what is not current; a job that failed for the machine's sake is tried once more."""
        pool = self._pool(runtime)
        for task in self.todo:
            if task.current:
                self._tell(self._record(task))
            else:
                pool.add(task.job)
        for result in pool.results():
            entry = self._attempted(result)
            if result.outcome["reason"] in RETRIED and entry["attempts"] < ATTEMPTS:
                pool.add(result.job)
            else:
                self._tell(entry)

    def close(self) -> Summary:
        """Write the results and the index of what there is now; a folder that takes neither is told, not fatal."""
        records, trouble = [self._record(task) for task in self.todo], None
        try:
            manifest.write_results(self.workspace, self.run_id, records, shard=self.options.shard)
            manifest.write_index(self.workspace)
        except OSError as error:
            trouble = io_words(error)
        return Summary(self.run_id, records, trouble)

    def _pool(self, runtime: Path) -> Pool | DaskPool:
        asked = self.options
        workers = min(asked.workers, len(self.todo) or 1)
        told = {"limits": asked.limits, "engine": asked.engine, "begun": self._begun}
        if asked.executor == "dask":
            return DaskPool(self.workspace, runtime, workers, scheduler=asked.scheduler, **told)
        return Pool(self.workspace, runtime, workers, **told)

    def _attempted(self, result: Result) -> dict:
        """Bring the entry of a job up to date with one attempt, on disk first."""
        before = self.entries[result.job.key]
        entry = {
            **before,
            **result.outcome,
            "attempts": before["attempts"] + 1,
            "seconds": round(before["seconds"] + result.seconds, 3),
            "peak": max(before["peak"], result.peak),
        }
        manifest.append(self.workspace, [entry])
        self.entries[result.job.key] = entry
        return entry

    def _begun(self, job: Job) -> None:
        self.tell(Progress(self.entries[job.key], self.done, len(self.todo), ended=False))

    def _tell(self, entry: dict) -> None:
        self.done += 1
        self.tell(Progress(entry, self.done, len(self.todo)))

    def _record(self, task: Task) -> dict:
        entry = self.entries[task.job.key]
        if not task.current:
            return entry
        kept = {"status": "skipped", "reason": "current", "message": {"zh": "", "en": ""}}
        return entry | kept | {"attempts": 0, "seconds": 0.0, "peak": 0}

    def _write_plan(self) -> None:
        """Before the first job: what this run will do, and that it has not been done yet."""
        names, planned = plan.names(self.workspace), []
        for task in self.todo:
            if not task.current:
                job, before = task.job, self.entries.get(task.job.key)
                planned.append(manifest.planned(job, task.inputs, before, names[job.community]))
        self.entries |= {entry["key"]: entry for entry in planned}
        manifest.append(self.workspace, planned)


def _clear_up(workspace: Workspace, options: Options) -> None:
    """Remove what killed runs were still writing; nobody else writes while the lock is held."""
    if not options.shard:
        for folder in (workspace.reports, workspace.store):
            for path in folder.rglob(".*.part"):
                path.unlink(missing_ok=True)
    for left in Path(tempfile.gettempdir()).glob(f"{_runtime_name(workspace, options)}*"):
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _runtime(workspace: Workspace, options: Options) -> Iterator[Path]:
    """A private folder for the sockets and scratch files of the run.

    Under the system's own place for such: the path of a socket must be short.
    """
    folder = Path(tempfile.mkdtemp(prefix=_runtime_name(workspace, options)))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _runtime_name(workspace: Workspace, options: Options) -> str:
    """Names the workspace and the shard, so that whoever holds the lock knows what killed runs before it have left."""
    place = f"{workspace.root.resolve()}\0{options.shard}"
    return f"propkit-{hashlib.sha256(place.encode()).hexdigest()[:8]}"


@contextmanager
def _writable() -> Iterator[None]:
    """Say a store that takes no more as a person would; what was recorded before stays and the run can be resumed."""
    try:
        yield
    except OSError as error:
        hint = Text("检查磁盘空间和权限，再运行一次会接着做", "check disk space and permissions; run again to go on")
        raise PropkitError(io_words(error), hint=hint) from error
