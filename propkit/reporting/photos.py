"""Pictures that notes name: found in the text, taken from photos/ alone, made small and bare before they go on a page.

Nothing of the original file is kept but its pixels: no place, time, camera, comment or preview.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from propkit.text import Text

FOLDER = "photos"
FORMATS = ("JPEG", "PNG", "WEBP")
LONG_SIDE = 1280
LARGEST_FILE = 30 << 20
LARGEST_PIXELS = 80_000_000
LARGEST_PHOTO = 150 * 1000
MOST, MOST_BYTES = 12, 1_500_000
"""How many pictures a report may carry, and how many bytes of them; what is beyond is named instead."""
QUALITIES = (85, 78, 70, 60, 50, 40, 30)
_IMAGE = re.compile(r"!\[([^\[\]\n]*)\]\(((?:[^()\n]|\([^()\n]*\))*+)\)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


@dataclass(frozen=True, slots=True)
class Image:
    """A picture as the text names it: caption, address as written, line."""

    caption: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture ready for the page: a small JPEG without metadata, and its size."""

    content: bytes
    width: int
    height: int

    @property
    def uri(self) -> str:
        return "data:image/jpeg;base64," + base64.b64encode(self.content).decode()


class Unusable(Exception):
    """A picture that is not shown; `text` says why."""

    def __init__(self, text: Text) -> None:
        self.text = text
        super().__init__(text.en)


def find(text: str, line: int = 0) -> list[Image]:
    """Return the pictures that a text names, in order; `line` is the line before its first."""
    lines = text.split("\n")
    numbered = zip(lines, fences(lines), range(line + 1, line + 1 + len(lines)), strict=True)
    return [image for words, fenced, at in numbered if not fenced for image in split(words, at)[1]]


def fences(lines: Iterable[str]) -> Iterator[bool]:
    """Say of each line whether it stands in a fenced block of code, where nothing is a heading or a picture."""
    fence = ""
    for line in lines:
        found = _FENCE.match(line)
        if not fence:
            fence = found[1] if found else ""
            yield bool(fence)
        else:
            yield True
            if found and found[1].startswith(fence) and not line.strip(" `~\t"):
                fence = ""


def split(words: str, line: int = 0) -> tuple[str, list[Image]]:
    """Return a line without its pictures, and the pictures."""
    found = [Image(match[1].strip(), _address(match[2]), line) for match in _IMAGE.finditer(words)]
    return (_IMAGE.sub("", words) if found else words), found


def _address(told: str) -> str:
    """The address in `told`: without angle brackets and without a title in quotes; blanks are let be."""
    told = told.strip()
    if told.endswith(("'", '"')):
        start = told.rfind(told[-1], 0, -1)
        told = told[:start].rstrip() if start > 0 and told[start - 1].isspace() else told
    inner = told[1:-1] if told.startswith("<") and told.endswith(">") else told
    return unquote(inner).strip()


def locate(root: Path, address: str) -> Path:
    """Return the file of a picture beneath photos/ of the workspace `root`; anything else is Unusable."""
    parts = address.split("/")
    if re.search(r"[\\:\x00-\x1f]", address) or parts[0] != FOLDER or not all(part.strip(". ") for part in parts[1:]):
        raise Unusable(
            Text("只能引用工作区 photos/ 里的照片", "only pictures under photos/ of the workspace are shown")
        )
    path = root.joinpath(*parts)
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        raise Unusable(Text("找不到文件", "no such file")) from None
    if not real.is_relative_to(root.resolve() / FOLDER) or not real.is_file():
        raise Unusable(Text("指向 photos/ 之外，不采用", "it points out of photos/ and is not used"))
    return real


def sha256(root: Path, address: str) -> str:
    """Return the hash of a picture's file, "" where it cannot be used."""
    try:
        return hashlib.sha256(locate(root, address).read_bytes()).hexdigest()
    except (Unusable, OSError):
        return ""


def take(root: Path, address: str) -> Photo:
    """Return a picture upright, at most 1280 pixels long and 150 KB heavy, without metadata; raises Unusable."""
    path = locate(root, address)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise Unusable(Text("文件超过 30 MB", "the file is over 30 MB"))
        content = path.read_bytes()
    except OSError:
        raise Unusable(Text("文件读不出来", "the file cannot be read")) from None
    return shrink(content)


def shrink(content: bytes) -> Photo:
    """Return the picture in `content`, made small and bare; raises Unusable for what is no sound picture."""
    from PIL import Image as Pillow

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Pillow.DecompressionBombWarning)
            return _shrunk(content)
    except Unusable:
        raise
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
        raise _too_many() from None
    except Exception:  # readers of damaged pictures raise nearly anything, and none of it is worth a report
        raise Unusable(Text("不是完好的 JPEG、PNG 或 WebP 图片", "not a sound JPEG, PNG or WebP picture")) from None


def _shrunk(content: bytes) -> Photo:
    from PIL import Image as Pillow
    from PIL import ImageOps

    with Pillow.open(io.BytesIO(content), formats=FORMATS) as image:
        if image.width * image.height > LARGEST_PIXELS:
            raise _too_many()
        image.draft("RGB", (2 * LONG_SIDE, 2 * LONG_SIDE))
        upright = ImageOps.exif_transpose(image)
        colours = upright.convert("RGBA") if upright.has_transparency_data else upright.convert("RGB")
    colours.thumbnail((LONG_SIDE, LONG_SIDE), Pillow.Resampling.LANCZOS)
    # Only pixels are carried over: a picture that was read keeps comments and more, and would write them again.
    bare = Pillow.new("RGB", colours.size, "white")
    bare.paste(colours, mask=colours if colours.mode == "RGBA" else None)
    while True:
        for quality in QUALITIES:
            out = io.BytesIO()
            bare.save(out, "JPEG", quality=quality, optimize=True)
            if out.tell() <= LARGEST_PHOTO:
                return Photo(out.getvalue(), *bare.size)
        bare = bare.resize((max(1, bare.width * 3 // 4), max(1, bare.height * 3 // 4)), Pillow.Resampling.LANCZOS)


def _too_many() -> Unusable:
    most = LARGEST_PIXELS // 1_000_000
    return Unusable(Text(f"像素超过 {most} 百万", f"over {most} million pixels"))


_BEFORE, _AFTER = ("整改前", "before"), ("整改后", "after")


def pairs(captions: Iterable[str]) -> Iterator[tuple[int, ...]]:
    """Yield the places of `captions`, two at a time where one begins 整改前/before and the next 整改后/after."""
    told = [caption.strip().casefold() for caption in captions]
    at = 0
    while at < len(told):
        both = told[at].startswith(_BEFORE) and at + 1 < len(told) and told[at + 1].startswith(_AFTER)
        yield (at, at + 1) if both else (at,)
        at += 2 if both else 1
