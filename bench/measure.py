"""Runs commands in turn and measures each: seconds, CPU seconds and memory, theirs and their children's.

Ratios of commands that took turns in one run are worth reading; seconds are those of one machine at one time.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PLOOMBER_STATS_ENABLED": "false"}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of a command cost: wall and CPU seconds, and the peak of its largest process in MB.

    Where the run was watched: the peak of the whole process tree (shared memory counted once), and by how much the peak
    of its second half exceeds that of its first.
    """

    wall: float
    cpu: float
    peak: float
    tree: float = 0.0
    growth: float = 0.0


def python(module: str, *given: object) -> list[str]:
    """Return the command that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *map(str, given)]


def run(*commands: Sequence[str], cwd: Path | None = None, watched: bool = False, fine: Sequence[int] = (0,)) -> Cost:
    """Run commands one after another and return what they cost together; one that ends with no `fine` code ends the benchmark."""
    began, before = time.monotonic(), _used()
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    with tempfile.TemporaryFile() as log:
        peak, seen = 0, []
        for command in commands:
            process = subprocess.Popen(
                list(command), cwd=cwd, stdout=log, stderr=log, env={**os.environ, **ENVIRONMENT, "PYTHONPATH": path}
            )
            if watched:
                threading.Thread(target=_watch, args=(process.pid, seen), daemon=True).start()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            peak = max(peak, used.ru_maxrss)
            if process.returncode not in fine:
                log.seek(0)
                raise SystemExit(f"{' '.join(command)}\n{log.read()[-2000:].decode(errors='replace')}")
    wall, cpu = time.monotonic() - began, _used() - before
    half = len(seen) // 2
    tree, growth = max(seen, default=0.0), max(seen[half:], default=0.0) - max(seen[:half], default=0.0)
    return Cost(wall, cpu, peak * (1 if sys.platform == "darwin" else 1024) / 1e6, tree, growth)


def _watch(pid: int, seen: list[float]) -> None:
    """Note the memory of a process and all below it in MB, five times a second, until it ends."""
    with suppress(psutil.Error):
        top = psutil.Process(pid)
        while top.is_running() and top.status() != psutil.STATUS_ZOMBIE:
            total = 0
            for one in [top, *top.children(recursive=True)]:
                with suppress(psutil.Error):
                    told = one.memory_full_info()
                    total += getattr(told, "pss", told.uss)
            seen.append(total / 1e6)
            time.sleep(0.2)


def take_turns(ways: Mapping[str, object], repeats: int) -> dict[str, Cost]:
    """Call each way in turn, `repeats` times; returns the medians by way."""
    found: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            found[name].append(way())
    return {name: _median(costs) for name, costs in found.items()}


def machine() -> str:
    """Return what matters of this machine, without its name."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB of memory, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )


def _median(costs: Sequence[Cost]) -> Cost:
    names = ("wall", "cpu", "peak", "tree", "growth")
    return Cost(*(statistics.median(getattr(cost, name) for cost in costs) for name in names))


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
