"""Reports by each way of making them: `propkit run`, papermill with nbconvert by command, ploomber-engine in a pool.

As a module it makes reports with ploomber-engine: `python -m bench.engines WORKSPACE COUNT WORKERS`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.measure import ROOT, Cost, python, run

MONTH, MONTHS = "2025-09", "2025-07..2025-09"
_PAGE = 200_000
"""About how many bytes a page of the demo has."""
NOTEBOOK = ROOT / "notebooks" / "monthly_review.ipynb"


def batch(workspace: Path, *more: str) -> Cost:
    """`propkit run`, as a person starts it."""
    return run(python("propkit", "run", *more), cwd=workspace, watched=True)


def by_bare_loop(workspace: Path, months: str) -> Cost:
    """The same library calls without any notebook: the floor."""
    return run(python("bench.bare", workspace, months))


def unchanged(workspace: Path, *months: str) -> Cost:
    """`propkit run` where a record says that every page was made from what is there now; the pages are stand-ins."""
    run(python("bench.engines", "record", workspace, *months))
    return run(python("propkit", "run", "monthly_review", "-p", *months), cwd=workspace)


def _record(root: Path, months: str) -> None:
    """Write pages of the usual size for every job and record them as made, without making them."""
    import hashlib

    from propkit import store
    from propkit.running import manifest, plan
    from propkit.workspace import open_workspace

    workspace = open_workspace(root)
    jobs = plan.jobs(workspace, ["monthly_review"], [], [months], as_of=store.data_cutoff(workspace))
    known, names, entries = plan.Inputs(workspace), plan.names(workspace), []
    for job in jobs:
        page = job.key.encode() * (_PAGE // len(job.key))
        store.write_bytes(workspace.reports / job.page, page)
        output = {"path": job.page, "sha256": hashlib.sha256(page).hexdigest()}
        planned = manifest.planned(job, known.of(job), None, names[job.community])
        entries.append(planned | {"status": "success", "reason": "", "attempts": 1, "output": output})
    manifest.append(workspace, entries)


def by_command(workspace: Path, places: list[str], workers: int) -> Cost:
    """Papermill and nbconvert by command, `workers` reports at a time."""
    with tempfile.TemporaryDirectory() as folder:
        pairs = [_pair(workspace, Path(folder) / f"{number}.ipynb", place) for number, place in enumerate(places)]
        script = (
            "import subprocess, concurrent.futures as f\n"
            f"run = lambda pair: [subprocess.run(c, check=True) for c in pair]\n"
            f"list(f.ThreadPoolExecutor({workers}).map(run, {pairs!r}))"
        )
        return run([sys.executable, "-c", script])


def by_ploomber(workspace: Path, count: int, workers: int) -> Cost:
    """ploomber-engine and nbconvert's API in a pool of processes that have everything imported."""
    return run(python("bench.engines", workspace, count, workers))


def _pair(workspace: Path, out: Path, place: str) -> list[list[str]]:
    given = [
        part for pair in (("workspace", workspace), ("community", place), ("month", MONTH)) for part in ("-r", *pair)
    ]
    return [
        python("papermill", NOTEBOOK, out, *given, "-k", "python3", "--no-progress-bar"),
        python("nbconvert", "--to", "html", "--no-input", out),
    ]


def _ploomber(job: tuple[str, str]) -> int:
    from nbconvert import HTMLExporter
    from ploomber_engine import execute_notebook

    workspace, place = job
    made = execute_notebook(
        NOTEBOOK, None, parameters={"workspace": workspace, "community": place, "month": MONTH}, progress_bar=False
    )
    return len(HTMLExporter(exclude_input=True).from_notebook_node(made)[0])


def _main() -> None:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    from bench import engines
    from propkit import store
    from propkit.workspace import open_workspace

    if sys.argv[1] == "record":
        _record(Path(sys.argv[2]), sys.argv[3])
        return
    workspace, count, workers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    places = list(store.communities(open_workspace(workspace)))
    jobs = [(workspace, places[number % len(places)]) for number in range(count)]
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        # Not by the name in __main__, which the shell of the first report puts its own module in place of.
        list(pool.map(engines._ploomber, jobs))


if __name__ == "__main__":
    _main()
