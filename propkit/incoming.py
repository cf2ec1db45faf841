"""What was made of each raw file, kept beside the store: only what is new or changed is read again.

Files are read as many at a time as there are processors and memory for them; nothing of a large store stays in memory.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

import pandas as pd
from natsort import natsorted

from propkit import hands
from propkit.errors import ConfigError
from propkit.files import write_bytes, write_frame, write_json
from propkit.intake import Check, Cleaned, Context, Reconciliation, Source, resolve, take
from propkit.text import Text
from propkit.workspace import Workspace

STORE_VERSION = "1"
"""Raised when cleaning changes what it makes of the same file, so that cached parts are made again."""
NEEDS = {".xlsx": 60, ".xls": 30}
"""Bytes of memory for each byte of a file that is read: measured, rounded up; any other kind is text."""
NEEDS_TEXT = 16
WORTH_FILES, WORTH_BYTES = 12, 16 << 20
"""From so many files or bytes on other processes are worth their start, which takes a second of CPU."""
_REGISTER = "household"
_ROWS_TOGETHER = 1 << 16


@dataclass(frozen=True, slots=True)
class Part:
    """One file read through one source: the account of what came of it, where that lies, and whether it was read anew.

    `cleaned` is there where all parts together are small.
    """

    table: str
    key: str
    folder: Path
    account: Reconciliation
    given: str
    fresh: bool
    cleaned: Cleaned | None = None

    def rows(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the rows that were made of the file, with these columns."""
        if self.cleaned is not None:
            return self.cleaned.rows if columns is None else self.cleaned.rows[list(columns)]
        return pd.read_parquet(self.folder / "rows.parquet", columns=None if columns is None else list(columns))

    def of(self, communities: Sequence[str] | None) -> Cleaned:
        """Return what was made of the file, of its rows those of some communities (None: all); rejects are always whole."""
        if self.cleaned is not None or communities is None:
            return self.cleaned or _read(self.folder)
        rows = pd.read_parquet(self.folder / "rows.parquet", filters=[("community", "in", list(communities))])
        return Cleaned(rows, pd.read_parquet(self.folder / "rejects.parquet"), self.account)


def _context(workspace: Workspace) -> Context:
    return Context(
        communities=workspace.spellings(),
        discover=not workspace.settings.community,
        key=_household_key(workspace),
        timezone=workspace.settings.workspace.timezone,
    )


def _household_key(workspace: Workspace) -> bytes:
    """The secret behind the household hashes; made once for each store, readable by its owner alone, in no report."""
    path = workspace.private / "household.key"
    if not path.is_file():
        workspace.private.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_bytes(path, secrets.token_bytes(32))
        path.chmod(0o600)
    return path.read_bytes()


