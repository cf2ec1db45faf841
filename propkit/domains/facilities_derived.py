"""The columns behind the KPIs of equipment: failures counted once, planned work due and done, and each asset month by month."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from propkit.domains.knowledge import covered_months, given, met_by, only, sum_by
from propkit.model import Cut

SECURITY = ("cctv", "access", "perimeter", "parking")
"""The systems of technical security (技防)."""
JUDGED = ("pass", "fixed", "fail")
"""Results of an inspection that was made; the others say that it does not apply or was called off."""
_MERGED = pd.Timedelta(hours=24)
_EVER = 2**35
_BIG = 2**40
_EPOCH = pd.Timestamp(0)
_WHO = ["community", "asset_id"]


def derive(known: Mapping[str, pd.DataFrame], cut: Cut) -> dict[str, pd.DataFrame]:
    """Return assets, failures and planned work with the columns that the KPIs name, and `asset_month`.

    `asset_month` has one row for each asset and whole month in which it was in use, dated `month_on`.
    """
    assets, log = known["asset"], _failures(known["asset_event"], known["asset"])
    tasks = _tasks(known["pm_task"], assets, cut.as_of)
    months = asset_months(assets, log, tasks, known["inspection"], cut.as_of)
    exposed = pd.MultiIndex.from_frame(months.loc[months["asset_months"].notna(), [*_WHO, "month_on"]])
    month_on = log["failed_at"].dt.to_period("M").dt.to_timestamp().astype("datetime64[s]")
    in_use = pd.MultiIndex.from_frame(log[_WHO].assign(month_on=month_on)).isin(exposed)
    log = log.assign(failure=only(log["counted"], log["counted"] & in_use).astype("Int64"))
    return {"asset": assets, "asset_event": log, "pm_task": tasks, "asset_month": months}


def told_by(register: pd.DataFrame, keys: list[str], rows: pd.DataFrame, column: str) -> pd.Series:
    """Return what `rows` say in `column`, and where they are silent what `register` says of the same `keys`."""
    known = register.drop_duplicates(keys).set_index(keys)[column]
    found = known.reindex(pd.MultiIndex.from_frame(rows[keys])).to_numpy()
    told = pd.Series(found, index=rows.index, dtype="str")
    return rows[column].fillna(told) if column in rows else told


def _failures(rows: pd.DataFrame, assets: pd.DataFrame) -> pd.DataFrame:
    """Add `system`, `counted` (unplanned, and no repeat within 24 hours of the same cause) and `by_sensor`."""
    unplanned = ~rows["is_planned"].fillna(False).astype(bool)
    counted = unplanned & ~_same_failure(rows, unplanned)
    return rows.assign(
        system=told_by(assets, _WHO, rows, "system"),
        unplanned=unplanned,
        counted=counted,
        untimed=False,
        by_sensor=only(rows["detected_by"] == "sensor", counted & rows["detected_by"].notna()),
    )


def _same_failure(rows: pd.DataFrame, unplanned: pd.Series) -> pd.Series:
    """Say which failures come within 24 hours of one of the same asset and cause; an unknown cause repeats nothing.

    The hours count from the one that counts, so that a fault that goes on returning is counted again.
    """
    keys = [*_WHO, "cause"]
    ordered = rows[unplanned].dropna(subset=["cause"]).sort_values([*keys, "failed_at"])
    matters = pd.factorize(pd.MultiIndex.from_frame(ordered[keys]))[0]
    found, first = [], {}
    for matter, at in zip(matters, ordered["failed_at"], strict=True):
        near = matter in first and at - first[matter] <= _MERGED
        first[matter] = first[matter] if near else at
        found.append(near)
    return pd.Series(found, index=ordered.index, dtype=bool).reindex(rows.index, fill_value=False)


def _tasks(rows: pd.DataFrame, assets: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Add `system`, `on_time`, `heating_done` and `winter_done`; a task is due when its day is over."""
    called_off = rows["result"] == "cancelled"
    performed = rows["done_on"].notna() | rows["result"].isin(["pass", "fail"])
    deadline = day_end(rows["due_on"])
    due = ~called_off & (deadline <= as_of) & given(rows, "done_on")
    untimed = performed & rows["done_on"].isna()
    kind = rows["pm_kind"]
    return rows.assign(
        system=told_by(assets, _WHO, rows, "system"),
        called_off=called_off,
        performed=performed,
        given_done=given(rows, "done_on"),
        on_time=only(met_by(deadline, rows["done_on"], as_of), due & ~untimed),
        heating_done=only(performed, due & (kind == "heating_precheck")),
        winter_done=only(performed, due & (kind == "winter")),
    )


