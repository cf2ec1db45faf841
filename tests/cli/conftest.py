"""The tiny workspace of the runner's tests, and the program called as a person would, in this process."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from propkit.cli import program
from propkit.workspace import Workspace
from tests.running.conftest import made, notebook, workspace

__all__ = ["call", "made", "notebook", "workspace"]


@pytest.fixture
def call(workspace: Workspace) -> Callable[..., Result]:
    """Call propkit in English (or `lang`) on the workspace."""

    def run(*arguments: str, lang: str = "en") -> Result:
        given = [*arguments, "--workspace", str(workspace.root)]
        return CliRunner().invoke(program(lang), given)

    return run
