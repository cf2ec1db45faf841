"""What people write for a report: notes/<community>/<period>.md, read strictly into sections by item.

Reads text and names pictures; renders nothing (`remarks` does) and opens no picture (`photos` does).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

from propkit import domains
from propkit.errors import ConfigError, nearest
from propkit.model import Duration, Kpi, Note, Reading
from propkit.reporting import photos
from propkit.reporting.overview_items import OVERVIEWS
from propkit.text import Text, fold
from propkit.workspace import Workspace

FOLDER = "notes"
LARGEST = 1 << 20
KEYS = ("author", "date", "consent", "internal")
OTHER = Text("其他说明", "Other remarks")
_YES = {"yes": True, "no": False, "是": True, "否": False}
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?[ \t]*$")
_CLOSING = re.compile(r"[ \t]+#+$")
_BRACKETS = re.compile(r"[（(\[【〔]([^（）()\[\]【】〔〕]*)[）)\]】〕]")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SETTING = re.compile(r"([A-Za-z_-]+)[ \t]*:(?:[ \t]+(.*))?$")
_QUOTED = re.compile(r"""("[^"]*"|'[^']*')(?:\s+#.*)?""")
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
"""Signs that steer a terminal or turn the direction of what stands beside them; a page has no use for them."""

Item = Kpi | Duration | Reading | Note


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a notes file: the item it is about ("" where its heading names none), its heading and its text."""

    item: str
    heading: str
    body: str
    line: int
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a notes file without making it unreadable: its line, and the words for it."""

    kind: str
    line: int
    text: Text


@dataclass(frozen=True, slots=True)
class Notes:
    """A notes file: `path` is relative to the workspace, "" where there is none.  `consent` lets owners see it."""

    path: str = ""
    author: str = ""
    date: str = ""
    consent: bool = False
    sections: tuple[Section, ...] = ()
    problems: tuple[Problem, ...] = ()
    images: tuple[photos.Image, ...] = field(default=(), repr=False)

    def of(self, item_id: str, edition: str) -> list[Section]:
        """The sections about an item that readers of `edition` may see."""
        return [section for section in self._seen(edition) if section.item == item_id]

    def other(self, edition: str) -> list[Section]:
        """The sections about no item that readers of `edition` may see."""
        return [section for section in self._seen(edition) if not section.item]

    def _seen(self, edition: str) -> Iterator[Section]:
        if edition == "internal" or self.consent:
            yield from (section for section in self.sections if edition == "internal" or not section.internal)


def items() -> dict[str, Item]:
    """Everything that a section of a notes file may be about, by id: every figure, duration, reading and note."""
    told = {one.id: one for one in OVERVIEWS}
    return {**domains.KPIS, **domains.DURATIONS, **domains.READINGS, **told, **domains.NOTES}


def item(item_id: str) -> Item:
    """Return an item by id; an unknown id is a ConfigError with the nearest one."""
    known = items()
    if item_id not in known:
        raise ConfigError(Text("没有这一项", "no such item"), got=item_id, hint=nearest(item_id, known))
    return known[item_id]


def wants(one: Item) -> bool:
    """Say whether an item is incomplete without a person's words."""
    return isinstance(one, Note) or one.explained


def path_of(workspace: Workspace, community: str, period: str) -> Path:
    """Return where the notes of a community and period (its exact id) lie, whether they are there or not."""
    return workspace.root / FOLDER / community / f"{period}.md"


def read(workspace: Workspace, community: str, period: str) -> Notes:
    """Return the notes of a community and period, empty where nobody wrote any.

    A file that cannot be taken as it is raises ConfigError; what can be set aside is listed in `problems`.
    """
    path = path_of(workspace, community, period)
    if not path.is_file():
        return Notes()
    return parse(_text(workspace, path), path.relative_to(workspace.root).as_posix())


def fingerprint(workspace: Workspace, community: str, period: str) -> str:
    """Return a hash over the notes file and every picture that it names, "" without a file; never fails on its content."""
    path = path_of(workspace, community, period)
    if not path.is_file():
        return ""
    content = path.read_bytes()
    digest = hashlib.sha256(content)
    named = photos.find(_cleaned(content.decode("utf-8-sig", errors="replace")))
    for address in dict.fromkeys(image.path for image in named):
        digest.update(f"\0{address}\0{photos.sha256(workspace.root, address)}".encode())
    return digest.hexdigest()


