"""What the tests know of the rooms that are described one by one: examples, random rows, an independent recomputation.

Each module in tests/domains/rooms gives:
- `EXAMPLES`: KPI id -> `Example` (a few rows and the answer counted by hand);
- `READ`: reading id -> `ReadExample` (a few rows and the answer by hand);
- `BORN`: table -> the column at which a row comes into being, for the tables whose rows an earlier export would not hold;
- `LEARNT`: table -> instant -> the columns that became known at it;
- `draw(rng, place, homes, size)`: random valid rows by table, in the style of `tests.worlds`;
- `marks(tables, as_of, definitions, households)`: (kpi, row, date, n, num, den) by plain loops, in the style of
  `tests.oracle`; imports nothing of propkit.
"""

from __future__ import annotations

from importlib import import_module

NAMES = (
    "finance",
    "facilities",
    "environment",
    "security",
    "parking",
    "engagement",
    "people",
    "service_days",
    "improvement",
    "voices",
)


def rooms() -> list:
    """The modules, imported when first asked (they use `tests.examples`)."""
    return [import_module(f"tests.domains.rooms.{name}") for name in NAMES]
