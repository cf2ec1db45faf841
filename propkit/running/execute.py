"""One job: the notebook in a kernel of its own, its receipt checked, the page made and published in one step.

Success is a receipt that names the parameters asked for, never what the notebook's metadata say.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill import PapermillExecutionError, execute_notebook
from papermill.engines import NBClientEngine, papermill_engines
from traitlets.config import Config

from propkit import __version__, store
from propkit.periods import parse_period
from propkit.reporting import page
from propkit.reporting.book import months_with_data
from propkit.reporting.display import RECEIPT
from propkit.running import plan
from propkit.running.outcomes import Failure
from propkit.running.plan import Job
from propkit.text import Text
from propkit.workspace import Workspace

ENGINE = "propkit"
_KERNEL = Path(__file__).with_name("kernel.py")
_OWN_ERRORS = {"PropkitError", "ConfigError", "DataError", "LockedError", "Faults", "Refusal", "DisclosureError"}
_HINTS = ("  办法: ", "  hint: ")
_EDITIONS = {"internal": Text("内部版", "Internal edition"), "owner": Text("业主版", "Owners' edition")}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one report may take: seconds for a cell, for the kernel's start and in all; bytes of output."""

    cell: int = 600
    start: int = 60
    wall: int = 1200
    output: int = 20 << 20


class _Keeping(NBClientEngine):
    """Papermill's own engine, but the notebook stays in reach when the kernel dies."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, *, kept: list[NotebookNode], **options):
        kept.append(nb_man.nb)
        return super().execute_managed_notebook(nb_man, kernel_name, **options)


papermill_engines.register(ENGINE, _Keeping)


def execute(workspace: Workspace, job: Job, scratch: Path, limits: Limits | None = None) -> dict:
    """Make the page of `job` and return what came of it as plain data: status, reason, message, output, headline.

    `scratch` is an empty private folder for the kernel.  On failure the page that was there stays, and the notebook as
    far as it ran is kept under store/private/failed.
    """
    evidence = workspace.private / "failed" / job.folder
    try:
        made = _make(workspace, job, scratch, limits or Limits())
    except Failure as failure:
        return {"status": "failed", "reason": failure.reason, "message": failure.words(job.lang),
                "evidence": _keep(evidence, failure, scratch, workspace)}  # fmt: skip
    shutil.rmtree(evidence, ignore_errors=True)
    return {"status": "success", "reason": "", "message": "", "evidence": "", **made}


def receipt_of(notebook: NotebookNode) -> dict:
    """Return the receipt in the outputs of the last code cell; Failure "no_receipt" when there is none."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for output in reversed(code[-1].outputs if code else []):
        receipt = output.get("data", {}).get(RECEIPT)
        if isinstance(receipt, Mapping) and isinstance(receipt.get("parameters"), Mapping):
            return dict(receipt)
    raise Failure("no_receipt", notebook=notebook)


