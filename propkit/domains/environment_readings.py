"""Inspections, read from rows: cleaning by place and inspector, what to replant, what lies about, and what nobody looked at."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from propkit.domains.facilities_readings import SYSTEMS
from propkit.domains.knowledge import covered_months, covers_day, given
from propkit.domains.reading import during, listed, shaped, speaks
from propkit.model import Column, Cut, Reading
from propkit.periods import Period, month_range
from propkit.text import Text

DOMAINS = {
    "cleaning": Text("保洁", "Cleaning"),
    "greening": Text("绿化", "Greening"),
    "facility": Text("设施", "Facilities"),
    "fire": Text("消防", "Fire safety"),
    "security": Text("治安", "Security"),
    "order": Text("公共秩序", "Public order"),
    "quality": Text("品质", "Quality"),
}
FOLLOW_UPS = {
    "replant": Text("补种", "Replant"),
    "adjust": Text("调整", "Adjust"),
    "treat": Text("病虫防治", "Treat"),
    "prune": Text("修剪", "Prune"),
}
_STATES = {"open": Text("未完成", "Open"), "done": Text("已完成", "Done")}
_BLIND = {
    "area": Text("区域", "Area"),
    "asset": Text("设备", "Asset"),
    "failure": Text("故障前无巡检", "Failure without inspection"),
}
_FEWEST, _DAYS = 10, 30
_AREA = {
    "area_id": Column("id", label=Text("区域编号", "Area")),
    "area_type": Column("text", label=Text("区域类型", "Area type")),
}

# One line for each fact, as in a table.
# fmt: off
READINGS = (
    Reading(
        id="cleaning_measures",
        label=Text("保洁检查明细", "Cleaning inspections in detail"),
        tables=("inspection",),
        top=Text("当期保洁检查：各类区域的检查项、合格项、检查人数，以及检查满10项的检查人中最低与最高的合格率",
                 "cleaning inspections of the period by area type: items inspected and passed, inspectors, and the lowest and highest pass rate among "
                 "inspectors with at least 10 items"),
        columns={
            "area_type": _AREA["area_type"],
            "inspected": Column("whole", label=Text("检查项", "Inspected")),
            "passed": Column("whole", label=Text("合格项", "Passed")),
            "inspectors": Column("whole", label=Text("检查人数", "Inspectors")),
            "lowest_milli": Column("decimal", label=Text("最低合格率（%）", "Lowest pass rate (%)")),
            "highest_milli": Column("decimal", label=Text("最高合格率（%）", "Highest pass rate (%)")),
        },
        headline=("sum", "inspected"), explained=True, source="S0:69",
        note=Text("各人尺度不一时，合格率的变化可能只是换了检查人；满10项的检查人不足两位时不列高低；合格率向下取到千分之一个百分点。保洁员培训次数见培训表，这里不计。",
                  "Where inspectors judge differently, a change of the pass rate may be a change of inspector; fewer than two with 10 items give no range; rates "
                  "are rounded down to a thousandth of a point. Training sessions of cleaners are in the training table and not counted here."),
    ),
    Reading(
        id="replanting_areas",
        label=Text("补种与调整区域", "Areas to replant or adjust"),
        tables=("inspection",),
        top=Text("当期绿化检查提出补种或调整的区域，以及此前提出、期末仍未完成的区域",
                 "areas that greening inspections of the period want replanted or adjusted, and earlier ones still open at its end"),
        columns=_AREA | {
            "size_milli": Column("decimal", label=Text("面积（㎡）", "Size (m²)")),
            "follow_up": Column("choice", label=Text("措施", "Measure"), choices=FOLLOW_UPS),
            "found_on": Column("day", label=Text("提出日期", "Found")),
            "status": Column("choice", label=Text("状态", "Status"), choices=_STATES),
            "done_on": Column("day", label=Text("完成日期", "Done")),
        },
        explained=True, source="S1:9",
        note=Text("同一区域同一措施、完成时间相同（或都未完成）的多次记录并为最早一条；没有整改时间一列的导出，状态为空，且只列当期的。",
                  "Records of one area and measure with the same completion (or none) are one, the earliest; where an export has no column of completions the "
                  "status is blank and only the period's are listed."),
    ),
    Reading(
        id="public_order_open",
        label=Text("公共区域未整改问题", "Open cases in public areas"),
        tables=("inspection",),
        top=Text("公共秩序检查不合格、期末仍未整改的堆物或损坏", "clutter or damage found by public-order inspections and not put right by the end of the period"),
        columns=_AREA | {
            "check_item": Column("text", label=Text("检查项目", "Item")),
            "found_on": Column("day", label=Text("发现日期", "Found")),
            "days_open": Column("whole", label=Text("已有天数", "Days open")),
        },
        better="down", source="S4:46",
        note=Text("以整改时间为准；没有整改时间一列的导出不列。", "By the time of rectification; exports without that column are left out."),
    ),
    Reading(
        id="inspection_blind_spots",
        label=Text("巡检盲区", "Inspection blind spots"),
        tables=("inspection",),
        top=Text("当期一次也没有检查的责任区和在用设备，以及此前30天内没有检查过该设备的非计划故障",
                 "areas and assets in use with no inspection in the period, and unplanned failures of assets not inspected in the 30 days before"),
        columns={
            "what": Column("choice", label=Text("类别", "What"), choices=_BLIND),
            "domain": Column("choice", label=Text("领域", "Domain"), choices=DOMAINS),
            "system": Column("choice", label=Text("系统", "System"), choices=SYSTEMS),
            "place_id": Column("id", label=Text("编号", "Id")),
            "is_key": Column("flag", label=Text("重点", "Key")),
            "last_on": Column("day", label=Text("上次检查", "Last inspected")),
            "failed_at": Column("instant", label=Text("故障时间", "Failed")),
        },
        better="down", source="S1:35",
        note=Text("只看检查记录覆盖整个期间的领域；设备和故障要求带设备编号的检查记录覆盖（故障还含此前30天）。不知道的不列。按季检查的设备在没有轮到的月份也会列出，宜按季度看。重点的在前。",
                  "Only domains whose records cover the whole period; assets and failures need records that name assets (for a failure also over the 30 days "
                  "before). What is unknown is not listed. Assets inspected quarterly appear in the months between: read it by quarter. Key ones come first."),
    ),
)
# fmt: on
_COLUMNS = {reading.id: reading.columns for reading in READINGS}


def cleaning_measures(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return one row for each area type, by name, the unknown one last."""
    rows = tables["inspection"]
    rows = rows[rows["domain"] == "cleaning"]
    if not speaks(rows, "dated_at", period):
        return None
    judged = during(rows[rows["cleaning_passed"].notna()], "actual_at", period)
    kinds = sorted(judged["area_type"].dropna().unique())
    records = [{"area_type": kind} | _spread(judged[judged["area_type"] == kind]) for kind in kinds]
    unknown = judged[judged["area_type"].isna()]
    return listed([*records, *([_spread(unknown)] if len(unknown) else [])], _COLUMNS["cleaning_measures"])


