"""How commands speak: results to stdout, progress to stderr, in the reader's language; and how they are declared.

Knows click and rich, but nothing of reports or data.
"""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sys
import traceback
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import rich_click as click

from propkit.errors import EXIT_INTERRUPTED, EXIT_SOME_FAILED, EXIT_USAGE, PropkitError
from propkit.text import Text

_GUARDED = tuple("=+-@\t\r\n＝＋－＠")
_PANELS = {
    "arguments_panel_title": Text("参数", "Arguments"),
    "options_panel_title": Text("选项", "Options"),
    "commands_panel_title": Text("命令", "Commands"),
    "errors_panel_title": Text("用法错误", "Error"),
}


@dataclass(frozen=True, slots=True)
class Console:
    """Where a command writes.  `quiet` drops progress, `as_json` leaves stdout to `json` alone."""

    lang: str
    quiet: bool = False
    as_json: bool = False

    def say(self, zh: str, en: str) -> None:
        """Print a line of the result."""
        if not self.as_json:
            click.echo(zh if self.lang == "zh" else en)

    def note(self, zh: str, en: str) -> None:
        """Print a line of progress or advice."""
        if not self.quiet:
            click.echo(zh if self.lang == "zh" else en, err=True)

    def json(self, data: object) -> None:
        """Print plain data, only in the JSON form."""
        if self.as_json:
            click.echo(json.dumps(data, ensure_ascii=False, indent=1))

    def json_line(self, data: object) -> None:
        """Print plain data on one line, only in the JSON form: for what comes bit by bit."""
        if self.as_json:
            click.echo(json.dumps(data, ensure_ascii=False))

    def table(self, headers: Sequence[Text], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> None:
        """Print aligned columns; columns in `right` are numbers.  Nothing is cut when the output is not a terminal."""
        rows = list(rows)
        if rows and not self.as_json:
            click.echo(_aligned([header.get(self.lang) for header in headers], rows, right))


@dataclass(frozen=True, slots=True)
class Param:
    """An option (its first name begins with "-") or an argument of a command, with its help in both languages."""

    names: tuple[str, ...]
    help: Text
    settings: Mapping[str, object] = field(default_factory=dict)

    def build(self, lang: str) -> click.Parameter:
        kind = click.RichOption if self.names[0].startswith("-") else click.RichArgument
        return kind(list(self.names), help=self.help.get(lang), **self.settings)


@dataclass(frozen=True, slots=True)
class Command:
    """A declared command: its function takes a Console, the workspace and its own parameters; returns an exit code."""

    function: Callable[..., int]
    help: Text
    example: str
    params: tuple[Param, ...]
    panel: Text

    def build(self, lang: str) -> click.RichCommand:
        name = self.function.__name__.rstrip("_")
        example = Text("例：", "Example: ").get(lang) + self.example
        return _SpokenCommand(
            name,
            params=[param.build(lang) for param in (*self.params, *COMMON)],
            callback=lambda **given: _call(self.function, lang, given),
            help=f"{self.help.get(lang)}\n\n{example}",
            short_help=self.help.get(lang).split("。")[0].split(". ")[0],
            context_settings=_context_settings(lang),
            panel=self.panel.get(lang),
        )


class _Spoken:
    """What a command says of its own use, in the reader's language."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _usage(self, ctx, formatter)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        option.help = Text("显示用法", "Show the usage").get(self.context_settings["obj"])
        return option


class _SpokenCommand(_Spoken, click.RichCommand):
    """One command."""


class Program(_Spoken, click.RichGroup):
    """All commands; turns every ending into an exit code and one message without a traceback."""

    def __init__(self, lang: str, commands: Sequence[Command], help: Text, version: str) -> None:
        self.lang = lang
        super().__init__(
            "propkit", help=help.get(lang), context_settings=_context_settings(lang), no_args_is_help=True,
            params=[LANGUAGE.build(lang)],
            panels=[click.RichCommandPanel(name) for name in dict.fromkeys(c.panel.get(lang) for c in commands)],
        )  # fmt: skip
        shown = Text("显示版本", "Show the version").get(lang)
        click.version_option(version, prog_name="propkit", message="%(prog)s %(version)s", help=shown)(self)
        for command in commands:
            self.add_command(command.build(lang))

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: object) -> None:
        extra |= {"standalone_mode": False}
        try:
            sys.exit(super().main(args, prog_name="propkit", **extra) or 0)
        except PropkitError as error:
            _fail(error.render(self.lang), error.exit_code)
        except click.ClickException as error:
            _fail(_usage_words(error, self.lang), EXIT_USAGE)
        except (click.Abort, KeyboardInterrupt):
            _fail(_INTERRUPTED.get(self.lang), EXIT_INTERRUPTED)


_INTERRUPTED = Text(
    "已中断。完成的部分保留，再次运行会接着做。", "Interrupted. What is done stays; run again to go on."
)
_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def interruptible(lang: str) -> Iterator[None]:
    """Let SIGTERM and a closed terminal end the program as Ctrl-C does, wherever it is; nohup stays what it is.

    What is inside leaves the program: on its last way out nothing can interrupt it any more.
    """
    heard = [number for number in _ENDING if signal.getsignal(number) != signal.SIG_IGN]
    try:
        for number in heard:
            signal.signal(number, signal.default_int_handler)
        yield
    except KeyboardInterrupt:
        _fail(_INTERRUPTED.get(lang), EXIT_INTERRUPTED)
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_IGN)


LANGUAGE = Param(
    ("--lang",),
    Text("界面语言", "Language of the console"),
    {"type": click.Choice(["zh", "en"]), "expose_value": False},
)
COMMON = (
    Param(("--workspace", "-w"), Text("工作区文件夹", "Workspace folder"),
          {"type": click.Path(path_type=Path), "default": Path("."), "show_default": True}),
    Param(("--quiet", "-q"), Text("不显示进度", "No progress"), {"is_flag": True}),
    Param(("--json", "as_json"), Text("以 JSON 输出结果", "Print results as JSON"), {"is_flag": True}),
    Param(("--traceback",), Text("出错时显示完整信息", "Show the traceback of an unexpected error"), {"is_flag": True}),
    LANGUAGE,
)  # fmt: skip


def language(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the console's language: --lang, else PROPKIT_LANG, else the locale; Chinese where none is named."""
    for at, argument in enumerate(arguments):
        if argument == "--lang":
            return "en" if arguments[at + 1 : at + 2] == ["en"] else "zh"
        if argument.startswith("--lang="):
            return "en" if argument == "--lang=en" else "zh"
    named = (environment.get(name) for name in ("PROPKIT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"))
    chosen = next((value.lower() for value in named if value), "")
    return "zh" if chosen.startswith("zh") or chosen.split(".")[0] in ("", "c", "posix") else "en"


def csv_text(columns: Sequence[str], records: Iterable[Mapping[str, object]]) -> str:
    """Return records as CSV: missing cells blank, numbers in full, texts that a spreadsheet would run made harmless."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(record[name]) for name in columns] for record in records)
    return out.getvalue()


def _cell(value: object) -> str:
    """Guard a text that begins like a formula with an apostrophe; numbers pass."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_GUARDED) else value
    return repr(value) if isinstance(value, int | float) else str(value)


def _call(function: Callable[..., int], lang: str, given: dict) -> int:
    console = Console(lang, given.pop("quiet"), given.pop("as_json"))
    workspace, shown = given.pop("workspace"), given.pop("traceback")
    try:
        return function(console, workspace, **given)
    except (PropkitError, click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
        raise
    except Exception as error:
        if shown:
            raise
        _fail(_unexpected(error, workspace, lang), EXIT_SOME_FAILED)


def _unexpected(error: Exception, workspace: Path, lang: str) -> str:
    """Keep the traceback where only the owner reads it, and say where; its text may hold data, so it is not printed."""
    from hashlib import sha256

    told = "".join(traceback.format_exception(error))
    place = Text("加 --traceback 再运行可看到详情", "run again with --traceback for details").get(lang)
    if (workspace / "propkit.toml").is_file():
        folder = workspace / "store" / "private" / "errors"
        path = folder / f"{sha256(told.encode()).hexdigest()[:12]}.txt"
        with suppress(OSError):  # a disk that takes nothing more may be the very error
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_text(told, "utf-8")
            place = Text(f"详情：{path}", f"details: {path}").get(lang)
    return Text(f"程序出错（{type(error).__name__}）。{place}", f"Unexpected {type(error).__name__}; {place}").get(lang)


def _fail(message: str, code: int) -> None:
    click.echo(message, err=True)
    sys.exit(code)


def _usage_words(error: click.ClickException, lang: str) -> str:
    """Say a mistake in the use of a command in the reader's language."""
    exceptions = click.exceptions
    if isinstance(error, exceptions.NoSuchOption):
        said = Text(f"没有选项 {error.option_name}", f"no such option: {error.option_name}")
        close = sorted(error.possibilities or [])
    elif isinstance(error, exceptions.NoSuchCommand):
        said = Text(f"没有命令 {error.command_name}", f"no such command: {error.command_name}")
        close = sorted(error.possibilities or [])
    elif isinstance(error, exceptions.MissingParameter):
        name = error.param.get_error_hint(error.ctx) if error.param else ""
        said, close = Text(f"缺少 {name}", f"missing {name}"), []
    elif isinstance(error, exceptions.BadParameter):
        name = error.param.get_error_hint(error.ctx) if error.param else ""
        said, close = Text(f"{name} 的值不对：{error.message}", f"{name}: {error.message}"), []
    else:
        said, close = Text(error.format_message(), error.format_message()), []
    hint = Text(f"；是不是 {close[0]}？", f"; did you mean {close[0]}?").get(lang) if close else ""
    help_ = Text("  办法: 加 --help 看用法", "  hint: add --help for the usage").get(lang)
    return f"{said.get(lang)}{hint}\n{help_}"


def _usage(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    from rich_click.rich_help_rendering import get_rich_usage

    words = {"[OPTIONS]": "[选项]", "COMMAND [ARGS]...": "命令 [参数]..."}
    pieces = " ".join(command.collect_usage_pieces(ctx))
    if ctx.help_option_names and _speaks_chinese(command):
        for english, chinese in words.items():
            pieces = pieces.replace(english, chinese)
    get_rich_usage(formatter, ctx.command_path, pieces, "用法：" if _speaks_chinese(command) else "Usage:")


def _speaks_chinese(command: click.Command) -> bool:
    return command.context_settings["obj"] == "zh"


def _context_settings(lang: str) -> dict[str, object]:
    titles = {name: text.get(lang) for name, text in _PANELS.items()}
    return {
        "help_option_names": ["--help", "-h"],
        "obj": lang,
        "rich_help_config": {**titles, "text_markup": None, "commands_before_options": True,
                             "width": None if sys.stdout.isatty() else 100,
                             "default_string": Text("[默认 {}]", "[default: {}]").get(lang)},
    }  # fmt: skip


def _aligned(headers: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]) -> str:
    """Pad cells to the widths that terminals give them: a Chinese character takes two places.

    Signs that steer a terminal are shown as a replacement: names come from other people's files.
    """
    given = [headers, *rows] if headers else rows
    lines = [["".join(sign if sign.isprintable() else "\ufffd" for sign in cell) for cell in line] for line in given]
    widths = [max(_width(cell) for cell in column) for column in zip(*lines, strict=True)]
    return "\n".join(_line(line, widths, right) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    padded = [
        " " * (width - _width(cell)) + cell if at in right else cell + " " * (width - _width(cell))
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()


def _width(text: str) -> int:
    return sum(_PLACES.get(unicodedata.east_asian_width(sign), 1) * (not unicodedata.combining(sign)) for sign in text)


_PLACES = {"W": 2, "F": 2}


def is_terminal() -> bool:
    """Say whether progress may be drawn in place."""
    return sys.stderr.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
