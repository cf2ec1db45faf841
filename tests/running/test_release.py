"""What may leave the workspace for owners, and that what has left is never touched again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from propkit.cli import program
from propkit.errors import ConfigError
from propkit.running import batch, manifest, plan
from propkit.running.release import named, read_words, release
from propkit.workspace import Workspace, open_workspace

from .conftest import RECEIPT, write_notebook

AS_OF = pd.Timestamp("2025-10-08 23:59:59")
PAGE = "yinhe/2025-09/monthly_review.zh.html"
KEY = "owner/yinhe/2025-09/monthly_review.zh"


def _make(workspace: Workspace, *cells: str) -> None:
    """Make the owners' page of both communities with a notebook of these cells."""
    write_notebook(workspace.root, *cells, RECEIPT)
    jobs = plan.jobs(workspace, ["monthly_review"], [], ["2025-09"], as_of=AS_OF, edition="owner")
    assert batch.run(workspace, jobs).count("success") == 2


def _agree(workspace: Workspace, place: str = "yinhe") -> None:
    path = workspace.root / "notes" / place / "2025-09.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("---\nauthor: 甲\ndate: 2025-10-08\nconsent: yes\n---\n", "utf-8")


@pytest.fixture(scope="module")
def agreed(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with owners' pages of two communities; one of them may be given to owners."""
    root = tmp_path_factory.mktemp("release") / "w"
    shutil.copytree(made, root)
    _agree(open_workspace(root))
    _make(open_workspace(root))
    return root


@pytest.fixture
def workspace(agreed: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(agreed, tmp_path / "w")
    return open_workspace(tmp_path / "w")


@pytest.fixture
def states(workspace: Workspace, tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Release to a folder beside the workspace; the state of each community's page."""
    return lambda **options: {
        one.key.split("/")[1]: one.state for one in release(workspace, tmp_path / "out", **options)
    }


def test_only_a_page_with_consent_leaves_and_is_listed(workspace: Workspace, tmp_path: Path, states: Callable) -> None:
    assert states() == {"yinhe": "released", "guangming": "refused"}
    out = tmp_path / "out"
    assert (out / PAGE).read_bytes() == (workspace.reports / f"{KEY}.html").read_bytes()
    listed = (out / "index.html").read_text("utf-8")
    assert f'href="./{PAGE}"' in listed
    assert "光明小区" not in listed
    assert {path.name for path in out.rglob("*") if path.is_file()} == {"index.html", Path(PAGE).name}
    assert states() == {"yinhe": "kept", "guangming": "refused"}


def test_what_is_chosen_is_looked_at_alone(states: Callable) -> None:
    assert states(communities=["yinhe"], periods=["2025-09"], reports=["monthly_review"]) == {"yinhe": "released"}
    assert states(periods=["2025-08"]) == {}


def test_a_page_that_changed_leaves_as_a_new_version_and_the_old_one_stands(
    workspace: Workspace, tmp_path: Path, states: Callable
) -> None:
    states()
    first = (tmp_path / "out" / PAGE).read_bytes()
    _make(workspace, "print('更正')")
    assert states()["yinhe"] == "refused"
    assert states(correct=True)["yinhe"] == "corrected"
    second = tmp_path / "out" / PAGE.replace(".html", ".v2.html")
    assert second.read_bytes() == (workspace.reports / f"{KEY}.html").read_bytes()
    assert (tmp_path / "out" / PAGE).read_bytes() == first
    listed = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert ".v2.html" in listed
    assert f'href="./{PAGE}"' not in listed
    assert states(correct=True)["yinhe"] == "kept"


def test_a_stale_an_altered_and_a_withheld_page_stay(workspace: Workspace, states: Callable) -> None:
    page = workspace.reports / f"{KEY}.html"
    whole = page.read_bytes()
    page.write_bytes(whole + b" ")
    assert states()["yinhe"] == "refused"
    page.write_bytes(whole)
    entry = manifest.read(workspace)[KEY]
    manifest.append(workspace, [{**entry, "status": "withheld", "reason": "disclosure"}])
    assert states()["yinhe"] == "refused"
    manifest.append(workspace, [entry])
    write_notebook(workspace.root, "1", RECEIPT)
    assert states()["yinhe"] == "refused"


def test_a_page_with_a_number_of_a_person_stays_and_the_number_is_not_told(
    workspace: Workspace, tmp_path: Path
) -> None:
    shown = {"application/vnd.propkit+html": "<p>回电 13912345678</p>", "text/plain": ""}
    _make(workspace, f"from IPython.display import display\ndisplay({shown!r}, raw=True)")
    (told, _) = sorted(release(workspace, tmp_path / "out"), key=lambda one: one.key, reverse=True)
    assert (told.state, told.detail.en[:8]) == ("refused", "1 place ")
    assert "139" not in told.detail.zh + told.detail.en
    assert not (tmp_path / "out").exists()


def test_words_of_a_page_are_its_text_and_what_is_read_aloud() -> None:
    page = (
        '<style>a{b:c13912345678}</style><p>甲</p><img alt="乙 13912345678" src="data:,13912345678"><td data-v="3">丙'
    )
    assert read_words(page) == ["甲", "乙 13912345678", "3", "丙"]
    assert named(read_words(page)) == 1


def test_another_file_of_the_name_is_left_alone(tmp_path: Path, states: Callable) -> None:
    there = tmp_path / "out" / PAGE
    there.parent.mkdir(parents=True)
    there.write_text("别人的", "utf-8")
    assert states()["yinhe"] == "refused"
    assert there.read_text("utf-8") == "别人的"


def test_a_release_cut_short_before_its_record_is_finished_by_the_next(
    workspace: Workspace, tmp_path: Path, states: Callable
) -> None:
    states()
    shutil.rmtree(workspace.private / "released")
    (tmp_path / "out" / "index.html").unlink()
    assert states()["yinhe"] == "released"
    assert (tmp_path / "out" / "index.html").is_file()
    assert states()["yinhe"] == "kept"


@pytest.mark.parametrize("place", [".", "reports/owner", "store", "raw/x", "notes"])
def test_the_workspaces_own_folders_are_no_place_to_release_to(workspace: Workspace, place: str) -> None:
    with pytest.raises(ConfigError):
        release(workspace, workspace.root / place)


def test_the_command_tells_what_left_and_ends_as_its_pages_did(workspace: Workspace, tmp_path: Path) -> None:
    def call(*words: str):
        return CliRunner().invoke(program("en"), ["release", *words, "-w", str(workspace.root)])

    out = str(tmp_path / "out")
    done = call("--to", out)
    assert done.exit_code == 1
    assert "consent: yes" in done.output
    assert "released 1 · not released 1 · 2 in all" in done.output
    done = call("--to", out, "-c", "yinhe", "--json")
    assert done.exit_code == 0
    assert [(one["state"], one["path"]) for one in json.loads(done.output)] == [("kept", PAGE)]
    assert call("--to", out, "-p", "2024-01").exit_code == 3
    assert call("--to", str(workspace.reports)).exit_code == 2
    assert call("--to", out, "nothing").exit_code == 2
