"""Where rows and rejects live: Parquet, one file for each table and community, written atomically; and how raw files get there.

Everything here can be deleted and made again from raw/.  Parses nothing itself (intake does) and groups nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

import pandas as pd
from natsort import natsorted

from propkit import domains
from propkit.errors import ConfigError, DataError, nearest
from propkit.intake import Check, Cleaned, Context, Reconciliation, Source, combine, resolve, take
from propkit.intake.reconciliation import count_rules
from propkit.locks import locked
from propkit.periods import parse_as_of
from propkit.text import Text
from propkit.workspace import Workspace

RESULTS_SCHEMA = 1
STORE_VERSION = "1"
"""Raised when cleaning changes what it makes of the same file, so that cached parts are made again."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What `ingest` did: one entry for each file (plain JSON data), and how many were read anew."""

    files: list[dict]
    unmatched: list[str]
    read: int

    @property
    def refused(self) -> list[dict]:
        return [entry for entry in self.files if entry["refused"]]


def ingest(workspace: Workspace, *, tell: Callable[[str], None] = lambda name: None) -> Ingested:
    """Bring raw/ into the store: parse what is new or changed, combine everything, write what differs.

    A refused file is named with its reason and the others go on.  Returns what happened to each file, which is also kept in
    store/ingest_results.json.
    """
    with locked(workspace):
        jobs = _matches(workspace)
        parts = _parts(workspace, jobs, tell)
        files = _write_tables(workspace, parts)
        matched = {path for path, _ in jobs}
        unmatched = [_relative(workspace, path) for path in _raw_files(workspace) if path not in matched]
        _drop_stale_parts(workspace, parts)
        result = Ingested(files, unmatched, sum(part.fresh for part in parts))
        write_json(
            workspace.store / "ingest_results.json",
            {"schema_version": RESULTS_SCHEMA, "files": files, "unmatched": unmatched},
        )
        return result


def results(workspace: Workspace) -> dict:
    """Return what the last `ingest` recorded; empty lists when there was none."""
    path = workspace.store / "ingest_results.json"
    if not path.is_file():
        return {"files": [], "unmatched": []}
    stamp = path.stat()
    return _parsed(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=2)
def _parsed(path: Path, *stamp: int) -> dict:
    """A batch asks for the same file once for each job."""
    return json.loads(path.read_text("utf-8"))


def accounts(workspace: Workspace, community: str) -> list[dict]:
    """Return the accounts of the files that hold rows of `community`, and of those that no community could be read from."""
    return [
        entry for entry in results(workspace)["files"] if community in entry["communities"] or not entry["communities"]
    ]


def load(workspace: Workspace, communities: Iterable[str] | None = None) -> dict[str, pd.DataFrame]:
    """Return the canonical rows of `communities` (all by default) by table name; a table without rows is empty."""
    wanted = None if communities is None else list(communities)
    return {name: _load_table(workspace, name, wanted) for name in domains.TABLES}


def partitions(workspace: Workspace, communities: Sequence[str]) -> list[list[str]]:
    """Return the communities in parts, in their order, whose rows and what is derived from them fit the memory that is given.

    A community that is larger by itself is a part of its own: it is the smallest piece in which rows are stored.
    """
    room, parts, held = workspace.settings.limits.memory_mb << 20, [[]], 0
    for place in communities:
        size = _cells(workspace, place) * _CELL_BYTES
        if parts[-1] and held + size > room:
            parts.append([])
            held = 0
        parts[-1].append(place)
        held += size
    return parts


def _cells(workspace: Workspace, community: str) -> int:
    import pyarrow.parquet as pq

    found = [_table_path(workspace, name, community) for name in domains.TABLES]
    kept = [pq.read_metadata(path) for path in found if path.is_file()]
    return sum(one.num_rows * one.num_columns for one in kept)


def load_rejects(workspace: Workspace) -> pd.DataFrame:
    """Return every reject: table, community (where known), file, sheet, line, column, rule, value."""
    path = workspace.private / "rejects.parquet"
    return pd.read_parquet(path) if path.is_file() else pd.DataFrame(columns=_REJECT_COLUMNS).astype("str")


def communities(workspace: Workspace) -> dict[str, str]:
    """Return id -> name of every community that is declared or was found in the data, in declared, then natural order."""
    named = {community.id: community.name for community in workspace.settings.community}
    found = {place: names[0] for entry in results(workspace)["files"] for place, names in entry["communities"].items()}
    return named | {place: found[place] for place in natsorted(found) if place not in named}


def check_community(workspace: Workspace, community: str) -> str:
    """Return `community` if it is known; otherwise raise ConfigError with the nearest name."""
    known = communities(workspace)
    if community not in known:
        raise ConfigError(
            Text("没有这个小区", "no such community"),
            got=community,
            expected=", ".join(list(known)[:20]),
            hint=nearest(community, [*known, *known.values()]),
        )
    return community


