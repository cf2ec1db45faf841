"""Raw cells to typed rows and rejects: every line ends in one or the other, and the account of both is checked here.

Repairs nothing and drops nothing: a line with a bad cell in a mapped column is refused with its rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from propkit.domains import TABLES
from propkit.errors import nearest
from propkit.intake import columns as parsing
from propkit.intake import headers, rules, totals
from propkit.intake.blocks import Raw
from propkit.intake.cells import Parsed
from propkit.intake.columns import Codebook
from propkit.intake.communities import Context
from propkit.intake.personal import is_personal, mask
from propkit.intake.read import read_file
from propkit.intake.reconciliation import REJECTS, Cleaned, Reconciliation, count_rules, refused, rejects_frame
from propkit.intake.refusals import Refusal
from propkit.intake.sandbox import Limits
from propkit.intake.sources import Source, resolve
from propkit.model import Column, Table
from propkit.text import Text

PROVENANCE = ("file", "line")
_UNMAPPED = ("not_a_choice", "unknown_community")


def take(path: Path, source: Source, context: Context, limits: Limits | None = None, name: str = "") -> Cleaned:
    """Read and clean one file.  A file refused as a whole gives no rows and `reconciliation.refused`."""
    try:
        return clean(read_file(path, source, limits, name), source, context)
    except Refusal as refusal:
        return Cleaned(empty_rows(source), rejects_frame([]), refused(refusal, source.table))


def clean(raw: Raw, source: Source, context: Context) -> Cleaned:
    """Return typed rows, rejects and the reconciliation of `raw`; see `Cleaned` and `Reconciliation`."""
    work = _Work(raw, resolve(source), context)
    work.set_aside()
    work.parse()
    work.judge()
    rows, rejects = work.rows(), rejects_frame(work.rejected)
    account = _account(work, rows, rejects)
    if account.lines != account.kept + account.rejected_lines:
        counts = f"{account.lines} != {account.kept} + {account.rejected_lines}"
        raise AssertionError(f"{raw.file}: lines != kept + rejected: {counts}")
    return Cleaned(rows, rejects, account)


@dataclass
class _Work:
    """One file on its way; each step adds parsed columns or rejects."""

    raw: Raw
    source: Source
    context: Context
    parsed: dict[str, Parsed] = field(default_factory=dict)
    items: dict[str, Parsed] = field(default_factory=dict)
    texts: dict[str, pd.Series] = field(default_factory=dict)
    codebooks: dict[str, Codebook] = field(default_factory=dict)
    rejected: list[pd.DataFrame] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.want = want = headers.wanted(self.source)
        self.table: Table = TABLES[self.source.table]
        self.found = want.found(list(self.raw.cells.columns))
        headers.require(headers.Header(0, list(self.raw.cells.columns), 0), want, self.raw.file)
        self.needed = [header for name in want.specs if name in want.needed for header in self.found[name]]
        self.is_record = pd.Series(True, index=self.raw.cells.index)
        self.is_good = self.is_record.copy()
        self.totals = pd.Series("", index=self.raw.cells.index, dtype=object)

    # lines that are no records

    def set_aside(self) -> None:
        """Reject notes, totals and lines that repeat an earlier one word for word."""
        notes = self.raw.aside[self.raw.aside["whole"].astype(bool)]
        self._reject_cells(notes["line"], notes["value"], "", "side_note")
        self.totals = totals.find_totals(self.raw.cells, self.needed)
        is_total = self.totals != ""
        self.reject(is_total, "", "total_row", self.totals)
        again = self._repeated() & ~is_total
        self.reject(again, "", "duplicate", self.raw.cells[self.needed[0]] if self.needed else self.totals)
        self.is_record = ~is_total & ~again

    def _repeated(self) -> pd.Series:
        """Say which lines are an earlier one word for word; none is where a column that is needed never says the same twice."""
        cells = self.raw.cells
        if any(cells[header].is_unique for header in self.needed):
            return pd.Series(False, index=cells.index)
        return cells.duplicated()

    def reject(self, where: pd.Series, column: str, rule: str, texts: pd.Series) -> None:
        """Refuse the lines `where`, with the original text of the cell at fault."""
        if where.any():
            self.is_good &= ~where
            self._reject_cells(texts.index[where], texts[where], column, rule)

    def _reject_cells(self, lines: pd.Index | pd.Series, texts: pd.Series, column: str, rule: str) -> None:
        known = {"file": self.raw.file, "sheet": self.raw.sheet, "column": column, "rule": rule}
        masked = [mask(text) for text in texts]
        self.rejected.append(pd.DataFrame({"line": list(lines), "value": masked}).assign(**known)[list(REJECTS)])

    # cells

    def parse(self) -> None:
        """Parse every mapped column, segment and item; refuse the lines whose cells cannot be read."""
        self._parse_community()
        for name, column in self.table.columns.items():
            if name in self.found or name in self.source.constants:
                self._parse_column(name, column)
        for name in self.source.segments:
            if f"segment:{name}" in self.found:
                texts = parsing.text_of(self.raw.cells, self.found[f"segment:{name}"])
                self._keep(name, texts, parsing.parse_segment(texts, self.source, self._codes(name)))
        for name, item in self.source.items.items():
            texts = parsing.text_of(self.raw.cells, self.found[f"item:{name}"])
            scale, column = item.scale or self.source.scale, self.table.columns["score"]
            self.items[name] = parsing.parse_scores(texts, scale, self.source, column, self._codes("score"))
            self._refuse_faults(name, texts, self.items[name])

    def _parse_community(self) -> None:
        texts = self._community_texts()
        codes = self._codes("community")
        self._keep("community", texts, parsing.parse_communities(texts, self.source, self.context, codes))

    def _community_texts(self) -> pd.Series:
        known = self.context.known()
        declared = self.source.community
        if "community" in self.found:
            return parsing.text_of(self.raw.cells, self.found["community"])
        only = set(known.values())
        name = declared or (only.pop() if len(only) == 1 else None)
        if name is None or headers.fold(name).casefold() not in known:
            written = [header for header in self.raw.cells.columns if header]
            hint = (nearest(name, written) if name else "") or Text(
                "在 [[source]] 写 community = 小区或表头", "write community = an id or a header in [[source]]"
            )
            raise Refusal("no_community", self.raw.file, got=name or "", expected=" · ".join(known), hint=hint)
        return pd.Series(name, index=self.raw.cells.index, dtype="str")

    def _parse_column(self, name: str, column: Column) -> None:
        texts, parts = self._texts(name, column.kind)
        if column.kind != "place":
            parsed = parsing.parse_column(texts, name, column, self.source, self.context, self._codes(name))
            self._keep(name, texts, self._watched(name, column, parsed))
        else:
            community = self.parsed["community"].values
            found = parsing.parse_places(texts, community, parts, self.source, self.context, self._codes(name))
            self._keep(name, texts, found[0])
            self.parsed["building"] = found[1]
        if column.required and not (self.source.items and name in headers.FILLED_BY_ITEMS):
            blank = self.parsed[name].values.isna() & (self.parsed[name].faults == "") & self.is_record
            self.reject(blank, name, "required", texts)

    def _texts(self, name: str, kind: str) -> tuple[pd.Series, int]:
        if name in self.found:
            return parsing.text_of(self.raw.cells, self.found[name], kind), len(self.found[name])
        return pd.Series(self.source.constants[name], index=self.raw.cells.index, dtype="str"), 1

    def _codes(self, name: str) -> Codebook:
        return self.codebooks.setdefault(name, Codebook.of(self.source, name))

    def _keep(self, name: str, texts: pd.Series, parsed: Parsed) -> None:
        self.texts[name], self.parsed[name] = texts, parsed
        self._refuse_faults(name, texts, parsed)

    def _refuse_faults(self, name: str, texts: pd.Series, parsed: Parsed) -> None:
        faults = parsed.faults.where(self.is_record, "")
        for rule in faults[faults != ""].unique():
            self.reject(faults == rule, name, rule, texts)

    def _watched(self, name: str, column: Column, parsed: Parsed) -> Parsed:
        if column.kind != "instant":
            return parsed
        records = parsed.values[self.is_record]
        if rules.has_no_time(records):
            self.warnings.append(f"no_time_of_day: {name}")
        if not rules.has_month_minutes(records):
            return parsed
        self.warnings.append(f"minute_is_month: {name}")
        return rules.void_minutes(parsed)

    # rules between cells

    def judge(self) -> None:
        """Refuse lines whose instants contradict each other or lie after the export."""
        for earlier, later in self.table.ordered:
            if earlier in self.parsed and later in self.parsed:
                turned = rules.is_reversed(self.parsed[earlier].values, self.parsed[later].values)
                self.reject(turned & self.is_record, later, "impossible_order", self.texts[later])
        exported = self.exported_on()
        for name in self.table.events if exported else ():
            if name in self.parsed:
                ahead = rules.after_export(self.parsed[name].values, exported)
                self.reject(ahead & self.is_record, name, "future", self.texts[name])

    def exported_on(self) -> date | None:
        if self.source.exported_on:
            return date.fromisoformat(self.source.exported_on)
        return rules.date_in_name(Path(self.raw.file).stem) or self.context.exported_on

    # the outcome

    def rows(self) -> pd.DataFrame:
        """Return the good lines as rows of the table, one for each item of a wide questionnaire."""
        good = self.is_good & self.is_record
        columns = {name: parsed.values[good] for name, parsed in self.parsed.items()}
        index = self.raw.cells.index[good]
        base = pd.DataFrame(columns, index=index).assign(line=index.to_numpy(), file=self.raw.file)
        parts = [
            base.assign(item=name, score=answers.values[good], **_ends(self.source, name))
            for name, answers in self.items.items()
        ]
        if "scale_low" in self.table.columns and not parts:
            base = base.assign(**{name: value for name, value in _ends(self.source, "").items() if name not in columns})
        rows = pd.concat(parts).sort_index(kind="stable") if parts else base
        return _typed(rows, self.table, list(self.source.segments))


def _ends(source: Source, item: str) -> dict[str, int]:
    scale = (source.items[item].scale if item else None) or source.scale
    return {"scale_low": scale.low, "scale_high": scale.high, "satisfied_from": scale.satisfied}


def _typed(rows: pd.DataFrame, table: Table, segments: list[str]) -> pd.DataFrame:
    """Return `rows` with exactly the table's columns, community, building, segments and provenance, in their dtypes."""
    types = row_types(table, segments)
    return rows.reindex(columns=list(types)).astype(types).reset_index(drop=True)


