"""Stays of vehicles: passes at the gates paired into stays, and the occupied minutes of each day beside the spaces there were."""

from __future__ import annotations

import numpy as np
import pandas as pd

from propkit.domains.knowledge import covered_months, only, sum_by

CAP_HOURS = 72
"""A vehicle without a record of its exit (or of its entry before the log began) is taken to have stayed this long at most."""
REPEAT_MINUTES = 5
"""A plate read again in the same direction this soon is the same pass."""
USES = {"fixed": "fixed", "temporary": "open", "public": "open"}
"""Kind of space or vehicle -> the use to which it belongs: temporary vehicles stand on temporary and public spaces."""

_CAP = pd.Timedelta(hours=CAP_HOURS)
_DAY = pd.Timedelta(days=1)


def paired(passes: pd.DataFrame) -> pd.DataFrame:
    """Add to passes: `real` (a plate and a direction, not read twice), `minute`, the neighbours of the same plate
    (before, after, after_at) and `unpaired`: True without its counterpart, missing while that cannot be known.
    """
    passes = passes.assign(minute=passes["at"].dt.floor("min"))
    told = passes.dropna(subset=["plate", "direction"])
    told = told.sort_values(["community", "plate", "at", "direction", "gate"])
    near = told["at"].diff() <= pd.Timedelta(minutes=REPEAT_MINUTES)
    told = told[~(_same(told, 1, "community", "plate", "direction") & near)]
    ours, theirs = _same(told, 1, "community", "plate"), _same(told, -1, "community", "plate")
    beside = {
        "before": told["direction"].shift(1).where(ours),
        "after": told["direction"].shift(-1).where(theirs),
        "after_at": told["minute"].shift(-1).where(theirs),
    }
    passes = passes.assign(real=False, **{name: column.reindex(passes.index) for name, column in beside.items()})
    passes.loc[told.index, "real"] = True
    return passes.assign(unpaired=_unpaired(passes))


def _same(rows: pd.DataFrame, step: int, *names: str) -> pd.Series:
    keys = rows[list(names)]
    return (keys == keys.shift(step)).all(axis=1)


def _unpaired(passes: pd.DataFrame) -> pd.Series:
    first, last = _ends(passes)
    is_in = passes["direction"] == "in"
    beside = passes["after"].where(is_in, passes["before"]).astype("str")
    alone = (beside == passes["direction"]).astype("boolean")
    late, early = passes["minute"] + _CAP > last, passes["minute"] - _CAP < first
    alone = alone.mask(beside.isna(), True).mask(beside.isna() & late.where(is_in, early), pd.NA)
    return only(alone, passes["real"])


