"""The demo company, built once, and its raw files read once, as a user's propkit.toml says."""

import tomllib
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

import pandas as pd
import pytest

from propkit.demo import Company, build
from propkit.domains import TABLES
from propkit.intake import Cleaned, Context, Source, combine, resolve, take
from propkit.intake.personal import pseudonym

KEY = b"a key of the tests"


@dataclass(frozen=True)
class Read:
    """What intake made of the demo: parts by table, and rows and rejects of all files of a table together."""

    parts: dict[str, list[Cleaned]]
    rows: dict[str, pd.DataFrame]
    rejects: pd.DataFrame

    @property
    def accounts(self) -> dict:
        return {part.reconciliation.file: part.reconciliation for parts in self.parts.values() for part in parts}


@pytest.fixture(scope="session")
def company() -> Company:
    return build()


@pytest.fixture(scope="session")
def folder(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("demo")
    for path, content in company.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


@pytest.fixture(scope="session")
def read(folder: Path) -> Read:
    settings = tomllib.loads((folder / "propkit.toml").read_text("utf-8"))
    sources = [resolve(Source.model_validate(entry)) for entry in settings["source"]]
    names = {name: place["id"] for place in settings["community"] for name in (place["name"], *place["aliases"])}
    context = Context(communities=names, key=KEY)
    parts = _take(folder / "raw", [source for source in sources if source.table == "household"], context)
    homes = pd.concat(part.rows for part in parts["household"])
    units = {place: frozenset(rows["household"]) for place, rows in homes.groupby("community")}
    context = replace(context, known_units=units)
    parts |= _take(folder / "raw", [source for source in sources if source.table != "household"], context)
    whole = {table: combine(own) for table, own in parts.items()}
    rejects = pd.concat([rejects for _, rejects in whole.values()], ignore_index=True)
    return Read(parts, {table: rows for table, (rows, _) in whole.items()}, rejects)


def _take(raw: Path, sources: list[Source], context: Context) -> dict[str, list[Cleaned]]:
    parts: dict[str, list[Cleaned]] = {}
    for source in sources:
        for path in sorted(raw.rglob("*.*")):
            name = path.relative_to(raw).as_posix()
            if any(fnmatch(name, pattern) for pattern in source.files):
                parts.setdefault(source.table, []).append(take(path, source, context, name=name))
    return parts


def hashed(rows: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return `rows` of `table` with every household and whatever names a person as intake stores them."""
    personal = [name for name, column in TABLES[table].columns.items() if column.personal]
    said = {name: [_hidden(f"{name}|{value}", value) for value in rows[name]] for name in personal}
    if "household" in rows:
        pairs = zip(rows["community"], rows["household"], strict=True)
        said["household"] = [_hidden(f"{place}|{room}", room) for place, room in pairs]
    return rows.assign(**{name: pd.Series(cells, index=rows.index, dtype="str") for name, cells in said.items()})


def _hidden(text: str, value: object) -> str | None:
    return None if pd.isna(value) else pseudonym(KEY, text)
