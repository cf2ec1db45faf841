"""Who may call whom, read from the syntax trees: the house of design.md 2, and what no room may do."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "propkit"
FILES = sorted(PACKAGE.rglob("*.py"))

# Lowest first.  A room imports from lower floors and from itself; rooms on one floor stand beside each other.
FLOORS = (
    {"text"},
    {"errors", "stats"},
    {"files", "hands"},
    {"periods", "model"},
    {"domains"},
    {"intake", "demo"},
    {"workspace"},
    {"locks", "incoming"},
    {"store"},
    {"groups"},
    {"counts"},
    {"rates"},
    {"figures"},
    {"counted"},
    {"reporting"},
    {"running", "exploring"},
    {"console", "doctor", "schedule"},
    {"console_progress"},
    {"console_data", "console_reports", "console_notes"},
    {"commands"},
    {"cli_look"},
    {"cli"},
    {"__main__"},
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
NARROW = {
    "stats": (set(), "stats takes plain numbers and knows no other room"),
    "demo": ({"errors", "text", "model", "domains"}, "the demo knows the field, not the machinery that it tests"),
    **dict.fromkeys(
        ("reporting/charts.py", "reporting/charts_compare.py", "reporting/charts_panels.py", "reporting/titles.py"),
        ({"errors", "text", "stats", "model", "periods", "domains", "reporting"},
         "charts draw what they are given and never fetch or count"),
    ),
}  # fmt: skip
ONLY = {
    "nbconvert": ("reporting/page.py",),
    "papermill": ("running/",),
    "nbclient": ("running/",),
    "ipywidgets": ("exploring/",),
    "anywidget": ("exploring/",),
}
GROUPING = {"groupby", "pivot_table", "crosstab", "resample"}
GROUPERS = ("counts.py", "stats/")
LONGEST_FUNCTION, LONGEST_MODULE = 50, 450
HEAVY = {"pandas", "scipy", "matplotlib", "seaborn", "papermill", "nbconvert", "nbclient", "IPython"}


def faults(path: str, source: str) -> list[str]:
    """Return what is wrong with a module of the package, one sentence each; `path` is relative to propkit/."""
    tree = ast.parse(source)
    return [
        *_import_faults(path, tree),
        *_call_faults(path, tree),
        *_size_faults(path, source, tree),
    ]


def _import_faults(path: str, tree: ast.AST) -> Iterator[str]:
    room = path.split("/")[0].removesuffix(".py")
    if room != "__init__" and room not in FLOOR:
        yield f"{path}: '{room}' has no place in the house; give it one in FLOORS and in design.md 2"
        return
    for line, name in _imports(path, tree):
        for library, homes in ONLY.items():
            if name.split(".")[0] == library and not path.startswith(homes):
                yield f"{path}:{line}: only {' and '.join(homes)} may import {library}: one place to replace it"
        if name.startswith("propkit."):
            yield from _floor_faults(path, line, room, name.split(".")[1])


def _floor_faults(path: str, line: int, room: str, other: str) -> Iterator[str]:
    for narrow, (allowed, reason) in NARROW.items():
        if (room == narrow or path == narrow) and other not in {*allowed, room}:
            yield f"{path}:{line}: {narrow} must not import {other}: {reason}"
    if other not in FLOOR:
        yield f"{path}:{line}: imports propkit.{other}, which has no place in the house (FLOORS)"
    elif room != other and room != "__init__" and FLOOR[other] >= FLOOR[room]:
        yield f"{path}:{line}: {room} imports {other}, but imports go down only, in the order of design.md 2"


def _imports(path: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and full name of everything imported, wherever in the module it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            home = node.module or ""
            if node.level:
                above = ["propkit", *path.split("/")[:-1]]
                home = ".".join([*above[: len(above) - node.level + 1], *([home] if home else [])])
            inner = home == "propkit"  # `from propkit import domains` names a room; a name in small capitals does not
            names = (
                [f"propkit.{alias.name}" for alias in node.names if not alias.name.startswith("__")]
                if inner
                else [home]
            )
            yield from ((node.lineno, name) for name in names)


def _call_faults(path: str, tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        attribute = isinstance(node.func, ast.Attribute)
        name = node.func.attr if attribute else getattr(node.func, "id", "")
        if name in GROUPING and not path.startswith(GROUPERS):
            yield f"{path}:{node.lineno}: calls .{name}(), but only counts.py groups, so that every sum obeys its laws"
        if name in ("eval", "exec") or (attribute and name == "query"):
            yield f"{path}:{node.lineno}: calls {name}(), which runs text as code; write the condition in Python"


def _size_faults(path: str, source: str, tree: ast.AST) -> Iterator[str]:
    length = len(source.splitlines())
    if length > LONGEST_MODULE:
        yield f"{path}: {length} lines, at most {LONGEST_MODULE}; a room this large holds two subjects"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = _lines(node) - (_lines(node.body[0]) if ast.get_docstring(node) else 0)
            if length > LONGEST_FUNCTION:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines besides its docstring; name its parts"


def _lines(node: ast.stmt) -> int:
    return node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_a_module_keeps_the_rules_when_its_tree_is_walked(file: Path):
    found = faults(file.relative_to(PACKAGE).as_posix(), file.read_text("utf-8"))

    assert found == [], "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("path", "source", "said"),
    [
        ("domains/repairs.py", "from propkit.intake.values import parse", "imports go down only"),
        ("domains/repairs.py", "def f():\n    from propkit import intake", "imports go down only"),
        ("domains/repairs.py", "from ..intake import values", "imports go down only"),
        ("domains/repairs.py", "import propkit.counts", "imports go down only"),
        ("periods.py", "from propkit.model import Kpi", "imports go down only"),
        ("running/batch.py", "from propkit.exploring import views", "imports go down only"),
        ("stats/scores.py", "from propkit.text import Text", "plain numbers"),
        ("demo/mess.py", "from propkit.intake import take", "not the machinery"),
        ("reporting/charts.py", "from propkit import store", "never fetch or count"),
        ("reporting/charts.py", "from propkit.counts import tally", "never fetch or count"),
        ("reporting/charts.py", "import nbconvert.exporters", "only reporting/page.py may import nbconvert"),
        ("cli.py", "from papermill import execute_notebook", "only running/ may import papermill"),
        ("magic.py", "import math", "no place in the house"),
        ("cli.py", "from propkit.magic import spell", "no place in the house"),
        ("figures.py", "rows.groupby('month').sum()", "only counts.py groups"),
        ("figures.py", "pd.crosstab(a, b)", "only counts.py groups"),
        ("figures.py", "pd.pivot_table(rows)", "only counts.py groups"),
        ("figures.py", "rows.query('n > 3')", "runs text as code"),
        ("figures.py", "rows.eval('a + b')", "runs text as code"),
        ("figures.py", "eval('1')", "runs text as code"),
        ("figures.py", "def long():\n" + "    pass\n" * 50, "long has 51 lines"),
        ("figures.py", "x = 1\n" * 451, "451 lines, at most 450"),
    ],
)
def test_a_fault_is_found_when_there_is_one(path: str, source: str, said: str):
    found = faults(path, source)

    assert any(said in fault for fault in found)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("counts.py", "from propkit.model import Kpi\nrows.groupby('a').sum()"),
        ("reporting/page.py", "import nbconvert"),
        ("running/execute.py", "import papermill\nfrom propkit import __version__, store"),
        ("stats/scores.py", "from propkit.stats.arguments import answer"),
        ("figures.py", "def short():\n" + "    pass\n" * 49),
        ("figures.py", "def told():\n    'It was told." + "\\\n" * 60 + "'\n    return 1\n"),
    ],
)
def test_nothing_is_found_when_the_rules_are_kept(path: str, source: str):
    assert faults(path, source) == []


def test_no_module_or_notebook_is_named_like_one_of_the_standard_library():
    names = {file.stem for file in [*FILES, *ROOT.glob("notebooks/*.ipynb")]} | {
        folder.name for folder in PACKAGE.iterdir()
    }

    assert sorted(names & (sys.stdlib_module_names - {"__main__"})) == []


@pytest.mark.parametrize(
    "code",
    [
        "import propkit",
        "import sys; sys.argv = ['propkit', '--help']\n"
        "try:\n    from propkit.cli import main; main()\nexcept SystemExit: pass",
    ],
    ids=["import", "help"],
)
def test_nothing_heavy_is_imported_when_propkit_only_starts(code: str):
    told = f"{code}\nimport sys; print('HEAVY', *sorted({HEAVY!r} & set(sys.modules)))"

    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True)

    assert ran.stdout.splitlines()[-1].strip() == "HEAVY"


def test_every_public_name_is_there_when_it_is_asked_for():
    import propkit

    for name in propkit.__all__:
        assert getattr(propkit, name) is not None, name
