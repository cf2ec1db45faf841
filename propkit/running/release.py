"""Pages for owners that passed every check, copied to a folder from which they are handed out.

What has left is frozen: a page that has become another is a correction, and stands as a new version beside the one that
readers may hold.  Every page was held against all earlier ones when it was made (`reporting.guard`).  Writes into the
folder and into store/private/released; may be killed at any moment and begun again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from propkit import store
from propkit.errors import ConfigError
from propkit.intake.personal import mask
from propkit.reporting import notes
from propkit.reporting.index import render_index
from propkit.running import manifest, plan, verify
from propkit.text import Text, counted
from propkit.workspace import Workspace

STATES: dict[str, Text] = {
    "released": Text("已发布", "released"),
    "corrected": Text("已发布更正", "correction released"),
    "kept": Text("早已发布", "released before"),
    "refused": Text("未发布", "not released"),
}
_LISTED = ("report", "report_label", "community", "community_name", "period", "lang", "headline")
"""What the list of released pages says of each."""
_SPOKEN = ("title", "alt", "aria-label", "data-l", "data-v")
"""Attributes whose words reach a reader."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one page: its key, a key of `STATES`, its path in the folder ("" when refused) and why in words."""

    key: str
    state: str
    path: str = ""
    detail: Text = Text("", "")


def release(
    workspace: Workspace,
    to: Path,
    *,
    communities: Collection[str] = (),
    periods: Collection[str] = (),
    reports: Collection[str] = (),
    correct: bool = False,
) -> list[Outcome]:
    """Copy the pages for owners that may leave to the folder `to`, with a list of them; returns one outcome for each page.

    Nothing chosen means all.  A page leaves when it is current and what was published, its notes (notes/<community>/<period>.md)
    say `consent: yes`, and no number on it names a person.  `correct` lets pages that changed since they left go out as
    new versions.  Raises ConfigError for a folder in which the workspace keeps its own.
    """
    _check_folder(workspace, to)
    known, before = plan.Inputs(workspace), _record(workspace)
    chosen = [
        entry
        for _, entry in sorted(manifest.read(workspace).items())
        if entry["edition"] == "owner"
        and all(
            not asked or entry[name] in asked
            for name, asked in (("community", communities), ("period", periods), ("report", reports))
        )
    ]
    found = [_settle(workspace, to, entry, known, before.get(entry["key"], []), correct=correct) for entry in chosen]
    if any(one.path for one in found):
        store.write_bytes(to / manifest.INDEX, _list(workspace, to))
    return found


def _check_folder(workspace: Workspace, to: Path) -> None:
    own = [workspace.reports, workspace.store, workspace.raw, workspace.root / notes.FOLDER]
    if to.resolve() == workspace.root.resolve() or any(to.resolve().is_relative_to(one.resolve()) for one in own):
        raise ConfigError(
            Text("不能发布到工作区自己的文件夹", "the workspace keeps its own files there"),
            got=str(to),
            hint=Text("用工作区之外的文件夹，或工作区里另建一个", "name a folder outside it, or a new one within"),
        )


def _settle(
    workspace: Workspace, to: Path, entry: Mapping, known: plan.Inputs, before: list[dict], *, correct: bool
) -> Outcome:
    """Let one page go, or say why not."""
    why = _objection(workspace, entry, known)
    if why is not None:
        return Outcome(entry["key"], "refused", detail=why)
    same = [one for one in before if one["sha256"] == entry["output"]["sha256"]]
    if before and not same and not correct:
        changed = Text(
            "发布之后页面变了；要发布更正请加 --correct", "it changed since it left; --correct releases a correction"
        )
        return Outcome(entry["key"], "refused", detail=changed)
    record = same[-1] if same else _version(entry, len(before) + 1)
    path, content = to / record["path"], (workspace.reports / entry["output"]["path"]).read_bytes()
    if path.is_file() and path.read_bytes() != content:
        there = Text("那里有同名而内容不同的文件", "another file of that name is there")
        return Outcome(entry["key"], "refused", detail=there)
    stood = path.is_file() and bool(same)
    store.write_bytes(path, content)
    _copy_pdf(workspace, to, entry, record)
    if not same:
        store.write_json(workspace.private / "released" / f"{entry['key']}.v{record['version']}.json", record)
    return Outcome(
        entry["key"], "kept" if stood else "corrected" if record["version"] > 1 else "released", record["path"]
    )


def _objection(workspace: Workspace, entry: Mapping, known: plan.Inputs) -> Text | None:
    """Why a page must not leave; None when it may."""
    if entry["status"] != "success":
        told = entry["message"]
        return Text(told["zh"] or entry["reason"], told["en"] or entry["reason"])
    finding = verify.published(workspace, entry, known)
    if finding.state != "ok":
        return finding.detail
    if not notes.read(workspace, entry["community"], entry["period"]).consent:
        path = notes.path_of(workspace, entry["community"], entry["period"]).relative_to(workspace.root).as_posix()
        return Text(
            f"没有写明同意公开：在 {path} 开头写 consent: yes", f"no consent: write consent: yes at the head of {path}"
        )
    count = named(read_words((workspace.reports / entry["output"]["path"]).read_text("utf-8")))
    if count:
        return Text(
            f"页面上有 {count} 处像手机号或证件号",
            f"{counted(count, 'places')} on the page with what looks like a telephone or identity number",
        )
    return None


def named(words: list[str]) -> int:
    """Return how many pieces of text hold a number that names a person."""
    return sum(mask(one) != one for one in words)


def read_words(page: str) -> list[str]:
    """Return every piece of text of a page that reaches a reader."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.words


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent = tag in ("style", "script")
        self.words += [value for name, value in attrs if name in _SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.words.append(data)


def _version(entry: Mapping, number: int) -> dict:
    """The record of a page that leaves: what the list says of it, and where it goes."""
    name = f"{entry['report']}.{entry['lang']}" + (f".v{number}" if number > 1 else "")
    place = {"key": entry["key"], "version": number, "sha256": entry["output"]["sha256"]}
    path = f"{entry['community']}/{entry['period']}/{name}.html"
    return {**{key: entry[key] for key in _LISTED}, **place, "path": path}


def _copy_pdf(workspace: Workspace, to: Path, entry: Mapping, record: Mapping) -> None:
    """Put the print of a page beside it, where there is one of this very page."""
    printed = entry.get("pdf")
    if printed and printed["page"] == entry["output"]["sha256"] and (workspace.reports / printed["path"]).is_file():
        store.write_bytes((to / record["path"]).with_suffix(".pdf"), (workspace.reports / printed["path"]).read_bytes())


def _list(workspace: Workspace, to: Path) -> bytes:
    """The page over what has left and is there: the newest version of each."""
    general = workspace.settings.workspace
    last = [versions[-1] for _, versions in sorted(_record(workspace).items()) if (to / versions[-1]["path"]).is_file()]
    title = general.name or Text("物业服务报告", "Property service reports").get(general.lang)
    return render_index([{**one, "state": "current"} for one in last], lang=general.lang, title=title).encode()


def _record(workspace: Workspace) -> dict[str, list[dict]]:
    """Every version that has left, oldest first, by the key of its page."""
    found: dict[str, list[dict]] = {}
    kept = [json.loads(path.read_text("utf-8")) for path in (workspace.private / "released").rglob("*.json")]
    for one in sorted(kept, key=lambda one: (one["key"], one["version"])):
        found.setdefault(one["key"], []).append(one)
    return found
