"""What a raw file looks like: one `Source` for each [[source]] of propkit.toml, with its preset filled in.

Reads no data file.  The format is documented for users in docs/workspace.md.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from propkit.domains import TABLES
from propkit.errors import ConfigError, Faults, nearest
from propkit.intake.personal import is_personal
from propkit.model import Table
from propkit.text import Text

PRESETS = Path(__file__).with_name("presets")
RESERVED = ("community", "building", "file", "line")
_LAYERED = ("columns", "constants", "segments", "items")

MISSING = ("", "--", "-", "/", "无", "暂无", "NULL", "null", "N/A", "#N/A", "NA", "None")
"""Cells that mean "not given" unless a source says otherwise ("无" is a value in 有无异常)."""

Written = Annotated[str, Field(coerce_numbers_to_str=True)]
"""What a cell would hold: a number may be given without quotes."""
_SEVERAL = BeforeValidator(lambda value: [value] if isinstance(value, str) else value)
Headers = Annotated[list[str], _SEVERAL]
Cells = Annotated[list[Written], _SEVERAL]


class Strict(BaseModel):
    """A settings block in which an unknown key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Scale(Strict):
    """An answer scale: declared ends, the words or codes on it, and the answers that lie outside every base.

    `reverse` says that `low` is the best answer; scores are stored with the top end best.  `satisfied_from` is the
    lowest stored score, after `reverse`, that counts as satisfied (default: the upper two points of the scale).
    """

    low: int = 1
    high: int = 5
    reverse: bool = False
    words: dict[str, int] = Field(default_factory=dict)
    dont_know: Cells = Field(default_factory=list)
    satisfied_from: int | None = None

    @property
    def satisfied(self) -> int:
        return self.high - 1 if self.satisfied_from is None else self.satisfied_from


class Item(Strict):
    """One question of a wide questionnaire: its header(s), its words for readers, its own scale where it has one."""

    header: Headers
    label: str = ""
    label_en: str = ""
    scale: Scale | None = None


ItemSpec = Annotated[
    Item, BeforeValidator(lambda value: {"header": value} if isinstance(value, (str, list)) else value)
]


class Source(Strict):
    """How one kind of export becomes rows of one canonical table.

    `columns` maps a canonical column to the header that holds it; a list gives alternatives (the first that is
    there), and "楼号+单元+房间" joins several columns.  `values` maps cells to the ids of a choice ("" means missing).
    `constants` gives columns that no header holds.  `items`, `scale` and `segments` describe a wide questionnaire: one
    line becomes one row for each item.  `rooms = "no_units"` says that the buildings have no units (单元), so that
    A座1201 is a whole room number.
    """

    name: str = ""
    table: str
    files: Headers
    community: str | None = None
    preset: str | None = None
    encoding: Literal["auto", "utf-8", "gb18030"] = "auto"
    sheet: str | None = None
    header: int | None = None
    dates: Literal["auto", "ymd", "mdy", "dmy"] = "auto"
    year: int | None = None
    timezone: str | None = None
    exported_on: str | None = None
    money: Literal["yuan", "fen"] = "yuan"
    rooms: Literal["with_units", "no_units"] = "with_units"
    missing: Cells = Field(default_factory=lambda: list(MISSING))
    columns: dict[str, Headers] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    constants: dict[str, Written] = Field(default_factory=dict)
    items: dict[str, ItemSpec] = Field(default_factory=dict)
    scale: Scale = Field(default_factory=Scale)
    segments: dict[str, Headers] = Field(default_factory=dict)
    _own: Source | None = PrivateAttr(None)

    @property
    def own(self) -> Source:
        """The source as its author wrote it, before a preset was filled in."""
        return self._own or self

    @property
    def title(self) -> str:
        """The name by which messages speak of this source."""
        return self.name or f"{self.table}: {', '.join(self.files)}"


def presets() -> list[str]:
    """Return the names of the known systems."""
    return ["plain", *sorted(path.stem for path in PRESETS.glob("*.toml"))]


def resolve(source: Source) -> Source:
    """Return `source` with its preset filled in, the source's own entries winning.

    A source that maps nothing at all is read by the plain headers of its table.
    """
    mapped = source.columns or source.items
    preset = source.preset or (None if mapped else "plain")
    if preset is None:
        return source
    below = _section(preset, source.table)
    own = {name: getattr(source, name) for name in source.model_fields_set}
    merged = {**below, **own, **{name: {**below.get(name, {}), **own.get(name, {})} for name in _LAYERED}}
    codes = below.get("values", {})
    merged["values"] = {**codes, **{name: {**codes.get(name, {}), **cells} for name, cells in source.values.items()}}
    resolved = Source.model_validate({**merged, "preset": None})
    resolved._own = source.own
    return resolved


def _section(preset: str, table: str) -> dict[str, Any]:
    if preset == "plain":
        return {"columns": _plain_columns(TABLES[table])}
    sections = _load(preset)
    if table not in sections:
        what = Text(f"预设「{preset}」不含表「{table}」", f"the preset '{preset}' has no table '{table}'")
        raise ConfigError(what, expected=" · ".join(sections))
    return sections[table]


