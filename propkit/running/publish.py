"""What one job leaves for people: its page in one step, or why there is none.  Runs nothing."""

from __future__ import annotations

import hashlib
import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath

from propkit import store
from propkit.running import plan
from propkit.running.names import LOG, PAGE, TRAIL
from propkit.running.outcomes import STEPS, failed, io_words, words
from propkit.running.plan import Job
from propkit.workspace import Workspace

_LOG_BYTES = 1 << 20


def settle(workspace: Workspace, job: Job, outcome: dict, scratch: Path) -> dict:
    """Publish the page that a job left in `scratch`, or keep the evidence of its failure; returns the final outcome.

    On failure the page that was there stays.
    """
    if outcome["status"] == "success":
        outcome = _publish(workspace, job, outcome, scratch)
    evidence = workspace.private / "failed" / job.folder
    with suppress(OSError):
        shutil.rmtree(evidence)
    if outcome["status"] != "success":
        outcome["evidence"] = _keep(workspace, job, outcome, scratch, evidence)
    return outcome


def pdf_path(page: str) -> str:
    """Return where the PDF of a page lies under reports/: beside it."""
    return str(PurePosixPath(page).with_suffix(".pdf"))


def drop_outdated(reports: Path, page: str, content: bytes) -> None:
    """Remove the PDF of a page that is about to become something else."""
    path = reports / page
    if not path.is_file() or path.read_bytes() != content:
        (reports / pdf_path(page)).unlink(missing_ok=True)


def _publish(workspace: Workspace, job: Job, outcome: dict, scratch: Path) -> dict:
    shown, told = outcome.pop("published", []), outcome.pop("told", None)
    try:
        content = (scratch / PAGE).read_bytes()
        if hashlib.sha256(content).hexdigest() != outcome["output"]["sha256"]:
            return failed("io_error")
        # Kept before the page is there: a page that nobody could hold later ones against must not exist.
        store.keep_published(workspace, job.community, shown)
        if told:
            store.keep_told(workspace, job.community, told)
        drop_outdated(workspace.reports, job.page, content)
        store.write_bytes(workspace.reports / job.page, content)
    except OSError as error:
        return failed("io_error", io_words(error))
    return outcome


def _keep(workspace: Workspace, job: Job, outcome: dict, scratch: Path, folder: Path) -> str:
    """Keep the notebook as far as it ran, a page that says where it stopped, and what its process printed."""
    # Imported where a job failed: a batch of pages that are all current has no use for notebooks.
    import nbformat

    from propkit.reporting.failure_page import render_failure
    from propkit.running import trail

    notebook, begun = trail.read(scratch / TRAIL)
    lang = workspace.settings.workspace.lang
    parameters = plan.parameters(workspace, job)
    page = render_failure(
        notebook, begun, name=job.key, reason=outcome["reason"], message=words(outcome, lang),
        step=STEPS[outcome["reason"]].get(lang), parameters=parameters, lang=lang,
    )  # fmt: skip
    try:
        folder.mkdir(parents=True, mode=0o700)
        store.write_bytes(folder / "error.html", page.encode())
        if notebook is not None:
            store.write_bytes(folder / "executed.ipynb", nbformat.writes(notebook).encode())
        log = _tail(scratch.parent / LOG)
        if log:
            store.write_bytes(folder / LOG, log)
    except OSError:  # the disk is full: the reason itself is still told
        return ""
    return folder.relative_to(workspace.root).as_posix()


def _tail(path: Path) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - _LOG_BYTES))
        return log.read()
