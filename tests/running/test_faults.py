"""One batch in which most reports go wrong, each in its own way: the others are made, and nothing is left behind."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
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
from .runs import TOLD, carrying, filled_workspace, pages, tree, wait

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


def test_g1_every_fault_has_its_outcome_and_touches_no_other(workspace: Workspace, notebook: Write, mark: str) -> None:
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


@pytest.mark.slow
def test_g1_sixty_reports_of_which_twenty_four_go_wrong_and_are_repaired(tmp_path: Path, mark: str) -> None:
    """The fault lies outside the notebook, so what is repaired is made again because it failed, not because it changed."""
    bad = [name for name, (_, reason, _) in FAULTS.items() if reason]
    places = {f"{name}{at}": name for at in range(3) for name in bad}
    faults = dict(list(places.items())[:24])
    workspace = filled_workspace(tmp_path / "w", [*faults, *(f"fine{at}" for at in range(36))])
    repaired = tmp_path / "repaired"
    cells = {place: FAULTS[name][0] for place, name in faults.items()}
    switch = f"import os, time\nfaults = {cells!r}\nif not os.path.exists({str(repaired)!r}) and community in faults:\n"
    write_notebook(workspace.root, switch + "    get_ipython().run_cell(faults[community]).raise_error();", TOLD)
    shutil.copytree(workspace.root, tmp_path / "clean")
    clean = open_workspace(tmp_path / "clean")
    repaired.touch()
    assert _run(clean, []).count("success") == 60
    repaired.unlink()

    summary = _run(workspace, [])

    ended = {entry["community"]: (entry["reason"], entry["attempts"]) for entry in summary.entries}
    declared = {place: FAULTS[name][1:] for place, name in faults.items()}
    assert ended == {**dict.fromkeys((f"fine{at}" for at in range(36)), ("", 1)), **declared}
    made, whole = pages(workspace), pages(clean)
    assert len(made) == 37
    assert all(whole[name] == told for name, told in made.items() if name != manifest.INDEX)
    assert not list(Path(tempfile.gettempdir()).iterdir())
    wait(lambda: not carrying(mark), 10)
    repaired.touch()
    again = _run(workspace, [])
    assert {entry["community"] for entry in again.entries if entry["status"] == "success"} == set(faults)
    assert (again.count("success"), again.count("skipped")) == (24, 36)
    assert tree(workspace) == tree(clean)


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


@pytest.mark.slow
def test_parts_that_are_made_in_copies_are_put_together_to_the_whole(few: Workspace, tmp_path: Path) -> None:
    """What docs/running.md advises where there is nothing but an object store: the copies stand for the pods."""
    write_notebook(few.root, "1", TOLD)
    assert _run(few, []).count("success") == 3  # an older run, whose record every copy begins with
    write_notebook(few.root, TOLD)
    copies = [Workspace(tmp_path / f"pod {at}", few.settings) for at in range(3)]
    for copy in copies:
        shutil.copytree(few.root, copy.root)
    record = few.store / "manifest.jsonl"
    had = len(record.read_bytes().splitlines())
    jobs = plan.jobs(few, ["monthly_review"], [], ["2025-09"], as_of=AS_OF)
    assert batch.run(copies[2], jobs).count("success") == 3
    for at, copy in enumerate(copies[:2], 1):
        part = plan.shard(jobs, at, 2)
        assert batch.run(copy, part, Options(shard=f"{at}-of-2")).count("success") == len(part)
        for job in part:
            shutil.copy(copy.reports / job.page, few.reports / job.page)
        shutil.copytree(copy.private, few.private, dirs_exist_ok=True, ignore=shutil.ignore_patterns("lock*"))
        with record.open("ab") as out:
            out.writelines(line + b"\n" for line in (copy.store / "manifest.jsonl").read_bytes().splitlines()[had:])
    manifest.write_index(few)
    assert tree(few) == tree(copies[2])
    assert all(task.current for task in batch.tasks(few, jobs))
