"""What a page is made of, as short text: landmarks, headings, tables by caption and heads, charts by title and words.

`python -m tests.outlines` makes every report of the demo and writes `tests/outlines/`; figures stand as "#", so an outline changes
when a page is built differently, not when a figure moves.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from bs4 import BeautifulSoup, Tag

ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).parent / "outlines"
MONTH = "2025-09"
RUNS = {
    "monthly_review": ("yinhe", MONTH),
    "annual_summary": ("yinhe", "2025Q3"),
    "service_day": ("yinhe", "2025-09-20"),
    "rectification": ("cuihu", "2025-04..2025-09"),
    "security_summary": ("yinhe", "2025Q3"),
    "portfolio": ("all", MONTH),
}
"""Every report of the demo, with the community and period that have all it can show."""
_FIGURES = re.compile(r"[+−-]?[\d,.]*\d")
_LONGEST = 72


def outline(page: str) -> str:
    """Return the outline of a page of HTML, one line for each part, in the order of reading."""
    body = BeautifulSoup(page, "html.parser").body
    return "\n".join(line for tag in body.find_all(True) if (line := _line(tag))) + "\n"


def arguments(report: str) -> list[str]:
    """Return what `propkit run` is given for a report of the demo."""
    community, period = RUNS[report]
    return [report, *(["--community", community] if community != "all" else []), "--period", period]


def page_of(reports: Path, report: str) -> Path:
    """Return where the page of a report of the demo lies."""
    community, period = RUNS[report]
    return reports / "internal" / community / period / f"{report}.zh.html"


def _line(tag: Tag) -> str:
    if tag.name in ("header", "nav", "main", "footer"):
        return f"[{tag.name}]"
    if tag.name in ("h1", "h2", "h3"):
        return f"{'#' * int(tag.name[1])} {_words(tag)}"
    if tag.name == "table":
        heads = " | ".join(_words(head) for head in tag.select("thead th"))
        folded = "folded " if tag.find_parent("details") else ""
        return f"{folded}table {_words(tag.caption) if tag.caption else ''}: {heads}"
    if tag.name == "figure":
        return f"figure {_words(tag.select_one('.t'))}"
    if tag.name == "svg" and "pk-n" not in tag.get("class", ()):  # the narrow one is the same picture again
        return "  svg " + _words(tag.desc if tag.desc else tag["aria-label"])
    if tag.name == "details" and "pk-kpi" in tag.get("class", ()):
        return f"card {_words(tag.summary)}"
    return f"cards {len(tag.find_all(recursive=False))}" if "pk-cards" in tag.get("class", ()) else ""


def _words(part: Tag | str) -> str:
    words = part if isinstance(part, str) else part.get_text(" ", strip=True)
    words = _FIGURES.sub("#", words)
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"


def main() -> None:
    """Make every report of the demo anew and write its outline."""
    FOLDER.mkdir(exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Path(scratch) / "demo"
        _call(environment, "propkit.demo", str(workspace))
        _call(environment, "propkit", "ingest", "-q", "-w", str(workspace))
        for report in RUNS:
            _call(environment, "propkit", "run", *arguments(report), "-q", "-w", str(workspace))
            text = outline(page_of(workspace / "reports", report).read_text("utf-8"))
            (FOLDER / f"{report}.txt").write_text(text, "utf-8")


def _call(environment: dict[str, str], module: str, *words: str) -> None:
    subprocess.run([sys.executable, "-m", module, *words], check=True, env=environment, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
