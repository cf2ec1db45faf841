"""A clear change taken apart into the groups' own change and that of their mix."""

from __future__ import annotations

import re

import propkit as pk
from propkit.reporting import causes
from propkit.reporting.findings import findings
from propkit.workspace import Workspace

KEY = ["repairs_on_time_rate"]


def test_the_parts_of_every_change_add_up_to_it_and_only_clear_changes_are_taken_apart(
    demo_workspace: Workspace,
) -> None:
    book = pk.open_book(
        "monthly_review", workspace=demo_workspace.root, community="cuihu", period="2025-09", lang="en", key=KEY
    )
    told = causes.taken_apart(book).text.replace("−", "-")
    parts = re.findall(
        r"([+-][\d.]+) points, by [^:]+: ([+-][\d.]+) from the groups themselves, ([+-][\d.]+) from", told
    )
    clear = [one for one in findings(book).of("change") if one.verdict in ("higher", "lower")]

    assert 1 <= len(parts) <= len(clear)
    for total, own, mix in parts:
        assert abs(float(total) - float(own) - float(mix)) < 0.16  # each is rounded by itself
    # Other topics were tested than a year before: all of that change is mix.
    assert re.search(
        r"Tests failed (\S+) points, by topic of training: \+0\.0 from the groups themselves, \1 from their mix; no group",
        told,
    )


def test_owners_are_shown_no_arithmetic_of_the_team(demo_workspace: Workspace) -> None:
    book = pk.open_book(
        "monthly_review", workspace=demo_workspace.root, community="cuihu", period="2025-09", edition="owner", key=KEY
    )

    assert causes.taken_apart(book).html == ""
