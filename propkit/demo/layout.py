"""The shape of an export as data: what a `Layout` says, and the short notation of its headers."""

from __future__ import annotations

from dataclasses import dataclass, field

from propkit.demo.sheets import Field

Codes = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Layout:
    """One kind of export.

    `path` may hold {} for the part that tells the files of one kind apart.  `codes`: column -> choice id -> cell.
    `known` are the columns that the preset finds by itself ("*" for all); `constants` are declared in propkit.toml,
    where `note` explains the source.  `only` says which rows this export holds: column -> the values of it, separated by
    blanks.  `reverse`: 1 is the best score.  `items`: whether answers are "words" or "codes".
    """

    table: str
    community: str
    path: str
    columns: tuple[Field, ...]
    note: str
    preset: str = ""
    known: tuple[str, ...] = ()
    encoding: str = "utf-8"
    sheet: str = "Sheet1"
    title: str = ""
    dates: str = "dash"
    rooms: str = "dash"
    codes: Codes = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    only: dict[str, str] = field(default_factory=dict)
    reverse: bool = False
    items: str = ""


def fields(text: str) -> tuple[Field, ...]:
    """Return fields from "header=column" or "group/header=column"; a header without a column is never taken in."""
    found = []
    for entry in text.split():
        header, _, name = entry.partition("=")
        group, _, leaf = header.rpartition("/")
        found.append(Field(leaf, name, group))
    return tuple(found)
