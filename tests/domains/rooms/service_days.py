"""service_days: worked examples, random rows, and a slow recomputation."""

from __future__ import annotations

EXAMPLES = {}
READ = {}
BORN = {}
LEARNT = {}


def draw(rng, place, homes, size):
    return {}


def marks(tables, as_of, definitions, households):
    return iter(())
