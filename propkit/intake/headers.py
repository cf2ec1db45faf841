"""Headers: what a source looks for, where the header row lies, which header holds which column.

Reads no cell beneath them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from propkit.domains import TABLES
from propkit.errors import nearest
from propkit.intake.grids import Grid
from propkit.intake.refusals import Refusal
from propkit.intake.sources import Source
from propkit.text import Text, fold

SEARCHED_ROWS = 15
COMMUNITY_HEADERS = ("小区", "小区名称", "项目", "项目名称", "社区", "community")
FILLED_BY_ITEMS = ("item", "score", "scale_low", "scale_high", "satisfied_from")

_NUMBERING = re.compile(r"^\d+\s*[、.:]\s*")
_YUAN = re.compile(r"\((元|¥|RMB)\)$", re.IGNORECASE)
_CJK = re.compile(r"[\u3400-\u9fff]")


@lru_cache(maxsize=4096)  # the same few are compared with every row that may hold the headers
def key(header: str) -> str:
    """Return the form in which headers compare: folded, without case, required marks and blanks between hanzi."""
    folded = fold(header).strip("*").strip().casefold()
    return folded.replace(" ", "") if _CJK.search(folded) else folded


def _loose(header: str) -> str:
    return _YUAN.sub("", _NUMBERING.sub("", key(header)))


class Index:
    """The headers of one file, found by exact name, by name without numbering or (元), or by a unique lower half."""

    def __init__(self, headers: Sequence[str]) -> None:
        named = [header for header in headers if header]
        self.headers = named
        self._exact = {key(header): header for header in reversed(named)}
        self._loose = _unique((_loose(header), header) for header in named)
        self._lower = _unique((key(header.rpartition("/")[2]), header) for header in named if "/" in header)

    def find(self, header: str) -> str | None:
        """Return the file's own spelling of `header`, or None."""
        wanted = key(header)
        return self._exact.get(wanted) or self._lower.get(wanted) or self._loose.get(_loose(header))

    def place(self, specs: Iterable[str]) -> list[str] | None:
        """Return the header(s) of the first of the alternatives that is there; "a+b" asks for both."""
        for spec in specs:
            whole = self.find(spec)
            if whole is not None:
                return [whole]
            parts = [self.find(part) for part in spec.split("+")] if "+" in spec else [None]
            if None not in parts:
                return [part for part in parts if part is not None]
        return None


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    listed = list(pairs)
    counts = Counter(name for name, _ in listed)
    return {name: header for name, header in listed if counts[name] == 1}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The headers a resolved source looks for: name of the column, item or segment -> alternatives."""

    specs: Mapping[str, Sequence[str]]
    needed: frozenset[str]

    def found(self, headers: Sequence[str]) -> dict[str, list[str]]:
        """Return name -> the file's headers, for all that are there."""
        index = Index(headers)
        placed = {name: index.place(specs) for name, specs in self.specs.items()}
        return {name: place for name, place in placed.items() if place}

    def score(self, headers: Sequence[str]) -> int:
        return len(self.found(headers))


def wanted(source: Source) -> Wanted:
    """Return what to look for: columns, items (named "item:<id>") and segments (named "segment:<id>")."""
    specs: dict[str, Sequence[str]] = {name: header for name, header in source.columns.items()}
    columns = TABLES[source.table].columns
    specs |= {name if name in columns else f"segment:{name}": header for name, header in source.segments.items()}
    specs |= {f"item:{name}": item.header for name, item in source.items.items()}
    specs["community"] = [source.community] if source.community else list(COMMUNITY_HEADERS)
    exempt = {*source.constants, *(FILLED_BY_ITEMS if source.items else ())}
    needed = {name for name in TABLES[source.table].required if name not in exempt}
    needed |= {f"item:{name}" for name in source.items}
    return Wanted(specs, frozenset(needed))


@dataclass(frozen=True, slots=True)
class Header:
    """A header row: position of its last row in the grid, and one text for each column ("" where there is none)."""

    at: int
    names: list[str]
    score: int


def find_header(grid: Grid, want: Wanted, line: int | None = None) -> Header | None:
    """Return the row (or pair) among the first 15 that holds most of the wanted headers; the first of equals."""
    positions = range(min(SEARCHED_ROWS, len(grid.rows)))
    if line is not None:
        positions = [at for at, number in enumerate(grid.numbers) if number == line]
    found = [Header(at, names, want.score(names)) for at in positions for names in _readings(grid, at)]
    return max(found, key=lambda header: header.score, default=None)


def _readings(grid: Grid, at: int) -> list[list[str]]:
    """Return the ways to read the row at `at` as headers: alone and beneath the row above it, the likelier first."""
    alone = _tidy(_filled(grid, at))
    if at == 0:
        return [alone]
    above, own = _filled(grid, at - 1), [fold(cell) for cell in grid.rows[at]]
    if not grid.merged:
        above = _spread(above, own)
    joined = [_join(above[i] if i < len(above) else "", sub) for i, sub in enumerate(own)]
    is_pair = any(top < at == bottom for top, _, bottom, _ in grid.merged)
    return [_tidy(joined), alone] if is_pair else [alone, _tidy(joined)]


def _filled(grid: Grid, at: int) -> list[str]:
    """Return the row's folded texts, a merged text repeated over all columns it spans."""
    cells = [fold(cell) for cell in grid.rows[at]]
    for top, left, bottom, right in grid.merged:
        if top <= at <= bottom and left < len(cells) and top < len(grid.rows):
            cells[left : right + 1] = [fold(grid.rows[top][left])] * len(cells[left : right + 1])
    return cells


def _spread(above: list[str], own: list[str]) -> list[str]:
    """Return the upper row with each text carried right over blanks that have a lower header (a CSV has no merges)."""
    carried, last = [], ""
    for upper, lower in zip(above, own, strict=False):
        last = upper or (last if lower else "")
        carried.append(last)
    return carried


def _join(top: str, sub: str) -> str:
    return f"{top}/{sub}" if top and sub and top != sub else top or sub


def _tidy(names: list[str]) -> list[str]:
    """Return the headers with repeated ones numbered: "x#1", "x#2"."""
    counts, seen = Counter(names), Counter()
    tidy = []
    for name in names:
        seen[name] += 1
        tidy.append(f"{name}#{seen[name]}" if name and counts[name] > 1 else name)
    return tidy


def require(header: Header | None, want: Wanted, file: str) -> Header:
    """Return `header` if it holds all that is needed; else refuse, naming what is missing and what comes nearest."""
    names = header.names if header else []
    found = want.found(names) if header else {}
    missing = [name for name in want.specs if name in want.needed and name not in found]
    missing += sorted(want.needed - set(want.specs))
    if header is not None and not missing:
        return header
    expected = " · ".join(_describe(name, want, names, "zh") for name in missing)
    expected_en = " · ".join(_describe(name, want, names, "en") for name in missing)
    hint = Text("在 [source.columns] 写明表头", "name the header in [source.columns]")
    got = " · ".join(name for name in names if name)[:400]
    raise Refusal("missing_headers", file, got=got, expected=Text(expected, expected_en), hint=hint)


def _describe(name: str, want: Wanted, names: Sequence[str], lang: str) -> str:
    specs = want.specs.get(name, ())
    for spec in specs:
        hint = nearest(spec, [header for header in names if header])
        if isinstance(hint, Text):
            return f"{name}（{spec}，{hint.zh}）" if lang == "zh" else f"{name} ({spec}; {hint.en})"
    return f"{name} ({specs[0]})" if specs else name
