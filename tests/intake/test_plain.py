"""Plain text: what Arrow reads is what the strict way reads, and all else is left to that way."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from propkit.intake import Refusal, read_file
from propkit.intake import headers as heads
from propkit.intake.blocks import Raw, block
from propkit.intake.delimited import FIELD_LIMIT, Delimited, check_widths, read_delimited
from propkit.intake.plain import read_plain
from propkit.intake.sources import resolve
from tests.intake.files import HEADER, LINE, ORDERS, orders_csv

SOURCE = resolve(ORDERS)
WANT = heads.wanted(SOURCE)
TITLES = HEADER.split(",")

cells = st.one_of(
    st.sampled_from(
        ["", " ", "\u3000", "x", "合计", "备注：无", "2025-09-03", "NA", "null", "007", "1e5", "\ufeff", "'", "\\"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0"), max_size=4),
)
records = st.lists(cells, min_size=len(TITLES), max_size=len(TITLES)).map(",".join)
lines = st.one_of(records, records, records, st.sampled_from(["", ",,,,,", "制表人：某", LINE, LINE]), cells)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(["", "某某小区工单", ",,"]), max_size=3),
    st.lists(lines, max_size=8),
    st.sampled_from(["", "\n", "\n\n"]),
)
@example([], [LINE, ",,,,,", "完,,,,,"], "\n")
@example(["工单"], ["完,,,,,", LINE, "备注：无,,,,,"], "")
@example([], ["\ufeff" + LINE], "\n")
def test_a_file_reads_as_the_strict_way_reads_it_when_it_reads_as_plain(above: list[str], below: list[str], end: str):
    text = "\n".join([*above, HEADER, *below]) + end

    found = _plain(text)

    if found is not None:
        _assert_same(found, _strict(text))


@pytest.mark.parametrize("extra", ["", "\n\n" + LINE, "\n\n\n完,,,,,", "\n,,,,,\n" + LINE, "\n完,,,,,"])
def test_usual_exports_read_as_plain(extra: str):
    text = "\n".join(["工单", HEADER, LINE, LINE]) + extra + "\n"

    found = _plain(text)

    assert found is not None
    _assert_same(found, _strict(text))
    assert found.cells.index[0] == 3


@pytest.mark.parametrize("line", [LINE + ",x", "x", LINE.replace("W1", '"W1"'), "\ufeff" + LINE])
def test_what_is_not_plain_throughout_is_left_to_the_strict_way(line: str):
    assert _plain("\n".join([HEADER, line, LINE])) is None


@pytest.mark.parametrize("size", [FIELD_LIMIT - 100, FIELD_LIMIT, FIELD_LIMIT + 1, 2 * FIELD_LIMIT])
@pytest.mark.parametrize("before", [0, 5000])
def test_a_cell_that_is_too_long_is_refused_wherever_it_stands(tmp_path: Path, size: int, before: int):
    path = orders_csv(tmp_path, *[LINE] * before, LINE + "x" * (size - len(LINE.split(",")[-1])), *[LINE] * before)
    if size > FIELD_LIMIT:
        with pytest.raises(Refusal, match="limit"):
            read_file(path, ORDERS)
    else:
        assert read_file(path, ORDERS).cells.iloc[before, -1].endswith("x")


def _plain(text: str) -> Raw | None:
    return read_plain(Delimited(text, ",", "utf-8"), SOURCE, WANT, "f.csv")


def _strict(text: str) -> Raw:
    grid = read_delimited(Delimited(text, ",", "utf-8"), "f.csv")
    header = heads.require(heads.find_header(grid, WANT, SOURCE.header), WANT, "f.csv")
    return block(check_widths(grid, header.at, "f.csv"), header, "f.csv")


def _assert_same(found: Raw, wanted: Raw) -> None:
    pd.testing.assert_frame_equal(found.cells, wanted.cells)
    pd.testing.assert_frame_equal(found.aside, wanted.aside)
    for name in ("file", "sheet", "encoding", "header_line", "warnings"):
        assert getattr(found, name) == getattr(wanted, name)
