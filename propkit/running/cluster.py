"""The jobs of a batch, or the parts of a tally, on a Dask cluster.  Knows Dask; nothing else does.

Workers make pages and this process publishes them; workers count and this process puts the figures together.

A worker keeps a preloaded process of its own and forks from it, as a batch on one machine does.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from propkit.errors import ConfigError, PropkitError
from propkit.running.launch import launcher
from propkit.running.limits import Limits
from propkit.running.names import LOG, PAGE, TRAIL, WORK
from propkit.running.outcomes import failed
from propkit.running.plan import Job
from propkit.running.pool import Pool, Result
from propkit.running.publish import settle
from propkit.text import Text
from propkit.workspace import Workspace, open_workspace

_KEPT = {PAGE: f"{WORK}/{PAGE}", TRAIL: f"{WORK}/{TRAIL}", LOG: LOG}
_here = threading.local()
Part, Made = TypeVar("Part"), TypeVar("Made")


class DaskPool:
    """Runs jobs as a Pool does, on a cluster: the one at `scheduler`, or one of `workers` on this machine."""

    def __init__(
        self,
        workspace: Workspace,
        runtime: Path,
        workers: int,
        *,
        scheduler: str | None = None,
        limits: Limits | None = None,
        engine: str | None = None,
        begun: Callable[[Job], None] = lambda job: None,
    ) -> None:
        self._workspace, self._runtime, self._workers, self._scheduler = workspace, runtime, workers, scheduler
        self._limits, self._engine, self._begun = limits or Limits(), engine, begun
        self._waiting: list[Job] = []

    def add(self, job: Job) -> None:
        """Put a job at the end of the queue; also while results are being read."""
        self._waiting.append(job)

    def results(self) -> Iterator[Result]:
        """Yield each job's result as it ends, its page published."""
        if not self._waiting:
            return
        with _client(self._scheduler, self._workers) as (client, completed):
            asked: dict[str, tuple[Job, float]] = {}
            while self._waiting or asked:
                for job in self._waiting:
                    future = client.submit(
                        make, str(self._workspace.root.resolve()), job, self._engine, self._limits, pure=False
                    )
                    asked[future.key] = (job, time.monotonic())
                    completed.add(future)
                    self._begun(job)
                self._waiting.clear()
                future = next(completed)
                job, started = asked.pop(future.key)
                yield self._taken(job, future, time.monotonic() - started)

    def _taken(self, job: Job, future: Any, seconds: float) -> Result:
        """Lay out what a worker sent as if it had been made here, and publish it."""
        folder = Path(tempfile.mkdtemp(dir=self._runtime))
        (folder / WORK).mkdir()
        # A worker that died again and again is the cluster's fault, as a crash is a process's.
        outcome, files, peak = future.result() if future.status == "finished" else (failed("kernel_died"), {}, 0)
        for name, content in files.items():
            (folder / _KEPT[name]).write_bytes(content)
        return Result(job, settle(self._workspace, job, outcome, folder / WORK), seconds, peak)


def make(root: str, job: Job, engine: str | None, limits: Limits) -> tuple[dict, dict[str, bytes], int]:
    """Run one job on a worker and return its outcome, the files it left and its peak of memory."""
    if not hasattr(_here, "launcher"):
        _here.runtime = Path(tempfile.mkdtemp(prefix="propkit-"))
        _here.launcher = launcher(_here.runtime)
    left: dict[str, bytes] = {}

    def keep(workspace: Workspace, job: Job, outcome: dict, scratch: Path) -> dict:
        places = {name: scratch.parent / place for name, place in _KEPT.items()}
        left.update({name: place.read_bytes() for name, place in places.items() if place.is_file()})
        return outcome

    pool = Pool(
        open_workspace(root), _here.runtime, 1, limits=limits, engine=engine, finish=keep, launch=_here.launcher
    )
    pool.add(job)
    (result,) = pool.results()
    return result.outcome, left, result.peak


def spread(
    function: Callable[[Part], Made], parts: Sequence[Part], *, scheduler: str | None = None, workers: int = 1
) -> list[Made]:
    """Return what `function` makes of each part, in their order, made on the cluster.

    A part whose worker dies is made again by another one; PropkitError when that happens again and again.  What
    `function` raises is raised here.
    """
    with _client(scheduler, min(workers, len(parts)) or 1) as (client, _):
        from distributed import KilledWorker

        try:
            return client.gather(client.map(function, parts, pure=False))
        except KilledWorker:
            what = Text("Dask 的工作进程接连被杀", "Dask's workers were killed again and again")
            raise PropkitError(what, hint=Text("给它们更多内存", "give them more memory")) from None


@contextmanager
def _client(scheduler: str | None, workers: int) -> Iterator[tuple[Any, Any]]:
    try:
        from distributed import Client, LocalCluster, as_completed
    except ImportError:
        raise ConfigError(Text("没有安装 Dask", "Dask is not installed"), hint="pip install 'propkit[dask]'") from None
    with ExitStack() as stack:
        address: Any = scheduler
        if scheduler is None:
            # One job at a time in a worker: its memory and its time are the job's.
            address = stack.enter_context(
                LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=50)
            )
        try:
            client = stack.enter_context(Client(address, timeout="10s"))
        except OSError:
            raise ConfigError(
                Text("连不上 Dask 调度器", "the Dask scheduler cannot be reached"),
                got=scheduler or "",
                expected="tcp://host:8786",
            ) from None
        yield client, as_completed()
