"""One job: the notebook run by papermill, its receipt checked, the page made.

Success is a receipt that names the parameters asked for, never what the notebook's metadata say.  Writes nothing but in
its scratch folder; `publish` takes the page from there.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill import PapermillExecutionError, execute_notebook
from traitlets.config import Config

from propkit import __version__, store
from propkit.periods import parse_period
from propkit.reporting import page
from propkit.reporting.display import HEADING, NONCE, RECEIPT
from propkit.running import engine as engines
from propkit.running import plan
from propkit.running.limits import MEMORY_VARIABLE, Limits
from propkit.running.names import KERNEL, PAGE, TRAIL
from propkit.running.outcomes import Failure, failed, io_words
from propkit.running.plan import Job
from propkit.running.trail import Trail
from propkit.running.wording import WORDS
from propkit.text import Text
from propkit.workspace import Workspace

_KERNEL = Path(__file__).with_name("kernel.py")
_LONGEST_FOLDER = 90
"""Bytes of a folder's name that leave room for a socket in it."""
_TOLD = ("  位置: ", "  at: ", "  办法: ", "  hint: ")
_EDITIONS = {"internal": Text("内部版", "Internal edition"), "owner": Text("业主版", "Owners' edition")}


def execute(workspace: Workspace, job: Job, scratch: Path, limits: Limits | None = None, engine: str = KERNEL) -> dict:
    """Make the page of `job` and return what came of it as plain data: status, reason, message, output, headline.

    `scratch` is an empty private folder: the page and the trail of the notebook are left in it.
    """
    try:
        made = _make(workspace, job, scratch, limits or Limits(), engine)
    except Failure as failure:
        return failed(failure.reason, failure.message)
    except MemoryError:
        return failed("oom")
    except OSError as error:
        return failed("io_error", io_words(error))
    return {"status": "success", "reason": "", "message": {"zh": "", "en": ""}, "evidence": "", **made}


