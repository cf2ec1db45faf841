"""Files replaced in one step: a reader sees the old one or the new one, never a part.  And what the package is made of."""

from __future__ import annotations

import hashlib
import io
import json
import os
from contextlib import suppress
from functools import cache
from importlib import resources
from pathlib import Path

import pandas as pd

from propkit import __version__


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step: a reader sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with staged.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(staged, path)
    except OSError:
        with suppress(OSError):
            staged.unlink(missing_ok=True)
        raise


def write_json(path: Path, data: object) -> None:
    """Write plain data as JSON, atomically, with sorted keys."""
    write_bytes(path, json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True).encode())


def write_frame(path: Path, frame: pd.DataFrame, rows_together: int | None = None) -> None:
    """Write a frame as Parquet, atomically; `rows_together` bounds what must be in memory to read a part of it."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, row_group_size=rows_together)
    write_bytes(path, buffer.getvalue())


@cache
def package_hash() -> str:
    """Return a hash over the installed version, every module and every template file of the package."""
    package = Path(str(resources.files("propkit")))
    templates = (path for path in (package / "reporting" / "template").rglob("*") if path.is_file())
    digest = hashlib.sha256(__version__.encode())
    for path in sorted({*package.rglob("*.py"), *templates}):
        digest.update(
            f"{path.relative_to(package).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode()
        )
    return digest.hexdigest()
