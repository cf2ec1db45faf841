"""Personal data: which headers name it, and how it is masked inside free text.  Stores nothing."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata

from propkit.text import fold

MASK = "****"
_PARTS = (
    "姓名", "电话", "手机", "身份证", "证件号", "车牌", "联系人", "联系方式", "微信", "QQ", "邮箱", "住址", "家庭地址",
    "银行卡", "phone", "mobile", "e-mail", "email",
)  # fmt: skip
_WHOLE = (
    "业主", "业主名称", "业主名", "住户", "租户", "客户", "报修人", "投诉人", "处理人", "收银员", "问卷人", "用户",
    "留言用户", "员工", "操作人", "IP", "来自IP", "name", "owner", "user",
)  # fmt: skip
_NUMBERS = re.compile(
    r"(?<![0-9])(?:"
    r"[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]"
    r"|(?:(?:\+|00)?86[- ]?)?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}"
    r")(?![0-9])"
)


def is_personal(header: str) -> bool:
    """Return whether a header names personal data of somebody."""
    name = fold(header).casefold()
    return name in {word.casefold() for word in _WHOLE} or any(part.casefold() in name for part in _PARTS)


def mask(text: str) -> str:
    """Return `text` with mobile numbers (11 digits, with or without 86) and identity numbers (18 digits) as ****."""
    plain = "".join(same if len(same := unicodedata.normalize("NFKC", char)) == 1 else char for char in text)
    ends = [0, *(at for found in _NUMBERS.finditer(plain) for at in found.span()), len(text)]
    return MASK.join(text[start:end] for start, end in zip(ends[::2], ends[1::2], strict=True))


def pseudonym(key: bytes, text: str) -> str:
    """Return 16 hex digits of a keyed hash: the same text and key give the same pseudonym, and nobody can go back."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:16]
