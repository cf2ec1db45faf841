"""Small versions of `make honesty`: the same measurements on fewer worlds, and checks that the measurements can fail."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from propkit.reporting import claims
from propkit.stats import audit_suppression
from tests.honesty import enumeration, mutants
from tests.honesty.cause import cause
from tests.honesty.measures import Line, Measurement, share
from tests.honesty.mistakes import MISTAKES, Mistake
from tests.honesty.privacy import attack, privacy
from tests.honesty.report import page
from tests.honesty.silence import silence, voice
from tests.honesty.spread import simulated
from tests.honesty.worlds import null_reports


def test_coverage_meets_its_bars_on_a_small_grid() -> None:
    lines = enumeration.enumerated((10, 50), ((10, 10), (30, 50)))
    wilson = next(line for line in lines if "Wilson" in line.what)

    assert [line.what for line in lines if not line.met] == []
    assert 0.83 < wilson.value < 0.91  # statistics.md, table 1a: as low as 83.8 at n = 10


def test_simulated_coverage_meets_its_bars_within_the_error() -> None:
    lines = simulated(400)

    assert [line.what for line in lines if line.value < line.bar - 0.06] == []


def test_null_reports_are_silent() -> None:
    whole = silence(60).lines[0]

    # One in twenty is allowed: of 60 that is 3, and up to 7 by chance (binomial, 99 %).
    assert whole.value * 60 <= 7, whole


def test_planted_effects_are_named() -> None:
    lines = voice(24).lines

    assert [line for line in lines if not line.met] == []


def test_silence_hears_a_careless_report(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("CHANGES", "SEGMENTS", "TARGETS", "SIGNALS", "LEADING"):
        monkeypatch.setattr(claims, f"ALPHA_{kind}", 0.9)

    assert silence(24).lines[0].value > 0.2


def test_rectification_of_the_worst_is_rarely_said_to_have_worked() -> None:
    measured = cause(300)

    assert [line for line in measured.lines if line.bar and line.most and line.value > 0.05 + 0.04] == []
    assert all(line.value > 0.05 for line in measured.lines if line.what.startswith("before/after"))


def test_no_small_cell_can_be_derived() -> None:
    assert privacy(40, 3).missed == []


def test_attack_finds_what_can_be_worked_out() -> None:
    table, hidden = np.array([[3, 7], [6, 9]]), np.array([[True, False], [False, False]])

    assert attack(table, hidden, (0, 0)) == (3.0, 3.0)
    assert attack(table, np.ones((2, 2), dtype=bool), (0, 0)) == (0.0, 9.0)
    assert audit_suppression(table, np.ones((2, 2), dtype=bool)).loc[0, "high"] == 9


def test_worlds_are_the_same_every_time() -> None:
    first, second = (next(null_reports(1)).history for _ in range(2))

    assert first.equals(second)


def test_seeded_mistakes_are_killed() -> None:
    chosen = [mistake for mistake in MISTAKES if mistake.what in _QUICK]

    assert len(chosen) == len(_QUICK)
    assert mutants.survive(chosen) == []


_QUICK = ("difference a - b", "Bonferroni called Holm", "8-point rule", "mix not centred")


def test_a_change_that_is_no_mistake_survives() -> None:
    harmless = Mistake(
        "harmless", "propkit/stats/segments.py", "NO_SPREAD = 1e4", "NO_SPREAD = 1e4  ", "tests/stats/test_segments.py"
    )

    assert mutants.survive([harmless]) == [harmless]


def test_a_mistake_without_its_place_stops_the_run() -> None:
    stale = MISTAKES[0]._replace(old="no such line anywhere")

    with pytest.raises(LookupError, match=stale.what):
        mutants.survive([stale])


def test_every_mistake_has_its_place() -> None:
    lost = [mistake.what for mistake in MISTAKES if mutants.source(mistake).count(mistake.old) != 1]

    assert lost == []
    assert len({mistake.what for mistake in MISTAKES}) == len(MISTAKES) >= 50


def test_page_says_what_is_missed() -> None:
    good, bad = Line("kept", 0.96, 0.95), share("broken", 8, 100, 0.05, most=True)
    measurement = Measurement("T0", "Title", "how", [good, bad], ("a note",))

    text = page([measurement])

    assert "**Missed: 1.**" in text
    assert "| broken | **8.00 % missed** | at most 5.00 % | 8 of 100; 95 % interval 3.52% to 15.16% |" in text
    assert "**Every bar is met.**" in page([dataclasses.replace(measurement, lines=[good])])
    assert math.isclose(bad.value, 0.08)
