"""A batch on a disk that fails at one point, at each in turn: every page is wholly old or wholly new, and the next run heals."""

from __future__ import annotations

import errno
import logging
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from propkit.cli import program
from propkit.running import launch, manifest
from propkit.running.launch import CAN_FORK, Forks
from propkit.workspace import Workspace

from . import faulty
from .conftest import write_notebook
from .runs import TOLD, pages, tree

pytestmark = pytest.mark.skipif(not CAN_FORK or sys.platform != "linux", reason="forks, and reads /proc")

LOG = logging.getLogger(__name__)
ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT)


@pytest.fixture
def fault(tmp_path: Path, mark: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The plan of a fault that strikes here and in every process of a run."""
    (tmp_path / "site").mkdir()
    shutil.copy(faulty.__file__, tmp_path / "site" / "sitecustomize.py")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    monkeypatch.setenv(faulty.VARIABLE, str(tmp_path / "fault.json"))
    for module, name, function in faulty.replacements():
        monkeypatch.setattr(module, name, function)
    return tmp_path / "fault.json"


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The preloaded process of one run is that of the next: hundreds of them would take hours."""

    def close(forks: Forks) -> None:
        for ticket in list(forks._running):
            forks.kill(ticket)
        while forks._running:
            forks.wait(1)
        launch._ready.append(forks._nursery)

    end = Forks.close
    monkeypatch.setattr(Forks, "close", close)
    yield
    for nursery in launch._ready:
        nursery.close()
    launch._ready.clear()
    monkeypatch.setattr(Forks, "close", end)


def _run(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> int:
    """The exit code of the command, run here."""
    with pytest.raises(SystemExit) as ended:
        program("en").main(["run", "monthly_review", "-j", "1", "-p", "2025-09", "-w", str(workspace.root)])
    told = "".join(capsys.readouterr())
    assert "Traceback" not in told
    assert "Unexpected" not in told, told
    return ended.value.code


@pytest.mark.slow
@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("call", faulty.CALLS)
def test_g3_a_disk_that_fails_at_every_point_in_turn(
    few: Workspace, tmp_path: Path, fault: Path, lasting: None, capsys: pytest.CaptureFixture[str], call: str,
    error: int,
) -> None:  # fmt: skip
    assert _run(few, capsys) == 0
    old = tree(few)
    write_notebook(few.root, "print('a' * 60_000)", TOLD)
    shutil.copytree(few.root, tmp_path / "before")
    assert _run(few, capsys) == 0
    new = tree(few)
    codes = at = 0
    while faulty.struck(fault, at):
        at += 1
        shutil.rmtree(few.root)
        shutil.copytree(tmp_path / "before", few.root)
        faulty.arm(fault, call, error, at, tmp_path)
        code = _run(few, capsys)
        faulty.disarm(fault)
        seen = {name: told for name, told in pages(few).items() if name != manifest.INDEX}
        assert all(told in (old.get(name), new.get(name)) for name, told in seen.items()), (at, seen)
        missing = {name for name in new if not name.startswith("told/")} - {
            name for name, told in pages(few).items() if told == new[name]
        }
        assert code in ((1, 2) if missing else (0, 1)), (at, code, missing)
        assert _run(few, capsys) == 0, at
        assert tree(few) == new, at
        assert not list(few.root.rglob("*.part"))
        codes += code != 0
    LOG.info("%s %s: %d points, %d told by the exit code", call, errno.errorcode[error], at - 1, codes)
