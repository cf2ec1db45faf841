"""How charts look: the palette, the font and a canvas whose size follows its content.  Draws nothing itself.

Colours are drawn as literal hexadecimal values; `svg` turns them into the page's CSS variables.
"""

from __future__ import annotations

import importlib.util
import itertools
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Transform, offset_copy

INK = "#1b2430"
MUTED = "#57606a"
LINE = "#d0d7de"
BLUE = "#0b5cad"
VERMILION = "#b3400c"
GREY = "#6e7781"
TINT = "#c7dcf2"
BAND = "#e9f0f8"
PAPER = "#ffffff"

VARIABLES: dict[str, str] = {
    INK: "--ink",
    MUTED: "--muted",
    LINE: "--line",
    BLUE: "--good",
    VERMILION: "--bad",
    GREY: "--grey",
    TINT: "--tint",
    BAND: "--band",
    PAPER: "--paper",
}
"""The CSS variable of the page that stands for each colour of the palette."""

CJK_FAMILIES = (
    "PingFang SC",
    "HarmonyOS Sans SC",
    "MiSans",
    "Microsoft YaHei",
    "Noto Sans SC",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
)
FALLBACK_FAMILY = "DejaVu Sans"
WIDE, NARROW = 7.6, 3.75
"""The two widths in inches in which every chart is drawn: for a desk or paper, and for a phone."""


class Canvas(Figure):
    """A figure that belongs to this package: a chart drawn on it may set its height and margins to fit its content."""


def canvas(width: float = WIDE) -> Axes:
    """Return empty axes on a `Canvas` of `width` inches; the chart sets the height."""
    return Canvas(figsize=(width, 3.0), facecolor="none").add_subplot()


@cache
def family() -> str:
    """Return the font family that charts are measured with: an installed Chinese one, else Noto Sans SC from zhplot.

    Warns once and returns DejaVu Sans when there is neither.  zhplot is never imported: only its font file is used.
    """
    installed = {font.name for font in font_manager.fontManager.ttflist}
    for name in CJK_FAMILIES:
        if name in installed:
            return name
    path = font_file()
    if path is not None:
        font_manager.fontManager.addfont(path)
        return font_manager.FontProperties(fname=path).get_name()
    warnings.warn(
        "没有中文字体，PNG 和 PDF 中的汉字会缺失；请安装 zhplot / no Chinese font found, install zhplot", stacklevel=2
    )
    return FALLBACK_FAMILY


def font_file() -> Path | None:
    """Return the font file that zhplot carries, if it is installed."""
    spec = importlib.util.find_spec("zhplot")
    files = sorted(Path(spec.origin).parent.glob("fonts/*.ttf")) if spec and spec.origin else []
    return files[0] if files else None


@cache
def settings() -> dict[str, object]:
    """Return the matplotlib settings of every chart."""
    return {
        "font.family": list(dict.fromkeys([family(), FALLBACK_FAMILY])),
        "font.size": 9,
        "axes.unicode_minus": False,
        "axes.edgecolor": LINE,
        "axes.facecolor": "none",
        "axes.labelcolor": MUTED,
        "axes.labelsize": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "text.color": INK,
        "text.usetex": False,
        "text.parse_math": False,  # "$" in a label is a dollar
        "xtick.color": LINE,
        "ytick.color": LINE,
        "xtick.labelcolor": MUTED,
        "ytick.labelcolor": INK,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        "xtick.minor.size": 0,
        "ytick.minor.size": 0,
        "grid.color": LINE,
        "grid.linewidth": 0.6,
        "lines.linewidth": 1.4,
        "path.simplify": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "propkit",
    }


@contextmanager
def use() -> Iterator[None]:
    """Apply the style inside a `with` block; matplotlib's own settings are as before after it."""
    with mpl.rc_context(settings()):
        yield


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = 9) -> float:
    """Return the width of one line of `text` in points at `size` points, in the font of the charts."""
    if not text:
        return 0.0
    properties = font_manager.FontProperties(family=settings()["font.family"], size=size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a missing glyph is reported once, by `family`
        return float(text_to_path.get_text_width_height_descent(text, properties, ismath=False)[0])


def shorten(text: str, width: float, size: float = 9) -> str:
    """Return `text`, or as much of its beginning as fits in `width` points with "…" after it."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text + "…"


def fit(ax: Axes, *, left: float, right: float, top: float, bottom: float, height: float) -> None:
    """Set the margins and the height of the plot, in points, when the axes are on a `Canvas` of ours.

    `height` is that of the plot between the margins.
    """
    chart = ax.get_figure()
    if not isinstance(chart, Canvas):
        return
    width = chart.get_figwidth() * 72
    whole = height + top + bottom
    chart.set_figheight(whole / 72)
    right = min(right, width * 0.3)
    left = min(left, width * 0.5)
    ax.set_position((left / width, bottom / whole, (width - left - right) / width, height / whole))


def label_room(ax: Axes) -> float:
    """Return the room in points for labels left of the plot: two fifths of a phone, less on a desk."""
    return ax.get_figure().get_figwidth() * 72 * (0.42 if is_narrow(ax) else 0.3)


def is_narrow(ax: Axes) -> bool:
    """Tell whether the axes are drawn for a phone."""
    return ax.get_figure().get_figwidth() < 5


def beside(ax: Axes, points: float) -> Transform:
    """Return the transform of texts right of the plot: x in axes from 0 to 1 plus `points`, y in data."""
    return offset_copy(ax.get_yaxis_transform(), ax.get_figure(), x=points, units="points")


def above(ax: Axes, points: float) -> Transform:
    """Return the transform of texts over the plot: x in data, y in axes plus `points`."""
    return offset_copy(ax.get_xaxis_transform(), ax.get_figure(), y=points, units="points")


def offset(ax: Axes, across: float, up: float) -> Transform:
    """Return the transform of texts at a corner of the plot: x and y in axes from 0 to 1, plus points."""
    return offset_copy(ax.transAxes, ax.get_figure(), x=across, y=up, units="points")


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Return `places` moved apart, as little as possible, so that neighbours are at least `gap` apart."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    for before, after in itertools.pairwise(order):
        moved[after] = max(moved[after], moved[before] + gap)
    return moved
