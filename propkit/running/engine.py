"""Two ways for papermill to run the cells of a report: in this very process, or in a kernel of its own.

The first needs a process that is used for nothing else: the shell takes over its standard streams and its __main__.
"""

from __future__ import annotations

import time
from typing import Any

from nbclient.exceptions import CellTimeoutError
from nbformat import NotebookNode
from papermill.engines import Engine, NBClientEngine, papermill_engines

from propkit.running.limits import Clock, Limits, OverTime, lift_memory
from propkit.running.names import FORK, KERNEL
from propkit.running.outcomes import Failure
from propkit.running.shell import Recorder, Shell, printing_to
from propkit.running.trail import Trail

NAMES = {FORK: "propkit", KERNEL: "propkit-kernel"}
"""The engines as papermill knows them."""


class InProcess(Engine):
    """Cells run here, one after the other; a cell that fails is the last, as with papermill's own engine."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, kept: list[NotebookNode], trail: Trail, limits: Limits, **options: Any
    ) -> None:
        kept.append(nb_man.nb)
        trail.follow(nb_man)
        recorder = Recorder(limits.output)
        shell, clock = Shell.instance(recorder), Clock(limits)
        with printing_to(recorder):
            for index, cell in enumerate(nb_man.nb.cells):
                try:
                    nb_man.cell_start(cell, index)
                    if not _run(shell, clock, cell):
                        nb_man.cell_exception(cell, index)
                        break
                finally:
                    nb_man.cell_complete(cell, index)
        nb_man.nb.metadata["language_info"] = {"name": "python"}


class InKernel(NBClientEngine):
    """Papermill's own engine, but the notebook stays in reach when the kernel dies."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, kept: list[NotebookNode], trail: Trail, limits: Limits, **options: Any
    ) -> Any:
        kept.append(nb_man.nb)
        trail.follow(nb_man)
        started = time.monotonic()

        def left(cell: NotebookNode) -> float:
            return max(0.1, min(limits.cell, started + limits.wall - time.monotonic()))

        options |= {"start_timeout": limits.start, "timeout_func": left}
        return super().execute_managed_notebook(nb_man, kernel_name, **options)


for name, engine in ((NAMES[FORK], InProcess), (NAMES[KERNEL], InKernel)):
    papermill_engines.register(name, engine)


def _run(shell: Shell, clock: Clock, cell: NotebookNode) -> bool:
    """Run a cell and say whether the next may; raises Failure or CellTimeoutError for what no notebook may do."""
    tags = cell.metadata.get("tags", [])
    if cell.cell_type != "code" or not cell.source.strip() or "skip-execution" in tags:
        return True
    cell.outputs, cell.execution_count = [], shell.execution_count
    shell.recorder.begin(cell.outputs)
    result = None
    try:
        with clock.cell():
            result = shell.run_cell(cell.source, store_history=True)
    except OverTime:  # the bell rang between two statements of ours
        pass
    finally:
        shell.recorder.end()
    if clock.over:
        raise CellTimeoutError("over time")
    if shell.recorder.overflowed:
        raise Failure("output_too_large")
    if result is not None and isinstance(result.error_in_exec, MemoryError):
        lift_memory()
    return (result is not None and result.success) or "raises-exception" in tags
