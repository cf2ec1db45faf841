"""The anonymised rows behind a group: never of a small group, and never in what a notebook saves.

A listing shows neither unit, ids and names nor what the register knows of a household; what is personal in comments is
masked.  In a notebook it says that it is withheld; the widgets send it to the screen past everything that is saved.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from propkit import domains
from propkit.counts import UNKNOWN
from propkit.domains.community import ATTRIBUTES
from propkit.errors import ConfigError, DisclosureError, nearest
from propkit.figures import joined
from propkit.intake.personal import MASK, mask
from propkit.model import Column
from propkit.reporting.display import cell_words, word
from propkit.text import Text

if TYPE_CHECKING:
    from propkit.exploring.views import View

_SHOWN = ("choice", "flag", "score", "text")
_WHERE = re.compile(
    r"[0-9一二三四五六七八九十]{1,3}\s*(?:号楼|栋|幢|座|单元|#)[-\s]*(?:[0-9]{1,2}\s*单元[-\s]*)?(?:[0-9]{2,4}\s*(?:室|户|号)?)?"
    r"|(?<![0-9])[0-9]{1,3}(?:\s*[-－–]\s*[0-9]{1,4}){2,3}(?![0-9])"
    r"|[0-9]{3,4}\s*室"
    r"|[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·\s]?[A-Z0-9]{5,6}"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![0-9])[0-9]{7,}(?![0-9])",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Listing:
    """Anonymised rows.  `frame` holds them; shown in a notebook, a listing only says how many there are."""

    frame: pd.DataFrame = field(repr=False)
    title: Text
    lang: str

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        told = Text(
            f"{self.title.zh}：{len(self)} 行匿名记录。为免随笔记本保存，这里不显示；在探索器里查看，或用 .frame 取出。",
            f"{self.title.en}: {len(self)} anonymised rows, not shown here so that they are not saved with the notebook; "
            "see them in the explorer, or take .frame.",
        )
        return told.get(self.lang)

    @property
    def cells(self) -> list[list[str]]:
        """The rows as words."""
        return [[str(value) for value in row] for row in self.frame.itertuples(index=False)]


def anonymous(text: str) -> str:
    """Return a comment with what may name somebody masked: numbers of telephones and papers, units, plates, addresses.

    >>> anonymous("3号楼2单元501的王先生，电话13812345678，车牌京A12345，a.b@c.cn")
    '****的王先生，电话****，车牌****，****'
    """
    return _WHERE.sub(MASK, mask(text))


def listing(view: View, group: str, dimension: str = "") -> Listing:
    """Return the anonymised rows behind a `group` (a value of `segment`) of a view.

    `dimension` says of which dimension, where two are shown.  Raises ConfigError for a group that is not on the screen,
    DisclosureError for one that is hidden or has fewer cases than privacy.min_n.
    """
    row = _row(view, group, dimension)
    found = _rows(view, view.choice.groups(tuple(str(row["dimension"]).split("|"))), group)
    least = view.cube.workspace.settings.privacy.min_n
    if row["state"] in ("suppressed", "no_data") or pd.isna(row["n"]) or len(found) < least:
        raise DisclosureError(
            Text("这一组太小，不能查看逐行记录", "this group is too small for its rows to be seen"),
            place=str(row["label"]), expected=Text(f"至少 {least} 行", f"{least} rows or more"),
        )  # fmt: skip
    label = view.kpi.label
    title = Text(f"{label.zh} · {row['label']}", f"{label.en} · {row['label']}")
    return Listing(_frame(view, found, least), title, view.cube.lang)


def _row(view: View, group: str, dimension: str) -> pd.Series:
    rates = view.rates[view.rates["dimension"] != "all"]
    rates = rates[rates["dimension"] == dimension] if dimension else rates
    found = rates[rates["segment"] == group]
    if len(found) != 1:
        raise ConfigError(
            Text("屏幕上没有这一组，或有几组同名", "no such group on the screen, or several of that name"),
            got=group, hint=nearest(group, rates["segment"]), expected=", ".join(rates["segment"].head(20)),
        )  # fmt: skip
    return found.iloc[0]


def _rows(view: View, by: Sequence[str], group: str) -> pd.DataFrame:
    """The rows that count in a figure, of one group."""
    kpi, choice = view.kpi, view.choice
    rows = view.cube.tables[kpi.table]
    kept = rows[kpi.numerator].notna() & rows["community"].isin(choice.communities)
    kept &= rows[kpi.dated_by].dt.strftime("%Y-%m").isin(choice.period.months)
    if kpi.denominator and "." not in kpi.denominator:
        kept &= rows[kpi.denominator].notna()
    if choice.what in view.cube.items:
        kept &= rows["item"] == choice.what
    rows = rows[kept]
    names = joined(rows[list(by)].astype("str").fillna(UNKNOWN), by)
    return rows[names == group]


def _frame(view: View, rows: pd.DataFrame, least: int) -> pd.DataFrame:
    """What may be seen of the rows, under the words of its columns, in an order that says nothing of who they are."""
    kpi, lang = view.kpi, view.cube.lang
    table = domains.TABLES.get(kpi.table)
    columns = {name: column for name, column in (table.columns if table else {}).items() if _seen(name, column)}
    made: dict[str, list[str]] = {}
    months = rows[kpi.dated_by].dt.strftime("%Y-%m")
    if months.value_counts().min() >= least:  # a month of a few would make a small group of them
        made["月份" if lang == "zh" else "Month"] = months.tolist()
    if kpi.kind == "share":
        flag = Column("flag", label=kpi.label)
        made["计入分子" if lang == "zh" else "Counted"] = [
            cell_words(flag, bool(one), lang) for one in rows[kpi.numerator]
        ]
    for name, column in columns.items():
        if name in rows and rows[name].notna().any():
            words = [cell_words(column, value, lang, name=name) for value in rows[name]]
            made[word(column.label, lang)] = [anonymous(one) for one in words] if column.kind == "text" else words
    frame = pd.DataFrame(made)
    if frame.columns.empty:
        return frame
    frame = frame.sort_values(list(frame.columns), kind="stable", ignore_index=True)
    unsaid = frame.eq("—").sum(axis=1).sort_values(kind="stable")
    return frame.loc[unsaid.index].reset_index(drop=True)  # who wrote something comes first


def _seen(name: str, column: Column) -> bool:
    return column.kind in _SHOWN and not column.personal and name not in ATTRIBUTES
