"""What several rooms ask of a team: whether its department guards, for how many homes it works, who was there when."""

from __future__ import annotations

import numpy as np
import pandas as pd

from propkit.domains.community import occupied
from propkit.domains.knowledge import given
from propkit.model import Cut

GUARD_WORDS = ("秩序", "安保", "保安", "安防", "保卫", "security", "guard")
"""A department whose name holds one of these is one of guards."""


def guards(department: pd.Series) -> pd.Series:
    """Say whether a department is one of guards; missing where no department is named."""
    found = department.str.casefold().str.contains("|".join(GUARD_WORDS), regex=True, na=False)
    return found.astype("boolean").where(department.notna())


def lived_in(register: pd.DataFrame, place: str, cut: Cut) -> int | None:
    """Return the homes of a community that are not vacant; without a register its declared number, or None."""
    return occupied(register).get(place) or cut.households.get(place) or None


def is_over(month: str, as_of: pd.Timestamp) -> bool:
    """Say whether a month ("2025-09") had ended at `as_of`."""
    return pd.Period(month).end_time.floor("s") <= as_of


def on_staff(staff: pd.DataFrame, moment: pd.Timestamp) -> np.ndarray:
    """Say for each stay whether the person was on staff at `moment`: hired before it, not gone before it."""
    return ((staff["hired_on"] < moment) & ~(staff["left_on"] < moment)).to_numpy(dtype=bool)


def roster_since(staff: pd.DataFrame) -> dict[str, pd.Timestamp]:
    """Return by community the first month of which its roster tells who was there.

    That is the month after the first leaving on record, since those who left earlier are not in it; where nobody has
    left, the month of the last hiring.  A community whose roster has no dates of leaving is not there.
    """
    found = {}
    for place in sorted(staff["community"].unique()):
        ours = staff[staff["community"] == place]
        if given(ours, "left_on").all():
            left = ours["left_on"].min()
            month = ours["hired_on"].max() if pd.isna(left) else left + pd.DateOffset(months=1)
            found[place] = month.to_period("M").to_timestamp()
    return found
