"""Disks that are full or take nothing, two runs at once, and data that change meanwhile: every page is wholly old or wholly new."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from propkit import store
from propkit.running import batch, manifest, plan
from propkit.running.launch import CAN_FORK
from propkit.workspace import Workspace

from .conftest import ORDERS, RECEIPT, write_notebook
from .runs import ROOT, TOLD, pages, started, tree, wait

pytestmark = pytest.mark.skipif(not CAN_FORK or sys.platform != "linux", reason="uses name spaces of Linux")

AS_OF = pd.Timestamp("2025-10-08 23:59:59")
RUN = f'{sys.executable} -m propkit run monthly_review -j 2 -p 2025-09 -w "$1" --force'


def _can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    script = 'mount -t tmpfs -o size=1m x "$1"'
    return _apart(script, "/mnt").returncode == 0


def _apart(script: str, *given: object) -> subprocess.CompletedProcess[str]:
    """Run a script of sh as root of a name space of its own, in which it may mount."""
    command = ["unshare", "-rm", "/bin/sh", "-c", script, "sh", *map(str, given)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PROPKIT_LANG": "en"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


mounts = pytest.mark.skipif(not _can_mount(), reason="this machine lets nobody mount")


def _changed(workspace: Workspace) -> tuple[dict[str, str], dict[str, str]]:
    """Make the pages and let their notebook change; returns the tree that is there, and that which an undisturbed run will leave."""
    told = started(workspace).communicate()
    old = tree(workspace)
    assert len(pages(workspace)) == 4, told
    _change(workspace)
    copy = Workspace(workspace.root.with_name("copy"), workspace.settings)
    shutil.copytree(workspace.root, copy.root)
    jobs = plan.jobs(copy, ["monthly_review"], [], ["2025-09"], as_of=AS_OF)
    assert batch.run(copy, jobs, batch.Options(workers=2)).count("success") == 3
    return old, tree(copy)


def _change(workspace: Workspace) -> None:
    """Reports become larger and other than they were."""
    write_notebook(workspace.root, "print('a' * 60_000)", TOLD)


def _whole(found: dict[str, str], *states: dict[str, str]) -> bool:
    """Whether every page is one of an undisturbed run; the index marks what is stale, so it is of its own kind."""
    return all(
        any(state.get(name) == told for state in states)
        for name, told in found.items()
        if name != manifest.INDEX and not name.endswith(".part")
    )


def _sizes(some: list, all_of_them: list) -> list:
    return [*some, *(pytest.param(one, marks=pytest.mark.slow) for one in all_of_them if one not in some)]


@mounts
@pytest.mark.parametrize("room", _sizes([40], [0, 4, 12, 24, 60, 100, 160, 240, 400]))
def test_g4_a_full_disk_leaves_whole_pages_and_heals(few: Workspace, tmp_path: Path, room: int) -> None:
    """The workspace lies on a small disk with `room` KB to spare; then the disk grows."""
    old, new = _changed(few)
    for name in ("disk", "full", "healed"):
        (tmp_path / name).mkdir()
    script = f"""
        set -e
        mount -t tmpfs -o size=64m x "$2"; cp -a "$1/." "$2/"; cd /
        used=$(df -k --output=used "$2" | tail -1); mount -o remount,size=$((used + {room}))k "$2"
        set -- "$2" "$3" "$4"
        set +e; {RUN}; code=$?; set -e
        cp -a "$1/." "$2/"
        mount -o remount,size=64m "$1"; {RUN}
        cp -a "$1/." "$3/"; exit $((code + 10))
    """
    done = _apart(script, few.root, tmp_path / "disk", tmp_path / "full", tmp_path / "healed")
    assert done.returncode in (10, 11), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    full, healed = (Workspace(tmp_path / name, few.settings) for name in ("full", "healed"))
    assert _whole(pages(full), old, new)
    if done.returncode == 10:
        assert pages(full) == {name: told for name, told in new.items() if not name.startswith("told/")}
    elif room <= 40:
        assert "disk is full" in done.stdout + done.stderr
    assert tree(healed) == new


@pytest.mark.parametrize("blocks", _sizes([64], [0, 1, 8, 32, 100, 128, 160, 200, 400]))
def test_g4_files_that_may_not_grow_leave_whole_pages_and_heal(few: Workspace, blocks: int) -> None:
    old, new = _changed(few)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PROPKIT_LANG": "en"}
    command = ["/bin/sh", "-c", f"ulimit -f {blocks}; exec {RUN}", "sh", str(few.root)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert "Traceback" not in done.stderr
    assert _whole(pages(few), old, new)
    assert (done.returncode == 0) == ({k: v for k, v in new.items() if not k.startswith("told/")} == pages(few))
    started(few).communicate()
    assert tree(few) == new


@mounts
def test_reports_that_are_read_only_keep_their_pages(few: Workspace) -> None:
    started(few).communicate()
    old = pages(few)
    _change(few)
    script = f'mount --bind "$1/reports" "$1/reports" && mount -o remount,bind,ro "$1/reports" && {RUN}'
    done = _apart(script, few.root)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "read-only" in done.stdout
    assert pages(few) == old
    assert {entry["reason"] for entry in manifest.read(few).values()} == {"io_error"}


def _slow(workspace: Workspace, begun: Path) -> None:
    write_notebook(workspace.root, f"import time\nopen({str(begun)!r}, 'a').close()\ntime.sleep(6)", RECEIPT)


@pytest.mark.parametrize("time_of_twenty", _sizes([0], list(range(20))))
def test_g7_a_second_writer_is_refused_while_one_is_at_work(
    few: Workspace, tmp_path: Path, mark: str, time_of_twenty: int
) -> None:
    _slow(few, tmp_path / "begun")
    first = started(few)
    wait((tmp_path / "begun").exists, 60)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PROPKIT_LANG": "en"}
    for command in ("run", "ingest"):
        second = subprocess.run(
            [sys.executable, "-m", "propkit", command, "-w", str(few.root)],
            capture_output=True, text=True, env=environment, check=False,
        )  # fmt: skip
        assert second.returncode == 75, second.stderr
        assert f"process {first.pid} on" in second.stderr
    told = first.communicate(timeout=120)
    assert first.returncode == 0, told
    assert len(pages(few)) == 4


def test_what_changes_under_a_run_is_made_again_by_the_next(few: Workspace, tmp_path: Path, mark: str) -> None:
    """A page is held against what its inputs were when it was planned: nothing made from half of them passes for current."""
    _slow(few, tmp_path / "begun")
    first = started(few)
    wait((tmp_path / "begun").exists, 60)
    (few.raw / "a.csv").write_text(ORDERS + "W9,2025-09-09 10:00:00,,1-1-109,门", "utf-8")  # somebody is still writing
    note = few.root / "notes" / "b" / "2025-09.md"
    note.parent.mkdir(parents=True)
    note.write_text("## repairs\n\n夜间加派", "utf-8")
    told = first.communicate(timeout=120)
    assert first.returncode == 0, told
    jobs = plan.jobs(few, ["monthly_review"], [], ["2025-09"], as_of=AS_OF)
    assert [task.job.community for task in batch.tasks(few, jobs) if not task.current] == ["b"]

    assert [entry["file"] for entry in store.ingest(few).refused] == ["a.csv"]
    (few.raw / "a.csv").write_text(ORDERS + "W9,2025-09-09 10:00:00,,1-1-109,门窗,1,\n", "utf-8")
    assert store.ingest(few).read == 1
    assert [task.job.community for task in batch.tasks(few, jobs) if not task.current] == ["a", "b"]