@cache
def _load(preset: str) -> dict[str, Any]:
    path = PRESETS / f"{preset}.toml"
    if preset not in presets():
        what = Text(f"没有预设「{preset}」", f"there is no preset '{preset}'")
        raise ConfigError(what, expected=" · ".join(presets()), hint=nearest(preset, presets()))
    return tomllib.loads(path.read_text("utf-8"))


def _plain_columns(table: Table) -> dict[str, list[str]]:
    return {
        name: list(dict.fromkeys([*column.headers, column.label.zh, column.label.en, name]))
        for name, column in table.columns.items()
    }


def check(source: Source) -> None:
    """Raise `Faults` with every mistake of a source that can be seen without its files."""
    faults = list(_faults(source))
    if faults:
        raise Faults(faults)


def _faults(source: Source) -> Iterator[ConfigError]:
    if source.table not in TABLES:
        yield _unknown(source, "table", source.table, TABLES)
        return
    try:
        source = resolve(source)
    except ConfigError as fault:
        yield fault
        return
    table = TABLES[source.table]
    for part in ("columns", "constants"):
        yield from (
            _unknown(source, part, name, table.columns) for name in getattr(source, part) if name not in table.columns
        )
    for name, specs in {**source.columns, **source.segments}.items():
        column = table.columns.get(name)
        if column is None or not column.personal:  # a personal column keeps a keyed hash alone
            yield from (_personal(source, name, spec) for spec in specs if is_personal(spec))
    yield from _setting_faults(source)
    yield from _value_faults(source, table)
    yield from _item_faults(source, table)


def _setting_faults(source: Source) -> Iterator[ConfigError]:
    for name, read in {"exported_on": date.fromisoformat, "timezone": ZoneInfo}.items():
        value = getattr(source, name)
        try:
            _ = value is None or read(value)
        except (ValueError, OSError, KeyError):
            expected = {"exported_on": "2025-10-01", "timezone": "Asia/Shanghai"}[name]
            what = Text(f"读不懂 {name}", f"{name} cannot be read")
            yield ConfigError(what, place=_at(source, name), got=value, expected=expected)


def _value_faults(source: Source, table: Table) -> Iterator[ConfigError]:
    known = {*table.columns, *source.segments, "community"}
    for name, cells in source.values.items():
        if name not in known:
            yield _unknown(source, "values", name, known)
        choices = table.columns[name].choices if name in table.columns else {}
        for target in cells.values():
            if choices and target and target not in choices:
                yield _unknown(source, f"values.{name}", target, choices)
    for name, cell in source.constants.items():
        choices = table.columns[name].choices if name in table.columns else {}
        if choices and cell not in choices:
            yield _unknown(source, f"constants.{name}", cell, choices)


def _item_faults(source: Source, table: Table) -> Iterator[ConfigError]:
    if source.items and "item" not in table.columns:
        yield _unknown(source, "items", table.name, [name for name, other in TABLES.items() if "item" in other.columns])
    for name, scale in {"": source.scale, **{name: item.scale for name, item in source.items.items()}}.items():
        if scale is not None and not (scale.low < scale.high and scale.low <= scale.satisfied <= scale.high):
            what = Text("量表的两端或满意起点不对", "the ends of a scale, or its satisfied_from, do not fit")
            yield ConfigError(
                what, place=_at(source, f"items.{name}" if name else "scale"), got=scale.model_dump_json()
            )
    for name in source.columns:
        column = table.columns.get(name)
        if column is None or column.kind != "score" or None in (column.low, column.high):
            continue
        if (source.scale.low, source.scale.high) != (column.low, column.high):
            what = Text(
                f"「{name}」的量表固定为 {column.low}-{column.high}", f"{name} is on {column.low}-{column.high}"
            )
            got, place = f"{source.scale.low}-{source.scale.high}", _at(source, "scale")
            yield ConfigError(what, place=place, got=got, expected=f"{column.low}-{column.high}")
    for name in {*source.segments} & {*RESERVED}:
        what = Text(f"分组名「{name}」已被占用", f"the segment name '{name}' is taken")
        yield ConfigError(what, place=_at(source, "segments"))


def _unknown(source: Source, part: str, got: str, allowed: Iterable[str]) -> ConfigError:
    names = [str(name) for name in allowed]
    what = Text(f"不认识「{got}」", f"'{got}' is not known")
    return ConfigError(what, place=_at(source, part), got=got, expected=" · ".join(names), hint=nearest(got, names))


def _personal(source: Source, column: str, header: str) -> ConfigError:
    what = Text(
        f"表头「{header}」是个人信息，不能导入", f"the header '{header}' is personal data and is never taken in"
    )
    return ConfigError(what, place=_at(source, f"columns.{column}"), got=header)


def _at(source: Source, part: str) -> str:
    return f"[[source]] {source.title}: {part}"
