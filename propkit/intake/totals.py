"""Totals rows: found, excluded, and used to check the lines above them.  Never part of the rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from propkit.intake.cells import Parsed
from propkit.intake.reconciliation import Check
from propkit.text import fold

_TOTAL = re.compile(r"(?:\S{0,12})(?P<kind>合计|小计|总计|共计)(?:\(.*\))?(?::.*)?")
_BLOCK = ("小计", "本页合计")


def find_totals(cells: pd.DataFrame, needed: Sequence[str]) -> pd.Series:
    """Return for each line the words of its total ("" for a record).

    A line is a total when its first filled cell says so, or any cell does while a needed column is blank.
    """
    words = pd.Series("", index=cells.index, dtype=object)
    candidates = _mentioning(cells)
    for line in candidates:
        texts = [fold(cell).replace(" ", "") for cell in cells.loc[line]]
        marks = [_TOTAL.fullmatch(text) is not None for text in texts]
        first = next((at for at, text in enumerate(texts) if text), 0)
        incomplete = any(not cells.at[line, header].strip() for header in needed)
        if marks[first] or (any(marks) and incomplete):
            words[line] = texts[marks.index(True)]
    return words


def _mentioning(cells: pd.DataFrame) -> pd.Index:
    """Return the lines in which some short cell ends in 计 or holds one of the words."""
    found = pd.Series(False, index=cells.index)
    for name in cells.columns:
        hits = cells[name][cells[name].str.contains("计", regex=False)].unique()
        hits = [cell for cell in hits if _TOTAL.fullmatch(fold(cell).replace(" ", ""))]
        if hits:
            found |= cells[name].isin(hits)
    return found.index[found]


def check_totals(words: pd.Series, parsed: Mapping[str, Parsed]) -> list[Check]:
    """Return each printed total beside the sum of the records it covers.

    A 小计 covers the records since the last one, any other total all records above it.
    """
    checks = []
    for name, column in parsed.items():
        numbers, whole, block = column.values, 0, 0
        for line, word in words.items():
            number = numbers[line]
            known = not pd.isna(number)
            if not word:
                whole, block = whole + (int(number) if known else 0), block + (int(number) if known else 0)
                continue
            is_block = any(mark in word for mark in _BLOCK)
            if known:
                checks.append(Check(int(line), name, int(number), block if is_block else whole))
            block = 0
    return checks
