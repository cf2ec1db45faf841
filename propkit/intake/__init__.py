"""Exports to rows: raw files in, typed rows and rejects out, every line accounted for.

    path --read_file--> Raw --clean--> Cleaned(rows, rejects, reconciliation) --combine--> rows, rejects of a table

`take` reads and cleans one file.  The rooms: `sources` (what a file looks like, presets), `read` with `headers`,
`blocks`, `plain`, `delimited`, `charsets`, `sandbox` and `workbook` (files to text cells), `clean` with `columns`, `values`,
`instants`, `places`, `communities`, `rules` and `totals` (cells to rows), `combine` (files together),
`reconciliation` (the account of a file).
"""

from propkit.intake.blocks import Raw
from propkit.intake.clean import clean, take
from propkit.intake.combine import combine
from propkit.intake.communities import Context, community_id
from propkit.intake.read import read_file
from propkit.intake.reconciliation import Check, Cleaned, Reconciliation
from propkit.intake.refusals import Refusal
from propkit.intake.sandbox import Limits
from propkit.intake.sources import Source, check, resolve

__all__ = [
    "Check",
    "Cleaned",
    "Context",
    "Limits",
    "Raw",
    "Reconciliation",
    "Refusal",
    "Source",
    "check",
    "clean",
    "combine",
    "community_id",
    "read_file",
    "resolve",
    "take",
]
