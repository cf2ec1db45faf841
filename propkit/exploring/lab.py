"""JupyterLab on this machine, opened at a notebook of the workspace."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from propkit.errors import ConfigError
from propkit.text import Text
from propkit.workspace import Workspace

EXPLORER, TUTORIAL = "explore_segments.ipynb", "tutorial.ipynb"
_QUIET = (
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=None",
    "--ServerApp.ip=127.0.0.1",
)
"""Nothing is asked of the network, and nobody on the network can ask."""


def notebook(workspace: Workspace, name: str) -> Path:
    """Return a notebook of the workspace, copied there from the package when it is opened for the first time.

    Raises ConfigError when there is no such notebook, or the workspace cannot be written.
    """
    own = workspace.root / "notebooks" / name
    if own.is_file():
        return own
    package = Path(str(resources.files("propkit")))
    given = next((folder / name for folder in (package / "notebooks", package.parent / "notebooks")
                  if (folder / name).is_file()), None)  # fmt: skip
    if given is None:
        raise ConfigError(Text("找不到笔记本", "the notebook was not found"), got=name)
    try:
        own.parent.mkdir(exist_ok=True)
        shutil.copyfile(given, own)
    except OSError as error:
        raise ConfigError(
            Text("工作区不能写入", "the workspace cannot be written"), place=str(own), got=error.strerror
        ) from None
    return own


def command(workspace: Workspace, path: Path, *, port: int | None = None, browser: bool = True) -> list[str]:
    """Return the command that opens JupyterLab at a notebook, with the workspace as its folder."""
    options = [f"--ServerApp.root_dir={workspace.root}", *_QUIET]
    options += [] if port is None else [f"--ServerApp.port={port}"]
    options += [] if browser else ["--no-browser"]
    return [sys.executable, "-m", "jupyterlab", str(path), *options]


def start(arguments: Sequence[str]) -> int:
    """Run JupyterLab until it is stopped; returns its exit code, 0 when it was stopped from the keyboard."""
    try:
        return subprocess.run(arguments, env=os.environ | {"JUPYTER_PLATFORM_DIRS": "1"}, check=False).returncode
    except KeyboardInterrupt:
        return 0
