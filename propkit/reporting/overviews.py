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
from propkit.periods import Period, parse_period
from propkit.reporting import claims, loop, spans
from propkit.reporting.book import Book
from propkit.reporting.findings import WAVE, figures_of, findings
from propkit.reporting.overview_items import CATALOGUE, ENVIRONMENT, FINANCES, FUNCTIONS, INVENTORY, OVERVIEWS, PAY
from propkit.reporting.waves import KPI, current, previous
from propkit.text import Text, counted

_FORECAST_MONTHS = 24


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
    verdicts = {claim.kpi: claim.verdict for claim in findings(book).of("target")}
    goals = {kpi_id: book.kpi(kpi_id).target for kpi_id in figures_of(book)}
    rows = []
    for row in _figures(book, [kpi_id for kpi_id, goal in goals.items() if goal is not None]):
        goal, other = goals[row["kpi"]], book.goal_set(row["kpi"])
        sides = {"target_milli": round(goal * 1000), "settings_milli": None}
        if other not in (None, goal):
            sides["settings_milli"] = round(other * 1000)
        rows.append(row | sides | {"verdict": verdicts.get(row["kpi"], "no_data")})
    return rows


def _period_change(book: Book) -> list[dict] | None:
    if book.year_before() is None:
        return None
    found = findings(book)
    kpis = [book.kpi(kpi_id) for kpi_id in found.now.index if domains.KPIS[kpi_id].kind in ("share", "money")]
    return _pairs(kpis, found.before, found.now, {claim.kpi: claim.verdict for claim in found.of("change")})


def _highlights(book: Book) -> list[dict]:
    return _said(book, [claim for claim in findings(book).said(book.key) if claim.good is True])


def _issue_list(book: Book) -> list[dict]:
    return _said(book, [claim for claim in findings(book).said(book.key) if claim.good is False])


def _achievement_summary(book: Book) -> list[dict]:
    better = [claim for claim in findings(book).of("change") if claim.good is True]
    done = [row for row in _figures(book, ("activity_count", "key_task_review")) if row["state"] == "ok" and row["num"]]
    counted = [
        {
            "kpi": row["kpi"],
            "kind": "count",
            "verdict": "done",
            "n": row["n"],
            "said": _counted(domains.KPIS[row["kpi"]], row["num"], book.lang),
        }
        for row in done
    ]
    return _said(book, better) + counted


def _counted(kpi: Kpi, count: int, lang: str) -> str:
    return f"{kpi.label.zh} {count:,} {kpi.unit.zh}" if lang == "zh" else counted(count, kpi.unit.en)


def _early_warning(book: Book) -> list[dict]:
    """Every monthly share and rate by its process chart; and the lists that should be empty."""
    found, rows = findings(book), []
    for kpi_id in found.series:
        bad = [claim for claim in found.of("signal", [kpi_id]) if claim.good is False]
        said = bad[0].text.get(book.lang) if bad else ""
        rows.append({"rule": "outside_limits", "kpi": kpi_id, "fired": bool(bad), "said": said})
    for name in ("ageing_asset_list", "inspection_blind_spots", "hazard_overdue"):
        listed = book.read(name)
        if listed is not None:
            one = domains.READINGS[name]
            said = Text(
                f"{one.label.zh}：{len(listed)} {one.unit.zh}", f"{one.label.en}: {counted(len(listed), one.unit.en)}"
            )
            rows.append({"rule": "list_not_empty", "kpi": name, "fired": len(listed) > 0, "said": said.get(book.lang)})
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
    if book.year_before() is None:
        return None
    found, name = findings(book), "complaints_per_1000_homes"
    if name not in found.now.index or name not in found.before.index:
        return None
    return (
        _pairs([book.kpi(name)], found.before, found.now, {one.kpi: one.verdict for one in found.of("change")}) or None
    )


def _core_functions(book: Book) -> list[dict]:
    return _by_heading(book, FUNCTIONS, book.period)


def _problem_catalogue(book: Book) -> list[dict]:
    return _by_heading(book, CATALOGUE, book.period)


def _problem_inventory(book: Book) -> list[dict] | None:
    windows = spans.around_start(book)
    return None if windows is None else _by_heading(book, INVENTORY, windows[0])


def _rectification_background(book: Book) -> list[dict] | None:
    start = book.workspace.rectified(book.community)
    if start is None:
        return None
    rows = []
    for month in parse_period(str(pd.Period(start) - 1)).history(spans.MOST_BEFORE):
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
    windows = spans.around_start(book)
    return None if windows is None else _changes(book, kpi_ids, *windows)


def _changes(book: Book, kpi_ids: Iterable[str], before: Period, after: Period) -> list[dict]:
    """These figures before and after, with the verdicts of the report where it compares the same months; of all other shares
    those of one family, however many are shown.  Figures that go on rising are older before than after: they are not judged."""
    comparable = [kpi for kpi in domains.KPIS.values() if kpi.dated_by != WAVE and not kpi.split_only]
    known = {kpi.id for kpi in comparable}
    asked = [book.kpi(kpi_id) for kpi_id in kpi_ids if kpi_id in known]
    own, compared = findings(book), spans.earlier(book)
    same = compared is not None and compared.period == before and after.months == book.period.months
    verdicts = {claim.kpi: claim.verdict for claim in own.of("change")} if same else {}
    shares = [book.kpi(kpi.id) for kpi in comparable if kpi.kind in ("share", "money")]
    rest = [kpi for kpi in shares if not kpi.ages and kpi.id not in (own.now.index if same else ())]
    then, now = (
        _indexed(book, list({kpi.id: kpi for kpi in (*asked, *rest)}.values()), side) for side in (before, after)
    )
    verdicts |= {claim.kpi: claim.verdict for claim in claims.changes(rest, then, now, spans.before_words(before))}
    return _pairs(asked, then, now, verdicts)


def _pairs(kpis: Iterable[Kpi], before: pd.DataFrame, after: pd.DataFrame, verdicts: Mapping[str, str]) -> list[dict]:
    """What was counted before and after, of the figures with data on both sides."""
    rows = []
    for kpi in kpis:
        one, two = before.loc[kpi.id], after.loc[kpi.id]
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


def _plain(row: Mapping[str, object]) -> dict:
    scale = domains.KPIS[str(row["kpi"])].scale
    counts = {name: None if pd.isna(row[name]) else int(row[name]) for name in ("n", "num", "den")}
    value = None if pd.isna(row["value"]) else _milli(float(row["value"]) * scale * 1000)
    return {"kpi": row["kpi"], **counts, "value_milli": value, "state": row["state"]}


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
    "measure_effects": loop.measure_effects,
    "missed_without_measure": loop.missed_without_measure,
    "target_proposals": loop.target_proposals,
    "core_functions": _core_functions,
    "problem_catalogue": _problem_catalogue,
    "problem_inventory": _problem_inventory,
    "rectification_background": _rectification_background,
    "before_after": _before_after,
    "environment_order_results": _environment_order_results,
    "financial_health": _financial_health,
    "kpi_linked_pay": _kpi_linked_pay,
}
