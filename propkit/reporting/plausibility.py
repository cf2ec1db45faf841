"""What in the figures themselves speaks against an export: bands, swings, and printed percentages that do not hold."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from propkit import domains, store
from propkit.counted import count_communities
from propkit.domains import published
from propkit.domains.plausible import BANDS, FEWEST, SWING_POINTS, Band
from propkit.figures import Monthly, figures
from propkit.model import Cut, Kpi
from propkit.periods import parse_period
from propkit.text import Text
from propkit.workspace import Workspace

MONTHS = 13

Finding = tuple[str, str, Text]
"""Kind, community, and the sentence."""


def findings(workspace: Workspace) -> list[Finding]:
    """Return what is not plausible in the last months of every community; nothing without data."""
    communities = list(store.communities(workspace))
    cut = workspace.cut(store.data_cutoff(workspace))
    monthly = count_communities(workspace, communities, cut).monthly
    told = ("published_rate", "target")
    tables = domains.derive(store.load(workspace, communities, (*told, "household")), cut, told)
    last = parse_period(f"{cut.as_of:%Y-%m}")
    months = [parse_period(month) for month in last.history(MONTHS)[:-1]]
    kpis = [kpi for kpi in domains.KPIS.values() if kpi.kind in ("share", "rate", "money") and not kpi.split_only]
    rates = figures({}, cut, kpis, months, communities=communities, monthly=monthly)
    settled = rates[rates["state"].isin(["ok", "unreliable"]) & (rates["n"] >= FEWEST)]
    printed = _printed(tables["published_rate"], monthly, communities, cut)
    return [*_outside(settled), *_swings(settled), *printed, *target_findings(workspace, tables["target"], cut.as_of)]


def target_findings(workspace: Workspace, targets: pd.DataFrame, as_of: pd.Timestamp) -> list[Finding]:
    """Targets of the register that differ from propkit.toml, point the wrong way, or name no metric: the latest of each."""
    found: list[Finding] = []
    begun = targets[targets["start_on"] <= as_of].dropna(subset=["metric_id", "target_milli", "end_on"])
    begun = begun.sort_values(["community", "metric_id", "start_on", "end_on"], ascending=[True, True, True, False])
    for row in begun.drop_duplicates(["community", "metric_id"], keep="last").to_dict("records"):
        name, place, kpi = row["metric_id"], row["community"], domains.KPIS.get(row["metric_id"])
        if kpi is None:
            if name not in domains.READINGS and name not in domains.DURATIONS:
                found.append(("unknown_metric", place, _unknown_words(name)))
            continue
        value, month = row["target_milli"] / 1000, f"{min(row['end_on'], as_of):%Y-%m}"
        other = workspace.target(name, place, month)
        if other not in (None, value):
            found.append(("target_conflict", place, _conflict_words(kpi, row["period"], value, other)))
        if kpi.better and row["direction"] in ("up", "down") and row["direction"] != kpi.better:
            found.append(("target_direction", place, _direction_words(kpi, value)))
    return found


def _unknown_words(name: str) -> Text:
    return Text(
        f"目标表中的指标「{name}」不存在，这个目标没有用上：见 propkit kpis",
        f"the target table names the metric '{name}', which there is not; that target is not used: see propkit kpis",
    )


def _conflict_words(kpi: Kpi, period: object, value: float, other: float) -> Text:
    when = "" if pd.isna(period) else f" {period}"
    return Text(
        f"{kpi.label.zh}：目标表{when}为 {value:g}，propkit.toml 为 {other:g}；表中所写期间内以目标表为准",
        f"{kpi.label.en}: {value:g} in the target table{when}, {other:g} in propkit.toml; the table holds for its own period",
    )


def _direction_words(kpi: Kpi, value: float) -> Text:
    return Text(
        f"{kpi.label.zh}：目标 {value:g} 的方向与指标相反，按指标的方向判定",
        f"{kpi.label.en}: the target of {value:g} points the other way than the figure; judged by the figure's own direction",
    )


def _outside(rates: pd.DataFrame) -> list[Finding]:
    """A community's latest settled figure outside its band, told once for each KPI."""
    found, bands = [], {band.kpi: band for band in BANDS}
    latest = rates[rates["kpi"].isin(bands)].drop_duplicates(["kpi", "community"], keep="last")
    for row in latest.to_dict("records"):
        kpi, band = domains.KPIS[row["kpi"]], bands[row["kpi"]]
        value = row["value"] * kpi.scale
        if not band.low <= value <= band.high:
            found.append(("implausible", row["community"], _band_words(kpi, band, row["period"], value)))
    return found


