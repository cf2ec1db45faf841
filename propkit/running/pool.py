"""A process for each job, so many at a time, each within its limits: a crash, a hang or a leak touches one report only.

Knows nothing of manifests or retries.
"""

from __future__ import annotations

import itertools
import json
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from propkit.running.launch import CAN_FORK, End, Launcher, Order, launcher
from propkit.running.limits import Limits
from propkit.running.names import FORK, KERNEL, OUTCOME, WORK
from propkit.running.outcomes import failed
from propkit.running.plan import Job
from propkit.running.publish import settle
from propkit.text import Text
from propkit.workspace import Workspace

_TICKETS = itertools.count(1)
GRACE = 5
"""Seconds after which a process that did not end itself at its wall limit is ended from outside."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one process made of its job, how long it took and how much memory it held at most."""

    job: Job
    outcome: dict
    seconds: float
    peak: int


@dataclass(frozen=True, slots=True)
class _Child:
    job: Job
    folder: Path
    started: float


def default_engine() -> str:
    """Return the engine for this system."""
    return FORK if CAN_FORK else KERNEL


class Pool:
    """Runs jobs of a workspace with `workers` processes; `runtime` is a private folder for the run.

    `begun` is told each job as it starts; `finish` takes what a job left; a launcher that is lent stays open.
    """

    def __init__(
        self,
        workspace: Workspace,
        runtime: Path,
        workers: int,
        *,
        limits: Limits | None = None,
        engine: str | None = None,
        begun: Callable[[Job], None] = lambda job: None,
        finish: Callable[[Workspace, Job, dict, Path], dict] = settle,
        launch: Launcher | None = None,
    ) -> None:
        self._workspace, self._runtime, self._workers = workspace, runtime, workers
        self._limits, self._engine, self._begun = limits or Limits(), engine or default_engine(), begun
        self._finish, self._launcher, self._lent = finish, launch, launch is not None
        self._waiting: deque[Job] = deque()
        self._children: dict[int, _Child] = {}
        self._overdue: set[int] = set()

    def add(self, job: Job) -> None:
        """Put a job at the end of the queue; also while results are being read."""
        self._waiting.append(job)

    def results(self) -> Iterator[Result]:
        """Yield each job's result as it ends, its page published; leaving early ends every child."""
        try:
            while self._waiting or self._children:
                while self._waiting and len(self._children) < self._workers:
                    self._start(self._waiting.popleft())
                for end in self._launcher.wait(self._patience()):
                    yield self._collect(end)
                self._end_overdue()
        finally:
            if self._launcher is not None and not self._lent:
                self._launcher.close()
            self._children.clear()

    def _start(self, job: Job) -> None:
        self._launcher = self._launcher or launcher(self._runtime)
        ticket = next(_TICKETS)
        folder = self._runtime / str(ticket)
        folder.mkdir(mode=0o700)
        order = Order(ticket, self._workspace.root.resolve(), job, folder, self._engine, self._limits)
        self._children[ticket] = _Child(job, folder, time.monotonic())
        self._launcher.start(order)
        self._begun(job)

    def _patience(self) -> float:
        """Seconds until the next process has had its time; a look now and then even so."""
        ages = [self._age(child) for ticket, child in self._children.items() if ticket not in self._overdue]
        return min(60.0, max(0.0, self._limits.wall + GRACE - max(ages, default=0)))

    def _age(self, child: _Child) -> float:
        return time.monotonic() - max(child.started, self._launcher.since)

    def _end_overdue(self) -> None:
        for ticket, child in self._children.items():
            if self._age(child) >= self._limits.wall + GRACE and ticket not in self._overdue:
                self._overdue.add(ticket)
                self._launcher.kill(ticket)

    def _collect(self, end: End) -> Result:
        child = self._children.pop(end.ticket)
        seconds = time.monotonic() - child.started
        outcome = self._outcome(child, end)
        final = self._finish(self._workspace, child.job, outcome, child.folder / WORK)
        shutil.rmtree(child.folder, ignore_errors=True)
        return Result(child.job, final, seconds, end.peak)

    def _outcome(self, child: _Child, end: End) -> dict:
        """What the process left, or what its end says when it left nothing."""
        if end.ticket in self._overdue:
            self._overdue.discard(end.ticket)
            return failed("timeout")
        try:
            return json.loads((child.folder / OUTCOME).read_text("utf-8"))
        except (OSError, ValueError):
            return _lost(end, self._limits)


def _lost(end: End, limits: Limits) -> dict:
    """A process that was killed or crashed; one that had grown to its limit is taken to have run out of memory."""
    if end.status is None:
        return failed("kernel_start")
    if 0 < limits.memory <= end.peak:
        return failed("oom")
    if end.status < 0:
        return failed("kernel_died", Text(f"进程被信号 {-end.status} 结束", f"ended by signal {-end.status}"))
    return failed("kernel_died")
