"""One report by three ways, interleaved: a fork, a real kernel, and papermill with nbconvert by command.

`python -m bench.engines [--repeats 3] [--write]` prints medians and ratios; --write puts them into docs/benchmarks.md.
Read the ratios: the seconds are those of one machine at one time.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from propkit import demo, store
from propkit.running import batch, plan
from propkit.running.batch import Options
from propkit.workspace import Workspace, open_workspace

ROOT = Path(__file__).parent.parent
MONTH = "2025-09"
WAYS = {
    "fork": "`propkit run` (a fork of a preloaded process)",
    "kernel": "`propkit run --engine kernel` (a real kernel over IPC)",
    "commands": "`papermill`, then `jupyter nbconvert`, by command",
}


def main() -> None:
    """Measure and print, or write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pkb-") as folder:
        told = _table(measure(_demo(Path(folder) / "w"), asked.repeats), asked.repeats)
    if asked.write:
        (ROOT / "docs" / "benchmarks.md").write_text(told, "utf-8")
    sys.stdout.write(told)


def measure(workspace: Workspace, repeats: int) -> dict[str, list[tuple[float, float]]]:
    """Return wall and CPU seconds of one report by each way, the ways taking turns."""
    ways: dict[str, Callable[[], None]] = {
        "fork": lambda: _batch(workspace, "fork"),
        "kernel": lambda: _batch(workspace, "kernel"),
        "commands": lambda: _commands(workspace),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            count = 1 if name == "commands" else len(store.communities(workspace))
            found[name].append(tuple(value / count for value in _timed(way)))
    return found


def _demo(root: Path) -> Workspace:
    demo.write(root)
    opened = open_workspace(root)
    store.ingest(opened)
    return opened


def _batch(workspace: Workspace, engine: str) -> None:
    """One report for each community, one at a time, so that what is shared is shared out."""
    cut = store.data_cutoff(workspace)
    jobs = plan.jobs(workspace, ["monthly_review"], [], [MONTH], as_of=cut)
    summary = batch.run(workspace, jobs, Options(workers=1, engine=engine, force=True))
    if summary.failed:
        raise SystemExit(f"{engine}: {summary.failed[0]['reason']}")


def _commands(workspace: Workspace) -> None:
    place = next(iter(store.communities(workspace)))
    notebook = plan.notebook_path(workspace, plan.REPORTS["monthly_review"])
    out = workspace.root / "out.ipynb"
    given = [part for pair in (("workspace", str(workspace.root)), ("community", place), ("month", MONTH))
             for part in ("-r", *pair)]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for command in (["papermill", str(notebook), str(out), *given, "-k", "python3", "--no-progress-bar"],
                    ["nbconvert", "--to", "html", "--no-input", str(out)]):  # fmt: skip
        subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True, env=environment)


def _timed(way: Callable[[], None]) -> tuple[float, float]:
    wall, cpu = time.monotonic(), _cpu()
    way()
    return time.monotonic() - wall, _cpu() - cpu


def _cpu() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _table(found: dict[str, list[tuple[float, float]]], repeats: int) -> str:
    middle = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in found.items()}
    base = middle["commands"]
    rows = [
        f"| {WAYS[name]} | {wall:.1f} | {cpu:.1f} | {base[0] / wall:.1f} × | {base[1] / cpu:.1f} × |"
        for name, (wall, cpu) in middle.items()
    ]
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    head = "| one `monthly_review` | wall s | CPU s | faster | less CPU |\n|---|---|---|---|---|"
    note = f"Medians of {repeats} interleaved repeats, one report at a time; {machine}. Made by `make bench`."
    return "# Benchmarks\n\n" + "\n".join([head, *rows]) + f"\n\n{note}\n"


if __name__ == "__main__":
    main()
