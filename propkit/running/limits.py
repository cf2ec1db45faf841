"""What one report may take, and how a process holds itself to it.  The pool ends from outside what does not."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

MEMORY_VARIABLE = "PROPKIT_MEMORY"
_RESERVE = 128 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for a cell, for a kernel's start and in all; bytes of output; bytes of memory over a bare process."""

    cell: float = 600
    start: float = 60
    wall: float = 1200
    output: int = 20 << 20
    memory: int = 2 << 30


def asked(wall: float | None, megabytes: int | None) -> Limits:
    """Return the limits that a person named, and the usual ones for what they did not."""
    usual = Limits()
    memory = usual.memory if megabytes is None else megabytes << 20
    return replace(usual, wall=wall or usual.wall, cell=min(usual.cell, wall or usual.cell), memory=memory)


class OverTime(BaseException):
    """Ends a cell that takes too long; no `except Exception` of the notebook stops it."""


def limit_memory(size: int) -> None:
    """Let this process and those it starts allocate `size` more bytes; beyond, Python raises MemoryError.

    Does nothing where the system cannot count or limit (it is then the pool's clock alone that ends a runaway).
    """
    if sys.platform != "linux" or size <= 0:
        return
    import resource

    now = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = now + size
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard - _RESERVE)
    top = wanted + _RESERVE
    resource.setrlimit(resource.RLIMIT_AS, (wanted, top if hard == resource.RLIM_INFINITY else min(top, hard)))


def lift_memory() -> None:
    """Give back the reserve, so that a process that ran out can still say so."""
    if sys.platform == "linux":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def limit_files(size: int) -> None:
    """Leave no core dump, which would hold data, and no file of endless output."""
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        now = resource.getrlimit(resource.RLIMIT_FSIZE)[0]  # the limit of the person who started the run stays
        size = size if now == resource.RLIM_INFINITY else min(size, now)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def be_first_to_go() -> None:
    """When the machine runs out of memory, let the system choose this process and not the one that supervises."""
    if sys.platform == "linux":
        try:
            Path("/proc/self/oom_score_adj").write_text("1000")
        except OSError:  # a container that forbids it
            return


class Clock:
    """The time left to a notebook, cell by cell."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._end = limits, time.monotonic() + limits.wall
        self.over = False

    @contextmanager
    def cell(self) -> Iterator[None]:
        """Interrupt what runs inside when its time is up, and again each second should it go on."""
        left = max(0.001, min(self._limits.cell, self._end - time.monotonic()))
        before = signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, left, 1)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def _ring(self, number: int, frame: object) -> None:
        self.over = True
        raise OverTime
