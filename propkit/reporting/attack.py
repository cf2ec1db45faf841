"""What published rows give away: the union of all of them as equations, and the range of every hidden number.

The strongest form of differencing, by linear programming (statistics.md 4.3; R sdcTable::attack does the same for one
table).  A value with its n gives both its counts away, so all numbers of a shown row count as known, unrounded.  Rows are as
`figures.figures` returns them; the columns behind `figures.COLUMNS` are the dimensions of a frame, and a frame holds every
group of its dimensions.  Decides nothing about what may be shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize, sparse

from propkit import domains
from propkit.domains.satisfaction import OVERALL
from propkit.figures import COLUMNS
from propkit.periods import parse_period

NUMBERS = ("answers", "counted", "rest")
"""What a hidden row hides: its base, those counted (satisfied), and the rest; a rest of zero tells as much as a count."""
ANSWERS = NUMBERS[0]
_ASIDE = {*COLUMNS, "label", "dimension"}
_MANY = 1e6  # no group has more households: keeps the programs bounded
_DIGITS = 6  # the solver's noise is far below this


class Cell(NamedTuple):
    """The households a row speaks of; `issue` is 1 for an earlier publication of the same wave."""

    base: str
    community: str
    period: str
    at: frozenset[tuple[str, str]]
    issue: int = 0

    @property
    def level(self) -> tuple[object, ...]:
        """What cells have in common that stand side by side: dimensions and length of the period."""
        names = frozenset(name for name, _ in self.at)
        return self.base, self.community, names, len(parse_period(self.period).months)


class Row(NamedTuple):
    """What a row publishes: a part of the answers of a cell, and with it their number."""

    cell: Cell
    part: str


Variable = tuple[Cell, str]
Range = tuple[float, float]
Terms = dict[Variable, float]


class _Counted(NamedTuple):
    """Whose answers a KPI counts, in which fixed group, and which part of them (all others with `other`)."""

    base: str
    at: tuple[tuple[str, str], ...] = ()
    part: str = "counted"
    other: bool = False


_WHOLE = (("item", OVERALL),)
COUNTED: dict[str, _Counted] = {
    "satisfaction_by_item": _Counted("survey", (), "satisfied"),
    "owner_satisfaction": _Counted("survey", _WHOLE, "satisfied"),
    "satisfaction_by_age": _Counted("survey", _WHOLE, "satisfied"),
    "satisfaction_by_area": _Counted("survey", _WHOLE, "satisfied"),
    "owner_satisfaction_index": _Counted("survey", _WHOLE, "points"),
    "dissatisfied_rate": _Counted("survey", _WHOLE, "dissatisfied"),
    "not_dissatisfied_rate": _Counted("survey", _WHOLE, "dissatisfied", other=True),
}
"""Figures over the same answers: what one of them shows is known of the others.  Any other KPI has answers of its own."""


def rows(frame: pd.DataFrame, issue: int = 0) -> list[Row | None]:
    """Name the rows of a frame; None for one that counts no opinions."""
    names = [name for name in frame.columns if name not in _ASIDE]
    return [_row(record, names, issue) for record in frame.to_dict("records")]


def _row(record: Mapping[str, object], names: Sequence[str], issue: int) -> Row | None:
    kpi = domains.kpi(str(record["kpi"]))
    if not kpi.opinion or kpi.kind not in ("share", "mean"):
        return None
    counted = COUNTED.get(kpi.id, _Counted(kpi.id))
    at = frozenset({*counted.at, *((name, str(record[name])) for name in names)})
    return Row(Cell(counted.base, str(record["community"]), str(record["period"]), at, issue), counted.part)


def _counts(record: Mapping[str, object]) -> tuple[float, float]:
    """The answers of a shown row and those counted, in households: points are taken as shares of their scale."""
    n, num, den = (float(record[name]) for name in ("n", "num", "den"))
    counted = num * n / den
    return n, n - counted if COUNTED.get(str(record["kpi"]), _Counted("")).other else counted


@dataclass
class System:
    """Everything published, in equations.

    `shown` gives the answers of a row and those counted; `lines` say which cells add up to which; `bounds` are sums that
    are never above zero.
    """

    shown: dict[Row, tuple[float, float]] = field(default_factory=dict)
    hidden: dict[Row, None] = field(default_factory=dict)
    lines: list[tuple[Cell, list[Cell]]] = field(default_factory=list)
    equal: list[Terms] = field(default_factory=list)
    bounds: list[Terms] = field(default_factory=list)
    solved: dict[object, list[Range]] = field(default_factory=dict)

    @classmethod
    def of(cls, published: Iterable[pd.DataFrame], previous: Iterable[pd.DataFrame] = ()) -> System:
        """Read frames, and those of an earlier publication of the same waves."""
        system, splits, periods = cls(), {}, {}
        for issue, frames in enumerate((published, previous)):
            for frame in frames:
                system._read(frame, issue, splits, periods)
        named = {row.cell for row in (*system.shown, *system.hidden)}
        empty = {cell._replace(period=period) for cell, told in periods.items() for period in told} - named
        ways = Counter(parent for parent, _ in splits)
        system.lines = [
            (parent, list(cells))
            for (parent, _), cells in splits.items()
            if parent in named or (ways[parent] > 1 and parent not in empty)
        ]
        system.lines += list(_months(named, periods))
        system._equations()
        return system

    def _read(self, frame: pd.DataFrame, issue: int, splits: dict, periods: dict) -> None:
        names = [name for name in frame.columns if name not in _ASIDE]
        for record, row in zip(frame.to_dict("records"), rows(frame, issue), strict=True):
            if row is None:
                continue
            periods.setdefault(row.cell._replace(period=""), {})[row.cell.period] = None
            if record["state"] == "no_data":
                continue
            if record["state"] == "suppressed":
                self.hidden[row] = None
            else:
                self.shown[row] = _counts(record)
            for name in names:
                margin = row.cell.at - {(name, str(record[name]))}
                splits.setdefault((row.cell._replace(at=margin), name), {})[row.cell] = None

    def _equations(self) -> None:
        parts: dict[Cell, dict[str, None]] = {}
        for row in (*self.shown, *self.hidden):
            parts.setdefault(row.cell, {})[row.part] = None
        for parent, cells in self.lines:
            for part in dict.fromkeys(part for cell in cells for part in parts[cell]):
                self.equal.append(_sum(parent, cells, part))
                for cell in (parent, *cells):
                    parts.setdefault(cell, {})[part] = None
            self.equal.append(_sum(parent, cells, ANSWERS))
        for cell, found in parts.items():
            self.bounds += [{(cell, part): 1.0, (cell, ANSWERS): -1.0} for part in found]
            if {"satisfied", "dissatisfied"} <= set(found):
                self.bounds.append({(cell, "satisfied"): 1.0, (cell, "dissatisfied"): 1.0, (cell, ANSWERS): -1.0})
        self.bounds += self._since()

    def _since(self) -> Iterator[Terms]:
        """What readers know of two publications: answers were only added, only withdrawn, or neither."""
        both = [row for row in (*self.shown, *self.hidden) if not row.cell.issue]
        both = [row for row in both if _earlier(row) in self.shown or _earlier(row) in self.hidden]
        told = [row for row in both if row in self.shown and _earlier(row) in self.shown]
        steps = [
            after - before
            for row in told
            for after, before in zip(_three(self.shown[row]), _three(self.shown[_earlier(row)]), strict=True)
        ]
        for sign in (1.0, -1.0):
            if steps and all(sign * step >= 0 for step in steps):
                for row in both:
                    for number in NUMBERS:
                        grown = terms(_earlier(row), number) | _negative(terms(row, number))
                        yield {variable: sign * factor for variable, factor in grown.items()}

    def known(self, more: Iterable[Row] = ()) -> dict[Variable, float]:
        """The numbers that readers see when `more` rows are hidden."""
        gone, found = set(more), {}
        for row, (answers, counted) in self.shown.items():
            if row not in gone:
                found[row.cell, ANSWERS], found[row.cell, row.part] = answers, counted
        return found

    def ranges(self, more: Mapping[Row, None]) -> dict[tuple[Row, str], Range]:
        """What can be derived about every number of the hidden rows and `more`.

        Errors: ValueError when the rows contradict each other.
        """
        known = self.known(more)
        groups = _Groups([*self.equal, *self.bounds], known)
        wanted: dict[object, list[tuple[Row, str]]] = {}
        for row in dict.fromkeys((*self.hidden, *more)):
            for number in NUMBERS:
                unknown = [variable for variable in terms(row, number) if variable not in known]
                wanted.setdefault(groups.root(unknown[0]) if unknown else None, []).append((row, number))
        found: dict[tuple[Row, str], Range] = {}
        for root, targets in wanted.items():
            found |= zip(targets, self._spans(root, targets, groups, known), strict=True)
        return found

    def _spans(
        self, root: Variable | None, targets: list[tuple[Row, str]], groups: _Groups, known: Mapping[Variable, float]
    ) -> list[Range]:
        if root is None:
            values = [sum(factor * known[variable] for variable, factor in terms(*one).items()) for one in targets]
            return [(value, value) for value in values]
        # What can be derived within a group depends on nothing but which of its numbers are unknown.
        key = frozenset(groups.members(root)), tuple(targets)
        if key not in self.solved:
            equal, bounds = (
                [one for one in some if any(groups.root(variable) == root for variable in one if variable not in known)]
                for some in (self.equal, self.bounds)
            )
            self.solved[key] = _solve(equal, bounds, [terms(*one) for one in targets], known, groups.members(root))
        return self.solved[key]


class _Groups:
    """Unknown numbers that hang together by some equation: each group can be attacked by itself."""

    def __init__(self, equations: Iterable[Terms], known: Mapping[Variable, float]) -> None:
        self._above: dict[Variable, Variable] = {}
        for equation in equations:
            first, *others = [variable for variable in equation if variable not in known] or [None]
            if first is not None:
                for other in (first, *others):
                    self._above[self.root(other)] = self.root(first)
        self._members: dict[Variable, list[Variable]] = {}
        for variable in self._above:
            self._members.setdefault(self.root(variable), []).append(variable)

    def root(self, variable: Variable) -> Variable:
        """Return the one that stands for the group of a number."""
        while (above := self._above.setdefault(variable, variable)) != variable:
            self._above[variable] = self._above[above]
            variable = above
        return variable

    def members(self, root: Variable) -> list[Variable]:
        """Return the unknown numbers of a group."""
        return self._members[root]


def terms(row: Row, number: str) -> Terms:
    """Return a number of a row as a sum of variables."""
    answers, counted = (row.cell, ANSWERS), (row.cell, row.part)
    return {ANSWERS: {answers: 1.0}, "counted": {counted: 1.0}, "rest": {answers: 1.0, counted: -1.0}}[number]


def _earlier(row: Row) -> Row:
    return row._replace(cell=row.cell._replace(issue=1))


def _three(counts: tuple[float, float]) -> tuple[float, float, float]:
    return (*counts, counts[0] - counts[1])


def _negative(some: Terms) -> Terms:
    return {variable: -factor for variable, factor in some.items()}


def _sum(parent: Cell, cells: Sequence[Cell], number: str) -> Terms:
    return {(parent, number): 1.0} | {(cell, number): -1.0 for cell in cells}


def _months(named: set[Cell], periods: Mapping[Cell, Mapping[str, None]]) -> Iterator[tuple[Cell, list[Cell]]]:
    """A period of which every month is told is a line of its months; those without data add nothing."""
    for cell, told in periods.items():
        for whole in (cell._replace(period=period) for period in told):
            months = parse_period(whole.period).months
            if len(months) > 1 and whole in named and set(months) <= set(told):
                inside = [cell._replace(period=month) for month in months]
                yield whole, [month for month in inside if month in named]


def _solve(
    equal: Sequence[Terms],
    bounds: Sequence[Terms],
    targets: Sequence[Terms],
    known: Mapping[Variable, float],
    unknown: Sequence[Variable],
) -> list[Range]:
    """The lowest and highest value of each target; all programs are solved as one block program."""
    aims, fixed = _matrix([one for target in targets for one in (target, _negative(target))], known, unknown)
    copies = sparse.eye_array(len(aims))
    (sums, of_sums), (limits, of_limits) = (_matrix(some, known, unknown) for some in (equal, bounds))
    solved = optimize.linprog(
        aims.ravel(),
        A_eq=sparse.kron(copies, sums, format="csr") if len(sums) else None,
        b_eq=np.tile(-of_sums, len(aims)) if len(sums) else None,
        A_ub=sparse.kron(copies, limits, format="csr") if len(limits) else None,
        b_ub=np.tile(-of_limits, len(aims)) if len(limits) else None,
        bounds=(0, _MANY),
        method="highs",
    )
    if solved.status:
        raise ValueError(f"the published rows contradict each other: {solved.message}")
    ends = ((aims * solved.x.reshape(aims.shape)).sum(axis=1) + fixed).round(_DIGITS) + 0.0
    return [(float(low), float(-high)) for low, high in zip(ends[::2], ends[1::2], strict=True)]


def _matrix(
    sums: Sequence[Terms], known: Mapping[Variable, float], unknown: Sequence[Variable]
) -> tuple[np.ndarray, np.ndarray]:
    """Sums as factors of the unknown variables, and what the known ones contribute to each."""
    place = {variable: number for number, variable in enumerate(unknown)}
    factors, fixed = np.zeros((len(sums), len(unknown))), np.zeros(len(sums))
    for number, some in enumerate(sums):
        for variable, factor in some.items():
            if variable in known:
                fixed[number] += factor * known[variable]
            else:
                factors[number, place[variable]] = factor
    return factors, fixed
