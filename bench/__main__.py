"""The benchmark: `python -m bench [--quick] [--write]` measures everything in turns and writes docs/benchmarks.md.

--quick takes about ten minutes on two cores; the full size about an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import engines, ingest, tallies
from bench.measure import ROOT, Cost, machine, python, run, take_turns

PLAIN = {"csv": "pandas.read_csv(dtype=str)", "xlsx": "pandas.read_excel (openpyxl)"}

REASONS = {
    "P1": "what is left of a report is the library's own work, as the bare loop shows, which runs no notebook and is hardly "
    "cheaper: about a third derives tables, a third counts and rates figures, a sixth draws charts. The pair of commands does "
    "that work too, so only less of it brings the target nearer; a short batch also carries the start of the preloaded process.",
    "P2": "the pool imports once for each process, as ours does once for all; the rest is the same computing.",
    "P3": "notebook, page, limits, publishing and record come on top of the calls, and a short batch carries the start of the "
    "preloaded process.",
    "P4": "one report alone pays for importing everything that a batch shares, and for planning in a process of its own that "
    "imports pandas too; the two import side by side where both processors are free, and one after the other where they are not.",
    "P5": "pandas and the rooms are imported before anything can be said, and every page is read and hashed once to be sure of it.",
    "P6": "half of our CPU seconds read the file, which the others read as fast; of a few million rows as much again goes "
    "into memory that is touched for the first time, so that the ratio falls as rows grow.",
    "P7": "every cell is checked, every row accounted for, combined and written to the store; what is made of a "
    "file is kept beside the store too, so that rows are written twice; a fifth of a second is the same for a file of any size, "
    "which weighs on a short one; and a workbook is opened in a process of its own.",
    "P8": "a child shares the preloaded modules until it writes on their pages; each report adds its own rows and drawings.",
}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: repeats, reports by the slow ways, months of a batch, rows of a file, millions to tally."""

    name: str
    repeats: int
    slow: int
    months: str
    lines: int
    millions: tuple[int, ...]


QUICK = Size("quick", 1, 2, "2025-07..2025-09", 10_000, (1, 10))
FULL = Size("full", 3, 6, "2024-10..2025-09", 50_000, (1, 5, 10))


