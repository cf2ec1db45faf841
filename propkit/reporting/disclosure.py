"""What the owner edition may show: rows hidden beside the small ones, and the audit of everything that was shown.

Opinions of fewer than `min_n` households are hidden by `rates`.  Where the total and the other groups are shown, such a row
follows by subtraction: `protect` hides further rows until it does not, and `audit` says what a reader of all figures of a
report could still derive (statistics.md 4.3; `attack` does the deriving).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from propkit import domains
from propkit.errors import DisclosureError
from propkit.figures import OTHER
from propkit.reporting.attack import ANSWERS, COUNTED, Cell, Range, Row, System, rows, terms
from propkit.text import Text

THRESHOLD = 5
"""The range, in households, that must stay open for every number of a hidden row; also the smallest count shown."""
MIN_N = 10
LEAD = "owner_satisfaction"
"""Of the figures over the same answers, the one that decides which groups are hidden; the others follow it."""
INSIDE = {"building": "zone", "type_l2": "type_l1", "fault_type": "category"}
"""Groups that lie within others, as everybody knows: what buildings hide can follow from their zone."""
_FIGURES = ("n", "num", "den", "value", "low", "high")
_UNTOLD = (-1, -1)
_SLACK = 1e-4  # what the solver may be off
_MOST_TRIED = 3  # further rows of one line tried together; beyond it the whole line is hidden and thinned out


@dataclass(frozen=True, slots=True)
class Leak:
    """A number of a hidden row (of `attack.NUMBERS`) that readers can derive, or bound within `low`..`high`."""

    row: Row
    number: str
    low: float
    high: float

    @property
    def group(self) -> str:
        """Which row it is, in words without its numbers."""
        cell = self.row.cell
        return " ".join([cell.base, cell.period, *(f"{name}={value}" for name, value in sorted(cell.at))])


def protect(
    rates_by_split: Mapping[str, pd.DataFrame],
    total: pd.DataFrame | Sequence[pd.DataFrame],
    *,
    min_n: int = MIN_N,
    threshold: int = THRESHOLD,
) -> dict[str, pd.DataFrame]:
    """Return the same frames with every further row suppressed without which a hidden one could be worked out.

    `total`: what is published beside them and stays as it is: the whole, margins, other figures over the same answers.
    Every number of a hidden row keeps a range of `threshold` households, or all that the published margins themselves leave
    open where that is less.  Fewest further rows of a line first, of these the smallest; none is superfluous.
    """
    frames = {name: _without(frame, _small(frame, min_n)) for name, frame in rates_by_split.items()}
    beside = [total] if isinstance(total, pd.DataFrame) else list(total)
    choice = _Choice(System.of([*beside, *frames.values()]), _free(frames.values(), beside), threshold, min_n)
    hidden = choice.hidden()
    return {name: _without(frame, [row in hidden for row in rows(frame)]) for name, frame in frames.items()}


def audit(published: Iterable[pd.DataFrame], *, min_n: int = MIN_N, threshold: int = THRESHOLD) -> list[Leak]:
    """Return what a reader of all these frames can derive about their hidden rows; nothing when they are safe.

    A row of which readers know that it has `min_n` answers or more is no secret.  Errors: ValueError for frames that
    contradict each other.
    """
    return _leaks(System.of(published), {}, threshold, min_n)


def against(
    published: Iterable[pd.DataFrame],
    previous: Iterable[pd.DataFrame],
    *,
    min_n: int = MIN_N,
    threshold: int = THRESHOLD,
) -> list[Leak]:
    """Return what can be derived from a publication and an earlier one of the same waves, before a correction say.

    Where no shown number fell (or none rose), readers take it that answers were only added (or withdrawn) and know how
    many; otherwise they have what one of the two shows of a row that the other hides.
    """
    system = System.of(published, previous)
    try:
        return _leaks(system, {}, threshold, min_n)
    except ValueError:
        return _given_away(system)


def refuse(published: Iterable[pd.DataFrame], *, min_n: int = MIN_N) -> None:
    """Raise DisclosureError, which names rows but no numbers, when hidden rows can be derived from what is shown."""
    groups = list(dict.fromkeys(leak.group for leak in audit(published, min_n=min_n)))
    if groups:
        raise DisclosureError(
            Text("隐去的数字可以由公布的其他数字推算出来", "hidden figures can be worked out from the figures shown"),
            got="; ".join(groups[:5]),
            hint=Text("减少同时公布的分组", "show fewer groupings together"),
        )


def refuse_beside(published: Iterable[pd.DataFrame], previous: Iterable[pd.DataFrame], *, min_n: int = MIN_N) -> None:
    """Raise DisclosureError when figures together with an earlier publication of the same waves give hidden rows away.

    Only what both speak of counts: where the earlier one says the same of it, it tells nothing new.
    """
    now, before = list(published), list(previous)
    known = _told(before)
    spoken = {row.cell._replace(at=frozenset()) for row in known}
    if all(
        known.get(row, _UNTOLD) == told
        for row, told in _told(now).items()
        if row.cell._replace(at=frozenset()) in spoken
    ):
        return
    groups = list(dict.fromkeys(leak.group for leak in against(now, before, min_n=min_n)))
    if groups:
        raise DisclosureError(
            Text(
                "与以前公布过的同一批调查对照，可以推算出隐去的数字",
                "held against what was published before of the same survey, hidden figures can be worked out",
            ),
            got="; ".join(groups[:5]),
            hint=Text("保留以前公布的那一版，或减少分组", "keep the page published before, or show fewer groupings"),
        )


def around(kpi_id: str, by: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Return what is published beside a KPI split by `by`, as (kpi, by): its margins, and the leading figure's split."""
    own = domains.kpi(kpi_id).by
    margins = [tuple(name for name in by if name != left) for left in by]
    found = [(kpi_id, margin) for margin in margins if own not in by or own in margin]
    lead = (LEAD, tuple(name for name in by if name != "item"))
    return [*found, lead] if kpi_id in COUNTED and kpi_id != LEAD else found