def _make(workspace: Workspace, job: Job, scratch: Path, limits: Limits) -> dict:
    _require_data(workspace, job)
    notebook = _run(workspace, job, scratch, limits)
    receipt = receipt_of(notebook)
    _compare(receipt["parameters"], plan.parameters(workspace, job), notebook)
    content = _page(workspace, job, notebook, receipt)
    if len(content) > limits.output:
        raise Failure("output_too_large", notebook=notebook)
    try:
        # Kept before the page is there: a page that nobody could hold later ones against must not exist.
        store.keep_published(workspace, job.community, receipt.get("published") or [])
        store.write_bytes(workspace.reports / job.page, content)
    except OSError as error:
        raise Failure("io_error", _io(error), notebook) from None
    output = {"path": job.page, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    return {"output": output, "headline": list(receipt.get("headline", []))}


def _require_data(workspace: Workspace, job: Job) -> None:
    """Tell a month without data before a kernel is started, and name the months that have some."""
    months = months_with_data(store.load(workspace, [job.community]))
    if set(parse_period(job.period).months) & set(months):
        return
    known = f"{months[0]} … {months[-1]}" if months else "—"
    raise Failure(
        "no_data",
        Text(f"{job.period} 没有数据；有数据的月份：{known}", f"no data in {job.period}; months with data: {known}"),
    )


def _run(workspace: Workspace, job: Job, scratch: Path, limits: Limits) -> NotebookNode:
    """Execute the notebook; every way in which that can fail becomes a Failure."""
    source = nbformat.read(plan.notebook_path(workspace, plan.find_report(job.report)), as_version=4)
    kept: list[NotebookNode] = []
    try:
        with _surroundings(scratch, job.lang):
            executed = execute_notebook(
                source, None, plan.parameters(workspace, job), engine_name=ENGINE, kernel_name="python3",
                language="python", progress_bar=False, request_save_on_cell_execute=False, autosave_cell_every=0,
                cwd=scratch / "cwd", start_timeout=limits.start, execution_timeout=limits.cell,
                store_widget_state=False, config=_kernel_config(scratch), kept=kept,
            )  # fmt: skip
    except Exception as error:
        raise _failure(error, kept[0] if kept else None, limits) from None
    _check_outputs(executed, limits)
    return executed


def _kernel_config(scratch: Path) -> Config:
    """Sockets in our own folder: no TCP port to race for, and nobody else may connect."""
    manager = {"connection_file": str(scratch / "kernel.json")}
    if os.name == "posix":
        manager["transport"] = "ipc"
    return Config({"KernelManager": manager})


@contextmanager
def _surroundings(scratch: Path, lang: str) -> Iterator[None]:
    """An environment in which only this interpreter's kernel is found and no user's start-up file is read."""
    spec = {"argv": [sys.executable, str(_KERNEL), "-f", "{connection_file}"], "display_name": "Python 3",
            "language": "python"}  # fmt: skip
    for name in ("jupyter/kernels/python3", "ipython", "config", "cwd"):
        (scratch / name).mkdir(parents=True, mode=0o700)
    (scratch / "jupyter/kernels/python3/kernel.json").write_text(json.dumps(spec), "utf-8")
    before = dict(os.environ)
    os.environ.update(_environment(scratch, lang, before.get("PYTHONPATH", "")))
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _environment(scratch: Path, lang: str, python_path: str) -> dict[str, str]:
    package = str(Path(__file__).parents[2])
    return {
        "JUPYTER_PATH": str(scratch / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(scratch),
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
        "IPYTHONDIR": str(scratch / "ipython"),
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": os.pathsep.join(part for part in (package, python_path) if part),
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PROPKIT_LANG": lang,
    }


def _failure(error: Exception, notebook: NotebookNode | None, limits: Limits) -> Failure:
    if isinstance(error, PapermillExecutionError):
        return _cell_failure(error.ename, error.evalue, error.exec_count, notebook)
    if isinstance(error, CellTimeoutError):
        return Failure(
            "timeout", Text(f"一个单元格超过 {limits.cell} 秒", f"a cell took over {limits.cell} s"), notebook
        )
    if isinstance(error, DeadKernelError):
        return Failure("kernel_died", notebook=notebook)
    if notebook is not None and not _begun(notebook):
        return Failure("kernel_start", notebook=notebook)
    if isinstance(error, OSError):
        return Failure("io_error", _io(error), notebook)
    return Failure("kernel_died", notebook=notebook)


def _begun(notebook: NotebookNode) -> bool:
    return any(cell.get("execution_count") is not None for cell in notebook.cells)


def _cell_failure(name: str, text: str, number: object, notebook: NotebookNode | None) -> Failure:
    """Our own errors are worded for readers; of any other only kind and place are told, for its text may hold data."""
    if name in _OWN_ERRORS:
        lines = text.splitlines() or [name]
        hints = [line.strip() for line in lines[1:] if line.startswith(_HINTS)]
        reason = "disclosure" if name == "DisclosureError" else "cell_error"
        return Failure(reason, "; ".join([lines[0], *hints]), notebook)
    return Failure("cell_error", Text(f"单元格 {number}：{name}", f"cell {number}: {name}"), notebook)


def _check_outputs(notebook: NotebookNode, limits: Limits) -> None:
    """Find errors that papermill lets pass; sys.exit() is one, but it is the missing receipt that tells it."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error" and output.ename != "SystemExit":
                raise _cell_failure(output.ename, output.evalue, cell.execution_count, notebook)
    if len(nbformat.writes(notebook).encode()) > limits.output:
        raise Failure("output_too_large", notebook=notebook)


def _compare(used: Mapping[str, object], asked: Mapping[str, str], notebook: NotebookNode) -> None:
    """The workspace itself is not compared: the notebook sees it by its resolved path."""
    wrong = [name for name, value in asked.items() if name != "workspace" and used.get(name) != value]
    if wrong:
        names = ", ".join(wrong)
        raise Failure(
            "wrong_params", Text(f"笔记本没有用给定的参数：{names}", f"the notebook did not use: {names}"), notebook
        )


def _page(workspace: Workspace, job: Job, notebook: NotebookNode, receipt: Mapping[str, object]) -> bytes:
    report = plan.find_report(job.report)
    name, period = store.communities(workspace)[job.community], parse_period(job.period)
    title = str(receipt.get("title") or f"{name} {report.label.get(job.lang)}")
    meta = {
        "kicker": str(receipt.get("kicker") or period.label(job.lang)),
        "facts": list(receipt.get("facts") or [_EDITIONS[job.edition].get(job.lang)]),
        "home": "../../../index.html",
        "as_of": job.as_of,
        "data": str(receipt.get("data_sha256", ""))[:12],
        "notebook": plan.notebook_hash(workspace, report)[:12],
        "version": __version__,
        "parameters": {"community": job.community, "period": job.period, "edition": job.edition, "lang": job.lang},
    }
    try:
        return page.render(notebook, title=title, lang=job.lang, meta=meta).encode()
    except Exception as error:
        kind = type(error).__name__
        told = Text(f"页面生成失败：{kind}", f"making the page failed: {kind}")
        raise Failure("template_error", told, notebook) from None


def _keep(folder: Path, failure: Failure, scratch: Path, workspace: Workspace) -> str:
    """Keep the notebook as far as it ran, and what its kernel printed, for whoever looks into the failure."""
    shutil.rmtree(folder, ignore_errors=True)
    if failure.notebook is None:
        return ""
    with suppress(OSError):
        folder.mkdir(parents=True, mode=0o700)
        store.write_bytes(folder / "executed.ipynb", nbformat.writes(failure.notebook).encode())
        log = scratch.parent / "log.txt"
        if log.is_file() and log.stat().st_size:
            store.write_bytes(folder / "log.txt", log.read_bytes())
        return folder.relative_to(workspace.root).as_posix()
    return ""


def _io(error: OSError) -> Text:
    told = error.strerror or type(error).__name__
    return Text(f"写入失败：{told}", f"writing failed: {told}")