def parse(text: str, name: str) -> Notes:
    """Read the text of a notes file; `name` is how messages speak of it."""
    lines = text.split("\n")
    settings, start = _front_matter(lines, name)
    body = _without_comments(lines, start, name)
    sections = list(_sections(body, start, set(settings.get("internal", ()))))
    problems = [*_unsigned(settings), *_unknown(sections), *_twice(sections)]
    return Notes(
        name,
        str(settings.get("author", "")),
        str(settings.get("date", "")),
        bool(settings.get("consent", False)),
        tuple(section for section in sections if section.body.strip()),
        tuple(sorted(problems, key=lambda problem: problem.line)),
        tuple(image for section in sections for image in photos.find(section.body, section.line)),
    )


def _text(workspace: Workspace, path: Path) -> str:
    """The text of a notes file with plain line ends and without signs that only steer."""
    name = path.relative_to(workspace.root).as_posix()
    if not path.resolve().is_relative_to(workspace.root.resolve()):
        what = Text("说明文件指向工作区之外", "the notes file is a link out of the workspace")
        raise ConfigError(what, place=name)
    content = path.read_bytes()
    if len(content) > LARGEST:
        what = Text("说明文件太大", "the notes file is too large")
        raise ConfigError(what, place=name, got=f"{len(content):,} B", expected=f"<= {LARGEST:,} B")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        what = Text("说明文件不是 UTF-8", "the notes file is not UTF-8")
        hint = Text("用编辑器另存为 UTF-8", "save it as UTF-8 in your editor")
        raise ConfigError(what, place=f"{name}:{line}", expected="UTF-8", hint=hint) from None
    return _cleaned(text)


def _cleaned(text: str) -> str:
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _front_matter(lines: list[str], name: str) -> tuple[dict[str, object], int]:
    """Return the settings at the head of the file and the index of the first line after them."""
    if not lines or lines[0].rstrip() != "---":
        return {}, 0
    found: dict[str, object] = {}
    for at, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return found, at + 1
        if line.strip() and not line.lstrip().startswith("#"):
            _take_setting(found, line, f"{name}:{at + 1}")
    what = Text("开头的设置没有结束", "the settings at the head have no end")
    raise ConfigError(what, place=f"{name}:1", expected=Text("再写一行 ---", "another line ---"))


def _take_setting(found: dict[str, object], line: str, place: str) -> None:
    match = _SETTING.match(line.rstrip())
    if match is None:
        what = Text("开头的设置读不懂", "unreadable setting at the head")
        raise ConfigError(what, place=place, got=line.strip(), expected="key: value")
    key, value = match[1], _unquoted(match[2] or "")
    if key not in KEYS:
        what = Text(f"不认识的设置「{key}」", f"unknown setting '{key}'")
        raise ConfigError(what, place=place, got=key, expected=", ".join(KEYS), hint=nearest(key, KEYS))
    if key in found:
        raise ConfigError(Text(f"设置「{key}」写了两次", f"setting '{key}' is given twice"), place=place)
    found[key] = _SETTINGS[key](value, place)


def _unquoted(value: str) -> str:
    quoted = _QUOTED.fullmatch(value.strip())
    return quoted[1][1:-1].strip() if quoted else re.sub(r"(^|\s)#.*$", "", value).strip()


def _plain(value: str, place: str) -> str:
    if value[:1] in tuple("[{|>&*!%@`"):
        what = Text("这里要写普通文字", "plain words belong here")
        raise ConfigError(what, place=place, got=value, expected="author: 张三")
    return value


def _day(value: str, place: str) -> str:
    with suppress(ValueError):
        if not value or re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            return date.fromisoformat(value).isoformat() if value else ""
    raise ConfigError(Text("日期不认识", "the date is unreadable"), place=place, got=value, expected="date: 2025-10-08")


def _consent(value: str, place: str) -> bool:
    if value not in _YES:
        what = Text("consent 只能是 yes 或 no", "consent is yes or no")
        raise ConfigError(what, place=place, got=value, expected="consent: yes")
    return _YES[value]


def _internal(value: str, place: str) -> tuple[str, ...]:
    """Ids or labels; one that names nothing is an error, for what it should have hidden would be shown."""
    listed = re.fullmatch(r"\[(.*)\]", value)
    if listed is None:
        what = Text("internal 要写成列表", "internal is a list")
        raise ConfigError(what, place=place, got=value, expected="internal: [root_cause, case_study]")
    named = [_unquoted(part) for part in re.split(r"[,，、]", listed[1]) if part.strip()]
    return tuple(_named(name, place) for name in named)


def _named(name: str, place: str) -> str:
    found = _matches(name)
    if len(found) != 1:
        what = Text(f"internal 里的「{name}」不是一项", f"'{name}' under internal is no item")
        raise ConfigError(what, place=place, got=name, hint=_meant(name, found))
    return found[0]


_SETTINGS = {"author": _plain, "date": _day, "consent": _consent, "internal": _internal}


def _without_comments(lines: list[str], start: int, name: str) -> list[str]:
    """The lines after the settings without <!-- comments -->, as many as before; an open comment would show the rest."""
    text = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), "\n".join(lines[start:]))
    at = text.find("<!--")
    if at >= 0:
        what = Text("注释没有结束", "a comment has no end")
        line = start + text.count("\n", 0, at) + 1
        raise ConfigError(what, place=f"{name}:{line}", got="<!--", expected="<!-- ... -->")
    return text.split("\n")


def _sections(lines: list[str], start: int, internal: set[str]) -> Iterator[Section]:
    """Cut the text at its headings.

    Headings of the first and second level open a section; deeper ones only where they are the id of an item.
    """
    at, name, heading, hidden, body, first = start, "", "", False, [], True
    for number, (line, fenced) in enumerate(zip(lines, photos.fences(lines), strict=True), start=start + 1):
        found = None if fenced else _HEADING.match(line)
        opened = _opened(len(found[1]), _CLOSING.sub("", found[2] or ""), first) if found else None
        if opened is None:
            body.append(line)
            continue
        yield Section(name, heading, "\n".join(body), at, hidden or name in internal)
        (name, heading, hidden), at, body, first = opened, number, [], False
    yield Section(name, heading, "\n".join(body), at, hidden or name in internal)


def _opened(level: int, words: str, first: bool) -> tuple[str, str, bool] | None:
    """The item, heading and secrecy of the section that a heading opens, None where it belongs to the text."""
    plain, hidden = _open_or_internal(words)
    found = _matches(plain)
    if level > 2 and not (found and plain == found[0]):
        return None
    is_title = first and level == 1 and not found
    return (found[0] if len(found) == 1 else "", "" if is_title else plain, hidden)


def _open_or_internal(words: str) -> tuple[str, bool]:
    """Take the mark（内部）or (internal) off a heading: anything in brackets with that word keeps it from owners."""
    marks = [mark[0] for mark in _BRACKETS.finditer(words) if re.search("内部|internal", fold(mark[1]), re.IGNORECASE)]
    for mark in marks:
        words = words.replace(mark, " ")
    return " ".join(words.split()).rstrip(":： "), bool(marks)


def _matches(words: str) -> list[str]:
    """The ids of the items that `words` may mean: an id, a label, or a label with its id in brackets."""
    named = [words, *(found[1].strip() for found in _BRACKETS.finditer(words))]
    ids = [name for name in named if name in items()]
    return ids[:1] or list(_by_label().get(fold(words).casefold(), ()))


def _by_label() -> Mapping[str, tuple[str, ...]]:
    return _labels(tuple((name, one.label.zh, one.label.en) for name, one in items().items()))


@cache
def _labels(named: tuple[tuple[str, str, str], ...]) -> dict[str, tuple[str, ...]]:
    """The ids for each label in either language; some labels are shared."""
    found: dict[str, tuple[str, ...]] = {}
    for name, *labels in named:
        for label in dict.fromkeys(fold(label).casefold() for label in labels):
            found[label] = (*found.get(label, ()), name)
    return found


def _meant(words: str, found: list[str]) -> Text | str:
    if found:
        ids = ", ".join(found)
        return Text(f"几项同名，请写编号：{ids}", f"several items have this name; write an id: {ids}")
    known = items()
    names = {
        **{label: name for label, ids in _by_label().items() for name in ids[:1]},
        **{name: name for name in known},
    }
    return nearest(fold(words).casefold(), names)


def _unsigned(settings: Mapping[str, object]) -> Iterator[Problem]:
    for key, label in (("author", Text("作者", "author")), ("date", Text("日期", "date"))):
        if not settings.get(key):
            yield Problem("unsigned", 1, Text(f"没有写{label.zh}（{key}）", f"no {label.en} is given"))


def _unknown(sections: Iterable[Section]) -> Iterator[Problem]:
    for section in sections:
        if section.heading and not section.item:
            hint = _meant(section.heading, _matches(section.heading))
            more = Text(f"；{hint.zh}", f"; {hint.en}") if isinstance(hint, Text) else Text("", "")
            yield Problem(
                "unknown_heading",
                section.line,
                Text(
                    f"标题「{section.heading}」不是任何一项，放在「{OTHER.zh}」{more.zh}",
                    f"heading '{section.heading}' names no item and is kept under '{OTHER.en}'{more.en}",
                ),
            )


def _twice(sections: Iterable[Section]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for section in sections:
        if section.item and section.item in first:
            label, line = items()[section.item].label, first[section.item]
            told = Text(
                f"「{label.zh}」写了两次，第一次在第 {line} 行", f"'{label.en}' is there twice, first in line {line}"
            )
            yield Problem("twice", section.line, told)
        elif section.item:
            first[section.item] = section.line
