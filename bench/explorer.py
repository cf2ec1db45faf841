"""How long the explorer takes for a change of control, on a survey of 100,000 answers.

    python -m bench.explorer [--answers 100000] [--repeats 5] [--write]

Prints medians of wall and CPU milliseconds for each kind of change: figures, tests, chart and HTML together.  --write puts
them into docs/benchmarks-explorer.md.  Nothing here is a test, for times differ from machine to machine.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from propkit import domains
from propkit.exploring.choice import choose
from propkit.exploring.cube import Cube, cube_of
from propkit.exploring.views import View, take
from propkit.model import Cut
from propkit.workspace import Settings, Workspace

ROOT = Path(__file__).parent.parent
ITEMS = (
    "overall",
    "cleaning",
    "security",
    "repairs",
    "elevators",
    "parking",
    "fees",
    "greening",
    "activities",
    "service",
)
TARGET = 200
CHANGES: dict[str, dict[str, object]] = {
    "another figure": {"what": "elevators", "by": ["building"]},
    "another dimension": {"what": "owner_satisfaction", "by": ["age_band"]},
    "two dimensions": {"what": "owner_satisfaction", "by": ["owner_type", "zone"]},
    "two dimensions crossed": {"what": "owner_satisfaction", "by": ["owner_type", "age_band"], "crossed": True},
    "all communities": {"what": "owner_satisfaction", "by": ["owner_type"], "communities": ["c0", "c1", "c2", "c3"]},
    "a longer period": {"what": "owner_satisfaction", "by": ["building"], "period": "2025-01..2025-09"},
    "against the period before": {"what": "owner_satisfaction", "by": ["building"], "against": "previous"},
}


def main() -> None:
    """Measure and print, or write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pkx-") as folder:
        before = time.perf_counter()
        cube = _cube(Path(folder), asked.answers)
        opened = time.perf_counter() - before
        told = _table(_measured(cube, asked.repeats), asked.answers, opened)
    if asked.write:
        (ROOT / "docs" / "benchmarks-explorer.md").write_text(told, "utf-8")
    sys.stdout.write(told)


def _cube(root: Path, count: int) -> Cube:
    """A synthetic survey: ten items, four communities, nine months, five dimensions."""
    rng, homes = np.random.default_rng(1), count // len(ITEMS)
    who = {
        "community": rng.choice([f"c{one}" for one in range(4)], homes),
        "owner_type": rng.choice(["owner", "landlord", "tenant"], homes),
        "age_band": rng.choice(["18-29", "30-39", "40-49", "50-59", "60+"], homes),
        "residence": rng.choice(["<1", "1-3", "3-5", "5+"], homes),
        "zone": rng.choice(["东", "西", "南", "北"], homes),
        "building": rng.choice([f"{one}" for one in range(1, 13)], homes),
        "submitted_at": pd.to_datetime([f"2025-{month:02}-10" for month in rng.integers(1, 10, homes)]).as_unit("s"),
    }
    sheets = pd.DataFrame(who).assign(
        response_id=[f"r{one}" for one in range(homes)], household=[f"h{one}" for one in range(homes)]
    )
    rows = pd.concat([sheets.assign(item=item, score=rng.integers(1, 6, homes)) for item in ITEMS], ignore_index=True)
    rows = rows.assign(
        survey_id="w", mode="online", scale_low=1, scale_high=5, satisfied_from=4, file="x", line=1, given=""
    )
    cut = Cut(pd.Timestamp("2025-10-08"))
    tables = domains.derive({"survey_response": rows}, cut)
    places = [f"c{one}" for one in range(4)]
    return cube_of(Workspace(root, Settings()), tables, cut, kpis=list(domains.KPIS.values()), communities=places)


def _measured(cube: Cube, repeats: int) -> dict[str, list[tuple[float, float]]]:
    """Wall and CPU milliseconds of each change, the changes taking turns; the first round warms fonts and caches."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in CHANGES}
    for turn in range(repeats + 1):
        for name, change in CHANGES.items():
            chosen = {"communities": ["c0"], "period": "2025-09", **change}
            wall, cpu = time.perf_counter(), time.process_time()
            _show(take(cube, choose(cube, **chosen)))
            spent = (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000
            if turn:
                found[name].append(spent)
    return found


def _show(view: View) -> None:
    assert view._repr_mimebundle_()["text/html"]


def _table(measured: dict[str, list[tuple[float, float]]], answers: int, opened: float) -> str:
    lines = [
        "# Benchmark: a change of control in the explorer",
        "",
        f"A synthetic survey of {answers:,} answers in four communities and nine months; counted once in {opened:.1f} s, after "
        f"which no row is read.  Medians; the target is {TARGET} ms.  Made by `python -m bench.explorer --write`; the machine "
        "was shared, so read CPU time.",
        "",
        "| change | wall ms | CPU ms |",
        "|---|---|---|",
    ]
    for name, spent in measured.items():
        wall, cpu = (statistics.median(values) for values in zip(*spent, strict=True))
        lines.append(f"| {name} | {wall:.0f} | {cpu:.0f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
