"""Which community a line belongs to: declared names and spellings, or stable ids made from names.  Matches exactly."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from propkit.text import fold

_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Context:
    """What the workspace knows beyond the source.

    `communities`: name, alias or id -> community id.  `discover`: an unknown name becomes a community of its own.
    `key`: secret of the household hashes.  `exported_on`: the day of export where neither source nor file name tells.
    `known_units`: community id -> household hashes of the register, to settle room codes with a part missing.
    """

    communities: Mapping[str, str] = field(default_factory=dict)
    discover: bool = False
    key: bytes = b""
    exported_on: date | None = None
    known_units: Mapping[str, frozenset[str]] = field(default_factory=dict)
    timezone: str = "Asia/Shanghai"

    def known(self) -> dict[str, str]:
        """Return folded spelling -> id; an id also spells itself."""
        spellings = {_folded(identity): identity for identity in self.communities.values()}
        return spellings | {_folded(name): identity for name, identity in self.communities.items()}


def community_id(name: str) -> str:
    """Return the stable ASCII id of a community that only its name is known of: a slug, or c- and a hash."""
    folded = _folded(name)
    digest = hashlib.sha256(folded.encode()).hexdigest()[:8]
    slug = re.sub("[^a-z0-9]+", "-", folded).strip("-")
    if not folded.isascii() or not slug:
        return f"c-{digest}"
    return slug if len(slug) <= _LONGEST else f"{slug[: _LONGEST - 9].rstrip('-')}-{digest}"


def find_community(name: str, known: Mapping[str, str], discover: bool) -> str | None:
    """Return the id of the community called `name`, or None when it is not known."""
    return known.get(_folded(name)) or (community_id(name) if discover else None)


def _folded(name: str) -> str:
    return fold(name).casefold()
