"""Starts and ends the processes of reports: forked from a preloaded one, or new ones where the system cannot fork."""

from __future__ import annotations

import atexit
import dataclasses
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

from propkit.running.limits import Limits
from propkit.running.names import LOG
from propkit.running.plan import Job

CAN_FORK = hasattr(os, "fork") and sys.platform != "win32"
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYTHONHASHSEED": "0",
    "PYTHONSAFEPATH": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}


@dataclass(frozen=True, slots=True)
class Order:
    """One process to start: its job, its private folder, and what it may take."""

    ticket: int
    root: Path
    job: Job
    folder: Path
    engine: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class End:
    """The end of one process: exit status (negative: the signal; None: never started) and its peak of memory."""

    ticket: int
    status: int | None
    peak: int = 0


class Launcher(Protocol):
    """Starts processes and tells when they end."""

    since: float
    """The moment from which time counts for those that were started before it."""

    def start(self, order: Order) -> None: ...

    def wait(self, seconds: float) -> list[End]: ...

    def kill(self, ticket: int) -> None: ...

    def close(self) -> None: ...


class Forks:
    """Children of the preloaded process; should that die, its jobs count as ended and the next start makes a new one."""

    def __init__(self, runtime: Path) -> None:
        self._runtime = runtime
        self._running: dict[int, Path] = {}
        self._employ(_ready.pop() if _ready else _Nursery())

    def start(self, order: Order) -> None:
        if self._nursery.process.poll() is not None:
            self._employ(_Nursery())
        said = {**dataclasses.asdict(order), "root": str(order.root), "folder": str(order.folder)}
        self._running[order.ticket] = order.folder
        self._nursery.order(do="start", **said)

    def wait(self, seconds: float) -> list[End]:
        """Return those that have ended; waits at most so long for the first."""
        answers = self._nursery.process.stdout.fileno()
        if not self._nursery.ready and time.monotonic() - self._nursery.born > _START:
            self._nursery.process.kill()
        if not connection.wait([answers], timeout=seconds if self._nursery.ready else min(seconds, 1)):
            return []
        said = os.read(answers, 1 << 16)
        if not said:
            return self._lost()
        *lines, self._pending = (self._pending + said).split(b"\n")
        told = [json.loads(line) for line in lines]
        if any("ready" in line for line in told):
            self._nursery.ready, self._since = True, time.monotonic()
        ends = [End(**line) for line in told if "ticket" in line]
        for end in ends:
            self._running.pop(end.ticket, None)
        return ends

    @property
    def since(self) -> float:
        """While the preloaded process still imports, nobody's time runs."""
        return self._since if self._nursery.ready else time.monotonic()

    def kill(self, ticket: int) -> None:
        self._nursery.order(do="kill", ticket=ticket)

    def close(self) -> None:
        """End every child and the preloaded process itself."""
        self._nursery.close()

    def _employ(self, nursery: _Nursery) -> None:
        self._nursery, self._pending, self._since = nursery, b"", time.monotonic()
        nursery.order(do="runtime", path=str(self._runtime))

    def _lost(self) -> list[End]:
        """The preloaded process is gone, and its children with it; its last words are evidence for each."""
        words = self._nursery.close()
        for folder in self._running.values():
            with suppress(OSError), (folder / LOG).open("ab") as log:
                log.write(words)
        status = -signal.SIGKILL if self._nursery.ready else None
        lost = [End(ticket, status) for ticket in self._running]
        self._running.clear()
        return lost


class _Nursery:
    """The preloaded process as seen from here."""

    def __init__(self) -> None:
        package = str(Path(__file__).parents[2])
        path = os.pathsep.join(part for part in (package, os.environ.get("PYTHONPATH", "")) if part)
        self.ready, self._words, self.born = False, b"", time.monotonic()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, "-m", "propkit.running.nursery", str(os.getpid())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, start_new_session=True,
            env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": path},
        )  # fmt: skip
        _open.append(self)

    def order(self, **said: object) -> None:
        with suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(said).encode() + b"\n")
            self.process.stdin.flush()

    def close(self) -> bytes:
        """Close the orders, on which it ends its children and itself; returns what it complained of.

        One that is still importing has no children and would not listen yet: it is killed.
        """
        if self in _open:
            _open.remove(self)
            self._end()
            self._errors.seek(0)
            self._words = self._errors.read()[-_WORDS:]
            self._errors.close()
        return self._words

    def _end(self) -> None:
        answers = self.process.stdout
        if not self.ready and connection.wait([answers.fileno()], timeout=0):
            self.ready = b"ready" in os.read(answers.fileno(), 1 << 16)
        for stream in (self.process.stdin, answers):
            with suppress(OSError):
                stream.close()
        if not self.ready:
            self.process.kill()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Spawns:
    """A new process for each report, which imports everything anew: for systems that cannot fork."""

    since = 0.0

    def __init__(self, runtime: Path) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[int, BaseProcess] = {}

    def start(self, order: Order) -> None:
        process = self._context.Process(target=_spawned, args=(order,), daemon=False)
        process.start()
        self._processes[order.ticket] = process

    def wait(self, seconds: float) -> list[End]:
        connection.wait([process.sentinel for process in self._processes.values()], timeout=seconds)
        over = [ticket for ticket, process in self._processes.items() if not process.is_alive()]
        return [End(ticket, self._processes.pop(ticket).exitcode) for ticket in over]

    def kill(self, ticket: int) -> None:
        process = self._processes[ticket]
        if os.name == "posix":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()

    def close(self) -> None:
        for ticket, process in list(self._processes.items()):
            self.kill(ticket)
            process.join()


def launcher(runtime: Path) -> Launcher:
    """Return the best way to start processes here."""
    return Forks(runtime) if CAN_FORK else Spawns(runtime)


def prepare() -> None:
    """Start the preloaded process in the background, so that it imports while the caller plans."""
    if CAN_FORK and not _ready:
        _ready.append(_Nursery())


_START = 300
"""Seconds after which a preloaded process that is still importing is given up."""
_WORDS = 10_000
_ready: list[_Nursery] = []
_open: list[_Nursery] = []


@atexit.register
def _close_all() -> None:
    for nursery in list(_open):
        nursery.close()


def _spawned(order: Order) -> None:
    """The life of a process that was not forked."""
    from propkit.running import child

    child.detach(order.folder)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    child.live(order.root, order.job, order.folder, order.engine, order.limits)


def _end_with_parent() -> None:
    connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)
