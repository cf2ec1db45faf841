"""Tidy figures and findings that show themselves well in a notebook: an ordinary DataFrame, and a list of claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from propkit import domains
from propkit.errors import PropkitError
from propkit.model import Kpi
from propkit.rates import FIGURES
from propkit.reporting.claims import Claim
from propkit.reporting.display import esc, format_interval, format_n, format_rate, label_of, reader_value, state_words
from propkit.reporting.tables import Cell, layout
from propkit.text import Text

_HEADS = {
    "group": Text("分组", "Group"),
    "value": Text("数值", "Figure"),
    "interval": Text("95% 区间", "95% interval"),
    "n": Text("样本", "Cases"),
    "note": Text("说明", "Note"),
}


class Rates(pd.DataFrame):
    """Figures, one row for each group: kpi, community, period, dimension, segment, label, n, num, den, value, low, high, state.

    A DataFrame in every way; in a notebook it shows figures as readers see them.  `attrs` holds its words: "kpi" the
    label, "id" the KPI, "titles" the dimensions, "goal" the target and "lang".
    """

    @property
    def _constructor(self) -> Callable[..., Rates]:
        return Rates

    def _repr_html_(self) -> str | None:
        if not {*FIGURES, "segment", "dimension"} <= set(self.columns) or "id" not in self.attrs:
            return super()._repr_html_()
        titles = self.attrs["titles"]
        headed = pd.DataFrame(self).assign(heading=[titles.get(name, name) for name in self["dimension"]])
        return rates_html(headed, card(self), str(self.attrs["lang"]))


def card(rates: pd.DataFrame) -> Kpi:
    """Return the KPI of tidy figures under the words that they carry; a PropkitError for any other frame."""
    import dataclasses

    if "id" not in rates.attrs:
        raise PropkitError(
            Text("这个表不是 segments() 给出的数值", "this frame is not one that segments() returned"),
            hint=Text("画图前不要换成别的表", "draw what segments() returned"),
        )
    words, goal = rates.attrs["kpi"], rates.attrs["goal"]
    return dataclasses.replace(domains.kpi(rates.attrs["id"]), label=Text(**words), target=goal)


def rates_html(rates: pd.DataFrame, kpi: Kpi, lang: str, *, earlier: str = "") -> str:
    """Return figures as a table, dimensions under headings; with `earlier` its words head the figures of that period.

    Then `rates` has, besides its own, the columns of the earlier figures with "_before" after their names.
    """
    names = ["group", "value", "interval", "n", *(["before"] if earlier else []), "note"]
    heads = [Cell(earlier if name == "before" else _HEADS[name].get(lang), numeric=name not in ("group", "note"))
             for name in names]  # fmt: skip
    rows, last = [], None
    for row in rates.to_dict("records"):
        if row["dimension"] != last:
            last = row["dimension"]
            if last != "all":
                rows.append([Cell(str(row.get("heading", last)), style="dim"), *(Cell("") for _ in names[1:])])
        rows.append(_cells(row, kpi, lang, with_before=bool(earlier)))
    return layout(heads, rows, caption=kpi.label.get(lang))


def _cells(row: dict, kpi: Kpi, lang: str, *, with_before: bool) -> list[Cell]:
    before = [Cell(_before(row, kpi, lang), numeric=True)] if with_before else []
    n = float("nan") if pd.isna(row["n"]) else float(row["n"])
    return [
        Cell(label_of(row, lang)),
        Cell(format_rate(row, kpi, lang), sort=reader_value(row, kpi), numeric=True),
        Cell(format_interval(row, kpi, lang) or "—", sort=reader_value(row, kpi, "low"), numeric=True),
        Cell(format_n(row, lang).removeprefix("n=") or "—", sort=n, numeric=True),
        *before,
        Cell(state_words(str(row["state"]), lang)),
    ]


def _before(row: dict, kpi: Kpi, lang: str) -> str:
    if row.get("state_before") is None or pd.isna(row.get("state_before")):
        return "—"
    then = {name: row[f"{name}_before"] for name in FIGURES}
    shown, count = format_rate(then, kpi, lang), format_n(then, lang)
    return shown if count in ("", shown) else f"{shown}（{count}）" if lang == "zh" else f"{shown} ({count})"


@dataclass(frozen=True, slots=True)
class Findings(Sequence):
    """The claims that hold on one screen, in the reader's order, with what must be said of how they were judged.

    `tested` is False where the groups could not be tested at all; the first of the `notes` then says why.
    """

    claims: tuple[Claim, ...]
    notes: tuple[Text, ...]
    lang: str
    tested: bool = True

    def __getitem__(self, at: int) -> Claim:
        return self.claims[at]

    def __len__(self) -> int:
        return len(self.claims)

    @property
    def frame(self) -> pd.DataFrame:
        """The claims as a tidy frame: kpi, kind, group, verdict, good, text, n, low, high, test."""
        names = ["kpi", "kind", "group", "verdict", "good", "text", "n", "low", "high", "test"]
        rows = [asdict(claim) | {"text": claim.text.get(self.lang)} for claim in self.claims]
        return pd.DataFrame(rows, columns=list(Claim.__dataclass_fields__))[names]

    def __repr__(self) -> str:
        return "\n".join(text.get(self.lang) for text in [*(claim.text for claim in self.claims), *self.notes])

    def _repr_html_(self) -> str:
        return findings_html(self)


_NONE = Text("没有经得起检验的差异。", "No difference stands up to the tests.")
_TONES = {True: "#0b5cad", False: "#b3400c", None: "#57606a"}
_ARROWS = {"higher": "▲", "lower": "▼", "attained": "✓", "not_attained": "!"}


def findings_html(found: Findings) -> str:
    """Return claims as a list, each with its arrow in the colour of what is welcome or not, and the notes beneath."""
    lang = found.lang
    items = "".join(
        f'<li style="margin:0 0 4px"><span style="color:{_TONES[claim.good]};font-weight:bold">'
        f"{_ARROWS.get(claim.verdict, '•')}</span> {esc(claim.text.get(lang))}</li>"
        for claim in found
    )
    none = _NONE.get(lang) if found.tested else ""
    said = (
        f'<ul style="padding-left:0;margin:0;list-style:none">{items}</ul>' if items else f"<p>{none}</p>" * bool(none)
    )
    small = "".join(
        f'<p style="margin:6px 0 0;font-size:12px;color:#57606a">{esc(note.get(lang))}</p>' for note in found.notes
    )
    return said + small
