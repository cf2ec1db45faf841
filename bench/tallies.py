"""The same sums by each engine: `python -m bench.tallies ENGINE FILE` over work orders in one Parquet file.

For each of six KPIs the numerator and the denominator, in four groupings: community x month x {all, owner type, age
band, zone}.  Prints seconds without imports, and a checksum that must be the same for every engine.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

COLUMNS = ("received", "completed", "emergency_on_time", "response_on_time", "on_the_spot", "planned_work")
KPIS = ("work_order_volume", "repair_completion_rate", "emergency_on_time_rate", "repair_response_on_time_rate",
        "orders_on_the_spot_rate", "proactive_maintenance_ratio")  # fmt: skip
SEGMENTS = ("owner_type", "age_band", "zone")
ROWS_OF_A_GROUP = 1_000_000
BATCH = 500_000
THREADS = 2
"""So many for each engine but pandas, which has one."""


def write(path: Path, rows: int, *, ordered: bool) -> None:
    """Write invented work orders of 100 communities and 24 months, in random order or by community and month."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    chance = np.random.default_rng(7)
    place, minute = chance.integers(0, 100, rows), chance.integers(0, 24 * 30 * 24 * 60, rows)
    if ordered:
        order = np.lexsort((minute, place))
        place, minute = place[order], minute[order]

    def named(codes: np.ndarray, names: list[str]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(codes.astype("int32"), names)

    columns = {
        "community": named(place, [f"c{number:03}" for number in range(100)]),
        "reported_at": pa.array(np.datetime64("2024-01-01", "s") + (minute * 60).astype("timedelta64[s]")),
        "owner_type": named(chance.integers(0, 3, rows), ["owner", "landlord", "tenant"]),
        "age_band": named(chance.integers(0, 5, rows), ["18-29", "30-39", "40-49", "50-59", "60+"]),
        "zone": named(chance.integers(0, 4, rows), ["A", "B", "C", "D"]),
        "received": pa.array(np.ones(rows, dtype="int64"), mask=chance.random(rows) < 0.02),
    }
    for name in COLUMNS[1:]:
        columns[name] = pa.array(chance.random(rows) < 0.7, mask=chance.random(rows) < 0.1)
    parquet.write_table(pa.table(columns), path, row_group_size=ROWS_OF_A_GROUP)


def propkit(path: Path) -> int:
    """Batches of rows, counted by two threads."""
    from pyarrow import parquet

    from propkit import domains
    from propkit.counts import SUMS, tallies

    file = parquet.ParquetFile(path, read_dictionary=["community", *SEGMENTS])
    pieces = ({"work_order": batch.to_pandas(types_mapper=_in_arrow)} for batch in file.iter_batches(BATCH))
    groupings = [_keys(by) for by in (None, *SEGMENTS)]
    found = tallies(pieces, [domains.kpi(name) for name in KPIS], groupings, workers=THREADS)
    return sum(int(counts[name].sum()) for counts in found for name in SUMS if name in ("num", "den"))


def pandas(path: Path) -> int:
    """Everything in memory, one groupby for each grouping."""
    import pandas as pd

    rows = pd.read_parquet(path, dtype_backend="numpy_nullable")
    rows["month"] = rows["reported_at"].to_numpy().astype("datetime64[M]").astype("datetime64[s]")
    total = 0
    for by in (None, *SEGMENTS):
        keys = ["community", "month", *([by] if by else [])]
        sums = rows.groupby(keys, observed=True)[list(COLUMNS)].agg(["sum", "count"])
        total += int(sums.sum().sum())
    return total


def polars(path: Path) -> int:
    """A lazy scan, all groupings collected together by the streaming engine."""
    import polars as pl

    scan = pl.scan_parquet(path).with_columns(pl.col("reported_at").dt.truncate("1mo").alias("month"))
    sums = [pl.col(name).sum().cast(pl.Int64).alias(name) for name in COLUMNS]
    sums += [pl.col(name).count().cast(pl.Int64).alias(f"n_{name}") for name in COLUMNS]
    asked = [scan.group_by(["community", "month", *([by] if by else [])]).agg(sums) for by in (None, *SEGMENTS)]
    found = pl.collect_all(asked, engine="streaming")
    names = [*COLUMNS, *(f"n_{name}" for name in COLUMNS)]
    return sum(int(frame.select(pl.sum_horizontal(pl.col(names).sum())).item()) for frame in found)


def duckdb(path: Path) -> int:
    """One query with grouping sets, two threads."""
    import duckdb as db

    sums = ", ".join(f"sum({name}::int) as s_{name}, count({name}) as n_{name}" for name in COLUMNS)
    sets = ", ".join(f"(community, month, {by})" for by in SEGMENTS)
    every = " + ".join(f"sum(s_{name}) + sum(n_{name})" for name in COLUMNS)
    query = f"""
        select {every} from (
            select community, month, {", ".join(SEGMENTS)}, {sums}
            from (select *, date_trunc('month', reported_at) as month from '{path}')
            group by grouping sets ((community, month), {sets}))"""
    connection = db.connect(config={"threads": THREADS})
    return int(connection.execute(query).fetchone()[0])


ENGINES: dict[str, Callable[[Path], int]] = {"propkit": propkit, "pandas": pandas, "polars": polars, "duckdb": duckdb}


def _keys(by: str | None) -> list[str]:
    return ["community", "month", *([by] if by else [])]


def _in_arrow(kind: object) -> object:
    """Flags and whole numbers stay in Arrow's memory, where what is missing has its place."""
    import pandas as pd
    import pyarrow as pa

    return pd.ArrowDtype(kind) if kind in (pa.bool_(), pa.int64()) else None


_IMPORTED = {
    "propkit": ("propkit.counts", "propkit.domains", "pyarrow.parquet"),
    "pandas": ("pandas", "pyarrow.parquet"),
}


def _main() -> None:
    engine, path, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if engine == "write":  # in a process of its own: a child's peak begins with that of its parent
        write(path, int(sys.argv[3]), ordered=sys.argv[4] == "True")
        return
    os.environ["POLARS_MAX_THREADS"] = str(THREADS)
    for name in _IMPORTED.get(engine, (engine,)):
        importlib.import_module(name)
    began, used = time.monotonic(), time.process_time()
    total = ENGINES[engine](path)
    told = {"wall": time.monotonic() - began, "cpu": time.process_time() - used, "total": total}
    out.write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    _main()
