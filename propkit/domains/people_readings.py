"""What the roster says of a period that no sum can: its structure, its review, who stayed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from propkit.domains.community import AGE_BANDS, RESIDENCE
from propkit.domains.knowledge import covered_months, covers_day, sum_by
from propkit.domains.reading import listed
from propkit.domains.teams import on_staff, roster_since
from propkit.model import Column, Cut, Reading
from propkit.periods import Period
from propkit.text import Text

ASPECTS = {
    "age": Text("年龄", "Age"),
    "tenure": Text("司龄", "Length of service"),
    "certificate": Text("持证", "Certificate"),
    "total": Text("合计", "Total"),
}
BANDS = (
    AGE_BANDS
    | RESIDENCE
    | {
        "certified": Text("持证", "Certified"),
        "uncertified": Text("未持证", "Not certified"),
        "unknown": Text("未登记", "Not recorded"),
        "all": Text("全部", "All"),
    }
)

_PEOPLE = Text("人", "people")
# One line for each fact, as in a table.
# fmt: off
READINGS = (
    Reading(
        id="team_structure", label=Text("人员结构", "Structure of the team"), tables=("staff",),
        top=Text("期末在岗人员，按年龄、司龄和持证", "staff at the end of the period by age, length of service and certificate"),
        columns={
            "aspect": Column("choice", label=Text("方面", "Aspect"), choices=ASPECTS),
            "band": Column("choice", label=Text("分组", "Group"), choices=BANDS),
            "own": Column("whole", label=Text("自有", "Own")),
            "outsourced": Column("whole", label=Text("外包", "Outsourced")),
            "staff": Column("whole", label=Text("人数", "Staff")),
        },
        headline=("last", "staff"), unit=_PEOPLE, source="S4:36",
        note=Text("期末在数据日之后的，取数据日。是否外包空白的按自有计；年龄和持证按花名册现在的登记。稳定情况见人员稳定率。",
                  "At the cut-off where the period ends later. Staff of unknown contract are taken as own; age and certificate as the roster has them now. Who stayed: see staff who stayed."),
    ),
    Reading(
        id="staff_review", label=Text("人员盘点", "Review of the staff"), tables=("staff",),
        top=Text("各部门期末在岗、当期考核评估、入职、离开和被淘汰的人数", "for each department the staff at the end of the period, and those assessed, hired, gone and dismissed in it"),
        columns={
            "department": Column("text", label=Text("部门", "Department")),
            "staff": Column("whole", label=Text("期末在岗", "At the end")),
            "assessed": Column("whole", label=Text("考核评估", "Assessed")),
            "hired": Column("whole", label=Text("入职", "Hired")),
            "gone": Column("whole", label=Text("离开", "Gone")),
            "dismissed": Column("whole", label=Text("其中淘汰", "Of these dismissed")),
            "certified": Column("whole", label=Text("期末持证", "Certified at the end")),
        },
        headline=("sum", "staff"), unit=_PEOPLE, explained=True, source="S3:35",
        note=Text("考核评估按人计，同一人多次计一次；异动记录没有覆盖整个时期时空着。含外包；离开含调往其他项目。",
                  "A person assessed twice counts once; blank where the record of events does not cover the whole period. Outsourced staff included; those gone include transfers."),
    ),
    Reading(
        id="team_cohesion", label=Text("团队凝聚力", "Cohesion of the team"), tables=("staff",),
        top=Text("各部门期初在岗、期末仍在岗的人数，以及培训应到和实到人次", "for each department the staff at the start, those still there at the end, and attendance at training"),
        columns={
            "department": Column("text", label=Text("部门", "Department")),
            "at_start": Column("whole", label=Text("期初在岗", "At the start")),
            "stayed": Column("whole", label=Text("期末仍在岗", "Still there at the end")),
            "expected": Column("whole", label=Text("培训应到", "Expected at training")),
            "attended": Column("whole", label=Text("培训实到", "Attended training")),
        },
        headline=("sum", "stayed"), unit=_PEOPLE, explained=True, source="S3:111",
        note=Text("没有考勤数据，出勤以培训到课代替；培训记录没有覆盖整个时期时空着。花名册没有覆盖整个时期，或数据日时期未满的，没有数值。",
                  "There are no time sheets, so attendance is that of training; blank where its record does not cover the whole period. Without value where the roster does not cover the period or it is not over."),
    ),
)
# fmt: on
_COLUMNS = {reading.id: reading.columns for reading in READINGS}


def team_structure(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return heads by age, length of service and certificate, the total last; None before the roster is complete."""
    staff, moment = tables["staff"], _end(period, cut)
    if moment <= period.start or not _tells(staff, moment):
        return None
    there = staff[on_staff(staff, moment)]
    years = (moment - there["hired_on"]).dt.days / 365.25
    tenure = pd.cut(years, [-0.01, 1, 3, 5, 200], right=False, labels=list(RESIDENCE)).astype("str")
    held = there["certified"].map({True: "certified", False: "uncertified"})
    parts = [("age", there["age_band"]), ("tenure", tenure), ("certificate", held)]
    away = there["outsourced"].fillna(False).to_numpy(dtype=bool)
    records = []
    for aspect, bands in parts:
        named = bands.fillna("unknown").to_numpy()
        records += [_heads(aspect, band, away[named == band]) for band in BANDS if (named == band).any()]
    return listed([*records, _heads("total", "all", away)], _COLUMNS["team_structure"])


