"""The language of the field: columns, tables, KPIs, segments, reports.  Frozen literal values, no code and no data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import pandas as pd

from propkit.text import Text

ColumnKind = Literal[
    "id", "text", "choice", "flag", "instant", "day", "month", "whole", "decimal", "money", "score", "place"
]
KpiKind = Literal["share", "mean", "rate", "money", "count"]

DTYPES: dict[str, str] = {
    "id": "str",
    "text": "str",
    "choice": "str",
    "place": "str",
    "flag": "boolean",
    "instant": "datetime64[s]",
    "day": "datetime64[s]",
    "month": "datetime64[s]",
    "whole": "Int64",
    "decimal": "Int64",
    "money": "Int64",
    "score": "Int64",
}
"""The pandas dtype of each kind of column.  Times are whole seconds of local wall time, a month is its
first day; money is whole fen, a decimal whole thousandths of what its label names (its name ends in `_milli`)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a canonical table.

    `low` and `high` bound whole, money and score values (in the stored unit); `choices` are the allowed ids of a choice with
    their labels; `planned` marks a time that is an intention (a due time), not an event; `known_from` names the instant of the same row at which this value became known, so that a report with an
    earlier `as_of` does not see it; `headers` are the plain headers by which the `plain` preset finds it.
    """

    kind: ColumnKind
    _: dataclasses.KW_ONLY
    label: Text
    required: bool = False
    low: int | None = None
    high: int | None = None
    choices: Mapping[str, Text] = field(default_factory=dict)
    personal: bool = False
    planned: bool = False
    known_from: str | None = None
    headers: tuple[str, ...] = ()

    @property
    def dtype(self) -> str:
        return DTYPES[self.kind]


@dataclass(frozen=True, slots=True)
class Table:
    """A canonical table: `key` names its unique columns, `dated_by` the column that places a row in a month.

    Every table also carries `community` (a community id).  A column of kind "place" is stored as a keyed hash under its own
    name, and the building it names under `building`.  `ordered` lists pairs (earlier, later) of instants that must not be
    reversed in a row.  `identity` names the columns in which two lines of one key must agree where both know them: lines
    that do not are different things under one number.
    """

    name: str
    label: Text
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    dated_by: str
    ordered: tuple[tuple[str, str], ...] = ()
    identity: tuple[str, ...] = ()

    @property
    def events(self) -> list[str]:
        """The times at which something happened, as against due times and appointments."""
        timed = ("instant", "day", "month")
        return [name for name, column in self.columns.items() if column.kind in timed and not column.planned]

    @property
    def required(self) -> list[str]:
        return [name for name, column in self.columns.items() if column.required]


@dataclass(frozen=True, slots=True)
class Derived:
    """What a room adds to the tables of exports: a table of its own, or columns of one that is there.

    `of` names the tables without which nothing that is added is known, `needs` those that single columns need besides.  `feeds` names
    for columns the tables any one of which can give them or fill their gaps, `made_of` for columns that are made of such a one, which.
    `columns` gives the reader's words for the added dates that cards name.
    """

    name: str
    of: tuple[str, ...] = ()
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    feeds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    made_of: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure, entire: names of columns and the words of its definition card, never code.

    `numerator` is a column of whole numbers or flags; a row counts where it is known (and `denominator` too, when named).
    `top` and `bottom` say in words what the two halves are.  `matures_after` names the field of `Definitions` that holds the days from `dated_by`: months younger than
    that at `as_of` are provisional.  `scale` is what the value is multiplied by for readers (100 for a percentage).
    `opinion` marks what people said, which is suppressed in small groups.  `limit` is the promise in minutes or days that the
    derived column applies, printed on the card.  `explained` marks a figure that a person's note belongs to.
    `split_only` marks one that has a value only when it is split by `by`: its groups together would count a household
    several times.
    """

    id: str
    label: Text
    top: Text
    bottom: Text
    table: str
    numerator: str
    denominator: str | None = None
    kind: KpiKind = "share"
    unit: Text = Text("%", "%")
    scale: float = 100
    better: Literal["up", "down"] | None = None
    dated_by: str = ""
    matures_after: str | int | None = None
    target: float | None = None
    opinion: bool = False
    by: str | None = None
    split_only: bool = False
    stock: bool = False
    ages: bool = False
    explained: bool = False
    source: str = ""
    note: Text = Text("", "")


