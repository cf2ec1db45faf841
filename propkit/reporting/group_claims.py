"""What may be said of many groups of one figure at once: against the rest, an earlier period and a target.

The part of `claims` that the explorer asks, at the level that it still may spend.  A sentence here is a `Claim` as well.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pandas as pd

from propkit.model import Kpi
from propkit.reporting.claims import ALPHA_TARGETS, Claim, changes, segments, target
from propkit.reporting.display import format_interval, format_rate, format_target
from propkit.text import Text


def different(
    kpi: Kpi, dimensions: Mapping[str, pd.DataFrame], labels: Mapping[str, Text], *, alpha: float
) -> list[Claim]:
    """Name the groups that differ from the rest: `claims.segments` with gate and locks at `alpha`.

    `dimensions`: rates by dimension; `labels`: the words of all their segments.
    """
    words = dict.fromkeys(dimensions, labels)
    return segments(kpi, dimensions, words, alpha=alpha, confidence=1 - alpha)


def changed(
    kpi: Kpi, before: pd.DataFrame, now: pd.DataFrame, labels: Mapping[str, Text], when: Text, *, alpha: float
) -> list[Claim]:
    """Name the groups whose share changed since an earlier period: `claims.changes` over all groups as one family.

    `before`, `now`: rates with one row for each segment; only segments that both show are compared.  `labels`: their words.
    """
    groups = [group for group in now["segment"] if group in set(before["segment"])]
    kpis = [dataclasses.replace(kpi, id=group) for group in groups]
    found = changes(kpis, before.set_index("segment"), now.set_index("segment"), when, alpha=alpha)
    return [_of_group(kpi, claim, labels) for claim in found if claim.verdict in ("higher", "lower")]


def attained(kpi: Kpi, rates: pd.DataFrame, goal: float, labels: Mapping[str, Text], *, alpha: float) -> list[Claim]:
    """Name the groups that attain or miss a target (in the reader's unit), one family for all of them.

    `rates`: one row for each segment.
    """
    judged = rates[~rates["state"].isin(["no_data", "suppressed"])]
    family = max(len(judged), 1) * ALPHA_TARGETS / alpha
    named = dataclasses.replace(kpi, target=goal)
    made = []
    for row in judged.to_dict("records"):
        claim = target(named, pd.Series(row), goal, family)
        if claim is None or claim.verdict not in ("attained", "not_attained"):
            continue
        words = {lang: _with_figure(named, row, claim, lang) for lang in ("zh", "en")}
        told = dataclasses.replace(claim, kpi=str(row["segment"]), text=Text(**words))
        made.append(_of_group(kpi, told, labels))
    return made


def _of_group(kpi: Kpi, claim: Claim, labels: Mapping[str, Text]) -> Claim:
    """A claim about a group that was judged under the group's own name."""
    group = claim.kpi
    label = labels.get(group, Text(group, group))
    text = Text(f"{label.zh}：{claim.text.zh}（n={claim.n:,}）", f"{label.en}: {claim.text.en} (n={claim.n:,})")
    return dataclasses.replace(claim, kpi=kpi.id, group=group, text=text)


def _with_figure(kpi: Kpi, row: Mapping[str, object], claim: Claim, lang: str) -> str:
    figure, limits = format_rate(row, kpi, lang), format_interval(row, kpi, lang)
    goal, comma = format_target(kpi, float(kpi.target or 0), lang), "，" if lang == "zh" else ", "
    within = f"（{limits}）" if lang == "zh" and limits else f" ({limits})" if limits else ""
    return f"{figure}{within}{comma}{goal}{comma}{claim.text.get(lang)}"
