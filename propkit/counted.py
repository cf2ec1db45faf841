"""What communities count to by month, kept in the store: figures over many communities are sums of these, and need no rows.

There is a file for each community.  Its name says what was counted: which rows, with which choices, up to which day and by
which code; where any of that differs it is counted anew, so a file that is there is never out of date.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from propkit import domains, store
from propkit.domains import community
from propkit.figures import Monthly, Spoken, monthly_of, tells_zeros
from propkit.files import package_hash, write_bytes
from propkit.model import Cut
from propkit.workspace import Workspace

_TOLD = b"propkit"
"""Where a file says what is no sum."""


@dataclass(frozen=True)
class Counted:
    """What the figures of communities follow from: every KPI by month; by table the rows given, and those known at the cut-off;
    by community the occupied households of its register."""

    monthly: Monthly
    given: Mapping[str, int]
    known: Mapping[str, int]
    homes: Mapping[str, int]


def count_communities(
    workspace: Workspace, communities: Sequence[str], cut: Cut, workers: int | None = None
) -> Counted:
    """Return what communities count to at `cut`, from the store where it is kept.

    The others are counted in parts that fit the memory that propkit.toml gives, several at a time by `workers` processes (one
    for each processor by default), and kept; a store that cannot be written to is left as it is.
    """
    workspace = Workspace(workspace.root.resolve(), workspace.settings)
    told = {place: _kept(_path(workspace, place, cut)) for place in communities}
    missing = [place for place in told if told[place] is None]
    made = store.in_parts(workspace, partial(_part, workspace, cut), missing, workers) if missing else []
    told |= {place: _table(content) for part in made for place, content in part}
    if not told:
        return Counted(monthly_of(domains.derive({}, cut), _KPIS), {}, {}, {})
    return _together(list(told.values()))


def _part(workspace: Workspace, cut: Cut, communities: list[str]) -> list[tuple[str, bytes]]:
    """Count communities and keep what was found of each."""
    paths = [_path(workspace, place, cut) for place in communities]
    raw = store.load(workspace, communities)
    tables = domains.derive(raw, cut)
    monthly = monthly_of(tables, _KPIS)
    given, known = ({name: one[name]["community"].value_counts() for name in domains.TABLES} for one in (raw, tables))
    homes, found = community.occupied(tables["household"]), []
    for place, path in zip(communities, paths, strict=True):
        told = {
            "given": {name: int(lines.get(place, 0)) for name, lines in given.items()},
            "known": {name: int(lines.get(place, 0)) for name, lines in known.items()},
            "homes": homes.get(place, 0),
            "spoken": {name: sorted(monthly.spoken.months(name).get(place, ())) for name in _SPEAKING},
        }
        content = _written(place, monthly.counts[monthly.counts["community"] == place], told)
        if path == _path(workspace, place, cut):  # else it was read in anew meanwhile
            _keep(path, content)
        found.append((place, content))
    return found


_KPIS = list(domains.KPIS.values())
_SPEAKING = sorted({kpi.table for kpi in _KPIS if tells_zeros(kpi)})
"""Tables whose exports tell that nothing happened."""


def _path(workspace: Workspace, community: str, cut: Cut) -> Path:
    rows = hashlib.sha256(f"{store.fingerprint(workspace, community)} {package_hash()}".encode()).hexdigest()
    choices = hashlib.sha256(repr(cut).encode()).hexdigest()
    return workspace.private / "counts" / community / f"{rows[:24]}-{choices[:24]}.parquet"


def _kept(path: Path) -> pa.Table | None:
    """Return what was counted; None where there is nothing, or nothing that can be read."""
    try:
        return _table(path.read_bytes())
    except (OSError, pa.ArrowInvalid):
        return None


def _table(content: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(content))


def _keep(path: Path, content: bytes) -> None:
    """Write what was counted, and remove what was counted of other rows."""
    with suppress(OSError):
        write_bytes(path, content)
        for other in path.parent.glob("*.parquet"):
            if other.name.split("-")[0] != path.name.split("-")[0]:
                other.unlink(missing_ok=True)


def _written(community: str, counts: pd.DataFrame, told: Mapping[str, object]) -> bytes:
    table = pa.Table.from_pandas(counts, preserve_index=False)
    said = json.dumps({"community": community, **told}, sort_keys=True).encode()
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, _TOLD: said}), buffer)
    return buffer.getvalue()


def _together(parts: Sequence[pa.Table]) -> Counted:
    """Put communities side by side; their rows add up."""
    told = [json.loads(part.schema.metadata[_TOLD]) for part in parts]
    given, known = (
        {name: sum(one[what][name] for one in told) for name in domains.TABLES} for what in ("given", "known")
    )
    months = {name: {one["community"]: one["spoken"][name] for one in told} for name in _SPEAKING}
    homes = {one["community"]: one["homes"] for one in told}
    return Counted(Monthly(pa.concat_tables(parts).to_pandas(), Spoken({}, months)), given, known, homes)
