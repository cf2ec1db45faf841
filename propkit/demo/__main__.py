"""`python -m propkit.demo DIR`: write the demo workspace, the same bytes every time."""

from __future__ import annotations

import sys
from pathlib import Path

from propkit.demo import write

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python -m propkit.demo DIR")
    write(Path(sys.argv[1]))
