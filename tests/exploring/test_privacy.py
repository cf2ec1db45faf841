"""Small groups: hidden, not to be worked out, never listed; comments are in nothing that a notebook saves."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from propkit.errors import ConfigError, DisclosureError
from propkit.exploring.rows import anonymous
from propkit.reporting.disclosure import THRESHOLD
from tests.exploring import cubes

SIZES = {"东": (30, 40), "西": (3, 4), "南": (20, 30), "北": (9, 14), "中": (8, 12)}


def test_a_small_group_is_hidden_with_another_that_keeps_it_hidden(tmp_path: Path):
    rates = cubes.cube(cubes.answers(SIZES), tmp_path).segments("owner_satisfaction", by="zone")
    hidden = rates[rates["state"] == "suppressed"]

    assert "西" in set(hidden["segment"])
    assert len(hidden) == 2
    assert hidden[["n", "num", "den", "value", "low", "high"]].isna().all(axis=None)


@pytest.mark.parametrize("small", [(0, 1), (1, 1), (3, 4), (9, 9), (2, 7)])
def test_no_number_of_a_hidden_group_follows_from_what_is_shown(tmp_path: Path, small: tuple[int, int]):
    """Every table that agrees with what is shown is tried: the hidden group's numbers must stay open."""
    rates = cubes.cube(cubes.answers({**SIZES, "西": small}), tmp_path).segments("owner_satisfaction", by="zone")
    groups = rates[rates["dimension"] == "zone"]
    shown, hidden = groups[groups["state"] != "suppressed"], groups[groups["state"] == "suppressed"]
    n, num = (int(rates[name].iloc[0] - shown[name].sum()) for name in ("n", "num"))

    possible = {
        (count, counted)
        for count, counted in itertools.product(range(n + 1), range(num + 1))
        if counted <= count and num - counted <= n - count  # the other hidden groups take the rest
    }

    assert len(hidden) >= 2
    assert small[::-1] in possible
    assert max(count for count, _ in possible) - min(count for count, _ in possible) >= THRESHOLD
    assert len({counted for _, counted in possible}) >= THRESHOLD


def test_rows_of_small_and_of_hidden_groups_are_refused(tmp_path: Path):
    view = cubes.cube(cubes.answers(SIZES), tmp_path).view("owner_satisfaction", by="zone")
    hidden = view.rates.loc[view.rates["state"] == "suppressed", "segment"]

    for group in hidden:
        with pytest.raises(DisclosureError):
            view.listing(group)
    with pytest.raises(ConfigError):
        view.listing("nowhere")


def test_figures_that_are_no_opinions_have_no_rows_below_the_threshold(tmp_path: Path):
    from tests.worlds import world

    cube, _ = cubes.of_world(world(11, 60), tmp_path, min_n=10_000)
    kpi_id = "repair_completion_rate"
    view = cube.view(kpi_id, by=list(cube.dims_of(kpi_id))[:1], period="2025-01..2025-09")
    group = view.rates.loc[view.rates["dimension"] != "all", "segment"].iloc[0]

    with pytest.raises(DisclosureError):
        view.listing(group)


def test_rows_are_those_that_count_and_name_nobody(tmp_path: Path):
    said = ["电梯太慢", "我住3号楼2单元501，电话13812345678", "<b>x</b>"]
    rows = cubes.answers({"东": (30, 40), "西": (20, 30)}, comments=said)
    view = cubes.cube(rows, tmp_path).view("owner_satisfaction", by="zone")

    found = view.listing("东")
    everything = json.dumps(found.frame.to_dict("records"), ensure_ascii=False)

    assert len(found) == view.rates.set_index("segment").loc["东", "n"] == 40
    assert "电梯太慢" in everything
    for secret in ("13812345678", "501", "r1", "h1", "东"):
        assert secret not in everything


def test_a_month_of_a_few_is_not_named_in_a_listing(tmp_path: Path):
    few = cubes.answers({"东": (3, 4)}, first=500, submitted_at="08-10 10:00", survey_id="w0")
    cube = cubes.cube(cubes.answers({"东": (30, 40), "西": (20, 30)}) + few, tmp_path)

    told = cube.view("owner_satisfaction", by="zone", period="2025-08..2025-09").listing("东")

    assert "月份" not in told.frame.columns
    assert "月份" in cube.view("owner_satisfaction", by="zone", period="2025-09").listing("东").frame.columns


def test_a_listing_shown_in_a_cell_withholds_its_rows(tmp_path: Path):
    rows = cubes.answers({"东": (30, 40), "西": (20, 30)}, comments=["CANARY-1"])
    found = cubes.cube(rows, tmp_path).view("owner_satisfaction", by="zone").listing("东")

    assert "CANARY-1" in found.frame.to_string()
    assert "CANARY" not in repr(found)
    assert not hasattr(found, "_repr_html_")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("电话13812345678", "电话****"),
        ("3栋2单元501室漏水", "****漏水"),
        ("12-1-1203 漏水", "**** 漏水"),
        ("京A12345 乱停", "**** 乱停"),
        ("mail a.b@example.com", "mail ****"),
        ("2025年9月的电梯", "2025年9月的电梯"),
        ("3个人等了20分钟", "3个人等了20分钟"),
    ],
)
def test_what_may_name_somebody_is_masked_in_comments(said: str, kept: str):
    assert anonymous(said) == kept
