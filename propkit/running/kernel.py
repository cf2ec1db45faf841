"""Run as a script, this is the kernel of one report: it dies with its parent and words propkit's errors for the reader.

Imports nothing of the package before it is asked to run.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve the connection file named on the command line until told to stop."""
    _die_with_parent()
    from ipykernel.kernelapp import IPKernelApp

    from propkit.running import limits, wording

    app = IPKernelApp.instance()
    app.initialize(sys.argv[1:])
    wording.install(app.shell)
    limits.be_first_to_go()
    limits.limit_memory(int(os.environ.get(limits.MEMORY_VARIABLE, "0")))
    app.start()


def _die_with_parent() -> None:
    """Ask Linux to kill this process with its parent: a cell busy in C code never looks for the parent itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