def staff_review(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return one row for each department; None before the roster is complete."""
    staff, events, moment = tables["staff"], tables["staff_event"], _end(period, cut)
    if moment <= period.start or not _tells(staff, period.start + pd.Timedelta(seconds=1)):
        return None
    assessed = _within(events, "happened_on", period)
    assessed = assessed[assessed["staff_event_kind"] == "assessment"].drop_duplicates("staff_id")
    there, left = on_staff(staff, moment), _dated(staff, "left_on", period)
    names = _departments(staff, assessed)
    told = {
        "staff": _count(staff, there, names),
        "assessed": _count(assessed, np.full(len(assessed), True), names),
        "hired": _count(staff, _dated(staff, "hired_on", period), names),
        "gone": _count(staff, left, names),
        "dismissed": _count(staff, left & (staff["leave_reason"] == "involuntary").to_numpy(), names),
        "certified": _count(staff, there & staff["certified"].fillna(False).to_numpy(dtype=bool), names),
    }
    if not _covers(events, "happened_on", period):
        told["assessed"] = [None] * len(names)
    return _by_department(names, told, "staff_review")


def team_cohesion(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return one row for each department; None where the roster does not tell both ends of the period."""
    staff, trained = tables["staff"], _within(tables["training"], "held_on", period)
    over = period.end - pd.Timedelta(seconds=1) <= cut.as_of
    if not over or not _tells(staff, period.start + pd.Timedelta(seconds=1)):
        return None
    trained = trained[trained["present"].notna()]
    before, after = on_staff(staff, period.start), on_staff(staff, period.end)
    names = _departments(staff[before], trained)
    told = {"at_start": _count(staff, before, names), "stayed": _count(staff, before & after, names)}
    for column, source in (("expected", "due"), ("attended", "present")):
        known = _covers(tables["training"], "held_on", period)
        told[column] = _count(trained, trained[source], names) if known else [None] * len(names)
    return _by_department(names, told, "team_cohesion")


def _end(period: Period, cut: Cut) -> pd.Timestamp:
    return min(period.end, cut.as_of + pd.Timedelta(seconds=1))


def _tells(staff: pd.DataFrame, moment: pd.Timestamp) -> bool:
    """Say whether the roster of one community is complete at `moment`."""
    since = next(iter(roster_since(staff).values()), None)
    return since is not None and since < moment


def _heads(aspect: str, band: str, away: np.ndarray) -> dict[str, object]:
    return {
        "aspect": aspect, "band": band, "own": int((~away).sum()), "outsourced": int(away.sum()), "staff": len(away),
    }  # fmt: skip


def _dated(rows: pd.DataFrame, column: str, period: Period) -> np.ndarray:
    return ((rows[column] >= period.start) & (rows[column] < period.end)).to_numpy(dtype=bool)


def _within(rows: pd.DataFrame, column: str, period: Period) -> pd.DataFrame:
    return rows[_dated(rows, column, period)]


def _covers(rows: pd.DataFrame, column: str, period: Period) -> bool:
    """Say whether an export speaks of the whole period."""
    if period.kind == "day":
        return covers_day(rows, column, period.start)
    return set(period.months) <= set(covered_months(rows, column))


def _departments(*parts: pd.DataFrame) -> list[object]:
    """Return the names in order, the unknown one last."""
    names = pd.concat([rows["department"] for rows in parts]).drop_duplicates()
    return [*sorted(names.dropna()), *([None] if names.isna().any() else [])]


def _count(rows: pd.DataFrame, values: object, names: list[object]) -> list[int]:
    codes = pd.Index(names, dtype="str").get_indexer(pd.Index(rows["department"], dtype="str"))
    return sum_by(codes, np.asarray(values, dtype="int64"), len(names)).tolist()


def _by_department(names: list[object], told: dict[str, list], reading: str) -> pd.DataFrame:
    """Return the departments of which there is anything to say."""
    records = [{"department": name, **{key: told[key][at] for key in told}} for at, name in enumerate(names)]
    kept = [record for record in records if any(record[key] for key in told)]
    return listed(kept, _COLUMNS[reading])
