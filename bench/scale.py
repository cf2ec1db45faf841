"""A whole company on one machine: 10 million work orders and 2 million answers, ingested, tallied and made a portfolio of.

    python -m bench.scale [--communities 200] [--orders 50000] [--answers 10000] [-j 2] [--write]

Prints seconds, CPU seconds and the peak of the whole process tree for each command; --write puts them into
docs/benchmarks-scale.md.  Nothing here is a test, for times differ from machine to machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute, csv

from bench.explorer import ITEMS
from bench.ingest import HEADERS
from bench.measure import ROOT, Cost, machine, python, run

KPI = "repairs_on_time_rate"
FINE = (0, 1)
"""`propkit check` ends with 1 where it found something."""
STEPS = (0, 5, 12, 40, 90, 200, 2880)
"""Minutes from the report of a fault to each of the times that a work order holds."""
SOURCES = """[workspace]
name = "基准"
as_of = "2025-10-08"
[[survey]]
id = "2025H2"
label = "2025年下半年满意度调查"
mode = "online"
period = "2025-09"
[[source]]
table = "work_order"
preset = "plain"
files = ["*/orders.csv"]
[[source]]
table = "survey_response"
preset = "plain"
files = ["*/answers.csv"]
constants = { survey_id = "2025H2", scale_low = 1, scale_high = 5, satisfied_from = 4 }
"""


def main() -> None:
    """Write the workspace, run each command once and say what it cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--communities", type=int, default=200)
    parser.add_argument("--orders", type=int, default=50_000)
    parser.add_argument("--answers", type=int, default=10_000)
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    rows = asked.communities * (asked.orders + asked.answers)
    with tempfile.TemporaryDirectory(prefix="pkb-") as folder:
        workspace = Path(folder)
        _write(workspace, asked.communities, asked.orders, asked.answers)
        portfolio, jobs = ("run", "portfolio", "-p", "2025-09", "--force"), ("-j", str(asked.jobs))
        lines = [_cost("`propkit ingest` of new files", workspace, "ingest", *jobs)]
        kept, refused = _accounted(workspace, rows)
        lines += [
            _cost("`propkit ingest` again, nothing new", workspace, "ingest", *jobs),
            _cost("`propkit run portfolio`, which counts every community", workspace, *portfolio),
            _cost("the same again, from the counts kept", workspace, *portfolio),
            _cost("one figure of every community for a year: `propkit values`", workspace, "values", KPI, "-p", "2025"),
            _cost("`propkit check`", workspace, "check"),
        ]
    told = _page(f"{asked.communities} communities with {asked.orders:,} work orders and {asked.answers:,} answers each: "
                 f"{kept:,} rows kept and {refused:,} refused of {rows:,} written", lines)  # fmt: skip
    if asked.write:
        (ROOT / "docs" / "benchmarks-scale.md").write_text(told, "utf-8")
    sys.stdout.write(told)


def _page(what: str, lines: list[str]) -> str:
    return "\n".join([
        "# Benchmark: a whole company on one machine",
        "",
        f"Made by `python -m bench.scale --write`: {machine()}. {what}, all invented, with the memory that propkit.toml gives by "
        "default (1,024 MB for rows). MB: the peak of all processes together, shared memory counted once. Read seconds as "
        "those of one machine at one time.",
        "",
        "| | wall s | CPU s | MB |",
        "| --- | --- | --- | --- |",
        *lines,
        "",
    ])  # fmt: skip


def _cost(name: str, workspace: Path, *command: str) -> str:
    cost: Cost = run(python("propkit", *command), cwd=workspace, watched=True, fine=FINE)
    line = f"| {name} | {cost.wall:.0f} | {cost.cpu:.0f} | {cost.tree:.0f} |"
    sys.stderr.write(line + "\n")
    return line


def _accounted(workspace: Path, rows: int) -> tuple[int, int]:
    """Return rows kept and refused; ends unless every row that was written is among them."""
    files = json.loads((workspace / "store" / "ingest_results.json").read_text("utf-8"))["files"]
    kept, refused = (sum(entry[part] for entry in files) for part in ("kept", "rejected_lines"))
    if kept + refused != rows:
        raise SystemExit(f"{rows:,} rows written, {kept + refused:,} accounted for")
    return kept, refused


def _write(workspace: Path, communities: int, orders: int, answers: int) -> None:
    """Write invented exports, a folder for each community."""
    blocks = [SOURCES]
    for at in range(communities):
        name = f"{at + 1}号院"
        blocks.append(f'[[community]]\nid = "c{at:03}"\nname = "{name}"\nhouseholds = 2000\noccupied = 1900\n')
        place = workspace / "raw" / f"c{at:03}"
        place.mkdir(parents=True)
        chance = np.random.default_rng(at)
        _csv(_orders(chance, name, at, orders), place / "orders.csv")
        _csv(_answers(chance, name, at, answers), place / "answers.csv")
    (workspace / "propkit.toml").write_text("".join(blocks), "utf-8")


def _csv(rows: pa.Table, path: Path) -> None:
    csv.write_csv(rows, path, csv.WriteOptions(quoting_style="none"))


def _orders(chance: np.random.Generator, name: str, at: int, count: int) -> pa.Table:
    begin = pd.Timestamp("2024-01-01").value // 10**9
    at_first = begin + 60 * chance.integers(0, 900_000, count)
    texts = [
        pa.array([name] * count),
        pa.array([f"WO{at:03}-{number:07}" for number in range(count)]),
        _units(chance, count),
        _one_of(chance, count, "电话", "前台代报"),
        pa.array(["室内维修"] * count),
        _one_of(chance, count, "漏水", "停电", "门锁", "堵塞"),
        pa.array(["一般"] * count),
        pa.array(["办理完成"] * count),
        *(_instants(at_first + 60 * minutes) for minutes in STEPS),
        _one_of(chance, count, "1", "1", "2"),
        _one_of(chance, count, "3", "4", "5"),
    ]
    return pa.table(dict(zip(HEADERS, texts, strict=True)))


def _answers(chance: np.random.Generator, name: str, at: int, count: int) -> pa.Table:
    sheets = np.arange(count) // len(ITEMS)
    units = np.asarray(_units(chance, sheets[-1] + 1).to_pylist(), dtype=object)
    sent = pd.Timestamp("2025-09-01").value // 10**9 + 60 * chance.integers(0, 40_000, sheets[-1] + 1)
    return pa.table({
        "小区": pa.array([name] * count),
        "答卷编号": pa.array([f"R{at:03}-{sheet:06}" for sheet in sheets]),
        "题目": pa.array([ITEMS[number % len(ITEMS)] for number in range(count)]),
        "提交时间": _instants(sent[sheets]),
        "房号": pa.array(units[sheets]),
        "评分": _one_of(chance, count, "2", "3", "4", "4", "5"),
    })  # fmt: skip


def _units(chance: np.random.Generator, count: int) -> pa.Array:
    parts = zip(*(chance.integers(*ends, count) for ends in ((1, 20), (1, 4), (101, 130))), strict=True)
    return pa.array([f"{building}-{entrance}-{unit}" for building, entrance, unit in parts])


def _one_of(chance: np.random.Generator, count: int, *words: str) -> pa.Array:
    return pa.array(np.asarray(words, dtype=object)[chance.integers(0, len(words), count)])


def _instants(seconds: np.ndarray) -> pa.Array:
    return compute.strftime(pa.array(seconds, pa.timestamp("s")), format="%Y-%m-%d %H:%M:%S")


if __name__ == "__main__":
    main()
