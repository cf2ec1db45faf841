"""The usual way - papermill, then nbconvert, by command - held to the same demands: it must fail them, or they test nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from propkit.running import manifest
from propkit.running.launch import CAN_FORK
from propkit.workspace import Workspace, open_workspace

from .conftest import RECEIPT, write_notebook
from .runs import ROOT, TOLD, filled_workspace, hashes, pages, started, tree

pytestmark = pytest.mark.skipif(not CAN_FORK or sys.platform != "linux", reason="uses ulimit")

NAIVE = (
    f'cd "$1" && {sys.executable} -m papermill notebooks/monthly_review.ipynb out.ipynb -k python3 --no-progress-bar'
    f" -r workspace . -r community a -r month 2025-09 -r as_of 2025-10-08"
    f"; {sys.executable} -m nbconvert --log-level ERROR --to html out.ipynb --output out.html"
)


def _naive(workspace: Workspace, before: str = "") -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PROPKIT_NONCE": ""}
    command = ["/bin/sh", "-c", before + NAIVE, "sh", str(workspace.root)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "reason"),
    [("import sys; sys.exit(0)", "no_receipt"), ("import os; os._exit(0)", "kernel_died"),
     ("import os; os.kill(os.getpid(), 9)", "kernel_died"), ("month = '2025-01'", "wrong_params")],
)  # fmt: skip
def test_a_report_that_never_came_to_its_end_is_published_by_the_naive_way_only(
    few: Workspace, cell: str, reason: str
) -> None:
    write_notebook(few.root, cell, RECEIPT)
    assert _naive(few).wait() == 0
    shown = (few.root / "out.html").read_text("utf-8")
    assert "Traceback" not in shown
    assert "Error" not in shown.partition("<body")[2]
    started(few).communicate()
    assert set(pages(few)) <= {manifest.INDEX}
    assert {entry["reason"] for entry in manifest.read(few).values()} == {reason}


@pytest.mark.slow
def test_a_disk_that_fills_up_destroys_the_older_page_of_the_naive_way_only(few: Workspace) -> None:
    """What `test_disk` demands of a run."""
    assert _naive(few).wait() == 0
    old = (few.root / "out.html").read_bytes()
    write_notebook(few.root, "print('a' * 60_000)", TOLD)
    assert _naive(few, "ulimit -f 200; ").wait() != 0
    cut = (few.root / "out.html").read_bytes()
    assert cut != old
    assert not cut.rstrip().endswith(b"</html>")


@pytest.mark.slow
def test_nobody_is_kept_out_of_the_naive_way(few: Workspace) -> None:
    """What `test_disk` demands of a run: the second is refused."""
    both = [_naive(few), _naive(few)]
    assert [one.wait() for one in both] == [0, 0]


def _made(source: Workspace, root: Path, cwd: Path, jobs: str, **environment: str) -> dict[str, str]:
    """The tree of a run of the real report over a copy of a workspace, in surroundings of its own."""
    shutil.copytree(source.root, root)
    workspace = open_workspace(root)
    command = [sys.executable, "-m", "propkit", "run", "monthly_review", "-p", "2025-09", "-j", jobs,
               "--report-lang", "zh", "-w", os.path.relpath(root, cwd)]  # fmt: skip
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return tree(workspace)


def test_a_report_is_the_same_wherever_whenever_and_by_whatever_it_is_made(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    plain = {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1", "PROPKIT_LANG": "zh"}
    other = {"TZ": "America/St_Johns", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "77", "PROPKIT_LANG": "en"}
    source = filled_workspace(
        tmp_path / "source", ["a"]
    )  # once: the secret behind household hashes is each store's own
    one = _made(source, tmp_path / "one", tmp_path, "1", **plain)
    two = _made(source, tmp_path / "two" / "deeper 处", tmp_path / "elsewhere", "2", **other)
    assert sum(name.endswith(".html") for name in one) == 2
    assert sum(name.startswith("told/") for name in one) == 1
    assert one == two


@pytest.mark.slow
def test_the_naive_way_makes_another_page_each_time(few: Workspace) -> None:
    """The control of the test before: cells get random ids, so hashes tell nothing."""
    seen = set()
    for _ in range(2):
        write_notebook(few.root, "import os; os.getpid()", RECEIPT)
        assert _naive(few).wait() == 0
        seen.add(hashes(few.root)["out.html"])
    assert len(seen) == 2
