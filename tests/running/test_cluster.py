"""A batch on a Dask cluster of this machine: the same pages as without, and a killed worker survived."""

from __future__ import annotations

import functools
import hashlib
import os
import signal
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from propkit import store
from propkit.errors import ConfigError
from propkit.periods import parse_period
from propkit.reporting import items
from propkit.running import batch, cluster, plan
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


KPIS = ["repairs_on_time_rate", "first_time_fix_rate", "work_order_volume", "end_to_end_repair_time"]


def _tallied(workspace: Workspace, kpis: list[str] = KPIS, **asked: object) -> pd.DataFrame:
    places, periods = list(store.communities(workspace)), [parse_period("2025-09"), parse_period("2025-08")]
    return items.values(workspace, kpis, periods, communities=places, cut=workspace.cut(AS_OF), **asked)


def _hash(frame: pd.DataFrame) -> str:
    return hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()


def test_a_tally_over_a_cluster_is_the_tally_here(workspace: Workspace) -> None:
    here, split = _tallied(workspace), _tallied(workspace, KPIS[:2], by=["fault_type"])
    assert here["den"].sum() > 0
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as there:
        spread = functools.partial(cluster.spread, scheduler=there.scheduler_address)
        assert _hash(_tallied(workspace, spread=spread)) == _hash(here)
        assert _hash(_tallied(workspace, KPIS[:2], by=["fault_type"], spread=spread)) == _hash(split)
        with pytest.raises(ConfigError, match="no such segment") as caught:
            _tallied(workspace, KPIS[:2], by=["fault_typo"], spread=spread)
    assert caught.value.render("zh").startswith("没有这个分组")


def _killed_once(told: str, place: str) -> str:
    """End the worker where `told` is not there yet; otherwise do the work."""
    if place == "b" and not os.path.exists(told):
        with open(told, "w"):
            os.kill(os.getpid(), signal.SIGKILL)
    return place.upper()


def test_a_part_whose_worker_is_killed_is_counted_by_another(tmp_path: Path) -> None:
    function = functools.partial(_killed_once, str(tmp_path / "once"))
    assert cluster.spread(function, ["a", "b", "c"], workers=2) == ["A", "B", "C"]
    assert (tmp_path / "once").exists()


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
