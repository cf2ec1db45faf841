"""The columns behind the KPIs of inspections, and the week of each area: planned, made, on time, passed, put right."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from propkit.domains.facilities_derived import JUDGED, day_end, told_by
from propkit.domains.knowledge import given, met_by, only, within
from propkit.model import Cut

SAFETY = ("fire", "facility", "security")
CLEARED_MINUTES = 24 * 60
"""A blocked fire passage is cleared in time within so many minutes."""
FULL_MARKS = 100_000
_PASSAGE = "通道|登高面|passage|fire lane|escape route"
_APPEARANCE = "仪容|仪表|着装|形象|文明用语|执勤|纪律|appearance|discipline"
_AREA = ["community", "domain", "area_id"]


def derive(known: Mapping[str, pd.DataFrame], cut: Cut) -> dict[str, pd.DataFrame]:
    """Return areas and inspections with the columns that the KPIs name, and `area_week` (see `area_weeks`)."""
    areas = known["area"]
    rows = _inspections(known["inspection"], areas, known["asset"], cut.as_of)
    rows = rows.assign(**_cleaning(rows), **_safety(rows, cut.as_of), **_order(rows))
    return {"area": areas, "inspection": rows, "area_week": area_weeks(areas, rows, cut.as_of)}


def _inspections(rows: pd.DataFrame, areas: pd.DataFrame, assets: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Add what every domain shares: system and area_type, performed, done, on_time, passed, and `dated_at`.

    `done` and `on_time` are known for what was planned once its time is over; without a planned end that is the planned day.
    """
    due = rows["due_at"].fillna(day_end(rows["planned_at"]))
    stands = rows["result"] != "cancelled"
    performed = stands & (rows["actual_at"].notna() | rows["result"].isin(JUDGED))
    planned = stands & rows["planned_at"].notna() & (due <= as_of) & given(rows, "actual_at")
    untimed = performed & rows["actual_at"].isna()
    dated = rows["planned_at"].fillna(rows["actual_at"])
    return rows.assign(
        system=told_by(assets, ["community", "asset_id"], rows, "system"),
        area_type=told_by(areas, _AREA, rows, "area_type"),
        performed=performed,
        done=only(performed, planned),
        on_time=only(met_by(due, rows["actual_at"], as_of), planned & ~untimed),
        passed=only(rows["result"] == "pass", performed & rows["result"].isin(JUDGED)),
        dated_at=dated.where(dated <= as_of),
    )


def _cleaning(rows: pd.DataFrame) -> dict[str, pd.Series]:
    cleaning = rows["domain"] == "cleaning"
    return {
        "cleaning_done": only(rows["done"], cleaning),
        "cleaning_passed": only(rows["passed"], cleaning),
        "seasonal_done": only(rows["done"], rows["season_task"].notna()),
        "greening_passed": only(rows["passed"], rows["domain"] == "greening"),
    }


def _safety(rows: pd.DataFrame, as_of: pd.Timestamp) -> dict[str, pd.Series]:
    """Return safety inspections counted, planned and made, and fire passages checked, found blocked and cleared."""
    safety = rows["domain"].isin(SAFETY)
    held = safety & rows["performed"] & rows["actual_at"].notna()
    passage = (rows["domain"] == "fire") & _names(rows, _PASSAGE, "check_item", "area_type")
    trouble = rows["is_blocked"].fillna(rows["result"].isin(["fail", "fixed"])).astype(bool)
    found = passage & rows["performed"] & rows["actual_at"].notna() & trouble
    at_once = rows["result"] == "fixed"
    cleared = within(rows["actual_at"], rows["cleared_at"], CLEARED_MINUTES, as_of).mask(at_once, True)
    return {
        "safety_held": only(_first_of_visit(rows, held), held & _first_of_visit(rows, held)).astype("Int64"),
        "safety_done": only(rows["done"], safety),
        "equipment_on_time": only(rows["on_time"], rows["domain"] == "facility"),
        "passage_done": only(rows["done"], passage),
        "passage_cleared": only(cleared, found & (at_once | given(rows, "cleared_at"))),
    }


