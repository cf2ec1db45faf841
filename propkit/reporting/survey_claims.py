"""What may be said of a survey: of all households, of those who did not answer, of weights, and of an earlier wave.

The part of `claims` that is about answers; a sentence here is a `Claim` as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from propkit import stats
from propkit.model import Kpi
from propkit.reporting.claims import Claim, limits_of
from propkit.reporting.display import format_interval
from propkit.text import Text

ALPHA_LIKENESS = 0.01
"""Part of the error of a whole report (see `claims`): saying that those who answered differ from all households."""


def of_all(kpi: Kpi, count: int, nobs: int, population: int) -> Claim:
    """Say how many of all N households are satisfied, if those who answered were drawn at random (exact hypergeometric)."""
    found = stats.proportion_ci(count, nobs, population=population)
    zh, en = (_range(kpi, found, nobs, lang) for lang in ("zh", "en"))
    low, high = (f"{int(found[end]):,}" for end in ("low_count", "high_count"))
    text = Text(
        f"在全部 {population:,} 户中，满意的在 {low} 到 {high} 户之间（{zh}）；前提是答复者可看作全体住户的随机样本",
        f"Of all {population:,} households, between {low} and {high} are satisfied ({en}), "
        "provided that those who answered are like a random sample of all",
    )
    if found["status"] == "census":
        text = Text(
            f"全部 {population:,} 户都作了回答，满意 {count:,} 户，没有抽样误差",
            f"All {population:,} households answered; {count:,} are satisfied, and there is no sampling error",
        )
    return Claim(kpi.id, "survey", "of_all", None, text, nobs, **limits_of(found, "exact hypergeometric set"))


def nonresponse(kpi: Kpi, count: int, nobs: int, population: int, asked: int | None) -> Claim:
    """Say what those who did not answer leave open: the share if none, and if all of them, were satisfied (Manski).

    `asked`: households invited, None where unknown.
    """
    found = stats.nonresponse_bounds(count, nobs, population)
    zh, en = (_range(kpi, found, nobs, lang) for lang in ("zh", "en"))
    of, of_en = ("受邀", "invited") if asked else ("全部", "")
    base = asked or population
    share, silent = stats.percent_text(min(nobs, base), base), population - nobs
    text = Text(
        f"{of} {base:,} 户中有 {nobs:,} 户（{share}）作了有效回答；"
        f"全部 {population:,} 户中 {silent:,} 户的看法不知道，无论他们怎么想，满意率在 {zh} 之间",
        f"{nobs:,} of {base:,} {of_en + ' ' if of_en else ''}households ({share}) gave a valid answer; "
        f"of all {population:,} households the views of {silent:,} are unknown. Whatever they think, "
        f"satisfaction lies within {en}",
    )
    return Claim(kpi.id, "survey", "bounds", None, text, nobs, **limits_of(found, "worst-case bounds"))


def weighting(kpi: Kpi, weighted: Mapping[str, float], plain: float, caution: bool) -> list[Claim]:
    """Warn where weights cost much (deff above 2) or move the share by more than its margin.

    `weighted`: estimate, low, high (shares), n, deff, n_eff; `plain`: the unweighted share.
    """
    n, said = int(weighted["n"]), []
    if weighted["deff"] > 2:
        zh = f"注意：设计效应 {weighted['deff']:.1f}，{n:,} 份回答加权后只相当于 {weighted['n_eff']:.0f} 份，加权值不稳"
        en = f"Caution: design effect {weighted['deff']:.1f}; {n:,} weighted answers are worth only {weighted['n_eff']:.0f}"
        said.append(Text(zh, en))
    elif caution:
        points = (weighted["estimate"] - plain) * kpi.scale
        zh = f"注意：加权值与未加权值相差 {points:+.1f} 个百分点，超过误差范围，答复者与全体住户构成不同"
        en = f"Caution: weighting moves the figure by {points:+.1f} points, more than its margin of error"
        said.append(Text(zh, en))
    rule = limits_of(weighted, "Korn-Graubard; Kish deff above 2, or moved by more than the margin")
    return [Claim(kpi.id, "survey", "caution", None, text, n, **rule) for text in said]


def likeness(kpi: Kpi, p_values: Mapping[str, float], labels: Mapping[str, Text], n: int) -> Claim:
    """Name the dimensions in which those who answered differ from the register (Holm over the dimensions)."""
    adjusted = np.asarray(stats.adjust_pvalues(list(p_values.values()))["p_adjusted"], dtype="float64")
    found = [labels[by] for by, p in zip(p_values, adjusted, strict=True) if p < ALPHA_LIKENESS]
    text = Text(
        "答复者的构成与住户登记没有明显差别；这不能证明答复者有代表性，请看表中的差",
        "Those who answered show no clear difference from the register; that is no proof that they represent it: "
        "see the differences in the table",
    )
    if found:
        text = Text(
            f"答复者的{'、'.join(label.zh for label in found)}构成与住户登记不同，未加权的结果更多反映答得多的住户",
            f"Those who answered differ from the register in {', '.join(label.en.lower() for label in found)}; "
            "the unweighted figure speaks more for those who answered more",
        )
    verdict = "different" if found else "no_clear_difference"
    return Claim(kpi.id, "survey", verdict, None, text, n, test="chi-square or Monte Carlo against the register, Holm")


def comparable(kpi: Kpi, broken: Sequence[tuple[Text, Text, Text]], earlier: Text, n: int) -> Claim | None:
    """Refuse a comparison with an earlier wave on other terms (`broken`: name, then, now); None where all are the same."""
    if not broken:
        return None
    zh = "；".join(f"{name.zh}：{was.zh} → {now.zh}" for name, was, now in broken)
    en = "; ".join(f"{name.en.lower()}: {was.en} → {now.en}" for name, was, now in broken)
    text = Text(
        f"与{earlier.zh}不可比（{zh}）。两次结果并列，不计算差值",
        f"Not comparable with {earlier.en} ({en}). Both figures stand side by side, without a difference",
    )
    return Claim(kpi.id, "survey", "not_comparable", None, text, n, test="same item, scale and mode")


def _range(kpi: Kpi, found: Mapping[str, object], n: int, lang: str) -> str:
    """The limits of a share for readers, as "66–76%"."""
    return format_interval({**found, "value": found["low"], "n": n, "state": "ok"}, kpi, lang)