def receipt_of(notebook: NotebookNode) -> dict:
    """Return the receipt in the outputs of the last code cell; Failure "no_receipt" when there is none."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for output in reversed(code[-1].outputs if code else []):
        receipt = output.get("data", {}).get(RECEIPT)
        if isinstance(receipt, Mapping) and isinstance(receipt.get("parameters"), Mapping):
            return dict(receipt)
    raise Failure("no_receipt", notebook=notebook)


def _make(workspace: Workspace, job: Job, scratch: Path, limits: Limits, engine: str) -> dict:
    _require_data(workspace, job)
    nonce = secrets.token_hex(8)
    notebook = _run(workspace, job, scratch, limits, engine, nonce)
    receipt = receipt_of(notebook)
    _compare(receipt, plan.parameters(workspace, job), nonce, notebook)
    content = _page(workspace, job, notebook, receipt)
    if len(content) > limits.output:
        raise Failure("output_too_large", notebook=notebook)
    (scratch / PAGE).write_bytes(content)
    output = {"path": job.page, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    kept = {"published": list(receipt.get("published") or []), "told": receipt.get("told")}
    return {"output": output, "headline": list(receipt.get("headline", [])), **kept}


def _require_data(workspace: Workspace, job: Job) -> None:
    """Tell a month without data before a kernel is started, and name the months that have some."""
    months = store.months(workspace, None if job.community == plan.WHOLE else [job.community])
    if set(parse_period(job.period).months) & set(months):
        return
    known = f"{months[0]} … {months[-1]}" if months else "—"
    raise Failure(
        "no_data",
        Text(f"{job.period} 没有数据；有数据的月份：{known}", f"no data in {job.period}; months with data: {known}"),
    )


def _run(workspace: Workspace, job: Job, scratch: Path, limits: Limits, engine: str, nonce: str) -> NotebookNode:
    """Execute the notebook; every way in which that can fail becomes a Failure."""
    source = nbformat.read(plan.notebook_path(workspace, plan.find_report(job.report)), as_version=4)
    kept: list[NotebookNode] = []
    try:
        with _surroundings(scratch, job.lang, limits, engine, nonce):
            executed = execute_notebook(
                source, None, plan.parameters(workspace, job), engine_name=engines.NAMES[engine],
                kernel_name="python3", language="python", progress_bar=False, request_save_on_cell_execute=False,
                autosave_cell_every=0, cwd=scratch / "cwd", kept=kept, trail=Trail(scratch / TRAIL),
                limits=limits, **(_kernel_options(scratch) if engine == KERNEL else {}),
            )  # fmt: skip
    except Failure:
        raise
    except Exception as error:
        raise _failure(error, kept[0] if kept else None, limits) from None
    _check_outputs(executed, limits)
    return executed


def _kernel_options(scratch: Path) -> dict:
    """Sockets in our own folder: no TCP port to race for, and nobody else may connect."""
    manager = {"connection_file": str(scratch / "kernel.json")}
    if os.name == "posix":
        manager |= {"transport": "ipc", "ip": _short(scratch) + "/ipc"}
    return {"store_widget_state": False, "config": Config({"KernelManager": manager})}


def _short(folder: Path) -> str:
    """Return a path to a folder that leaves room for the name of a socket: the system takes 107 bytes, 103 on a Mac.

    Where temporary files lie deeper, Linux names the folder by the number under which this process holds it open; both
    live as long as the report is being made.
    """
    if len(os.fsencode(folder)) <= _LONGEST_FOLDER or not Path("/proc/self/fd").is_dir():
        return str(folder)
    return f"/proc/{os.getpid()}/fd/{os.open(folder, os.O_RDONLY | os.O_DIRECTORY)}"


@contextmanager
def _surroundings(scratch: Path, lang: str, limits: Limits, engine: str, nonce: str) -> Iterator[None]:
    """An environment in which only this interpreter's kernel is found and no user's start-up file is read."""
    spec = {"argv": [sys.executable, str(_KERNEL), "-f", "{connection_file}"], "display_name": "Python 3",
            "language": "python"}  # fmt: skip
    for name in ("jupyter/kernels/python3", "ipython", "config", "cwd"):
        (scratch / name).mkdir(parents=True, mode=0o700)
    if engine == KERNEL:
        (scratch / "jupyter/kernels/python3/kernel.json").write_text(json.dumps(spec), "utf-8")
    before = dict(os.environ)
    os.environ.update(_environment(scratch, lang, before.get("PYTHONPATH", "")))
    os.environ.update({NONCE: nonce, MEMORY_VARIABLE: str(limits.memory)})
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
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
        return _cell_failure(error.ename, error.exec_count, notebook)
    if isinstance(error, CellTimeoutError):
        return Failure("timeout", _timeout_words(limits), notebook)
    if isinstance(error, DeadKernelError):
        return Failure("kernel_died", notebook=notebook)
    if isinstance(error, MemoryError):
        return Failure("oom", notebook=notebook)
    if notebook is not None and not _begun(notebook):
        return Failure("kernel_start", notebook=notebook)
    if isinstance(error, OSError):
        return Failure("io_error", io_words(error), notebook)
    return Failure("kernel_died", notebook=notebook)


def _timeout_words(limits: Limits) -> Text:
    return Text(
        f"超过时限（每个单元格 {limits.cell:g} 秒，整份 {limits.wall:g} 秒）",
        f"over the time limit ({limits.cell:g} s a cell, {limits.wall:g} s in all)",
    )


def _begun(notebook: NotebookNode) -> bool:
    return any(cell.get("execution_count") is not None for cell in notebook.cells)


def _cell_failure(name: str, number: object, notebook: NotebookNode | None) -> Failure:
    """Our own errors are worded for readers; of any other only kind and place are told, for its text may hold data."""
    if name == "MemoryError":
        return Failure("oom", notebook=notebook)
    told = _own_words(notebook)
    if told is not None:
        return Failure("disclosure" if name == "DisclosureError" else "cell_error", told, notebook)
    return Failure("cell_error", Text(f"单元格 {number}：{name}", f"cell {number}: {name}"), notebook)


def _own_words(notebook: NotebookNode | None) -> Text | None:
    """What an error of ours said before its traceback, each language in one line: the message, its place and the hints."""
    for cell in reversed(notebook.cells if notebook is not None else []):
        for output in reversed(cell.get("outputs", [])):
            if WORDS in output.get("data", {}):
                said = output.data[WORDS]
                return Text(*(_one_line(str(said.get(lang, ""))) for lang in ("zh", "en")))
            if output.output_type == "error":
                continue
    return None


def _one_line(text: str) -> str:
    lines = text.splitlines() or [""]
    return "; ".join([lines[0], *(line.strip() for line in lines[1:] if line.startswith(_TOLD))])


def _check_outputs(notebook: NotebookNode, limits: Limits) -> None:
    """Find errors that papermill lets pass; sys.exit() is one, but it is the missing receipt that tells it."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error" and output.ename != "SystemExit":
                raise _cell_failure(output.ename, cell.execution_count, notebook)
    if len(nbformat.writes(notebook).encode()) > limits.output:
        raise Failure("output_too_large", notebook=notebook)


def _compare(receipt: Mapping, asked: Mapping[str, str], nonce: str, notebook: NotebookNode) -> None:
    """Hold the receipt against what was asked and what is there.

    The workspace itself is not compared: the notebook sees it by its resolved path.
    """
    used = receipt["parameters"]
    if receipt.get("nonce") != nonce:
        raise Failure("no_receipt", Text("回执不是这次运行的", "the receipt is not of this run"), notebook)
    wrong = [name for name, value in asked.items() if name != "workspace" and used.get(name) != value]
    if wrong:
        names = ", ".join(wrong)
        raise Failure(
            "wrong_params", Text(f"笔记本没有用给定的参数：{names}", f"the notebook did not use: {names}"), notebook
        )
    shown = sum(HEADING in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))
    if "sections" in receipt and len(receipt["sections"]) != shown:
        told = Text("回执里的章节和页面上的不一致", "the sections of the receipt are not those of the page")
        raise Failure("no_receipt", told, notebook)


def _page(workspace: Workspace, job: Job, notebook: NotebookNode, receipt: Mapping[str, object]) -> bytes:
    report = plan.find_report(job.report)
    name, period = plan.names(workspace)[job.community], parse_period(job.period)
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
