"""Files replaced in one step: a reader sees the old one or the new one, never a part."""

from __future__ import annotations

import io
import json
import os
from contextlib import suppress
from pathlib import Path

import pandas as pd


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
