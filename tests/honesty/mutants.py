"""T8: seeded mistakes, each put into a copy of the package, against the small test file that should notice it."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from multiprocessing.connection import wait
from pathlib import Path

import pytest

from tests.honesty.measures import Line, Measurement
from tests.honesty.mistakes import MISTAKES, Mistake

ROOT = Path(__file__).parents[2]
FEWEST_KILLED = 0.95
PROCESSES = 2
_PASSED, _FAILED, _INTACT = 0, (1, 2), "no mistake"
# Forked, because starting Python and importing scipy again would take longer than most of the tests.
_FORK = multiprocessing.get_context("fork")


def mutants(mistakes: Sequence[Mistake] = MISTAKES) -> Measurement:
    """Run every mistake and say which survive.  Raises LookupError when one no longer fits the source."""
    survivors = survive([*_intact(mistakes), *mistakes])
    unsound = {mistake.tests for mistake in _intact(mistakes)} - {m.tests for m in survivors if m.what == _INTACT}
    if unsound:
        raise RuntimeError(f"these tests fail without any mistake, so they say nothing: {sorted(unsound)}")
    survivors = [mistake for mistake in survivors if mistake.what != _INTACT]
    killed = len(mistakes) - len(survivors)
    named = "; ".join(mistake.what for mistake in survivors)
    where = f"{killed} of {len(mistakes)}" + (f"; not noticed: {named}" if named else "")
    lines = [Line("seeded mistakes killed", killed / len(mistakes), FEWEST_KILLED, where=where)]
    how = (
        f"{len(mistakes)} mistakes that a tired expert could make (tests/honesty/mistakes.py), each put alone into a copy of the "
        "package; killed when the one test file of its module fails. A mistake whose place in the source is gone stops the run."
    )
    return Measurement("T8", "Mutation: seeded statistical mistakes killed by the tests", how, lines)


def survive(mistakes: Sequence[Mistake]) -> list[Mistake]:
    """Return the mistakes that no test notices, in their order."""
    stale = [mistake for mistake in mistakes if mistake.what != _INTACT and source(mistake).count(mistake.old) != 1]
    if stale:
        raise LookupError("mistakes without exactly one place in the source: " + "; ".join(m.what for m in stale))
    with tempfile.TemporaryDirectory() as folder:
        free = [_copy(Path(folder) / str(number)) for number in range(PROCESSES)]
        return _run(mistakes, free)


def _intact(mistakes: Sequence[Mistake]) -> list[Mistake]:
    """No mistake at all, once for each test file: a test that fails anyway kills nothing."""
    return [
        Mistake(_INTACT, "propkit/__init__.py", '"""', '"""', tests) for tests in sorted({m.tests for m in mistakes})
    ]


def _run(mistakes: Sequence[Mistake], free: list[Path]) -> list[Mistake]:
    """Try each mistake in a process of its own, one in each copy at a time."""
    waiting, busy, codes = list(mistakes)[::-1], {}, {}
    while waiting or busy:
        while waiting and free:
            mistake, copy = waiting.pop(), free.pop()
            process = _FORK.Process(target=_try, args=(mistake, copy))
            process.start()
            busy[process.sentinel] = (process, mistake, copy)
        for sentinel in wait(busy):
            process, mistake, copy = busy.pop(sentinel)
            process.join()
            codes[mistake] = process.exitcode
            free.append(copy)
    strange = {mistake.what: code for mistake, code in codes.items() if code not in (_PASSED, *_FAILED)}
    if strange:
        raise RuntimeError(f"the tests of these mistakes could not run: {strange}")
    return [mistake for mistake in mistakes if codes[mistake] == _PASSED]


def _try(mistake: Mistake, copy: Path) -> None:
    """Exit with pytest's code for the test file of a mistake, in a copy that has it."""
    file = copy / mistake.file
    right = file.read_text("utf-8")
    file.write_text(right.replace(mistake.old, mistake.new), "utf-8")
    try:
        code = _tested(copy, mistake.tests)
    finally:
        file.write_text(right, "utf-8")
    os._exit(code)


def _tested(copy: Path, tests: str) -> int:
    """Run pytest in this process on a copy of the project; what was imported of the original is forgotten first."""
    for name in [name for name in sys.modules if name.split(".")[0] in ("propkit", "tests")]:
        del sys.modules[name]
    os.chdir(copy)
    sys.path.insert(0, str(copy))
    sys.dont_write_bytecode = True
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(copy), tests]))


def source(mistake: Mistake) -> str:
    return (ROOT / mistake.file).read_text("utf-8")


def _copy(folder: Path) -> Path:
    """Copy the package and its tests, without compiled files: a stale one would hide a mistake."""
    unwanted = shutil.ignore_patterns("__pycache__", "honesty")
    for name in ("propkit", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder
