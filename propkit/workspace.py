"""The folder that an analyst owns, and its propkit.toml: every setting checked at once, every fault reported together.

Reads settings only; rows live in the store.
"""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar, get_args

import pandas as pd
from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from propkit import domains
from propkit.errors import ConfigError, Faults, PropkitError, nearest
from propkit.intake.sources import Source, Strict, check
from propkit.model import Cut, Definitions, Wave
from propkit.periods import parse_as_of
from propkit.text import Text, fold

SETTINGS_FILE = "propkit.toml"
Entry = TypeVar("Entry", bound=Strict)
ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,39}$"
MONTH_PATTERN = r"^\d{4}-(0[1-9]|1[0-2])$"

_EXPECTED = {
    "string_type": Text("加引号的文字", "text in quotes"),
    "int_.*": Text("整数", "a whole number"),
    "float_.*": Text("数字", "a number"),
    "bool_.*": Text("true 或 false", "true or false"),
    "list_type": Text('列表，如 ["甲", "乙"]', 'a list such as ["a", "b"]'),
    "(dict|model)_type": Text("一组设置，如 {{ 名称 = 值 }}", "a block of settings such as {{ name = value }}"),
    "literal_error": Text("以下之一：{expected}", "one of {expected}"),
    "greater_than": Text("大于 {gt}", "more than {gt}"),
    "greater_than_equal": Text("不小于 {ge}", "{ge} or more"),
    "day": Text("日期，如 2025-10-08", "a day such as 2025-10-08"),
}
"""The kinds of findings, as patterns, and what would be right."""
_ALIKE = {
    ID_PATTERN: Text("小写字母、数字和连字符，如 yinhe-2", "small letters, digits and hyphens, such as yinhe-2"),
    MONTH_PATTERN: Text("月份，如 2025-09", "a month such as 2025-09"),
}


class Community(Strict):
    """One community: a stable ASCII id, its name for readers, other spellings in exports, and its size."""

    id: str = Field(pattern=ID_PATTERN)
    name: str
    name_en: str = ""
    aliases: list[str] = Field(default_factory=list)
    households: int | None = Field(default=None, gt=0)
    occupied: int | None = Field(default=None, gt=0)


class Survey(Strict):
    """One survey wave: how it was asked, and how many households were invited in each community."""

    id: str
    label: str
    label_en: str = ""
    mode: Literal["online", "phone", "door", "paper", "mixed"] = "mixed"
    period: str = Field(pattern=MONTH_PATTERN)
    invited: dict[str, int] = Field(default_factory=dict)


class Target(Strict):
    """A target for a KPI, in the reader's unit (95 means 95 %), for one community or for all, from a month on."""

    kpi: str
    value: float
    community: str | None = None
    start: str = Field(default="0000-00", alias="from")


class Rectification(Strict):
    """The month in which a community's rectification began."""

    community: str
    start: str = Field(pattern=MONTH_PATTERN)


class General(Strict):
    """Who the workspace belongs to, and the data cut-off."""

    name: str = ""
    lang: Literal["zh", "en"] = "zh"
    timezone: str = "Asia/Shanghai"
    as_of: str | None = None

    @field_validator("as_of")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        try:
            return value if value is None else (parse_as_of(value) and value)
        except ConfigError:
            raise PydanticCustomError("day", "not a day") from None


class Privacy(Strict):
    """When a group of opinions is too small to show."""

    min_n: int = Field(default=10, ge=1)


class Limits(Strict):
    """How much memory reading files and counting may take for rows, over what Python and its libraries take."""

    memory_mb: int = Field(default=1024, ge=1)


class Settings(Strict):
    """The whole of propkit.toml."""

    workspace: General = Field(default_factory=General)
    community: list[Community] = Field(default_factory=list)
    source: list[Source] = Field(default_factory=list)
    survey: list[Survey] = Field(default_factory=list)
    target: list[Target] = Field(default_factory=list)
    rectification: list[Rectification] = Field(default_factory=list)
    definitions: Definitions = Field(default_factory=Definitions)
    privacy: Privacy = Field(default_factory=Privacy)
    limits: Limits = Field(default_factory=Limits)
    segment_labels: dict[str, str] = Field(default_factory=dict)


class Workspace:
    """An opened workspace: `root` and the checked `settings`, with the paths beneath it."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def private(self) -> Path:
        return self.store / "private"

    @cached_property
    def communities(self) -> dict[str, Community]:
        """The declared communities by id."""
        return {community.id: community for community in self.settings.community}

    @property
    def definitions(self) -> Definitions:
        return self.settings.definitions

    @property
    def waves(self) -> tuple[Wave, ...]:
        """The declared survey waves, as the satisfaction room takes them."""
        return tuple(
            Wave(wave.id, Text(wave.label, wave.label_en or wave.label), wave.period, wave.mode, wave.invited)
            for wave in self.settings.survey
        )

    def spellings(self) -> dict[str, str]:
        """Every declared name, alias and id of a community, folded, with the id it stands for."""
        return {
            fold(name).casefold(): community.id
            for community in self.settings.community
            for name in (community.id, community.name, community.name_en, *community.aliases)
            if name
        }

    def cut(self, as_of: pd.Timestamp) -> Cut:
        """What is known at `as_of` under this workspace's definitions."""
        sizes = {
            community.id: community.occupied or community.households
            for community in self.settings.community
            if community.occupied or community.households
        }
        return Cut(as_of, self.definitions, self.waves, sizes)

    def rectified(self, community: str) -> str | None:
        """The month ("2025-04") in which the rectification of a community began, None where there was none."""
        return next((one.start for one in self.settings.rectification if one.community == community), None)

    def target(self, kpi_id: str, community: str, month: str) -> float | None:
        """The target in force for a KPI, in the reader's unit; a community's own goes before the general one."""
        valid = [goal for goal in self.settings.target if goal.kpi == kpi_id and goal.start <= month]
        valid = [goal for goal in valid if goal.community in (None, community)]
        ranked = sorted(valid, key=lambda goal: (goal.community is not None, goal.start))
        return ranked[-1].value if ranked else None


def open_workspace(root: Path | str = "") -> Workspace:
    """Read and check `root`/propkit.toml; raises ConfigError (or Faults, all at once) when anything in it is wrong.

    Without `root`: the nearest folder upwards that is a workspace, else the demo workspace of a checkout.
    """
    root = Path(root) if str(root) else find_workspace(Path.cwd())
    path = root / SETTINGS_FILE
    if not path.is_file():
        raise ConfigError(
            Text("这里不是工作区：没有 propkit.toml", "not a workspace: there is no propkit.toml"),
            place=str(root),
            hint=Text("propkit init 新建，或用 -w 指定", "make one with propkit init, or name it with -w"),
        )
    text = _decode(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            Text("propkit.toml 不是合法的 TOML", "propkit.toml is not valid TOML"), place=str(error)
        ) from None
    return Workspace(root.resolve(), check_settings(data, text))


def find_workspace(start: Path) -> Path:
    """Return the workspace that `start` lies in, or the demo workspace above it, or `start` itself."""
    folders = [start, *start.parents]
    candidates = [*folders, *(folder / "data" / "demo" for folder in folders)]
    return next((folder for folder in candidates if (folder / SETTINGS_FILE).is_file()), start)


def check_settings(data: dict, text: str = "") -> Settings:
    """Validate the content of a propkit.toml; `text` is its source, for line numbers."""
    settings, faults = None, []
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        faults = [_fault(entry, text) for entry in error.errors()]
    faults += [*_twice(data, text), *_unknown_references(data, text)]
    if settings is None or faults:
        raise Faults(faults)
    return settings


def _sound(data: dict, section: str, kind: type[Entry]) -> list[tuple[int, Entry]]:
    """The entries of a section that are whole by themselves, with their place: a fault in one hides none in the others."""
    found = []
    for at, entry in enumerate(data.get(section, ())):
        with suppress(ValidationError):
            found.append((at, kind.model_validate(entry)))
    return found


def _decode(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            Text("propkit.toml 不是 UTF-8", "propkit.toml is not UTF-8"), place=f"byte {error.start}", expected="UTF-8"
        ) from None


