"""Keeps jsonschema, which nbformat imports, from building a grammar of web addresses that nothing here asks for."""

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
