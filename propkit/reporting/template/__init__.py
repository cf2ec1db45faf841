"""The page's own files: style, script and the policy that lets only that script run."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
LANGUAGES = {"zh": "zh-CN", "en": "en"}


@cache
def asset(name: str) -> str:
    """Return a file of the page ("page.css", "page.js") as text, without line breaks in the style."""
    text = (FOLDER / "propkit" / "static" / name).read_text(encoding="utf-8").strip()
    return re.sub(r"\s*\n\s*", "", text) if name.endswith(".css") else text


@cache
def policy() -> str:
    """Return the content security policy: pictures in the page, styles in the page, one script known by its hash."""
    digest = base64.b64encode(hashlib.sha256(asset("page.js").encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "font-src data:; base-uri 'none'; form-action 'none'"
    )
