"""The preloaded process that forks one child for each report.  Run as a module; spoken to in JSON lines.

Imports once what every report needs, and stays single-threaded: only such a process forks safely.  Orders come on stdin
(`runtime`, `start`, `kill`); each child's end goes out on stdout with its exit status and its peak of memory.  When
stdin closes, whoever gave the orders is gone: every child is ended and the run's folder removed.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import selectors
import shutil
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_RARELY = 50_000, 20, 20
"""How often rubbish is collected in a process that lives for seconds: the usual rate takes a twentieth of its CPU."""


def main() -> None:
    """Prepare, say so, and serve until stdin closes; the first argument is the id of the process that gives the orders."""
    die_with_parent(int(sys.argv[1]))
    orders, answers = _streams()
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    preload()
    _prctl(_PR_SET_PDEATHSIG, 0)  # from here on the end of stdin tells it, and there may be children to end first
    threads = thread_count()
    if threads != 1:
        raise RuntimeError(f"{threads} threads after preloading; forking would not be safe")
    Nursery(orders, answers).serve()


def preload() -> None:
    """Import what every report needs and build what its first use would build."""
    import pyarrow.parquet  # noqa: F401
    import scipy.stats  # noqa: F401

    from propkit.running import light

    light.spare_grammar()
    light.plain_strings()
    from propkit.reporting import page, sections, svg  # noqa: F401
    from propkit.running import child, engine, execute  # noqa: F401

    page.warm()
    svg.warm()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_RARELY)


def thread_count() -> int:
    """Return the threads of this process, those of libraries included where the system tells."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else 1


class Nursery:
    """Forks, ends and reaps the children of one run."""

    def __init__(self, orders: int, answers: int) -> None:
        self._orders, self._answers = orders, answers
        self._tickets: dict[int, int] = {}
        self._runtime: Path | None = None
        self._wake, wakeup = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wakeup, False)
        self._wakeup = wakeup
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def serve(self) -> None:
        """Follow orders until there are none to come."""
        self._say(ready=True)
        selector = selectors.DefaultSelector()
        selector.register(self._orders, selectors.EVENT_READ)
        selector.register(self._wake, selectors.EVENT_READ)
        pending = b""
        while True:
            ready = {key.fd for key, _ in selector.select()}
            if self._wake in ready:
                with suppress(BlockingIOError):
                    os.read(self._wake, 4096)
                self._reap()
            if self._orders in ready:
                said = os.read(self._orders, 1 << 16)
                if not said:
                    break
                *lines, pending = (pending + said).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))
        self._end_all()

    def _obey(self, order: dict) -> None:
        if order["do"] == "runtime":
            self._runtime = Path(order["path"])
        elif order["do"] == "start":
            self._start(order)
        elif order["do"] == "kill":
            for pid in [pid for pid, ticket in self._tickets.items() if ticket == order["ticket"]]:
                _kill(pid)

    def _start(self, order: dict) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError:  # no process or no memory left: told as a start that failed
            self._say(ticket=order["ticket"], status=None, peak=0)
            return
        if pid == 0:
            _live(order, parent, (self._wake, self._wakeup, self._orders, self._answers))
        self._tickets[pid] = order["ticket"]

    def _reap(self) -> None:
        """Collect every child that has ended, and whatever it left running."""
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._tickets:
                _kill(pid, group_only=True)
                ticket = self._tickets.pop(pid)
                self._end_orphans()
                code = os.waitstatus_to_exitcode(status)
                self._say(ticket=ticket, status=code, peak=used.ru_maxrss * (1 if sys.platform == "darwin" else 1024))

    def _end_orphans(self) -> None:
        """End what was started by a report, left its group, and came to us when its parent ended."""
        with suppress(OSError):
            found = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            for pid in {int(name) for name in found} - set(self._tickets):
                _kill(pid)

    def _end_all(self) -> None:
        for pid in self._tickets:
            _kill(pid)
        for pid in list(self._tickets):
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
        self._tickets.clear()
        self._end_orphans()
        if self._runtime is not None:
            shutil.rmtree(self._runtime, ignore_errors=True)

    def _say(self, **said: object) -> None:
        with suppress(BrokenPipeError):
            os.write(self._answers, json.dumps(said).encode() + b"\n")


def _live(order: dict, parent: int, inherited: tuple[int, ...]) -> None:
    """What the forked child does; it never returns, and runs nobody's exit handlers."""
    code = 1
    try:
        from propkit.running import child
        from propkit.running.limits import Limits
        from propkit.running.plan import Job

        folder = Path(order["folder"])
        child.detach(folder)
        for handle in inherited:
            os.close(handle)
        die_with_parent(parent)
        child.start_afresh()
        child.live(Path(order["root"]), Job(**order["job"]), folder, order["engine"], Limits(**order["limits"]))
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        with suppress(Exception):
            sys.__stdout__.flush()
            sys.__stderr__.flush()
        os._exit(code)


def _kill(pid: int, *, group_only: bool = False) -> None:
    """End a child with all of its group; just after the fork it has no group of its own yet."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    if not group_only:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _streams() -> tuple[int, int]:
    """Move stdin and stdout away, so that nothing that is printed can be taken for an answer."""
    orders, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return orders, answers


def die_with_parent(parent: int) -> None:
    """Ask Linux to kill this process with its parent: one busy in C code never looks for the parent itself."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value)


if __name__ == "__main__":
    main()
