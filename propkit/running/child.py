"""The life of the process that makes one report: alone with its job, its output in a file, gone when its parent is gone."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from propkit.running.limits import Limits, be_first_to_go, limit_files, limit_memory
from propkit.running.names import FORK, LOG, OUTCOME, WORK
from propkit.running.plan import Job

_FILE_BYTES = 256 << 20


def live(root: Path, job: Job, folder: Path, engine: str, limits: Limits) -> None:
    """Make one report and leave its outcome in `folder`, written last and whole."""
    from propkit.running.execute import execute
    from propkit.workspace import open_workspace

    me = os.getpid()
    limit_files(max(_FILE_BYTES, 4 * limits.output))
    be_first_to_go()
    if engine == FORK:
        limit_memory(limits.memory)
    (folder / WORK).mkdir(mode=0o700)
    outcome = execute(open_workspace(root), job, folder / WORK, limits, engine)
    if os.getpid() != me:  # a cell forked, and its child came this far
        os._exit(1)
    staged = folder / f"{OUTCOME}.part"
    staged.write_text(json.dumps(outcome), "utf-8")
    staged.replace(folder / OUTCOME)


def detach(folder: Path) -> None:
    """Leave the parent's terminal, signals and streams; what is printed from C goes to a file."""
    if os.name == "posix":
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, stream in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, stream)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115


def start_afresh() -> None:
    """Undo what a fork shares: the state of random numbers and the zone of the clock."""
    import numpy as np

    random.seed()
    np.random.seed(None)
    time.tzset()
