"""Many jobs: isolation, the manifest, resuming, retrying, locking, interrupting."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from propkit.errors import LockedError, PropkitError
from propkit.locks import locked
from propkit.running import batch, manifest, plan
from propkit.running.batch import Options, Progress
from propkit.running.launch import Spawns
from propkit.running.limits import Limits
from propkit.running.pool import Pool, Result
from propkit.running.publish import settle
from propkit.workspace import Workspace, open_workspace

from .conftest import RECEIPT, Write

AS_OF = pd.Timestamp("2025-10-08 23:59:59")
KEYS = [f"internal/{place}/2025-09/monthly_review.zh" for place in ("yinhe", "guangming")]
FAILS_FOR_GUANGMING = "assert community != 'guangming'"


def _jobs(workspace: Workspace, **asked: str) -> list[plan.Job]:
    return plan.jobs(workspace, ["monthly_review"], [], ["2025-09"], as_of=AS_OF, **asked)


def _statuses(workspace: Workspace) -> list[str]:
    entries = manifest.read(workspace)
    return [entries[key]["status"] for key in KEYS]


def test_a_failing_job_touches_no_other_and_alone_is_run_again(workspace: Workspace, notebook: Write) -> None:
    notebook(FAILS_FOR_GUANGMING, RECEIPT)
    told: list[Progress] = []
    first = batch.run(workspace, _jobs(workspace, asked_as_of="2025-10-08"), Options(workers=2), tell=told.append)
    assert (first.count("success"), [entry["key"] for entry in first.failed]) == (1, [KEYS[1]])
    assert sorted(progress.done for progress in told if progress.ended) == [1, 2]
    assert sum(not progress.ended for progress in told) == 2
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
        if progress.ended:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch.run(workspace, _jobs(workspace), tell=interrupt)
    assert _statuses(workspace) == ["success", "skipped"]
    assert [job.key for job in batch.failed_jobs(workspace, {}, AS_OF)] == [KEYS[1]]
    resumed = batch.run(workspace, _jobs(workspace))
    assert [entry["status"] for entry in resumed.entries] == ["skipped", "success"]


def test_a_second_batch_is_turned_away_and_told_by_whom(workspace: Workspace) -> None:
    with locked(workspace), pytest.raises(LockedError, match=f"process {os.getpid()} on "):
        batch.run(open_workspace(workspace.root), _jobs(workspace))


def test_a_lock_of_a_killed_run_is_taken_over_and_its_folders_removed(workspace: Workspace, mark: str) -> None:
    made: list[Path] = []
    with batch._runtime(workspace, Options()) as left, batch._runtime(workspace, Options()) as older:
        made += [left, older]
        workspace.private.mkdir(parents=True, exist_ok=True)
        note = workspace.private / "lock.json"
        note.write_text(json.dumps({"pid": 1, "host": "x"}), "utf-8")
        with batch._runtime(workspace, Options(shard="1-of-2")) as other:
            batch.run(workspace, [])
            assert other.exists()
        assert not any(folder.exists() for folder in made)
    assert not note.exists()


def test_leftovers_of_a_killed_run_are_removed(workspace: Workspace) -> None:
    left = workspace.reports / "internal" / ".page.html.1.part"
    left.parent.mkdir(parents=True)
    left.write_text("half", "utf-8")
    batch.run(workspace, [])
    assert not left.exists()


def test_a_job_over_the_wall_limit_is_ended(workspace: Workspace, notebook: Write) -> None:
    notebook("import time; time.sleep(60)", RECEIPT)
    with tempfile.TemporaryDirectory(prefix="pk-") as folder:
        pool = Pool(workspace, Path(folder), 1, limits=Limits(wall=1))
        pool.add(_jobs(workspace)[0])
        (result,) = pool.results()
    assert result.outcome["reason"] == "timeout"


def test_where_nothing_can_fork_a_new_process_makes_the_page(workspace: Workspace, notebook: Write) -> None:
    notebook(RECEIPT)
    with tempfile.TemporaryDirectory(prefix="pk-") as folder:
        runtime = Path(folder)
        pool = Pool(workspace, runtime, 1, engine="kernel", launch=Spawns(runtime))
        pool.add(_jobs(workspace)[0])
        (result,) = pool.results()
    assert result.outcome["status"] == "success"


def test_a_preloaded_process_that_cannot_start_is_told_with_its_last_words(
    workspace: Workspace, notebook: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook(RECEIPT)
    monkeypatch.setenv("PYTHONPATH", str(workspace.root / "broken"))
    (workspace.root / "broken" / "pyarrow").mkdir(parents=True)
    (workspace.root / "broken" / "pyarrow" / "__init__.py").write_text("raise ImportError('no pyarrow here')", "utf-8")
    (entry,) = batch.run(workspace, _jobs(workspace)[:1]).failed
    assert (entry["reason"], entry["attempts"]) == ("kernel_start", 2)
    assert "no pyarrow here" in (workspace.root / entry["evidence"] / "log.txt").read_text("utf-8")


class _Made:
    """A pool whose jobs are made at once, for what happens to their pages afterwards."""

    def __init__(self, workspace: Workspace, runtime: Path, workers: int, **more: object) -> None:
        self.workspace, self.scratch, self.jobs = workspace, runtime / "1" / "work", []
        self.scratch.mkdir(parents=True)

    def add(self, job: plan.Job) -> None:
        self.jobs.append(job)

    def results(self) -> Iterator[Result]:
        for job in self.jobs:
            content = f"page of {job.key}".encode() * 100
            (self.scratch / "page.html").write_bytes(content)
            output = {"path": job.page, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            made = {"status": "success", "reason": "", "message": {"zh": "", "en": ""}, "evidence": "",
                    "output": output, "headline": [], "published": [{"kpi": job.community}],
                    "told": {"report": job.report, "edition": job.edition, "period": job.period, "mark": "m"}}  # fmt: skip
            yield Result(job, settle(self.workspace, job, made, self.scratch), 0.1, 0)


@pytest.mark.parametrize("call", ["fsync", "replace", "write", "open"])
def test_every_point_at_which_a_disk_can_fail_leaves_whole_files_and_heals(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """With pages that are made at once; `test_every_point` has real ones."""
    monkeypatch.setattr(batch, "Pool", _Made)
    real = getattr(os, call)
    jobs = _jobs(workspace)
    for point in range(1, 40):
        left = point

        def failing(*given: object) -> object:
            nonlocal left
            left -= 1
            if left == 0:
                raise OSError(errno.ENOSPC, "")
            return real(*given)

        for path in (workspace.reports, workspace.store / "manifest.jsonl", workspace.private / "published",
                     workspace.private / "told"):  # fmt: skip
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        with monkeypatch.context() as broken:
            broken.setattr(os, call, failing)
            try:
                summary = batch.run(workspace, jobs)
                whole = not summary.failed and summary.trouble is None
            except PropkitError:
                whole = False
        for job in jobs:
            path = workspace.reports / job.page
            assert not path.exists() or path.read_bytes() == f"page of {job.key}".encode() * 100
        assert not list(workspace.reports.rglob("*.part"))
        healed = batch.run(workspace, jobs)
        assert not healed.failed
        assert all(manifest.is_intact(workspace, entry) for entry in manifest.read(workspace).values())
        told = {path.name for path in (workspace.private / "told").rglob("*.json")}
        assert told == {"2025-09+001.json"}
        if left > 0:
            assert whole
            return
    raise AssertionError("the run never came to its end")
