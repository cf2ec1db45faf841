"""Shared settings of the test run: Hypothesis repeats the same examples, no figure stays open, and one demo for all pages."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from tests.outlines import MONTH, ROOT

if TYPE_CHECKING:
    from propkit.workspace import Workspace

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell that runs the tests in the background ignores Ctrl-C for them and for all that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "ci", derandomize=True, max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("ci")


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def propkit(workspace: Workspace, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of propkit in a process of its own, as a user does."""
    environment = {**os.environ, "PROPKIT_LANG": "en", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "propkit", *arguments, "-w", str(workspace.root)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=workspace.root, check=False)


@pytest.fixture(scope="session")
def demo_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The demo company, written and ingested by the first process of the test run that asks; each has a copy of its own."""
    import propkit as pk
    from propkit import demo

    base = tmp_path_factory.getbasetemp()
    made = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "company" / "w"
    with FileLock(f"{made.parent}.lock"):
        if not made.is_dir():
            whole = made.with_name("whole")
            demo.write(whole)
            pk.ingest(pk.open_workspace(whole))
            whole.rename(made)
    root = tmp_path_factory.mktemp("copy") / "w"
    shutil.copytree(made, root)
    return pk.open_workspace(root)


@pytest.fixture(scope="session")
def monthly(demo_workspace: Workspace) -> Path:
    """The page of the demo's monthly report of one community; those of the others lie beside it."""
    done = propkit(demo_workspace, "run", "monthly_review", "--period", MONTH, "-j", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    return demo_workspace.reports / "internal" / "yinhe" / MONTH / "monthly_review.zh.html"