def day_end(day: pd.Series) -> pd.Series:
    """Return the last second of each day."""
    return day.dt.floor("D") + pd.Timedelta(days=1) - pd.Timedelta(seconds=1)


def asset_months(
    assets: pd.DataFrame, log: pd.DataFrame, tasks: pd.DataFrame, visits: pd.DataFrame, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Return one row for each asset and whole month in use: community, asset_id, system, month_on and

    asset_months (1 where the failure log covers the month), asset_minutes and up_minutes; at the month's end in_stock,
    serviceable, beyond_life, months_over, key_monitored and defect_open; the same for technical security alone.
    """
    assets = assets.reset_index(drop=True)
    grid = assets.assign(code=assets.index).merge(_calendar(assets, log, tasks, as_of), on="community")
    grid = grid.assign(ends=_month_after(grid["month_on"]))
    gone = grid["status_on"].where(grid["status"].isin(["stopped", "retired"]))
    begin = grid["installed_on"].fillna(grid["month_on"]).clip(lower=grid["month_on"])
    leave = gone.fillna(grid["ends"]).clip(upper=grid["ends"])
    used = begin < leave
    grid = grid.assign(begin=_minutes(begin), leave=_minutes(leave), last=_minutes(grid["ends"]))[used]
    grid = grid.reset_index(drop=True)
    down, is_up = _downtime(grid, _stops(assets, log))
    in_stock, security = grid["leave"] == grid["last"], grid["system"].isin(SECURITY)
    serviceable, length = only(is_up, grid["told"] & in_stock), grid["leave"] - grid["begin"]
    up = (length - down).astype("Int64").where(grid["told"])
    return grid[[*_WHO, "system", "month_on"]].assign(
        asset_months=grid["in_log"].astype("Int64").where(grid["in_log"]),
        asset_minutes=length.astype("Int64"),
        up_minutes=up,
        in_stock=in_stock,
        serviceable=serviceable,
        security_up_minutes=up.where(security),
        security_serviceable=only(serviceable, security),
        access_serviceable=only(serviceable, grid["system"] == "access"),
        connected=_connected(grid),
        key_monitored=only(_connected(grid), in_stock & grid["is_key"].fillna(False) & grid["is_monitored"].notna()),
        defect_open=only(_defect(grid, assets, visits), serviceable),
        **_life(grid, in_stock),
    )


def _calendar(assets: pd.DataFrame, log: pd.DataFrame, tasks: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the whole months of each community: month_on, `in_log`, and `told`: whether the log tells who stood still.

    Months are those of the failure log and of planned work; without either the last whole month.
    """
    last = str((as_of + pd.Timedelta(seconds=1)).to_period("M") - 1)
    records = []
    for place in sorted(set(assets["community"])):
        events = log[log["community"] == place]
        logged = set(covered_months(events, "failed_at"))
        worked = tasks[(tasks["community"] == place) & (tasks["due_on"] <= as_of)]
        blind = events.loc[events["unplanned"] & ~given(events, "restored_at"), "failed_at"].min()
        months = [month for month in sorted(logged | set(covered_months(worked, "due_on"))) if month <= last]
        for month in months or [last]:
            in_log = month in logged
            told = in_log and (pd.isna(blind) or str(blind)[:7] > month)
            records.append((place, pd.Timestamp(f"{month}-01"), in_log, told))
    kinds = {"community": "str", "month_on": "datetime64[s]", "in_log": "bool", "told": "bool"}
    return pd.DataFrame(records, columns=list(kinds)).astype(kinds)


def _month_after(month_on: pd.Series) -> pd.Series:
    return (month_on.dt.to_period("M") + 1).dt.to_timestamp().astype("datetime64[s]")


def _stops(assets: pd.DataFrame, log: pd.DataFrame) -> pd.DataFrame:
    """Return when assets stood still unplanned, without overlaps: `code` (row of `assets`), `start` and `end` in minutes.

    A failure lasts until it is restored; an asset that the register calls out of order is so from the date of that status
    until the log next tells of a restoration.
    """
    log = log.assign(code=_code(assets, log))
    marked = assets[(assets["status"] == "out_of_order") & assets["status_on"].notna()].sort_values("status_on")
    standing = pd.merge_asof(
        marked.assign(code=marked.index)[["code", "status_on"]],
        log.loc[log["restored_at"].notna(), ["code", "restored_at"]].sort_values("restored_at"),
        by="code",
        left_on="status_on",
        right_on="restored_at",
        direction="forward",
    ).rename(columns={"status_on": "failed_at"})
    stops = pd.concat([log.loc[log["unplanned"], ["code", "failed_at", "restored_at"]], standing], ignore_index=True)
    stops = stops.assign(start=_minutes(stops["failed_at"]), end=_minutes(stops["restored_at"]))
    return _apart(stops.loc[stops["code"] >= 0, ["code", "start", "end"]])


def _code(assets: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """Return for each row the row of its asset in `assets`, -1 where the register does not know it."""
    codes = pd.MultiIndex.from_frame(assets[_WHO]).get_indexer(pd.MultiIndex.from_frame(rows[_WHO]))
    return pd.Series(codes, index=rows.index, dtype="int64")


def _apart(stops: pd.DataFrame) -> pd.DataFrame:
    """Cut stretches of one asset where an earlier one already covers them."""
    ordered = stops.sort_values(["code", "start", "end"], ignore_index=True)
    offset = ordered["code"].to_numpy("int64") * _BIG
    reached = np.maximum.accumulate(offset + ordered["end"].to_numpy("int64"))
    before = np.concatenate([[-1], reached[:-1]]) if len(reached) else reached
    start = np.maximum(offset + ordered["start"].to_numpy("int64"), before) - offset
    return ordered.assign(start=start, end=reached - offset)


def _minutes(moments: pd.Series) -> np.ndarray:
    """Return whole minutes, seconds dropped; a moment that has not come lies beyond every month."""
    return ((moments - _EPOCH) // pd.Timedelta(minutes=1)).fillna(_EVER).to_numpy("int64")


def _downtime(grid: pd.DataFrame, stops: pd.DataFrame) -> tuple[np.ndarray, pd.Series]:
    """Return for each asset and month the minutes in which it stood still, and whether it ran at the month's end."""
    met = grid[["code", "begin", "leave", "last"]].reset_index(names="at").merge(stops, on="code")
    lost = (met[["end", "leave"]].min(axis=1) - met[["start", "begin"]].max(axis=1)).clip(lower=0)
    down = sum_by(met["at"].to_numpy("int64"), lost.to_numpy("int64"), len(grid))
    standing = met.loc[(met["start"] < met["last"]) & (met["end"] >= met["last"]), "at"]
    return down, pd.Series(~grid.index.isin(standing), index=grid.index)


def _connected(grid: pd.DataFrame) -> pd.Series:
    """Say which assets were monitored before the month's end; one without a date of connection always was."""
    return (grid["is_monitored"] & (grid["monitored_on"].isna() | (grid["monitored_on"] < grid["ends"]))).astype(
        "boolean"
    )


def _life(grid: pd.DataFrame, in_stock: pd.Series) -> dict[str, pd.Series]:
    """Return `months_over` (months since the design life ended, in the month itself 0) and `beyond_life`."""
    born, month = grid["installed_on"].dt, grid["month_on"].dt
    ends = (born.year + grid["design_life_years"].astype("Float64")) * 12 + born.month
    over = (month.year * 12 + month.month - ends).astype("Float64").round().astype("Int64").where(in_stock)
    return {"months_over": over.where(over >= 0), "beyond_life": (over >= 0).astype("boolean")}


def _defect(grid: pd.DataFrame, assets: pd.DataFrame, visits: pd.DataFrame) -> pd.Series:
    """Say for each asset whether its last inspection before the month's end failed and was not put right by then."""
    seen = visits[visits["actual_at"].notna() & visits["result"].isin(JUDGED) & visits["asset_id"].notna()]
    seen = seen.assign(code=_code(assets, seen), failed=seen["result"] == "fail", tells=given(seen, "cleared_at"))
    seen = seen.sort_values(["actual_at", "failed", "cleared_at", "tells"])
    last = pd.merge_asof(
        grid[["code", "ends"]].reset_index(names="at").sort_values("ends"),
        seen[["code", "actual_at", "failed", "cleared_at", "tells"]],
        by="code",
        left_on="ends",
        right_on="actual_at",
        allow_exact_matches=False,
    ).set_index("at")
    last = last.reindex(grid.index).astype({"failed": "boolean", "tells": "boolean"})
    is_open = last["failed"] & ~(last["cleared_at"] < last["ends"])
    return is_open.mask((last["failed"] & ~last["tells"]).fillna(False).astype(bool))