def _ends(passes: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return for each pass when the log of its community begins (a midnight) and ends (its last pass)."""
    ordered = passes.sort_values("at")
    first = ordered.drop_duplicates("community").set_index("community")["at"].dt.floor("D")
    last = ordered.drop_duplicates("community", keep="last").set_index("community")["minute"]
    return tuple(passes["community"].map(ends.to_dict()).astype("datetime64[s]") for ends in (first, last))


def stays(passes: pd.DataFrame) -> pd.DataFrame:
    """Return the stays of `paired` passes: community, start_at, end_at (whole minutes), parking_use (missing: unknown)."""
    begin, end = _ends(passes)
    end = end.dt.floor("D") + _DAY
    real = passes["real"].astype(bool)
    came = real & (passes["direction"] == "in")
    was_inside = real & (passes["direction"] == "out") & passes["before"].isna()
    latest = (passes["minute"] + _CAP).where(passes["after"] != "out")
    ends = passes["after_at"].fillna(end)
    ends = ends.where(~(ends > latest), latest)
    starts = (passes["minute"] - _CAP).where(passes["minute"] - _CAP > begin, begin)
    rows = pd.DataFrame(
        {
            "community": passes["community"],
            "start_at": passes["minute"].where(came, starts),
            "end_at": ends.where(came, passes["minute"]),
            "parking_use": passes["vehicle_kind"].map(USES).astype("str"),
        }
    )
    kept = rows[came | was_inside]
    order = ["community", "start_at", "end_at", "parking_use"]
    return kept.sort_values(order, ignore_index=True).astype({"start_at": "datetime64[s]", "end_at": "datetime64[s]"})


def days(passes: pd.DataFrame, spaces: pd.DataFrame, stay: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return one row for each community, day of its log and use of spaces: day_on, parking_use, spaces, space_minutes,
    occupied_minutes, entries.

    A day counts once it is over.  Where a space or a vehicle of the day is of unknown use, the day has one row of unknown
    use for all; a community without a register of spaces has none.
    """
    calendar = _calendar(passes, set(spaces["community"]), as_of)
    uses = ["fixed", "open", ""]
    grid = calendar.merge(pd.DataFrame({"use": pd.Series(uses, dtype="str")}), how="cross")
    index = pd.MultiIndex.from_frame(grid[["community", "day_on", "use"]])
    entered = passes[passes["real"].astype(bool) & (passes["direction"] == "in")]
    entered = entered.assign(
        use=entered["vehicle_kind"].map(USES).astype("str").fillna(""), day_on=entered["at"].dt.floor("D")
    )
    held = _by_day(stay)
    counts = {
        "spaces": _spaces(grid, spaces),
        "occupied_minutes": _added(held, held["minutes"].to_numpy("int64"), index),
        "entries": _added(entered, np.ones(len(entered), dtype="int64"), index),
    }
    present = _added(held, np.ones(len(held), dtype="int64"), index)
    return _rows(calendar, counts, present)


def _rows(calendar: pd.DataFrame, counts: dict[str, np.ndarray], present: np.ndarray) -> pd.DataFrame:
    """Keep the rows by use of the days that know every use, and one row for all of the others."""
    shape = (len(calendar), 3)
    unknown = sum(part.reshape(shape)[:, 2] for part in (counts["spaces"], counts["entries"], present)) > 0
    parts = []
    for at, use in enumerate(("fixed", "open")):
        own = {name: part.reshape(shape)[~unknown, at] for name, part in counts.items()}
        parts.append(calendar[~unknown].assign(parking_use=use, **own))
    whole = {name: part.reshape(shape)[unknown].sum(axis=1) for name, part in counts.items()}
    parts.append(
        calendar[unknown].assign(parking_use=pd.Series(pd.NA, index=calendar.index[unknown], dtype="str"), **whole)
    )
    rows = pd.concat(parts).sort_values(["community", "day_on", "parking_use"], ignore_index=True)
    return rows.assign(space_minutes=rows["spaces"] * 1440).astype(
        {name: "Int64" for name in (*counts, "space_minutes")} | {"parking_use": "str"}
    )


def _calendar(passes: pd.DataFrame, places: set[str], as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the days on which the log of each community speaks and that are over: community, day_on."""
    parts = [pd.DataFrame({"community": pd.Series(dtype="str"), "day_on": pd.Series(dtype="datetime64[s]")})]
    for place in sorted(places & set(passes["community"])):
        ours = passes[passes["community"] == place]
        months = covered_months(ours, "at")
        range_ = pd.date_range(ours["at"].min().floor("D"), ours["at"].max().floor("D"), freq="D", unit="s")
        told = range_[range_.strftime("%Y-%m").isin(months) & (range_ + _DAY - pd.Timedelta(seconds=1) <= as_of)]
        parts.append(pd.DataFrame({"community": pd.Series(place, index=range(len(told)), dtype="str"), "day_on": told}))
    return pd.concat(parts, ignore_index=True).astype({"day_on": "datetime64[s]"})


def _spaces(grid: pd.DataFrame, spaces: pd.DataFrame) -> np.ndarray:
    """Return the number of spaces in use on each row of the grid."""
    use = spaces["space_kind"].map(USES).astype("str").fillna("")
    opened = spaces["opened_on"].fillna(pd.Timestamp(0)).to_numpy("datetime64[s]")
    found = np.zeros(len(grid), dtype="int64")
    for place in sorted(set(grid["community"])):
        for kind in ("fixed", "open", ""):
            ours = ((spaces["community"] == place) & (use == kind)).to_numpy()
            at = ((grid["community"] == place) & (grid["use"] == kind)).to_numpy()
            found[at] = np.searchsorted(
                np.sort(opened[ours]), grid["day_on"].to_numpy("datetime64[s]")[at], side="right"
            )
    return found


def _by_day(stay: pd.DataFrame) -> pd.DataFrame:
    """Return stays cut at midnight: community, day_on, use, minutes."""
    lasting = stay[stay["end_at"] > stay["start_at"]].reset_index(drop=True)
    first, last = lasting["start_at"].dt.floor("D"), (lasting["end_at"] - pd.Timedelta(minutes=1)).dt.floor("D")
    pieces = ((last - first).dt.days + 1).to_numpy("int64")
    rows = lasting.loc[np.repeat(lasting.index.to_numpy(), pieces)]
    step = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    day = rows["start_at"].dt.floor("D") + pd.to_timedelta(step, unit="D")
    start = rows["start_at"].where(rows["start_at"] > day, day)
    end = rows["end_at"].where(rows["end_at"] < day + _DAY, day + _DAY)
    minutes = ((end - start) // pd.Timedelta(minutes=1)).astype("int64")
    columns = {"community": rows["community"], "day_on": day.astype("datetime64[s]")}
    return pd.DataFrame({**columns, "use": rows["parking_use"].fillna(""), "minutes": minutes}).reset_index(drop=True)


def _added(rows: pd.DataFrame, values: np.ndarray, index: pd.MultiIndex) -> np.ndarray:
    at = index.get_indexer(pd.MultiIndex.from_frame(rows[["community", "day_on", "use"]]))
    return sum_by(at, values, len(index))
