"""The controls without a browser: what they choose is what the view shows, and no state of theirs holds a comment."""

from __future__ import annotations

from pathlib import Path

import ipywidgets
import pytest

from propkit.exploring.widgets import Explorer
from tests.exploring import cubes


@pytest.fixture
def explorer(tmp_path: Path) -> Explorer:
    rows = cubes.answers(
        {"东": (30, 40), "西": (3, 4), "南": (20, 30), "北": (10, 16)}, comments=["CANARY-7"], owner_type="owner"
    )
    rows += cubes.answers({"东": (10, 30), "西": (20, 30)}, first=300, owner_type="tenant", mode="online")
    rows += cubes.answers({"东": (10, 30), "西": (20, 30)}, first=600, item="cleaning", owner_type="tenant")
    rows += cubes.answers({"东": (30, 50)}, first=900, submitted_at="08-02 10:00", survey_id="w0", place="b")
    return Explorer(cubes.cube(rows, tmp_path), "owner_satisfaction", by="zone", communities="a")


def test_every_control_changes_the_view_as_the_function_would(explorer: Explorer):
    changes = {
        "second": ("owner_type", {"by": ("zone", "owner_type")}),
        "crossed": (True, {"crossed": True}),
        "against": ("previous", {"against": "previous"}),
        "places": (("a", "b"), {"communities": ("a", "b")}),
        "months": (("2025-08", "2025-09"), {"period": "2025-08..2025-09"}),
    }
    chosen = {"by": ("zone",), "communities": ("a",), "period": "2025-09", "against": "rest", "crossed": False}
    for control, (value, change) in changes.items():
        getattr(explorer, control).value = value
        chosen |= change
        assert explorer.view is not None
        expected = explorer.cube.view("owner_satisfaction", **chosen)
        assert explorer.view.choice == expected.choice, control
        assert explorer.code.code == explorer.view.code == expected.code


def test_an_item_of_the_survey_can_be_chosen_like_a_figure(explorer: Explorer):
    explorer.subject.value = "items"
    explorer.what.value = "cleaning"

    assert explorer.view.choice.what == "cleaning"
    assert explorer.view.rates["den"].iloc[0] == 60


def test_controls_that_set_each_other_take_one_look(explorer: Explorer):
    before = len(explorer.cube.looks)

    explorer.subject.value = "items"

    assert len(explorer.cube.looks) == before + 1


def test_groups_that_are_too_small_are_not_offered(explorer: Explorer):
    hidden = set(explorer.view.rates.loc[explorer.view.rates["state"] == "suppressed", "segment"])

    offered = {group for _, (_, group) in explorer.group.options}

    assert hidden.isdisjoint(offered)
    assert "东" in offered


def test_rows_are_sent_as_messages_and_are_in_no_state(explorer: Explorer, monkeypatch: pytest.MonkeyPatch):
    sent: list[object] = []
    monkeypatch.setattr(explorer.rows, "send", sent.append)
    explorer.group.value = ("zone", "东")

    explorer.show_rows()

    assert "CANARY-7" in str(sent[-1])
    states = ipywidgets.Widget.get_manager_state()
    assert "CANARY" not in str(states)
    assert "CANARY" not in str(explorer.view._repr_mimebundle_())


def test_a_choice_without_data_is_told_in_words(explorer: Explorer):
    explorer.places.value = ("b",)
    explorer.months.value = ("2025-09", "2025-09")

    assert "没有数据" in explorer.view._repr_mimebundle_()["text/html"]
    assert explorer.open_rows.disabled


def test_labels_that_are_the_same_are_told_apart(tmp_path: Path):
    rows = cubes.answers({"未知": (10, 20), "西": (10, 20)}, owner_type=None)

    made = Explorer(cubes.cube(rows, tmp_path), "owner_satisfaction", by="zone")

    labels = [label for label, _ in made.group.options]
    assert len(labels) == len(set(labels))