def _spread(judged: pd.DataFrame) -> dict[str, object]:
    """Return items inspected and passed, and how far the inspectors of enough items differ."""
    items = judged["inspector"].value_counts()
    passed = judged.loc[judged["cleaning_passed"], "inspector"].value_counts()
    shares = [int(passed.get(who, 0)) * 100_000 // int(count) for who, count in items.items() if count >= _FEWEST]
    ends = {"lowest_milli": min(shares), "highest_milli": max(shares)} if len(shares) > 1 else {}
    counts = {"inspected": len(judged), "passed": int(judged["cleaning_passed"].sum()), "inspectors": len(items)}
    return counts | {"lowest_milli": None, "highest_milli": None} | ends


def replanting_areas(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the areas, those found first above."""
    rows = tables["inspection"]
    rows = rows[rows["domain"] == "greening"]
    if not speaks(rows, "dated_at", period):
        return None
    wanted = rows[rows["follow_up"].isin(["replant", "adjust"]) & (rows["actual_at"] < period.end)]
    tells = given(wanted, "cleared_at")
    done = wanted["cleared_at"].where(wanted["cleared_at"] < period.end)
    wanted = wanted.assign(done=done, tells=tells).sort_values(["actual_at", "inspection_id"])
    again = wanted.duplicated(["area_id", "follow_up", "done"]) & wanted["area_id"].notna()
    wanted = wanted[~again]
    wanted = wanted[(wanted["actual_at"] >= period.start) | (wanted["tells"] & wanted["done"].isna())]
    sizes = tables["area"][tables["area"]["domain"] == "greening"].set_index("area_id")["size_milli"]
    status = pd.Series("done", index=wanted.index).where(wanted["done"].notna(), "open").where(wanted["tells"])
    found = wanted.assign(
        size_milli=_found(sizes, wanted["area_id"]),
        found_on=wanted["actual_at"].dt.floor("D"),
        status=status,
        done_on=wanted["done"].dt.floor("D"),
    )
    return shaped(found, _COLUMNS["replanting_areas"])


def public_order_open(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the open cases, the oldest first."""
    rows = tables["inspection"]
    rows = rows[(rows["domain"] == "order") & given(rows, "cleared_at")]
    if not speaks(rows, "dated_at", period):
        return None
    now = min(period.end, cut.as_of + pd.Timedelta(seconds=1))
    left = rows[rows["performed"] & (rows["result"] == "fail") & (rows["actual_at"] < now)]
    left = left[~(left["cleared_at"] < now)].sort_values(["actual_at", "inspection_id"])
    found = left.assign(found_on=left["actual_at"].dt.floor("D"), days_open=(now - left["actual_at"]).dt.days)
    return shaped(found, _COLUMNS["public_order_open"])


def inspection_blind_spots(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return what nobody looked at: areas, then assets, then failures; None where no record covers the whole period."""
    rows = tables["inspection"]
    rows = rows.loc[given(rows, "actual_at"), [name for name in _VISIT if name in rows]]
    visits = rows[rows["performed"] & (rows["actual_at"] < period.end)]
    domains = [name for name in DOMAINS if _covers(rows[rows["domain"] == name], period)]
    of_assets = rows.dropna(subset=["asset_id"])
    knows_assets = _covers(of_assets, period)
    if not domains and not knows_assets:
        return None
    parts = [_unseen_areas(tables["area"], visits[visits["domain"] == name], name, period) for name in domains]
    if knows_assets:
        parts.append(_unseen_assets(tables["asset"], visits, period))
        parts.append(_unforeseen(tables["asset_event"], tables["asset"], of_assets, period))
    columns = _COLUMNS["inspection_blind_spots"]
    return shaped(pd.concat([listed([], columns), *parts], ignore_index=True), columns)


_VISIT = ["domain", "asset_id", "area_id", "performed", "actual_at", "dated_at", "file"]


def _covers(rows: pd.DataFrame, period: Period) -> bool:
    """Say whether the exports speak of the whole of `period`."""
    if period.kind == "day":
        return covers_day(rows, "dated_at", period.start)
    return set(period.months) <= set(covered_months(rows, "dated_at"))


def _last(visits: pd.DataFrame, column: str) -> pd.Series:
    return (
        visits[[column, "actual_at"]]
        .sort_values("actual_at")
        .dropna(subset=[column])
        .drop_duplicates(column, keep="last")
        .set_index(column)["actual_at"]
    )


def _unseen(places: pd.DataFrame, visits: pd.DataFrame, column: str, start: pd.Timestamp) -> pd.DataFrame:
    """Return the `places` without a visit since `start`, with the day of their last one before."""
    last_at = _found(_last(visits, column), places[column])
    unseen = places.assign(last_on=last_at.dt.floor("D"), place_id=places[column])[~(last_at >= start)]
    ordinary = ~unseen["is_key"].fillna(False).astype(bool)
    return unseen.assign(failed_at=pd.NaT, ordinary=ordinary).sort_values(["ordinary", "place_id"])


def _unseen_areas(areas: pd.DataFrame, visits: pd.DataFrame, domain: str, period: Period) -> pd.DataFrame:
    ours = areas[(areas["domain"] == domain) & ~(areas["added_on"] >= period.end)]
    found = _unseen(ours, visits, "area_id", period.start).assign(what="area", system=None)
    return _in_columns(found)


def _unseen_assets(assets: pd.DataFrame, visits: pd.DataFrame, period: Period) -> pd.DataFrame:
    gone = assets["status"].isin(["stopped", "retired"]) & (assets["status_on"] < period.end)
    ours = assets[~gone & ~(assets["installed_on"] >= period.end)]
    return _in_columns(_unseen(ours, visits, "asset_id", period.start).assign(what="asset", domain=None))


def _unforeseen(log: pd.DataFrame, assets: pd.DataFrame, rows: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Return failures of the period without an inspection of the asset in the 30 days before, where records reach so far."""
    wait = pd.Timedelta(days=_DAYS)
    told = set(covered_months(rows, "dated_at"))
    failures = during(log[log["counted"]], "failed_at", period).sort_values(["failed_at", "asset_id"])
    known = [set(month_range(at - wait, at)) <= told for at in failures["failed_at"]]
    failures = failures[pd.Series(known, index=failures.index, dtype=bool)]
    if failures.empty:
        return listed([], _COLUMNS["inspection_blind_spots"])
    visits = rows.loc[rows["performed"] & rows["actual_at"].notna(), ["asset_id", "actual_at"]].sort_values("actual_at")
    matched = pd.merge_asof(
        failures, visits, by="asset_id", left_on="failed_at", right_on="actual_at", allow_exact_matches=False
    )
    unseen = matched[~(matched["actual_at"] >= matched["failed_at"] - wait)]
    key = _found(assets.set_index("asset_id")["is_key"], unseen["asset_id"])
    last_on = unseen["actual_at"].dt.floor("D")
    found = unseen.assign(what="failure", domain=None, place_id=unseen["asset_id"], is_key=key, last_on=last_on)
    return _in_columns(found)


def _found(register: pd.Series, ids: pd.Series) -> pd.Series:
    """Return what `register` holds under each of `ids`."""
    return register.reindex(ids).set_axis(ids.index)


def _in_columns(rows: pd.DataFrame) -> pd.DataFrame:
    return shaped(rows, _COLUMNS["inspection_blind_spots"])