def row_types(table: Table, segments: list[str]) -> dict[str, str]:
    """Return name -> dtype of the columns of cleaned rows, in order."""
    has_place = any(column.kind == "place" for column in table.columns.values())
    extra = [name for name in segments if name not in table.columns]
    types = {name: column.dtype for name, column in table.columns.items()}
    types |= dict.fromkeys(["community", *(["building"] if has_place else []), *extra], "str")
    return {**types, "file": "str", "line": "int64"}


def empty_rows(source: Source) -> pd.DataFrame:
    """Return cleaned rows of a source without any row."""
    types = row_types(TABLES[source.table], list(source.segments))
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in types.items()})


def _account(work: _Work, rows: pd.DataFrame, rejects: pd.DataFrame) -> Reconciliation:
    raw, aside = work.raw, work.raw.aside
    used = {header for place in work.found.values() for header in place}
    dropped = [header for header in raw.cells.columns if header not in used]
    notes = aside.loc[aside["whole"].astype(bool), "line"].nunique()
    return Reconciliation(
        file=raw.file,
        table=work.table.name,
        sheet=raw.sheet,
        sha256=raw.sha256,
        encoding=raw.encoding,
        header_line=raw.header_line,
        exported_on=exported.isoformat() if (exported := work.exported_on()) else "",
        lines=len(raw.cells) + notes,
        kept=int((work.is_good & work.is_record).sum()),
        rejected_lines=rejects["line"].nunique(),
        rows=len(rows),
        rejected=count_rules(rejects),
        side_notes=len(aside),
        missing_columns=[name.removeprefix("segment:") for name in work.want.specs if _is_missing(name, work)],
        dropped_headers=dropped,
        personal_headers=[header for header in dropped if is_personal(header)],
        unmapped_values=_unmapped(rejects),
        unused_mappings=_unused(work.source.own, work.codebooks),
        checks=totals.check_totals(work.totals, _summed(work)),
        warnings=[*raw.warnings, *work.warnings],
        communities=_communities(work),
    )


