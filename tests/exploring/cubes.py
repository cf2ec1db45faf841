"""Small surveys of which the truth is known, as cubes.  Computes no figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from propkit import domains
from propkit.exploring.cube import Cube, cube_of
from propkit.model import Cut
from propkit.workspace import Settings, Target, Workspace
from tests.examples import AS_OF, Row, answer
from tests.worlds import World, frames

Groups = Mapping[str, tuple[int, int]]
"""Satisfied households and households that answered, by the value of a dimension."""


def answers(
    groups: Groups, *, by: str = "zone", place: str = "a", first: int = 0, comments: Sequence[str] = (), **more: object
) -> list[Row]:
    """Return one overall answer for each household; `comments` are given by the first households of each group."""
    rows = []
    for value, (satisfied, count) in groups.items():
        for number in range(count):
            own = {"community": place, by: value, "comment": comments[number] if number < len(comments) else None}
            rows.append(answer(first + len(rows), 5 if number < satisfied else 2, **own, **more))
    return rows


def cube(rows: Sequence[Row], root: Path, *, min_n: int = 10, lang: str = "zh", goal: float | None = None) -> Cube:
    """Return the cube of these answers, under a workspace that holds nothing else."""
    cut = Cut(pd.Timestamp(AS_OF))
    tables = domains.derive(frames({"survey_response": list(rows)}), cut)
    goals = [] if goal is None else [Target(kpi="owner_satisfaction", value=goal)]
    settings = Settings(privacy={"min_n": min_n}, target=goals)
    places = sorted({str(row["community"]) for row in rows})
    return cube_of(
        Workspace(root, settings), tables, cut, kpis=list(domains.KPIS.values()), communities=places, lang=lang
    )


def of_world(world: World, root: Path, *, min_n: int = 1) -> tuple[Cube, dict[str, pd.DataFrame]]:
    """Return the cube of a random world, and the derived tables that it counts."""
    tables, settings = domains.derive(frames(world.tables), world.cut), Settings(privacy={"min_n": min_n})
    places = sorted({str(row["community"]) for rows in world.tables.values() for row in rows})
    workspace = Workspace(root, settings)
    return cube_of(workspace, tables, world.cut, kpis=list(domains.KPIS.values()), communities=places), tables
