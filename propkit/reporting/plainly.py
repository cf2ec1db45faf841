"""Figures told as they stand, each with interval, n and state, and what is not known of them: no findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from propkit.model import Kpi
from propkit.reporting.display import format_interval, format_n, format_rate, format_target, state_words
from propkit.text import Text

WAVE = "wave_on"
"""Survey figures are compared from wave to wave, under conditions of their own, never with the month of last year."""

if TYPE_CHECKING:
    from propkit.reporting.claims import Claim


def stated(kpi: Kpi, figure: pd.Series, verdicts: Sequence[Claim]) -> Text:
    """Tell a figure of which nothing is found: with interval, n and state, and what its tests say or why there are none."""
    told = {claim.kind: claim.text for claim in verdicts if claim.kind in ("target", "change")}
    said = [figure_in(kpi, figure)]
    if "target" in told:
        goal = Text(*(format_target(kpi, float(kpi.target or 0), lang) for lang in ("zh", "en")))
        said.append(Text(f"{goal.zh}，{told['target'].zh}", f"{goal.en}: {told['target'].en.removeprefix('target ')}"))
    if "change" in told:
        said.append(told["change"])
    elif kpi.ages:
        said.append(Text("数值还会变，不与以前比较", "it may still change and is not compared with earlier ones"))
    elif kpi.kind in ("share", "rate") and kpi.dated_by != WAVE:  # waves are compared in a section of their own
        said.append(Text("没有以前的数字可比", "there is no earlier figure to compare with"))
    return Text("，".join(part.zh for part in said) + "。", "; ".join(part.en for part in said) + ".")


def figure_in(kpi: Kpi, figure: pd.Series) -> Text:
    """A figure with its interval, n and state, in both languages."""
    both = []
    for lang in ("zh", "en"):
        words = f"{kpi.label.get(lang)} {format_rate(figure, kpi, lang)}"
        words += "" if kpi.kind == "count" else interval_words(figure, kpi, lang) or _cases(figure, lang)
        both.append(words + _state_in(figure, lang))
    return Text(*both)


def _cases(figure: pd.Series, lang: str) -> str:
    n = format_n(figure, lang)
    return (f"（{n}）" if lang == "zh" else f" ({n})") if n else ""


def _state_in(figure: pd.Series, lang: str) -> str:
    words = "" if figure["state"] == "census" else state_words(str(figure["state"]), lang)
    return (f"，{words}" if lang == "zh" else f", {words}") if words else ""


def unknowns(kpis: Sequence[Kpi], rates: pd.DataFrame) -> list[Text]:
    """Say in one sentence which figures are missing, hidden or will still change; nothing where there are none."""
    state = {kpi_id: state for kpi_id, state in zip(rates["kpi"], rates["state"], strict=True)}
    groups = {
        Text("本期没有数据的有{}", "there are no data for {}"): [kpi for kpi in kpis if state.get(kpi.id) == "no_data"],
        Text("答复太少、不公布的有{}", "too few answered to show {}"): [
            kpi for kpi in kpis if state.get(kpi.id) == "suppressed"
        ],
        Text("数值还会变的有{}", "{} may still change"): [
            kpi
            for kpi in kpis
            if state.get(kpi.id) == "provisional" or (kpi.ages and state.get(kpi.id) not in (None, "no_data"))
        ],
    }
    told = [
        Text(
            words.zh.format("、".join(kpi.label.zh for kpi in found)),
            words.en.format(", ".join(kpi.label.en for kpi in found)),
        )
        for words, found in groups.items()
        if found
    ]
    if not told:
        return []
    return [
        Text(
            f"还不知道：{'；'.join(part.zh for part in told)}。",
            f"Not known yet: {'; '.join(part.en for part in told)}.",
        )
    ]


def interval_words(figure: pd.Series, kpi: Kpi, lang: str) -> str:
    """Return n and interval of a figure in brackets; nothing where it has none."""
    if pd.isna(figure["low"]) or figure["state"] in ("no_data", "suppressed"):
        return ""
    limits = format_interval(figure, kpi, lang).removesuffix("%")
    n = f"n={int(figure['n']):,}"
    return f"（{n}，95% 区间 {limits}）" if lang == "zh" else f" ({n}, 95% interval {limits})"
