"""KPI cards, the definition card and the answer at the top of a page.

An arrow, a word of judgement or a coloured edge appears only where a claim says so.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from propkit import domains
from propkit.model import Duration, Kpi
from propkit.reporting.display import (
    MARKS,
    Display,
    details,
    esc,
    figure_parts,
    format_interval,
    format_n,
    format_rate,
    format_target,
    join,
    period_words,
    reader_value,
    records,
    state_words,
    word,
)
from propkit.text import Text

if TYPE_CHECKING:
    from propkit.reporting.claims import Claim

ARROWS = {"higher": "▲", "lower": "▼"}
_SEED = re.compile(r"S\d:[\d,]+")
"""Marks in a source that point into our own requirements, which mean nothing to a reader."""
JUDGED = {True: Text("改善", "better"), False: Text("变差", "worse")}
_CHIPS = {"attained": "✓", "not_attained": "!", "undecided": "?"}


def cards(
    rates: pd.DataFrame,
    kpis: Sequence[Kpi],
    *,
    period: str,
    lang: str,
    claims: Iterable[Claim] = (),
    targets: Mapping[str, float] | None = None,
) -> Display:
    """Return a card for each KPI, in their order.

    `rates`: the months of one community, columns kpi, period, n, num, den, value, low, high, state; the row of
    `period` is the figure, the months up to it are the sparkline.  `targets` (reader's unit) go before the KPI's own.
    """
    told, goals = list(claims), targets or {}
    shown = []
    for kpi in kpis:
        history = rates.loc[rates["kpi"].eq(kpi.id) & rates["period"].le(period)].sort_values("period", kind="stable")
        now = history.loc[history["period"].eq(period)]
        row = records(now)[0] if len(now) else {"n": 0, "state": "no_data", "value": float("nan")}
        mine = [claim for claim in told if claim.kpi == kpi.id and claim.group == "all"]
        shown.append(card(row, kpi, lang=lang, claims=mine, history=history, target=goals.get(kpi.id)))
    whole = join(shown)
    grid = f'<div class="pk-cards">{whole.html}</div>'
    return Display(grid, f'<div style="display:flex;flex-wrap:wrap;gap:8px">{whole.fallback}</div>', whole.text)


def card(
    row: Mapping[str, object],
    kpi: Kpi,
    *,
    lang: str,
    claims: Iterable[Claim] = (),
    history: pd.DataFrame | None = None,
    target: float | None = None,
) -> Display:
    """Return one figure as a card: name, figure, interval and cases, sparkline, target and what changed.

    `row`: one row of rates; `history`: the months up to it, oldest first; of `claims` those of kind "change" and
    "target" are said.
    """
    goal = kpi.target if target is None else target
    told = {claim.kind: claim for claim in claims}
    amount, unit = figure_parts(row, kpi, lang, target=goal)
    state = state_words(str(row["state"]), lang)
    line = sparkline(history, kpi, lang=lang, target=goal) if history is not None else ""
    soft = " soft" if row["state"] in ("unreliable", *MARKS) else ""
    parts = [
        f'<p class="k">{esc(kpi.label.get(lang))}{_chip(state, "state") if state else ""}</p>',
        f'<p class="v{soft}"><b>{esc(amount)}</b> <span>{esc(unit)}</span></p>',
        f'<p class="m">{esc(_basis(row, kpi, lang))}</p>',
        line,
        _target(kpi, goal, told.get("target"), lang),
        _change(told.get("change"), lang),
    ]
    html = f'<div class="pk-card{_edge(told.get("target"))}">{"".join(parts)}</div>'
    words = f"{kpi.label.get(lang)} {format_rate(row, kpi, lang, target=goal)}" + (f"（{state}）" if state else "")
    return Display(html, _plain(parts, line), words)


def sparkline(history: pd.DataFrame, kpi: Kpi, *, lang: str, target: float | None = None) -> str:
    """Return the last thirteen months as a small line: gaps where nothing is known, hollow end while provisional."""
    rows = records(history.tail(13))
    values = [reader_value(row, kpi) for row in rows]
    known = [value for value in values if not pd.isna(value)]
    if len(known) < 2:
        return ""
    ends = [*known, target] if target is not None else known
    low, span = min(ends), (max(ends) - min(ends)) or 1.0
    points = [(_at(place, len(values)), 26 - 22 * (value - low) / span) for place, value in enumerate(values)]
    runs = _runs(points)
    lines = "".join(_stroke(run) for run in runs[:-1]) + (_stroke(runs[-1]) if len(runs[-1]) > 1 else "")
    x, y = runs[-1][-1]
    end = "o" if rows[-1]["state"] == "provisional" else "d"
    goal = "" if target is None else f'<path class="g" d="M2 {26 - 22 * (target - low) / span:.1f}H118"/>'
    said = esc(_spark_words(rows, kpi, lang))
    dot = f'<circle class="{end}" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>'
    return f'<svg class="pk-spark" viewBox="0 0 120 30" role="img" aria-label="{said}">{goal}{lines}{dot}</svg>'


def definition(kpi: Kpi | Duration, *, lang: str, as_of: str = "") -> Display:
    """Return the definition of a figure, folded: both halves, date basis, maturity, source, note and data cut-off."""
    zh = lang == "zh"
    after = getattr(kpi, "matures_after", None)
    mature = (f"{after} 天后数值定型" if zh else f"final after {after} days") if after else ""
    facts = {
        "分子" if zh else "Numerator": kpi.top.get(lang),
        "分母" if zh else "Denominator": kpi.bottom.get(lang) if isinstance(kpi, Kpi) else "",
        "归入月份的日期" if zh else "Dated by": _dated(kpi, lang),
        "成熟" if zh else "Maturity": mature,
        "依据" if zh else "Source": _SEED.sub("", kpi.source).strip(" ;"),
        "说明" if zh else "Note": kpi.note.get(lang),
        "数据截至" if zh else "Data up to": as_of,
    }
    lines = "".join(f"<dt>{esc(name)}</dt><dd>{esc(fact)}</dd>" for name, fact in facts.items() if fact)
    head = ("口径：" if zh else "Definition: ") + kpi.label.get(lang)
    html = details(head, f'<dl class="pk-def">{lines}</dl>', "pk-kpi")
    return Display(html, html, head + "，".join(fact for fact in facts.values() if fact))


def definitions(kpis: Iterable[Kpi | Duration], *, lang: str, as_of: str = "") -> Display:
    """Return the definition cards of all figures of a report; see `definition`."""
    whole = join(definition(kpi, lang=lang, as_of=as_of) for kpi in kpis)
    return Display(f'<div class="pk-kpis">{whole.html}</div>', whole.fallback, whole.text)


def summary(headline: Text | str, points: Iterable[Claim | Text | str] = (), *, lang: str) -> Display:
    """Return the answer at the top of a page: one sentence, and beneath it what supports it.

    A claim that is welcome or unwelcome carries its mark and the word for it; anything else is plain text.
    """
    sentence = word(headline, lang)
    told = [(_point(point, lang), word(getattr(point, "text", point), lang)) for point in points]
    listed = f"<ul>{''.join(mark for mark, _ in told)}</ul>" if told else ""
    label = "一句话结论" if lang == "zh" else "In one sentence"
    html = f'<div class="pk-lead"><p><strong>{label}</strong>{esc(sentence)}</p>{listed}</div>'
    return Display(html, html, " ".join([sentence, *(words for _, words in told)]))


def _point(point: Claim | Text | str, lang: str) -> str:
    good = getattr(point, "good", None)
    words = esc(word(getattr(point, "text", point), lang))
    if good is None:
        return f"<li>{words}</li>"
    tone, label = ("good", Text("好", "good")) if good else ("bad", Text("需关注", "attention"))
    return f'<li>{words} <span class="chip {tone}">{label.get(lang)}</span></li>'


def _dated(kpi: Kpi | Duration, lang: str) -> str:
    name = kpi.dated_by if isinstance(kpi, Kpi) else kpi.start
    return word(domains.date_labels(kpi).get(name, name), lang)


def _basis(row: Mapping[str, object], kpi: Kpi, lang: str) -> str:
    interval = format_interval(row, kpi, lang)
    return "　".join(part for part in (interval, format_n(row, lang)) if part)


def _chip(words: str, tone: str) -> str:
    return f' <span class="chip {tone}">{esc(words)}</span>'


def _edge(claim: Claim | None) -> str:
    return "" if claim is None or claim.good is None else " good" if claim.good else " bad"


def _target(kpi: Kpi, goal: float | None, claim: Claim | None, lang: str) -> str:
    if goal is None:
        return ""
    tone = "state" if claim is None or claim.good is None else "good" if claim.good else "bad"
    chip = _chip(f"{_CHIPS.get(claim.verdict, '')} {claim.text.get(lang)}".strip(), tone) if claim else ""
    return f'<p class="t">{chip} <span class="nw">{esc(format_target(kpi, goal, lang, unit=False))}</span></p>'


def _change(claim: Claim | None, lang: str) -> str:
    """What changed, as its claim words it; the arrow shows the way, the word says whether that is welcome."""
    if claim is None:
        return ""
    arrow = ARROWS.get(claim.verdict, "")
    if not arrow:
        return f'<p class="c">{esc(claim.text.get(lang))}</p>'
    tone = "" if claim.good is None else "good" if claim.good else "bad"
    judged = JUDGED[claim.good].get(lang) if claim.good is not None else ""
    return f'<p class="c"><b class="{tone}">{arrow} {judged}</b> {esc(claim.text.get(lang))}</p>'


def _plain(parts: Sequence[str], line: str) -> str:
    """The card for a notebook, where style sheets and inline pictures are taken out: the line becomes an image."""
    box = "border:1px solid #d0d7de;border-radius:6px;padding:8px 12px;min-width:150px;background:#ffffff;color:#1b2430"
    return f'<div style="{box}">{"".join(parts).replace(line, _spark_image(line)) if line else "".join(parts)}</div>'


def _spark_image(line: str) -> str:
    painted = (
        line.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="30" ', 1)
        .replace('class="l"', 'fill="none" stroke="#0b5cad" stroke-width="1.5"')
        .replace('class="d"', 'fill="#0b5cad"')
        .replace('class="o"', 'fill="#ffffff" stroke="#0b5cad"')
        .replace('class="g"', 'stroke="#57606a" stroke-dasharray="3 2"')
    )
    return f'<img alt="" src="data:image/svg+xml;base64,{base64.b64encode(painted.encode()).decode()}">'


def _at(place: int, count: int) -> float:
    return 4 + 112 * place / (count - 1)


def _stroke(run: Sequence[tuple[float, float]]) -> str:
    """A line through neighbouring months; a month alone, such as that of a survey, is a dot."""
    if len(run) == 1:
        return f'<circle class="d" cx="{run[0][0]:.1f}" cy="{run[0][1]:.1f}" r="1.6"/>'
    return f'<polyline class="l" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in run)}"/>'


def _runs(points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """Stretches of neighbouring months that are all known."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if pd.isna(point[1]):
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def _spark_words(rows: Sequence[Mapping[str, object]], kpi: Kpi, lang: str) -> str:
    shown = [row for row in rows if not pd.isna(reader_value(row, kpi))]
    first, last = shown[0], shown[-1]
    ends = [f"{period_words(str(row['period']), lang)} {format_rate(row, kpi, lang)}" for row in (first, last)]
    return f"{ends[0]} 至 {ends[1]}" if lang == "zh" else f"{ends[0]} to {ends[1]}"