def main() -> None:
    """Measure, print, and with --write replace docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    size, busy = QUICK if asked.quick else FULL, os.getloadavg()[0] > 1
    parts = []
    for part in (_reports, _ingest, _tallies):
        with tempfile.TemporaryDirectory(prefix="pkb-") as folder:
            parts.append(part(Path(folder), size))
        sys.stdout.write(parts[-1] + "\n")
        sys.stdout.flush()
    if asked.write:
        (ROOT / "docs" / "benchmarks.md").write_text(_page(parts, size, busy=busy), "utf-8")


def _reports(folder: Path, size: Size) -> str:
    workspace = folder / "w"
    run(python("propkit.demo", workspace), python("propkit", "ingest", "-w", workspace))
    places = _places(workspace)
    month, batch = ("monthly_review", "-p", engines.MONTH), ("monthly_review", "-p", size.months, "-j", "2")
    several = len(places) * _months(size.months)
    thousand = f"{2026 - -(-1000 // (12 * len(places)))}-01..2025-12"
    kept = len(places) * _months(thousand)
    some = [places[number % len(places)] for number in range(size.slow)]
    two = take_turns(
        {
            "propkit": lambda: engines.batch(workspace, *batch, "--force"),
            "bare": lambda: engines.by_bare_loop(workspace, size.months),
            "ploomber": lambda: engines.by_ploomber(workspace, size.slow, 2),
            "commands": lambda: engines.by_command(workspace, some, 2),
        },
        size.repeats,
    )
    counts = {"propkit": several, "bare": several, "ploomber": size.slow, "commands": size.slow}
    each = {name: Cost(cost.wall / counts[name], cost.cpu / counts[name], cost.peak) for name, cost in two.items()}
    cold = take_turns(
        {
            "propkit": lambda: engines.batch(workspace, *month, "-c", places[0], "--force"),
            "commands": lambda: engines.by_command(workspace, places[:1], 1),
        },
        size.repeats,
    )
    again = take_turns({"propkit": lambda: engines.unchanged(workspace, thousand)}, size.repeats)["propkit"]
    named = {
        "propkit": f"`propkit run -j 2` ({several} reports)",
        "bare": f"the same library calls in a bare loop, one process ({several})",
        "ploomber": f"ploomber-engine and nbconvert's API, 2 processes ({size.slow})",
        "commands": f"`papermill`, then `jupyter nbconvert`, two at a time ({size.slow})",
    }
    lines = [
        (named[name], f"{cost.wall:.1f}", f"{cost.cpu:.1f}", f"{60 / cost.wall:.1f}", f"{cost.peak:.0f}")
        for name, cost in each.items()
    ]
    lines += [
        ("start to first report: `propkit run` of one", *_short(cold["propkit"])),
        ("the pair of commands for one", *_short(cold["commands"])),
        (f"rerun of {kept:,} jobs of which none has changed", *_short(again)),
    ]
    goals = [
        _goal("P1 reports per minute against the pair of commands", each["commands"].wall / each["propkit"].wall, 10),
        _goal("P2 reports per minute against ploomber-engine", each["ploomber"].wall / each["propkit"].wall, 2),
        _goal("P4 wall time of one cold report against the pair", cold["propkit"].wall / cold["commands"].wall, 0.6),
        _goal("P3 CPU of a report against the same calls in a bare loop", each["propkit"].cpu / each["bare"].cpu, 1.15),
        _goal(f"P5 rerun of {kept:,} unchanged jobs, seconds", again.wall, 2),
        _goal(f"P8 memory of the process tree over {several} reports, MB", two["propkit"].tree, 1000, most=True),
        _goal("P8 growth from the first half to the second, MB", two["propkit"].growth, 30, most=True),
    ]
    heads = ("`monthly_review` of the demo", "wall s", "CPU s", "a minute", "peak MB")
    return _section("Reports", heads, lines, goals)


def _ingest(folder: Path, size: Size) -> str:
    run(python("bench.ingest", "write", folder, size.lines))
    ways = [prefix + kind for kind in PLAIN for prefix in ("", "plain-")]
    found = take_turns({way: _timed(folder, "bench.ingest", way, folder) for way in ways}, size.repeats)
    named = {"csv": "`propkit ingest`, CSV", "xlsx": "`propkit ingest`, Excel"}
    named |= {f"plain-{kind}": f"`{name}`" for kind, name in PLAIN.items()}
    lines = [
        (named[way], f"{cost.wall:.2f}", f"{cost.cpu:.2f}", f"{size.lines / cost.wall:,.0f}", f"{cost.peak:.0f}")
        for way, cost in found.items()
    ]
    goals = [
        _goal("P7 Excel, CPU seconds of pandas for one of ours", found["plain-xlsx"].cpu / found["xlsx"].cpu, 4),
        _goal("P7 CSV, CPU against pandas", found["csv"].cpu / found["plain-csv"].cpu, 4, most=True),
    ]
    heads = (f"{size.lines:,} work orders, {len(ingest.HEADERS)} columns", "wall s", "CPU s", "rows a s", "peak MB")
    return _section("Ingest", heads, lines, goals)


def _tallies(folder: Path, size: Size) -> str:
    lines, wall, each = [], {}, {}
    for millions in size.millions:
        for ordered in (True, False):
            path = folder / "rows.parquet"
            run(python("bench.tallies", "write", path, millions * 1_000_000, ordered))
            ways = {name: _timed(folder, "bench.tallies", name, path) for name in tallies.ENGINES}
            for name, cost in take_turns(ways, size.repeats).items():
                wall[name, millions, ordered], each[name, millions, ordered] = cost.wall, cost.cpu / millions
                order = "by community and month" if ordered else "random"
                lines.append((f"{millions} million, {order}: {name}", *_short(cost)))
    last = size.millions[-1]
    goals = []
    for ordered, limit in ((True, 0.67), (False, 0.5)):
        best = min(wall["polars", last, ordered], wall["duckdb", last, ordered])
        told = (
            f"P6 {last} million rows {'sorted' if ordered else 'unsorted'}, wall against the best of DuckDB and polars"
        )
        goals.append(_goal(told, wall["propkit", last, ordered] / best, limit))
    growth = each["propkit", last, True] / each["propkit", size.millions[0], True]
    goals.append(_goal(f"P6 CPU per row from {size.millions[0]} to {last} million", growth, 1.1))
    heads = ("12 sums in 4 groupings, without imports", "wall s", "CPU s", "", "peak MB")
    return _section("Tally", heads, lines, goals)


def _timed(folder: Path, module: str, *given: object) -> Callable[[], Cost]:
    """A module that leaves its own seconds, imports apart; the peak is that of its process."""

    def once() -> Cost:
        out = folder / "told.json"
        peak = run(python(module, *given, out)).peak
        told = json.loads(out.read_text("utf-8"))
        return Cost(told["wall"], told["cpu"], peak)

    return once


def _goal(what: str, got: float, target: float, *, most: bool | None = None) -> str:
    most = target <= 2 and not what.startswith("P2") if most is None else most
    met = got <= target if most else got >= target
    missed = "met" if met else f"missed by a factor of {max(got / target, target / got):.1f}"
    return f"- {what}: {got:.2f} (target {'at most' if most else 'at least'} {target:g}): {missed}"


def _section(title: str, heads: Sequence[str], lines: Sequence[Sequence[str]], goals: Sequence[str]) -> str:
    table = [heads, ["---"] * len(heads), *lines]
    return "\n".join([f"## {title}", "", *(f"| {' | '.join(line)} |" for line in table), "", *goals, ""])


def _short(cost: Cost) -> tuple[str, str, str, str]:
    return f"{cost.wall:.2f}", f"{cost.cpu:.2f}", "", f"{cost.peak:.0f}"


def _page(parts: Sequence[str], size: Size, *, busy: bool) -> str:
    told = (
        f"Made by `python -m bench` at {size.name} size: {machine()}{', while other work kept it busy' * busy}. Medians of {size.repeats} "
        f"{'repeat' if size.repeats == 1 else 'repeats'} in which the ways took turns. Read ratios, not seconds: they are "
        "those of one machine at one time. P5 runs over stand-ins for pages that are recorded as made; P8 is watched over a "
        "batch far shorter than the 1,000 reports of the target."
    )
    missed = [
        f"- {key}: {why}" for key, why in REASONS.items() if re.search(f"^- {key}.*: missed", "\n".join(parts), re.M)
    ]
    reasons = ["## Why targets are missed", "", *missed, ""] if missed else []
    return "# Benchmarks\n\n" + "\n".join([told, "", *parts, *reasons])


def _places(workspace: Path) -> list[str]:
    from propkit import store
    from propkit.workspace import open_workspace

    return list(store.communities(open_workspace(workspace)))


def _months(text: str) -> int:
    from propkit.periods import parse_period

    return len(parse_period(text).months)


if __name__ == "__main__":
    main()
