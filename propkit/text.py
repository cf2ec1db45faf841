"""Words and figures as readers see them: both languages, numbers, units, dates.  Decides no value."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass

LANGS = ("zh", "en")
_INVISIBLE = dict.fromkeys([0xFEFF, 0x200B, 0x200C, 0x200D, 0x2060])


@dataclass(frozen=True, slots=True)
class Text:
    """A label in both languages of the product."""

    zh: str
    en: str

    def get(self, lang: str) -> str:
        """Return the words in `lang` ("zh" or "en")."""
        return self.zh if lang == "zh" else self.en

    def format(self, **values: object) -> Text:
        """Return a copy with `{name}` places filled in both languages."""
        return Text(self.zh.format(**values), self.en.format(**values))


def fold(cell: str) -> str:
    """Return `cell` in NFKC without invisible marks, outer and repeated blanks: how headers and codes compare."""
    if cell.isascii():  # most cells; the same answer sooner
        return " ".join(cell.split())
    return " ".join(unicodedata.normalize("NFKC", cell.translate(_INVISIBLE)).split())


def number(value: float, decimals: int = 0) -> str:
    """Return a figure with thousands separators and a true minus sign, or "—" when it is missing."""
    return "—" if value is None or math.isnan(value) else minus(f"{value:,.{decimals}f}")


def minus(figure: str) -> str:
    """Return a figure with "−" for "-": a hyphen is too short to be seen before a number, and a line may break after it."""
    return figure.replace("-", "−")


def counted(count: int, nouns: str) -> str:
    """Return a count with its English noun, given in the plural: "1 case", "2 cases".

    >>> counted(1, "cases"), counted(1200, "cases")
    ('1 case', '1,200 cases')
    """
    return f"{count:,} {singular(nouns) if count == 1 else nouns}"


def singular(nouns: str) -> str:
    """Return the first word of a regular English plural in the singular; other words pass.

    >>> singular("cases"), singular("orders a month"), singular("per 1,000"), singular("activities"), singular("people")
    ('case', 'order a month', 'per 1,000', 'activity', 'person')
    """
    first, space, rest = nouns.partition(" ")
    one = {"people": "person"}.get(first, f"{first[:-3]}y" if first.endswith("ies") and len(first) > 5 else "")
    return (one or (first[:-1] if first.endswith("s") and len(first) > 3 else first)) + space + rest


def minutes(value: float, lang: str) -> str:
    """Return a duration given in minutes in the unit a reader expects: minutes, hours or days."""
    if value is None or math.isnan(value):
        return "—"
    if value < 120:
        return f"{value:.0f} " + ("分钟" if lang == "zh" else "min")
    if value < 2880:
        return f"{value / 60:.1f} " + ("小时" if lang == "zh" else "h")
    return f"{value / 1440:.1f} " + ("天" if lang == "zh" else "days")


def yuan(fen: float, lang: str) -> str:
    """Return an amount given in fen as yuan, in 万元 from 100,000 yuan on for Chinese readers."""
    if fen is None or math.isnan(fen):
        return "—"
    if lang == "zh":
        return f"{number(fen / 1_000_000, 1)} 万元" if abs(fen) >= 10_000_000 else f"{number(fen / 100)} 元"
    return f"CNY {number(fen / 100)}"
