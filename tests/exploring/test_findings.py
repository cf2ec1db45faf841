"""What views claim: true differences are named, nothing is named where nothing is, however often somebody looks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from propkit import domains
from propkit.exploring import looks
from propkit.rates import rate
from propkit.reporting import group_claims
from propkit.text import Text
from tests.exploring import cubes

KPI = domains.kpi("owner_satisfaction")
NOW = {"东": (70, 80), "西": (20, 80), "南": (55, 80)}


def test_groups_that_differ_from_the_rest_are_named(tmp_path: Path):
    view = cubes.cube(cubes.answers(NOW), tmp_path).view("owner_satisfaction", by="zone", period="2025-09")

    found = {claim.group: claim.verdict for claim in view.findings}

    assert found["zone=西"] == "lower"
    assert found["zone=东"] == "higher"
    assert list(view.findings.frame.columns)[:4] == ["kpi", "kind", "group", "verdict"]


def test_a_later_look_is_judged_more_strictly(tmp_path: Path):
    rows = cubes.answers({"东": (68, 80), "西": (46, 80), "南": (54, 80)})
    early, late = (
        cubes.cube(rows, tmp_path).view("owner_satisfaction", by="zone", period="2025-09", look=look)
        for look in (1, 30)
    )

    assert len(early.findings) > 0
    assert len(late.findings) == 0
    assert "第 30 次" in late.findings.notes[-1].zh


def test_looks_are_counted_once_for_each_distinct_view(tmp_path: Path):
    cube = cubes.cube(cubes.answers(NOW), tmp_path)

    taken = [
        cube.view("owner_satisfaction", by="zone", against=one).look for one in ("rest", "target", "rest", "previous")
    ]

    assert taken == [1, 2, 1, 3]
    assert cube.view("owner_satisfaction", by="mode" if "mode" in cube.dims["owner_satisfaction"] else "zone",
                     against="year_ago").look == 4  # fmt: skip


def test_a_look_that_was_taken_elsewhere_counts_too(tmp_path: Path):
    cube = cubes.cube(cubes.answers(NOW), tmp_path)

    assert cube.view("owner_satisfaction", by="zone", look=7).look == 7
    assert cube.view("owner_satisfaction", by="zone", against="target").look == 8


def test_changes_are_named_group_by_group_when_the_waves_are_alike(tmp_path: Path):
    before = cubes.answers({"东": (60, 80), "西": (60, 80)}, submitted_at="08-10 10:00", survey_id="w0", mode="online")
    now = cubes.answers({"东": (62, 80), "西": (20, 80)}, first=200, mode="online")

    view = cubes.cube(before + now, tmp_path).view(
        "owner_satisfaction", by="zone", period="2025-09", against="previous"
    )

    assert {claim.group: claim.verdict for claim in view.findings} == {"zone=西": "lower", "all": "lower"}
    assert "西" in next(claim for claim in view.findings if claim.group == "zone=西").text.zh
    assert "2025年8月" in view.findings[0].text.zh


def test_waves_that_were_asked_otherwise_are_not_compared(tmp_path: Path):
    before = cubes.answers({"东": (60, 80), "西": (60, 80)}, submitted_at="08-10 10:00", survey_id="w0", mode="phone")
    now = cubes.answers({"东": (20, 80), "西": (20, 80)}, first=200, mode="online")

    view = cubes.cube(before + now, tmp_path).view(
        "owner_satisfaction", by="zone", period="2025-09", against="previous"
    )

    assert len(view.findings) == 0
    assert "不可比" in view.findings.notes[0].zh
    assert "没有经得起检验" not in view._repr_mimebundle_()["text/html"]  # nothing was tested, which is another thing


def test_targets_are_judged_group_by_group(tmp_path: Path):
    view = cubes.cube(cubes.answers(NOW), tmp_path, goal=60).view("owner_satisfaction", by="zone", against="target")

    assert {claim.group: claim.verdict for claim in view.findings} == {"zone=西": "not_attained", "zone=东": "attained"}
    assert "60%" in view.findings[0].text.zh


def test_the_error_of_all_looks_together_stays_within_what_may_be_spent():
    assert sum(looks.level(look) for look in range(1, 100_000)) <= looks.ERROR
    assert all(looks.level(look) > looks.level(look + 1) for look in range(1, 100))


def _rates(rng: np.random.Generator, groups: int, share: float) -> pd.DataFrame:
    den = rng.integers(15, 120, groups)
    counts = pd.DataFrame({"kpi": KPI.id, "community": "a", "period": "2025-09", "segment": [f"g{one}" for one in range(groups)],
                           "n": den, "num": rng.binomial(den, share), "num_sq": 0, "den": den})  # fmt: skip
    return rate(counts, as_of=pd.Timestamp("2026-01-01"))


def _said(rng: np.random.Generator, look: int) -> bool:
    """One look at data in which nothing is: three kinds of comparison in turn, one or two dimensions."""
    alpha, share = looks.level(look), rng.uniform(0.3, 0.9)
    first, second = (_rates(rng, int(rng.integers(2, 12)), share) for _ in range(2))
    if look % 3 == 0:
        families = {"a": first, "b": second} if look % 2 else {"a": first}
        return bool(group_claims.different(KPI, families, {}, alpha=alpha))
    if look % 3 == 1:
        before = _rates(rng, len(first), share)
        return bool(group_claims.changed(KPI, before, first, {}, Text("", ""), alpha=alpha))
    return bool(group_claims.attained(KPI, first, share * 100, {}, alpha=alpha))


@pytest.mark.parametrize(
    ("explorations", "depth", "most"),
    # At 5 % more than the most have a chance below 2 %.
    [(20, 12, 3), pytest.param(200, 20, 16, marks=pytest.mark.slow)],
)
def test_whole_explorations_of_nothing_rarely_say_anything(explorations: int, depth: int, most: int):
    rng = np.random.default_rng(8)

    spoken = sum(any(_said(rng, look) for look in range(1, depth + 1)) for _ in range(explorations))

    assert spoken <= most


def test_the_same_explorations_say_much_when_looks_are_not_counted():
    """The measure itself: without spending, the very same tests at 5 % would speak in most explorations."""
    rng = np.random.default_rng(9)
    spoken = 0
    for _ in range(16):
        spoken += any(
            bool(group_claims.changed(KPI, (first := _rates(rng, 6, 0.6)), _rates(rng, len(first), 0.6), {}, Text("", ""),
                                      alpha=looks.ERROR))
            for _ in range(20)
        )  # fmt: skip

    assert spoken >= 5


@pytest.mark.parametrize("kind", ["mean", "count"])
def test_nothing_is_claimed_of_figures_that_no_test_here_fits(tmp_path: Path, kind: str):
    cube = cubes.cube(cubes.answers(NOW), tmp_path)
    found = [kpi_id for kpi_id in cube.counts if domains.kpi(kpi_id).kind == kind]

    for kpi_id in found:
        view = cube.view(kpi_id, by=list(cube.dims_of(kpi_id))[:1])
        assert len(view.findings) == 0
        assert "不作检验" in view.findings.notes[0].zh