def data_cutoff(workspace: Workspace, as_of: str | None = None) -> pd.Timestamp:
    """Return the data cut-off: as asked, as set in propkit.toml, or the end of the last day on which anything came in."""
    text = as_of or workspace.settings.workspace.as_of
    if text:
        return parse_as_of(text)
    newest = [moment for moment in _last_moments(workspace) if not pd.isna(moment)]
    if not newest:
        raise DataError(Text("还没有数据", "there are no data yet"), place=str(workspace.store), hint="propkit ingest")
    return max(newest).normalize() + pd.Timedelta(days=1, seconds=-1)


def fingerprint(workspace: Workspace, community: str) -> str:
    """Return a hash over all that reports of `community` read from the store: its rows and the accounts of its files."""
    digest = hashlib.sha256(json.dumps(accounts(workspace, community), sort_keys=True).encode())
    for name in domains.TABLES:
        path = _table_path(workspace, name, community)
        digest.update(f"{name}\0".encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def published(workspace: Workspace, community: str) -> list[list[dict]]:
    """Return what pages for owners ever showed of opinions in `community`, publication by publication (plain data)."""
    found = sorted((workspace.private / "published" / community).glob("*.json"))
    return [json.loads(path.read_text("utf-8")) for path in found]


def keep_published(workspace: Workspace, community: str, shown: Sequence[dict]) -> None:
    """Keep what a page for owners shows of opinions: later pages are held against it.  The same content is kept once."""
    name = hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()
    path = workspace.private / "published" / community / f"{name}.json"
    if shown and not path.is_file():
        write_json(path, list(shown))


def told(workspace: Workspace, community: str, report: str, edition: str) -> list[dict]:
    """Return what published pages of a report told (`reporting.restated.telling`), by period and in the order they were made.

    Each has its `number` among those of its period, from 1.
    """
    found = sorted((workspace.private / "told" / community / f"{report}-{edition}").glob("*.json"))
    return [{**json.loads(path.read_text("utf-8")), "number": int(path.stem.rpartition("+")[2])} for path in found]


def keep_told(workspace: Workspace, community: str, telling: Mapping[str, object]) -> None:
    """Keep what a page tells, for the restatement log of later ones; made again from the same data it is kept once."""
    report, edition, period = (str(telling[name]) for name in ("report", "edition", "period"))
    known = [one for one in told(workspace, community, report, edition) if one["period"] == period]
    if telling["mark"] in {one["mark"] for one in known}:
        return
    folder = workspace.private / "told" / community / f"{report}-{edition}"
    write_json(folder / f"{period}+{len(known) + 1:03}.json", dict(telling))


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


_REGISTER = "household"
_CELL_BYTES = 200
"""What a stored cell takes at most while it is counted, derived columns with it: measured on the demo, rounded up."""
_REJECT_COLUMNS = ["table", "file", "sheet", "line", "column", "rule", "value"]


@dataclass(frozen=True, slots=True)
class _Part:
    """One file read through one source: what came of it, and whether it was read anew."""

    table: str
    key: str
    cleaned: Cleaned
    given: str
    fresh: bool


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


def _raw_files(workspace: Workspace) -> list[Path]:
    found = [path for path in workspace.raw.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return natsorted(found, key=lambda path: _relative(workspace, path))


def _relative(workspace: Workspace, path: Path) -> str:
    return path.relative_to(workspace.raw).as_posix()


def _matches(workspace: Workspace) -> list[tuple[Path, Source]]:
    """Pair each raw file with every source whose pattern fits it; ConfigError when two sources read the same rows."""
    files = [(path, _relative(workspace, path)) for path in _raw_files(workspace)]
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
                place=_relative(workspace, path),
                got=f"{other.title} · {source.title}",
                hint=Text("改 files，或各写 sheet", "change files, or give each its own sheet"),
            )
    return pairs


def _parts(workspace: Workspace, jobs: Sequence[tuple[Path, Source]], tell: Callable[[str], None]) -> list[_Part]:
    """Read every file; the register first, because its units settle room codes in the others."""
    context = _context(workspace)
    register = [_part(workspace, *job, context, tell) for job in jobs if job[1].table == _REGISTER]
    homes = [part.cleaned.rows[["community", "household"]] for part in register]
    known = pd.concat(homes, ignore_index=True).drop_duplicates() if homes else pd.DataFrame(columns=["community"])
    units = {
        place: frozenset(known.loc[known["community"] == place, "household"]) for place in known["community"].unique()
    }
    context = replace(context, known_units=units)
    return [*register, *(_part(workspace, *job, context, tell) for job in jobs if job[1].table != _REGISTER)]


def _part(workspace: Workspace, path: Path, source: Source, context: Context, tell: Callable[[str], None]) -> _Part:
    """Read one file through one source, or take what an earlier run made of the same bytes and the same source."""
    name = _relative(workspace, path)
    key = _part_key(path, name, source, context)
    folder = workspace.private / "parts" / key
    kept = _read_part(folder)
    if kept is None:
        tell(name)
    cleaned = kept or take(path, source, context, name=name)
    if kept is None:
        _write_part(folder, cleaned)
    missing = set(cleaned.reconciliation.missing_columns)
    given = sorted({*source.columns, *source.constants, *(["score"] if source.items else [])} - missing)
    return _Part(source.table, key, cleaned, ",".join(given), kept is None)


def _part_key(path: Path, name: str, source: Source, context: Context) -> str:
    digest = hashlib.sha256(path.read_bytes())
    units = {place: sorted(homes) for place, homes in sorted(context.known_units.items())}
    setting = [
        STORE_VERSION,
        name,
        source.model_dump_json(),
        sorted(context.communities.items()),
        context.discover,
        context.timezone,
        hashlib.sha256(context.key).hexdigest(),
        units,
    ]
    digest.update(json.dumps(setting, ensure_ascii=False).encode())
    return digest.hexdigest()


def _read_part(folder: Path) -> Cleaned | None:
    account = folder / "account.json"
    if not account.is_file():
        return None
    said = json.loads(account.read_text("utf-8"))
    said["checks"] = [
        Check(**{name: value for name, value in check.items() if name != "equal"}) for check in said["checks"]
    ]
    rows, rejects = (pd.read_parquet(folder / f"{name}.parquet") for name in ("rows", "rejects"))
    return Cleaned(rows, rejects, Reconciliation(**said))


def _write_part(folder: Path, cleaned: Cleaned) -> None:
    """Keep what was made of a file; its account is written last and says that the rest is there."""
    _write_frame(folder / "rows.parquet", cleaned.rows)
    _write_frame(folder / "rejects.parquet", cleaned.rejects)
    write_json(folder / "account.json", cleaned.reconciliation.to_json())


def _drop_stale_parts(workspace: Workspace, parts: Sequence[_Part]) -> None:
    current = {part.key for part in parts}
    for folder in (workspace.private / "parts").glob("*"):
        if folder.name not in current:
            shutil.rmtree(folder)


def _write_tables(workspace: Workspace, parts: Sequence[_Part]) -> list[dict]:
    """Combine the parts of each table, write a file for each community, and return the final account of every file."""
    entries, rejected, current = [], [], set()
    for name in domains.TABLES:
        ours = [part for part in parts if part.table == name]
        if not ours:
            continue
        rows, rejects = combine([part.cleaned for part in ours])
        given = {part.cleaned.reconciliation.file: part.given for part in ours}
        rows = rows.assign(given=rows["file"].map(given).astype("str"))
        for community in sorted(rows["community"].unique()):
            current.add(_table_path(workspace, name, community))
            _write_frame(
                _table_path(workspace, name, community), rows[rows["community"] == community].reset_index(drop=True)
            )
        rejected.append(rejects.assign(table=name)[_REJECT_COLUMNS])
        entries += [_final(part.cleaned.reconciliation, rejects) for part in ours]
    for path in set((workspace.store / "rows").glob("*/*.parquet")) - current:
        path.unlink()
    empty = pd.DataFrame(columns=_REJECT_COLUMNS).astype("str")
    _write_frame(workspace.private / "rejects.parquet", pd.concat(rejected, ignore_index=True) if rejected else empty)
    return entries


def _final(account: Reconciliation, rejects: pd.DataFrame) -> dict:
    """The account of a file after its lines met those of other files: a key that is newer elsewhere is a refused line here."""
    ours = rejects[(rejects["file"] == account.file) & (rejects["sheet"] == account.sheet)]
    lost = ours["line"].nunique()
    return account.to_json() | {
        "kept": account.lines - lost,
        "rejected_lines": lost,
        "rejected": count_rules(ours),
        "refused": account.refused,
    }


def _table_path(workspace: Workspace, table: str, community: str) -> Path:
    return workspace.store / "rows" / table / f"{community}.parquet"


def _load_table(workspace: Workspace, name: str, wanted: list[str] | None) -> pd.DataFrame:
    folder = workspace.store / "rows" / name
    paths = sorted(folder.glob("*.parquet")) if wanted is None else [folder / f"{place}.parquet" for place in wanted]
    parts = [pd.read_parquet(path) for path in paths if path.is_file()]
    return pd.concat(parts, ignore_index=True) if parts else domains.empty(domains.TABLES[name])


def _last_moments(workspace: Workspace) -> list[pd.Timestamp]:
    """The newest dated row of every table whose rows are events."""
    dated = {name: table.dated_by for name, table in domains.TABLES.items() if table.dated_by in table.events}
    paths = [(path, dated[name]) for name in dated for path in (workspace.store / "rows" / name).glob("*.parquet")]
    return [pd.read_parquet(path, columns=[column])[column].max() for path, column in paths]


def _write_frame(path: Path, frame: pd.DataFrame) -> None:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    write_bytes(path, buffer.getvalue())