def nested(by: Sequence[str]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the splits by the larger groups around those of `by`, each with the one that says which lies in which."""
    return [
        (tuple(INSIDE[name] if one == name else one for one in by), (INSIDE[name], *by))
        for name in by
        if name in INSIDE and INSIDE[name] not in by
    ]


def bare(rates: pd.DataFrame) -> pd.DataFrame:
    """Return rows with all numbers suppressed: that such groups exist is known, though nothing of them is shown."""
    return _without(rates, rates["state"] != "no_data")


def pooled(rates: pd.DataFrame, least: int = THRESHOLD) -> pd.DataFrame:
    """Return the categories of a count KPI with those below `least` added up as "other", which has `least` itself.

    The next smallest join them where it takes that to get there; no row is left when all of them together are too few.
    """
    ranked = rates.sort_values(["num", "segment"], ascending=[False, True], kind="stable", ignore_index=True)
    rest = ranked["segment"].isin([OTHER, "其他"]) | (ranked["num"] < least)
    for place in reversed(ranked.index):
        if not 0 < ranked.loc[rest, "num"].sum() < least:
            break
        rest[place] = True
    if not rest.any() or rest.all():
        return ranked[~rest]
    total = int(ranked.loc[rest, "num"].sum())
    other = ranked[rest].iloc[:1].assign(segment=OTHER, n=total, num=total, value=float(total))
    return pd.concat([ranked[~rest], other], ignore_index=True)


def pooled_homes(rows: pd.DataFrame, least: int = THRESHOLD) -> pd.DataFrame:
    """Return rows of a listing that counts `households` by its first column, without a count from 1 to `least` - 1.

    Small rows are added up as "other", which the next smallest join until it has `least`; none is left when all together
    are too few.  Elsewhere a smaller number of households (`owing`) is blanked with the money that they owe (`fen`).
    """
    by, homes = rows.columns[0], rows["households"]
    rest = (homes > 0) & (homes < least)
    rest |= (rows[by] == OTHER).fillna(False) & rest.any()
    for place in homes[homes >= least].sort_values(kind="stable").index:
        if not 0 < homes[rest].sum() < least:
            break
        rest[place] = True
    kept = rows[~rest]
    if rest.any() and homes[rest].sum() >= least:
        small = rows[rest]
        sums = {name: small[name].sum(min_count=1) for name in rows.columns[1:]}
        other = small.iloc[:1].assign(**{by: OTHER}, **sums).astype(rows.dtypes)
        kept = pd.concat([kept, other], ignore_index=True)
    if "owing" not in kept:
        return kept
    few = ((kept["owing"] > 0) & (kept["owing"] < least)).fillna(False)
    return kept.assign(owing=kept["owing"].mask(few), fen=kept["fen"].mask(few))


def _small(frame: pd.DataFrame, min_n: int) -> list[bool]:
    few = (frame["n"] < min_n).fillna(False) & ~frame["state"].isin(["no_data", "suppressed"])
    return [row is not None and bool(small) for row, small in zip(rows(frame), few, strict=True)]


def _without(frame: pd.DataFrame, hide: Sequence[bool]) -> pd.DataFrame:
    """Blank rows exactly as `rates` blanks those that it suppresses."""
    mask = pd.Series(list(hide), index=frame.index, dtype=bool)
    blank = {name: frame[name].mask(mask) for name in _FIGURES}
    return frame.assign(**blank, state=frame["state"].mask(mask, "suppressed"))


def _free(frames: Iterable[pd.DataFrame], beside: Iterable[pd.DataFrame]) -> dict[Cell, list[Row]]:
    """The rows that may be hidden, by what they speak of: those shown in `frames` alone."""
    anyway, found = set(_shown(beside)), dict[Cell, list[Row]]()
    for row in _shown(frames):
        if row not in anyway:
            found.setdefault(row.cell, []).append(row)
    return found


def _told(frames: Iterable[pd.DataFrame]) -> dict[Row, tuple[int, int] | None]:
    """What frames say of each row that has answers: its base and count, None where they are hidden."""
    found: dict[Row, tuple[int, int] | None] = {}
    for frame in frames:
        for row, record in zip(rows(frame), frame.to_dict("records"), strict=True):
            if row is not None and record["state"] != "no_data":
                hidden = record["state"] == "suppressed"
                found[row] = None if hidden else (int(record["n"]), int(record["num"]))
    return found


def _shown(frames: Iterable[pd.DataFrame]) -> Iterator[Row]:
    for frame in frames:
        for row, state in zip(rows(frame), frame["state"], strict=True):
            if row is not None and state not in ("suppressed", "no_data"):
                yield row


def _leaks(system: System, more: Mapping[Row, None], threshold: int, min_n: int) -> list[Leak]:
    """What leaks when `more` rows are hidden: a narrow range, unless its margins alone leave no wider one."""
    ranges = system.ranges(more)
    narrow = {
        key: span
        for key, span in ranges.items()
        if _width(span) < threshold - _SLACK and ranges[key[0], ANSWERS][0] < min_n
    }
    rooms: dict[object, Mapping[tuple[Row, str], Range]] = {}
    found = []
    for (row, number), span in narrow.items():
        level = row.cell.level
        if level not in rooms:
            beside = dict.fromkeys(one for one in system.shown if one.cell.level == level)
            rooms[level] = system.ranges({**more, **beside})
        if _width(span) < min(threshold, _width(rooms[level][row, number])) - _SLACK:
            found.append(Leak(row, number, *span))
    return found


def _given_away(system: System) -> list[Leak]:
    """Rows that one publication hides and the other shows."""
    found = []
    for row in system.hidden:
        other = row._replace(cell=row.cell._replace(issue=1 - row.cell.issue))
        if other in system.shown:
            found.append(Leak(row, ANSWERS, system.shown[other][0], system.shown[other][0]))
    return found


def _width(span: Range) -> float:
    return span[1] - span[0]


@dataclass
class _Choice:
    """The search for rows to hide among the `free` ones."""

    system: System
    free: dict[Cell, list[Row]]
    threshold: int
    min_n: int

    def hidden(self) -> dict[Row, None]:
        """Hide what is hidden elsewhere, then line by line until nothing leaks, then give back what is not needed."""
        elsewhere = {row.cell for row in self.system.hidden}
        cells = dict.fromkeys(cell for cell in self.free if cell in elsewhere)
        while leaks := self._leaks(cells):
            more = self._next(leaks, cells)
            if not more:
                return self._rows(cells)
            cells |= dict.fromkeys(more)
        further = [cell for cell in cells if cell not in elsewhere]
        return self._rows(self._thinned(cells, sorted(further, key=self._size, reverse=True)))

    def _rows(self, cells: Iterable[Cell]) -> dict[Row, None]:
        return dict.fromkeys(row for cell in cells for row in self.free[cell])

    def _leaks(self, cells: Iterable[Cell]) -> list[Leak]:
        return _leaks(self.system, self._rows(cells), self.threshold, self.min_n)

    def _size(self, cell: Cell) -> float:
        return self.system.shown[self.free[cell][0]][0]

    def _thinned(self, cells: dict[Cell, None], further: Sequence[Cell]) -> dict[Cell, None]:
        """Give cells back, the largest first, as long as nothing leaks; again, until none can be given back."""
        for cell in further:
            fewer = {one: None for one in cells if one != cell}
            if not self._leaks(fewer):
                return self._thinned(fewer, [one for one in further if one != cell])
        return cells

    def _next(self, leaks: Sequence[Leak], cells: Mapping[Cell, None]) -> Sequence[Cell]:
        """Return cells to hide for the first leak: what its lines lack, else the smallest beside it, else its level.

        Where all of these are hidden, the leak comes from farther away: everything is, and then thinned out.
        """
        row = leaks[0].row
        numbers = [leak.number for leak in leaks if leak.row == row]
        known = self.system.known(self._rows(cells))
        still = [cell for cell in self.free if cell not in cells]
        lines = [(parent, children) for parent, children in self.system.lines if row.cell in (parent, *children)]
        for parent, children in lines:
            lacking = self._lacking(parent, children, row.part, numbers, known)
            found = self._fewest([cell for cell in still if cell in children], row.part, lacking, known)
            if found:
                return found
        beside = {cell for parent, children in lines for cell in children}
        near = sorted((cell for cell in still if cell in beside), key=self._size)
        return near[:1] or [cell for cell in still if cell.level == row.cell.level] or still

    def _lacking(
        self, parent: Cell, children: Sequence[Cell], part: str, numbers: Sequence[str], known: Mapping
    ) -> dict[str, float]:
        """By how much the hidden rows of a line fall short, together, of the range that one of them must keep."""
        found = {}
        for number in numbers:
            whole = _value(parent, part, number, known)
            if whole is not None:
                seen = [_value(cell, part, number, known) or 0 for cell in children]
                found[number] = min(self.threshold, whole) - (whole - sum(seen))
        return {number: lack for number, lack in found.items() if lack > 0}

    def _fewest(self, cells: Sequence[Cell], part: str, lacking: Mapping[str, float], known: Mapping) -> Sequence[Cell]:
        """Return the fewest cells, of these the smallest, that make up for what a line lacks; all if a few do not."""
        if not lacking:
            return []
        gains = {cell: [_value(cell, part, number, known) or 0 for number in lacking] for cell in cells}
        for size in range(1, _MOST_TRIED + 1):
            enough = [
                chosen
                for chosen in combinations(cells, size)
                if all(
                    sum(gains[cell][place] for cell in chosen) >= lack for place, lack in enumerate(lacking.values())
                )
            ]
            if enough:
                return min(enough, key=lambda chosen: sum(self._size(cell) for cell in chosen))
        return cells


def _value(cell: Cell, part: str, number: str, known: Mapping[tuple[Cell, str], float]) -> float | None:
    """A number of a cell as far as readers see it."""
    sum_of = terms(Row(cell, part), number)
    if any(variable not in known for variable in sum_of):
        return None
    return sum(factor * known[variable] for variable, factor in sum_of.items())
