"""Names that the supervisor and the processes it starts share; imports nothing, so that the supervisor stays light."""

from __future__ import annotations

FORK, KERNEL = "fork", "kernel"
"""The engines, as people ask for them."""

WORK = "work"
"""Under the private folder of a job: where its notebook works."""
PAGE = "page.html"
TRAIL = "trail.jsonl"
OUTCOME = "outcome.json"
LOG = "log.txt"
