"""One parser for each kind of cell, for columns of text.  Repairs nothing: a cell is read exactly or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from propkit.domains.scales import DONT_KNOW, FIVE_POINT
from propkit.intake.cells import Fault
from propkit.intake.personal import mask
from propkit.intake.sources import Scale
from propkit.model import Column
from propkit.text import fold

Parser = Callable[[str], object]

FLAGS: dict[str, bool] = {
    **dict.fromkeys(("是", "有", "1", "true", "y", "yes", "√", "对"), True),
    **dict.fromkeys(("否", "无", "没有", "0", "false", "n", "no", "×", "错"), False),
}
FEN = 100
_FACTORS = {"": 1, "元": 1, "万": 10_000, "万元": 10_000, "亿": 100_000_000, "亿元": 100_000_000}
_NUMBER = r"(?P<number>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
_MONEY = re.compile(rf"(?:[¥￥]|RMB|CNY)?\s*{_NUMBER}\s*(?P<unit>万元|亿元|元|万|亿)?", re.IGNORECASE)
_WHOLE = re.compile(rf"{_NUMBER}\s*(?P<unit>分钟|小时|[秒分次个人户项件处台天岁条份组名])?")
_DECIMAL = re.compile(
    rf"{_NUMBER}\s*(?P<many>万)?\s*(?:度|吨|立方米|方|公里|千米|小时|平方米|分|年|kWh|m³|m3|m²|m2|㎡|km|h|t|%)?",
    re.IGNORECASE,
)
_CODED = re.compile(r"(?P<code>[+-]?\d+(?:\.0+)?)\s*(?:分|[-、.:=)]\s*(?P<word>\D.*))?")
_CLOCK = re.compile(r"(?:(?P<h>\d+)\s*(?:小时|时|:))?\s*(?:(?P<m>\d+)\s*(?:分钟|分|:))?\s*(?:(?P<s>\d+)\s*秒?)?")
_ROUNDED = re.compile(r"\d(?:\.\d+)?E\+\d+", re.IGNORECASE)
PLAIN_ID = r"[A-Za-z0-9][A-Za-z0-9_-]*"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LARGEST = 10**15


def parse_id(cell: str) -> str | Fault:
    """Return an id folded; one that Excel turned into 1.02E+17 has lost its digits and is refused."""
    text = fold(cell)
    return Fault("unreadable") if _ROUNDED.fullmatch(text) else text


def parse_text(cell: str) -> str:
    """Return free text as written, stripped, with telephone and identity numbers masked."""
    return mask(_CONTROL.sub("", cell).strip())


def parse_flag(cell: str) -> bool | Fault:
    found = FLAGS.get(fold(cell).casefold())
    return Fault("not_a_choice") if found is None else found


def money_parser(unit: str, column: Column) -> Parser:
    """Return the parser of money to whole fen; `unit` says what a bare number counts."""

    def parse(cell: str) -> int | Fault:
        found = _MONEY.fullmatch(fold(cell))
        if not found:
            return Fault("unreadable")
        named = found["unit"] or ""
        per = 1 if unit == "fen" and not named else FEN * _FACTORS[named]
        return _bounded(Decimal(found["number"].replace(",", "")) * per, column)

    return parse


def whole_parser(name: str, column: Column) -> Parser:
    """Return the parser of whole numbers; a column named in seconds or minutes takes times in words too."""
    per = {"seconds": 1, "minutes": 60}.get(next(iter(re.findall("seconds|minutes", name)), ""))

    def parse(cell: str) -> int | Fault:
        text = fold(cell)
        seconds = _seconds(text) if per else None
        if seconds is not None:
            return _bounded(Decimal(seconds) / per, column)
        found = _WHOLE.fullmatch(text)
        if not found or (per and found["unit"]):
            return Fault("unreadable")
        return _bounded(Decimal(found["number"].replace(",", "")), column)

    return parse


def decimal_parser(column: Column) -> Parser:
    """Return the parser of numbers with up to three decimals to whole thousandths; a unit behind the number is read over."""

    def parse(cell: str) -> int | Fault:
        found = _DECIMAL.fullmatch(fold(cell))
        if not found:
            return Fault("unreadable")
        return _bounded(Decimal(found["number"].replace(",", "")) * _FACTORS.get(found["many"] or "", 1) * 1000, column)

    return parse


def _seconds(text: str) -> int | None:
    """Return the seconds of "15分钟", "2分33秒" or "0:02:33"; None for a bare number or anything else."""
    found = _CLOCK.fullmatch(text)
    if not found or text.isdigit() or (":" in text and text.count(":") != 2):
        return None
    return int(found["h"] or 0) * 3600 + int(found["m"] or 0) * 60 + int(found["s"] or 0)


def _bounded(number: Decimal, column: Column) -> int | Fault:
    if number != number.to_integral_value():
        return Fault("unreadable")
    low = -_LARGEST if column.low is None else column.low
    high = _LARGEST if column.high is None else column.high
    return int(number) if low <= number <= high else Fault("out_of_range")


def score_parser(scale: Scale, column: Column) -> Parser:
    """Return the parser of answers on `scale`, stored with the top end best; "don't know" is NA."""
    unknown = {fold(word).casefold() for word in (*scale.dont_know, *DONT_KNOW)}
    unknown -= {str(point) for point in range(scale.low, scale.high + 1)} - {fold(word) for word in scale.dont_know}
    words = {fold(word).casefold(): _stored(point, scale) for word, point in scale.words.items()}
    usual = FIVE_POINT if (scale.low, scale.high) == (1, 5) else {}

    def parse(cell: str) -> int | Fault | None:
        text = fold(cell).casefold()
        if text in unknown:
            return None
        stored = words.get(text, usual.get(text))
        stored = _coded(text, scale, {**usual, **words}) if stored is None else stored
        if isinstance(stored, Fault):
            return stored
        return _bounded(Decimal(stored), column) if scale.low <= stored <= scale.high else Fault("out_of_range")

    return parse


def _stored(point: int, scale: Scale) -> int:
    return scale.low + scale.high - point if scale.reverse else point


def _coded(text: str, scale: Scale, words: Mapping[str, int]) -> int | Fault:
    """Return the score of "4", "95分" or "1-非常满意"; a code that contradicts its word is refused."""
    found = _CODED.fullmatch(text)
    if not found:
        return Fault("unreadable")
    stored = _stored(int(float(found["code"])), scale)
    word = words.get(found["word"]) if found["word"] else None
    return Fault("unreadable") if word is not None and word != stored else stored


def choice_parser(column: Column) -> Parser:
    """Return the parser of a choice by its id or either label."""
    known = {fold(text).casefold(): choice for choice, label in column.choices.items() for text in (label.en, label.zh)}
    known |= {choice.casefold(): choice for choice in column.choices}
    return lambda cell: known.get(fold(cell).casefold(), Fault("not_a_choice"))


def missing_cells(markers: Iterable[str]) -> frozenset[str]:
    """Return the folded forms of the cells that mean "not given"."""
    return frozenset({fold(marker).casefold() for marker in markers} | {""})
