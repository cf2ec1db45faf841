"""Equipment, read from rows: technical security by system, the winter checklist, and the assets to watch."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from propkit.domains.facilities_derived import SECURITY, day_end
from propkit.domains.reading import listed, shaped
from propkit.model import Column, Cut, Reading
from propkit.periods import Period
from propkit.text import Text

SYSTEMS = {
    "elevator": Text("电梯", "Lifts"),
    "fire": Text("消防", "Fire protection"),
    "water": Text("给排水", "Water and drainage"),
    "power": Text("供配电", "Power supply"),
    "cctv": Text("监控", "Video surveillance"),
    "access": Text("门禁", "Access control"),
    "perimeter": Text("周界报警", "Perimeter alarm"),
    "parking": Text("停车", "Parking system"),
    "heating": Text("供暖", "Heating"),
    "lighting": Text("照明", "Lighting"),
    "other": Text("其他", "Other"),
}
_SYSTEM = Column("choice", label=Text("系统", "System"), choices=SYSTEMS)

# One line for each fact, as in a table.
# fmt: off
READINGS = (
    Reading(
        id="smart_security",
        label=Text("智慧安防", "Smart security"),
        tables=("asset", "asset_month"),
        top=Text("期间最后一个整月月末，监控、门禁、周界报警、停车各系统的在用设备、当期新装、已联网和完好数",
                 "for video, access, perimeter and parking systems at the end of the period's last month: assets in use, newly installed in the "
                 "period, connected, and in working order"),
        columns={
            "system": _SYSTEM,
            "installed": Column("whole", label=Text("在用", "In use")),
            "added": Column("whole", label=Text("当期新装", "Newly installed")),
            "connected": Column("whole", label=Text("已联网", "Connected")),
            "in_order": Column("whole", label=Text("完好", "In working order")),
        },
        headline=("sum", "installed"), unit=Text("台", "assets"), explained=True, source="S3:79; S4:37",
        note=Text("没有设备的系统不列；期间最后一个月未结束或数据未及时没有数；故障记录不及该月的，完好数为空；联网没有接入日期的，视为一直联网。",
                  "Systems without assets are not listed; nothing is said while that month is not over or the data do not reach it; without a failure log "
                  "of that month the number in working order is blank; an asset connected at an unknown date counts as always connected."),
    ),
    Reading(
        id="winter_checklist",
        label=Text("冬季准备清单", "Winter checklist"),
        tables=("pm_task",),
        top=Text("本冬季（当年7月至次年6月到期）的供暖预检和冬季准备项，按系统：期末已完成、逾期和未到期",
                 "heating pre-checks and winter items due this winter (July to June), by system: done, overdue and not yet due at the end of the period"),
        columns={
            "system": _SYSTEM,
            "items": Column("whole", label=Text("事项", "Items")),
            "done": Column("whole", label=Text("已完成", "Done")),
            "overdue": Column("whole", label=Text("逾期未完成", "Overdue")),
            "ahead": Column("whole", label=Text("未到期", "Not yet due")),
        },
        headline=("sum", "overdue"), better="down", explained=True, source="S1:54",
        note=Text("已取消的不计；没有完成日期一列的导出不计；有结果而没有完成日期的计为已完成。",
                  "Items called off are left out, as are exports without a completion column; an item with a result but no date counts as done."),
    ),
    Reading(
        id="ageing_asset_list",
        label=Text("老化与带病设备清单", "Assets to watch"),
        tables=("asset", "asset_month"),
        top=Text("期间最后一个整月月末：超过设计年限、停机未修，或最近一次检查不合格而未整改仍在运行的设备",
                 "at the end of the period's last month: assets beyond design life, standing still, or running though their last inspection failed "
                 "and was not put right"),
        columns={
            "asset_id": Column("id", label=Text("设备编号", "Asset")),
            "system": _SYSTEM,
            "installed_on": Column("day", label=Text("安装日期", "Installed")),
            "months_over": Column("whole", label=Text("超过设计年限（月）", "Months beyond design life")),
            "is_down": Column("flag", label=Text("停机未修", "Out of order")),
            "has_defect": Column("flag", label=Text("带病运行", "Running with a defect")),
        },
        unit=Text("台", "assets"), better="down", explained=True, source="S3:19",
        note=Text("空白为不知道：没有设计年限、没有故障记录或没有检查记录。", "Blank means unknown: no design life, no failure log, or never inspected."),
    ),
)
# fmt: on
_COLUMNS = {reading.id: reading.columns for reading in READINGS}


def smart_security(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return one row for each security system that has assets; None where the last month has no stock."""
    months, assets = _last_month(tables["asset_month"], period), tables["asset"]
    if months.empty:
        return None
    stock = months[months["in_stock"]]
    fresh = assets[(assets["installed_on"] >= period.start) & (assets["installed_on"] < period.end)]["asset_id"]
    records = []
    for system in SECURITY:
        ours = stock[stock["system"] == system]
        if len(ours):
            known = ours["serviceable"].notna().all()
            records.append(
                {
                    "system": system,
                    "installed": len(ours),
                    "added": int(ours["asset_id"].isin(fresh).sum()),
                    "connected": int(ours["connected"].fillna(False).sum()),
                    "in_order": int(ours["serviceable"].sum()) if known else None,
                }
            )
    return listed(records, _COLUMNS["smart_security"])


def winter_checklist(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return one row for each system with items of this winter, in the order of the systems, unknown ones last."""
    rows = tables["pm_task"]
    now = min(period.end - pd.Timedelta(seconds=1), cut.as_of)
    year = now.year if now.month >= 7 else now.year - 1
    season = (rows["due_on"] >= pd.Timestamp(year, 7, 1)) & (rows["due_on"] < pd.Timestamp(year + 1, 7, 1))
    wanted = rows["pm_kind"].isin(["winter", "heating_precheck"]) & rows["given_done"] & ~rows["called_off"]
    items = rows[season & wanted]
    if items.empty:
        return None
    done = items["performed"] & ~(items["done_on"] > now)
    late = ~done & (day_end(items["due_on"]) <= now)
    records = []
    for system in [*SYSTEMS, None]:
        ours = items["system"].isna() if system is None else items["system"] == system
        if ours.any():
            count = {"items": int(ours.sum()), "done": int((ours & done).sum()), "overdue": int((ours & late).sum())}
            records.append({"system": system} | count | {"ahead": count["items"] - count["done"] - count["overdue"]})
    return listed(records, _COLUMNS["winter_checklist"])


def ageing_asset_list(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the assets to watch, those longest beyond their design life first."""
    months = _last_month(tables["asset_month"], period)
    if months.empty:
        return None
    stock = months[months["in_stock"]].drop(columns="system").merge(tables["asset"], on=["community", "asset_id"])
    flags = {"is_down": ~stock["serviceable"], "has_defect": stock["defect_open"]}
    stock = stock.assign(**flags)
    watched = stock["beyond_life"].fillna(False) | stock["is_down"].fillna(False) | stock["has_defect"].fillna(False)
    found = stock[watched].sort_values(["months_over", "asset_id"], ascending=[False, True], na_position="last")
    return shaped(found, _COLUMNS["ageing_asset_list"])


def _last_month(months: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Return the rows of the last month of `period`; a single day has none."""
    if period.kind == "day":
        return months.iloc[:0]
    return months[months["month_on"] == pd.Timestamp(f"{period.months[-1]}-01")]
