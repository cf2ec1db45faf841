"""Text columns to typed columns, by the kind of each.  Judges single cells; rules between cells are in `rules`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd

from propkit.intake import values
from propkit.intake.cells import Fault, Parsed, parse_distinct
from propkit.intake.communities import Context, find_community
from propkit.intake.instants import instant_parser, parse_month_text, plain_instants
from propkit.intake.personal import pseudonym
from propkit.intake.places import read_room
from propkit.intake.sources import Scale, Source
from propkit.model import DTYPES, Column
from propkit.text import fold

_GLUE = {"place": "-", "day": " ", "instant": " "}


@dataclass(frozen=True, slots=True)
class Codebook:
    """The cell codes of one column, which remembers the entries that were used."""

    codes: Mapping[str, str]
    used: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, source: Source, name: str) -> Codebook:
        return cls({fold(cell).casefold(): target for cell, target in source.values.get(name, {}).items()})


def text_of(cells: pd.DataFrame, headers: Sequence[str], kind: str = "text") -> pd.Series:
    """Return the text of the column(s) that hold one value; several are joined, blank only when all are."""
    if len(headers) == 1:
        return cells[headers[0]]
    parts = [cells[header].str.strip() for header in headers]
    joined = parts[0].str.cat(parts[1:], sep=_GLUE.get(kind, " "))
    return joined.where(joined.str.strip("- ") != "", "")


def settler(source: Source, mapping: Codebook, kind: str) -> Callable[[str], str | None]:
    """Return the function that applies the cell mapping and turns missing markers into None."""
    missing = values.missing_cells(source.missing)

    def settle(cell: str) -> str | None:
        known = fold(cell).casefold()
        if known in mapping.codes:
            mapping.used.add(known)
            return mapping.codes[known] or None
        if kind == "flag" and known in values.FLAGS:
            return cell
        return None if known in missing else cell

    return settle


def parse_column(
    cells: pd.Series, name: str, column: Column, source: Source, context: Context, mapping: Codebook
) -> Parsed:
    """Return the cells of any column but a place, typed by the column's kind."""
    parse = _parser(name, column, source, context, cells)
    settle = settler(source, mapping, column.kind)
    hashed = column.personal and DTYPES[column.kind] == "str"

    def settled(cell: str) -> object:
        text = settle(cell)
        value = None if text is None else parse(text)
        return pseudonym(context.key, f"{name}|{value}") if hashed and type(value) is str else value

    read = _plain_ids(source, mapping) if column.kind == "id" and not hashed else None
    if _reads_plain(column.kind, source, context, mapping):
        read = _plain_instants
    return parse_distinct(cells, settled, column.dtype, read)


def _plain_ids(source: Source, mapping: Codebook) -> Callable[[pd.Index], tuple[np.ndarray, pd.Series]]:
    """Return what reads ids of letters and digits at once: they are themselves, unless a code or marker says otherwise."""
    named = [*mapping.codes, *values.missing_cells(source.missing)]

    def read(cells: pd.Index) -> tuple[np.ndarray, pd.Series]:
        plain = np.asarray(cells.str.fullmatch(values.PLAIN_ID), dtype=bool)
        plain &= ~np.asarray(cells.str.lower().isin(named), dtype=bool)
        return plain, cells[plain].to_series()

    return read


def _plain_instants(cells: pd.Index) -> tuple[np.ndarray, pd.Series]:
    found = plain_instants(cells)
    known = ~np.isnat(found)
    return known, pd.Series(found[known])


def _reads_plain(kind: str, source: Source, context: Context, mapping: Codebook) -> bool:
    """Say whether an instant written in full is that instant in the column: no other zone, code or marker says otherwise."""
    if kind != "instant" or (source.timezone or context.timezone) != context.timezone:
        return False
    named = pd.Index([*mapping.codes, *values.missing_cells(source.missing)], dtype="str")
    return bool(np.isnat(plain_instants(named)).all())


