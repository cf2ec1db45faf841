"""Where rows and rejects live: Parquet, one file for each table and community, written atomically; and how raw files get there.

Everything here can be deleted and made again from raw/.  Parses nothing itself (intake does) and groups nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import pandas as pd
from natsort import natsorted

from propkit import domains, hands, incoming
from propkit.errors import ConfigError, DataError, nearest
from propkit.files import write_bytes as write_bytes
from propkit.files import write_frame, write_json
from propkit.incoming import Part
from propkit.intake import Reconciliation, combine
from propkit.intake.reconciliation import REJECTS, count_rules
from propkit.locks import locked
from propkit.periods import months_of, parse_as_of
from propkit.text import Text
from propkit.workspace import Workspace

RESULTS_SCHEMA = 1


Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Ingested:
    """What `ingest` did: one entry for each file (plain JSON data), and how many were read anew."""

    files: list[dict]
    unmatched: list[str]
    read: int

    @property
    def refused(self) -> list[dict]:
        return [entry for entry in self.files if entry["refused"]]


def ingest(
    workspace: Workspace, *, tell: Callable[[str], None] = lambda name: None, workers: int | None = None
) -> Ingested:
    """Bring raw/ into the store: parse what is new or changed, combine everything, write what differs.

    Files are read by `workers` processes (one for each processor by default) and communities combined in pieces, as many at a
    time as fit the memory that propkit.toml gives; one file and one community are the smallest pieces.  A refused file is
    named with its reason and the others go on.  Returns what happened to each file, which is also kept in
    store/ingest_results.json.
    """
    with locked(workspace):
        jobs = incoming.matches(workspace)
        parts = incoming.parts(workspace, jobs, tell, workers or os.cpu_count() or 1)
        accounts = _write_tables(workspace, parts)
        matched = {path for path, _ in jobs}
        unmatched = [
            incoming.relative(workspace, path) for path in incoming.raw_files(workspace) if path not in matched
        ]
        incoming.drop_stale(workspace, parts)
        result = Ingested(accounts, unmatched, sum(part.fresh for part in parts))
        write_json(
            workspace.store / "ingest_results.json",
            {"schema_version": RESULTS_SCHEMA, "files": accounts, "unmatched": unmatched},
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


def load(
    workspace: Workspace, communities: Iterable[str] | None = None, names: Iterable[str] = tuple(domains.TABLES)
) -> dict[str, pd.DataFrame]:
    """Return the canonical rows of `communities` (all by default) by table name; a table without rows is empty."""
    wanted = None if communities is None else list(communities)
    return {name: _load_table(workspace, name, wanted) for name in names}


def months(workspace: Workspace, communities: Iterable[str] | None = None) -> list[str]:
    """Return the months in which any event table of `communities` (all by default) has a row; only dates are read."""
    wanted = None if communities is None else list(communities)
    dated = [(name, table.dated_by) for name, table in domains.TABLES.items()]
    return months_of(
        pd.read_parquet(path, columns=[column])[column]
        for name, column in dated
        if domains.TABLES[name].columns[column].kind == "instant"
        for path in _paths(workspace, name, wanted)
    )


def partitions(workspace: Workspace, communities: Sequence[str], shares: int = 1) -> list[list[str]]:
    """Return the communities in parts, in their order, whose rows and what is derived from them fit the memory that is given.

    With `shares` so many parts fit it together.  A community that is larger by itself is a part of its own: it is the smallest
    piece in which rows are stored.
    """
    needs = {place: need(workspace, [place]) for place in communities}
    return _fitting(needs, memory(workspace) // shares)


def in_parts(
    workspace: Workspace,
    some: Callable[[list[str]], Made],
    communities: Sequence[str],
    workers: int | None = None,
) -> Iterable[Made]:
    """Return what `some` makes of communities, part by part; where all do not fit the memory, smaller parts side by side by
    `workers` processes (one for each processor by default)."""
    workers, pieces = workers or os.cpu_count() or 1, partitions(workspace, communities)
    if workers == 1 or len(pieces) == 1:
        return map(some, pieces)
    pieces = partitions(workspace, communities, workers)
    needs = [need(workspace, piece) for piece in pieces]
    return hands.spread(some, pieces, workers=workers, needs=needs, room=memory(workspace))


def memory(workspace: Workspace) -> int:
    """Return the bytes that propkit.toml gives to rows and what is made of them."""
    return workspace.settings.limits.memory_mb << 20


def need(workspace: Workspace, communities: Sequence[str]) -> int:
    """Return the bytes that the rows of communities and what is derived from them take at most."""
    return sum(_cells(workspace, place) for place in communities) * _CELL_BYTES


def _fitting(needs: Mapping[str, int], room: int) -> list[list[str]]:
    """Put communities together, in their order, while what they need fits."""
    parts, held = [[]], 0
    for place, size in needs.items():
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


_CELL_BYTES = 200
"""What a cell takes at most while it is combined, or counted with derived columns: measured on the demo, rounded up."""
_OWN = ("community", "building", "file", "line", "given")
"""The columns that every stored table has besides its own."""
_REJECT_COLUMNS = ["table", "file", "sheet", "line", "column", "rule", "value"]


def _write_tables(workspace: Workspace, parts: Sequence[Part]) -> list[dict]:
    """Combine the parts of each table, write a file for each community, and return the final account of every file."""
    entries, rejected, current = [], [], set()
    for name in domains.TABLES:
        ours = [part for part in parts if part.table == name]
        if not ours:
            continue
        found = []
        for rows, rejects in _combined(workspace, ours):
            found.append(rejects)
            for community in sorted(rows["community"].unique()):
                path = _table_path(workspace, name, community)
                current.add(path)
                write_frame(path, rows[rows["community"] == community].reset_index(drop=True))
        rejects = found[0] if len(found) == 1 else pd.concat(found).sort_values(list(REJECTS), ignore_index=True)
        rejected.append(rejects.assign(table=name)[_REJECT_COLUMNS])
        entries += [_final(part.account, rejects) for part in ours]
    for path in set((workspace.store / "rows").glob("*/*.parquet")) - current:
        path.unlink()
    empty = pd.DataFrame(columns=_REJECT_COLUMNS).astype("str")
    write_frame(workspace.private / "rejects.parquet", pd.concat(rejected, ignore_index=True) if rejected else empty)
    return entries


def _combined(workspace: Workspace, parts: Sequence[Part]) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yield rows and rejects of one table, so many communities at a time as fit: no key spans two communities.

    What the files themselves rejected comes with the first.
    """
    given = {part.account.file: part.given for part in parts}
    pieces: list[list[str]] = [[]]
    if any(part.cleaned is None for part in parts):
        held: Counter[str] = Counter()
        for part in parts:
            held.update(part.rows(["community"])["community"].value_counts().to_dict())
        wide = len(_OWN) + len(domains.TABLES[parts[0].table].columns)
        pieces = _fitting({place: held[place] * wide * _CELL_BYTES for place in sorted(held)}, memory(workspace))
    for at, piece in enumerate(pieces):
        cleaned = [part.of(piece if len(pieces) > 1 else None) for part in parts]
        cleaned = cleaned if at == 0 else [replace(one, rejects=one.rejects.iloc[:0]) for one in cleaned]
        rows, rejects = combine(cleaned)
        yield rows.assign(given=rows["file"].map(given).astype("str")), rejects


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
    parts = [pd.read_parquet(path) for path in _paths(workspace, name, wanted)]
    return pd.concat(parts, ignore_index=True) if parts else domains.empty(domains.TABLES[name])


def _paths(workspace: Workspace, name: str, wanted: Sequence[str] | None) -> list[Path]:
    """The files that there are of a table."""
    folder = workspace.store / "rows" / name
    if wanted is None:
        return sorted(folder.glob("*.parquet"))
    return [path for path in (_table_path(workspace, name, place) for place in wanted) if path.is_file()]


def _last_moments(workspace: Workspace) -> list[pd.Timestamp]:
    """The newest dated row of every table whose rows are events."""
    dated = {name: table.dated_by for name, table in domains.TABLES.items() if table.dated_by in table.events}
    paths = [(path, dated[name]) for name in dated for path in (workspace.store / "rows" / name).glob("*.parquet")]
    return [pd.read_parquet(path, columns=[column])[column].max() for path, column in paths]
