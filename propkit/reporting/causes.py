"""Where a clear change comes from, as arithmetic: better values within groups, or a changed mix of them (Kitagawa 1955).

No finding of its own: it takes apart what a test has found, and names no cause.
"""

from __future__ import annotations

import pandas as pd

from propkit import stats
from propkit.figures import figures
from propkit.model import Kpi
from propkit.periods import Period
from propkit.reporting import spans
from propkit.reporting.book import Book
from propkit.reporting.claims import Claim
from propkit.reporting.display import Display, esc
from propkit.reporting.findings import findings
from propkit.text import Text, minus

MOST = 6
"""Changes that are taken apart on one page."""
_HEAD = Text(
    "变化的构成（只是算术分解，不说明原因）：", "What the changes are made of (arithmetic, no claim of a cause):"
)


def taken_apart(book: Book) -> Display:
    """Return each clear change of a share as the part of its groups' own change and that of their mix; for the team alone."""
    before = spans.earlier(book)
    if book.edition == "owner" or before is None:
        return Display("", "", "")
    moved = [one for one in findings(book).of("change") if one.verdict in ("higher", "lower")]
    told = [words for one in moved[:MOST] if (words := _taken_apart(book, one, before.period)) is not None]
    if not told:
        return Display("", "", "")
    head, lines = _HEAD.get(book.lang), [words.get(book.lang) for words in told]
    html = f'<p>{esc(head)}</p><ul class="pk-split">{"".join(f"<li>{esc(line)}</li>" for line in lines)}</ul>'
    return Display(html, html, f"{head} {' '.join(lines)}")


def _taken_apart(book: Book, change: Claim, before: Period) -> Text | None:
    """One change by the segment that its figure is usually split by; None where it cannot be split on both sides."""
    kpi = book.kpi(change.kpi)
    if kpi.kind != "share" or kpi.ages or not kpi.by or not book.splits(kpi.id, kpi.by):
        return None
    sides = [_sums(book, kpi, period) for period in (before, book.period)]
    names = list(dict.fromkeys(name for side in sides for name in side.index))
    (num_a, den_a), (num_b, den_b) = ((side["num"].reindex(names), side["den"].reindex(names)) for side in sides)
    found = stats.decompose_ratio_change(names, num_a, den_a, num_b, den_b)
    if found["status"] != "ok" or len(names) < 2:
        return None
    own, mix = found["rate_effect"] * kpi.scale, found["mix_effect"] * kpi.scale
    by, most = book.segment_label(kpi.by), _largest(book, kpi, found["rate"])
    turned = Text("；没有一组朝总体的方向变化", "; no group moved in the direction of the whole")
    turned = turned if found["reversal"] else Text("", "")
    return Text(
        f"{kpi.label.zh} {_points(found['total'] * kpi.scale)} 个百分点，按{by.zh}：各组自身变化 {_points(own)}，组成变化 {_points(mix)}"
        f"{most.zh}{turned.zh}。",
        f"{kpi.label.en} {_points(found['total'] * kpi.scale)} points, by {by.en.lower()}: {_points(own)} from the groups themselves, "
        f"{_points(mix)} from their mix{most.en}{turned.en}.",
    )


def _largest(book: Book, kpi: Kpi, own: pd.Series) -> Text:
    """The group whose own change weighs most; nothing where none shows in the decimals."""
    name = str(own.abs().idxmax())
    part, word = _points(float(own[name]) * kpi.scale), book.words(kpi.by).get(name, Text(name, name))
    if part == _points(0):
        return Text("", "")
    return Text(f"；自身变化贡献最大的是{word.zh}（{part}）", f"; most from {word.en} ({part})")


def _sums(book: Book, kpi: Kpi, period: Period) -> pd.DataFrame:
    """The two halves of a share by segment, of the groups that have any case."""
    rates = figures(book.tables, book.cut, [kpi], [period], communities=[book.community], by=[kpi.by], min_n=1)
    known = rates[(rates["den"] > 0).fillna(False)]
    return known.set_index("segment")[["num", "den"]].astype("float64")


def _points(value: float) -> str:
    return minus(f"{round(value, 1) + 0.0:+.1f}")  # no "-0.0"
