"""Files together: one key once, newest state, whatever the order."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propkit.intake import Cleaned, combine
from tests.intake.files import LINE, ORDERS, order, take_orders, take_survey

LATER = "2025-09-05 10:00"


def test_the_newest_state_of_a_key_wins(tmp_path: Path) -> None:
    old = take_orders(tmp_path, order(1, status="处理中"), order(2), name="8月.csv")
    new = take_orders(tmp_path, order(1, done=LATER), order(3), name="9月.csv")
    rows, rejects = combine([new, old])
    assert rows["order_id"].to_list() == ["W1", "W2", "W3"]
    assert rows.loc[0, "status"] == "done"
    assert rejects.to_dict("records") == [
        {"file": "8月.csv", "sheet": "", "line": 2, "column": "", "rule": "superseded", "value": "yinhe | W1"}
    ]


def test_a_later_month_does_not_beat_a_newer_state(tmp_path: Path) -> None:
    old = take_orders(tmp_path, order(1, done=LATER), name="8月.csv")
    new = take_orders(tmp_path, order(1, status="处理中"), name="9月.csv")
    assert combine([old, new])[0]["file"].to_list() == ["8月.csv"]


def test_ties_go_to_more_cells_then_the_later_file_in_natural_order(tmp_path: Path) -> None:
    fuller = take_orders(tmp_path, order(1, visits="2"), name="1.csv")
    files = [take_orders(tmp_path, order(1), name=name) for name in ("9.csv", "10.csv")]
    assert combine([*files, fuller])[0]["file"].to_list() == ["1.csv"]
    rows, rejects = combine(files)
    assert rows["file"].to_list() == ["10.csv"]
    assert rejects["rule"].to_list() == ["duplicate"]


def test_an_overlapping_export_counts_once(tmp_path: Path) -> None:
    first = take_orders(tmp_path, LINE, order(2), name="a.csv")
    again = take_orders(tmp_path, LINE, order(2), order(3), name="b.csv")
    rows, rejects = combine([first, again])
    assert len(rows) == 3
    assert rejects["rule"].to_list() == ["duplicate", "duplicate"]


def test_a_questionnaire_sent_twice_is_one_rejected_line(tmp_path: Path) -> None:
    cleaned = take_survey(tmp_path, "1,2025/09/03 12:00:00,,,5,1,,1", "1,2025/09/04 12:00:00,,,4,2,,1")
    rows, rejects = combine([cleaned])
    assert rows["score"].to_list() == [4, 9]
    assert rejects[["line", "rule"]].values.tolist() == [[2, "superseded"]]


def test_one_key_on_different_cases_refuses_all_its_lines(tmp_path: Path) -> None:
    first = take_orders(tmp_path, order(1), order(2), name="2024.csv")
    again = take_orders(tmp_path, order(1, at="2025-09-04 08:05"), order(2, room="3-2-502"), order(3), name="2025.csv")
    rows, rejects = combine([first, again])
    assert rows["order_id"].to_list() == ["W3"]
    assert rejects[["file", "line", "column", "rule", "value"]].values.tolist() == [
        [file, line, column, "key_conflict", f"yinhe | W{line - 1}"]
        for file in ("2024.csv", "2025.csv")
        for line, column in ((2, "reported_at"), (3, "household"))
    ]


@pytest.mark.parametrize("at", ["2025-09-03 08:05:41", "2025-09-03", "2025-09-03 08:00"])
def test_a_coarser_time_of_the_same_case_is_no_conflict(tmp_path: Path, at: str) -> None:
    parts = [take_orders(tmp_path, order(1), name="a.csv"), take_orders(tmp_path, order(1, at=at), name="b.csv")]
    assert combine(parts)[1]["rule"].to_list() == ["superseded"]


def test_the_later_export_wins_where_both_days_are_known(tmp_path: Path) -> None:
    reopened = order(1, status="处理中")
    old = take_orders(tmp_path, order(1, done=LATER), name="工单20250930.csv")
    new = take_orders(tmp_path, reopened, name="工单20251031.csv")
    undated = take_orders(tmp_path, reopened, name="工单.csv")
    assert old.reconciliation.exported_on == "2025-09-30"
    assert undated.reconciliation.exported_on == ""
    assert combine([new, old])[0]["file"].to_list() == ["工单20251031.csv"]
    assert combine([undated, old])[0]["file"].to_list() == ["工单20250930.csv"]


def test_the_later_update_wins_before_the_latest_event(tmp_path: Path) -> None:
    columns = {name: header for name, header in ORDERS.columns.items() if name != "visit_count"}
    source = ORDERS.model_copy(update={"columns": {**columns, "updated_at": ["上门次数"]}})
    old = take_orders(tmp_path, order(1, done="2025-09-09", visits="2025-09-06"), source=source, name="b.csv")
    new = take_orders(tmp_path, order(1, visits="2025-09-07"), source=source, name="a.csv")
    assert combine([new, old])[0]["file"].to_list() == ["a.csv"]


def test_nothing_in_gives_nothing_out(tmp_path: Path) -> None:
    rows, rejects = combine([take_orders(tmp_path)])
    assert rows.empty
    assert rejects.empty
    with pytest.raises(ValueError, match="at least one"):
        combine([])


STATE = st.tuples(
    st.integers(1, 3),
    st.sampled_from(["处理中", "办理完成"]),
    st.sampled_from(["", LATER, "2025-09-06"]),
    st.sampled_from(["", "1"]),
)


@st.composite
def shuffled_files(draw: st.DrawFn) -> tuple[list[list[str]], list[int]]:
    files = draw(st.lists(st.lists(STATE, max_size=5), min_size=1, max_size=4))
    lines = [[order(n, status=status, done=done, visits=visits) for n, status, done, visits in file] for file in files]
    return lines, draw(st.permutations(range(len(files))))


@settings(derandomize=True, deadline=None, max_examples=40)
@given(shuffled_files())
def test_the_order_of_the_files_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[list[list[str]], list[int]]
) -> None:
    files, order_of_files = case
    folder = tmp_path_factory.mktemp("raw")
    names = ["0.csv", "1 20251031.csv", "2 20250930.csv", "3 20250930.csv"]
    parts: list[Cleaned] = [take_orders(folder, *lines, name=name) for name, lines in zip(names, files, strict=False)]
    rows, rejects = combine(parts)
    other_rows, other_rejects = combine([parts[at] for at in order_of_files])
    pd.testing.assert_frame_equal(rows, other_rows)
    pd.testing.assert_frame_equal(rejects, other_rejects)
    assert not rows.duplicated(["community", "order_id"]).any()
    lines = sum(part.reconciliation.lines for part in parts)
    assert lines == len(rows) + len(rejects.drop_duplicates(["file", "line"]))
