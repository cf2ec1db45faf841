"""The fingerprint of a page, over its own bytes, and what its foot says of its origin.  Reads and writes no file."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

EMPTY = '<dd data-sha256="' + "0" * 64 + '">' + "0" * 12 + "</dd>"
"""Where the fingerprint stands; it is taken with noughts in its place, so that anybody can take it again."""
_PLACE = re.compile(r'<dd data-sha256="([0-9a-f]{64})">([0-9a-f]{12})</dd>')
_FACT = re.compile(r'<dd data-k="(\w+)">(.*?)</dd>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Seal:
    """The fingerprint that a page claims ("" when it has none), the one its bytes have, and the facts of its foot."""

    claimed: str
    actual: str
    facts: Mapping[str, str]

    @property
    def is_intact(self) -> bool:
        return bool(self.claimed) and self.claimed == self.actual


def sealed(page: str) -> str:
    """Return a page with its fingerprint in the place that `EMPTY` keeps for it."""
    before, place, after = page.rpartition(EMPTY)
    if not place:
        return page
    digest = _digest(page)
    return f'{before}<dd data-sha256="{digest}">{digest[:12]}</dd>{after}'


def read_seal(page: str) -> Seal:
    """Take the fingerprint of a page again and read the foot."""
    found = list(_PLACE.finditer(page))
    last = found[-1] if found else None
    facts = {name: html.unescape(value) for name, value in _FACT.findall(page)}
    if last is None or last[1][:12] != last[2]:
        return Seal("", _digest(page), facts)
    return Seal(last[1], _digest(page[: last.start()] + EMPTY + page[last.end() :]), facts)


def _digest(page: str) -> str:
    return hashlib.sha256(page.encode("utf-8", "surrogatepass")).hexdigest()
