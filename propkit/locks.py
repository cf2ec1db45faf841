"""Who may write to a workspace: one at a time, or the shards of one batch side by side.  Says who holds it.

The lock itself is the system's and falls with its process; a note beside it names the holder.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from propkit.errors import LockedError
from propkit.text import Text
from propkit.workspace import Workspace

_GATE_SECONDS = 10


@contextmanager
def locked(workspace: Workspace, *, shard: str = "") -> Iterator[None]:
    """Hold the workspace for one writer; raises LockedError at once when somebody else has it.

    Shards of one batch ("1-of-3", ...) hold it together, each of them once, and keep every other writer out.
    """
    workspace.private.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as held:
        gate = workspace.private / "lock"
        if shard:
            with _taken(gate, workspace, _GATE_SECONDS):
                held.enter_context(_taken(workspace.private / f"lock.{shard}", workspace))
        else:
            held.enter_context(_taken(gate, workspace))
            _check_shards(workspace)
        note = _note(gate.with_name(f"lock.{shard}") if shard else gate)
        who = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%Y-%m-%d %H:%M")}
        note.write_text(json.dumps(who), "utf-8")
        try:
            yield
        finally:
            note.unlink(missing_ok=True)


@contextmanager
def queued(path: Path) -> Iterator[None]:
    """Wait for a short turn at something that the shards of a batch share."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(path):
        yield


def _check_shards(workspace: Workspace) -> None:
    for path in sorted(workspace.private.glob("lock.*")):
        if path.suffix != ".json":
            with _taken(path, workspace):
                continue


@contextmanager
def _taken(path: Path, workspace: Workspace, seconds: float = 0) -> Iterator[None]:
    lock = FileLock(path, timeout=seconds)
    try:
        lock.acquire()
    except Timeout:
        raise _refusal(workspace, _read(_note(path))) from None
    try:
        yield
    finally:
        lock.release()


def _refusal(workspace: Workspace, holder: dict | None) -> LockedError:
    who = Text("", "")
    if holder:
        pid, host, since = holder.get("pid", "?"), holder.get("host", "?"), holder.get("since", "?")
        who = Text(f"：{host} 上的进程 {pid}，{since} 开始", f": process {pid} on {host}, since {since}")
    return LockedError(
        Text(f"另一个 propkit 正在使用这个工作区{who.zh}", f"another propkit is using this workspace{who.en}"),
        place=str(workspace.root),
        hint=Text("等它结束再试", "try again when it has ended"),
    )


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _read(note: Path) -> dict | None:
    with suppress(OSError, ValueError):
        said = json.loads(note.read_text("utf-8"))
        return said if isinstance(said, dict) else None
    return None