def _fault(entry: dict, text: str) -> PropkitError:
    """Put one of pydantic's findings into our own words."""
    place, kind, name = _place(entry["loc"], text), entry["type"], str(entry["loc"][-1])
    if kind == "extra_forbidden":
        block = _block(entry["loc"])
        return ConfigError(
            Text(f"不认识的设置「{name}」", f"unknown setting '{name}'"), place=place, hint=nearest(name, block)
        )
    if kind == "missing":
        return ConfigError(Text(f"缺少设置「{name}」", f"missing setting '{name}'"), place=place)
    return ConfigError(
        Text(f"设置「{name}」的值不对", f"setting '{name}' has a wrong value"),
        place=place,
        got=repr(entry.get("input")),
        expected=_expected(entry),
    )


def _expected(entry: dict) -> Text | str:
    """What would have been right, in both languages; pydantic's own words for what is rare."""
    for pattern, told in _EXPECTED.items():
        if re.fullmatch(pattern, entry["type"]):
            return told.format(**entry.get("ctx", {}))
    return _ALIKE.get(entry.get("ctx", {}).get("pattern"), entry["msg"])


def _block(loc: tuple) -> list[str]:
    """The settings allowed where `loc` points."""
    model: type = Settings
    for step in loc[:-1]:
        if isinstance(step, int) or step not in model.model_fields:
            continue
        found = _model_of(model.model_fields[step].annotation)
        if found is None:
            return []
        model = found
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_of(annotation: object) -> type | None:
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and hasattr(candidate, "model_fields"):
            return candidate
    return None


def _place(loc: tuple, text: str) -> str:
    """Say where a setting stands, with its line where it can be found."""
    shown = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in loc).lstrip(".")
    line = _line(loc, text)
    return f"{SETTINGS_FILE}:{line} {shown}" if line else f"{SETTINGS_FILE} {shown}"


def _line(loc: tuple, text: str) -> int | None:
    """Find the line of a setting: the n-th block of its name, then its key within that block."""
    lines, block, key = text.splitlines(), str(loc[0]), str(loc[-1])
    count = next((step for step in loc if isinstance(step, int)), 0)
    heads = [at for at, line in enumerate(lines) if re.match(rf"\s*\[+\s*{re.escape(block)}\s*\]+", line)]
    if count >= len(heads):
        return None
    start = heads[count]
    end = heads[count + 1] if count + 1 < len(heads) else len(lines)
    for at in range(start + 1, end):
        if re.match(rf"""\s*["']?{re.escape(key)}["']?\s*=""", lines[at]):
            return at + 1
    return start + 1


def _twice(data: dict, text: str) -> list[PropkitError]:
    """Communities whose id or spelling is used twice."""
    seen, faults = {}, []
    for at, community in _sound(data, "community", Community):
        for name in sorted({fold(n).casefold() for n in (community.id, community.name, *community.aliases)}):
            if seen.setdefault(name, at) != at:
                what = Text(f"两个小区用了同一个名字「{name}」", f"two communities share the name '{name}'")
                faults.append(ConfigError(what, place=_place(("community", at, "name"), text)))
    return faults


def _unknown_references(data: dict, text: str) -> list[PropkitError]:
    ids = [entry.get("id", "") for entry in data.get("community", ()) if isinstance(entry, dict)]
    goals, waves = _sound(data, "target", Target), _sound(data, "survey", Survey)
    starts = _sound(data, "rectification", Rectification)
    found = [
        *((("target", at, "kpi"), goal.kpi, domains.KPIS) for at, goal in goals),
        *((("target", at, "community"), goal.community, ids) for at, goal in goals if goal.community),
        *((("survey", at, "invited"), name, ids) for at, wave in waves for name in wave.invited),
        *((("rectification", at, "community"), one.community, ids) for at, one in starts),
    ]
    unknown = [
        ConfigError(
            Text(f"没有「{got}」", f"there is no '{got}'"), place=_place(loc, text), got=got, hint=nearest(got, allowed)
        )
        for loc, got, allowed in found
        if got not in allowed
    ]
    sources = _sound(data, "source", Source)
    return [*unknown, *(fault for at, source in sources for fault in _source_faults(at, source, text))]


def _source_faults(at: int, source: Source, text: str) -> list[PropkitError]:
    """What a [[source]] names that does not exist, with the line at which the source begins."""
    try:
        check(source)
    except Faults as found:
        for fault in found.faults:
            fault.place = f"{SETTINGS_FILE}:{_line(('source', at, 'table'), text) or '?'} {fault.place}"
        return found.faults
    return []
