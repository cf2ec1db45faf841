"""What a page says of a figure that is not known: which table it lacks, or that the period holds nothing of it.

Words only; what is not known is never shown as 0.
"""

from __future__ import annotations

from collections.abc import Iterable

from propkit import domains
from propkit.model import Duration, Kpi, Note, Reading
from propkit.periods import parse_period
from propkit.reporting import display
from propkit.reporting.book import Book
from propkit.reporting.display import Display, esc, format_n, format_rate, period_words
from propkit.reporting.overview_items import AIMED, AROUND, RESTS_ON
from propkit.text import Text

Item = Kpi | Duration | Reading | Note


def lacking(book: Book, item: Item) -> tuple[str, ...]:
    """Return the tables that an item cannot do without and of which there is no row at all."""
    needed = [item, *(domains.KPIS[one] for one in RESTS_ON.get(item.id, ()))]
    names = {name for one in needed if not isinstance(one, Note) for name in domains.rests_on(one)}
    return tuple(name for name in domains.TABLES if name in names and book.bare(name))


def sources(book: Book, item: Item) -> tuple[str, ...]:
    """Return the tables any one of which could have told an item of the period and of which there is no row at all."""
    if isinstance(item, Note):
        return ()
    names = {name for column, tables in domains.feeds(item).items() if _unfed(book, item, column) for name in tables}
    return tuple(name for name in domains.TABLES if name in names and book.bare(name))


def unsourced(book: Book, item: Item) -> bool:
    """Say whether a table is wholly missing without which, or by the lack of which, an item is not known."""
    return bool(lacking(book, item) or sources(book, item))


def _unfed(book: Book, item: Kpi | Duration | Reading, column: str) -> bool:
    """Whether the period's rows are all without a column; whether a row that counts is without its date, and so in no period.

    A book over counts has no rows that could say otherwise.
    """
    rows = book.tables.get(getattr(item, "table", ""))
    if isinstance(item, Reading) or rows is None:
        return True
    dated_by, counted = (item.start, item.end) if isinstance(item, Duration) else (item.dated_by, item.numerator)
    if column == dated_by:
        return rows.empty or bool((rows[column].isna() & rows[counted].notna()).any())
    dates = rows[dated_by]
    return bool(rows.loc[(dates >= book.period.start) & (dates < book.period.end), column].isna().all())


def sentences(book: Book, items: Iterable[Item]) -> list[Text]:
    """Say of items without data which tables they lack, one sentence for each set of tables; the others have none in the period."""
    grouped: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Text]] = {}
    monthly, ours = [], {item.id: item for item in items}
    around = [
        ours.pop(name) for name in list(ours) if name in AROUND and book.workspace.rectified(book.community) is None
    ]
    aimless = [ours.pop(name) for name in list(ours) if name in AIMED]
    for item in ours.values():
        told = _by_month(book, item)
        if told is None:
            grouped.setdefault((lacking(book, item), sources(book, item)), []).append(item.label)
        else:
            monthly.append(told)
    said = [_sentence(names, others, labels) for (names, others), labels in grouped.items()]
    if aimless:
        said.append(_aimless(book, [item.label for item in aimless]))
    if around:
        labels = Text("、".join(one.label.zh for one in around), ", ".join(one.label.en for one in around))
        said.append(
            Text(
                f"这个小区没有登记整顿，没有前后可比：{labels.zh}。",
                f"No rectification is recorded for this community, so there is no before and after: {labels.en}.",
            )
        )
    return [*said, *_monthly_said(book, monthly)]


def _aimless(book: Book, labels: list[Text]) -> Text:
    """Say that no share has a target that could be foreseen, and of the table of targets that it is missing where it is."""
    zh, en = "、".join(one.zh for one in labels), ", ".join(one.en for one in labels)
    table = domains.TABLES["target"].label
    also = (
        Text(f"，数据表「{table.zh}」也没有数据", f", nor has the table “{table.en.lower()}” any row")
        if book.bare("target")
        else Text("", "")
    )
    return Text(
        f"没有一项比率既有目标、又能估计下期范围{also.zh}：{zh}。",
        f"No share has both a target and a range to be expected{also.en}: {en}.",
    )


def _by_month(book: Book, item: Item) -> Text | None:
    """A balance has no figure over several months: that of the last month, where it is known."""
    if not isinstance(item, Kpi) or not item.stock or len(book.period.months) == 1:
        return None
    figure = book.in_periods([item.id], [parse_period(book.month)]).iloc[0]
    if figure["state"] in ("no_data", "suppressed"):
        return None
    zh, en = (f"{item.label.get(lang)} {format_rate(figure, item, lang)}" for lang in ("zh", "en"))
    n = format_n(figure, "zh")
    return Text(f"{zh}（{n}）", f"{en} ({n})") if item.kind != "count" else Text(zh, en)


def _monthly_said(book: Book, told: list[Text]) -> list[Text]:
    if not told:
        return []
    month = period_words(book.month, "zh")
    zh, en = "、".join(one.zh for one in told), ", ".join(one.en for one in told)
    return [
        Text(f"按月计算、多个月不合计的，{month}为：{zh}。", f"Told by month, not over several; in {book.month}: {en}.")
    ]


def missing(book: Book, items: Iterable[Item]) -> Display:
    """Return `sentences` as a list."""
    said = [words.get(book.lang) for words in sentences(book, items)]
    html = f'<ul class="pk-missing">{"".join(f"<li>{esc(line)}</li>" for line in said)}</ul>'
    return Display(html, html, " ".join(said))


def absent(book: Book, item: Kpi | Duration) -> Display:
    """Say in place of a chart or table that there is nothing to show for a figure, and why."""
    if not unsourced(book, item):
        return display.absent(item, book.lang)
    return display.sentence(sentences(book, [item])[0], book.lang)


def _sentence(names: tuple[str, ...], others: tuple[str, ...], labels: list[Text]) -> Text:
    zh, en = ("、".join(label.zh for label in labels), ", ".join(label.en for label in labels))
    if not names and not others:
        return Text(f"本期无数据：{zh}。", f"No data in this period: {en}.")
    tables = [domains.TABLES[name].label for name in names or others]
    lacked = Text(
        "".join(f"「{table.zh}」" for table in tables), " and ".join(f"“{table.en.lower()}”" for table in tables)
    )
    noun = "table" if len(tables) == 1 else "tables"
    if not names:
        return Text(
            f"本期无数据，可作来源的数据表{lacked.zh}也没有数据：{zh}。",
            f"No data in this period, nor any in the {noun} {lacked.en}, which could be a source: {en}.",
        )
    return Text(f"缺少数据表{lacked.zh}，无法计算：{zh}。", f"Cannot be computed without the {noun} {lacked.en}: {en}.")
