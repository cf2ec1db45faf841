"""The floor: what a report computes and draws, called in a bare loop: `python -m bench.bare WORKSPACE MONTHS`.

One process imports once and makes every report of the batch, without notebook, kernel, limits, publishing or records.
"""

from __future__ import annotations

import ast
import json
import sys
import tempfile
from pathlib import Path

from bench.engines import NOTEBOOK


def _main() -> None:
    from propkit import store
    from propkit.periods import parse_period
    from propkit.running import light
    from propkit.workspace import open_workspace

    light.plain_strings()  # as in the processes of a batch
    root, months = Path(sys.argv[1]), parse_period(sys.argv[2]).months
    cells = [
        ast.parse("".join(cell["source"]))
        for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
        if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", [])
    ]
    steps = [(_code(tree, tree.body[:-1]), compile(_last(tree), "<cell>", "eval")) for tree in cells]
    for place in store.communities(open_workspace(root)):
        for month in months:
            _report(steps, {"workspace": str(root), "community": place, "month": month})


def _code(tree: ast.Module, body: list[ast.stmt]) -> object:
    return compile(ast.Module(body, tree.type_ignores), "<cell>", "exec")


def _last(tree: ast.Module) -> ast.Expression:
    (*_, last) = tree.body
    return ast.Expression(last.value)


def _report(steps: list[tuple[object, object]], given: dict[str, str]) -> None:
    """Run the cells and write what they show, as HTML, to a file."""
    names, parts = {**given, "as_of": "", "edition": "internal", "lang": "zh"}, []
    for body, shown in steps:
        exec(body, names)
        bundle = eval(shown, names)._repr_mimebundle_()  # noqa: S307 - our own notebook
        parts += [text for text in bundle.values() if isinstance(text, str)]
    with tempfile.TemporaryFile("w", encoding="utf-8") as page:
        page.writelines(parts)


if __name__ == "__main__":
    _main()
