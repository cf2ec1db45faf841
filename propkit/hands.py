"""A function over many pieces by several processes, as many at a time as fit the memory that is given.

The other processes are new ones that run this module, so that neither threads nor the script of the caller get into them.
They are told a function and its arguments, and end when the pipe to them closes: nobody outlives who asked.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from propkit.errors import PropkitError
from propkit.text import Text

Piece, Made = TypeVar("Piece"), TypeVar("Made")


def spread(
    function: Callable[[Piece], Made],
    pieces: Sequence[Piece],
    *,
    workers: int,
    needs: Sequence[int],
    room: int,
    begun: Callable[[Piece], None] = lambda piece: None,
) -> list[Made]:
    """Return what `function` makes of each piece, in their order; `begun` is told each as its turn comes.

    Pieces are at work together while what they need (in bytes) fits into `room`; one that needs more has its turn alone.
    What `function` raises is raised here, and the rest is given up; PropkitError when a process is killed.
    """
    gate, hands = _Gate(room), _Hands()

    def made(piece: Piece, need: int) -> Made:
        with gate.passed(need):
            begun(piece)
            return hands.ask(function, piece)

    with ThreadPoolExecutor(max(1, min(workers, len(pieces)))) as threads:
        asked = [threads.submit(made, piece, need) for piece, need in zip(pieces, needs, strict=True)]
        try:
            return [one.result() for one in asked]
        except BaseException:
            for one in asked:
                one.cancel()
            hands.end(now=True)
            raise
        finally:
            hands.end()


class _Gate:
    """Lets through what fits into the room that is left; what is larger than all of it when nothing else is inside."""

    def __init__(self, room: int) -> None:
        self._room, self._held, self._inside = room, 0, 0
        self._changed = threading.Condition()

    @contextmanager
    def passed(self, need: int) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._inside or self._held + need <= self._room)
            self._held, self._inside = self._held + need, self._inside + 1
        try:
            yield
        finally:
            with self._changed:
                self._held, self._inside = self._held - need, self._inside - 1
                self._changed.notify_all()


class _Hands:
    """The processes at work; one that is idle is asked again."""

    def __init__(self) -> None:
        self._lock, self._idle, self._all = threading.Lock(), [], []
        self._ended = False

    def ask(self, function: Callable, piece: object) -> object:
        """Return what a process makes of a piece; raises what it raised."""
        hand = self._free()
        try:
            pickle.dump((function, piece), hand.stdin)
            hand.stdin.flush()
            fine, said = pickle.load(hand.stdout)  # noqa: S301 - from a process of our own
        except (EOFError, OSError, pickle.UnpicklingError):
            raise PropkitError(
                Text(
                    "一个工作进程被结束，可能内存不足",
                    "a process at work was killed, perhaps for want of memory",
                ),
                hint=Text("在 [limits] 调小 memory_mb，或用 -j 1", "lower memory_mb under [limits], or use -j 1"),
            ) from None
        with self._lock:
            self._idle.append(hand)
        if not fine:
            raise said
        return said

    def _free(self) -> subprocess.Popen:
        with self._lock:
            if self._ended:
                raise EOFError("given up")
            if not self._idle:
                self._all.append(_started())
                return self._all[-1]
            return self._idle.pop()

    def end(self, *, now: bool = False) -> None:
        """End the processes: idle ones by closing their pipes, at once those that are at work."""
        with self._lock:
            self._ended = True
            hands, self._all = (list(self._all), self._all) if now else (self._all, [])
        for hand in hands:
            if now:
                hand.kill()
                continue
            for stream in (hand.stdin, hand.stdout):
                with suppress(OSError):
                    stream.close()
            hand.wait()


def _started() -> subprocess.Popen:
    package = str(Path(__file__).parents[1])
    path = os.pathsep.join(part for part in (package, os.environ.get("PYTHONPATH", "")) if part)
    return subprocess.Popen(
        [sys.executable, "-m", "propkit.hands"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        start_new_session=os.name == "posix", env={**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"},
    )  # fmt: skip


def _serve() -> None:
    """What such a process does: work off what it is told until there is nothing more to come."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what is printed is no answer
    while True:
        try:
            function, piece = pickle.load(told)  # noqa: S301 - from the process that started this one
        except EOFError:
            return
        try:
            said = True, function(piece)
        except Exception as fault:
            said = False, fault
        pickle.dump(said, answers)
        answers.flush()


if __name__ == "__main__":
    _serve()
