"""Bytes to text: which encoding a file is in, proven and not guessed.  Replaces and ignores nothing.

A file that decodes but does not read like Chinese or ASCII (Big5, Latin-1, damaged UTF-8) is refused, not garbled.
"""

from __future__ import annotations

import codecs
from collections import Counter

from propkit.intake.refusals import Refusal
from propkit.text import Text

_COMMON_SHARE = 0.75
_DAMAGED_SHARE = 0.3
_HINT = Text(
    "请另存为 UTF-8 或 GB18030 的 CSV，或用 encoding 声明", "save it as CSV in UTF-8 or GB18030, or declare `encoding`"
)


def decode(content: bytes, file: str, declared: str = "auto") -> tuple[str, str]:
    """Return the text of `content` and the name of its encoding: utf-8-sig, utf-8 or gb18030."""
    _refuse_wide(content, file)
    if declared != "auto":
        return _strictly(content, file, declared), declared
    if content.startswith(codecs.BOM_UTF8):
        return _strictly(content, file, "utf-8"), "utf-8-sig"
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as fault:
        _refuse_damaged(content, file, fault)
    text = _strictly(content, file, "gb18030")
    if common_share(text) < _COMMON_SHARE:
        raise Refusal("encoding", file, got="gb18030?", hint=_HINT)
    return text, "gb18030"


def common_share(text: str) -> float:
    """Return the share of characters beyond ASCII that GB 2312 knows: its hanzi and punctuation.

    Big5 read as GB18030 falls outside it for two characters of five.
    """
    counts = Counter(char for char in text if char > "\x7f")
    total = counts.total()
    return sum(n for char, n in counts.items() if _is_common(char)) / total if total else 1.0


def _is_common(char: str) -> bool:
    try:
        code = char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and (code[0] in (0xA1, 0xA3) or 0xB0 <= code[0] <= 0xF7)


def _strictly(content: bytes, file: str, encoding: str) -> str:
    try:
        return content.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError as fault:
        got = f"{encoding}: 0x{content[fault.start]:02x} @ byte {fault.start}"
        raise Refusal("encoding", file, got=got, hint=_HINT) from None


def _refuse_wide(content: bytes, file: str) -> None:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Refusal("encoding", file, got="UTF-16", hint=_HINT)
    at = content.find(b"\0")
    if at < 0:
        return
    if content.count(b"\0") > len(content) // 10:
        raise Refusal("encoding", file, got="UTF-16", hint=_HINT)
    raise Refusal("nul_bytes", file, line=content.count(b"\n", 0, at) + 1, got=f"NUL @ byte {at}")


def _refuse_damaged(content: bytes, file: str, fault: UnicodeDecodeError) -> None:
    """Refuse UTF-8 with a few bad bytes: as GB18030 it would decode, to nonsense."""
    text = content.decode("utf-8", errors="replace")
    beyond = sum(char > "\x7f" for char in text)
    if text.count("\ufffd") < _DAMAGED_SHARE * beyond:
        got = f"utf-8: 0x{content[fault.start]:02x} @ byte {fault.start}"
        raise Refusal("encoding", file, got=got, hint=_HINT)
