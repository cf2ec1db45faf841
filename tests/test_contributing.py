"""CONTRIBUTING.md tells the truth: the diff of a whole KPI that it shows is in the files, and in no other room."""

from __future__ import annotations

import re
from pathlib import Path

from propkit import domains

ROOT = Path(__file__).parent.parent
KPI = "visitor_registration_rate"


def _shown() -> dict[str, list[str]]:
    """The added lines of the diff by file."""
    diff = re.search(r"```diff\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.DOTALL)[1]
    added: dict[str, list[str]] = {}
    for line in diff.splitlines():
        if line.startswith("--- "):
            added[line[4:]] = []
        elif line.startswith("+"):
            added[list(added)[-1]].append(line[1:])
    return added


def test_every_line_of_the_diff_is_in_its_file():
    for file, lines in _shown().items():
        there = (ROOT / file).read_text("utf-8").splitlines()
        assert len(lines) > 5 and not [line for line in lines if line not in there], file


def test_no_other_file_of_rooms_and_tests_names_the_kpi():
    files = [*(ROOT / "propkit" / "domains").glob("*.py"), *(ROOT / "tests").rglob("*.py")]
    named = {path.relative_to(ROOT).as_posix() for path in files if KPI in path.read_text("utf-8")}

    assert named - {"tests/test_contributing.py"} == set(_shown())
    assert KPI in domains.KPIS
