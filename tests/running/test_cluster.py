"""A batch on a Dask cluster of this machine: the same pages as without, and a killed worker survived."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import time

import pandas as pd
import pytest

from propkit.running import batch, plan
from propkit.running.batch import Options
from propkit.workspace import Workspace

from .conftest import RECEIPT, Write

distributed = pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # the cluster's own
    pytest.mark.skipif(not hasattr(os, "fork"), reason="kills processes"),
]

AS_OF = pd.Timestamp("2025-10-08 23:59:59")


def _jobs(workspace: Workspace) -> list[plan.Job]:
    return plan.jobs(workspace, ["monthly_review"], [], ["2025-09"], as_of=AS_OF)


def _hashes(workspace: Workspace) -> list[str]:
    return [hashlib.sha256((workspace.reports / job.page).read_bytes()).hexdigest() for job in _jobs(workspace)]


def test_a_cluster_makes_the_same_pages(workspace: Workspace, notebook: Write) -> None:
    notebook("assert community", RECEIPT)
    batch.run(workspace, _jobs(workspace))
    here = _hashes(workspace)
    there = batch.run(workspace, _jobs(workspace), Options(workers=2, executor="dask", force=True))
    assert (there.count("success"), _hashes(workspace)) == (2, here)


def test_a_failure_on_a_worker_leaves_its_evidence_here(workspace: Workspace, notebook: Write) -> None:
    notebook("raise ValueError('x')", RECEIPT)
    summary = batch.run(workspace, _jobs(workspace)[:1], Options(executor="dask"))
    (entry,) = summary.failed
    assert entry["reason"] == "cell_error"
    assert (workspace.root / entry["evidence"] / "executed.ipynb").is_file()


def test_a_killed_worker_is_survived(workspace: Workspace, notebook: Write) -> None:
    notebook("import time; time.sleep(8)", RECEIPT)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:

        def kill() -> None:
            time.sleep(4)
            os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

        threading.Thread(target=kill, daemon=True).start()
        options = Options(workers=2, executor="dask", scheduler=cluster.scheduler_address)
        assert batch.run(workspace, _jobs(workspace), options).count("success") == 2
