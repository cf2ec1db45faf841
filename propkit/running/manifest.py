"""What became of every job: store/manifest.jsonl, and what follows from it (index page, `status`, run results).

One line for each plan and each attempt, only ever added, on disk before anything else happens; the last line of a job
says how it stands.  Plain JSON data throughout.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from propkit import __version__, store
from propkit.errors import ConfigError
from propkit.files import package_hash
from propkit.locks import queued
from propkit.running import plan
from propkit.running.outcomes import words
from propkit.running.plan import Job
from propkit.text import Text
from propkit.workspace import Workspace

SCHEMA = 2
INDEX = "index.html"
RESULTS = "run_results.json"

Entries = dict[str, dict]


def read(workspace: Workspace) -> Entries:
    """Return the newest entry of each job by its key; none before the first run.

    A line that cannot be read was cut short by a kill or a full disk: its job stands as before and is run again.
    """
    path = _path(workspace)
    entries: Entries = {}
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("schema_version") == SCHEMA:
            entries[entry["key"]] = entry
    return entries


def append(workspace: Workspace, entries: Iterable[Mapping]) -> None:
    """Add entries and return when they are on disk."""
    lines = [json.dumps({**entry, "schema_version": SCHEMA}, ensure_ascii=False, sort_keys=True) for entry in entries]
    if not lines:
        return
    path = _path(workspace)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(handle).st_size
        torn = size and os.pread(handle, 1, size - 1) != b"\n" if hasattr(os, "pread") else False
        _write_all(handle, (b"\n" if torn else b"") + ("\n".join(lines) + "\n").encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_all(handle: int, content: bytes) -> None:
    """One write as a rule, so that the lines of shards do not mix; the rest of a short one follows."""
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]


def planned(job: Job, inputs: str, before: Mapping | None, community_name: str) -> dict:
    """Return the entry of a job that is about to run; the page of an earlier success stays named in `output`."""
    before = before or {}
    report = plan.find_report(job.report)
    return {
        **dataclasses.asdict(job),
        "key": job.key,
        "report_label": dataclasses.asdict(report.label),
        "community_name": community_name,
        "inputs": inputs,
        "status": "skipped",
        "reason": "not_run",
        "message": {"zh": "", "en": ""},
        "attempts": 0,
        "seconds": 0.0,
        "peak": 0,
        "evidence": "",
        "output": before.get("output"),
        "pdf": before.get("pdf"),
        "headline": before.get("headline", []),
    }


def job_of(entry: Mapping) -> Job:
    """Return the job that an entry speaks of."""
    return Job(**{field.name: entry[field.name] for field in dataclasses.fields(Job)})


def is_current(workspace: Workspace, entry: Mapping | None, inputs: str) -> bool:
    """Say whether the page of an entry was made from these inputs and still is what was written."""
    return bool(entry) and entry["status"] == "success" and entry["inputs"] == inputs and is_intact(workspace, entry)


def is_intact(workspace: Workspace, entry: Mapping) -> bool:
    """Say whether the published page is there, byte for byte."""
    output = entry.get("output")
    if not output:
        return False
    try:
        found = (workspace.reports / output["path"]).stat()
        return _content_hash(workspace.reports / output["path"], found.st_size, found.st_mtime_ns) == output["sha256"]
    except OSError:
        return False


@lru_cache(maxsize=10_000)
def _content_hash(path: Path, *stamp: int) -> str:
    """A run asks for each page when it plans and again for the index; a page written between has another stamp."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def standing(workspace: Workspace, entry: Mapping, inputs: plan.Inputs | None = None) -> str:
    """Return how a job stands now: "failed", "withheld", "not_run", "stale" (its inputs or page changed) or "current"."""
    if entry["status"] != "success":
        return entry["status"] if entry["status"] in ("failed", "withheld") else "not_run"
    try:
        now = (inputs or plan.Inputs(workspace)).of(job_of(entry))
    except ConfigError:  # its report or its notebook is gone
        return "stale"
    return "current" if is_current(workspace, entry, now) else "stale"


def index_page(workspace: Workspace) -> bytes:
    """Return the page over all reports, made from the manifest, every page that is no longer current marked."""
    from propkit.reporting.index import render_index

    general = workspace.settings.workspace
    title = general.name or Text("物业服务报告", "Property service reports").get(general.lang)
    inputs = plan.Inputs(workspace)
    entries = [
        {**entry, "state": standing(workspace, entry, inputs), "message": words(entry, general.lang)}
        for _, entry in sorted(read(workspace).items())
    ]
    return render_index(entries, lang=general.lang, title=title).encode()


def write_index(workspace: Workspace) -> Path:
    """Write reports/index.html and return its path."""
    with queued(workspace.private / "index.lock"):
        store.write_bytes(workspace.reports / INDEX, index_page(workspace))
    return workspace.reports / INDEX


def write_results(workspace: Workspace, run_id: str, records: Iterable[Mapping], *, shard: str = "") -> None:
    """Write reports/run_results.json: every job of one run, with what came of it."""
    names = ("key", "inputs", "status", "reason", "message", "attempts", "seconds", "peak", "output")
    jobs = [{"parameters": _parameters(record), **{name: record[name] for name in names}} for record in records]
    store.write_json(
        workspace.reports / (f"run_results.{shard}.json" if shard else RESULTS),
        {"schema_version": SCHEMA, "run_id": run_id, "version": __version__, "code": package_hash(), "jobs": jobs},
    )


def _parameters(record: Mapping) -> dict[str, str]:
    return {name: record[name] for name in ("report", "community", "period", "edition", "lang", "as_of")}


def _path(workspace: Workspace) -> Path:
    return workspace.store / "manifest.jsonl"
