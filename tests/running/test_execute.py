"""One job with a real kernel, one behaviour each; the notebooks of test_faults run in forks."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest

from propkit.running import execute as room
from propkit.running import plan
from propkit.running.limits import Limits
from propkit.running.plan import Job
from propkit.running.publish import settle
from propkit.workspace import Workspace

from .conftest import RECEIPT, Write

JOB = Job("monthly_review", "yinhe", "2025-09", "internal", "zh", "2025-10-08 23:59:59")


@pytest.fixture
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with tempfile.TemporaryDirectory(prefix="pk-") as folder:  # the path of a socket must be short
        yield Path(folder)


def execute(workspace: Workspace, job: Job, scratch: Path, limits: Limits | None = None) -> dict:
    """Run a job with a real kernel and publish what came of it."""
    return settle(workspace, job, room.execute(workspace, job, scratch, limits), scratch)


def _old_page(workspace: Workspace) -> Path:
    page = workspace.reports / JOB.page
    page.parent.mkdir(parents=True)
    page.write_text("old", "utf-8")
    return page


def test_a_notebook_with_a_receipt_becomes_a_page(
    workspace: Workspace, notebook: Write, scratch: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    start = tmp_path / "ipython" / "profile_default" / "startup"
    start.mkdir(parents=True)
    (start / "00.py").write_text("month = 'hijacked'", "utf-8")
    (workspace.root / "json.py").write_text("raise SystemExit", "utf-8")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(workspace.root)
    told = 'import os, sys\nreceipt["headline"] = [{"label": sys.executable, "text": os.getcwd(), "state": "ok"}]\n'
    notebook("assert community == 'yinhe'", RECEIPT.replace("display({", told + "display({"))
    before = dict(os.environ)
    outcome = execute(workspace, JOB, scratch)
    content = (workspace.reports / JOB.page).read_bytes()
    assert (outcome["status"], outcome["message"]) == ("success", {"zh": "", "en": ""})
    assert outcome["output"] == {
        "path": JOB.page, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content),
    }  # fmt: skip
    assert outcome["headline"][0]["label"] == sys.executable
    assert Path(outcome["headline"][0]["text"]).resolve() == (scratch / "cwd").resolve()
    assert "银河小区" in content.decode()
    assert dict(os.environ) == before
    assert not list(workspace.private.glob("failed/*"))


def test_a_failing_cell_keeps_the_old_page_and_tells_no_data(
    workspace: Workspace, notebook: Write, scratch: Path
) -> None:
    page = _old_page(workspace)
    notebook("x = 1", "raise ValueError('13912345678')", RECEIPT)
    outcome = execute(workspace, JOB, scratch)
    assert (outcome["status"], outcome["reason"], outcome["message"]) == (
        "failed",
        "cell_error",
        {"zh": "单元格 4：ValueError", "en": "cell 4: ValueError"},
    )
    assert page.read_text("utf-8") == "old"
    evidence = workspace.root / outcome["evidence"]
    executed = nbformat.read(evidence / "executed.ipynb", as_version=4)
    assert [o.ename for cell in executed.cells for o in cell.get("outputs", [])] == ["ValueError"]
    page = (evidence / "error.html").read_text("utf-8")
    assert "单元格 4：ValueError" in page
    assert '<pre class="pk-out">raise ValueError(&#x27;13912345678&#x27;)</pre>' in page
    assert stat.S_IMODE(evidence.stat().st_mode) == 0o700


def test_an_error_of_ours_is_worded_in_both_languages(workspace: Workspace, notebook: Write, scratch: Path) -> None:
    fault = "from propkit.errors import ConfigError\nfrom propkit.text import Text\n"
    fault += "raise ConfigError(Text('不行', 'no'), got='13912345678', hint=Text('改', 'mend'))"
    notebook(fault, RECEIPT)
    outcome = execute(workspace, JOB, scratch)
    assert (outcome["reason"], outcome["message"]) == ("cell_error", {"zh": "不行; 办法: 改", "en": "no; hint: mend"})


@pytest.mark.parametrize("cells", [("import sys; sys.exit(0)", RECEIPT), ("x = 1",), (RECEIPT, "x = 1")])
def test_without_a_receipt_in_the_last_cell_nothing_is_published(
    workspace: Workspace, notebook: Write, scratch: Path, cells: tuple[str, ...]
) -> None:
    notebook(*cells)
    assert execute(workspace, JOB, scratch)["reason"] == "no_receipt"
    assert not (workspace.reports / JOB.page).exists()


def test_a_receipt_of_another_run_does_not_count(workspace: Workspace, notebook: Write, scratch: Path) -> None:
    notebook(RECEIPT.replace('os.environ["PROPKIT_NONCE"]', '"0"'))
    assert execute(workspace, JOB, scratch)["reason"] == "no_receipt"


def test_a_notebook_that_used_other_parameters_is_not_published(
    workspace: Workspace, notebook: Write, scratch: Path
) -> None:
    notebook("month = '2025-08'", RECEIPT)
    outcome = execute(workspace, JOB, scratch)
    assert (outcome["reason"], outcome["message"]["zh"]) == ("wrong_params", "笔记本没有用给定的参数：month")


def test_a_kernel_that_dies_is_told(workspace: Workspace, notebook: Write, scratch: Path) -> None:
    page = _old_page(workspace)
    notebook("import os; os._exit(0)", RECEIPT)
    assert execute(workspace, JOB, scratch)["reason"] == "kernel_died"
    assert page.read_text("utf-8") == "old"


def test_a_cell_over_its_time_is_told(workspace: Workspace, notebook: Write, scratch: Path) -> None:
    notebook("import time; time.sleep(60)", RECEIPT)
    assert execute(workspace, JOB, scratch, Limits(cell=1))["reason"] == "timeout"


def test_too_much_output_is_told(workspace: Workspace, notebook: Write, scratch: Path) -> None:
    notebook("print('x' * 5000)", RECEIPT)
    assert execute(workspace, JOB, scratch, Limits(output=4000))["reason"] == "output_too_large"


def test_a_month_without_data_starts_no_kernel_and_names_the_others(
    workspace: Workspace, notebook: Write, scratch: Path
) -> None:
    notebook("raise AssertionError")
    job = Job("monthly_review", "yinhe", "2025-05", "internal", "zh", "2025-10-08 23:59:59")
    outcome = execute(workspace, job, scratch)
    assert outcome["reason"] == "no_data"
    assert "2025-09" in outcome["message"]["en"]
    assert not list(scratch.iterdir())


def test_a_page_that_cannot_be_written_is_told(workspace: Workspace, notebook: Write, scratch: Path) -> None:
    workspace.reports.write_text("a file where the folder should be", "utf-8")
    notebook(RECEIPT)
    assert execute(workspace, JOB, scratch)["reason"] == "io_error"


def test_a_page_that_cannot_be_made_is_told(
    workspace: Workspace, notebook: Write, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook(RECEIPT)
    monkeypatch.setattr("propkit.reporting.page.render", lambda *given, **more: 1 / 0)
    outcome = execute(workspace, JOB, scratch)
    assert (outcome["reason"], outcome["message"]["zh"]) == ("template_error", "页面生成失败：ZeroDivisionError")


def test_hostile_texts_stay_texts(workspace: Workspace, notebook: Write, scratch: Path) -> None:
    hostile = '"; raise SystemExit #\n\u2028{x}'
    notebook(RECEIPT)
    job = Job("monthly_review", "yinhe", "2025-09", "internal", "zh", hostile)
    assert plan.parameters(workspace, job)["as_of"] == hostile
    assert execute(workspace, job, scratch)["status"] == "success"