def _order(rows: pd.DataFrame) -> dict[str, pd.Series]:
    appearance = (rows["domain"] == "quality") & _names(rows, _APPEARANCE, "check_item")
    return {
        "order_clear": only(rows["passed"], rows["domain"] == "order"),
        "appearance_passed": only(rows["passed"], appearance),
        "full_milli": pd.Series(FULL_MARKS, index=rows.index, dtype="Int64").where(rows["score_milli"].notna()),
    }


def _names(rows: pd.DataFrame, pattern: str, *columns: str) -> pd.Series:
    found = pd.Series(False, index=rows.index)
    for column in columns:
        found |= rows[column].str.contains(pattern, case=False, na=False).astype(bool)
    return found


def _first_of_visit(rows: pd.DataFrame, held: pd.Series) -> pd.Series:
    """Say which row stands for its visit: the lines of one domain, place and instant are items of one inspection."""
    keys = [*_AREA, "asset_id", "actual_at"]
    placed = held & (rows["area_id"].notna() | rows["asset_id"].notna())
    again = rows[placed].sort_values("inspection_id").duplicated(keys)
    return held & ~again.reindex(rows.index, fill_value=False)


def area_weeks(areas: pd.DataFrame, rows: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return one row for each cleaning area and whole week that the cleaning records cover, dated `ended_on` (its Sunday).

    required_milli is its size, covered_milli the same where it was cleaned as often as required and 0 elsewhere, in
    thousandths of m2.  Cleanings are different moments at which an area was attended to.
    """
    ours = areas[(areas["domain"] == "cleaning") & areas["size_milli"].notna() & areas["required_per_week"].notna()]
    records = rows[(rows["domain"] == "cleaning") & given(rows, "actual_at")]
    made = records[records["performed"]].dropna(subset=["area_id", "actual_at"])
    made = made.drop_duplicates(["community", "area_id", "actual_at"])
    times = made.assign(week_on=_monday(made["actual_at"])).value_counts(["community", "area_id", "week_on"])
    parts = [ours.iloc[:0].assign(week_on=pd.NaT)]
    for place in sorted(set(ours["community"])):
        weeks = pd.DataFrame({"week_on": _whole_weeks(records[records["community"] == place], as_of)})
        parts.append(ours[ours["community"] == place].merge(weeks, how="cross"))
    found = pd.concat(parts, ignore_index=True).astype({"week_on": "datetime64[s]"})
    found = found[~(found["added_on"] > found["week_on"])].reset_index(drop=True)
    count = times.reindex(pd.MultiIndex.from_frame(found[["community", "area_id", "week_on"]])).fillna(0).to_numpy()
    enough = (found["required_per_week"] <= count).astype(bool)
    return found[[*_AREA, "area_type"]].assign(
        ended_on=found["week_on"] + pd.Timedelta(days=6),
        covered_milli=found["size_milli"].where(enough, 0),
        required_milli=found["size_milli"],
    )


def _monday(moments: pd.Series) -> pd.Series:
    day = moments.dt.floor("D")
    return (day - pd.to_timedelta(day.dt.day_of_week, unit="D")).astype("datetime64[s]")


def _whole_weeks(rows: pd.DataFrame, as_of: pd.Timestamp) -> pd.Series:
    """Return the Mondays of the weeks that lie wholly within some file's span and are over at `as_of`."""
    dated = rows.dropna(subset=["dated_at"])
    files = dated["file"].fillna("") if "file" in dated else pd.Series("", index=dated.index)
    mondays: set[pd.Timestamp] = set()
    for file in files.unique():
        days = dated.loc[files == file, "dated_at"].dt.floor("D")
        last = min(days.max() + pd.Timedelta(days=1), (as_of + pd.Timedelta(seconds=1)).floor("D"))
        weeks = pd.date_range(days.min(), last, freq="W-MON")
        mondays |= {week for week in weeks if week + pd.Timedelta(days=7) <= last}
    return pd.Series(sorted(mondays), dtype="datetime64[s]")