@dataclass(frozen=True, slots=True)
class Duration:
    """A time to an event, read from rows with open cases censored at `as_of`; it has no whole-number sums.

    `start` and `end` name instants of `table`; `limit` names the field of `Definitions` that holds the promise in minutes.
    """

    id: str
    label: Text
    table: str
    start: str
    end: str
    top: Text
    limit: str | int | None = None
    explained: bool = False
    source: str = ""
    note: Text = Text("", "")


@dataclass(frozen=True, slots=True)
class Reading:
    """A list, statement or extreme that has no whole-number sums: read from the derived rows of one community and period.

    The function of the same name in the room gives its rows, in `columns`.  `tables` are what it cannot do without, `feeds` those
    any one of which gives it rows.  `headline` says which number stands for the whole of it: ("count", ""), or ("sum" | "max" | "last", a column); `unit` is
    the unit of that number after it is multiplied by `scale`.
    """

    id: str
    label: Text
    tables: tuple[str, ...]
    top: Text
    columns: Mapping[str, Column]
    headline: tuple[Literal["count", "sum", "max", "last"], str] = ("count", "")
    unit: Text = Text("项", "items")
    scale: float = 1
    better: Literal["up", "down"] | None = None
    explained: bool = False
    source: str = ""
    note: Text = Text("", "")
    feeds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """What only a person can say: an item of a report that its notes file carries."""

    id: str
    label: Text
    source: str = ""


@dataclass(frozen=True, slots=True)
class Definitions:
    """The choices inside the KPI definitions, printed on the card of each figure that uses them.

    Days and hours are calendar time.
    """

    recall_days: int = 30
    response_minutes: int = 30
    emergency_minutes: int = 30
    revisit_days: int = 3
    complaint_recall_days: int = 30
    complaint_merge_hours: int = 72


@dataclass(frozen=True, slots=True)
class Wave:
    """A survey wave: its month, how it was asked, and the households invited by community."""

    id: str
    label: Text
    month: str
    mode: str
    invited: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cut:
    """What is known when a report is made: nothing after `as_of` is seen.

    `households` gives the size of communities that have no register.  `own` gives communities cut-offs of their own, none of
    them after `as_of` (`domains.derive_each`).
    """

    as_of: pd.Timestamp
    definitions: Definitions = Definitions()
    waves: tuple[Wave, ...] = ()
    households: Mapping[str, int] = field(default_factory=dict)
    own: Mapping[str, pd.Timestamp] = field(default_factory=dict)

    def of(self, rows: pd.DataFrame) -> pd.Timestamp | pd.Series:
        """Return the cut-off of rows: one for all, or that of the community of each."""
        return rows["community"].map(self.own).astype("datetime64[s]") if self.own else self.as_of


@dataclass(frozen=True, slots=True)
class Segment:
    """A column by which figures may be split.  `order` gives the natural order of its values where there is one."""

    id: str
    label: Text
    choices: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """A kind of report: its notebook and the domains it reads."""

    id: str
    label: Text
    notebook: str
    period: Literal["month", "quarter", "year", "day", "window"]
    domains: tuple[str, ...]


Item = TypeVar("Item", Kpi, Duration, Reading)


def worded(item: Item, definitions: Definitions) -> Item:
    """Return a card with the choices of `definitions` filled in: `{recall_days}` in its words, and the days or minutes."""
    chosen = {one.name: getattr(definitions, one.name) for one in dataclasses.fields(definitions)}
    texts = {name: getattr(item, name) for name in ("top", "bottom", "note") if hasattr(item, name)}
    filled: dict[str, object] = {name: text.format(**chosen) for name, text in texts.items()}
    for name in ("matures_after", "limit"):
        if isinstance(getattr(item, name, None), str):
            filled[name] = chosen[getattr(item, name)]
    return dataclasses.replace(item, **filled)


def to_json(value: object) -> object:
    """Return a model value as plain JSON data (dataclasses become objects, in field order)."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return value


def from_json(kind: type, data: Mapping[str, object]) -> object:
    """Rebuild a `Kpi`, `Duration` or `Text` from what `to_json` wrote."""
    hints = {f.name: f.type for f in dataclasses.fields(kind)}
    filled = {name: _revive(hints[name], item) for name, item in data.items()}
    return kind(**filled)


def _revive(hint: object, item: object) -> object:
    return Text(**item) if str(hint) == "Text" and isinstance(item, Mapping) else item