def _parser(name: str, column: Column, source: Source, context: Context, cells: pd.Series) -> values.Parser:
    match column.kind:
        case "id":
            return values.parse_id
        case "choice":
            return values.choice_parser(column)
        case "flag":
            return values.parse_flag
        case "money":
            return values.money_parser(source.money, column)
        case "whole":
            return values.whole_parser(name, column)
        case "decimal":
            return values.decimal_parser(column)
        case "month":
            return _month_parser(_date_parser("day", source, context, cells))
        case "score":
            return values.score_parser(source.scale, column)
        case "instant" | "day":
            return _date_parser(column.kind, source, context, cells)
        case _:
            return values.parse_text


def _date_parser(kind: str, source: Source, context: Context, cells: pd.Series) -> values.Parser:
    written = source.timezone if source.timezone and kind == "instant" else context.timezone

    @cache  # made for the first cell that is not plain: most columns have none, and looking at all cells takes its time
    def parser() -> Callable[[str], object]:
        evidence = np.asarray(cells.unique(), dtype=object)
        return instant_parser(source.dates, source.year, (written, context.timezone), evidence)

    def parse(cell: str) -> object:
        return parser()(cell)

    if kind == "instant":
        return parse

    def parse_day(cell: str) -> object:
        found = parse(cell)
        return found if isinstance(found, Fault) else found.replace(hour=0, minute=0, second=0)

    return parse_day


def _month_parser(parse_day: values.Parser) -> values.Parser:
    """Return the parser of months, "2025-09" or any day of them, to their first day."""

    def parse_month(cell: str) -> object:
        found = parse_month_text(cell)
        found = parse_day(cell) if found is None else found
        return found if isinstance(found, Fault) else found.replace(day=1)

    return parse_month


def parse_scores(cells: pd.Series, scale: Scale, source: Source, column: Column, mapping: Codebook) -> Parsed:
    """Return the answers to one item of a questionnaire."""
    parse, settle = values.score_parser(scale, column), settler(source, mapping, "score")
    given = {fold(word).casefold() for word in scale.dont_know}

    def settled(cell: str) -> object:
        text = None if fold(cell).casefold() in given else settle(cell)
        return None if text is None else parse(text)

    return parse_distinct(cells, settled, column.dtype)


def parse_segment(cells: pd.Series, source: Source, mapping: Codebook) -> Parsed:
    """Return a segment column: text, or with a declared codebook nothing but its codes."""
    settle, known = settler(source, mapping, "text"), mapping.codes

    def settled(cell: str) -> object:
        text = settle(cell)
        if text is None:
            return None
        return Fault("not_a_choice") if known and fold(cell).casefold() not in known else values.parse_text(text)

    return parse_distinct(cells, settled, "str")


def parse_communities(cells: pd.Series, source: Source, context: Context, mapping: Codebook) -> Parsed:
    """Return the community id of each line."""
    known, settle = context.known(), settler(source, mapping, "text")

    def settled(cell: str) -> object:
        name = settle(cell)
        if name is None:
            return Fault("required")
        return find_community(name, known, context.discover) or Fault("unknown_community")

    return parse_distinct(cells, settled, "str")


def parse_places(
    cells: pd.Series, communities: pd.Series, parts: int, source: Source, context: Context, mapping: Codebook
) -> tuple[Parsed, Parsed]:
    """Return households (hashes that name no room) and their buildings.

    A room joined from two headers is building and room: there are no units.
    """
    settle = settler(source, mapping, "place")
    has_units = parts != 2 and source.rooms == "with_units"

    @cache
    def place(pair: str) -> tuple[str, str] | Fault | None:
        community, _, cell = pair.partition("\x1f")
        text = settle(cell)
        return None if text is None else _locate(text, community, has_units, context)

    pairs = communities.fillna("").str.cat(cells, sep="\x1f")
    return tuple(parse_distinct(pairs, lambda pair, at=at: _half(place(pair), at), "str") for at in (0, 1))


def _locate(text: str, community: str, has_units: bool, context: Context) -> tuple[str, str] | Fault:
    room = read_room(text, has_units)
    if isinstance(room, Fault):
        return room
    households = [pseudonym(context.key, f"{community}|{normal}") for normal in room.candidates]
    if not room.is_certain:
        known = context.known_units.get(community, frozenset())
        households = [household for household in households if household in known]
    return (households[0], room.building) if len(households) == 1 else Fault(room.doubt or "ambiguous_place")


def _half(found: tuple[str, str] | Fault | None, at: int) -> object:
    return found[at] if isinstance(found, tuple) else found
