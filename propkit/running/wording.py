"""Lets an error of ours say itself in both languages inside a notebook, where outputs are all that gets out."""

from __future__ import annotations

import os
from typing import Any

from propkit.errors import PropkitError

WORDS = "application/vnd.propkit.error+json"
"""The key of the output that stands before the traceback of an error of ours: its message in each language."""


def install(shell: Any) -> None:
    """Let `shell` word every PropkitError that a cell raises."""
    shell.set_custom_exc((PropkitError,), _worded)


def _worded(shell: Any, kind: type, error: PropkitError, trace: object, tb_offset: int | None = None) -> None:
    shell.display_pub.publish({WORDS: {lang: error.render(lang) for lang in ("zh", "en")}})
    error.args = (error.render(os.environ.get("PROPKIT_LANG", "en")),)
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