def _is_missing(name: str, work: _Work) -> bool:
    return name != "community" and name not in work.found and name not in work.source.constants


def _unmapped(rejects: pd.DataFrame) -> dict[str, dict[str, int]]:
    bad = rejects[rejects["rule"].isin(_UNMAPPED)]
    counts = bad[["column", "value"]].value_counts(sort=True)
    found: dict[str, dict[str, int]] = {}
    for (column, value), count in counts.items():
        found.setdefault(str(column), {})[str(value)] = int(count)
    return found


def _unused(declared: Source, codebooks: Mapping[str, Codebook]) -> dict[str, list[str]]:
    """Return the cells that the source's own mappings name and the file does not hold (a preset's are no fault)."""
    found = {}
    for name, cells in declared.values.items():
        used = codebooks[name].used if name in codebooks else set()
        stale = [cell for cell in cells if headers.fold(cell).casefold() not in used]
        if stale:
            found[name] = stale
    return found


def _summed(work: _Work) -> dict[str, Parsed]:
    if not (work.totals != "").any():
        return {}
    kinds = {name: column.kind for name, column in work.table.columns.items()}
    return {name: parsed for name, parsed in work.parsed.items() if kinds.get(name) in ("money", "whole", "decimal")}


def _communities(work: _Work) -> dict[str, list[str]]:
    ids, names = work.parsed["community"].values, work.texts["community"]
    found: dict[str, list[str]] = {}
    pairs = pd.DataFrame({"id": ids, "name": names})[work.is_record].dropna().drop_duplicates()
    for identity, name in zip(pairs["id"], pairs["name"], strict=True):
        found.setdefault(identity, []).append(headers.fold(name))
    return {identity: sorted(set(spellings)) for identity, spellings in sorted(found.items())}
