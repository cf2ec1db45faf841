"""Generate the KPI tables of the documentation from the catalogue.  `python -m docs.generate [--check]`."""

from __future__ import annotations

import sys
from pathlib import Path

from propkit import domains
from propkit.model import Column, Definitions, Duration, Kpi, Table, worded

ROOT = Path(__file__).parent.parent
PAGES = {
    "README.md": ("short", "en"),
    "README.zh-CN.md": ("short", "zh"),
    "docs/kpis.md": ("full", "en"),
    "docs/kpis.zh-CN.md": ("full", "zh"),
    "docs/workspace.md": ("tables", "en"),
}
HEADS = {"zh": ("编号", "指标", "分子", "分母"), "en": ("id", "KPI", "top", "bottom")}
SHORT_HEADS = {"zh": ("指标", "编号"), "en": ("KPI", "id")}


def page(path: str, text: str) -> str:
    """Return a page with the part between its markers made anew."""
    kind, lang = PAGES[path]
    start, end = (f"<!-- {'tables' if kind == 'tables' else 'kpis'}:{edge} -->" for edge in ("start", "end"))
    head, _, rest = text.partition(start)
    _, _, tail = rest.partition(end)
    return f"{head}{start}\n{_MAKERS[kind](lang)}\n{end}{tail}"


def _short(lang: str) -> str:
    rows = [f"| {kpi.label.get(lang)} | `{kpi.id}` |" for kpi in domains.KPIS.values()]
    return "\n".join([_row(SHORT_HEADS[lang]), "|---|---|", *rows])


def _full(lang: str) -> str:
    kpis = [_kpi(kpi, lang) for kpi in domains.KPIS.values()]
    durations = [_duration(duration, lang) for duration in domains.DURATIONS.values()]
    return "\n".join([_row(HEADS[lang]), "|---|---|---|---|", *kpis, *durations])


def _tables(lang: str) -> str:
    return "\n\n".join(_table(table, lang) for table in domains.TABLES.values())


def _table(table: Table, lang: str) -> str:
    rows = [
        _row(
            (
                f"**{name}**" if column.required else name,
                column.label.zh,
                column.kind,
                _allowed(column),
                " · ".join(dict.fromkeys([*column.headers, column.label.zh])),
            )
        )
        for name, column in table.columns.items()
    ]
    head = f"### `{table.name}` {table.label.zh} ({table.label.get(lang)})\n\nKey: {', '.join(table.key)}."
    return "\n".join([head, "", "| column | 中文 | kind | allowed | plain headers |", "|---|---|---|---|---|", *rows])


def _allowed(column: Column) -> str:
    if column.choices:
        return ", ".join(f"`{choice}` {label.zh}" for choice, label in column.choices.items())
    ends = ("" if end is None else str(end) for end in (column.low, column.high))
    return "-".join(ends) if column.low is not None or column.high is not None else ""


def _kpi(kpi: Kpi, lang: str) -> str:
    kpi = worded(kpi, Definitions())
    return _row((f"`{kpi.id}`", kpi.label.get(lang), kpi.top.get(lang), kpi.bottom.get(lang)))


def _duration(duration: Duration, lang: str) -> str:
    how = {"zh": "中位数与 P90（Kaplan–Meier）", "en": "median and P90 (Kaplan-Meier)"}
    return _row((f"`{duration.id}`", duration.label.get(lang), duration.top.get(lang), how[lang]))


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


_MAKERS = {"short": _short, "full": _full, "tables": _tables}


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check say which are not up to date."""
    stale = []
    for path in PAGES:
        text = (ROOT / path).read_text("utf-8")
        made = page(path, text)
        if made != text and "--check" not in arguments:
            (ROOT / path).write_text(made, "utf-8")
        elif made != text:
            stale.append(path)
    if stale:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run: make fix\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
