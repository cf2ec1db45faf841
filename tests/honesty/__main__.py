"""Measure everything and write docs/honesty.md: `python -m tests.honesty`.  Exit code 1 when a bar is missed."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.honesty.cause import cause
from tests.honesty.coverage import coverage
from tests.honesty.mutants import mutants
from tests.honesty.privacy import privacy
from tests.honesty.report import page
from tests.honesty.silence import silence, voice

PAGE = Path(__file__).parents[2] / "docs" / "honesty.md"


def main() -> int:
    """Write the page; say on standard error what is missed."""
    found = [coverage(10_000), silence(1000), voice(400), cause(3000), privacy(500, 40), mutants()]
    PAGE.write_text(page(found), encoding="utf-8", newline="\n")
    missed = [f"{m.id} missed: {line.what}: {line.value:.2%} ({line.where})" for m in found for line in m.missed]
    sys.stderr.write("".join(f"{fault}\n" for fault in missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
