"""What became of one file: every line accounted for, every unmapped value and unused mapping named.  Changes no row."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import pandas as pd

from propkit.intake.refusals import Refusal

REJECTS = ("file", "sheet", "line", "column", "rule", "value")
RULES = (
    "required", "unreadable", "not_a_choice", "out_of_range", "ambiguous_date", "ambiguous_place", "impossible_order",
    "future", "duplicate", "superseded", "key_conflict", "total_row", "side_note", "unknown_community",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Check:
    """A printed total beside the sum of the lines it covers, in the stored unit (fen for money)."""

    line: int
    column: str
    printed: int
    recomputed: int

    @property
    def equal(self) -> bool:
        return self.printed == self.recomputed


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The account of one file.  `rejected` counts lines by rule; a line with several faults counts under each.

    `lines = kept + rejected_lines`, always.  `refused` holds code and message when the whole file was refused.
    `exported_on` is the day of the export (ISO), "" when nothing tells it.
    """

    file: str
    table: str
    sheet: str = ""
    sha256: str = ""
    encoding: str = ""
    header_line: int = 0
    exported_on: str = ""
    lines: int = 0
    kept: int = 0
    rejected_lines: int = 0
    rows: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    side_notes: int = 0
    missing_columns: list[str] = field(default_factory=list)
    dropped_headers: list[str] = field(default_factory=list)
    personal_headers: list[str] = field(default_factory=list)
    unmapped_values: dict[str, dict[str, int]] = field(default_factory=dict)
    unused_mappings: dict[str, list[str]] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    communities: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, str] | None = None

    def to_json(self) -> dict[str, object]:
        """Return the account as plain JSON data."""
        return {
            **dataclasses.asdict(self),
            "checks": [{**dataclasses.asdict(c), "equal": c.equal} for c in self.checks],
        }


@dataclass(frozen=True, slots=True)
class Cleaned:
    """One file after cleaning: typed rows, the lines that were refused or set aside, and the account of both."""

    rows: pd.DataFrame
    rejects: pd.DataFrame
    reconciliation: Reconciliation


def refused(refusal: Refusal, table: str) -> Reconciliation:
    """Return the account of a file that was refused as a whole."""
    said = {"code": refusal.code, "zh": refusal.render("zh"), "en": refusal.render("en")}
    return Reconciliation(file=refusal.file, table=table, refused=said)


def rejects_frame(found: list[pd.DataFrame]) -> pd.DataFrame:
    """Return rejects as one frame in the order of lines; columns file, sheet, line, column, rule, value."""
    filled = [part for part in found if len(part)]
    types = {name: "int64" if name == "line" else "str" for name in REJECTS}
    rejects = pd.concat(filled) if filled else pd.DataFrame({name: [] for name in REJECTS})
    return rejects.astype(types)[list(REJECTS)].sort_values("line", kind="stable", ignore_index=True)


def count_rules(rejects: pd.DataFrame) -> dict[str, int]:
    """Return the number of distinct lines for each rule, in the order of `RULES`."""
    counts = rejects.drop_duplicates(["line", "rule"])["rule"].value_counts()
    return {rule: int(counts[rule]) for rule in RULES if rule in counts}
