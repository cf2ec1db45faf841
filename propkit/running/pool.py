"""A process for each job, so many at a time, each with a wall limit: a crash, a hang or a leak touches one report only.

Knows nothing of manifests or retries.  The processes are forked from a small server that has imported what a report
needs (where the system can); an engine that executes cells in the forked process itself would replace `_serve`.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path

from propkit.running.outcomes import REASONS
from propkit.running.plan import Job

WALL = 1200
_THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}


@dataclass(frozen=True, slots=True)
class Result:
    """What one process made of its job, and how long it took."""

    job: Job
    outcome: dict
    seconds: float


@dataclass(frozen=True, slots=True)
class _Child:
    job: Job
    process: BaseProcess
    scratch: Path
    started: float


class Pool:
    """Runs jobs of the workspace at `root` with `workers` processes; `runtime` is a private folder for the run."""

    def __init__(self, root: Path, runtime: Path, workers: int, *, wall: float = WALL) -> None:
        self._root, self._runtime, self._workers, self._wall = root, runtime, workers, wall
        self._waiting: deque[Job] = deque()
        self._children: list[_Child] = []
        self._started = 0

    def add(self, job: Job) -> None:
        """Put a job at the end of the queue; also while results are being read."""
        self._waiting.append(job)

    def results(self) -> Iterator[Result]:
        """Yield each job's result as it ends; leaving early ends every child."""
        try:
            while self._waiting or self._children:
                while self._waiting and len(self._children) < self._workers:
                    self._children.append(self._start(self._waiting.popleft()))
                connection.wait([child.process.sentinel for child in self._children], timeout=self._patience())
                for child in [child for child in self._children if self._is_over(child)]:
                    self._children.remove(child)
                    yield self._collect(child)
        finally:
            for child in self._children:
                child.process.kill()
                child.process.join()

    def _start(self, job: Job) -> _Child:
        self._started += 1
        scratch = self._runtime / str(self._started)
        scratch.mkdir(mode=0o700)
        process = _context().Process(target=_serve, args=(self._root, job, scratch), daemon=False)
        process.start()
        return _Child(job, process, scratch, time.monotonic())

    def _patience(self) -> float:
        oldest = min(child.started for child in self._children)
        return max(0.0, oldest + self._wall - time.monotonic())

    def _is_over(self, child: _Child) -> bool:
        return not child.process.is_alive() or time.monotonic() - child.started >= self._wall

    def _collect(self, child: _Child) -> Result:
        overdue = child.process.is_alive()
        if overdue:
            child.process.kill()
        child.process.join()
        seconds = time.monotonic() - child.started
        outcome = _lost("timeout", child.job.lang) if overdue else _outcome(child)
        shutil.rmtree(child.scratch, ignore_errors=True)
        return Result(child.job, outcome, seconds)


def prepare() -> None:
    """Start the server in the background, so that it imports while the caller plans."""
    _context()


def _outcome(child: _Child) -> dict:
    try:
        return json.loads((child.scratch / "outcome.json").read_text("utf-8"))
    except (OSError, ValueError):  # the process itself was killed
        return _lost("kernel_died", child.job.lang)


def _lost(reason: str, lang: str) -> dict:
    return {"status": "failed", "reason": reason, "message": REASONS[reason].get(lang), "evidence": ""}


def _context() -> multiprocessing.context.BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["propkit.running.execute"])
    with _single_threaded():
        forkserver.ensure_running()
    return context


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Start the server without worker threads of libraries: only a process with one thread forks safely."""
    before = dict(os.environ)
    os.environ.update(_THREADS)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _serve(root: Path, job: Job, scratch: Path) -> None:
    """The life of one child: its own group, its output to a private file, gone when its parent is gone."""
    _detach(scratch)
    from propkit.running.execute import execute
    from propkit.workspace import open_workspace

    (scratch / "kernel").mkdir(mode=0o700)
    outcome = execute(open_workspace(root), job, scratch / "kernel")
    staged = scratch / "outcome.part"
    staged.write_text(json.dumps(outcome), "utf-8")
    staged.replace(scratch / "outcome.json")


def _detach(scratch: Path) -> None:
    if os.name == "posix":
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log = os.open(scratch / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    threading.Thread(target=_end_with_parent, args=(scratch.parent,), daemon=True).start()


def _end_with_parent(runtime: Path) -> None:
    connection.wait([multiprocessing.parent_process().sentinel])
    shutil.rmtree(runtime, ignore_errors=True)
    os._exit(1)
