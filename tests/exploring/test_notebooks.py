"""The notebooks of the explorer, run from top to bottom in real kernels; what is saved holds no comment."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner
from nbclient import NotebookClient

from propkit import demo
from propkit.cli import program
from propkit.errors import ConfigError
from propkit.exploring import lab
from propkit.workspace import open_workspace
from tests.exploring.conftest import CANARY

ROOT = Path(__file__).parents[2]
DRILL = """
explorer.group.value = ("zone", "东区")
explorer.show_rows()
display(explorer.view.listing("东区"))
display(explorer.view)
"""


def _run(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str, **given: str) -> nbformat.NotebookNode:
    """Run a notebook as `jupyter execute` would, widgets and all; `more` are cells after its own."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(ROOT / "notebooks" / name, as_version=4)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = "\n".join(f"{key} = {value!r}" for key, value in given.items())
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in more]
    client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}},
                            store_widget_state=True)  # fmt: skip
    return client.execute()


def _html(notebook: nbformat.NotebookNode) -> str:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "\n".join(str(output.get("data", {}).get("text/html", "")) for output in outputs)


def test_the_explorer_runs_from_the_folder_of_its_workspace_and_saves_no_comment(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    root = Path(shutil.copytree(place, tmp_path / "w"))
    path = lab.notebook(open_workspace(root), lab.EXPLORER)
    more = ("explorer = pk.explore(workspace, by='zone', communities='yinhe')\nexplorer", DRILL)

    ran = _run(lab.EXPLORER, path.parent, monkeypatch, *more, workspace="")

    saved = nbformat.writes(ran)
    assert "data:image/svg+xml;base64," in _html(ran)
    assert CANARY not in saved
    assert "widgets" in ran.metadata  # even where the state of widgets is kept
    assert CANARY not in json.dumps(ran.metadata)


@pytest.mark.slow
def test_the_tutorial_leads_from_the_raw_file_to_the_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    demo.write(tmp_path)
    for path in tmp_path.glob("raw/*/*"):  # the survey and the registers: what the tutorial is about
        if path.parent.name != "survey" and "台账" not in path.name[:6]:
            path.unlink()

    ran = _run(lab.TUTORIAL, tmp_path, monkeypatch, workspace="")

    told = _html(ran)
    assert "北区" in told
    assert "北区的保洁服务满意率比其余低" in told
    assert "不可比" in told


def test_a_notebook_of_the_workspace_is_kept_as_it_is(place: Path, tmp_path: Path):
    root = Path(shutil.copytree(place, tmp_path / "w"))
    opened = open_workspace(root)
    own = lab.notebook(opened, lab.EXPLORER)
    own.write_text("mine", "utf-8")

    assert lab.notebook(opened, lab.EXPLORER).read_text("utf-8") == "mine"
    assert own == root / "notebooks" / lab.EXPLORER
    with pytest.raises(ConfigError):
        lab.notebook(opened, "nothing.ipynb")


def test_the_command_opens_jupyterlab_on_this_machine_alone(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    root = Path(shutil.copytree(place, tmp_path / "w"))
    started: list[Any] = []
    monkeypatch.setattr(lab, "start", lambda command: started.append(command) or 0)

    ran = CliRunner().invoke(program("en"), ["explore", "-w", str(root), "--no-browser", "--port", "9999"])

    assert ran.exit_code == 0, ran.output
    assert "explore_segments.ipynb" in ran.output
    assert {"--no-browser", "--ServerApp.port=9999", "--ServerApp.ip=127.0.0.1"} <= set(started[0])
    assert f"--ServerApp.root_dir={root}" in started[0]


def test_the_command_says_what_is_wrong_where_there_is_no_workspace(tmp_path: Path):
    ran = CliRunner().invoke(program("en"), ["explore", "-w", str(tmp_path)])

    assert ran.exit_code == 2
    assert "not a workspace" in ran.output
