"""Many jobs with real kernels: isolation, the manifest, resuming, retrying, locking, interrupting."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pandas as pd
import pytest

from propkit import store
from propkit.errors import LockedError
from propkit.running import batch, manifest, plan
from propkit.running.batch import Progress
from propkit.running.pool import Pool
from propkit.workspace import Workspace, open_workspace

from .conftest import RECEIPT, Write

AS_OF = pd.Timestamp("2025-10-08 23:59:59")
KEYS = [f"internal/{place}/2025-09/monthly_review.zh" for place in ("yinhe", "guangming")]
FAILS_FOR_GUANGMING = "assert community != 'guangming'"


def _jobs(workspace: Workspace, **asked: str) -> list[plan.Job]:
    return plan.jobs(workspace, [], [], ["2025-09"], as_of=AS_OF, **asked)


def _statuses(workspace: Workspace) -> list[str]:
    entries = manifest.read(workspace)
    return [entries[key]["status"] for key in KEYS]


def test_a_failing_job_touches_no_other_and_alone_is_run_again(workspace: Workspace, notebook: Write) -> None:
    notebook(FAILS_FOR_GUANGMING, RECEIPT)
    told: list[Progress] = []
    first = batch.run(workspace, _jobs(workspace, asked_as_of="2025-10-08"), workers=2, tell=told.append)
    assert (first.count("success"), [entry["key"] for entry in first.failed]) == (1, [KEYS[1]])
    assert sorted(progress.done for progress in told) == [1, 2]
    assert _statuses(workspace) == ["success", "failed"]
    assert (workspace.reports / f"{KEYS[0]}.html").is_file()
    assert "光明小区" in (workspace.reports / "index.html").read_text("utf-8")

    again = batch.failed_jobs(workspace, {"period": ["2025-09"], "lang": []}, pd.Timestamp("2026-01-01"))
    assert [(job.key, job.as_of) for job in again] == [(KEYS[1], str(AS_OF))]
    assert batch.failed_jobs(workspace, {"edition": ["owner"]}, AS_OF) == []
    results = json.loads((workspace.reports / "run_results.json").read_text("utf-8"))
    assert [job["status"] for job in results["jobs"]] == ["success", "failed"]
    assert results["jobs"][1]["reason"] == "cell_error"
    assert str(workspace.root) not in json.dumps(results)

    second = batch.run(workspace, _jobs(workspace))
    assert [entry["status"] for entry in second.entries] == ["skipped", "failed"]


def test_a_page_is_current_until_its_inputs_or_its_bytes_change(workspace: Workspace, notebook: Write) -> None:
    notebook(RECEIPT)
    jobs = _jobs(workspace)[:1]
    batch.run(workspace, jobs)
    page = workspace.reports / jobs[0].page
    before = page.read_bytes()
    assert [task.current for task in batch.tasks(workspace, jobs)] == [True]
    assert [task.current for task in batch.tasks(workspace, jobs, force=True)] == [False]
    assert manifest.standing(workspace, manifest.read(workspace)[KEYS[0]]) == "current"
    page.write_bytes(before + b" ")
    assert manifest.standing(workspace, manifest.read(workspace)[KEYS[0]]) == "stale"
    batch.run(workspace, jobs)
    assert page.read_bytes() == before  # same input, same bytes
    notebook("1", RECEIPT)
    assert [task.current for task in batch.tasks(workspace, jobs)] == [False]


def test_a_dead_kernel_is_tried_twice_and_the_old_page_stays_named(workspace: Workspace, notebook: Write) -> None:
    notebook(RECEIPT)
    jobs = _jobs(workspace)[:1]
    batch.run(workspace, jobs)
    notebook("import os; os._exit(1)", RECEIPT)
    entry = batch.run(workspace, jobs).failed[0]
    assert (entry["reason"], entry["attempts"]) == ("kernel_died", 2)
    assert entry["output"]["path"] == jobs[0].page
    assert manifest.is_intact(workspace, entry)


def test_an_interrupted_run_keeps_what_is_done_and_resumes(workspace: Workspace, notebook: Write) -> None:
    notebook(RECEIPT)

    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch.run(workspace, _jobs(workspace), tell=interrupt)
    assert _statuses(workspace) == ["success", "skipped"]
    assert [job.key for job in batch.failed_jobs(workspace, {}, AS_OF)] == [KEYS[1]]
    resumed = batch.run(workspace, _jobs(workspace))
    assert [entry["status"] for entry in resumed.entries] == ["skipped", "success"]


def test_a_second_batch_is_turned_away(workspace: Workspace) -> None:
    with store.locked(workspace), pytest.raises(LockedError):
        batch.run(open_workspace(workspace.root), _jobs(workspace))


def test_leftovers_of_a_killed_run_are_removed(workspace: Workspace) -> None:
    left = workspace.reports / "internal" / ".page.html.1.part"
    left.parent.mkdir(parents=True)
    left.write_text("half", "utf-8")
    batch.run(workspace, [])
    assert not left.exists()


def test_a_job_over_the_wall_limit_is_ended(workspace: Workspace, notebook: Write) -> None:
    notebook("import time; time.sleep(60)", RECEIPT)
    with tempfile.TemporaryDirectory(prefix="pk-") as folder:
        pool = Pool(workspace.root, Path(folder), 1, wall=3)
        pool.add(_jobs(workspace)[0])
        (result,) = pool.results()
    assert result.outcome["reason"] == "timeout"
    assert result.seconds < 20
