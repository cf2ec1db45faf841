"""Readings of parking: how long vehicles take at each gate, and how full the spaces were at most."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from propkit.domains.reading import during, listed, speaks
from propkit.model import Column, Cut, Reading
from propkit.periods import Period
from propkit.text import Text

DIRECTIONS = {
    "in": Text("进", "In"),
    "out": Text("出", "Out"),
}

# One line for each fact, as in a table.
# fmt: off
READINGS = (
    Reading(
        id="vehicle_pass_seconds",
        label=Text("车辆通行用时", "Seconds to pass the gate"),
        tables=("vehicle_pass",),
        top=Text("当期记有用时的通行，按出入口和方向", "passes of the period whose seconds are known, by gate and direction"),
        columns={
            "gate": Column("text", label=Text("出入口", "Gate")),
            "direction": Column("choice", label=Text("方向", "Direction"), choices=DIRECTIONS),
            "passes": Column("whole", label=Text("通行", "Passes")),
            "p50_seconds": Column("whole", label=Text("P50（秒）", "P50 (seconds)")),
            "p90_seconds": Column("whole", label=Text("P90（秒）", "P90 (seconds)")),
        },
        headline=("max", "p90_seconds"), unit=Text("秒", "seconds"), better="down", source="S0:73",
        note=Text("P90 是不少于九成车辆在其内通过的秒数；最慢的出入口代表全部。",
                  "P90: at least nine in ten pass within so many seconds; the slowest gate stands for all."),
    ),
    Reading(
        id="parking_peak",
        label=Text("停车高峰", "Parking peak"),
        tables=("parking_stay", "parking_day"),
        top=Text("当期同时在场车辆最多的时刻", "the moment of the period with the most vehicles inside at once"),
        columns={
            "peak_at": Column("instant", label=Text("时刻", "At")),
            "vehicles": Column("whole", label=Text("在场车辆", "Vehicles")),
            "spaces": Column("whole", label=Text("车位", "Spaces")),
        },
        headline=("max", "vehicles"), unit=Text("辆", "vehicles"), source="S0:73",
        note=Text("在场时段的算法同车位利用率；同样多的取最早的时刻。",
                  "Stays are reckoned as for space use; of equal moments the earliest."),
    ),
)
# fmt: on
_COLUMNS = {reading.id: reading.columns for reading in READINGS}


def vehicle_pass_seconds(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return one row for each gate and direction, in the order of their names."""
    passes = tables["vehicle_pass"]
    ours = during(passes[passes["counted"] & passes["seconds"].notna()], "at", period)
    if not speaks(passes, "at", period) or ours.empty:
        return None
    names = ours[["gate", "direction"]].fillna("")
    records = []
    for gate, direction in sorted(set(names.itertuples(index=False, name=None))):
        seconds = np.sort(
            ours.loc[(names["gate"] == gate) & (names["direction"] == direction), "seconds"].to_numpy("int64")
        )
        ranks = {f"p{share}_seconds": int(seconds[(len(seconds) * share + 99) // 100 - 1]) for share in (50, 90)}
        records.append({"gate": gate or None, "direction": direction or None, "passes": len(seconds), **ranks})
    return listed(records, _COLUMNS["vehicle_pass_seconds"])


def parking_peak(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the peak in one row."""
    days = during(tables["parking_day"], "day_on", period)
    if days.empty:
        return None
    stays = tables["parking_stay"]
    first, last = days["day_on"].min(), days["day_on"].max() + pd.Timedelta(days=1)
    starts = np.sort(stays["start_at"].to_numpy("datetime64[s]"))
    ends = np.sort(stays["end_at"].to_numpy("datetime64[s]"))
    inside = (starts >= first.to_datetime64()) & (starts < last.to_datetime64())
    moments = np.concatenate([[first.to_datetime64()], starts[inside]]).astype("datetime64[s]")
    held = np.searchsorted(starts, moments, side="right") - np.searchsorted(ends, moments, side="right")
    peak = pd.Timestamp(moments[held.argmax()])
    spaces = days.loc[days["day_on"] == peak.floor("D"), "spaces"].sum()
    return listed([{"peak_at": peak, "vehicles": int(held.max()), "spaces": spaces}], _COLUMNS["parking_peak"])
