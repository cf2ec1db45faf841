"""Runs by command, and what can be seen of them from outside: processes, pages, what was told."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from propkit import store
from propkit.running import manifest
from propkit.workspace import Workspace, open_workspace

from .conftest import ORDERS, RECEIPT

ROOT = Path(__file__).parent.parent.parent
TOLD = RECEIPT.replace(
    "display({",
    'receipt["told"] = {"report": "monthly_review", "edition": edition, "period": month, "mark": "m", "rows": [[lang]]}\n'
    "display({",
)
"""A receipt that also tells figures, for the restatement log of later pages."""


def settings(places: list[str]) -> str:
    blocks = [
        f'[[community]]\nid = "{place}"\nname = "{place}小区"\n'
        f'[[source]]\ntable = "work_order"\nfiles = ["{place}.csv"]\ncommunity = "{place}"\n'
        for place in places
    ]
    return '[workspace]\nname = "测试公司"\nas_of = "2025-10-08"\n' + "".join(blocks)


def filled_workspace(root: Path, places: list[str], *, months: int = 1) -> Workspace:
    """A workspace with the same few orders for each place, in September and the months before it."""
    (root / "raw").mkdir(parents=True)
    (root / "propkit.toml").write_text(settings(places), "utf-8")
    head, *orders = ORDERS.splitlines()
    moved = [f"M{at}{line}".replace("-09-", f"-{9 - at:02}-") for at in range(1, months) for line in orders]
    for place in places:
        (root / "raw" / f"{place}.csv").write_text("\n".join([head, *orders, *moved, ""]), "utf-8")
    store.ingest(open_workspace(root))
    return open_workspace(root)


def carrying(mark: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes() and folder.name != str(os.getpid()):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def wait(holds: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def pages(workspace: Workspace) -> dict[str, str]:
    """Every public page by its path; the results of a run hold seconds, so they are no page."""
    found = hashes(workspace.reports)
    return {name: told for name, told in found.items() if name != manifest.RESULTS}


def tree(workspace: Workspace) -> dict[str, str]:
    """Every public page, and everything that was kept of what pages told."""
    kept = hashes(workspace.private / "told") | hashes(workspace.private / "published")
    return pages(workspace) | {f"told/{name}": told for name, told in kept.items()}


def hashes(folder: Path) -> dict[str, str]:
    """Every file beneath a folder, those half written too."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def started(workspace: Workspace, *more: str, **opened: object) -> subprocess.Popen:
    """A run by command, in a session of its own; `opened` goes to Popen."""
    run = ["run", "monthly_review", "-j", "2", "-p", "2025-09", "-w", str(workspace.root), *more]
    environment = {**os.environ, "PROPKIT_LANG": "en", "PYTHONPATH": str(ROOT)}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    return subprocess.Popen([sys.executable, "-m", "propkit", *run], **({"env": environment} | streams | opened))
