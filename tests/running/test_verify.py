"""What `verify` finds: every way in which reports/ can differ from what was published."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from propkit.errors import ConfigError
from propkit.reporting.seal import read_seal, sealed
from propkit.running import batch, manifest, plan, printing, publish, verify
from propkit.workspace import Workspace, open_workspace

from .conftest import RECEIPT, write_notebook

AS_OF = pd.Timestamp("2025-10-08 23:59:59")
PAGE = "internal/yinhe/2025-09/monthly_review.zh.html"
KEY = PAGE.removesuffix(".html")


@pytest.fixture(scope="module")
def published(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one published page, made by a notebook that shows nothing but its receipt."""
    root = tmp_path_factory.mktemp("published") / "w"
    shutil.copytree(made, root)
    write_notebook(root, RECEIPT)
    workspace = open_workspace(root)
    assert (
        batch.run(workspace, plan.jobs(workspace, ["monthly_review"], ["yinhe"], ["2025-09"], as_of=AS_OF)).count(
            "success"
        )
        == 1
    )
    return root


@pytest.fixture
def workspace(published: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(published, tmp_path / "w")
    return open_workspace(tmp_path / "w")


def _states(workspace: Workspace) -> dict[str, str]:
    return {one.path: one.state for one in verify.verify(workspace)}


def _edit_entry(workspace: Workspace, **changes: object) -> None:
    manifest.append(workspace, [{**manifest.read(workspace)[KEY], **changes}])


def test_what_was_just_published_is_intact(workspace: Workspace) -> None:
    assert _states(workspace) == {PAGE: "ok", "index.html": "ok"}


def test_a_page_knows_its_own_fingerprint_and_its_origin(workspace: Workspace) -> None:
    text = (workspace.reports / PAGE).read_text("utf-8")
    seal = read_seal(text)
    assert seal.is_intact and seal.facts["parameters"] == "community=yinhe period=2025-09 edition=internal lang=zh"
    assert len(seal.facts["notebook"]) == 12
    assert not read_seal(text.replace("银河", "金河", 1)).is_intact
    assert not read_seal(re.sub(r'(data-sha256="[0-9a-f]{64}">)\w{12}', r"\g<1>000000000000", text)).is_intact
    assert sealed("<p>no place</p>") == "<p>no place</p>" and read_seal("<p></p>").claimed == ""


def test_each_kind_of_difference_has_its_state(workspace: Workspace) -> None:
    page = workspace.reports / PAGE
    page.with_name(".x.html.1.part").write_bytes(b"")
    (workspace.reports / "owner").mkdir()
    (workspace.reports / "owner" / "left.html").write_text("left", "utf-8")
    page.write_text(page.read_text("utf-8") + " ", "utf-8")
    (workspace.reports / "index.html").write_text("old", "utf-8")
    assert _states(workspace) == {
        PAGE: "damaged",
        "index.html": "stale",
        "internal/yinhe/2025-09/.x.html.1.part": "partial",
        "owner/left.html": "orphan",
    }
    page.unlink()
    assert _states(workspace)[PAGE] == "missing"


def test_a_page_is_stale_when_its_inputs_change_or_its_last_run_failed(workspace: Workspace) -> None:
    _edit_entry(workspace, status="failed")
    assert _states(workspace)[PAGE] == "stale"
    _edit_entry(workspace, status="success")
    settings = workspace.root / "propkit.toml"
    settings.write_text(settings.read_text("utf-8") + "\n# changed\n", "utf-8")
    assert _states(workspace)[PAGE] == "stale"


def test_a_page_of_another_job_in_its_place_is_damaged(workspace: Workspace) -> None:
    _edit_entry(workspace, community="guangming")
    assert _states(workspace)[PAGE] == "damaged"


def test_a_copy_is_known_by_its_bytes_and_any_page_by_its_fingerprint(workspace: Workspace, tmp_path: Path) -> None:
    copy = tmp_path / "mailed.html"
    shutil.copy(workspace.reports / PAGE, copy)
    assert verify.verify_file(workspace, copy).detail.en == f"the same as {PAGE}"
    assert verify.verify_file(None, copy).state == "ok"
    assert verify.verify_file(workspace, workspace.reports / PAGE).state == "ok"
    copy.write_text(copy.read_text("utf-8").replace("2025", "2026", 1), "utf-8")
    assert verify.verify_file(None, copy).state == verify.verify_file(workspace, copy).state == "damaged"
    with pytest.raises(ConfigError):
        verify.verify_file(None, tmp_path / "none.html")


def test_a_pdf_belongs_to_the_page_it_was_printed_from(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    printer = monkeypatch.setattr
    printer(printing.pdf, "find_browser", lambda: "browser")
    printer(printing.pdf, "print_page", lambda *_, **__: b"%PDF-1.4 %%EOF")
    assert printing.print_pages(workspace, [KEY, "unknown"]).made == [KEY]
    assert printing.print_pages(workspace, [KEY]).kept == [KEY]
    name = publish.pdf_path(PAGE)
    assert _states(workspace)[name] == "ok"
    (workspace.reports / name).write_bytes(b"%PDF-other")
    assert _states(workspace)[name] == "damaged"
    entry = manifest.read(workspace)[KEY]
    _edit_entry(workspace, pdf=entry["pdf"] | {"page": "0" * 64})
    assert _states(workspace)[name] == "stale"
    publish.drop_outdated(workspace.reports, PAGE, (workspace.reports / PAGE).read_bytes())
    assert (workspace.reports / name).is_file()
    publish.drop_outdated(workspace.reports, PAGE, b"another page")
    assert not (workspace.reports / name).exists()


def test_a_print_that_fails_stops_no_other_and_leaves_no_file(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise printing.pdf.PrintError("over 120 s")

    monkeypatch.setattr(printing.pdf, "find_browser", lambda: "browser")
    monkeypatch.setattr(printing.pdf, "print_page", fail)
    assert printing.print_pages(workspace, [KEY]).failed == {KEY: "over 120 s"}
    assert not (workspace.reports / publish.pdf_path(PAGE)).exists()
    assert manifest.read(workspace)[KEY]["pdf"] is None
