"""Patrols: the plan, the scans at checkpoints, which scan meets which planned visit, and the KPIs of patrolling."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from propkit.domains.knowledge import covered_months, only, sum_by
from propkit.model import Column, Cut, Kpi, Segment, Table
from propkit.text import Text

STRAY_MINUTES = 60
"""A scan further than this outside the window of the nearest planned visit belongs to no visit."""
VISIT_MINUTES = 10
"""A scan this soon after another at the same checkpoint belongs to the same visit."""
FASTEST = 20_000
"""Metres an hour: no guard on a round covers the mean leg of a route faster than this."""
NIGHT = (22, 6)
"""The hours at which the night begins and ends."""

# One line for each fact, as in a table.
# fmt: off
PLAN = Table(
    name="patrol_plan",
    label=Text("巡更计划", "Patrol plan"),
    columns={
        "plan_id": Column("id", label=Text("计划编号", "Plan id"), required=True,
                          headers=("计划编号", "巡更计划编号", "任务详情ID", "plan_id")),
        "route": Column("text", label=Text("路线", "Route"),
                        headers=("路线", "巡更路线", "巡逻路线", "巡检路线名称", "路线名称", "route")),
        "checkpoint": Column("text", label=Text("巡更点", "Checkpoint"), required=True,
                             headers=("巡更点", "巡更点名称", "巡检点名称", "点位", "巡更点编号", "checkpoint")),
        "round_id": Column("id", label=Text("轮次编号", "Round id"), headers=("轮次编号", "轮次", "巡逻轮次", "round_id")),
        "planned_at": Column("instant", planned=True, label=Text("计划时间", "Planned"), required=True,
                             headers=("计划时间", "计划巡更时间", "应到时间", "planned_at")),
        "window_minutes": Column("whole", label=Text("允许误差（分钟）", "Window in minutes"), low=0, high=1440,
                                 headers=("允许误差(分钟)", "允许误差", "允许偏差", "时间窗", "window_minutes")),
        "route_milli": Column("decimal", label=Text("路线长度（公里）", "Route length (km)"), low=1,
                              headers=("路线长度(公里)", "路线长度", "路线公里数", "里程", "route_km")),
        "key_point": Column("flag", label=Text("重点部位", "Key checkpoint"),
                            headers=("重点部位", "是否重点", "重点", "key_point")),
        "gap_milli": Column("decimal", label=Text("标准间隔（小时）", "Standard gap (hours)"), low=1,
                            headers=("标准间隔(小时)", "标准间隔", "巡查间隔", "gap_hours")),
    },
    key=("community", "plan_id"),
    identity=("planned_at", "checkpoint"),
    dated_by="planned_at",
)
"""One line for each planned visit to a checkpoint; the window runs `window_minutes` to either side of `planned_at`.
`round_id` numbers one walk of a route and is never used again; `route_milli` is metres."""

SCAN = Table(
    name="patrol_scan",
    label=Text("巡更记录", "Patrol scans"),
    columns={
        "route": Column("text", label=Text("路线", "Route"),
                        headers=("路线", "巡更路线", "巡逻路线", "巡检路线名称", "路线名称", "route")),
        "checkpoint": Column("text", label=Text("巡更点", "Checkpoint"), required=True,
                             headers=("巡更点", "巡更点名称", "巡检点名称", "点位", "巡更点编号", "checkpoint")),
        "actual_at": Column("instant", label=Text("打卡时间", "Scanned"), required=True,
                            headers=("打卡时间", "实际巡检时间", "巡更时间", "实际时间", "登记时间", "actual_at")),
        "guard": Column("text", personal=True, label=Text("巡更人", "Guard"),
                        headers=("巡更人", "实际巡检人", "巡逻人", "员工ID", "员工编号", "员工姓名", "guard")),
        "issue_found": Column("flag", label=Text("有无异常", "Issue found"),
                              headers=("有无异常", "是否异常", "发现问题", "issue_found")),
    },
    key=("community", "checkpoint", "actual_at", "guard"),
    dated_by="actual_at",
)
TABLES = (PLAN, SCAN)
SEGMENTS = (Segment("route", Text("巡逻路线", "Patrol route")),)

_VISITS = Text("次", "visits")
_MEETS = Text(
    "一次打卡只算给同一巡更点时间最近的一次计划（一样近的算较早的），一次计划有几次打卡也只算一次；"
    f"离时间窗超过{STRAY_MINUTES}分钟的打卡不属于任何计划。打卡记录所及的月份里没有打卡是 0%；打卡记录不及的月份、没有计划或没写允许误差的不判定。",
    "A scan counts for the planned visit nearest in time at its checkpoint (the earlier of two as near), and several scans are one visit; "
    f"a scan more than {STRAY_MINUTES} minutes outside the window belongs to none. A month without scans inside the span of the scans on record is 0%; outside it, without a plan or without a window nothing is judged.",
)
_CLOCK = Text("手持机时钟不准会把按时的打卡变成早或晚，成片的同向偏差值得核对。",
              "A handheld with a wrong clock turns punctual scans early or late; deviations all one way deserve a check.")
_OVER = Text(f"时间窗结束满{STRAY_MINUTES}分钟才判定。", f"Judged {STRAY_MINUTES} minutes after the window closed.")
_NONE = Text("无（数量）", "none (a count)")

KPIS = (
    Kpi(
        id="patrol_completion_rate",
        label=Text("巡逻完成率", "Patrols completed"),
        top=Text("在时间窗内打卡的计划巡查", "planned visits scanned within their window"),
        bottom=Text("当期计划、时间窗已结束的巡更点巡查（同一点同一时间的计划并为一次）",
                    "planned checkpoint visits of the period whose window has closed (one for each checkpoint and time)"),
        table="patrol_plan", numerator="completed", better="up", dated_by="planned_at", by="route", source="S4:38",
        note=Text(_MEETS.zh + _CLOCK.zh + "打卡过快的另行标出，未剔除。",
                  f"{_MEETS.en} {_CLOCK.en} Scans too fast to be true are flagged apart and still in."),
    ),
    Kpi(
        id="patrol_missed_count",
        label=Text("漏巡", "Visits missed"),
        top=Text("没有打卡的计划巡查", "planned visits without a scan"), bottom=_NONE,
        table="patrol_plan", numerator="missed", kind="count", unit=_VISITS, scale=1, better="down",
        dated_by="visit_at", by="route", source="S4:38", note=_OVER,
    ),
    Kpi(
        id="patrol_early_count",
        label=Text("早巡", "Visits too early"),
        top=Text("打卡早于时间窗的计划巡查", "planned visits scanned before their window"), bottom=_NONE,
        table="patrol_plan", numerator="early", kind="count", unit=_VISITS, scale=1, better="down",
        dated_by="visit_at", by="route", source="S4:38", note=_OVER,
    ),
    Kpi(
        id="patrol_late_count",
        label=Text("晚巡", "Visits too late"),
        top=Text("打卡晚于时间窗的计划巡查", "planned visits scanned after their window"), bottom=_NONE,
        table="patrol_plan", numerator="late", kind="count", unit=_VISITS, scale=1, better="down",
        dated_by="visit_at", by="route", source="S4:38", note=_OVER,
    ),
    Kpi(
        id="patrol_coverage_rate",
        label=Text("巡逻覆盖率", "Patrol coverage"),
        top=Text("当天每次计划巡查都有打卡（早晚不论）的点·日", "checkpoint-days on which each planned visit was made, punctual or not"),
        bottom=Text("当期有计划巡查、已可判定的点·日", "checkpoint-days of the period with planned visits, all of them judged"),
        table="patrol_point_day", numerator="covered", better="up", dated_by="day_on", by="route", source="S4:38",
        note=Text("要求的次数即计划的次数，按天计算。" + _OVER.zh, "The required number is the planned one, day by day. " + _OVER.en),
    ),
    Kpi(
        id="patrol_round_completion_rate",
        label=Text("巡逻轮次完成率", "Rounds completed"),
        top=Text("每个巡更点都有打卡（早晚不论）的轮次", "rounds with a scan at every checkpoint, punctual or not"),
        bottom=Text("当期计划、已可判定的轮次（按第一点的计划时间）", "planned rounds of the period that can be judged (by the time of their first checkpoint)"),
        table="patrol_plan", numerator="round_done", better="up", dated_by="round_at", by="route", source="S4:38,108",
        note=Text("轮次编号不得重复使用；没有轮次编号的计划不计。", "A round id is never used twice; a plan without one is left out."),
    ),
    Kpi(
        id="patrol_mileage",
        label=Text("巡逻里程", "Patrol mileage"),
        top=Text("完成轮次的路线长度之和", "route lengths of the completed rounds, added up"), bottom=_NONE,
        table="patrol_plan", numerator="walked_milli", kind="count", unit=Text("公里", "km"), scale=0.001, better="up",
        dated_by="round_at", by="route", source="S4:108",
        note=Text("按路线长度推算，不是实测；走了一半的轮次不计，没有路线长度的不计。",
                  "Reckoned from route lengths, not measured; a round walked in part counts nothing, nor does a route of unknown length."),
    ),
    Kpi(
        id="patrol_density",
        label=Text("巡逻密度", "Patrol density"),
        top=Text("巡更点的到访次数（计划外的也算）", "visits to checkpoints, unplanned ones included"),
        bottom=Text("有计划巡查、已过完的点·日", "checkpoint-days with planned visits that are over"),
        table="patrol_point_day", numerator="visits", denominator="days", kind="money", better="up",
        unit=Text("次/点·日", "visits per checkpoint-day"), scale=1, dated_by="day_on", by="route", source="S1:11; S4:38",
        note=Text(f"同一点{VISIT_MINUTES}分钟内的连续打卡为一次到访；按打卡当天计。节假日与平日未分开。",
                  f"Scans of a checkpoint within {VISIT_MINUTES} minutes of one another are one visit, on the day of the scan. Holidays are not told apart."),
    ),
    Kpi(
        id="patrol_night_share",
        label=Text("夜间巡查占比", "Visits at night"),
        top=Text("22点至次日6点的到访", "visits from 22:00 to 06:00"), bottom=Text("当期到访次数", "visits of the period"),
        table="patrol_scan", numerator="at_night", dated_by="actual_at", by="route", source="S1:11",
        note=Text(f"同一点{VISIT_MINUTES}分钟内的连续打卡为一次到访，按第一次打卡的时间。",
                  f"Scans of a checkpoint within {VISIT_MINUTES} minutes of one another are one visit, timed by the first."),
    ),
    Kpi(
        id="patrol_implausible_scans",
        label=Text("打卡过快", "Scans too fast to be true"),
        top=Text(f"同一人在同一路线上接连打卡两个不同的点，按平均点距推算快于每小时{FASTEST // 1000}公里的打卡",
                 f"scans of one guard at two points of a route in a row that ask for more than {FASTEST // 1000} km/h over the mean leg"),
        bottom=_NONE,
        table="patrol_scan", numerator="implausible", kind="count", unit=Text("次", "scans"), scale=1, better="down",
        dated_by="paced_at", by="route", source="S4:38",
        note=Text("平均点距为路线长度除以点数，相邻很近的点可能被误标；只判定知道路线长度和巡更人的打卡。仅作标记，未从完成率剔除。",
                  "The mean leg is route length over checkpoints, so points close together may be flagged wrongly; judged where length and guard are known. A flag only: still in the completion rate."),
    ),
    Kpi(
        id="patrol_issue_share",
        label=Text("巡查发现异常占比", "Scans with an issue"),
        top=Text("登记有异常的打卡", "scans that record an issue"), bottom=Text("当期登记了有无异常的打卡", "scans of the period that say whether there was one"),
        table="patrol_scan", numerator="issue", dated_by="actual_at", by="route", source="S4:38",
    ),
)
# fmt: on


def derive(known: Mapping[str, pd.DataFrame], cut: Cut) -> dict[str, pd.DataFrame]:
    """Return the plan up to `cut.as_of` and the scans with what the KPIs name, `patrol_point_day` and `patrol_round`."""
    plan = _planned(known["patrol_plan"])
    plan = plan.assign(told=_told(plan["community"], plan["planned_at"], known["patrol_scan"], "actual_at"))
    scans = _on_routes(known["patrol_scan"], plan)
    plan = _rounds(_judged(plan, _offsets(plan, scans), cut.as_of))
    scans = _paced(_visited(scans), plan)
    days = _point_days(plan, scans, cut.as_of)
    plan = plan[plan["planned_at"] <= cut.as_of].reset_index(drop=True)  # what lies ahead is no zero of anything
    walks = _walks(plan, known["hazard"])
    return {"patrol_plan": plan, "patrol_scan": scans, "patrol_point_day": days, "patrol_round": walks}


def _told(places: pd.Series, at: pd.Series, rows: pd.DataFrame, dated_by: str) -> pd.Series:
    """Say for each instant whether `rows` of its community speak of its month: without them nobody knows what happened."""
    covered = {
        place: set(covered_months(rows[rows["community"] == place], dated_by)) for place in rows["community"].unique()
    }
    months = at.dt.strftime("%Y-%m")
    told = [month in covered.get(place, ()) for place, month in zip(places, months, strict=True)]
    return pd.Series(told, index=at.index, dtype=bool)


def _planned(plan: pd.DataFrame) -> pd.DataFrame:
    """Add `point`, `visit_at` and `single`, False for a second plan of the same checkpoint and time."""
    plan = plan.sort_values(["community", "planned_at", "plan_id"], ignore_index=True)
    plan = plan.assign(point=_point(plan), visit_at=plan["planned_at"])
    return plan.assign(single=~plan.duplicated(["community", "point", "planned_at"]))


def _point(rows: pd.DataFrame) -> pd.Series:
    return (rows["route"].fillna("") + "/" + rows["checkpoint"]).astype("str")


def _on_routes(scans: pd.DataFrame, plan: pd.DataFrame) -> pd.DataFrame:
    """Give scans without a route that of their checkpoint, where it lies on one only."""
    places = ["community", "checkpoint"]
    lies_on = plan.drop_duplicates([*places, "route"])
    lies_on = lies_on[~lies_on.duplicated(places, keep=False)].set_index(places)["route"]
    found = lies_on.reindex(pd.MultiIndex.from_frame(scans[places])).to_numpy()
    scans = scans.assign(route=scans["route"].fillna(pd.Series(found, index=scans.index, dtype="str")))
    return scans.assign(point=_point(scans))


def _offsets(plan: pd.DataFrame, scans: pd.DataFrame) -> pd.Series:
    """Return for each planned visit the seconds by which the nearest of its own scans came after it (before: negative)."""
    own = ["community", "point"]
    spots = pd.MultiIndex.from_frame(plan[own]).unique()
    visits = plan.assign(spot=spots.get_indexer(pd.MultiIndex.from_frame(plan[own])))
    visits = visits.loc[plan["single"], ["spot", "planned_at"]].reset_index(names="visit")
    heard = scans.assign(spot=spots.get_indexer(pd.MultiIndex.from_frame(scans[own])))[["spot", "actual_at"]]
    near = pd.merge_asof(
        heard[heard["spot"] >= 0].sort_values("actual_at", kind="stable"),
        visits.sort_values("planned_at", kind="stable"),
        by="spot",
        left_on="actual_at",
        right_on="planned_at",
        direction="nearest",
    ).dropna(subset=["visit"])
    seconds = (near["actual_at"] - near["planned_at"]).dt.total_seconds().astype("int64")
    near = near.assign(seconds=seconds, off=seconds.abs()).sort_values(["visit", "off", "seconds"])
    first = near.drop_duplicates("visit")
    return pd.Series(first["seconds"].to_numpy(), index=first["visit"].astype("int64")).reindex(plan.index)


def _judged(plan: pd.DataFrame, seconds: pd.Series, as_of: pd.Timestamp) -> pd.DataFrame:
    """Add completed (in the window), made (also early or late), missed, early, late; unknown before they can be judged.

    A month without any scan on record is unknown, not missed.
    """
    window = plan["window_minutes"].astype("Float64").to_numpy(dtype="float64", na_value=np.nan) * 60
    stray, ready = STRAY_MINUTES * 60, (plan["single"] & plan["told"]).to_numpy() & ~np.isnan(window)
    age = (as_of - plan["planned_at"]).dt.total_seconds().to_numpy()
    off = seconds.to_numpy(dtype="float64")
    in_time, made = np.abs(off) <= window, np.abs(off) <= window + stray
    closed, over = ready & (age >= window), ready & (age >= window + stray)
    facts = {"made": made, "missed": ~made, "early": made & ~in_time & (off < 0), "late": made & ~in_time & (off > 0)}
    index = plan.index
    judged = {name: only(pd.Series(fact, index=index), pd.Series(over, index=index)) for name, fact in facts.items()}
    completed = only(pd.Series(in_time, index=index), pd.Series(closed, index=index))
    return plan.assign(
        completed=completed,
        made=judged.pop("made"),
        **{name: flag.astype("Int64") for name, flag in judged.items()},
    )


def _rounds(plan: pd.DataFrame) -> pd.DataFrame:
    """Add to the first visit of each round round_at, round_done and walked_milli (its length if done, else 0)."""
    walked = plan["single"] & plan["round_id"].notna()
    names = pd.MultiIndex.from_frame(plan[["community", "route", "round_id"]].fillna({"route": ""}))
    codes = np.where(walked, pd.factorize(names)[0], -1)
    first = walked & ~pd.Series(codes, index=plan.index).duplicated()
    size = codes.max(initial=-1) + 1
    made, judged = plan["made"].fillna(False), plan["made"].notna()
    planned, done, told = (
        sum_by(codes, flag.to_numpy("int64"), size)[codes] if size else np.zeros(len(plan), dtype="int64")
        for flag in (walked, made, judged)
    )
    whole = only(pd.Series(done == planned, index=plan.index), first & (told == planned))
    return plan.assign(
        round_at=plan["planned_at"].where(first),
        round_done=whole,
        walked_milli=whole.astype("Int64") * plan["route_milli"],
    )


def _visited(scans: pd.DataFrame) -> pd.DataFrame:
    """Add `visit` (1 at the first scan of each visit, missing at others) and `at_night`."""
    ordered = scans.sort_values(["community", "point", "actual_at", "guard"])
    same = ~(ordered[["community", "point"]] != ordered[["community", "point"]].shift()).any(axis=1)
    near = ordered["actual_at"].diff() <= pd.Timedelta(minutes=VISIT_MINUTES)
    new = (~(same & near)).reindex(scans.index).astype(bool)
    hour = scans["actual_at"].dt.hour
    return scans.assign(
        visit=only(new, new).astype("Int64"),
        at_night=only((hour >= NIGHT[0]) | (hour < NIGHT[1]), new),
        issue=scans["issue_found"],
    )


def _paced(scans: pd.DataFrame, plan: pd.DataFrame) -> pd.DataFrame:
    """Add `implausible` and its date `paced_at` where the scan before of the same guard was elsewhere on the same route."""
    routes = ["community", "route"]
    points = plan.dropna(subset=["route"]).drop_duplicates([*routes, "checkpoint"])[routes].value_counts()
    length = plan.dropna(subset=["route", "route_milli"]).sort_values("route_milli", ascending=False)
    length = length.drop_duplicates(routes).set_index(routes)["route_milli"]
    ordered = scans.dropna(subset=["guard", "route"]).sort_values(["community", "guard", "actual_at", "point"])
    before = ordered.shift()
    names = pd.MultiIndex.from_frame(ordered[routes])
    metres = pd.Series(length.reindex(names).to_numpy(dtype="float64", na_value=np.nan), index=ordered.index)
    legs = pd.Series(points.reindex(names).to_numpy(dtype="float64"), index=ordered.index)
    seconds = (ordered["actual_at"] - before["actual_at"]).dt.total_seconds()
    same = (ordered[["community", "guard", "route"]] == before[["community", "guard", "route"]]).all(axis=1)
    judged = same & (ordered["point"] != before["point"]) & metres.notna() & legs.notna()
    too_fast = metres * 3600 > FASTEST * seconds * legs
    flag = only(too_fast, judged).astype("Int64").reindex(scans.index)
    return scans.assign(implausible=flag, paced_at=scans["actual_at"].where(flag.notna()))


def _point_days(plan: pd.DataFrame, scans: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return one row for each checkpoint and day with planned visits: day_on, covered, visits, days (1 once it is over and scans speak of it)."""
    keys = ["community", "point", "day_on"]
    planned = plan[plan["single"]].assign(day_on=plan["planned_at"].dt.floor("D"))
    codes = pd.factorize(pd.MultiIndex.from_frame(planned[keys]))[0]
    rows = planned.drop_duplicates(keys)[["community", "route", "checkpoint", "point", "day_on", "told"]]
    rows, size = rows.reset_index(drop=True), codes.max(initial=-1) + 1
    made, judged = (planned["made"].fillna(False), planned["made"].notna())
    wanted, done, told = (
        sum_by(codes, flag.to_numpy("int64"), size) for flag in (pd.Series(True, planned.index), made, judged)
    )
    seen = scans[scans["visit"].notna()].assign(day_on=scans["actual_at"].dt.floor("D"))
    at = pd.MultiIndex.from_frame(rows[keys]).get_indexer(pd.MultiIndex.from_frame(seen[keys]))
    over = rows.pop("told") & (rows["day_on"] + pd.Timedelta(days=1) - pd.Timedelta(seconds=1) <= as_of)
    return rows.assign(
        covered=only(pd.Series(done == wanted, rows.index), pd.Series(told == wanted, rows.index)),
        visits=pd.array(np.bincount(at[at >= 0], minlength=len(rows)), dtype="Int64"),
        days=only(over, over).astype("Int64"),
    )


def _walks(plan: pd.DataFrame, hazards: pd.DataFrame) -> pd.DataFrame:
    """Return the judged rounds of the months of which the hazard register speaks: month_on, `rounds` (1 if completed)."""
    walks = plan[plan["round_done"].notna()]
    months = walks["round_at"].dt.to_period("M")
    told = _told(walks["community"], walks["round_at"], hazards, "found_at")
    return pd.DataFrame(
        {
            "community": walks.loc[told, "community"],
            "route": walks.loc[told, "route"],
            "month_on": months[told].dt.to_timestamp().astype("datetime64[s]"),
            "rounds": walks.loc[told, "round_done"].astype("Int64"),
        }
    ).reset_index(drop=True)
