"""The in-process engine against a real kernel: the same outputs, and the same page byte for byte."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from propkit.reporting import page
from propkit.running import batch, plan
from propkit.running.batch import Options
from propkit.running.launch import CAN_FORK
from propkit.workspace import Workspace

from .conftest import RECEIPT, Write

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="the system cannot fork")

ROOT = Path(__file__).parent.parent.parent
AS_OF = pd.Timestamp("2025-10-08 23:59:59")
CELLS = (
    "from IPython.display import HTML, Markdown, display, clear_output, update_display\nprint('a'); print('b')",
    "import pandas as pd\npd.DataFrame({'x': [1, 2]})",
    "display(HTML('<b>1</b>'), display_id='later')\ndisplay(Markdown('**2**'))",
    "update_display(HTML('<b>3</b>'), display_id='later')\n1 + 1",
    "print('lost')\nclear_output(wait=True)\ndisplay({'application/json': {'a': (1, 2.5, None)}}, raw=True)\n_",
    "display(HTML('lost'))\nclear_output()\n'last';",
    "%time x = 3\nimport sys; print('e', file=sys.stderr); x",
    "async def later():\n    return 7\nawait later()",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "_exit_code = 3\nclass Pair:\n    def _repr_mimebundle_(self, **more):\n        return {'text/plain': 'p'}, {'text/plain': {'m': 1}}\nPair()",
)


def _made(workspace: Workspace, engine: str) -> tuple[dict, bytes]:
    jobs = plan.jobs(workspace, ["monthly_review"], ["yinhe"], ["2025-09"], as_of=AS_OF)
    (entry,) = batch.run(workspace, jobs, Options(engine=engine, force=True)).entries
    path = workspace.reports / jobs[0].page
    return entry, path.read_bytes() if path.is_file() else b""


def _outputs(workspace: Workspace, entry: dict) -> list[list[dict]]:
    path = workspace.root / entry["evidence"] / "executed.ipynb"
    notebook = nbformat.read(path, as_version=4)
    return [[_told(output) for output in cell.outputs] for cell in notebook.cells if cell.cell_type == "code"]


def _told(output: dict) -> dict:
    """An output without what differs from run to run: addresses, timings, the frames of a traceback."""
    told = json.loads(json.dumps(output))
    told.pop("traceback", None)
    if "Wall time" in str(told.get("text", "")):
        told["text"] = "timed"
    return told


def test_a_fork_shows_what_a_kernel_shows(workspace: Workspace, notebook: Write) -> None:
    notebook(*CELLS, "raise ValueError('x')", RECEIPT)
    forked, real = (_outputs(workspace, _made(workspace, engine)[0]) for engine in ("fork", "kernel"))
    assert forked == real


def test_a_fork_and_a_kernel_make_the_same_page(workspace: Workspace, notebook: Write) -> None:
    notebook(*CELLS, RECEIPT)
    (forked, first), (real, second) = (_made(workspace, engine) for engine in ("fork", "kernel"))
    assert (forked["status"], real["status"]) == ("success", "success")
    assert first == second != b""


def test_a_kernel_starts_however_deep_temporary_files_lie(
    workspace: Workspace, notebook: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of a socket may have about a hundred bytes."""
    deep = tmp_path / ("深" * 40)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    notebook(RECEIPT)
    entry, made = _made(workspace, "kernel")
    assert (entry["status"], entry["attempts"]) == ("success", 1), entry
    assert made
    assert not list(deep.iterdir())


def test_plain_papermill_makes_the_same_page(workspace: Workspace, notebook: Write, tmp_path: Path) -> None:
    """Held against the page of a fork: only what `propkit run` puts around the body is taken from the run itself."""
    notebook(*CELLS, "import os; os.environ.setdefault('PROPKIT_NONCE', '');", RECEIPT)
    _, made = _made(workspace, "fork")
    out = tmp_path / "out.ipynb"
    (job,) = plan.jobs(workspace, ["monthly_review"], ["yinhe"], ["2025-09"], as_of=AS_OF)
    given = [part for name, value in plan.parameters(workspace, job).items() for part in ("-r", name, value)]
    source = tmp_path / "in.ipynb"  # papermill puts paths through str.format
    shutil.copy(plan.notebook_path(workspace, plan.REPORTS["monthly_review"]), source)
    subprocess.run(
        [sys.executable, "-m", "papermill", source, out, *given, "-k", "python3", "--no-progress-bar"],
        check=True, capture_output=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    text, plain = made.decode(), page.render(nbformat.read(out, 4), title="x", lang="zh", meta={})
    assert _body(text) == _body(plain)


def _body(text: str) -> str:
    return text[text.index("<main") : text.index("</main>")]


def test_parameters_tags_and_the_folder_are_as_with_a_kernel(workspace: Workspace, notebook: Write) -> None:
    cells = (
        "assert community == 'yinhe'\nimport os; assert not os.listdir()",
        "import __main__; assert __main__.month",
    )
    notebook(*cells, "assert __name__ == '__main__'", RECEIPT)
    path = workspace.root / "notebooks" / "monthly_review.ipynb"
    made = nbformat.read(path, as_version=4)
    allowed = nbformat.v4.new_code_cell("1 / 0", id="x", metadata={"tags": ["raises-exception"]})
    skipped = nbformat.v4.new_code_cell("1 / 0", id="y", metadata={"tags": ["skip-execution"]})
    made.cells[1:1] = [skipped]
    nbformat.write(made, path)
    assert _made(workspace, "fork")[0]["status"] == "success"
    made.cells[1:1] = [allowed]
    nbformat.write(made, path)
    forked, real = (_made(workspace, engine)[0] for engine in ("fork", "kernel"))
    assert (forked["reason"], forked["message"]) == (real["reason"], real["message"])
