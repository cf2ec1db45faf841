"""How far a notebook came, written as it runs: what is left to look at when its process is killed."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode


class Trail:
    """Writes the notebook once, and each cell when it begins and when it has ended."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def follow(self, manager: Any) -> None:
        """Note what papermill is told about cells; `manager` is its NotebookExecutionManager."""
        began, ended = manager.cell_start, manager.cell_complete
        self._write(json.dumps(manager.nb), mode="w")

        def cell_start(cell: NotebookNode, cell_index: int, **more: Any) -> None:
            began(cell, cell_index, **more)
            self._write(json.dumps({"begun": cell_index}))

        def cell_complete(cell: NotebookNode, cell_index: int, **more: Any) -> None:
            ended(cell, cell_index=cell_index, **more)
            if cell.cell_type == "code":
                done = {"ended": cell_index, "outputs": cell.outputs, "count": cell.execution_count}
                self._write(json.dumps(done))

        manager.cell_start, manager.cell_complete = cell_start, cell_complete

    def _write(self, line: str, mode: str = "a") -> None:
        # A trail that cannot be written must not end the report that leaves it.
        with suppress(OSError), self._path.open(mode, encoding="utf-8") as out:
            out.write(json.dumps(json.loads(line)) + "\n")


def read(path: Path) -> tuple[NotebookNode | None, int | None]:
    """Return the notebook as far as it came and the index of the cell in which it ended; None where nothing is known."""
    notebook, at = None, None
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
        for number, line in enumerate(lines):
            said = json.loads(line)
            if number == 0:
                notebook = nbformat.from_dict(said)
            elif "begun" in said:
                at = said["begun"]
            elif notebook is not None:
                cell = notebook.cells[said["ended"]]
                cell.outputs, cell.execution_count = nbformat.from_dict(said["outputs"]), said["count"]
    except (OSError, ValueError, KeyError, IndexError):  # the last line is half written
        pass
    return notebook, at
