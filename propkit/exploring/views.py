"""The views: tidy figures and findings of a choice, its chart, its table and the code that makes it again.

cube = propkit.open_cube()
rates = cube.segments("owner_satisfaction", by=["building"], period="2025-09")
rates.pipe(propkit.dots, ax=ax)
cube.view("owner_satisfaction", by=["building"], period="2025-09", against="previous")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from propkit.counts import SUMS
from propkit.errors import ConfigError
from propkit.exploring import looks, shown
from propkit.exploring.choice import Choice, choose, compared, scope
from propkit.exploring.cube import COMMUNITY, TERMS, Cube
from propkit.exploring.frames import Findings, Rates, card
from propkit.exploring.rows import Listing, listing
from propkit.figures import joined
from propkit.model import Kpi
from propkit.periods import Period
from propkit.rates import FIGURES, rate
from propkit.reporting import charts, claims, disclosure, group_claims, marks, style
from propkit.reporting.display import reader_value
from propkit.reporting.survey_claims import comparable
from propkit.text import Text

TIDY = ["kpi", "community", "period", "dimension", "segment", "label", *FIGURES]
_PLACE = "place"
"""The column of a community that is a group; `community` says what all groups lie in."""
WHOLE = "all"


def segments(
    cube: Cube,
    what: str,
    *,
    by: str | Sequence[str] = (),
    communities: str | Sequence[str] = (),
    period: str = "",
    crossed: bool = False,
) -> Rates:
    """Return the figures of a KPI or survey item by one or two dimensions, the whole first.

    Columns `TIDY`: kpi, community (joined with "+"), period, dimension ("all" for the whole, "a|b" when `crossed`), segment,
    label, n, num, den, value, low, high (unscaled), state.  Opinions of fewer than privacy.min_n are suppressed, with
    whatever would give them away on the same screen.  Raises ConfigError for a wrong choice.

    >>> rates = segments(cube, "elevators", by=["owner_type"], period="2025-09")   # doctest: +SKIP
    >>> rates.query("state == 'ok'").sort_values("value")                         # doctest: +SKIP
    """
    choice = choose(cube, what, by=by, communities=communities, period=period, crossed=crossed)
    return _rates(cube, choice, choice.period)


def dots(
    rates: pd.DataFrame, findings: Sequence[claims.Claim] = (), *, ax: Axes | None = None, most: int = shown.MOST_DRAWN
) -> Axes:
    """Draw tidy figures as dots with intervals, and return the axes; `findings` colour what they speak of.

    `rates`: as `segments` returns them, or rows of it.  At most `most` groups are drawn, those with most cases.

    >>> segments(cube, "elevators", by="building").pipe(dots, ax=ax)   # doctest: +SKIP
    """
    kpi, drawn = card(rates), _largest(_keyed(rates), most)
    ax = charts.by_segment(drawn, kpi, lang=rates.attrs["lang"], ax=ax, claim=list(findings))
    for label in ax.get_yticklabels():  # axes that were made elsewhere have labels in a font of their own
        label.set_fontfamily(style.settings()["font.family"])
    return ax


def view(
    cube: Cube,
    what: str,
    *,
    by: str | Sequence[str] = (),
    communities: str | Sequence[str] = (),
    period: str = "",
    against: str = "rest",
    crossed: bool = False,
    look: int | None = None,
) -> View:
    """Return a view: figures, findings, chart and table of one choice, which shows itself in a notebook.

    `against`: "rest", "previous", "year_ago" or "target".  `look` is how many distinct views have been taken, this one
    included; by default the cube counts them.  Each look makes the tests stricter (`propkit.exploring.looks`).

    >>> view(cube, "owner_satisfaction", by=["building"], against="previous")   # doctest: +SKIP
    """
    choice = choose(cube, what, by=by, communities=communities, period=period, against=against, crossed=crossed)
    return take(cube, choice, look)


def take(cube: Cube, choice: Choice, look: int | None = None) -> View:
    """Return the view of a checked choice, as its own look or as the `look` that is given."""
    if look is not None and look < 1:
        raise ConfigError(Text("look 从 1 数起", "looks are counted from 1"), got=str(look))
    if look is not None:
        cube.looks.at_least(look)
    counted = cube.looks.take(choice)
    return View(cube, choice, look or counted)


@dataclass(frozen=True)
class View:
    """What one choice shows.  `rates`, `findings` and `listing` are data, `chart` draws; the whole shows itself."""

    cube: Cube
    choice: Choice
    look: int

    @cached_property
    def kpi(self) -> Kpi:
        """The figure, with the target that holds for these communities and this period."""
        return replace(self.cube.kpi(self.choice.what), target=goal(self.cube, self.choice))

    @cached_property
    def rates(self) -> Rates:
        """Tidy figures of the groups, the whole first: see `segments`."""
        return _rates(self.cube, self.choice, self.choice.period)

    @cached_property
    def earlier_period(self) -> Period | None:
        """The period that this one is held against."""
        return compared(self.cube, self.choice)

    @cached_property
    def earlier(self) -> Rates | None:
        """Tidy figures of the earlier period, None where the view is not held against one."""
        return None if self.earlier_period is None else _rates(self.cube, self.choice, self.earlier_period)

    @cached_property
    def findings(self) -> Findings:
        """The claims that hold over everything on this screen, at the level of this look."""
        found, notes = judge(self)
        groups = int((self.rates["dimension"] != WHOLE).sum())
        told = (*notes, looks.words(self.look, groups))
        return Findings(tuple(claims.order(found)), told, self.cube.lang, tested=not notes)

    def chart(self, ax: Axes | None = None) -> Axes:
        """Draw the view and return its axes; earlier figures are short upright marks, a target is a dotted line."""
        return _draw(self, ax=ax)

    def listing(self, group: str, dimension: str = "") -> Listing:
        """Return the anonymised rows behind a group (the value of `segment`): see `propkit.exploring.rows`.

        Raises DisclosureError for a group that is hidden or has fewer cases than the privacy threshold.
        """
        return listing(self, group, dimension)

    @property
    def code(self) -> str:
        """The code that makes this view again, without widgets."""
        return shown.code(self)

    def __dir__(self) -> list[str]:
        return ["chart", "choice", "code", "earlier", "findings", "kpi", "listing", "look", "rates"]

    def __repr__(self) -> str:
        return shown.words(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": shown.html(self, partial(_draw, self)), "text/plain": shown.words(self)}


def goal(cube: Cube, choice: Choice) -> float | None:
    """Return the target (in the reader's unit) that is one and the same for all communities of a choice, else None."""
    kpi, month = cube.kpi(choice.what), choice.period.months[-1]
    goals = {cube.workspace.target(kpi.id, place, month) for place in choice.communities}
    declared = goals.pop() if len(goals) == 1 else None
    return kpi.target if declared is None and not goals else declared


def judge(view: View) -> tuple[list[claims.Claim], list[Text]]:
    """Return what may be said of a view, and why nothing is said where nothing can be."""
    kpi, alpha = view.kpi, looks.level(view.look)
    if kpi.kind not in _TESTED.get(view.choice.against, ("share",)):
        return [], [Text("这类指标不作检验：各组的差别可能出于偶然。",
                         "Figures of this kind are not tested: differences between groups may be chance.")]  # fmt: skip
    rates = _keyed(view.rates)
    groups = rates[rates["dimension"] != WHOLE]
    labels = {key: Text(said, said) for key, said in zip(groups["segment"], groups["label"], strict=True)}
    if view.choice.against == "rest":
        families = {name: groups[groups["dimension"] == name] for name in dict.fromkeys(groups["dimension"])}
        return group_claims.different(kpi, families, labels, alpha=alpha), []
    if view.choice.against == "target":
        if kpi.target is None:
            return [], [Text("没有对这些小区都一样的目标。", "There is no target common to these communities.")]
        return group_claims.attained(kpi, groups, kpi.target, labels, alpha=alpha), []
    return _changes(view, rates, labels, alpha)


_TESTED = {"previous": ("share", "rate"), "year_ago": ("share", "rate")}
"""The kinds of figures that can be tested in a comparison; against the rest and a target these are shares."""


def _changes(view: View, rates: pd.DataFrame, labels: dict[str, Text], alpha: float) -> tuple[list, list[Text]]:
    kpi, period = view.kpi, view.earlier_period
    if period is None or view.earlier is None:
        return [], [Text("没有可比的更早数据。", "There are no earlier data to compare with.")]
    if kpi.ages:
        return [], [Text("这个指标随时间还会上升，两个时期的成熟程度不同，不作比较。",
                         "This figure still rises with time; the two periods are not equally mature and are not compared.")]  # fmt: skip
    when = Text(period.label("zh"), period.label("en"))
    apart = _broken(view.cube, view.choice, period)
    claim = comparable(kpi, apart, when, int(rates["n"].fillna(0).max()))
    if claim is not None:
        return [], [claim.text]
    before = _keyed(view.earlier)
    named = labels | {WHOLE: Text("全体", "All")}
    return group_claims.changed(kpi, before, rates, named, when, alpha=alpha), []


_TERM_WORDS = {
    "scale": Text("量表", "Scale"),
    "satisfied_from": Text("满意起点", "Satisfied from"),
    "asked": Text("调查方式", "Mode"),
}


def _broken(cube: Cube, choice: Choice, before: Period) -> list[tuple[Text, Text, Text]]:
    """In which terms the answers of two periods differ; terms that are mixed or unknown are never the same."""
    counts = cube.counts[cube.kpi(choice.what).id]
    if not set(TERMS) <= set(counts.values):
        return []
    found = []
    for name, label in _TERM_WORDS.items():
        told = []
        for period in (before, choice.period):
            kept = counts.kept(**scope(cube, choice.what, choice.communities, period.months))
            sums = counts.added([name], kept)
            told.append(sorted(sums.loc[sums["n"] > 0, name]))
        vague = {"mixed", "unknown"} & set(told[0])
        if told[0] != told[1] or len(told[0]) != 1 or vague:
            found.append((label, *(_terms(cube, name, values) for values in told)))
    return found


def _terms(cube: Cube, name: str, values: Sequence[str]) -> Text:
    words = [cube.word("mode", value) if name == "asked" else Text(value, value) for value in values]
    return Text("、".join(word.zh for word in words) or "—", ", ".join(word.en for word in words) or "—")


def _rates(cube: Cube, choice: Choice, period: Period) -> Rates:
    """The figures of a choice in a period, with everything hidden that must be."""
    kpi, min_n = cube.kpi(choice.what), cube.workspace.settings.privacy.min_n
    whole = _figures(cube, choice, period, ())
    groups = {"|".join(by): choice.groups(by) for by in choice.families}
    split = {name: _figures(cube, choice, period, by) for name, by in groups.items()}
    split = {name: frame for name, frame in split.items() if len(frame)}
    named = {name: _columns(by) for name, by in groups.items()}
    if any(_exposed(frame, whole) for frame in split.values()):
        split = _protected(split, named, whole, min_n)
    parts = [whole.assign(dimension=WHOLE, segment=WHOLE, label="")]
    parts += [_labelled(cube, frame, groups[name]).assign(dimension=name) for name, frame in split.items()]
    rates = Rates(pd.concat(parts, ignore_index=True)[TIDY])
    words = {"zh": kpi.label.zh, "en": kpi.label.en}
    rates.attrs = {"id": kpi.id, "kpi": words, "lang": cube.lang, "goal": goal(cube, choice)}
    titles = {name: " × ".join(cube.title(one).get(cube.lang) for one in name.split("|")) for name in split}
    rates.attrs["titles"] = titles
    return rates


def _columns(by: Sequence[str]) -> list[str]:
    return [_PLACE if name == COMMUNITY else name for name in by]


def _protected(
    split: Mapping[str, pd.DataFrame], columns: Mapping[str, Sequence[str]], whole: pd.DataFrame, min_n: int
) -> dict[str, pd.DataFrame]:
    """Hide what would give hidden groups away.  A group goes by one name: only the whole is shown beside its split."""
    plain = {
        name: frame.drop(columns=columns[name]).assign(**{f"by {name}": joined(frame, columns[name])})
        for name, frame in split.items()
    }
    made = disclosure.protect(plain, whole, min_n=min_n)
    return {name: made[name].join(frame[columns[name]]).drop(columns=f"by {name}") for name, frame in split.items()}


def _exposed(frame: pd.DataFrame, whole: pd.DataFrame) -> bool:
    """Tell whether a hidden group might follow from the whole and the groups shown.

    The groups of one split add up to the whole, and nothing else on the screen speaks of them: two hidden groups that have
    together as many answers of either kind as must stay open keep each other hidden.
    """
    hidden = frame["state"] == "suppressed"
    if not hidden.any() or whole["state"].iloc[0] in ("suppressed", "no_data"):
        return False
    open_ = _answers(whole) - _answers(frame[~hidden])
    return int(hidden.sum()) < 2 or bool((open_ < disclosure.THRESHOLD).any())


def _answers(frame: pd.DataFrame) -> np.ndarray:
    """Answers, those counted and those not, added up; points are taken as shares of their scale."""
    n, num, den = (frame[name].fillna(0).to_numpy("float64") for name in ("n", "num", "den"))
    counted = np.divide(num * n, den, out=np.zeros_like(n), where=den > 0)
    return np.array([n.sum(), counted.sum(), (n - counted).sum()])


def _figures(cube: Cube, choice: Choice, period: Period, by: Sequence[str]) -> pd.DataFrame:
    """Figures by `by`, one row for each group that has cells; without `by` one row, of state "no_data" without any."""
    kpi = cube.kpi(choice.what)
    counts = cube.counts[kpi.id]
    kept = counts.kept(**scope(cube, choice.what, choice.communities, period.months))
    if not _told(cube, choice, kpi, period, by):
        kept[:] = False
    sums = _one_scale(counts.added([*by, "scale"], kept), by)
    if not by and sums.empty:
        sums = pd.DataFrame([dict.fromkeys(SUMS, 0)])
    head = {"kpi": kpi.id, "community": "+".join(choice.communities), "period": period.id}
    item = {"item": choice.what} if choice.what in cube.items else {}
    sums = sums.rename(columns={COMMUNITY: _PLACE})
    frame = pd.DataFrame(
        {name: pd.Series(value, index=sums.index, dtype="str") for name, value in (head | item).items()}
    )
    frame = frame.join(sums)
    min_n = cube.workspace.settings.privacy.min_n
    return rate(frame, as_of=cube.cut.as_of, min_n=min_n, definitions=cube.cut.definitions)


def _told(cube: Cube, choice: Choice, kpi: Kpi, period: Period, by: Sequence[str]) -> bool:
    """As in `figures`: a balance belongs to one month, and all items together would count a household several times."""
    one_item = choice.what in cube.items
    if kpi.split_only and kpi.by not in by and not one_item:
        return False
    return not kpi.stock or len(period.months) == 1


def _one_scale(sums: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Empty the groups whose answers were given on different scales: they have no common level."""
    keys = list(by)
    mixed = sums.duplicated(keys, keep=False) if keys else pd.Series(len(sums) > 1, index=sums.index)
    sums = sums.assign(**{name: sums[name].mask(mixed, 0) for name in SUMS}).drop(columns="scale")
    return (sums.drop_duplicates(keys) if keys else sums.iloc[:1]).reset_index(drop=True)


def _labelled(cube: Cube, frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Put groups in their order, and name them by id and in words."""
    columns = _columns(by)
    places = [{value: at for at, value in enumerate(cube.orders.get(name, []))} for name in by]
    ranks = pd.DataFrame(
        {name: frame[column].map(place) for name, column, place in zip(by, columns, places, strict=True)}
    )
    frame = frame.loc[ranks.sort_values(list(by), kind="stable", na_position="last").index]
    words = [
        [_plain(cube.word(name, value).get(cube.lang)) for value in frame[column]]
        for name, column in zip(by, columns, strict=True)
    ]
    label = [" · ".join(parts) for parts in zip(*words, strict=True)]
    return frame.assign(segment=joined(frame, columns), label=label)


def _plain(words: str) -> str:
    """A label on one line: no line breaks or marks that steer the direction of what stands around it."""
    return " ".join("".join(" " if char < " " or char in _STEERING else char for char in words).split()) or "—"


_STEERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u2028\u2029\x7f"


def _keyed(rates: pd.DataFrame) -> pd.DataFrame:
    """The same rows for charts and claims: groups named apart from those of other dimensions, dimensions in words."""
    names = [
        segment if dimension == WHOLE else f"{dimension}={segment}"
        for dimension, segment in zip(rates["dimension"], rates["segment"], strict=True)
    ]
    titles = rates.attrs["titles"]
    frame = pd.DataFrame(rates).assign(segment=names)
    return frame.assign(dimension=[titles.get(name, name) for name in rates["dimension"]])


def _largest(rates: pd.DataFrame, most: int) -> pd.DataFrame:
    """The whole and the groups with most cases, in the order given."""
    groups = rates[rates["segment"] != WHOLE]
    kept = groups["n"].astype("float64").fillna(0).sort_values(ascending=False, kind="stable").index[:most]
    return rates[(rates["segment"] == WHOLE) | rates.index.isin(kept)]


def _draw(view: View, ax: Axes | None = None) -> Axes:
    """The dots, with earlier figures or the target where the view is held against them."""
    ax = dots(view.rates, view.findings.claims, ax=ax)
    with style.use():
        if view.choice.against == "target" and view.kpi.target is not None:
            ax.axvline(view.kpi.target, color=style.INK, linewidth=1, linestyle=(0, (1, 2)), zorder=2)
            _reach(ax, [view.kpi.target])
        if view.earlier is not None:
            _marks(view, ax)
    return ax


def _marks(view: View, ax: Axes) -> None:
    """A short upright mark where each group stood in the earlier period."""
    rows = _largest(_keyed(view.rates), shown.MOST_DRAWN)
    rows = rows[rows["segment"] != WHOLE].to_dict("records")
    before = {row["segment"]: row for row in _keyed(view.earlier).to_dict("records")}
    at, _ = marks.places(rows)
    found = [
        (reader_value(before[row["segment"]], view.kpi), y)
        for row, y in zip(rows, at, strict=True)
        if row["segment"] in before and not pd.isna(reader_value(before[row["segment"]], view.kpi))
    ]
    if found:
        values, heights = zip(*found, strict=True)
        ax.scatter(values, heights, s=64, marker="|", color=style.INK, linewidths=1.4, zorder=4)
        _reach(ax, values)


def _reach(ax: Axes, values: Sequence[float]) -> None:
    low, high = ax.get_xlim()
    ax.set_xlim(min(low, *(value - 1 for value in values)), max(high, *(value + 1 for value in values)))
