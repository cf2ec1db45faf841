"""A run that is interrupted or killed: its exit code, and nothing of it left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from propkit.workspace import Workspace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def endless(workspace: Workspace, notebook: Callable, tmp_path: Path) -> Iterator[subprocess.Popen]:
    """A run whose cells have begun and never end; the C call holds the interpreter, so the kernel cannot look up."""
    begun = tmp_path / "begun"
    notebook(f"open({str(begun)!r}, 'w').close()\nsum(range(10**12))")
    command = [sys.executable, "-m", "propkit", "run", "-j", "1", "-w", str(workspace.root)]
    environment = {**os.environ, "PROPKIT_LANG": "en", "PROPKIT_TEST_MARK": str(tmp_path)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    try:
        _wait(begun.exists, 180)
        yield process
    finally:  # whatever a failed test leaves would hold a core for good
        for pid in _marked(tmp_path):
            os.kill(int(pid), signal.SIGKILL)


def test_an_interrupted_run_ends_with_130_and_leaves_nothing(endless: subprocess.Popen, tmp_path: Path) -> None:
    os.killpg(endless.pid, signal.SIGINT)
    _, told = endless.communicate(timeout=20)
    assert endless.returncode == 130
    assert "Interrupted" in told
    assert "Traceback" not in told
    _wait(lambda: not _marked(tmp_path), 5)


def test_a_killed_run_leaves_no_kernel(endless: subprocess.Popen, tmp_path: Path) -> None:
    endless.kill()
    endless.communicate(timeout=20)
    _wait(lambda: not _marked(tmp_path), 5)


def _marked(tmp_path: Path) -> list[str]:
    """The processes that carry the mark of this test in their environment."""
    mark, found = f"PROPKIT_TEST_MARK={tmp_path}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes():
                found.append(folder.name)
        except OSError:
            continue
    return found


def _wait(holds: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)
