"""Views are the figures of `figures`, whatever is chosen; the sums behind them are the sums of rows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import propkit as pk
from propkit import domains
from propkit.errors import ConfigError
from propkit.exploring.choice import LOCAL
from propkit.exploring.cube import COMMUNITY, Cube
from propkit.figures import figures
from propkit.periods import parse_period
from propkit.rates import FIGURES
from propkit.reporting import style
from tests.exploring import cubes
from tests.worlds import world

PERIODS = ("2025-03", "2025-03..2025-07", "2025Q2")
ZONES = {"东": (60, 80), "西": (20, 60), "南": (40, 60)}


def _told(frame: pd.DataFrame) -> list[tuple]:
    kept = frame.loc[frame["state"] != "no_data", ["segment", *FIGURES]].astype(object)
    return sorted(tuple(None if pd.isna(value) else value for value in row) for row in kept.itertuples(index=False))


@settings(max_examples=3)
@given(st.integers(0, 10**6), st.sampled_from(PERIODS), st.data())
def test_a_split_is_that_of_figures_when_one_community_is_chosen(
    tmp_path_factory: pytest.TempPathFactory, seed: int, period: str, data: st.DataObject
):
    cube, tables = cubes.of_world(world(seed, 25), tmp_path_factory.getbasetemp())
    place = data.draw(st.sampled_from(list(cube.communities)))
    compared = 0
    for kpi_id in data.draw(st.lists(st.sampled_from(sorted(cube.counts)), min_size=12, max_size=12, unique=True)):
        by = [name for name in cube.dims[kpi_id] if name != COMMUNITY][:2]
        if not by:
            continue
        for crossed in [False, True] if len(by) == 2 else [False]:
            rates = cube.segments(kpi_id, by=by, communities=place, period=period, crossed=crossed)
            for split in [by] if crossed else [[name] for name in by]:
                expected = figures(
                    tables,
                    cube.cut,
                    [domains.kpi(kpi_id)],
                    [parse_period(period)],
                    communities=[place],
                    by=split,
                    min_n=1,
                )
                ours = rates[rates["dimension"] == "|".join(split)]
                assert _told(ours) == _told(expected), (kpi_id, split)
                compared += len(ours)


@settings(max_examples=3)
@given(st.integers(0, 10**6))
def test_sums_are_those_of_the_rows_when_communities_are_pooled(tmp_path_factory: pytest.TempPathFactory, seed: int):
    cube, tables = cubes.of_world(world(seed, 40), tmp_path_factory.getbasetemp())
    if "repair_completion_rate" not in cube.counts:
        return
    kpi = domains.kpi("repair_completion_rate")
    rows = tables[kpi.table]
    known = rows[rows[kpi.numerator].notna() & rows[kpi.dated_by].notna()]
    inside = known[known[kpi.dated_by].dt.strftime("%Y-%m").between("2025-02", "2025-06")]

    rates = cube.segments(
        kpi.id, by="fault_type" if "fault_type" in cube.dims[kpi.id] else (), period="2025-02..2025-06"
    )

    whole = rates.iloc[0]
    assert (whole["num"], whole["den"]) == (int(inside[kpi.numerator].astype(int).sum()), len(inside))
    assert rates.loc[rates["dimension"] != "all", "den"].sum() % max(len(inside), 1) == 0


def test_an_item_is_a_figure_of_its_own_when_it_is_asked_for_by_name(tmp_path: Path):
    rows = cubes.answers(ZONES) + cubes.answers({"东": (3, 30), "西": (15, 30)}, first=500, item="cleaning")
    cube = cubes.cube(rows, tmp_path)

    rates = cube.segments("cleaning", by="zone", period="2025-09")

    assert rates[["segment", "num", "den"]].values.tolist() == [["all", 18, 60], ["东", 3, 30], ["西", 15, 30]]
    assert set(cube.items) == {"overall", "cleaning"}
    assert "item" not in cube.dims_of("cleaning")


def test_groups_of_local_dimensions_stay_apart_when_communities_are_pooled(tmp_path: Path):
    rows = cubes.answers({"东": (10, 20)}, place="a") + cubes.answers(
        {"东": (30, 40), "西": (15, 20)}, place="b", first=100
    )
    cube = cubes.cube(rows, tmp_path)

    rates = cube.segments("owner_satisfaction", by="zone", period="2025-09")

    assert "zone" in LOCAL
    assert rates[["segment", "label", "num", "den"]].values.tolist()[1:] == [
        ["a|东", "a · 东", 10, 20], ["b|东", "b · 东", 30, 40], ["b|西", "b · 西", 15, 20],
    ]  # fmt: skip


def test_answers_on_two_scales_have_no_common_figure(tmp_path: Path):
    ten = {"scale_low": 0, "scale_high": 10, "satisfied_from": 8}
    rows = cubes.answers({"东": (10, 20), "西": (10, 20)}) + cubes.answers({"东": (10, 20)}, first=300, **ten)

    rates = cubes.cube(rows, tmp_path).segments("owner_satisfaction", by="zone", period="2025-09")

    assert rates.set_index("segment")["state"].to_dict() == {"all": "no_data", "东": "no_data", "西": "unreliable"}


@pytest.mark.parametrize(
    ("chosen", "hint"),
    [
        ({"what": "owner_satisfacton"}, "owner_satisfaction"),
        ({"what": "owner_satisfaction", "by": "zona"}, "zone"),
        ({"what": "owner_satisfaction", "communities": "bb"}, "no such community"),
        ({"what": "owner_satisfaction", "against": "prevous"}, "previous"),
        ({"what": "owner_satisfaction", "period": "2025-09-10"}, "by month"),
    ],
)
def test_a_wrong_choice_is_told_with_the_nearest_name(tmp_path: Path, chosen: dict, hint: str):
    cube = cubes.cube(cubes.answers(ZONES), tmp_path)

    with pytest.raises(ConfigError) as told:
        cube.view(**chosen)

    assert hint in told.value.render("en")


def test_a_view_is_made_again_by_its_code_without_widgets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    cube = cubes.cube(cubes.answers(ZONES), tmp_path)
    shown = cube.view("owner_satisfaction", by="zone", period="2025-09", against="rest")
    cube.view("owner_satisfaction", by="zone", period="2025-09", against="target")
    monkeypatch.setattr(pk, "open_cube", lambda *_, **__: cube, raising=False)
    *lines, last = shown.code.splitlines()

    scope: dict = {}
    exec("\n".join([*lines, f"view = {last}"]), scope)
    again = scope["view"]

    assert again._repr_mimebundle_() == shown._repr_mimebundle_()
    pd.testing.assert_frame_equal(pd.DataFrame(again.rates), pd.DataFrame(shown.rates))


def test_a_chart_is_drawn_on_the_axes_that_are_given(tmp_path: Path):
    from matplotlib.figure import Figure

    cube = cubes.cube(cubes.answers(ZONES), tmp_path)
    ax = Figure().add_subplot()

    drawn = cube.segments("owner_satisfaction", by="zone", period="2025-09").pipe(pk.dots, ax=ax)

    assert drawn is ax
    assert [label.get_text() for label in ax.get_yticklabels()] == ["东", "南", "西"]
    assert {label.get_fontfamily()[0] for label in ax.get_yticklabels()} == {style.family()}


def test_figures_show_themselves_as_readers_see_them(tmp_path: Path):
    rates = cubes.cube(cubes.answers(ZONES), tmp_path).segments("owner_satisfaction", by="zone", period="2025-09")

    shown = rates.sort_values("value")._repr_html_()

    assert all(word in shown for word in ("业主满意率", "区域", "75%", "64–84%", ">80<"))
    assert "0.75" not in rates[rates["segment"] == "东"]._repr_html_()
    assert rates[["segment", "value"]]._repr_html_().count("0.75") == 1  # any other frame is as pandas shows it


HOSTILE = ("<script>alert(1)</script>", "$\\frac{$", "长" * 300, "\u202eتجربة", "🏠🔥", "a|b", "a\nb")


def test_hostile_labels_are_shown_as_text(tmp_path: Path):
    cube = cubes.cube(cubes.answers({name: (10, 20) for name in HOSTILE}), tmp_path)

    bundle = cube.view("owner_satisfaction", by="zone", period="2025-09")._repr_mimebundle_()
    told = bundle["text/html"] + cube.segments("owner_satisfaction", by="zone")._repr_html_() + cube._repr_html_()

    assert "<script" not in told
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in told
    assert "🏠🔥" in told
    assert "\u202e" not in bundle["text/html"]


def test_completion_knows_figures_dimensions_and_items(tmp_path: Path):
    cube: Cube = cubes.cube(cubes.answers(ZONES), tmp_path)

    assert "owner_satisfaction" in dir(cube.kpis)
    assert cube.kpis.owner_satisfaction == "owner_satisfaction"
    assert "zone" in cube.dims_of("owner_satisfaction")._ipython_key_completions_()
    assert {"rates", "chart", "listing"} <= set(dir(cube.view("owner_satisfaction", by="zone")))
