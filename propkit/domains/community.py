"""Communities and their households: the register, the segments it gives to every other table, and exposure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from propkit.domains.knowledge import covered_months
from propkit.model import Column, Cut, Segment, Table
from propkit.text import Text

OWNER_TYPES = {
    "owner": Text("业主自住", "Owner-occupier"),
    "landlord": Text("业主出租", "Landlord"),
    "tenant": Text("租户", "Tenant"),
}
AGE_BANDS = {
    "18-29": Text("18–29岁", "18–29"),
    "30-39": Text("30–39岁", "30–39"),
    "40-49": Text("40–49岁", "40–49"),
    "50-59": Text("50–59岁", "50–59"),
    "60+": Text("60岁以上", "60 and over"),
}
RESIDENCE = {
    "<1": Text("不足1年", "under 1 year"),
    "1-3": Text("1–3年", "1–3 years"),
    "3-5": Text("3–5年", "3–5 years"),
    "5+": Text("5年以上", "5 years or more"),
}
UNIT_USES = {
    "home": Text("住宅", "Home"),
    "shop": Text("商铺", "Shop"),
}
OCCUPANCY = {
    "occupied": Text("已入住", "Occupied"),
    "vacant": Text("空置", "Vacant"),
}

# One line for each fact, as in a table.
# fmt: off
HOUSEHOLD = Table(
    name="household",
    label=Text("业主档案", "Household register"),
    columns={
        "household": Column("place", label=Text("房号", "Unit"), required=True,
                            headers=("房号", "房屋", "房屋号", "unit")),
        "zone": Column("text", label=Text("区域", "Zone"), headers=("区域", "片区", "zone")),
        "use": Column("choice", label=Text("用途", "Use"), choices=UNIT_USES, headers=("用途", "房屋用途", "use")),
        "occupancy": Column("choice", label=Text("入住状态", "Occupancy"), choices=OCCUPANCY,
                            headers=("入住状态", "房屋状态", "occupancy")),
        "owner_type": Column("choice", label=Text("住户类型", "Household type"), choices=OWNER_TYPES,
                             headers=("住户类型", "业主类型", "owner_type")),
        "age_band": Column("choice", label=Text("年龄段", "Age band"), choices=AGE_BANDS,
                           headers=("年龄段", "age_band")),
        "moved_in_on": Column("day", planned=True, label=Text("入住日期", "Moved in"), headers=("入住日期", "moved_in_on")),
    },
    key=("community", "household"),
    dated_by="moved_in_on",
)
TABLES = (HOUSEHOLD,)

SEGMENTS = (
    Segment("owner_type", Text("住户类型", "Household type"), OWNER_TYPES),
    Segment("age_band", Text("年龄段", "Age band"), AGE_BANDS),
    Segment("building", Text("楼栋", "Building")),
    Segment("zone", Text("区域", "Zone")),
    Segment("residence", Text("入住年限", "Length of residence"), RESIDENCE),
)
"""What the register knows about a household; `attach` puts these beside every row that names one."""

ATTRIBUTES = tuple(segment.id for segment in SEGMENTS)
DERIVED = ()
KPIS = ()
DURATIONS = ()
READINGS = ()
NOTES = ()
# fmt: on


def derive(register: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    """Add `residence` (time since moving in, at `cut.as_of`) to the household register."""
    years = (cut.as_of - register["moved_in_on"]).dt.days / 365.25
    bands = pd.cut(years, [-0.01, 1, 3, 5, 200], right=False, labels=list(RESIDENCE))
    return register.assign(residence=bands.astype("str"))


def attach(rows: pd.DataFrame, register: pd.DataFrame) -> pd.DataFrame:
    """Put what the register knows of a household beside each row that names one; what the row says itself stands."""
    if "household" not in rows:
        return rows
    if register.empty:
        nothing = pd.Series(pd.NA, index=rows.index, dtype="str")
        return rows.assign(**{name: nothing for name in ATTRIBUTES if name not in rows})
    homes = register.drop_duplicates(["community", "household"]).set_index(["community", "household"])
    found = homes.reindex(pd.MultiIndex.from_frame(rows[["community", "household"]]))
    known = {name: pd.Series(found[name].to_numpy(), index=rows.index, dtype="str") for name in ATTRIBUTES}
    return rows.assign(**{name: rows[name].fillna(value) if name in rows else value for name, value in known.items()})


def exposure(register: pd.DataFrame, rows: pd.DataFrame, dated_by: str, cut: Cut) -> pd.DataFrame:
    """Return household-months for the months that `rows` cover: month_on, `households`, and the register's attributes.

    Communities without a register count their declared number of households in one row for each month.
    """
    parts = []
    for place in sorted(set(rows["community"])):
        homes = _homes(register, place, cut)
        for month in covered_months(rows[rows["community"] == place], dated_by):
            if pd.Period(month).end_time.floor("s") > cut.as_of:
                continue  # a month that is not over has no whole household-month yet
            parts.append(homes.assign(month_on=pd.Timestamp(f"{month}-01")))
    empty = _homes(register.iloc[:0], "", cut).assign(month_on=pd.NaT)
    return pd.concat(parts or [empty], ignore_index=True).astype({"month_on": "datetime64[s]"})


def _homes(register: pd.DataFrame, place: str, cut: Cut) -> pd.DataFrame:
    ours = register[(register["community"] == place) & (register["occupancy"] != "vacant")]
    if ours.empty and cut.households.get(place):
        return pd.DataFrame({"community": [place], "households": pd.array([cut.households[place]], dtype="Int64")})
    return ours[["community", *ATTRIBUTES]].assign(
        households=pd.array(np.ones(len(ours), dtype="int64"), dtype="Int64")
    )


def occupied(homes: pd.DataFrame) -> dict[str, int]:
    """Return the occupied households of each community that the register knows."""
    return {
        place: int(count)
        for place, count in homes.loc[homes["occupancy"] != "vacant", "community"].value_counts().items()
    }
