"""One batch in which most reports go wrong, each in its own way: the others are made, and nothing is left behind."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pytest

from propkit.errors import LockedError
from propkit.locks import locked
from propkit.running import batch, manifest, plan
from propkit.running.batch import Options, Summary
from propkit.running.launch import CAN_FORK
from propkit.running.limits import Limits
from propkit.workspace import Workspace, open_workspace

from .conftest import RECEIPT, Write, write_notebook
from .runs import TOLD, carrying, filled_workspace, pages, started, tree, wait

pytestmark = pytest.mark.skipif(not CAN_FORK or sys.platform != "linux", reason="forks, and reads /proc")

AS_OF = pd.Timestamp("2025-10-08 23:59:59")
LIMITS = Limits(cell=10, wall=200, memory=400 << 20)
HOARD = "hoard = []\nwhile True: hoard.append(bytearray(1 << 24))"
FAULTS: dict[str, tuple[str, str, int]] = {
    "fine": ("1", "", 1),
    "crash": ("import os; os._exit(1)", "kernel_died", 2),
    "quit": ("import os; os._exit(0)", "kernel_died", 2),
    "segfault": ("import ctypes; ctypes.string_at(0)", "kernel_died", 2),
    "killed": ("import os; os.kill(os.getpid(), 9)", "kernel_died", 2),
    "exit": ("import sys; sys.exit(0)", "no_receipt", 1),
    "raise": ("raise ValueError('13912345678')", "cell_error", 1),
    "hang": ("import time; time.sleep(600)", "timeout", 1),
    "deaf": ("while True:\n    try: time.sleep(600)\n    except BaseException: break", "timeout", 1),
    "hoard": (HOARD, "oom", 1),
    "flood": ("for _ in range(100_000): print('x' * 1000)", "output_too_large", 1),
    "spill": ("import os\nfor _ in range(100): os.write(1, b'x' * 1_000_000)", "", 1),
    "orphan": ("import subprocess\nsubprocess.Popen(['sleep', '600'], start_new_session=True);", "", 1),
    "ask": ("input()", "cell_error", 1),
    "late": ("2", "", 1),
}
SWITCH = "import time\nfaults = {faults!r}\nget_ipython().run_cell(faults[community]).raise_error();"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled_workspace(tmp_path_factory.mktemp("faults") / "w", list(FAULTS)).root


@pytest.fixture
def workspace(filled: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(filled, tmp_path / "w")
    return open_workspace(tmp_path / "w")


def _run(workspace: Workspace, places: list[str], **options: object) -> Summary:
    jobs = plan.jobs(workspace, ["monthly_review"], places, ["2025-09"], as_of=AS_OF)
    return batch.run(workspace, jobs, Options(**({"workers": 2, "limits": LIMITS} | options)))


def test_every_fault_has_its_outcome_and_touches_no_other(workspace: Workspace, notebook: Write, mark: str) -> None:
    notebook(SWITCH.replace("{faults!r}", repr({name: cell for name, (cell, _, _) in FAULTS.items()})), RECEIPT)
    summary = _run(workspace, list(FAULTS))
    ended = {entry["community"]: (entry["reason"], entry["attempts"]) for entry in summary.entries}
    assert ended == {name: (reason, attempts) for name, (_, reason, attempts) in FAULTS.items()}
    made = {path for path in pages(workspace) if path != manifest.INDEX}
    assert made == {
        f"internal/{name}/2025-09/monthly_review.zh.html" for name, (_, reason, _) in FAULTS.items() if not reason
    }
    assert not list(Path(tempfile.gettempdir()).iterdir())
    wait(lambda: not carrying(mark), 10)
    for entry in summary.failed:
        kept = workspace.root / entry["evidence"]
        assert json.loads((kept / "executed.ipynb").read_text("utf-8"))["cells"][-1]["outputs"] == []
        assert entry["reason"] in (kept / "error.html").read_text("utf-8")
    told = (workspace.store / "manifest.jsonl").read_text("utf-8") + json.dumps(summary.entries)
    assert "13912345678" not in told


def test_a_cell_that_holds_the_interpreter_is_ended_from_outside(
    workspace: Workspace, notebook: Write, mark: str
) -> None:
    notebook("x = sum(range(10**12))", RECEIPT)
    (entry,) = _run(workspace, ["fine"], limits=Limits(wall=3)).entries
    assert (entry["reason"], entry["attempts"]) == ("timeout", 1)
    wait(lambda: not carrying(mark), 10)


def test_jobs_survive_the_death_of_the_preloaded_process(workspace: Workspace, notebook: Write, tmp_path: Path) -> None:
    once = tmp_path / "once"
    kill = f"import os, pathlib\nfirst = not pathlib.Path({str(once)!r}).exists()\nopen({str(once)!r}, 'w').close()\n"
    notebook(kill + "import time\nif first: os.kill(os.getppid(), 9); time.sleep(60)", RECEIPT)
    summary = _run(workspace, ["fine", "late"], workers=1)
    assert [(entry["status"], entry["attempts"]) for entry in summary.entries] == [("success", 2), ("success", 1)]


def test_reports_that_take_no_file_are_an_outcome(workspace: Workspace, notebook: Write) -> None:
    notebook(RECEIPT)
    workspace.reports.write_text("a file where the folder should be", "utf-8")
    summary = _run(workspace, ["fine"])
    assert (summary.entries[0]["reason"], summary.trouble is not None) == ("io_error", True)
    workspace.reports.unlink()
    assert _run(workspace, ["fine"]).count("success") == 1


def test_a_torn_line_of_the_manifest_costs_one_job_only(workspace: Workspace, notebook: Write) -> None:
    notebook(RECEIPT)
    _run(workspace, ["fine", "late"])
    path = workspace.store / "manifest.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    assert sorted(entry["status"] for entry in _run(workspace, ["fine", "late"]).entries) == ["skipped", "success"]
    assert len(manifest.read(workspace)) == 2


def _made_elsewhere(workspace: Workspace, places: list[str]) -> dict[str, str]:
    """The tree of an undisturbed run over a copy of the workspace."""
    shutil.copytree(workspace.root, workspace.root.with_name("undisturbed"))
    copy = open_workspace(workspace.root.with_name("undisturbed"))
    assert _run(copy, places).count("success") == len(places)
    return tree(copy)


SUPERVISOR, ALL = "the supervisor alone", "all of it"
ENDS = {"kill": (signal.SIGKILL, SUPERVISOR), "kill all": (signal.SIGKILL, ALL),
        "term": (signal.SIGTERM, SUPERVISOR), "int": (signal.SIGINT, ALL)}  # fmt: skip


def _ended_and_resumed(workspace: Workspace, ways: list[str], seed: int, mark: str, whole: dict[str, str]) -> None:
    """End runs at random moments after their first page; whatever is public then is whole.  Then let one finish."""
    chance = random.Random(seed)
    for way in ways:
        run = started(workspace)
        run.stderr.readline()
        time.sleep(chance.random() * 0.5)
        number, whom = ENDS[way]
        for pid in [run.pid, *(carrying(mark) if whom == ALL else [])]:
            if Path(f"/proc/{pid}").exists():
                os.kill(pid, number)
        told = run.communicate(timeout=30)
        if number != signal.SIGKILL:
            assert run.returncode in (0, 130), told
            assert "Traceback" not in told[1]
        wait(lambda: not carrying(mark), 10)
        seen = {name: told for name, told in pages(workspace).items() if name != manifest.INDEX}
        assert {name: told for name, told in seen.items() if not name.endswith(".part")}.items() <= whole.items()
    last = started(workspace)
    told = last.communicate()
    assert last.returncode == 0, told


def test_a_run_ended_in_any_way_is_finished_by_the_same_command(few: Workspace, mark: str) -> None:
    """Also what pages told for later ones: kept once, and the same as in an undisturbed run."""
    whole = _made_elsewhere(few, ["a", "b", "c"])
    assert sum(name.startswith("told/") for name in whole) == 3
    _ended_and_resumed(few, ["kill", "term", "kill all", "int"], 7, mark, whole)
    assert tree(few) == whole
    assert not list(few.root.rglob("*.part"))
    assert not list(Path(tempfile.gettempdir()).glob("propkit-*"))


@pytest.mark.slow
def test_many_ends_leave_the_tree_of_an_undisturbed_run(few: Workspace, mark: str) -> None:
    whole = _made_elsewhere(few, ["a", "b", "c"])
    for seed in range(15):
        shutil.rmtree(few.reports, ignore_errors=True)
        shutil.rmtree(few.private / "told", ignore_errors=True)
        (few.store / "manifest.jsonl").unlink(missing_ok=True)
        _ended_and_resumed(few, random.Random(seed).choices(list(ENDS), k=3), seed, mark, whole)
        assert tree(few) == whole


@pytest.mark.slow
def test_a_hundred_reports_in_parallel_three_times(tmp_path: Path, mark: str) -> None:
    workspace = filled_workspace(tmp_path / "w", [f"p{at}" for at in range(25)])
    write_notebook(workspace.root, TOLD)
    jobs = [
        job
        for edition in ("internal", "owner")
        for lang in ("zh", "en")
        for job in plan.jobs(workspace, ["monthly_review"], [], ["2025-09"], as_of=AS_OF, edition=edition, lang=lang)
    ]
    assert len(jobs) == 100
    trees = []
    for _ in range(3):
        summary = batch.run(workspace, jobs, Options(workers=24, force=True))
        assert (summary.count("success"), max(entry["attempts"] for entry in summary.entries)) == (100, 1)
        trees.append(tree(workspace))
        assert not list(Path(tempfile.gettempdir()).iterdir())
        wait(lambda: not carrying(mark), 10)
    assert trees[0] == trees[1] == trees[2]


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_reports_folder_is_an_outcome(workspace: Workspace, notebook: Write) -> None:
    notebook(RECEIPT)
    workspace.reports.mkdir()
    workspace.reports.chmod(0o500)
    try:
        summary = _run(workspace, ["fine"])
    finally:
        workspace.reports.chmod(0o700)
    assert summary.entries[0]["reason"] == "io_error"


def test_shards_share_a_workspace_and_keep_others_out(few: Workspace) -> None:
    jobs = plan.jobs(few, ["monthly_review"], [], ["2025-09"], as_of=AS_OF)
    parts = [plan.shard(jobs, at, 2) for at in (1, 2)]
    assert sorted(job.key for part in parts for job in part) == sorted(job.key for job in jobs)
    with locked(few, shard="1-of-2"), locked(few, shard="2-of-2"):
        with pytest.raises(LockedError), locked(few):
            pass
        with pytest.raises(LockedError), locked(few, shard="1-of-2"):
            pass
    with locked(few), pytest.raises(LockedError), locked(few):
        pass
