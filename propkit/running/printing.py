"""PDFs beside the published pages: printed from what was published, and only while it is what was published."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from propkit import store
from propkit.locks import locked
from propkit.reporting import pdf
from propkit.running import manifest
from propkit.running.publish import pdf_path
from propkit.workspace import Workspace


@dataclass(slots=True)
class Printed:
    """What came of printing: keys of the jobs printed, kept and failed (with the reason); no browser, nothing done."""

    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    has_browser: bool = True


def print_pages(
    workspace: Workspace, keys: Iterable[str], tell: Callable[[str], None] = lambda key: None, *, shard: str = ""
) -> Printed:
    """Print the pages of these jobs that are there and have no PDF of their own yet; a failure stops no other."""
    browser, done = pdf.find_browser(), Printed()
    if not browser:
        done.has_browser = False
        return done
    with locked(workspace, shard=shard):
        entries = manifest.read(workspace)
        for key in keys:
            entry = entries.get(key)
            if not entry or not manifest.is_intact(workspace, entry):
                continue
            if _is_current(workspace, entry):
                done.kept.append(key)
                continue
            try:
                entry["pdf"] = _print(workspace, entry, browser)
            except (pdf.PrintError, OSError) as error:
                done.failed[key] = str(error)
                continue
            manifest.append(workspace, [entry])
            done.made.append(key)
            tell(key)
    return done


def _is_current(workspace: Workspace, entry: Mapping) -> bool:
    printed = entry.get("pdf")
    if not printed or printed["page"] != entry["output"]["sha256"]:
        return False
    path = workspace.reports / printed["path"]
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == printed["sha256"]


def _print(workspace: Workspace, entry: Mapping, browser: str) -> dict[str, object]:
    """Print one page and return the record of its PDF.

    The copy lies in the workspace: a browser that is confined to the user's folders cannot read the system's own.
    """
    output = entry["output"]
    page = (workspace.reports / output["path"]).read_text("utf-8")
    content = pdf.print_page(page, browser, workspace.private, as_of=entry["as_of"])
    name = pdf_path(output["path"])
    store.write_bytes(workspace.reports / name, content)
    digest = hashlib.sha256(content).hexdigest()
    return {"path": name, "sha256": digest, "bytes": len(content), "page": output["sha256"]}
