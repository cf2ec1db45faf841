"""What `propkit notes` does and prints: a new notes file with suggestions, and what is amiss in those that are there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from propkit import store
from propkit.console import Console
from propkit.errors import EXIT_OK, EXIT_SOME_FAILED, ConfigError, PropkitError
from propkit.model import Report
from propkit.periods import Period, parse_period
from propkit.reporting import notes, photos, skeleton
from propkit.reporting.book import open_book
from propkit.running import plan
from propkit.text import Text
from propkit.workspace import Workspace

_KINDS: dict[str, Text] = {
    "unreadable": Text("读不了", "unreadable"),
    "never_read": Text("不会用到", "never read"),
    "unknown_heading": Text("标题不认识", "unknown heading"),
    "twice": Text("重复", "twice"),
    "unsigned": Text("未署名", "unsigned"),
    "photo": Text("照片", "photo"),
    "missing": Text("缺少说明", "missing notes"),
}
_HARMLESS = ("missing", "unsigned")
"""What leaves a report complete and honest all the same; anything else ends the check with 1."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at in a notes file."""

    file: str
    line: int
    kind: str
    text: Text


def init(say: Console, workspace: Workspace, community: str, period: str, report: str | None) -> int:
    """Write the skeleton of a notes file; one that is there is left alone."""
    chosen = plan.find_report(report) if report else None
    cut = store.data_cutoff(workspace)
    stretch = parse_period(period, cut)
    if chosen:
        _check_period(chosen, stretch, cut)
    path = notes.path_of(workspace, community, stretch.id)
    name = path.relative_to(workspace.root).as_posix()
    if path.exists() or path.is_symlink():
        raise ConfigError(
            Text("说明文件已经有了，没有改动", "the notes file is there already and was left alone"), place=name,
            hint=Text("propkit notes check 看还缺什么", "see what is missing with propkit notes check"),
        )  # fmt: skip
    rooms = chosen.domains if chosen else ()
    text = _skeleton(say, workspace, community, stretch, rooms)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
    count = sum(len(items) for _, items in skeleton.wanted(rooms))
    say.json({"file": name, "headings": count})
    say.say(f"新建  {name}   （{count} 个标题）", f"made  {name}   ({count} headings)")
    say.note("下一步  写好说明，再运行 propkit notes check 和 propkit run",
             "next  write, then: propkit notes check, propkit run")  # fmt: skip
    return EXIT_OK


def check(say: Console, workspace: Workspace, report: str | None) -> int:
    """Print what is amiss in every notes file; 1 when anything would be lost or a file cannot be read."""
    rooms = plan.find_report(report).domains if report else ()
    there = (path for path in (workspace.root / notes.FOLDER).rglob("*") if path.is_file() or path.is_symlink())
    paths = sorted(path for path in there if not path.name.startswith("."))
    found = [finding for path in paths for finding in _file(workspace, path, rooms)]
    say.json({"files": [path.relative_to(workspace.root).as_posix() for path in paths],
              "findings": [{"file": one.file, "line": one.line, "kind": one.kind, "text": one.text.get(say.lang)}
                           for one in found]})  # fmt: skip
    headers = (Text("文件", "file"), Text("行", "line"), Text("问题", "finding"), Text("内容", "what"))
    say.table(headers, [[one.file, str(one.line or ""), _KINDS[one.kind].get(say.lang), one.text.get(say.lang)]
                        for one in found], right=(1,))  # fmt: skip
    say.say(f"{len(paths)} 个说明文件，{len(found)} 处要看", f"{len(paths)} notes files, {len(found)} findings")
    return EXIT_SOME_FAILED if any(one.kind not in _HARMLESS for one in found) else EXIT_OK


def _check_period(report: Report, period: Period, cut: object) -> None:
    """Refuse notes that the report would never look for."""
    if plan.periods([period.id], report, cut) != [period.id]:
        raise ConfigError(
            Text(f"报告「{report.id}」的期间种类不对", f"report '{report.id}' takes another kind of period"),
            got=period.id, expected=report.period,
        )  # fmt: skip


def _skeleton(say: Console, workspace: Workspace, community: str, period: Period, rooms: Collection[str]) -> str:
    lang = workspace.settings.workspace.lang
    say.note("计算候选……", "working out suggestions ...")
    try:
        book = open_book("", workspace=workspace.root, community=community, period=period.id, lang=lang)
    except PropkitError as error:
        told = error.render(say.lang).splitlines()[0]
        say.note(f"没有候选：{told}", f"nothing to suggest: {told}")
        book = None
    name = book.name if book else store.communities(workspace)[community]
    return skeleton.skeleton(name, period.label(lang), lang, book=book, rooms=rooms)


def _file(workspace: Workspace, path: Path, rooms: Collection[str]) -> Iterator[Finding]:
    name = path.relative_to(workspace.root).as_posix()
    place = _place(workspace, path)
    if place is None:
        told = Text("位置应为 notes/<小区>/<期间>.md", "its place should be notes/<community>/<period>.md")
        yield Finding(name, 0, "never_read", told)
        return
    try:
        read = notes.read(workspace, *place)
    except PropkitError as error:
        zh, en = (" ".join(line.strip() for line in error.render(lang).splitlines()) for lang in ("zh", "en"))
        yield Finding(name, 0, "unreadable", Text(zh, en))
        return
    yield from (Finding(name, problem.line, problem.kind, problem.text) for problem in read.problems)
    yield from _photos(workspace, name, read)
    yield from _missing(name, read, rooms)


def _place(workspace: Workspace, path: Path) -> tuple[str, str] | None:
    """The community and period that a notes file speaks of, None where no report would look for it."""
    parts = path.relative_to(workspace.root / notes.FOLDER).parts
    if len(parts) != 2 or path.suffix != ".md" or parts[0] not in store.communities(workspace):
        return None
    try:
        return parts[0], parse_period(path.stem).id
    except ConfigError:
        return None


def _photos(workspace: Workspace, name: str, read: notes.Notes) -> Iterator[Finding]:
    for image in read.images:
        try:
            photos.take(workspace.root, image.path)
        except photos.Unusable as error:
            told = Text(f"{image.path}：{error.text.zh}", f"{image.path}: {error.text.en}")
            yield Finding(name, image.line, "photo", told)
    if len(read.images) > photos.MOST:
        count = len(read.images)
        told = Text(
            f"有 {count} 张照片，一份报告最多 {photos.MOST} 张", f"{count} photos; a report takes {photos.MOST}"
        )
        yield Finding(name, read.images[photos.MOST].line, "photo", told)


def _missing(name: str, read: notes.Notes, rooms: Collection[str]) -> Iterator[Finding]:
    written = {section.item for section in read.sections}
    lacking = [one for _, items in skeleton.wanted(rooms) for one in items if one.id not in written]
    if lacking:
        zh = "、".join(one.label.zh for one in lacking)
        en = ", ".join(one.label.en for one in lacking)
        yield Finding(name, 0, "missing", Text(f"{len(lacking)} 项：{zh}", f"{len(lacking)}: {en}"))