def raw_files(workspace: Workspace) -> list[Path]:
    """Return the files under raw/ in natural order."""
    found = [path for path in workspace.raw.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return natsorted(found, key=lambda path: relative(workspace, path))


def relative(workspace: Workspace, path: Path) -> str:
    """Return how messages and provenance call a raw file."""
    return path.relative_to(workspace.raw).as_posix()


def matches(workspace: Workspace) -> list[tuple[Path, Source]]:
    """Pair each raw file with every source whose pattern fits it; ConfigError when two sources read the same rows."""
    files = [(path, relative(workspace, path)) for path in raw_files(workspace)]
    sources = [resolve(source) for source in workspace.settings.source]
    pairs = [
        (path, source)
        for source in sources
        for path, name in files
        if any(name == pattern or fnmatch(name, pattern) for pattern in source.files)
    ]
    seen: dict[tuple[Path, str, str | None, tuple], Source] = {}
    for path, source in pairs:
        # Sources that declare different constants read different records of the same lines: two rates of one row, say.
        place = (path, source.table, source.sheet, tuple(sorted(source.constants.items())))
        other = seen.setdefault(place, source)
        if other is not source:
            raise ConfigError(
                Text("两个 [[source]] 读同一个文件的同一张表", "two [[source]] blocks read the same table of one file"),
                place=relative(workspace, path),
                got=f"{other.title} · {source.title}",
                hint=Text("改 files，或各写 sheet", "change files, or give each its own sheet"),
            )
    return pairs


def parts(
    workspace: Workspace, jobs: Sequence[tuple[Path, Source]], tell: Callable[[str], None], workers: int
) -> list[Part]:
    """Read every file; the register first, because its units settle room codes in the others."""
    context, room = _context(workspace), workspace.settings.limits.memory_mb << 20
    light = sum(map(_need, (path for path, _ in jobs))) <= room
    read = partial(_read_all, workspace, tell=tell, workers=workers, room=room, light=light)
    register = read([job for job in jobs if job[1].table == _REGISTER], context)
    homes = [part.rows(["community", "household"]) for part in register]
    known = pd.concat(homes, ignore_index=True).drop_duplicates() if homes else pd.DataFrame(columns=["community"])
    units = {
        place: frozenset(known.loc[known["community"] == place, "household"]) for place in known["community"].unique()
    }
    context = replace(context, known_units=units)
    return [*register, *read([job for job in jobs if job[1].table != _REGISTER], context)]


def drop_stale(workspace: Workspace, kept: Sequence[Part]) -> None:
    """Remove what was made of files that are no longer there or changed."""
    current = {part.key for part in kept}
    for folder in _home(workspace).glob("*"):
        if folder.name not in current:
            shutil.rmtree(folder)


def _home(workspace: Workspace) -> Path:
    return workspace.private / "parts"


def _need(path: Path) -> int:
    return path.stat().st_size * NEEDS.get(path.suffix.lower(), NEEDS_TEXT)


@dataclass(frozen=True, slots=True)
class _Work:
    """One file to be read through one source into a folder."""

    path: Path
    name: str
    source: Source
    context: Context
    folder: Path


def _read_all(
    workspace: Workspace,
    jobs: Sequence[tuple[Path, Source]],
    context: Context,
    *,
    tell: Callable[[str], None],
    workers: int,
    room: int,
    light: bool,
) -> list[Part]:
    """Read files anew, or take what an earlier run made of the same bytes and the same source."""
    settled = _settled(context)
    works = [_work(workspace, path, source, context, settled) for path, source in jobs]
    new = [work for work in works if not (work.folder / "account.json").is_file()]
    made: dict[Path, Cleaned] = {}
    size = sum(work.path.stat().st_size for work in new)
    if workers > 1 and len(new) > 1 and (len(new) >= WORTH_FILES or size >= WORTH_BYTES):
        needs = [_need(work.path) for work in new]
        hands.spread(_make, new, workers=workers, needs=needs, room=room, begun=lambda work: tell(work.name))
    else:
        for work in new:
            tell(work.name)
            cleaned = take(work.path, work.source, work.context, name=work.name)
            _write(work.folder, cleaned)
            made |= {work.folder: cleaned} if light else {}
    fresh = {work.folder for work in new}
    return [_part(work, made.get(work.folder), light, work.folder in fresh) for work in works]


def _make(work: _Work) -> None:
    """What another process does with a file: what it made of it is found in its folder."""
    _write(work.folder, take(work.path, work.source, work.context, name=work.name))


def _part(work: _Work, cleaned: Cleaned | None, light: bool, fresh: bool) -> Part:
    cleaned = cleaned or (_read(work.folder) if light else None)
    account = cleaned.reconciliation if cleaned else _account(work.folder)
    missing, source = set(account.missing_columns), work.source
    given = sorted({*source.columns, *source.constants, *(["score"] if source.items else [])} - missing)
    return Part(source.table, work.folder.name, work.folder, account, ",".join(given), fresh, cleaned)


def _work(workspace: Workspace, path: Path, source: Source, context: Context, settled: str) -> _Work:
    name = relative(workspace, path)
    digest = hashlib.sha256(path.read_bytes())
    digest.update(json.dumps([STORE_VERSION, name, source.model_dump_json(), settled], ensure_ascii=False).encode())
    return _Work(path, name, source, context, _home(workspace) / digest.hexdigest())


def _settled(context: Context) -> str:
    """A hash over what all files are read with, units of the register included."""
    units = {place: sorted(homes) for place, homes in sorted(context.known_units.items())}
    key = hashlib.sha256(context.key).hexdigest()
    said = [sorted(context.communities.items()), context.discover, context.timezone, key, units]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def _account(folder: Path) -> Reconciliation:
    said = json.loads((folder / "account.json").read_text("utf-8"))
    said["checks"] = [
        Check(**{name: value for name, value in check.items() if name != "equal"}) for check in said["checks"]
    ]
    return Reconciliation(**said)


def _read(folder: Path) -> Cleaned:
    rows, rejects = (pd.read_parquet(folder / f"{name}.parquet") for name in ("rows", "rejects"))
    return Cleaned(rows, rejects, _account(folder))


def _write(folder: Path, cleaned: Cleaned) -> None:
    """Keep what was made of a file; its account is written last and says that the rest is there."""
    write_frame(folder / "rows.parquet", cleaned.rows, _ROWS_TOGETHER)
    write_frame(folder / "rejects.parquet", cleaned.rejects, _ROWS_TOGETHER)
    write_json(folder / "account.json", cleaned.reconciliation.to_json())
