"""A batch on a Dask cluster of this machine: the same pages as without, and a killed worker survived."""

from __future__ import annotations

import functools
import hashlib
import os
import signal
import sys
from collections.abc import Iterator
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
    pytest.mark.skipif(sys.platform != "linux", reason="kills processes, and reads /proc"),
]

AS_OF = pd.Timestamp("2025-10-08 23:59:59")


@pytest.fixture(scope="module")
def there() -> Iterator[distributed.LocalCluster]:
    """Two workers that most tests share; one that is killed is replaced by its nanny."""
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as made:
        yield made


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


def test_a_tally_over_a_cluster_is_the_tally_here(workspace: Workspace, there: distributed.LocalCluster) -> None:
    here, split = _tallied(workspace), _tallied(workspace, KPIS[:2], by=["fault_type"])
    assert here["den"].sum() > 0
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


@pytest.mark.slow
def test_a_part_whose_worker_is_killed_is_counted_by_another(tmp_path: Path, there: distributed.LocalCluster) -> None:
    function = functools.partial(_killed_once, str(tmp_path / "once"))
    assert cluster.spread(function, ["a", "b", "c"], scheduler=there.scheduler_address) == ["A", "B", "C"]
    assert (tmp_path / "once").exists()


@pytest.mark.slow
def test_a_failure_on_a_cluster_of_its_own_leaves_its_evidence_here(workspace: Workspace, notebook: Write) -> None:
    notebook("raise ValueError('x')", RECEIPT)
    (entry,) = batch.run(workspace, _jobs(workspace)[:1], Options(executor="dask")).failed
    assert entry["reason"] == "cell_error"
    assert (workspace.root / entry["evidence"] / "executed.ipynb").is_file()


def test_a_cluster_makes_the_same_pages_though_a_worker_is_killed(
    workspace: Workspace, notebook: Write, tmp_path: Path, there: distributed.LocalCluster
) -> None:
    """The first report on the cluster ends its worker: the process above the preloaded one that it was forked from."""
    once = tmp_path / "once"
    worker = "open(f'/proc/{os.getppid()}/stat').read().rpartition(') ')[2].split()[1]"
    kill = f"import os\nif not os.path.exists({str(once)!r}):\n    open({str(once)!r}, 'w').close()\n    os.kill(int({worker}), 9)"
    notebook(kill, RECEIPT)
    once.touch()
    batch.run(workspace, _jobs(workspace))
    here = _hashes(workspace)
    once.unlink()
    options = Options(executor="dask", scheduler=there.scheduler_address, force=True)
    made = batch.run(workspace, _jobs(workspace), options)
    assert (made.count("success"), _hashes(workspace)) == (2, here)
    assert once.exists()
