"""Service days: tasks, what was done on the day, what stayed open."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from propkit.model import Cut

TABLES = ()
SEGMENTS = ()
KPIS = ()
DURATIONS = ()
READINGS = ()
NOTES = ()


def derive(known: Mapping[str, pd.DataFrame], cut: Cut) -> dict[str, pd.DataFrame]:
    """Return the tables of this room with the columns that its KPIs name."""
    return {}
