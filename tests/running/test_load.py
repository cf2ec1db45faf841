"""A thousand reports in one batch, two hundred kernels, and what they take from the machine and leave on it."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from propkit.running.launch import CAN_FORK

from .conftest import RECEIPT, write_notebook
from .runs import TOLD, carrying, filled_workspace, started, wait

pytestmark = pytest.mark.skipif(not CAN_FORK or sys.platform != "linux", reason="reads /proc")

LOG = logging.getLogger(__name__)
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LISTENS = "0A"


@dataclass
class Watch:
    """What a run and all that it started hold, seen from outside each time that `look` is called."""

    pid: int
    peak: int = 0
    shared_peak: int = 0
    ports: int = 0
    held: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Memory in bytes and open files of the supervisor, by reports done."""
    undead: set[int] = field(default_factory=set)
    """Processes that nobody had collected at two looks in a row."""
    _ended: set[int] = field(default_factory=set)

    def look(self, done: int) -> None:
        family = [self.pid, *_below(self.pid)]
        self.peak = max(self.peak, sum(_resident(pid) for pid in family))
        self.shared_peak = max(self.shared_peak, sum(_share(pid) for pid in family))
        self.ports = max(self.ports, len(_listening(family)))
        self.held[done] = (_resident(self.pid), len(_open_files(self.pid)))
        ended = {pid for pid in family if _state(pid) == "Z"}
        self.undead |= ended & self._ended
        self._ended = ended


def _below(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        children = [int(name) for name in (_text(task / "children")).split()]
        found += [one for child in children for one in (child, *_below(child))]
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended since
        return ""


def _resident(pid: int) -> int:
    return int((_text(Path(f"/proc/{pid}/statm")).split() or [0, 0])[1]) * _PAGE


def _share(pid: int) -> int:
    """Its memory, of what processes share its part only."""
    lines = [line.split() for line in _text(Path(f"/proc/{pid}/smaps_rollup")).splitlines()]
    return sum(int(line[1]) << 10 for line in lines if line[0] == "Pss:")


def _state(pid: int) -> str:
    return _text(Path(f"/proc/{pid}/stat")).rpartition(") ")[2][:1]


def _open_files(pid: int) -> list[str]:
    found = []
    try:
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            found.append(os.readlink(handle))
    except OSError:
        pass
    return found


def _listening(family: Iterable[int]) -> set[str]:
    """The TCP ports on which any of these processes waits for a connection."""
    lines = [line.split() for name in ("tcp", "tcp6") for line in _text(Path(f"/proc/net/{name}")).splitlines()[1:]]
    waiting = {f"socket:[{line[9]}]" for line in lines if line[3] == _LISTENS}
    return waiting & {name for pid in family for name in _open_files(pid)}


@pytest.mark.slow
def test_g5_a_thousand_reports_in_one_batch(tmp_path: Path, mark: str) -> None:
    workspace = filled_workspace(tmp_path / "w", [f"p{at}" for at in range(250)], months=4)
    write_notebook(workspace.root, TOLD)
    began = time.monotonic()
    with (tmp_path / "out").open("w") as out, (tmp_path / "told").open("w") as told:
        run = started(workspace, "-p", "2025-06..2025-08", stdout=out, stderr=told)
    watch = Watch(run.pid)
    while run.poll() is None:
        watch.look((tmp_path / "told").read_bytes().count(b"\n"))
        time.sleep(1)
    assert run.returncode == 0, (tmp_path / "told").read_text()[-2000:]
    results = json.loads((workspace.reports / "run_results.json").read_text("utf-8"))["jobs"]
    early, late = (watch.held[max(done for done in watch.held if done <= most)] for most in (100, 1000))
    LOG.info(
        "%d s; %d MB in all, %d with shared memory once; supervisor %d -> %d MB, %d -> %d files",
        time.monotonic() - began, watch.peak >> 20, watch.shared_peak >> 20, early[0] >> 20, late[0] >> 20, early[1], late[1],
    )  # fmt: skip
    assert [job["status"] for job in results] == ["success"] * 1000
    assert {job["attempts"] for job in results} == {1}
    assert watch.peak <= 1.5 * (1 << 30)
    assert late[0] - early[0] <= 30 << 20
    assert late[1] - early[1] <= 5
    assert (watch.undead, watch.ports) == (set(), 0)
    assert not list((tmp_path / "t").iterdir())
    assert not list(workspace.root.rglob("*.part"))
    wait(lambda: not carrying(mark), 5)


@pytest.mark.slow
def test_g6_two_hundred_kernels_twenty_four_at_a_time(tmp_path: Path, mark: str) -> None:
    """Each kernel speaks through sockets in a folder of its own: there is no port for two to race for.

    The one port that ipykernel opens for what forked processes print is bound where it is chosen, by the kernel itself.
    """
    workspace = filled_workspace(tmp_path / "w", [f"p{at}" for at in range(50)], months=4)
    write_notebook(workspace.root, "import os; assert 'propkit' in os.environ['JUPYTER_RUNTIME_DIR']", RECEIPT)
    more = ("-p", "2025-06..2025-08", "-j", "24", "--engine", "kernel")
    with (tmp_path / "out").open("w") as out:
        run = started(workspace, *more, stdout=out, stderr=out)
        watch = Watch(run.pid)
        while run.poll() is None:
            watch.look(0)
            time.sleep(2)
    jobs = json.loads((workspace.reports / "run_results.json").read_text("utf-8"))["jobs"]
    LOG.info("%d MB with shared memory once", watch.shared_peak >> 20)
    assert [(job["status"], job["attempts"], job["reason"]) for job in jobs] == [("success", 1, "")] * 200
    assert run.returncode == 0
    assert not list((tmp_path / "t").iterdir())
    wait(lambda: not carrying(mark), 5)
