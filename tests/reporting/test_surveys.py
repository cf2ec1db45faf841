"""The survey pieces of a report: what is said of all households, what is refused, and that figures agree with the cards."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from math import comb
from pathlib import Path

import pandas as pd
import pytest

from propkit import domains, stats
from propkit.model import Cut, Wave
from propkit.periods import parse_period
from propkit.reporting import sections, survey_claims, surveys, waves
from propkit.reporting.book import Book
from propkit.reporting.display import Display
from propkit.text import Text
from propkit.workspace import Community, Settings, Workspace
from tests.examples import AS_OF, Row, answer
from tests.reporting.samples import HOSTILE
from tests.worlds import frames

KPI = domains.KPIS["owner_satisfaction"]
TEN = {"scale_low": 0, "scale_high": 10, "satisfied_from": 8}
CAUSES = re.compile(r"因为|由于|导致|使得|because|due to|caused|thanks to|led to", re.IGNORECASE)
PIECES = (surveys.survey_truth, surveys.representativeness, sections.sample_plan, surveys.satisfaction_change)


def register(cells: dict[tuple[str | None, str | None], int], **more: object) -> list[Row]:
    """Occupied households by (owner_type, zone)."""
    kinds = [cell for cell, count in cells.items() for _ in range(count)]
    return [
        {"community": "a", "household": f"h{at}", "occupancy": "occupied", "owner_type": kind, "zone": zone} | more
        for at, (kind, zone) in enumerate(kinds)
    ]


def replies(satisfied: int, count: int, first: int = 0, **columns: object) -> list[Row]:
    """Answers of `count` households from number `first` on, the first `satisfied` of them content."""
    return [answer(first + at, 5 if at < satisfied else 2, **columns) for at in range(count)]


def book(
    answers: Iterable[Row],
    homes: Iterable[Row] = (),
    *,
    lang: str = "zh",
    edition: str = "internal",
    period: str = "2025-09",
    told: tuple[Wave, ...] = (),
    households: int = 0,
    min_n: int = 10,
) -> Book:
    """A report over rows held in memory; nothing is read."""
    settings = Settings(community=[Community(id="a", name="甲")], privacy={"min_n": min_n})
    cut = Cut(pd.Timestamp(AS_OF), waves=told, households={"a": households} if households else {})
    given = {"survey_response": list(answers), "household": list(homes)}
    tables = domains.derive(frames({name: rows for name, rows in given.items() if rows}), cut)
    workspace = Workspace(Path("/nowhere"), settings)
    return Book(
        workspace, "monthly_review", "a", "甲", parse_period(period, cut.as_of), cut, edition, lang, {}, tables, {}
    )


def said(piece: Display) -> str:
    """The words of a piece, cells and sentences apart by bars."""
    return html.unescape(re.sub(r"(<[^>]+>)+", "|", piece.html))


SQUARE = {("owner", "east"): 40, ("owner", "west"): 20, ("tenant", "east"): 20, ("tenant", "west"): 20}


def square(**columns: object) -> list[Row]:
    """30 answers to the 100 households of SQUARE: 9 of 10, 3 of 5, 2 of 5, 2 of 10; weighted 60 %, unweighted 53 %."""
    parts = ((9, 10, 0), (3, 5, 40), (2, 5, 60), (2, 10, 80))
    return [row for yes, n, first in parts for row in replies(yes, n, first, **columns)]


WAVE = Wave("w1", Text("秋季调查", "Autumn survey"), "2025-09", "phone", {"a": 90})
EARLIER = Wave("w0", Text("春季调查", "Spring survey"), "2025-03", "phone", {"a": 90})


def test_every_basis_of_the_share_is_shown_when_the_register_is_known() -> None:
    words = said(surveys.survey_truth(book(square(), register(SQUARE), told=(WAVE,))))

    assert "|100|90|30|33%|30|电话|1–5|" in words
    assert "|答复者（未加权）|53%|34–72%|95% 区间；n=30（仅供参考）|" in words  # the exact interval is 0.376 wide
    assert "|全部 100 户（有限总体）|53%|38–69%|95% 区间；38–69 户满意|" in words
    assert "|加权到住户登记（事后分层）|60%|" in words
    assert "|95% 区间；设计效应 1.08，30 份相当于 28 份" in words
    assert "|最坏与最好情形|—|16–86%|界限，不含抽样误差；70 户未答复：全不满意，或全满意|" in words
    assert "加权：按住户类型、区域（事后分层）；未用年龄段：登记或答卷缺项过多。" in words


def test_english_says_the_same_when_asked() -> None:
    words = said(surveys.survey_truth(book(square(), register(SQUARE), told=(WAVE,), lang="en")))

    assert "Autumn survey: who was asked, who answered" in words
    assert "|Weighted to the register (post-stratified)|60%|" in words
    assert "Of all 100 households, between 38 and 69 are satisfied (38–69%)" in words
    assert "lies within 16–86%." in words
    assert not re.search(r"[\u4e00-\u9fff]", words.replace("甲", ""))


def test_finite_count_equals_an_enumeration_of_the_hypergeometric() -> None:
    found = stats.proportion_ci(16, 30, population=100)

    def tails(total: int) -> tuple[float, float]:
        mass = [comb(total, k) * comb(100 - total, 30 - k) / comb(100, 30) for k in range(31)]
        return sum(mass[16:]), sum(mass[:17])

    kept = [total for total in range(16, 87) if min(tails(total)) > 0.025]
    assert (found["low_count"], found["high_count"]) == (min(kept), max(kept))


def test_bounds_are_in_the_text_only_when_fewer_than_half_answered() -> None:
    low = said(surveys.survey_truth(book(square(), register(SQUARE), told=(WAVE,))))
    asked_few = Wave("w1", WAVE.label, "2025-09", "phone", {"a": 40})
    high = said(surveys.survey_truth(book(square(), register(SQUARE), told=(asked_few,))))

    assert "受邀 90 户中有 30 户（33%）作了有效回答；全部 100 户中 70 户的看法不知道" in low
    assert "看法不知道" not in high
    assert "最坏与最好情形" in high


def test_the_wave_has_the_figure_of_the_card() -> None:
    made = book(square(), register(SQUARE), told=(WAVE,))

    card, wave = made.figure("owner_satisfaction"), waves.current(made)

    names = ["n", "num", "den", "value", "low", "high", "state"]
    assert [card[name] for name in names] == [wave.figure[name] for name in names]


def test_nothing_is_weighted_when_there_is_no_register() -> None:
    made = book(square(), households=100, told=(WAVE,))

    assert "未加权：没有住户登记" in said(surveys.survey_truth(made))
    assert "全部 100 户（有限总体）" in said(surveys.survey_truth(made))
    assert "没有可比的住户登记" in said(surveys.representativeness(made))
    assert "×" not in said(sections.sample_plan(made))


def test_nothing_is_said_of_all_when_their_number_is_unknown_or_too_small() -> None:
    unknown, small = book(square()), book(square(), households=20)

    for made, words in ((unknown, "总户数未知"), (small, "有 20 户，有效回答 30 份")):
        told = said(surveys.survey_truth(made))
        assert f"不能推断全体住户：{words}" in told
        assert "有限总体" not in told
        assert "最坏" not in told
    assert "不知道总户数" in said(sections.sample_plan(unknown))


def test_a_census_has_no_sampling_error_when_everyone_answered() -> None:
    homes = register({("owner", "east"): 15, ("tenant", "west"): 15})

    words = said(surveys.survey_truth(book(replies(20, 30), homes)))

    assert "全部 30 户都作了回答，满意 20 户，没有抽样误差。" in words
    assert "未加权：全部住户都作了回答，不需要加权" in words
    assert "最坏" not in words


def test_every_piece_says_so_when_there_is_no_wave() -> None:
    made = book(replies(5, 20, survey_id="w0", submitted_at="03-10"), households=100, told=(EARLIER,))

    assert said(surveys.survey_truth(made)).strip("|") == "本期没有满意度调查的有效回答。最近一次是春季调查。"
    assert "没有答复" in said(surveys.representativeness(made))
    assert "没有调查可与上次比较" in said(surveys.satisfaction_change(made))
    assert "±5" in said(sections.sample_plan(made))


def test_a_stratum_without_answers_is_merged_and_told() -> None:
    cells = {("owner", "east"): 60, ("tenant", "east"): 20, ("landlord", "east"): 20}

    words = said(surveys.survey_truth(book(replies(20, 40), register(cells))))
    some = said(surveys.survey_truth(book([*replies(20, 40), *replies(5, 10, 60)], register(cells))))

    assert "未加权；未用年龄段：登记或答卷缺项过多；未用住户类型：答复太少，无法分开" in words
    assert "业主出租、租户合并" in some


def test_heavy_weights_are_warned_of() -> None:
    cells = {("owner", "east"): 100, ("tenant", "east"): 900}
    # 50 owners weigh 2, 100 tenants 9: (100 * 0.6 + 900 * 0.01) / 1000 = 6.9 %, unweighted 31 of 150 = 20.7 %.
    answers = [*replies(30, 50), *replies(1, 100, 100)]

    words = said(surveys.survey_truth(book(answers, register(cells))))

    assert "|加权到住户登记（事后分层）|7%|" in words
    assert "注意：加权值与未加权值相差 -13.8 个百分点" in words


def test_a_large_design_effect_is_warned_of() -> None:
    figures = {"estimate": 0.5, "low": 0.2, "high": 0.8, "n": 100, "deff": 2.5, "n_eff": 40}

    (claim,) = survey_claims.weighting(KPI, figures, 0.5, True)

    assert claim.text.zh == "注意：设计效应 2.5，100 份回答加权后只相当于 40 份，加权值不稳"
    assert survey_claims.weighting(KPI, figures | {"deff": 1.2}, 0.5, False) == []


def test_owners_see_no_share_when_fewer_than_ten_answered() -> None:
    told = {edition: said(surveys.survey_truth(book(replies(7, 9), households=100, told=(WAVE,), edition=edition)))
            for edition in ("internal", "owner")}  # fmt: skip

    assert "有效回答不足 10 户，不公布满意率。" in told["owner"]
    assert not re.search(r"\b7\b|78%|有限总体|最坏", told["owner"])
    assert "|答复者（未加权）|78%|40–97%|95% 区间；n=9（仅供参考）|" in told["internal"]


def test_owners_see_no_small_category_of_who_answered() -> None:
    answers, homes = square(), register(SQUARE)

    owner = said(surveys.representativeness(book(answers, homes, edition="owner", min_n=12)))
    team = said(surveys.representativeness(book(answers, homes)))

    assert "|住户类型 · 租户|40|12.0|15|+10.0|+1.1|" in team
    assert "|住户类型 · 租户|40|12.0|15|+10.0|+1.1|" in owner
    assert "|区域 · 西区|" not in team
    assert "|区域 · east|60|18.0|15|−10.0|−1.1|" in team
    fewer = said(surveys.representativeness(book(answers, homes, edition="owner", min_n=16)))
    assert "|区域 · east|60|※|※|※|※|" in fewer
    assert "※ 有的类别答复不足 16 户" in fewer


def test_owners_see_no_weight_cell_smaller_than_may_be_shown() -> None:
    weights = {edition: waves.weigh(made, waves.current(made)) for edition in ("internal", "owner")
               for made in [book(square(), register(SQUARE), edition=edition)]}  # fmt: skip

    assert weights["internal"].method == "post_stratified"  # four cells, the smallest with 5 answers
    assert weights["owner"].method == "raked"  # two margins, none below 10


def test_a_residual_equals_the_count_by_hand_and_likeness_is_no_proof() -> None:
    # 15 of 30 answers are tenants', expected 12: residual 3 / sqrt(12 * 0.6) = 1.118.
    words = said(surveys.representativeness(book(square(), register(SQUARE))))

    assert "|住户类型 · 租户|40|12.0|15|+10.0|+1.1|" in words
    assert "没有明显差别；这不能证明答复者有代表性" in words


def test_a_difference_from_the_register_is_named_when_it_is_beyond_chance() -> None:
    words = said(surveys.representativeness(book(replies(40, 40), register(SQUARE))))

    assert "答复者的住户类型、区域构成与住户登记不同" in words


def test_waves_are_compared_when_item_scale_and_mode_are_the_same() -> None:
    before = replies(20, 80, survey_id="w0", submitted_at="03-10", mode="phone")
    now = replies(60, 80, mode="phone")

    words = said(surveys.satisfaction_change(book([*before, *now], households=200, told=(EARLIER, WAVE))))

    assert "业主满意率 75%（n=80，95% 区间 64–84），比春季调查上升 50.0 个百分点。" in words


def test_no_change_is_said_when_the_locks_do_not_hold() -> None:
    before = replies(40, 80, survey_id="w0", submitted_at="03-10", mode="phone")

    made = book([*before, *replies(44, 80, mode="phone")], households=200, told=(EARLIER, WAVE), lang="en")

    assert "no clear change from Spring survey." in said(surveys.satisfaction_change(made))


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"mode": "online"}, "调查方式：电话 → 线上问卷"),
        ({"mode": "phone", **TEN}, "量表：1–5 → 0–10；「满意」的起点：4 → 8"),
        ({"mode": "phone", "satisfied_from": 3}, "「满意」的起点：4 → 3"),
    ],
)
def test_waves_are_not_compared_when_a_term_changed(columns: Row, reason: str) -> None:
    before = replies(20, 80, survey_id="w0", submitted_at="03-10", mode="phone")

    made = book([*before, *replies(60, 80, **columns)], households=200, told=(EARLIER, WAVE))
    words = said(surveys.satisfaction_change(made))

    assert f"与春季调查不可比（{reason}）。两次结果并列，不计算差值。" in words
    assert "个百分点" not in words
    assert "|春季调查|电话|1–5|80|25%|" in words


def test_waves_are_not_compared_when_the_declared_mode_is_mixed_or_nobody_knows_it() -> None:
    before = replies(20, 80, survey_id="w0", submitted_at="03-10")
    mixed = Wave("w1", WAVE.label, "2025-09", "mixed", {"a": 90})

    for told in ((EARLIER, mixed), ()):
        words = said(surveys.satisfaction_change(book([*before, *replies(60, 80)], households=200, told=told)))
        assert "不可比（调查方式" in words


def test_small_waves_are_not_compared() -> None:
    before = replies(2, 5, survey_id="w0", submitted_at="03-10", mode="phone")

    words = said(surveys.satisfaction_change(book([*before, *replies(20, 20, mode="phone")],
                                                        told=(EARLIER, WAVE), edition="owner")))  # fmt: skip

    assert "|5|※|—|—|" in words
    assert "回答不足或尚未定案，不作比较" in words


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_mixed_scales_are_told_in_words_when_there_is_no_figure(lang: str) -> None:
    made = book([*replies(20, 30), *replies(5, 10, 40, **TEN)], households=100, lang=lang)
    reason = "本期的答案用了不同的量表（0-10、1-5），不能合并" if lang == "zh" else "different scales (0-10, 1-5)"

    assert made.figure("owner_satisfaction")["state"] == "no_data"
    for piece in (
        surveys.survey_truth(made),
        sections.by_segment(made, "owner_satisfaction", ["owner_type"]),
        sections.items(made, "satisfaction_by_item", []),
    ):
        assert reason in said(piece)


def test_an_item_on_two_scales_is_named_when_the_overall_is_on_one() -> None:
    cleaning = [answer(1, 5, item="cleaning"), answer(2, 9, item="cleaning", **TEN)]

    assert "量表不一致，不给数字：cleaning。" in said(
        surveys.survey_truth(book([*replies(20, 30), *cleaning], households=100))
    )


def test_absence_is_plain_when_no_scale_is_mixed() -> None:
    assert said(sections.by_segment(book(replies(1, 2), period="2025-08"), KPI.id, ["zone"])).strip("|") == (
        "业主满意率：本期无数据。"
    )


def test_the_last_wave_is_told_when_the_period_has_two() -> None:
    other = replies(1, 20, survey_id="w0", submitted_at="07-10")

    words = said(surveys.survey_truth(book([*other, *replies(20, 30)], households=100, period="2025Q3")))

    assert "本期有 2 次调查，以上是最后一次（w1）。" in words
    assert "n=30" in words


def test_the_plan_equals_the_formula_by_hand() -> None:
    # n0 = 1.96² · 0.25 / e² is 96.04 and 384.15; over 1 + (n0 - 1)/100 that is 49.2 -> 50 and 79.5 -> 80 of 100.
    # 30 of 90 invited answered: 50 answers would need 150 invitations, which 100 households cannot give.
    words = said(sections.sample_plan(book(square(), register(SQUARE), told=(WAVE,))))

    assert "|±10|50|50%|达不到|" in words
    assert "|±5|80|80%|达不到|" in words
    assert "|±15.0（与上次相同）|30|30%|90|" in words
    assert "邀请全部 100 户也只有约 33 户答复" in words


def test_the_plan_names_invitations_when_they_can_be_reached() -> None:
    all_of_them = Wave("w1", WAVE.label, "2025-09", "phone", {"a": 30})

    words = said(sections.sample_plan(book(square(), register(SQUARE), told=(all_of_them,), lang="en")))

    assert "±10 points need 50 answers; at the last response rate of 100% about 50 invitations." in words


def test_age_by_zone_is_out_of_reach_when_one_wave_cannot_fill_the_cells() -> None:
    homes = register(SQUARE, age_band="60+")
    homes[0]["age_band"] = "18-29"

    words = said(sections.sample_plan(book(square(), homes, told=(WAVE,))))

    assert "每个年龄段×区域（3 格）都要 ±10 个百分点" in words
    assert "一次调查做不到，请用滚动 3–12 个月的合并数据或普查。" in words


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("edition", ["internal", "owner"])
def test_hostile_names_are_escaped_in_every_piece(lang: str, edition: str) -> None:
    cells = {("owner", HOSTILE): 40, ("owner", "west"): 20, ("tenant", HOSTILE): 20, ("tenant", "west"): 20}
    evil = [
        Wave(wave, Text(HOSTILE, HOSTILE), month, "phone", {"a": 90})
        for wave, month in (("w0", "2025-03"), ("w1", "2025-09"))
    ]
    before = replies(20, 80, survey_id="w0", submitted_at="03-10", mode="online")
    mixed = [answer(1, 5, item=HOSTILE), answer(2, 9, item=HOSTILE, **TEN)]
    made = book([*before, *square(), *mixed], register(cells), told=tuple(evil), lang=lang, edition=edition)

    for piece in PIECES:
        shown = piece(made)
        assert "<script" not in shown.html
        assert "<script" not in shown.fallback
        json.dumps(shown._repr_mimebundle_())


def test_no_sentence_names_a_cause_or_a_p_value() -> None:
    for lang in ("zh", "en"):
        made = book(square(), register(SQUARE), told=(WAVE,), lang=lang)
        words = " ".join(said(piece(made)) for piece in PIECES)
        assert not CAUSES.search(words)
        assert not re.search(r"p\s*[=<]|significan|显著", words)
