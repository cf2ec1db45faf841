"""What became of every job: store/manifest.json, and what follows from it alone (index page, `status`, run results).

One entry for each page that was ever asked for; plain JSON data throughout.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from propkit import __version__, store
from propkit.errors import ConfigError
from propkit.running import plan
from propkit.running.plan import Job
from propkit.text import Text
from propkit.workspace import Workspace

SCHEMA = 1
INDEX = "index.html"
RESULTS = "run_results.json"

Entries = dict[str, dict]


def read(workspace: Workspace) -> Entries:
    """Return the entries by job key; none before the first run."""
    path = _path(workspace)
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text("utf-8"))["jobs"])
    except (ValueError, KeyError, TypeError):
        raise ConfigError(
            Text("运行记录已损坏", "the record of runs is damaged"),
            place=str(path),
            hint=Text("删除它，报告会重新生成", "delete it; the reports will be made again"),
        ) from None


def write(workspace: Workspace, entries: Entries) -> None:
    """Replace the manifest in one step."""
    store.write_json(_path(workspace), {"schema_version": SCHEMA, "jobs": entries})


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
        "message": "",
        "attempts": 0,
        "seconds": 0.0,
        "evidence": "",
        "output": before.get("output"),
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
    path = workspace.reports / output["path"]
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == output["sha256"]


def standing(workspace: Workspace, entry: Mapping) -> str:
    """Return how a job stands now: "failed", "not_run", "stale" (its inputs or its page changed) or "current"."""
    if entry["status"] != "success":
        return "failed" if entry["status"] == "failed" else "not_run"
    try:
        inputs = plan.inputs(workspace, job_of(entry))
    except ConfigError:  # its report or its notebook is gone
        return "stale"
    return "current" if is_current(workspace, entry, inputs) else "stale"


def write_index(workspace: Workspace) -> Path:
    """Make reports/index.html from the manifest alone and return its path."""
    from propkit.reporting.index import render_index

    general = workspace.settings.workspace
    entries = [entry for _, entry in sorted(read(workspace).items())]
    title = general.name or Text("物业服务报告", "Property service reports").get(general.lang)
    page = render_index(entries, lang=general.lang, title=title)
    store.write_bytes(workspace.reports / INDEX, page.encode())
    return workspace.reports / INDEX


def write_results(workspace: Workspace, run_id: str, records: Iterable[Mapping]) -> None:
    """Write reports/run_results.json: every job of one run, with what came of it."""
    names = ("key", "inputs", "status", "reason", "message", "attempts", "seconds", "output")
    jobs = [{"parameters": _parameters(record), **{name: record[name] for name in names}} for record in records]
    store.write_json(
        workspace.reports / RESULTS,
        {"schema_version": SCHEMA, "run_id": run_id, "version": __version__, "code": plan.code_hash(), "jobs": jobs},
    )


def _parameters(record: Mapping) -> dict[str, str]:
    return {name: record[name] for name in ("report", "community", "period", "edition", "lang", "as_of")}


def _path(workspace: Workspace) -> Path:
    return workspace.store / "manifest.json"
