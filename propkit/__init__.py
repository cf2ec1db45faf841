"""Honest KPIs and reports for residential property services, from raw exports to a page people can trust.

The map, in layer order (imports go down only):

- `errors`, `text`, `stats`, `files`, `hands`: what can go wrong, words and figures for readers, the statistics, whole files, many hands
- `model`, `periods`: the language of the field
- `domains`: one room for each service - its tables, derived columns and KPIs
- `intake`: exports to rows and rejects
- `workspace`, `incoming`, `store`: an analyst's folder; its raw files read; where rows and rejects live
- `groups`, `counts`, `rates`, `figures`: rows by group, whole-number sums, then values with interval and state
- `counted`: what whole communities count to, kept in the store
- `reporting`: claims, charts, tables, the page
- `running`, `cli`: many reports; the commands
- `exploring` stands beside `running`: segments in JupyterLab, from counts alone

In a notebook: `book = propkit.open_book(...)`, then the functions of `propkit.reporting.sections`; or `propkit.explore()`.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "PropkitError": "errors",
    "Text": "text",
    "Kpi": "model",
    "Duration": "model",
    "Segment": "model",
    "Cut": "model",
    "Period": "periods",
    "parse_period": "periods",
    "KPIS": "domains",
    "DURATIONS": "domains",
    "SEGMENTS": "domains",
    "TABLES": "domains",
    "derive": "domains",
    "Source": "intake.sources",
    "take": "intake",
    "combine": "intake",
    "open_workspace": "workspace",
    "ingest": "store",
    "load": "store",
    "load_rejects": "store",
    "tally": "counts",
    "rollup": "counts",
    "rate": "rates",
    "figures": "figures",
    "open_book": "reporting.book",
    "open_cube": "exploring.cube",
    "dots": "exploring.views",
    "explore": "exploring.widgets",
}
__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import propkit` stays cheap."""
    if name not in _HOMES:
        raise AttributeError(f"module 'propkit' has no attribute '{name}'")
    return getattr(importlib.import_module(f"propkit.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