def _band_words(kpi: Kpi, band: Band, period: str, value: float) -> Text:
    usual = f"{band.low:g}–{band.high:g}"
    return Text(
        f"{period} {kpi.label.zh} {value:.1f} {kpi.unit.zh}，不在常见范围 {usual} 内（{band.source.zh}）：先查口径和导出",
        f"{period} {kpi.label.en} {value:.1f} {kpi.unit.en} lies outside the usual {usual} ({band.source.en}): "
        "look at definition and export first",
    )


def _swings(rates: pd.DataFrame) -> list[Finding]:
    """Shares that jump from one month to the next as no service does."""
    shares = rates.loc[[domains.KPIS[kpi].kind == "share" for kpi in rates["kpi"]]]
    before = _shifted(shares)
    points = (shares["value"] - before["value"]).abs() * 100
    next_to = [one is not None and pd.Period(now) - pd.Period(one) == pd.offsets.MonthEnd(1)
               for one, now in zip(before["period"], shares["period"], strict=True)]  # fmt: skip
    return [
        ("swing", row["community"], _swing_words(row, old))
        for row, old, jump, near in zip(
            shares.to_dict("records"), before.to_dict("records"), points, next_to, strict=True
        )
        if near and jump > SWING_POINTS
    ]


def _shifted(shares: pd.DataFrame) -> pd.DataFrame:
    """The row before each, of the same KPI and community; missing where there is none."""
    before = shares[["kpi", "community", "period", "value"]].shift(1)
    same = (before["kpi"] == shares["kpi"]) & (before["community"] == shares["community"])
    return before.astype(object).where(same, None).assign(value=lambda rows: rows["value"].astype("Float64"))


def _swing_words(row: dict, old: dict) -> Text:
    kpi = domains.KPIS[row["kpi"]]
    was, now = (f"{one['value'] * kpi.scale:.1f}%" for one in (old, row))
    return Text(
        f"{kpi.label.zh} 从 {old['period']} 的 {was} 变到 {row['period']} 的 {now}：一个月内变化这样大，多半是口径或系统变了",
        f"{kpi.label.en} went from {was} ({old['period']}) to {now} ({row['period']}): so large a move in a month is usually a "
        "change of definition or system",
    )


def _printed(rows: pd.DataFrame, monthly: Monthly, communities: Sequence[str], cut: Cut) -> list[Finding]:
    """Printed percentages against their own halves, and those of a whole community against our figure."""
    found = [
        ("published", row["community"], _halves_words(row)) for row in published.contradictions(rows).to_dict("records")
    ]
    whole = rows[rows["group"].isna() & rows["kpi"].isin(list(domains.KPIS))]
    if whole.empty:
        return found
    kpis = [domains.KPIS[kpi] for kpi in dict.fromkeys(whole["kpi"])]
    periods = [parse_period(f"{month:%Y-%m}") for month in dict.fromkeys(whole["month_on"])]
    ours = figures({}, cut, kpis, periods, communities=communities, monthly=monthly)
    ours = ours.set_index(["kpi", "community", "period"])
    for row in whole.to_dict("records"):
        figure = ours.loc[row["kpi"], row["community"], f"{row['month_on']:%Y-%m}"]
        if figure["state"] in ("ok", "unreliable", "provisional"):
            value = figure["value"] * domains.KPIS[row["kpi"]].scale
            if abs(value * 1000 - row["printed_milli"]) > published.TOLERANCE_MILLI:
                found.append(("published", row["community"], _figure_words(row, float(value))))
    return found


def _halves_words(row: dict) -> Text:
    printed = f"{row['printed_milli'] / 1000:g}%"
    real = "—" if pd.isna(row["recomputed_milli"]) else f"{row['recomputed_milli'] / 1000:.1f}%"
    where = f"{row['file']}:{row['line']}" if "file" in row else ""
    group = "" if pd.isna(row["group"]) else f" {row['group']}"
    return Text(
        f"{where}{group} {row['kpi']}：印的是 {printed}，按它自己的分子分母是 {real}",
        f"{where}{group} {row['kpi']}: printed {printed}, its own halves give {real}",
    )


def _figure_words(row: dict, value: float) -> Text:
    kpi, month = domains.KPIS[row["kpi"]], f"{row['month_on']:%Y-%m}"
    printed = f"{row['printed_milli'] / 1000:g}%"
    return Text(
        f"{month} {kpi.label.zh}：导出印的是 {printed}，按明细重算是 {value:.1f}%",
        f"{month} {kpi.label.en}: the export prints {printed}, recomputed from its rows {value:.1f}%",
    )
