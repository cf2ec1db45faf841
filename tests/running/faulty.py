"""A disk that fails once, at the N-th call of a kind: in this process, and in others that find this file as sitecustomize.

Knows nothing but the standard library.  What is to fail stands in the file that PROPKIT_FAULT names, as JSON: `call`
("open" for writing, "write", "fsync" or "replace"), `error` (its number, or 0 to be killed), `at` (from 1) and `beneath` (the
folder or file whose calls count).  Calls of all processes count together, in the file beside it.
"""

from __future__ import annotations

import builtins
import fcntl
import io
import json
import os
import signal
from pathlib import Path

VARIABLE = "PROPKIT_FAULT"
CALLS = ("open", "write", "fsync", "replace")
_open, _os = io.open, {name: getattr(os, name) for name in ("open", "write", "fsync", "replace", "rename")}
_busy = False


def arm(plan: Path, call: str, error: int, at: int, beneath: Path) -> None:
    """Let the `at`-th such call fail from now on."""
    count_of(plan).unlink(missing_ok=True)
    with _open(plan.with_suffix(".new"), "w", encoding="utf-8") as out:
        out.write(json.dumps({"call": call, "error": error, "at": at, "beneath": str(beneath)}))
    _os["replace"](plan.with_suffix(".new"), plan)


def disarm(plan: Path) -> None:
    """Let nothing fail any more."""
    plan.unlink(missing_ok=True)


def struck(plan: Path, at: int) -> bool:
    """Whether so many calls came about as it last was armed."""
    return at == 0 or (count_of(plan).exists() and count_of(plan).stat().st_size >= at)


def count_of(plan: Path) -> Path:
    """Where the calls are counted."""
    return plan.with_suffix(".count")


def replacements() -> list[tuple[object, str, object]]:
    """What stands in for what: module, name, function."""
    files = [(io, "open", _opening), (builtins, "open", _opening)]
    return [*files, (os, "open", _os_open), (os, "write", _os_write), (os, "fsync", _fsync),
            *((os, name, _moving(name)) for name in ("replace", "rename"))]  # fmt: skip


def _struck(call: str, path: object) -> int | None:
    """The error of this call, should it be the one."""
    global _busy
    plan = os.environ.get(VARIABLE, "")
    if _busy or not plan or not os.path.exists(plan):
        return None
    _busy = True
    try:
        said = json.loads(Path(plan).read_text("utf-8"))
        if said["call"] != call or not os.path.abspath(os.fsdecode(path)).startswith(said["beneath"]):
            return None
        return said["error"] if _counted(count_of(Path(plan))) == said["at"] else None
    finally:
        _busy = False


def _counted(path: Path) -> int:
    """The number of this call among those of all processes."""
    with _open(path, "ab", 0) as count:
        fcntl.flock(count, fcntl.LOCK_EX)
        count.write(b".")
        return os.fstat(count.fileno()).st_size


def _fail(error: int | None) -> None:
    if error == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    if error:
        raise OSError(error, os.strerror(error))


class _Raw(io.FileIO):
    def write(self, data: bytes) -> int:
        return _half_written("write", self.name, data, super().write)


def _half_written(call: str, path: object, data: bytes, write: object) -> int:
    """A disk that is full takes a part first."""
    error = _struck(call, path)
    if error is not None:
        write(bytes(data)[: len(data) // 2])
        _fail(error)
    return write(data)


def _opening(
    file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None
) -> io.IOBase:
    if _busy or not isinstance(file, (str, os.PathLike)) or not set(mode) & set("wax+"):
        return _open(file, mode, buffering, encoding, errors, newline, closefd, opener)
    _fail(_struck("open", file))
    raw = _Raw(file, mode.replace("b", "").replace("t", ""), closefd, opener)
    if buffering == 0:
        return raw
    binary = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
    return binary if "b" in mode else io.TextIOWrapper(binary, encoding or "utf-8", errors, newline)


def _os_open(path, flags, mode=0o777, *, dir_fd=None) -> int:
    if flags & (os.O_WRONLY | os.O_RDWR) and dir_fd is None:
        _fail(_struck("open", path))
    return _os["open"](path, flags, mode, dir_fd=dir_fd)


def _os_write(handle: int, data: bytes) -> int:
    return _half_written("write", _path(handle), data, lambda part: _os["write"](handle, part))


def _fsync(handle: int) -> None:
    _fail(_struck("fsync", _path(handle if isinstance(handle, int) else handle.fileno())))
    _os["fsync"](handle)


def _moving(name: str) -> object:
    def move(source, target, **more) -> None:
        _fail(_struck("replace", target))
        _os[name](source, target, **more)

    return move


def _path(handle: int) -> str:
    return os.readlink(f"/proc/self/fd/{handle}")


if __name__ == "sitecustomize":
    for _module, _name, _function in replacements():
        setattr(_module, _name, _function)
