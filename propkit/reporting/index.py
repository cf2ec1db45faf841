"""The page over all reports, made from the manifest's entries alone; opens no report and no store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from natsort import natsort_keygen

from propkit.reporting.cards import ARROWS, JUDGED
from propkit.reporting.display import STATES, esc, period_words, word
from propkit.reporting.template import LANGUAGES, asset, policy
from propkit.text import Text, counted

_STATES: dict[str, Text] = {
    "current": Text("最新", "current"),
    "stale": Text("待更新", "out of date"),
    "failed": Text("失败", "failed"),
    "withheld": Text("未公布", "withheld"),
    "not_run": Text("未生成", "not made"),
}
_FROM_STATUS = {"success": "current", "failed": "failed", "withheld": "withheld", "skipped": "not_run"}
_TONES = {"current": "good", "stale": "state", "failed": "bad", "withheld": "bad", "not_run": "state"}
_MARKS = {"current": "✓", "stale": "↻", "failed": "!", "withheld": "※", "not_run": "–"}
_HEADS: dict[str, Text] = {
    "community": Text("小区", "Community"),
    "period": Text("期间", "Period"),
    "report": Text("报告", "Report"),
    "headline": Text("要点", "Figures"),
    "state": Text("状态", "State"),
}
_FAILURES = 5
"""Failures told at the top; the list below has them all."""
_FILTERS = ("community", "period", "report", "state")
_EDITIONS = {"owner": Text("业主版", "owner edition"), "internal": Text("内部版", "internal edition")}


def render_index(entries: Iterable[Mapping[str, object]], *, lang: str, title: str) -> str:
    """Return the page that lists all reports, newest period first, as one self-contained HTML file.

    An entry: report, community, community_name, period, path (relative), state (current, stale, failed, withheld, not_run),
    headline (label, text, state and perhaps change: verdict, good, text), reason; entries of the manifest as written
    (status, output, message as text, report_label) do as well.  The page filters by community, period, report and state
    where scripts run, and is complete where they do not.
    """
    rows = sorted((_row(entry, lang) for entry in entries), key=natsort_keygen(key=lambda row: row["order"]))
    rows.sort(key=lambda row: row["period"], reverse=True)
    main = f"{_failures(rows, lang)}{_filters(rows, lang)}{_table(rows, lang)}" if rows else f"<p>{_none(lang)}</p>"
    return _page(title, _counts(rows, lang), main, lang)


def _row(entry: Mapping[str, object], lang: str) -> dict[str, object]:
    """An entry in the words and the order of the page."""
    label = entry.get("report_label") or entry["report"]
    name = entry.get("community_name") or entry["community"]
    output = entry.get("output") or {}
    state = entry.get("state") or _FROM_STATUS.get(str(entry.get("status")), "not_run")
    return {
        "community": str(name),
        "period": str(entry["period"]),
        "report": str(label.get(lang) if isinstance(label, Mapping | Text) else label),
        "state": str(state),
        "path": str(entry.get("path") or output.get("path") or ""),
        "edition": word(_EDITIONS[entry["edition"]], lang) if entry.get("edition") == "owner" else "",
        "lang": str(entry.get("lang") or lang),
        "headline": entry.get("headline") or (),
        "reason": str(entry.get("message") or entry.get("reason") or "") if state != "current" else "",
        "order": (str(name), str(entry["report"]), str(entry.get("edition", "")), str(entry.get("lang", ""))),
    }


def _table(rows: Sequence[Mapping[str, object]], lang: str) -> str:
    heads = "".join(f'<th scope="col">{word(label, lang)}</th>' for label in _HEADS.values())
    labels = {name: word(label, lang) for name, label in _HEADS.items()}
    body = "".join(_line(row, labels, lang) for row in rows)
    table = f'<table class="pk-table index stacked"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="pk-scroll" role="region" tabindex="0" aria-label="{labels["report"]}">{table}</div>'


def _line(row: Mapping[str, object], labels: Mapping[str, str], lang: str) -> str:
    keys = " ".join(f'data-{name}="{esc(row[name])}"' for name in _FILTERS)
    state = str(row["state"])
    chip = f'<span class="chip {_TONES[state]}">{_MARKS[state]} {word(_STATES[state], lang)}</span>'
    older = (
        row["path"]
        and state != "current"
        and ("链接为上次成功的版本" if lang == "zh" else "links to the last good page")
    )
    remarks = "".join(f' <span class="soft">{esc(part)}</span>' for part in (row["reason"], older) if part)
    cells = {
        "period": esc(period_words(str(row["period"]), lang)),
        "report": _link(row, lang),
        "headline": "".join(_figure(item, lang) for item in row["headline"]),
        "state": chip + remarks,
    }
    rest = "".join(f'<td data-l="{labels[name]}"><span>{inner}</span></td>' for name, inner in cells.items())
    return f'<tr {keys}><th scope="row">{esc(row["community"])}</th>{rest}</tr>'


def _link(row: Mapping[str, object], lang: str) -> str:
    """The report by name: a link to its page where there is one, with the edition and language that differ."""
    other = "" if row["lang"] == lang else {"zh": "中文", "en": "English"}.get(str(row["lang"]), "")
    notes = "".join(f' <span class="chip state">{esc(note)}</span>' for note in (row["edition"], other) if note)
    if not row["path"]:
        return esc(row["report"]) + notes
    return f'<a href="{esc(_beside(str(row["path"])))}">{esc(row["report"])}</a>{notes}'


def _beside(path: str) -> str:
    """A path that stays a path: one with a scheme in its first part would be an address."""
    return "./" + path.lstrip("/\\")


def _figure(item: Mapping[str, object], lang: str) -> str:
    """One headline figure; its state in words unless it is plainly good."""
    state = str(item.get("state", "ok"))
    note = word(STATES.get(state, Text(state, state)), lang) if state not in ("ok", "census") else ""
    shown = f' <span class="soft">{esc(note)}</span>' if note else ""
    changed = _change(item.get("change") or {}, lang)
    return f'<span class="fact">{esc(item["label"])} <b>{esc(item["text"])}</b>{changed}{shown}</span> '


def _change(change: Mapping[str, object], lang: str) -> str:
    """The arrow of a tested change and whether it is welcome; nothing where none was found."""
    arrow = ARROWS.get(str(change.get("verdict")), "")
    if not arrow:
        return ""
    good = change.get("good")
    judged = word(JUDGED[good], lang) if good is not None else ""
    tone = "" if good is None else " good" if good else " bad"
    return f' <span class="nw{tone}" title="{esc(change.get("text", ""))}">{arrow} {judged}</span>'


def _named(row: Mapping[str, object], lang: str) -> list[str]:
    """A report in words, its edition only where it is the owners'."""
    period = period_words(str(row["period"]), lang)
    return [str(part) for part in (row["community"], period, row["report"], row["edition"]) if part]


