"""A view as a notebook keeps it: one piece of HTML without scripts, a sentence, and the code that makes it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.axes import Axes

from propkit.exploring.choice import AGAINST
from propkit.exploring.frames import findings_html, rates_html
from propkit.rates import FIGURES
from propkit.reporting import svg
from propkit.reporting.display import (
    describe,
    details,
    esc,
    format_interval,
    format_n,
    format_rate,
    hidden,
    state_words,
)
from propkit.text import Text

if TYPE_CHECKING:
    from propkit.exploring.views import View

MOST_DRAWN = 40
_READING = Text(
    "点为数值，横线为 95% 区间；实心并带箭头的经得起检验，空心的可能出于偶然",
    "Dot: value; line: 95% interval; filled with an arrow: stands up to the tests, hollow: may be chance",
)
_MUTED = "color:#57606a;font-size:12px"


def code(view: View) -> str:
    """Return the code that makes a view again, without widgets: the same figures, findings and picture."""
    choice, cube = view.choice, view.cube
    opened = ", ".join(f"{name}={value!r}" if name else repr(value) for name, value in cube.opened.items())
    chosen = {
        "by": list(choice.by),
        "communities": list(choice.communities),
        "period": choice.period.id,
        "against": choice.against,
        **({"crossed": True} if choice.crossed else {}),
        "look": view.look,
    }
    options = ", ".join(f"{name}={value!r}" for name, value in chosen.items())
    return f"import propkit as pk\n\ncube = pk.open_cube({opened})\ncube.view({choice.what!r}, {options})"


def words(view: View) -> str:
    """Return the sentence that stands for a view, and its findings."""
    kpi, lang = view.kpi, view.cube.lang
    groups = view.rates[view.rates["dimension"] != "all"]
    said = describe(groups, kpi, lang=lang) if len(groups) else ""
    return "\n".join([_title(view), said, repr(view.findings)])


def html(view: View, draw: Callable[..., Axes]) -> str:
    """Return a view as static HTML: figures, chart, findings, table and code; all that comes from data is text."""
    lang = view.cube.lang
    groups = view.rates[view.rates["dimension"] != "all"]
    head = f'<p style="margin:0 0 2px;font-size:15px">{_headline(view)}</p>'
    if groups.empty or (len(view.rates) and view.rates["state"].iloc[0] == "no_data"):
        none = "这些选择没有数据。" if lang == "zh" else "There are no data for this choice."
        return f'<div class="pk-view">{head}<p>{none}</p>{_code(view)}</div>'
    alt = describe(groups, view.kpi, lang=lang)
    picture = svg.image(draw, title=_title(view), alt=alt)
    reading = f'<p style="margin:0 0 6px;{_MUTED}">{esc(_reading(view, len(groups)))}</p>'
    said = findings_html(view.findings)
    verdict = f'<p style="margin:0 0 6px"><b>{esc(AGAINST[view.choice.against].get(lang))}</b></p>'
    table = details("查看数据表" if lang == "zh" else "Data table", _table(view))
    left = f'<div style="flex:1 1 520px;max-width:640px;min-width:300px">{picture}</div>'
    right = f'<div style="flex:1 1 260px;max-width:420px">{verdict}{said}</div>'
    body = f'<div style="display:flex;flex-wrap:wrap;gap:12px 24px;align-items:flex-start">{left}{right}</div>'
    return f'<div class="pk-view">{head}{reading}{body}{table}{_code(view)}</div>'


def places(view: View) -> str:
    """Return the communities of a view in words."""
    names = [view.cube.communities[place].get(view.cube.lang) for place in view.choice.communities]
    return ("、" if view.cube.lang == "zh" else ", ").join(names)


def _title(view: View) -> str:
    lang = view.cube.lang
    return f"{view.kpi.label.get(lang)} · {places(view)} · {view.choice.period.label(lang)}"


def _headline(view: View) -> str:
    """The figure as a whole, with n and interval."""
    lang, kpi = view.cube.lang, view.kpi
    whole = view.rates.iloc[0].to_dict()
    limits, n = format_interval(whole, kpi, lang), "" if hidden(whole) else format_n(whole, lang)
    brackets = "（{}）" if lang == "zh" else " ({})"
    comma = "，" if lang == "zh" else ", "
    inside = comma.join(part for part in (n, f"95% {limits}" if limits else "") if part)
    figure = format_rate(whole, kpi, lang) + (brackets.format(inside) if inside else "")
    figure += "" if hidden(whole) or whole["state"] == "ok" else f" · {state_words(str(whole['state']), lang)}"
    lead = "全体" if lang == "zh" else "All"
    note = "" if whole["state"] == "no_data" else f" · {lead} <b>{esc(figure)}</b>"
    label, rest = kpi.label.get(lang), f"{places(view)} · {view.choice.period.label(lang)}"
    return f'<b>{esc(label)}</b> <span style="color:#57606a">{esc(rest)}</span>{note}'


def _reading(view: View, groups: int) -> str:
    lang, said = view.cube.lang, [_READING.get(view.cube.lang)]
    if view.earlier_period is not None:
        when = view.earlier_period.label(lang)
        said.append(f"短竖线为{when}" if lang == "zh" else f"short upright: {when}")
    if groups > MOST_DRAWN:
        more = Text(
            f"共 {groups} 组，图中为样本最多的 {MOST_DRAWN} 组",
            f"{groups} groups, of which the largest {MOST_DRAWN} are drawn",
        )
        said.append(more.get(lang))
    return ("；" if lang == "zh" else "; ").join(said)


def _table(view: View) -> str:
    rates = pd.DataFrame(view.rates)
    titles = view.rates.attrs["titles"]
    rates = rates.assign(heading=[titles.get(name, "") for name in rates["dimension"]])
    if view.earlier is None or view.earlier_period is None:
        return rates_html(rates, view.kpi, view.cube.lang)
    keys = ["dimension", "segment"]
    then = pd.DataFrame(view.earlier)[[*keys, *FIGURES]]
    both = rates.merge(then, on=keys, how="left", suffixes=("", "_before"))
    return rates_html(both, view.kpi, view.cube.lang, earlier=view.earlier_period.label(view.cube.lang))


def _code(view: View) -> str:
    summary = "代码" if view.cube.lang == "zh" else "Code"
    return details(summary, f'<pre style="white-space:pre-wrap">{esc(code(view))}</pre>', kind="pk-code")
