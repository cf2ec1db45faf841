"""Workbooks are third-party input: each is parsed in a child process, whose crash refuses that file and nothing else.

Parses nothing itself.
"""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from propkit.intake.grids import Grid
from propkit.intake.refusals import Refusal
from propkit.text import Text

MIB = 1 << 20
_SCRIPT = Path(__file__).with_name("workbook.py")
_HINTS = {
    "far_cell": Text(
        "删除数据以外的空行空列后另存", "delete the empty rows and columns outside the data and save again"
    ),
    "encrypted": Text("去掉密码后另存", "save it without the password"),
    "unfinished": Text("等文件写完或重新导出", "wait until it is written, or export it again"),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may ask for: bytes on disk and unpacked, cells spanned, memory, CPU and wall seconds."""

    size: int = 200 * MIB
    declared: int = 300 * MIB
    ratio: int = 100
    cells: int = 20_000_000
    memory: int = 2048 * MIB
    cpu: int = 60
    wall: int = 120


def read_workbook(path: Path, file: str, limits: Limits) -> list[Grid]:
    """Return a grid for each visible sheet, in the workbook's order."""
    found = _ask(path, file, limits)
    if "error" in found:
        raise Refusal(found["error"], file, got=found["detail"], hint=_HINTS.get(found["error"], ""))
    hidden = [f"hidden_sheet: {name}" for name in found["hidden"]]
    return [_grid(sheet, hidden) for sheet in found["sheets"]]


def _ask(path: Path, file: str, limits: Limits) -> dict:
    command = [sys.executable, "-P", str(_SCRIPT), str(path.resolve()), json.dumps(dataclasses.asdict(limits))]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd="/", timeout=limits.wall, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Refusal("too_slow", file, got=f"> {limits.wall} s") from None
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise Refusal("too_slow", file, got=f"> {limits.cpu} s CPU")
    try:
        return json.loads(done.stdout.decode())
    except ValueError:
        raise Refusal("crashed", file, got=f"exit {done.returncode}") from None


def _grid(sheet: dict, warnings: list[str]) -> Grid:
    rows = sheet["rows"]
    merged = [tuple(span) for span in sheet["merged"]]
    return Grid(rows, list(range(1, len(rows) + 1)), sheet=sheet["name"], merged=merged, warnings=list(warnings))
