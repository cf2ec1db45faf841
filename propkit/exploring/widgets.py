"""The controls in JupyterLab: they choose, `views` does the rest.

The view is an ordinary output that is replaced at each change, so the last one stays in the saved notebook.  Comments go
to the screen as messages and are in no state, output or metadata that can be saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as w
import traitlets
from IPython.display import DisplayHandle, display

from propkit.errors import PropkitError
from propkit.exploring.choice import AGAINST, Choice, choose, months_with_data
from propkit.exploring.cube import Cube, open_cube
from propkit.exploring.views import View, take
from propkit.reporting import outline
from propkit.text import Text

__all__ = ["Explorer", "explore"]

_WORDS = {
    "subject": Text("主题", "Subject"),
    "what": Text("指标", "Figure"),
    "first": Text("维度", "Split by"),
    "second": Text("第二维度", "And by"),
    "crossed": Text("两个维度交叉", "Cross both"),
    "places": Text("小区", "Communities"),
    "months": Text("时段", "Months"),
    "against": Text("比较", "Compare"),
    "group": Text("分组", "Group"),
    "rows": Text("查看匿名记录", "See anonymised rows"),
    "close": Text("收起", "Close"),
    "copy": Text("复制代码", "Copy the code"),
    "copied": Text("已复制", "Copied"),
    "none": Text("（无）", "(none)"),
    "survey": Text("问卷项目", "Survey items"),
    "other": Text("其他", "Other"),
    "withheld": Text("样本不足的组不在列表中；记录不会随笔记本保存。",
                     "Groups that are too small are not listed; rows are not saved with the notebook."),
}  # fmt: skip
_ITEMS, _OTHER = "items", "other"
_WIDE = "300px"


class Panel(anywidget.AnyWidget):
    """The code of a view with a button that copies it ("code"), or the rows behind a group ("rows")."""

    _esm = Path(__file__).with_name("panel.js")
    part = traitlets.Unicode("code").tag(sync=True)
    code = traitlets.Unicode("").tag(sync=True)
    words = traitlets.Dict().tag(sync=True)


class Explorer:
    """The widgets on a cube; shows itself in JupyterLab.  `view` is the view on the screen.

    `chosen`: what the first view shows, as `views.view` takes it.
    """

    def __init__(self, cube: Cube, what: str = "", **chosen: Any) -> None:
        self.cube = cube
        first = choose(cube, what or _usual(cube), **chosen)
        self._busy = False
        self._handle: DisplayHandle | None = None
        self._make(first)
        self.view: View = take(cube, first)
        self._follow()

    @property
    def _style(self) -> dict[str, str]:
        return {"description_width": "64px" if self.cube.lang == "zh" else "88px"}

    def _word(self, name: str) -> str:
        return _WORDS[name].get(self.cube.lang)

    @cached_property
    def subjects(self) -> dict[str, list[tuple[str, str]]]:
        """What can be chosen, by subject: (words, id) of every KPI and survey item."""
        lang, found = self.cube.lang, {}
        found[_ITEMS] = [(label.get(lang), item) for item, label in self.cube.items.items()]
        for kpi_id, label in self.cube.kpis.items():
            section = outline.place(kpi_id)
            found.setdefault(section or _OTHER, []).append((label.get(lang), kpi_id))
        order = [_ITEMS, *outline.SECTIONS, _OTHER]
        return {name: found[name] for name in order if found.get(name)}

    def _make(self, first: Choice) -> None:
        lang, cube = self.cube.lang, self.cube
        subject = next(name for name, held in self.subjects.items() if first.what in dict(map(reversed, held)))
        titles = [(self._subject(name), name) for name in self.subjects]
        self.subject = self._choice("subject", titles, subject)
        self.what = self._choice("what", self.subjects[subject], first.what)
        self.against = self._choice(
            "against", [(words.get(lang), name) for name, words in AGAINST.items()], first.against
        )
        self.first = self._choice("first", self._dims(first.what), first.by[0] if first.by else None)
        self.second = self._choice(
            "second", self._seconds(first.what, first.by[:1]), first.by[1] if first.by[1:] else ""
        )
        self.crossed = w.Checkbox(
            first.crossed,
            description=self._word("crossed"),
            indent=False,
            layout=w.Layout(margin="2px 2px 2px 72px", width="auto"),
        )
        places = [(label.get(lang), place) for place, label in cube.communities.items()]
        self.places = w.SelectMultiple(options=places, value=first.communities, rows=min(max(len(places), 2), 4),
                                       description=self._word("places"), style=self._style, layout=w.Layout(width=_WIDE))  # fmt: skip
        months = _months(cube, first)
        self.months = w.SelectionRangeSlider(
            options=months, value=(first.period.months[0], first.period.months[-1]), continuous_update=False,
            description=self._word("months"), style=self._style, layout=w.Layout(width="500px", max_width="100%", margin="2px 16px 2px 2px"),
        )  # fmt: skip
        self.group = w.Dropdown(
            options=[], description=self._word("group"), style=self._style, layout=w.Layout(width=_WIDE)
        )
        self.open_rows = w.Button(description=self._word("rows"), icon="list", layout=w.Layout(width="auto"))
        self.close_rows = w.Button(description=self._word("close"), layout=w.Layout(width="auto"))
        self.told = w.HTML("")
        buttons = {name: self._word(name) for name in ("copy", "copied")}
        self.code = Panel(part="code", words=buttons, layout=w.Layout(flex="1 1 320px", min_width="200px"))
        self.rows = Panel(part="rows")

    def _choice(self, name: str, options: Sequence[tuple[str, str]], value: str | None) -> w.Dropdown:
        layout = w.Layout(width=_WIDE)
        return w.Dropdown(
            options=_unique(options), value=value, description=self._word(name), style=self._style, layout=layout
        )

    def _subject(self, name: str) -> str:
        if name in (_ITEMS, _OTHER):
            return self._word("survey" if name == _ITEMS else "other")
        return outline.SECTIONS[name].heading.get(self.cube.lang)

    def _dims(self, what: str) -> list[tuple[str, str]]:
        return [(label.get(self.cube.lang), name) for name, label in self.cube.dims_of(what).items()]

    def _seconds(self, what: str, taken: Sequence[str]) -> list[tuple[str, str]]:
        return [(self._word("none"), ""), *(pair for pair in self._dims(what) if pair[1] not in taken)]

    def _follow(self) -> None:
        """Listen to the controls from now on."""
        self.subject.observe(self._subject_changed, "value")
        self.what.observe(self._what_changed, "value")
        self.first.observe(self._first_changed, "value")
        for control in (self.second, self.crossed, self.places, self.months, self.against):
            control.observe(self._changed, "value")
        self.open_rows.on_click(lambda _: self.show_rows())
        self.close_rows.on_click(lambda _: self.rows.send({}))
        self._tell()

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Set controls without a view for each."""
        before, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = before

    def _subject_changed(self, _: object = None) -> None:
        if self._busy:
            return
        with self._quietly():
            self.what.options = _unique(self.subjects[self.subject.value])
        self._what_changed()

    def _what_changed(self, _: object = None) -> None:
        if self._busy:
            return
        with self._quietly():
            _offer(self.first, self._dims(self.what.value))
            _offer(self.second, self._seconds(self.what.value, [self.first.value]))
            self._keep_to_data()
        self._changed()

    def _first_changed(self, _: object = None) -> None:
        if self._busy:
            return
        with self._quietly():
            _offer(self.second, self._seconds(self.what.value, [self.first.value]))
        self._changed()

    def _keep_to_data(self) -> None:
        """Go to the last month of a figure where the chosen ones hold nothing of it."""
        known = months_with_data(self.cube, self.what.value, list(self.places.value) or list(self.cube.communities))
        first, last = self.months.value
        if known and not any(first <= month <= last for month in known):
            self.months.value = (known[-1], known[-1])

    @property
    def choice(self) -> Choice:
        """What the controls say."""
        first, last = self.months.value
        return choose(
            self.cube,
            self.what.value,
            by=[name for name in (self.first.value, self.second.value) if name],
            communities=list(self.places.value),
            period=first if first == last else f"{first}..{last}",
            against=self.against.value,
            crossed=self.crossed.value,
        )

    def _changed(self, _: object = None) -> None:
        if self._busy:
            return
        self.told.value = ""
        try:
            self.view = take(self.cube, self.choice)
            if self._handle is not None:
                self._handle.update(self.view)
        except PropkitError as error:
            self.told.value = _safe(error.render(self.cube.lang))
        self._tell()

    def _tell(self) -> None:
        """Bring the code and the groups for drill-down up to the view."""
        self.code.code = self.view.code
        self.rows.send({})
        least = self.cube.workspace.settings.privacy.min_n
        groups = self.view.rates[self.view.rates["dimension"] != "all"]
        shown = groups[~groups["state"].isin(["suppressed", "no_data"]) & (groups["n"] >= least).fillna(False)]
        titles = self.view.rates.attrs["titles"]
        lead = {name: f"{title} · " if len(titles) > 1 else "" for name, title in titles.items()}
        rows = zip(shown["label"], shown["dimension"], shown["segment"], strict=True)
        self.group.options = _unique([(lead[name] + label, (name, group)) for label, name, group in rows])
        self.group.index = None if shown.empty else 0
        self.open_rows.disabled = shown.empty

    def show_rows(self) -> None:
        """Send the anonymised rows of the chosen group to the screen, past everything that is saved."""
        if self.group.value is None:
            return
        dimension, group = self.group.value
        try:
            found = self.view.listing(group, dimension)
        except PropkitError as error:
            self.rows.send({"note": error.render(self.cube.lang)})
            return
        told = {"title": f"{found.title.get(self.cube.lang)}（{len(found)}）", "note": self._word("withheld")}
        self.rows.send(told | {"columns": list(found.frame.columns), "rows": found.cells})

    @cached_property
    def controls(self) -> w.VBox:
        """The controls above the view."""
        left = w.VBox([self.subject, self.what, self.against])
        middle = w.VBox([self.first, self.second, self.crossed])
        top = w.HBox([left, middle, self.places], layout=w.Layout(flex_flow="row wrap"))
        below = w.HBox([self.months, self.code], layout=w.Layout(flex_flow="row wrap", align_items="center"))
        return w.VBox([top, below, self.told])

    @cached_property
    def drill(self) -> w.VBox:
        """The controls beneath the view."""
        bar = w.HBox([self.group, self.open_rows, self.close_rows], layout=w.Layout(flex_flow="row wrap"))
        return w.VBox([bar, self.rows])

    def __dir__(self) -> list[str]:
        return ["against", "choice", "crossed", "cube", "first", "group", "months", "places", "second", "show_rows",
                "subject", "view", "what"]  # fmt: skip

    def __repr__(self) -> str:
        return repr(self.view)

    def _ipython_display_(self) -> None:
        _display(self.controls)
        self._handle = display(self.view, display_id=True)
        _display(self.drill)


