"""Figures to small SVG: real text, colours of the page, two widths, the same bytes every time.  Chooses no content."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from propkit.reporting import style
from propkit.reporting.display import Display, details, esc, word
from propkit.text import Text

_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_NUMBER = re.compile(r"-?\d+\.\d+(?:[eE][-+]?\d+)?")
_CIRCLE = re.compile(r"^M0 ([\d.]+)C[\d.C -]+z$", re.IGNORECASE)
_STRAIGHT = re.compile(r"([ML]-?[\d.]+ -?[\d.]+)+z?")
_LINE = re.compile(r"([ML])(-?[\d.]+) (-?[\d.]+)")
_REFERENCE = re.compile(r"(?<=#)[\w.-]+")
_VARIABLE = re.compile(r"var\((--[a-z]+)\)")
_HEX = {variable: colour for colour, variable in style.VARIABLES.items()}
_KEPT_TEXT = ("font-size", "text-anchor", "fill", "font-weight", "opacity")
_SIZE = 9
_USUAL = f"font-size:{_SIZE}px"
"""The size of nearly all text; it is said once, on the picture."""
_IMPLIED = {"stroke-linecap: butt", "stroke-linejoin: miter", "opacity: 1", "text-anchor: start"}


def figure(
    draw: Callable[..., Axes],
    *,
    title: Text | str,
    subtitle: Text | str = "",
    alt: Text | str,
    source: Text | str = "",
    table: Display | str = "",
    lang: str,
) -> Display:
    """Draw a chart twice, for a desk and for a phone, and return it with its title, source and folded data table.

    `draw` is called with `ax=`; `alt` is the sentence that stands for the picture; `table` is the data behind it.
    """
    heading, sentence = word(title, lang), word(alt, lang)
    drawn = {name: _drawn(draw, width) for name, width in (("w", style.WIDE), ("n", style.NARROW))}
    pictures = {name: clean(text, title=heading, desc=sentence, variant=name) for name, text in drawn.items()}
    data = table.html if isinstance(table, Display) else table
    parts = {"title": heading, "subtitle": word(subtitle, lang), "source": word(source, lang), "lang": lang}
    page = _frame(pictures["w"] + pictures["n"], data, **parts)
    return Display(page, _frame(_image(pictures["w"], sentence), data, **parts), f"{heading}。{sentence}")


def image(draw: Callable[..., Axes], *, title: str, alt: str) -> str:
    """Draw a chart once, for a desk, and return it as an `<img>` that carries its picture: what a notebook can keep."""
    return _image(clean(_drawn(draw, style.WIDE), title=title, desc=alt), alt)


def warm() -> None:
    """Load the fonts and measure a few signs, which is most of what the first chart of a process takes."""

    def draw(ax: Axes) -> Axes:
        ax.plot([0, 1], [0, 1], label="月")
        ax.set_title("月度 78%")
        ax.legend()
        return ax

    for width in (style.WIDE, style.NARROW):
        clean(_drawn(draw, width), title="", desc="")


def to_svg(chart: Figure) -> str:
    """Return `chart` as SVG text as matplotlib writes it, without date and with text as text."""
    with style.use(), io.StringIO() as buffer:
        chart.savefig(buffer, format="svg", metadata=_NO_METADATA)
        return buffer.getvalue()


def clean(text: str, *, title: str, desc: str, variant: str = "w") -> str:
    """Return matplotlib's SVG `text` as an inline picture for the page, a third of its size.

    Colours of the palette become CSS variables, every text gets its length, ids are unique to the content, numbers
    have two decimals.  `variant` is the class of the picture: "w" (wide) or "n" (narrow).
    """
    root = ET.fromstring(text)
    _strip(root)
    _circles(root)
    prefix = variant + hashlib.sha256((title + desc + text).encode()).hexdigest()[:7]
    _rename(root, prefix)
    _flatten(root)
    for element in root.iter():
        _tidy(element)
    _merge(root)
    _head(root, title, desc, prefix, variant)
    return ET.tostring(root, encoding="unicode")


def standalone(picture: str) -> str:
    """Return an inline picture as an SVG file of its own: literal colours, a white ground, its own fonts."""
    fonts = ",".join(f"'{name}'" for name in style.CJK_FAMILIES)
    text = _VARIABLE.sub(lambda match: _HEX.get(match[1], style.INK), picture)
    ground = f'<rect width="100%" height="100%" fill="{style.PAPER}"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" font-family="{fonts},sans-serif" '
    return (head + text.removeprefix("<svg ")).replace("</desc>", "</desc>" + ground, 1)


def _drawn(draw: Callable[..., Axes], width: float) -> str:
    with style.use(), warnings.catch_warnings():
        # Without a Chinese font every glyph would complain at every draw; `style.family` has said it once.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        return to_svg(draw(ax=style.canvas(width)).get_figure())


def _frame(picture: str, data: str, *, title: str, subtitle: str, source: str, lang: str) -> str:
    lead = "来源：" if lang == "zh" else "Source: "
    below = f'<p class="src">{esc(lead + source)}</p>' if source else ""
    second = f'<span class="s">{esc(subtitle)}</span>' if subtitle else ""
    folded = details("查看数据表" if lang == "zh" else "Data table", data) if data else ""
    caption = f'<figcaption><strong class="t">{esc(title)}</strong>{second}</figcaption>'
    return f'<figure class="pk-fig">{caption}{picture}{below}{folded}</figure>'


def _image(picture: str, alt: str) -> str:
    data = base64.b64encode(standalone(picture).encode()).decode()
    return f'<img alt="{esc(alt)}" style="max-width:100%;width:760px" src="data:image/svg+xml;base64,{data}">'


def _strip(root: ET.Element) -> None:
    """Take the namespaces off names and shorten the paths."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for name in [name for name in element.attrib if name.startswith("{")]:
            element.set(name.rpartition("}")[2], element.attrib.pop(name))
        if "d" in element.attrib:
            element.set("d", _path(element.get("d")))


def _path(data: str) -> str:
    short = re.sub(r"\s*([A-Za-z])\s*", r"\1", " ".join(_round(data).split()))
    return short if _STRAIGHT.fullmatch(short) is None else _LINE.sub(_straight(), short)


def _straight() -> Callable[[re.Match], str]:
    """Write lines along an axis as H and V, as steps are made of, and leave out lines to where the pen is."""
    pen = ["", ""]

    def write(match: re.Match) -> str:
        before, pen[:] = tuple(pen), [match[2], match[3]]
        if match[1] == "M":
            return match[0]
        if pen[1] == before[1]:
            return "" if pen[0] == before[0] else f"H{pen[0]}"
        return f"V{pen[1]}" if pen[0] == before[0] else match[0]

    return write


def _round(text: str) -> str:
    return _NUMBER.sub(lambda match: _short(float(match[0])), text)


def _short(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _circles(root: ET.Element) -> None:
    """Turn references to round markers into circles, which need no id."""
    radius = {}
    for element in root.iter("path"):
        match = _CIRCLE.match(element.get("d", ""))
        if match and "id" in element.attrib:
            radius["#" + element.get("id")] = match[1]
    for element in root.iter("use"):
        if element.get("href") in radius:
            element.tag = "circle"
            place = {"cx": element.get("x"), "cy": element.get("y"), "r": radius[element.get("href")]}
            painted = element.get("style", "")
            element.attrib.clear()
            element.attrib |= {**place, "style": painted}


def _rename(root: ET.Element, prefix: str) -> None:
    """Give the ids that something refers to a new name and drop the others, so that pictures can share a page."""
    used: dict[str, str] = {}
    for element in root.iter():
        for name in ("href", "clip-path"):
            for old in _REFERENCE.findall(element.get(name, "")):
                used.setdefault(old, f"{prefix}-{len(used)}")
                element.set(name, element.get(name).replace(old, used[old]))
    for element in root.iter():
        old = element.attrib.pop("id", None)
        if old in used:
            element.set("id", used[old])


def _flatten(parent: ET.Element) -> None:
    """Lift the children of groups that carry nothing, and drop what draws nothing."""
    for child in list(parent):
        _flatten(child)
    flat: list[ET.Element] = []
    for child in parent:
        if child.tag == "g" and not child.attrib:
            flat += list(child)
        elif not _idle(child, inside=parent.tag):
            flat.append(child)
    parent[:] = flat


def _idle(element: ET.Element, inside: str) -> bool:
    if element.tag in ("metadata", "style") or (element.tag in ("g", "defs") and not len(element)):
        return True
    if element.tag != "path" or "id" in element.attrib:
        return False
    painted = element.get("style", "")
    return inside == "defs" or ("fill: none" in painted and "stroke:" not in painted)


def _merge(parent: ET.Element) -> None:
    """Put neighbours of one group together, and say once on a group what all that is in it says."""
    for child in parent:
        _merge(child)
    kept: list[ET.Element] = []
    for child in parent:
        last = kept[-1] if kept else None
        if child.tag == "g" and last is not None and last.tag == "g" and last.attrib == child.attrib:
            last.extend(child)
        else:
            kept.append(child)
    parent[:] = kept
    for group in kept:
        said = {child.get("style") for child in group}
        if group.tag == "g" and len(group) > 1 and len(said) == 1 and None not in said and "style" not in group.attrib:
            group.set("style", said.pop())
            for child in group:
                del child.attrib["style"]


def _tidy(element: ET.Element) -> None:
    element.text = element.text if element.tag == "text" else None
    element.tail = None
    for name in ("x", "y", "cx", "cy", "r", "width", "height", "transform", "points"):
        if name in element.attrib:
            element.set(name, _round(element.get(name)))
    if "style" in element.attrib:
        element.set("style", _declarations(element))
    if element.tag == "text":
        _measure(element)


def _declarations(element: ET.Element) -> str:
    kept = [part.strip() for part in element.get("style").split(";") if part.strip() not in _IMPLIED]
    if element.tag == "text":
        kept = [part for part in kept if part.split(":")[0] in _KEPT_TEXT]
    text = ";".join(part.replace(": ", ":", 1) for part in kept if part)
    if element.tag == "text":
        text = text.removeprefix(_USUAL).lstrip(";")
    for colour, variable in style.VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    return _round(text)


def _measure(element: ET.Element) -> None:
    """Say how long the text is, so that any font of the reader fills exactly the room it was given."""
    if element.get("transform", "").startswith("rotate(-0"):
        del element.attrib["transform"]
    size = re.search(r"font-size:([\d.]+)", element.get("style", ""))
    words = element.text or ""
    if len(words) > 1:
        width = style.text_width(words, float(size[1]) if size else _SIZE)
        element.set("textLength", _short(round(width, 1)))
        element.set("lengthAdjust", "spacingAndGlyphs")


def _head(root: ET.Element, title: str, desc: str, prefix: str, variant: str) -> None:
    box = _round(root.get("viewBox"))
    root.attrib.clear()
    labels = f"{prefix}-t {prefix}-d"
    root.attrib |= {"class": f"pk-{variant}", "viewBox": box, "font-size": f"{_SIZE}", "role": "img",
                    "aria-labelledby": labels}  # fmt: skip
    for place, (tag, words) in enumerate((("title", title), ("desc", desc))):
        element = ET.Element(tag, {"id": labels.split()[place]})
        element.text = words
        root.insert(place, element)
