"""The usual way - papermill, then nbconvert, by command - held to the same demands: it must fail them, or they test nothing."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from propkit.running import manifest
from propkit.running.launch import CAN_FORK
from propkit.workspace import Workspace, open_workspace

from . import faulty
from .conftest import RECEIPT, write_notebook
from .runs import ROOT, TOLD, filled_workspace, hashes, pages, started, tree
from .test_load import Watch

pytestmark = pytest.mark.skipif(not CAN_FORK or sys.platform != "linux", reason="uses ulimit")

NAIVE = (
    f'cd "$1" && {sys.executable} -m papermill notebooks/monthly_review.ipynb out.ipynb -k python3 --no-progress-bar'
    f" -r workspace . -r community a -r month 2025-09 -r as_of 2025-10-08"
    f"; {sys.executable} -m nbconvert --log-level ERROR --to html out.ipynb --output out.html"
)


def _naive(workspace: Workspace, before: str = "", **more: str) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PROPKIT_NONCE": "", **more}
    command = ["/bin/sh", "-c", before + NAIVE, "sh", str(workspace.root)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "reason"),
    [("import sys; sys.exit(0)", "no_receipt"), ("import os; os._exit(0)", "kernel_died"),
     ("import os; os.kill(os.getpid(), 9)", "kernel_died"), ("month = '2025-01'", "wrong_params")],
)  # fmt: skip
def test_g1_a_report_that_never_came_to_its_end_is_published_by_the_naive_way_only(
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
def test_g4_a_disk_that_fills_up_destroys_the_older_page_of_the_naive_way_only(few: Workspace) -> None:
    """What `test_disk` demands of a run."""
    assert _naive(few).wait() == 0
    old = (few.root / "out.html").read_bytes()
    write_notebook(few.root, "print('a' * 60_000)", TOLD)
    assert _naive(few, "ulimit -f 200; ").wait() != 0
    cut = (few.root / "out.html").read_bytes()
    assert cut != old
    assert not cut.rstrip().endswith(b"</html>")


@pytest.fixture
def broken(few: Workspace, tmp_path: Path) -> Callable[[int], bytes]:
    """Make the naive page, then a larger one on a disk that fails at the first byte of it; returns what is there then."""
    shutil.copy(faulty.__file__, few.root / "sitecustomize.py")
    plan = tmp_path / "fault.json"

    def make(error: int) -> bytes:
        assert _naive(few).wait() == 0
        write_notebook(few.root, "print('a' * 60_000)", TOLD)
        faulty.arm(plan, "write", error, 1, few.root / "out.html")
        assert _naive(few, PYTHONPATH=f"{few.root}{os.pathsep}{ROOT}", **{faulty.VARIABLE: str(plan)}).wait() != 0
        assert faulty.struck(plan, 1)
        return (few.root / "out.html").read_bytes()

    return make


@pytest.mark.slow
@pytest.mark.parametrize("error", [0, errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_g2_g3_a_kill_or_a_failing_disk_leaves_half_a_page_of_the_naive_way(
    broken: Callable[[int], bytes], error: int
) -> None:
    """What `test_ends` and `test_every_point` demand of a run: its pages are wholly old or wholly new."""
    assert not broken(error).rstrip().endswith(b"</html>")


@pytest.mark.slow
def test_g5_a_kernel_of_the_naive_way_listens_on_ports(few: Workspace) -> None:
    """What `test_load` demands of a run: none."""
    write_notebook(few.root, "import time; time.sleep(3)", RECEIPT)
    watch = Watch((run := _naive(few)).pid)
    while run.poll() is None:
        watch.look(0)
        time.sleep(0.1)
    assert run.returncode == 0
    assert watch.ports >= 5


RIVAL = """
import socket

class Rival(socket.socket):
    def close(self):
        place = self.getsockname() if self.family == socket.AF_INET and self.fileno() >= 0 else ("", 0)
        super().close()
        if place[1]:
            taken.append(socket.create_server(place))

taken, socket.socket = [], Rival
"""
"""Takes every port that was looked up and let go again, as another kernel that starts at the same time may."""


@pytest.mark.slow
def test_g6_a_port_that_another_takes_first_ends_the_naive_way_only(few: Workspace, tmp_path: Path) -> None:
    """The race for ports, which a busy machine loses now and then, lost for certain."""
    (tmp_path / "rival").mkdir()
    (tmp_path / "rival" / "sitecustomize.py").write_text(RIVAL, "utf-8")
    write_notebook(few.root, RECEIPT)
    path = os.pathsep.join(map(str, (tmp_path / "rival", ROOT)))
    assert _naive(few, PYTHONPATH=path).wait() == 0
    cells = json.loads((few.root / "out.ipynb").read_text("utf-8"))["cells"]
    assert [cell["outputs"] for cell in cells] == [[]] * len(cells)
    run = started(few, "--engine", "kernel", env={**os.environ, "PYTHONPATH": path})
    told = run.communicate()
    assert run.returncode == 0, told
    assert len(pages(few)) == 4


@pytest.mark.slow
def test_g7_nobody_is_kept_out_of_the_naive_way(few: Workspace) -> None:
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


def test_g18_a_report_is_the_same_wherever_whenever_and_by_whatever_it_is_made(tmp_path: Path) -> None:
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
def test_g18_the_naive_way_makes_another_page_each_time(few: Workspace) -> None:
    """The control of the test before: cells get random ids, so hashes tell nothing."""
    seen = set()
    for _ in range(2):
        write_notebook(few.root, "import os; os.getpid()", RECEIPT)
        assert _naive(few).wait() == 0
        seen.add(hashes(few.root)["out.html"])
    assert len(seen) == 2
