"""What makes a process that only makes reports lighter, and changes nothing that it says."""

from __future__ import annotations

import sys

_GRAMMAR = "rfc3987_syntax"


def spare_grammar() -> None:
    """Call this before nbformat is first imported: the grammar takes a second of CPU at every start.

    Without it jsonschema leaves the form of addresses unchecked, as where its package is not installed.
    """
    if _GRAMMAR in sys.modules:
        return
    sys.modules[_GRAMMAR] = None
    try:
        import jsonschema  # noqa: F401
    finally:
        del sys.modules[_GRAMMAR]


def plain_strings() -> None:
    """Keep text as Python's own strings from here on, not in Arrow's memory.

    A report is hundreds of small tables, for which Arrow's way costs a quarter of all its CPU.  Only for processes of our
    own: what a person's notebook does with text is theirs to choose, and the page is the same either way.
    """
    import pandas as pd

    pd.set_option("mode.string_storage", "python")