def _failures(rows: Sequence[Mapping[str, object]], lang: str) -> str:
    """What went wrong, before everything else: a manager need not look for it."""
    failed = [row for row in rows if row["state"] == "failed"]
    if not failed:
        return ""
    shown = "".join(
        f"<li>{esc(' '.join(_named(row, lang)))}{_colon(lang)}{esc(row['reason'] or word(_STATES['failed'], lang))}</li>"
        for row in failed[:_FAILURES]
    )
    more = len(failed) - _FAILURES
    rest = f"另有 {more} 份，见下表" if lang == "zh" else f"{more} more in the list below"
    shown += f"<li>{rest}</li>" if more > 0 else ""
    head = f"{len(failed)} 份没有生成" if lang == "zh" else f"{len(failed)} could not be made"
    return f'<section class="pk-lead bad" aria-label="{head}"><p>{head}</p><ul>{shown}</ul></section>'


def _colon(lang: str) -> str:
    return "：" if lang == "zh" else ": "


def _filters(rows: Sequence[Mapping[str, object]], lang: str) -> str:
    """Choices over the list; hidden until the script that serves them runs."""
    every = "全部" if lang == "zh" else "all"
    boxes = ""
    for name in _FILTERS:
        values = sorted({str(row[name]) for row in rows}, key=natsort_keygen(), reverse=name == "period")
        options = "".join(f'<option value="{esc(value)}">{esc(_shown(name, value, lang))}</option>' for value in values)
        choice = f'<select name="{name}"><option value="">{every}</option>{options}</select>'
        boxes += f"<label>{word(_HEADS[name], lang)}{choice}</label>"
    return f'<div class="filters" hidden>{boxes}<span role="status"></span></div>'


def _shown(name: str, value: str, lang: str) -> str:
    if name == "state":
        return word(_STATES[value], lang)
    return period_words(value, lang) if name == "period" else value


def _counts(rows: Sequence[Mapping[str, object]], lang: str) -> str:
    found = {state: sum(row["state"] == state for row in rows) for state in _STATES}
    parts = [f"{word(label, lang)} {found[state]}" for state, label in _STATES.items() if found[state]]
    whole = f"共 {len(rows)} 份" if lang == "zh" else counted(len(rows), "reports")
    return "".join(f"<span>{part}</span>" for part in (whole, *parts))


def _none(lang: str) -> str:
    return "还没有报告。运行 propkit run 生成。" if lang == "zh" else "No reports yet. Make them with propkit run."


def _page(title: str, facts: str, main: str, lang: str) -> str:
    skip = "跳到正文" if lang == "zh" else "Skip to the text"
    made = "由 propkit 生成" if lang == "zh" else "Made with propkit"
    return f"""<!DOCTYPE html>
<html lang="{LANGUAGES[lang]}">
<head>
<meta http-equiv="Content-Security-Policy" content="{policy()}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{esc(title)}</title>
<link rel="icon" href="data:,">
<style>{asset("page.css")}</style>
</head>
<body>
<a class="skip" href="#main">{skip}</a>
<header><div class="in"><h1>{esc(title)}</h1><p class="facts">{facts}</p></div></header>
<div class="frame"><main id="main">{main}</main></div>
<footer><div class="in"><p>{made}</p></div></footer>
<script>{asset("page.js")}</script>
</body>
</html>
"""
