"""One piece of damage, and the hand that does it: keeps every cell from being struck twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from propkit.demo.chance import Chance
from propkit.demo.layout import Layout
from propkit.demo.sheets import Cell, Line, Sheet, as_text
from propkit.domains import TABLES
from propkit.model import Column


@dataclass(frozen=True, eq=False)
class Defect:
    """What was done: where, what stood there, what stands there now, and what a good reader makes of it.

    `expected`: repaired (the original value comes out), refused (the line is rejected), excluded (the line is no
    record, or not the one that counts) or missing (the value is gone and stays so).
    `destroys` is "row", a column, or "".
    """

    sheet: Sheet
    line: Line | None
    kind: str
    expected: str
    column: str = ""
    field: str = ""
    original: str = ""
    corrupted: str = ""
    destroys: str = ""


@dataclass
class Spoiler:
    """Damages one sheet by one stream of chance, and writes down what it does."""

    layout: Layout
    sheet: Sheet
    chance: Chance
    defects: list[Defect] = field(default_factory=list)
    struck: set[tuple[int, int]] = field(default_factory=set)

    def some(self, share: float, told: Iterable[str] = ()) -> list[Line]:
        """Return undamaged records in which every column of `told` is filled; about `share` of them."""
        names = list(told)
        fit = [line for line in self.sheet.records() if all(line.row.get(name) is not None for name in names)]
        return self.chance.some(fit, self.chance.count(share * len(fit))) if fit and share else []

    def kind_of(self, name: str) -> Column | None:
        return TABLES[self.layout.table].columns.get(name)

    def places(self, line: Line, kinds: Sequence[str], filled: bool = True) -> list[int]:
        """Return the untouched cells of `line` whose columns are of `kinds`."""
        return [
            at
            for at, column in enumerate(self.sheet.fields)
            if (known := self.kind_of(column.name)) is not None
            and known.kind in kinds
            and (line.cells[at] not in (None, "")) == filled
            and (id(line), at) not in self.struck
        ]

    def replace(
        self, line: Line, at: int, cell: Cell, kind: str, expected: str = "repaired", destroys: str = ""
    ) -> None:
        """Put `cell` in place of what stands there; a refused line is out of the truth that survives.

        Without a `kind` the cell belongs to damage that is already on record.
        """
        column, before = self.sheet.fields[at], line.cells[at]
        line.cells[at] = cell
        self.struck.add((id(line), at))
        if expected == "refused":
            line.fate, line.is_marked = "refused", True
        if kind:
            told = (column.header, column.name, as_text(before), as_text(cell), destroys)
            self.defects.append(Defect(self.sheet, line, kind, expected, *told))

    def note(self, line: Line | None, kind: str, expected: str, corrupted: str = "", original: str = "") -> None:
        """Write down damage that is not one cell's."""
        self.defects.append(Defect(self.sheet, line, kind, expected, original=original, corrupted=corrupted))
