"""The page `docs/honesty.md` from the measurements; the same code gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence

from tests.honesty.measures import Line, Measurement
from tests.honesty.worlds import SEED

_HEAD = """# Measured honesty

The goal: *no report ever tells a reader something the data do not support, proved by measurement, not by good intentions.*
This page is the proof, and it is generated: `make honesty` simulates worlds whose truth is known, lets propkit make its
figures and findings of them, and counts what is false. The code is in `tests/honesty`; a small version runs in `make test`.
Do not edit this page.

All chance comes from one seed ({seed}), so every number here can be had again. "±" and intervals are the error of
the simulation (95 %); lines without them are enumerated exactly. A bar that is not met is marked **missed**.
"""


def page(measurements: Sequence[Measurement]) -> str:
    """Return the whole page: verdict first, then each measurement with its bars and how it was made."""
    parts = [_HEAD.format(seed=SEED), _verdict(measurements), _overview(measurements)]
    return "\n".join([*parts, *map(_section, measurements)])


def _verdict(measurements: Sequence[Measurement]) -> str:
    missed = [(m, line) for m in measurements for line in m.missed]
    if not missed:
        return "**Every bar is met.**\n"
    rows = [f"- {m.id}: {line.what} — {_percent(line.value)}, bar {_bar(line)}" for m, line in missed]
    return "\n".join([f"**Missed: {len(missed)}.**", "", *rows, ""])


def _overview(measurements: Sequence[Measurement]) -> str:
    rows = ["| | truth | bars | met |", "|---|---|---|---|"]
    for m in measurements:
        barred = [line for line in m.lines if line.bar is not None]
        rows.append(f"| {m.id} | {m.title} | {len(barred)} | {len(barred) - len(m.missed)} |")
    return "\n".join([*rows, ""])


def _section(m: Measurement) -> str:
    rows = ["| measured | result | bar | |", "|---|---|---|---|", *map(_row, m.lines)]
    notes = [f"- {note}" for note in m.notes]
    return "\n".join([f"## {m.id} {m.title}", "", m.how, "", *rows, "", *notes, *([""] if notes else [])])


def _row(line: Line) -> str:
    result = _percent(line.value) if line.met else f"**{_percent(line.value)} missed**"
    return f"| {line.what} | {result} | {_bar(line)} | {line.where} |"


def _bar(line: Line) -> str:
    if line.bar is None:
        return "none, for comparison"
    return f"{'at most' if line.most else 'at least'} {_percent(line.bar)}"


def _percent(share: float) -> str:
    return f"{share:.2%}".replace("%", " %")
