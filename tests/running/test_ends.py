"""Runs that are killed, stopped and interrupted at random moments: whatever is public is whole, and the same command does the rest."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
import pytest

from propkit.running import batch, manifest, plan
from propkit.running.batch import Options
from propkit.running.launch import CAN_FORK
from propkit.workspace import Workspace, open_workspace

from .conftest import write_notebook
from .runs import TOLD, carrying, filled_workspace, started, tree, wait

pytestmark = pytest.mark.skipif(not CAN_FORK or sys.platform != "linux", reason="forks, and reads /proc")

LOG = logging.getLogger(__name__)
AS_OF = pd.Timestamp("2025-10-08 23:59:59")
WORKERS = 2
SUPERVISOR, ALL = "the supervisor alone", "all of it"
ENDS = {"kill": (signal.SIGKILL, SUPERVISOR), "kill all": (signal.SIGKILL, ALL),
        "term": (signal.SIGTERM, SUPERVISOR), "term all": (signal.SIGTERM, ALL), "int": (signal.SIGINT, ALL)}  # fmt: skip


class Nemesis:
    """Ends runs over one workspace at random moments, and looks on: `whole` is what an undisturbed run leaves."""

    def __init__(self, workspace: Workspace, whole: dict[str, str], seed: int, mark: str) -> None:
        self.workspace, self.whole, self.mark, self.chance = workspace, whole, mark, random.Random(seed)
        self.ended: Counter[str] = Counter()
        self.looks = 0
        self.torn: list[str] = []

    def end(self, way: str) -> bool:
        """Start a run and end it that way; False when it had come to its own end before."""
        with self._watched():
            run = started(self.workspace)
            self._bide(run)
            number, whom = ENDS[way]
            if number != signal.SIGKILL:  # before, there is nothing yet but Python itself
                wait(lambda: _catches(run.pid, signal.SIGTERM) or run.poll() is not None, 60)
            hit = run.poll() is None
            for pid in [run.pid, *(carrying(self.mark) if whom == ALL else [])] if hit else []:
                if Path(f"/proc/{pid}").exists():
                    os.kill(pid, number)
            told = run.communicate(timeout=10)
        assert "Traceback" not in told[1], told
        assert run.returncode in ((0, 130) if number != signal.SIGKILL else (0, -9)), (way, run.returncode, told)
        self._wait_for_silence(way)
        self.ended[way] += hit
        return hit

    def _wait_for_silence(self, way: str) -> None:
        try:
            wait(lambda: not carrying(self.mark), 5)
        except AssertionError:
            left = [(Path(f"/proc/{pid}/cmdline").read_bytes(), self.ended) for pid in carrying(self.mark)]
            raise AssertionError(f"after {way} there are still {left}") from None

    def finish(self) -> None:
        """Let a run come to its end; the tree is then that of an undisturbed one."""
        with self._watched():
            run = started(self.workspace)
            told = run.communicate()
        assert run.returncode == 0, told
        assert tree(self.workspace) == self.whole
        assert not self.torn
        assert not list(self.workspace.root.rglob("*.part"))
        assert not list(Path(tempfile.gettempdir()).glob("propkit-*"))

    def _bide(self, run: subprocess.Popen) -> None:
        """Half of the time a moment from the start on, the other half one in which pages are made."""
        if self.chance.random() < 0.5:
            next((line for line in run.stderr if "  made  " in line), None)
            time.sleep(self.chance.random() * 0.8)
        else:
            time.sleep(self.chance.random() * 4)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        over = threading.Event()
        eye = threading.Thread(target=self._look, args=(over,))
        eye.start()
        try:
            yield
        finally:
            over.set()
            eye.join()

    def _look(self, over: threading.Event) -> None:
        while not over.wait(0.01):
            self.looks += 1
            self.torn += [name for name, content in self._public() if not self._is_whole(name, content)]

    def _public(self) -> Iterator[tuple[str, str]]:
        for path in sorted(self.workspace.reports.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield path.relative_to(self.workspace.reports).as_posix(), path.read_text("utf-8")

    def _is_whole(self, name: str, content: str) -> bool:
        if name == manifest.RESULTS:
            return bool(json.loads(content)["jobs"])
        if name == manifest.INDEX:  # it marks what is not made yet: not that of the undisturbed run
            return content.rstrip().endswith("</html>")
        return self.whole.get(name) == _hash(content)


def _catches(pid: int, number: int) -> bool:
    """Whether a process has a handler of its own for a signal."""
    with suppress(OSError):
        caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
        return bool(caught) and bool(int(caught[1], 16) >> (number - 1) & 1)
    return False


def _hash(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _undisturbed(workspace: Workspace) -> dict[str, str]:
    """The tree of an undisturbed run over a copy of the workspace."""
    shutil.copytree(workspace.root, workspace.root.with_name("undisturbed"))
    copy = open_workspace(workspace.root.with_name("undisturbed"))
    jobs = plan.jobs(copy, ["monthly_review"], [], ["2025-09"], as_of=AS_OF)
    assert batch.run(copy, jobs, Options(workers=WORKERS)).count("success") == len(jobs)
    return tree(copy)


def _begin_anew(workspace: Workspace) -> None:
    for folder in (workspace.reports, workspace.private / "told"):
        shutil.rmtree(folder, ignore_errors=True)
    (workspace.store / "manifest.jsonl").unlink(missing_ok=True)


def test_a_run_that_is_ended_is_finished_by_the_same_command(few: Workspace, mark: str) -> None:
    """Also what pages told for later ones: kept once, and the same as in an undisturbed run."""
    whole = _undisturbed(few)
    assert sum(name.startswith("told/") for name in whole) == 3
    nemesis = Nemesis(few, whole, 7, mark)
    for way in ("kill", "term all", "int"):
        nemesis.end(way)
    nemesis.finish()


@pytest.mark.slow
def test_g2_a_hundred_kills_and_forty_signals(tmp_path: Path, mark: str) -> None:
    """However often it is ended: nothing public is ever half, and no more than the reports at work are made again."""
    workspace = filled_workspace(tmp_path / "w", [f"p{at}" for at in range(8)])
    begun = tmp_path / "begun"
    begin = f"import time\nwith open({str(begun)!r}, 'a') as out: out.write(community + ' ')\ntime.sleep(0.2)"
    write_notebook(workspace.root, begin, TOLD)
    whole = _undisturbed(workspace)
    ways = ["kill"] * 50 + ["kill all"] * 50 + ["term"] * 10 + ["term all"] * 10 + ["int"] * 20
    nemesis = Nemesis(workspace, whole, 2, mark)
    nemesis.chance.shuffle(ways)
    again = rounds = 0
    while ways:
        _begin_anew(workspace)
        begun.unlink(missing_ok=True)
        hits = 0
        while ways and nemesis.end(ways[-1]):
            ways.pop()
            hits += 1
            if len(list(workspace.reports.glob("*/*/*/*.html"))) == 8:
                break
        nemesis.finish()
        made = len(begun.read_text().split())
        assert 8 <= made <= 8 + WORKERS * hits
        again, rounds = again + made - 8, rounds + 1
    seen = {"batches": rounds, "looks": nemesis.looks, "made again": again, **nemesis.ended}
    LOG.info("%s", seen)
    assert nemesis.ended == {"kill": 50, "kill all": 50, "term": 10, "term all": 10, "int": 20}
