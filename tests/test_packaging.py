"""A plain install works from any folder: notebooks, template, presets and the demo travel in the wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import hygiene

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked into an empty folder as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    code = f"import hatchling.build, os; os.chdir({str(ROOT)!r}); print(hatchling.build.build_wheel({str(folder)!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    site = folder / "site"
    with zipfile.ZipFile(folder / done.stdout.split()[-1]) as wheel:
        wheel.extractall(site)
    return site


def test_wheel_carries_what_the_package_reads(installed: Path) -> None:
    package = installed / "propkit"

    assert (package / "notebooks" / "monthly_review.ipynb").is_file()
    assert (package / "notebooks" / "explore_segments.ipynb").is_file()
    assert (package / "exploring" / "panel.js").is_file()
    assert (package / "starter.toml").is_file()
    assert {"java110.toml", "wjx.toml"} <= {path.name for path in (package / "intake" / "presets").iterdir()}
    assert list((package / "reporting" / "template").rglob("*.j2"))
    assert not list(installed.rglob("*.csv")), "data do not belong in the wheel"


def test_installed_package_works_from_another_folder(installed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1", "PROPKIT_LANG": "en"}
    code = (
        "import propkit, sys; from propkit.running import plan; from propkit.workspace import open_workspace;"
        "path = plan.notebook_path(open_workspace('w'), plan.find_report('monthly_review')); print(path)"
    )

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("-m", "propkit", "init", "w")
    assert "First-time fix rate" in run("-m", "propkit", "kpis", "first_time_fix_rate")
    assert Path(run("-c", code).strip()) == installed / "propkit" / "notebooks" / "monthly_review.ipynb"


def test_committed_notebooks_are_clean() -> None:
    assert hygiene.main([]) == 0


@pytest.mark.parametrize(
    ("source", "tags", "said"),
    [
        ("def f():\n    pass", [], "defines something"),
        ("rows.groupby('a')", [], "groups or writes files"),
        ("\n".join(f"x{at} = 1" for at in range(13)), [], "at most 12"),
        ("x = 1", ["parameters"], "exactly one cell"),
    ],
)
def test_hygiene_finds_what_it_forbids(source: str, tags: list[str], said: str) -> None:
    def cell(text: str, names: list[str]) -> dict:
        return {"cell_type": "code", "id": "a", "metadata": {"tags": names}, "source": [text], "outputs": [],
                "execution_count": None}  # fmt: skip

    notebook = {
        "cells": [cell("a = 1", ["parameters"]), cell(source, tags)],
        "metadata": {"kernelspec": hygiene.KERNEL},
    }

    assert any(said in fault for fault in hygiene.faults(notebook, "bad.ipynb"))


def test_no_file_names_this_machine_or_a_registry() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout.split(b"\0")
    if not any(tracked):
        pytest.skip("not a git checkout")
    forbidden = [("/wo" + "rk/ma" + "in").encode(), ("--index" + "-url").encode(), ("/simp" + "le/").encode()]
    for name in filter(None, tracked):
        path = ROOT / name.decode()
        content = path.read_bytes() if path.is_file() else b""
        assert not any(word in content for word in forbidden), path.name
