"""Delimited text in which every line is a record: without quotes, each as wide as the header.  Most exports are so.

Arrow reads it, in a fraction of the time, to what the strict way would give.  Whatever is not plain throughout is left
to that way, which refuses nothing that is read here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from propkit.intake.blocks import ASIDE, FEW, Raw, is_note
from propkit.intake.delimited import FIELD_LIMIT, Delimited
from propkit.intake.grids import Grid
from propkit.intake.headers import Header, Wanted, find_header
from propkit.intake.sources import Source

_HEAD_LINES = 40
"""The header lies in fewer lines."""


def read_plain(opened: Delimited, source: Source, want: Wanted, name: str) -> Raw | None:
    """Return the block under the header, None where the file is not plain or lacks a header that is needed."""
    if '"' in opened.text or len(opened.delimiter.encode()) > 1:
        return None
    lines = opened.text.split("\n", _HEAD_LINES)
    head = [line.split(opened.delimiter) if line else [] for line in lines[:_HEAD_LINES]]
    header = find_header(Grid(head, list(range(1, len(head) + 1))), want, source.header)
    if header is None or not want.needed <= set(want.found(header.names)):
        return None
    if max(map(len, lines[: header.at + 1])) > FIELD_LIMIT:
        return None
    rows = _rows("\n".join(lines[header.at + 1 :]).rstrip("\n"), opened.delimiter, len(head[header.at]))
    named = [at for at, text in enumerate(header.names) if text]
    if rows is None or len(named) <= FEW or not _is_empty(rows.drop_columns([str(at) for at in named])):
        return None
    return _block(rows.select([str(at) for at in named]), opened, header, name)


def _rows(body: str, delimiter: str, width: int) -> pa.Table | None:
    """Return the cells of lines that are all of one width, None for others; columns are named by their numbers."""
    if not body or body.startswith("\ufeff"):  # which Arrow takes for the mark of an encoding
        return None
    names = [str(at) for at in range(width)]
    try:
        return csv.read_csv(
            pa.py_buffer(body.encode()),
            # Arrow refuses lines of more than two blocks: no cell that the strict way finds too long is read.
            csv.ReadOptions(column_names=names, block_size=FIELD_LIMIT // 2, use_threads=False),
            csv.ParseOptions(delimiter=delimiter, quote_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False),
        ).combine_chunks()
    except pa.ArrowInvalid:
        return None


def _is_empty(rows: pa.Table) -> bool:
    return all(pc.all(pc.equal(column, "")).as_py() for column in rows.columns)


def _block(rows: pa.Table, opened: Delimited, header: Header, name: str) -> Raw:
    filled = np.logical_and.reduce([_has_text(rows.column(at)) for at in range(FEW + 1)])
    kept, aside = filled.copy(), []
    first, odd = header.at + 2, np.flatnonzero(~filled)
    cells = list(zip(*(column.to_pylist() for column in rows.take(odd).columns), strict=True))
    texts = [[cell for cell in line if cell.strip()] for line in cells]
    last = _last_record(filled, odd, texts)
    gap = False
    for at, said in zip(odd.tolist(), texts, strict=True):
        if not said:
            gap = True
        elif is_note(said, rows.num_columns, gap or at > last):
            aside.append((first + at, "", "side_note", " ".join(said), True))
        else:
            kept[at] = True
    lines = pd.Index(np.flatnonzero(kept) + first, dtype="int64", name="line")
    found = rows if kept.all() else rows.filter(pa.array(kept))
    named = [text for text in header.names if text]
    return Raw(
        cells=pd.DataFrame(
            {
                text: pd.Series(pd.array(column, dtype="str"), lines)
                for text, column in zip(named, found.columns, strict=True)
            },
            index=lines,
        ),
        file=name,
        sheet="",
        encoding=opened.encoding,
        header_line=header.at + 1,
        aside=pd.DataFrame(aside, columns=list(ASIDE)),
        warnings=tuple(opened.warnings),
    )


def _has_text(column: pa.ChunkedArray) -> np.ndarray:
    return pc.not_equal(pc.utf8_trim_whitespace(column), "").to_numpy()


def _last_record(filled: np.ndarray, odd: np.ndarray, texts: Sequence[Sequence[str]]) -> int:
    """Return the position of the last row with more than one cell: single cells after it are notes."""
    several = [int(at) for at, said in zip(odd, texts, strict=True) if len(said) > 1]
    return max([*np.flatnonzero(filled)[-1:].tolist(), *several[-1:]], default=len(filled))
