"""Generate the KPI tables of the documentation from the catalogue.  `python -m docs.generate [--check]`."""

from __future__ import annotations

import sys
from pathlib import Path

from propkit import domains
from propkit.model import Column, Definitions, Note, Table
from propkit.reporting import items, outline

ROOT = Path(__file__).parent.parent
PAGES = {
    "README.md": ("short", "en"),
    "README.zh-CN.md": ("short", "zh"),
    "docs/kpis.md": ("full", "en"),
    "docs/kpis.zh-CN.md": ("full", "zh"),
    "docs/workspace.md": ("tables", "en"),
}
HEADS = {
    "zh": ("编号", "项目", "类别", "种类", "分子或内容", "分母"),
    "en": ("id", "item", "kind", "form", "top or content", "bottom"),
}
SHORT_HEADS = {"zh": ("方面", "项", "内容"), "en": ("subject", "items", "what is computed")}


def page(path: str, text: str) -> str:
    """Return a page with the part between its markers made anew."""
    kind, lang = PAGES[path]
    start, end = (f"<!-- {'tables' if kind == 'tables' else 'kpis'}:{edge} -->" for edge in ("start", "end"))
    head, _, rest = text.partition(start)
    _, _, tail = rest.partition(end)
    return f"{head}{start}\n{_MAKERS[kind](lang)}\n{end}{tail}"


def _short(lang: str) -> str:
    rows = []
    for section in outline.SECTIONS.values():
        held = [
            one for one in items.ITEMS.values() if outline.place(one.id) == section.id and not isinstance(one, Note)
        ]
        labels = ("、" if lang == "zh" else ", ").join(one.label.get(lang) for one in held)
        rows.append(_row((section.heading.get(lang), str(len(held)), labels)))
    return "\n".join([_row(SHORT_HEADS[lang]), "|---|---|---|", *rows])


def _full(lang: str) -> str:
    parts = []
    for section in outline.SECTIONS.values():
        held = [entry for entry in items.entries(Definitions()) if outline.place(entry.id) == section.id]
        rows = [_entry(entry, lang) for entry in held]
        parts.append(
            "\n".join([f"### {section.heading.get(lang)}", "", _row(HEADS[lang]), "|---|---|---|---|---|---|", *rows])
        )
    return "\n\n".join(parts)


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


def _entry(entry: items.Entry, lang: str) -> str:
    return _row(
        (f"`{entry.id}`", entry.label.get(lang), entry.kind, entry.form, entry.top.get(lang), entry.bottom.get(lang))
    )


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
