"""Published pages held against the record of runs and against themselves: what is damaged, missing, left over or stale.

Changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from propkit.errors import ConfigError
from propkit.reporting.seal import read_seal
from propkit.running import manifest, plan
from propkit.text import Text
from propkit.workspace import Workspace

STATES: dict[str, Text] = {
    "ok": Text("完好", "intact"),
    "damaged": Text("改动过", "altered"),
    "missing": Text("缺失", "missing"),
    "orphan": Text("无记录", "no record"),
    "partial": Text("未写完", "unfinished"),
    "stale": Text("过期", "stale"),
}
_CHANGED = Text("内容与发布时不同", "not what was published")
_BROKEN = Text("内容与页脚的指纹不符", "the content does not match the fingerprint at its foot")
_UNSEALED = Text("页脚没有指纹", "there is no fingerprint at its foot")
_FOREIGN = Text("页脚的参数与运行记录不符", "the parameters at its foot are not those of the record")
_GONE = Text("运行记录里有，文件没有", "recorded, but there is no such file")
_UNKNOWN = Text("运行记录里没有", "the record of runs does not know it")
_UNFINISHED = Text("中断的运行留下的", "left by a run that was cut short")
_OUTDATED: dict[str, Text] = {
    "stale": Text(
        "数据、设置、笔记本或程序变了，应重新生成", "data, settings, notebook or program changed; make it again"
    ),
    "failed": Text("上次运行失败，这是更早的版本", "the last run failed; this is an earlier page"),
    "withheld": Text("上次的结果没有公布，这是更早的版本", "the last one was withheld; this is an earlier page"),
    "not_run": Text("计划重新生成而没有运行，这是更早的版本", "planned and not run; this is an earlier page"),
}
_OLD_INDEX = Text("与运行记录不一致，运行 propkit index", "does not match the record; run propkit index")
_OLD_PDF = Text("不是由现在的页面打印的", "not printed from the page that is there now")
_ALONE = Text("只核对了页面本身：没有工作区的运行记录", "checked by itself alone: there is no record of runs")
_KEPT = (manifest.INDEX, manifest.RESULTS)


@dataclass(frozen=True, slots=True)
class Finding:
    """One file: where it is, its state (a key of `STATES`), and why in words."""

    path: str
    state: str
    detail: Text = Text("", "")


def verify(workspace: Workspace) -> list[Finding]:
    """Return a finding for every page and PDF of the record, for the index, and for every other file under reports/."""
    entries = [entry for _, entry in sorted(manifest.read(workspace).items()) if entry.get("output")]
    known = plan.Inputs(workspace)
    found = [published(workspace, entry, known) for entry in entries]
    found += [finding for entry in entries for finding in _printed(workspace, entry)]
    found += _index(workspace)
    shards = {path.name for path in workspace.reports.glob("run_results.*.json")}
    return found + _others(workspace, {finding.path for finding in found} | set(_KEPT) | shards)


def verify_file(workspace: Workspace | None, path: Path) -> Finding:
    """Return the finding for one file: a page or PDF of the record, or a copy of one that lies elsewhere.

    Without a workspace a page is held against its own fingerprint alone.
    """
    if workspace is not None and path.resolve().is_relative_to(workspace.reports.resolve()):
        name = path.resolve().relative_to(workspace.reports.resolve()).as_posix()
        return next((one for one in verify(workspace) if one.path == name), Finding(name, "ok"))
    content = _read(path)
    sealed = _sealed(str(path), content) if path.suffix == ".html" else None
    if sealed is not None and sealed.state != "ok":
        return sealed
    if workspace is None:
        return Finding(str(path), "ok", _ALONE) if sealed else Finding(str(path), "orphan", _ALONE)
    return _copy(workspace, path, hashlib.sha256(content).hexdigest())


def published(workspace: Workspace, entry: Mapping, known: plan.Inputs) -> Finding:
    """Return the finding for the page of an entry of the manifest that has one."""
    name = entry["output"]["path"]
    path = workspace.reports / name
    if not path.is_file():
        return Finding(name, "missing", _GONE)
    content = _read(path)
    if hashlib.sha256(content).hexdigest() != entry["output"]["sha256"]:
        return Finding(name, "damaged", _CHANGED)
    sealed = _sealed(name, content)
    if sealed.state != "ok":
        return sealed
    if not _speaks_of(content, entry):
        return Finding(name, "damaged", _FOREIGN)
    standing = manifest.standing(workspace, entry, known)
    return Finding(name, "ok") if standing == "current" else Finding(name, "stale", _OUTDATED[standing])


def _sealed(name: str, content: bytes) -> Finding:
    seal = read_seal(content.decode("utf-8", "replace"))
    if not seal.claimed:
        return Finding(name, "damaged", _UNSEALED)
    return Finding(name, "ok") if seal.is_intact else Finding(name, "damaged", _BROKEN)


def _speaks_of(content: bytes, entry: Mapping) -> bool:
    """Whether the parameters at the foot of a page are those of its entry."""
    told = read_seal(content.decode("utf-8", "replace")).facts.get("parameters", "")
    used = dict(part.split("=", 1) for part in told.split() if "=" in part)
    return used == {name: entry[name] for name in ("community", "period", "edition", "lang")}


def _printed(workspace: Workspace, entry: Mapping) -> list[Finding]:
    printed = entry.get("pdf")
    if not printed:
        return []
    name, is_of_page = printed["path"], printed["page"] == entry["output"]["sha256"]
    path = workspace.reports / name
    if not path.is_file():
        return [Finding(name, "missing", _GONE)] if is_of_page else []
    if not is_of_page:
        return [Finding(name, "stale", _OLD_PDF)]
    same = hashlib.sha256(_read(path)).hexdigest() == printed["sha256"]
    return [Finding(name, "ok") if same else Finding(name, "damaged", _CHANGED)]


def _index(workspace: Workspace) -> list[Finding]:
    path = workspace.reports / manifest.INDEX
    if not path.is_file():
        return []
    same = _read(path) == manifest.index_page(workspace)
    return [Finding(manifest.INDEX, "ok") if same else Finding(manifest.INDEX, "stale", _OLD_INDEX)]


def _others(workspace: Workspace, named: set[str]) -> list[Finding]:
    """Files under reports/ that nothing speaks of."""
    found = []
    for path in sorted(workspace.reports.rglob("*")):
        name = path.relative_to(workspace.reports).as_posix()
        if name in named or (path.is_dir() and not path.is_symlink()):
            continue
        unfinished = path.name.startswith(".") and path.suffix == ".part"
        found.append(Finding(name, "partial", _UNFINISHED) if unfinished else Finding(name, "orphan", _UNKNOWN))
    return found


def _copy(workspace: Workspace, path: Path, digest: str) -> Finding:
    """A file outside reports/: whether it is a copy of something that the record knows, and of which."""
    for _, entry in sorted(manifest.read(workspace).items()):
        for output in (entry.get("output"), entry.get("pdf")):
            if output and output["sha256"] == digest:
                same = output["path"]
                return Finding(str(path), "ok", Text(f"与 {same} 相同", f"the same as {same}"))
    return Finding(str(path), "orphan", _UNKNOWN)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(Text("读不出来", "cannot be read"), place=str(path), got=error.strerror) from None
