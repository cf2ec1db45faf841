"""What is told of other figures, not of a table: targets and changes, highlights and problems, before and after.

A book in, tidy rows out (in the columns that `overview_items` declares), or None where nothing is known.  Findings are those
of `claims`; the rows carry whole numbers, and what is in reader's units as thousandths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import pandas as pd

from propkit import domains, stats
from propkit.domains import satisfaction
from propkit.model import Kpi
from propkit.periods import Period, month_range, parse_period
from propkit.reporting import claims
from propkit.reporting.book import Book
from propkit.reporting.overview_items import CATALOGUE, ENVIRONMENT, FINANCES, FUNCTIONS, INVENTORY, OVERVIEWS, PAY
from propkit.reporting.waves import KPI, current, previous
from propkit.text import Text

_FORECAST_MONTHS = 24
_YEAR_AGO = Text("去年同月", "the same month last year")
_BEFORE = Text("整顿前", "before the rectification")


def overview(name: str, book: Book) -> pd.DataFrame | None:
    """Return the rows of an overview, in its columns; None where nothing is known."""
    reading = next(one for one in OVERVIEWS if one.id == name)
    rows = _FUNCTIONS[name](book)
    if rows is None:
        return None
    columns = reading.columns
    frame = pd.DataFrame(list(rows), columns=list(columns))
    return frame.astype({column: spec.dtype for column, spec in columns.items()})


def _report_period(book: Book) -> list[dict]:
    days = (book.period.end - book.period.start).days
    return [{"period": book.period.id, "as_of": book.cut.as_of.normalize(), "days": days}]


def _report_scope(book: Book) -> list[dict]:
    sizes = {name: len(rows) for name, rows in book.raw.items()}
    return [{"table": name, "rows": size, "state": "ok" if size else "no_data"} for name, size in sizes.items()]


def _numbers_first(book: Book) -> list[dict]:
    return _figures(book, domains.KPIS)


def _charts(book: Book) -> list[dict]:
    months = _monthly(book, domains.KPIS, book.period.history(13))
    counts = months[months["state"] != "no_data"]["kpi"].value_counts()
    return [{"kpi": kpi, "months": int(counts[kpi])} for kpi in domains.KPIS if counts.get(kpi, 0) > 1]


def _layout(book: Book) -> list[dict]:
    known = {row["kpi"] for row in _figures(book, domains.KPIS) if row["state"] != "no_data"}
    rooms = {room.__name__.rpartition(".")[2]: sum(kpi.id in known for kpi in room.KPIS) for room in domains.ROOMS}
    return [{"room": name, "figures": count} for name, count in rooms.items() if count]


def _internal_edition(book: Book) -> list[dict]:
    shown = [row for row in _figures(book, domains.KPIS) if row["state"] != "no_data"]
    return [{"kpi": row["kpi"], "state": row["state"]} for row in shown]


def _owner_edition(book: Book) -> list[dict]:
    least = book.workspace.settings.privacy.min_n
    opinions = [kpi_id for kpi_id, kpi in domains.KPIS.items() if kpi.opinion]
    rows = [row for row in _figures(book, opinions) if row["state"] != "no_data"]
    hidden = [row for row in rows if row["state"] == "suppressed" or row["n"] < least]
    return [{"kpi": row["kpi"], "state": "suppressed"} for row in hidden]


def _target_attainment(book: Book) -> list[dict]:
    found, goals = [], _judged(book)
    for row in _figures(book, [kpi.id for kpi, _ in goals]):
        kpi, claim = next(pair for pair in goals if pair[0].id == row["kpi"])
        target = None if kpi.target is None else round(kpi.target * 1000)
        other = book.goal_set(kpi.id)
        other = None if other in (None, kpi.target) else round(other * 1000)
        verdict = claim.verdict if claim else "no_data"
        found.append(row | {"target_milli": target, "settings_milli": other, "verdict": verdict})
    return found


def _period_change(book: Book) -> list[dict] | None:
    earlier = book.year_before()
    return None if earlier is None else _changes(book, _shares(), [earlier], [book.period], _YEAR_AGO)


def _highlights(book: Book) -> list[dict]:
    return _said(book, [claim for claim in _found(book) if claim.good is True])


def _issue_list(book: Book) -> list[dict]:
    return _said(book, [claim for claim in _found(book) if claim.good is False])


def _achievement_summary(book: Book) -> list[dict]:
    better = [claim for claim in _found(book) if claim.good is True and claim.kind == "change"]
    done = [row for row in _figures(book, ("activity_count", "key_task_review")) if row["state"] == "ok" and row["num"]]
    counted = [
        {
            "kpi": row["kpi"],
            "kind": "count",
            "verdict": "done",
            "n": row["n"],
            "said": domains.KPIS[row["kpi"]].label.get(book.lang),
        }
        for row in done
    ]
    return _said(book, better) + counted


def _early_warning(book: Book) -> list[dict]:
    """Every monthly share and rate by its process chart, one family; and the lists that should be empty."""
    rows, kpis = [], _told_monthly(book)
    for kpi in kpis:
        _, found = claims.signals(kpi, _history(book, kpi.id), len(kpis))
        bad = [claim for claim in found if claim.period == book.month and claim.good is False]
        said = bad[0].text.get(book.lang) if bad else ""
        rows.append({"rule": "outside_limits", "kpi": kpi.id, "fired": bool(bad), "said": said})
    for name in ("ageing_assets", "inspection_blind_spots", "hazards_overdue"):
        if name in domains.READINGS:
            listed = domains.read(name, book.tables, book.period, book.cut)
            if listed is not None:
                label = domains.READINGS[name].label.get(book.lang)
                rows.append({"rule": "list_not_empty", "kpi": name, "fired": len(listed) > 0, "said": label})
    return rows


def _trend_forecast(book: Book) -> list[dict]:
    rows, long = [], [kpi_id for kpi_id, kpi in domains.KPIS.items() if _spans(book, kpi)]
    months = book.apart(long, [parse_period(month) for month in book.period.history(36)])
    for kpi_id in dict.fromkeys(months["kpi"]):
        own = months[months["kpi"] == kpi_id]
        known = own.index[~own["state"].isin(["no_data", "suppressed"])]
        series = own.loc[known[0] :, "value"] if len(known) else own["value"].iloc[:0]
        if series.notna().sum() < _FORECAST_MONTHS:
            continue
        next_month = stats.seasonal_naive(series.to_numpy("float64", na_value=float("nan"))).iloc[0]
        scale = domains.KPIS[kpi_id].scale * 1000
        ends = {f"{name}_milli": _milli(next_month[name] * scale) for name in ("mean", "low", "high")}
        rows.append({"kpi": kpi_id, "months": int(series.notna().sum()), **ends})
    return rows


def _spans(book: Book, kpi: Kpi) -> bool:
    """Whether the dates of a figure reach over months enough for a forecast: cheaper than to count them all."""
    dates = book.tables[kpi.table][kpi.dated_by]
    return bool((dates.max() - dates.min()).days >= 30 * (_FORECAST_MONTHS - 1)) if dates.notna().any() else False


def _satisfaction_change_pp(book: Book) -> list[dict] | None:
    now, before = current(book), previous(book)
    if now is None or before is None:
        return None
    sums = {"num_before": before.count, "den_before": before.nobs, "num_after": now.count, "den_after": now.nobs}
    if satisfaction.breaks(before.answers, now.answers):
        return [{"kpi": KPI, **sums, "change_milli": None, "verdict": "not_comparable"}]
    change = now.count / now.nobs - before.count / before.nobs
    then, since = (pd.DataFrame([wave.figure]).set_index("kpi") for wave in (before, now))
    found = claims.changes([book.kpi(KPI)], then, since, before.label)
    verdict = found[0].verdict if found else "not_settled"
    return [{"kpi": KPI, **sums, "change_milli": _milli(change * 100_000), "verdict": verdict}]


def _complaint_rate_change(book: Book) -> list[dict] | None:
    earlier = book.year_before()
    if earlier is None:
        return None
    before, now = (_row(book, "complaints_per_1000_homes", period) for period in (earlier, book.period))
    if not before["den"] or not now["den"]:
        return None
    ratio = stats.rate_ratio(before["num"], before["den"], now["num"], now["den"])
    verdict = "no_clear_change"
    if float(ratio["p_value"]) < claims.ALPHA_CHANGES:
        verdict = "lower" if float(ratio["estimate"]) < 1 else "higher"
    change = now["num"] / now["den"] - before["num"] / before["den"]
    return [{
        "kpi": "complaints_per_1000_homes", "num_before": before["num"], "den_before": before["den"],
        "num_after": now["num"], "den_after": now["den"], "change_milli": _milli(change * 1_000_000), "verdict": verdict,
    }]  # fmt: skip


def _core_functions(book: Book) -> list[dict]:
    return _by_heading(book, FUNCTIONS, book.period)


def _problem_catalogue(book: Book) -> list[dict]:
    return _by_heading(book, CATALOGUE, book.period)


def _problem_inventory(book: Book) -> list[dict] | None:
    windows = _windows(book)
    return None if windows is None else _by_heading(book, INVENTORY, windows[0])


def _rectification_background(book: Book) -> list[dict] | None:
    windows = _windows(book)
    if windows is None:
        return None
    rows = []
    for month in windows[0].history(12):
        for row in _figures(book, ("owner_satisfaction", "complaints_per_1000_homes"), parse_period(month)):
            rows.append({"period": month, **row})
    return [row for row in rows if row["state"] != "no_data"]


def _before_after(book: Book) -> list[dict] | None:
    return _around_start(book, _shares())


def _environment_order_results(book: Book) -> list[dict] | None:
    return _around_start(book, ENVIRONMENT)


def _financial_health(book: Book) -> list[dict] | None:
    return _around_start(book, FINANCES)


def _kpi_linked_pay(book: Book) -> list[dict]:
    rows = []
    for kpi_id in PAY:
        if book.splits(kpi_id, "department"):
            for row in book.rates([kpi_id], by="department").to_dict("records"):
                rows.append({"department": row["label"], **_plain(row)})
    return rows


def _around_start(book: Book, kpi_ids: Iterable[str]) -> list[dict] | None:
    windows = _windows(book)
    return None if windows is None else _changes(book, kpi_ids, [windows[0]], [windows[1]], _BEFORE)


def _windows(book: Book) -> tuple[Period, Period] | None:
    """The months before and after the start of the community's rectification, equally many; None where there is none.

    The same calendar months of the year before where these lie before the start, else the months just before it.
    """
    start = book.workspace.rectified(book.community)
    if start is None or book.period.end <= pd.Timestamp(f"{start}-01"):
        return None
    after = month_range(pd.Timestamp(f"{start}-01"), book.period.end - pd.Timedelta(days=1))[-12:]
    before = [str(pd.Period(month) - 12) for month in after]
    if before[-1] >= start:
        before = [str(pd.Period(start) - back) for back in range(len(after), 0, -1)]
    return parse_period(f"{before[0]}..{before[-1]}"), parse_period(f"{after[0]}..{after[-1]}")


def _changes(
    book: Book, kpi_ids: Iterable[str], before: Sequence[Period], after: Sequence[Period], when: Text
) -> list[dict]:
    """Every share with data on both sides, judged as one family."""
    kpis = [
        book.kpi(kpi_id) for kpi_id in kpi_ids if kpi_id in domains.KPIS and domains.KPIS[kpi_id].dated_by != "wave_on"
    ]
    then, now = (_indexed(book, kpis, periods[0]) for periods in (before, after))
    verdicts = {claim.kpi: claim.verdict for claim in claims.changes(kpis, then, now, when)}
    rows = []
    for kpi in kpis:
        one, two = then.loc[kpi.id], now.loc[kpi.id]
        if any(
            row["state"] == "no_data" or pd.isna(row["num"]) or pd.isna(row["den"]) or not row["den"]
            for row in (one, two)
        ):
            continue
        change = two["num"] / two["den"] - one["num"] / one["den"]
        rows.append({
            "kpi": kpi.id, "num_before": one["num"], "den_before": one["den"], "num_after": two["num"],
            "den_after": two["den"], "change_milli": _milli(change * kpi.scale * 1000), "verdict": verdicts.get(kpi.id, "not_judged"),
        })  # fmt: skip
    return rows


def _indexed(book: Book, kpis: Sequence[Kpi], period: Period) -> pd.DataFrame:
    return book.in_periods([kpi.id for kpi in kpis], [period]).set_index("kpi")


def _shares() -> list[str]:
    return [kpi_id for kpi_id, kpi in domains.KPIS.items() if kpi.kind in ("share", "money") and not kpi.split_only]


def _found(book: Book) -> list[claims.Claim]:
    """The findings of the period over all figures: targets, changes from last year, signals."""
    kpis = _told_monthly(book)
    found = [claim for _, claim in _judged(book) if claim is not None]
    earlier = book.year_before()
    if earlier is not None:
        shares = [kpi for kpi in kpis if kpi.dated_by != "wave_on"]
        found += claims.changes(shares, _indexed(book, shares, earlier), _indexed(book, shares, book.period), _YEAR_AGO)
    for kpi in kpis:
        found += [one for one in claims.signals(kpi, _history(book, kpi.id), len(kpis))[1] if one.period == book.month]
    return claims.order(found)


def _told_monthly(book: Book) -> list[Kpi]:
    kpis = [
        book.kpi(kpi_id) for kpi_id, kpi in domains.KPIS.items() if kpi.kind in ("share", "rate") and not kpi.split_only
    ]
    return [kpi for kpi in kpis if not kpi.ages]


def _judged(book: Book) -> list[tuple[Kpi, claims.Claim | None]]:
    goals = [kpi for kpi in map(book.kpi, domains.KPIS) if kpi.target is not None]
    if not goals:
        return []
    family = max(1, sum(kpi.kind == "share" for kpi in goals))
    figures = {row["kpi"]: row for _, row in book.rates([kpi.id for kpi in goals]).iterrows()}
    return [(kpi, claims.target(kpi, figures[kpi.id], kpi.target, family)) for kpi in goals]


def _said(book: Book, found: Iterable[claims.Claim]) -> list[dict]:
    rows = []
    for claim in found:
        kpi = book.kpi(claim.kpi)
        whole = claims.in_full(kpi, book.figure(claim.kpi), claim) if claim.kind in ("target", "change") else claim
        rows.append(
            {
                "kpi": claim.kpi,
                "kind": claim.kind,
                "verdict": claim.verdict,
                "n": claim.n,
                "said": whole.text.get(book.lang),
            }
        )
    return rows


def _by_heading(book: Book, headings: Mapping[Text, Sequence[str]], period: Period) -> list[dict]:
    rows = []
    for heading, kpi_ids in headings.items():
        for row in _figures(book, kpi_ids, period):
            rows.append({"heading": heading.get(book.lang), **row})
    return rows


def _figures(book: Book, kpi_ids: Iterable[str], period: Period | None = None) -> list[dict]:
    known = [kpi_id for kpi_id in kpi_ids if kpi_id in domains.KPIS]
    return [_plain(row) for row in book.in_periods(known, [period or book.period]).to_dict("records")]


def _row(book: Book, kpi_id: str, period: Period) -> dict:
    return _figures(book, [kpi_id], period)[0]


def _plain(row: Mapping[str, object]) -> dict:
    scale = domains.KPIS[str(row["kpi"])].scale
    counts = {name: None if pd.isna(row[name]) else int(row[name]) for name in ("n", "num", "den")}
    value = None if pd.isna(row["value"]) else _milli(float(row["value"]) * scale * 1000)
    return {"kpi": row["kpi"], **counts, "value_milli": value, "state": row["state"]}


def _history(book: Book, kpi_id: str) -> pd.DataFrame:
    if "overviews" not in book.monthly:  # every figure at once: one tally instead of a hundred
        book.monthly["overviews"] = _monthly(book, [kpi.id for kpi in _told_monthly(book)], book.period.history(13))
    rates = book.monthly["overviews"]
    rates = rates[rates["kpi"] == kpi_id].reset_index(drop=True)
    known = rates.index[rates["state"] != "no_data"]
    return rates.loc[known[0] :].reset_index(drop=True) if len(known) else rates.iloc[:0]


def _monthly(book: Book, kpi_ids: Iterable[str], months: Sequence[str]) -> pd.DataFrame:
    return book.in_periods(list(kpi_ids), [parse_period(month) for month in months])


def _milli(value: float) -> int | None:
    return None if pd.isna(value) else round(value)


_FUNCTIONS: dict[str, Callable[[Book], list[dict] | None]] = {
    "report_period": _report_period,
    "report_scope": _report_scope,
    "numbers_first": _numbers_first,
    "charts": _charts,
    "layout": _layout,
    "internal_edition": _internal_edition,
    "owner_edition": _owner_edition,
    "target_attainment": _target_attainment,
    "period_change": _period_change,
    "highlights": _highlights,
    "achievement_summary": _achievement_summary,
    "issue_list": _issue_list,
    "early_warning": _early_warning,
    "trend_forecast": _trend_forecast,
    "satisfaction_change_pp": _satisfaction_change_pp,
    "complaint_rate_change": _complaint_rate_change,
    "core_functions": _core_functions,
    "problem_catalogue": _problem_catalogue,
    "problem_inventory": _problem_inventory,
    "rectification_background": _rectification_background,
    "before_after": _before_after,
    "environment_order_results": _environment_order_results,
    "financial_health": _financial_health,
    "kpi_linked_pay": _kpi_linked_pay,
}