def explore(
    workspace: str | Path | Cube = "", what: str = "", *, as_of: str = "", lang: str = "", **chosen: Any
) -> Explorer:
    """Open the explorer on a workspace (or on a cube): choose figure, dimensions, communities, months and comparison.

    `what` is a KPI or an item of the survey, `chosen` what else the first view shows: by, communities, period, against,
    crossed.  Every view is made by `Cube.view`, whose code is shown and can be copied.  Raises ConfigError for a wrong choice.

    >>> import propkit as pk                                              # doctest: +SKIP
    >>> pk.explore()                                                      # doctest: +SKIP
    >>> pk.explore("data/demo", "elevators", by=["owner_type"])           # doctest: +SKIP
    """
    cube = workspace if isinstance(workspace, Cube) else open_cube(workspace, as_of=as_of, lang=lang)
    return Explorer(cube, what, **chosen)


def _usual(cube: Cube) -> str:
    return "owner_satisfaction" if "owner_satisfaction" in cube.kpis else next(iter(cube.counts))


def _months(cube: Cube, first: Choice) -> list[str]:
    """The months that can be chosen: those with data up to the cut-off, and those of the first view."""
    known = {month for month in cube.months if month <= f"{cube.cut.as_of:%Y-%m}"}
    months = sorted(known | set(first.period.months))
    return [str(month) for month in _between(months[0], months[-1])]


def _between(first: str, last: str) -> Sequence[object]:
    import pandas as pd

    return list(pd.period_range(first, last, freq="M"))


def _unique(options: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Tell options of the same words apart by their id: a control goes by the words."""
    words = [label for label, _ in options]
    return [(label if words.count(label) == 1 else f"{label} ({value})", value) for label, value in options]


def _offer(control: w.Dropdown, options: list[tuple[str, str]]) -> None:
    """Put new options into a control, and keep its value where it is still among them."""
    kept = control.value
    control.options = _unique(options)
    if kept in [value for _, value in options]:
        control.value = kept


def _safe(message: str) -> str:
    from propkit.reporting.display import esc

    return f'<pre style="color:#b3400c;white-space:pre-wrap;margin:0">{esc(message)}</pre>'


def _display(widget: w.Widget) -> None:
    """Show a widget; where there are no widgets, nothing stands for it."""
    bundle = widget._repr_mimebundle_()
    if bundle:
        display(bundle | {"text/plain": ""}, raw=True)
