"""Notebook hygiene: clean outputs, a tagged parameters cell, thin cells, a kernelspec.  `python -m tests.hygiene [--fix]`."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
MAX_LINES = 12
FORBIDDEN = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef, ast.Lambda)


def faults(notebook: dict, name: str) -> list[str]:
    """Return what is wrong with a committed notebook, one sentence each."""
    found = []
    cells = notebook["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    if notebook["metadata"].get("kernelspec") != KERNEL:
        found.append(f"{name}: the kernelspec is not the plain python3 one")
    if sum("parameters" in cell["metadata"].get("tags", []) for cell in code) != 1:
        found.append(f"{name}: exactly one cell must carry the tag 'parameters'")
    for at, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            found += [f"{name} cell {at}: {fault}" for fault in _cell_faults(cell)]
        if "id" not in cell:
            found.append(f"{name} cell {at}: no cell id")
    return found


def clean(notebook: dict) -> dict:
    """Return the notebook without outputs, counters and editor metadata."""
    cells = []
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags")
        kept = {**cell, "metadata": {"tags": tags} if tags else {}}
        if cell["cell_type"] == "code":
            kept |= {"outputs": [], "execution_count": None}
        cells.append(kept)
    return {**notebook, "cells": cells, "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}}}


def _cell_faults(cell: dict) -> list[str]:
    source = "".join(cell["source"])
    lines = [line for line in source.splitlines() if line.strip()]
    found = []
    if cell["outputs"] or cell["execution_count"] is not None:
        found.append("outputs are committed")
    if len(lines) > MAX_LINES:
        found.append(f"{len(lines)} lines, at most {MAX_LINES} are thin")
    tree = ast.parse(source)
    if any(isinstance(node, FORBIDDEN) for node in ast.walk(tree)):
        found.append("it defines something; the library is the place for that")
    if any(
        isinstance(node, ast.Attribute) and node.attr in ("groupby", "to_csv", "to_excel") for node in ast.walk(tree)
    ):
        found.append("it groups or writes files; the library is the place for that")
    return found


def main(arguments: list[str]) -> int:
    """Check every notebook, or clean them with --fix; returns the exit code."""
    found = []
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = json.loads(path.read_text("utf-8"))
        if "--fix" in arguments:
            notebook = clean(notebook)
            path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", "utf-8")
        found += faults(notebook, path.name)
    for fault in found:
        sys.stderr.write(fault + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
