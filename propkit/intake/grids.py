"""What a file holds before anyone knows what it means: a grid of text cells.  Interprets nothing."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet: `rows` of text cells, `numbers` their 1-based lines in the file, and merged ranges.

    A merged range is (first row, first column, last row, last column), 0-based positions in `rows`.
    """

    rows: list[list[str]]
    numbers: list[int]
    sheet: str = ""
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    encoding: str = ""
    warnings: list[str] = field(default_factory=list)

    @property
    def has_cells(self) -> bool:
        return any("".join(row).strip() for row in self.rows)
