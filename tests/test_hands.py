"""Pieces of work by several processes: in order, within the memory that is given, and without leaving anybody behind."""

from __future__ import annotations

import math
import os
import signal
import time

import pytest

from propkit.errors import PropkitError
from propkit.hands import _Gate, spread


def test_results_come_in_the_order_of_the_pieces_and_from_other_processes() -> None:
    told = []

    found = spread(math.factorial, [5, 3, 4], workers=2, needs=[1, 1, 1], room=9, begun=told.append)
    parents = spread(_parent, [0], workers=1, needs=[1], room=1)

    assert found == [120, 6, 24]
    assert sorted(told) == [3, 4, 5]
    assert parents == [os.getpid()]


def _parent(piece: int) -> int:
    return os.getppid()


def test_what_a_piece_raises_is_raised_and_the_rest_is_given_up() -> None:
    with pytest.raises(ValueError, match="negative"):
        spread(math.factorial, [1, -1, 2], workers=1, needs=[1, 1, 1], room=1)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_process_that_is_killed_is_told_as_want_of_memory() -> None:
    with pytest.raises(PropkitError, match="killed"):
        spread(_die, [0], workers=1, needs=[1], room=1)


def _die(piece: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def test_the_gate_lets_through_what_fits_and_the_largest_alone() -> None:
    gate, seen = _Gate(10), []

    with gate.passed(6), gate.passed(4):
        seen.append(gate._held)
    with gate.passed(11):
        seen.append(gate._held)

    assert seen == [10, 11]
    assert gate._held == 0
