"""Every error a user can meet, with its exit code; raises nothing itself.

A user error says thing, place, got, expected and hint in the reader's language; it is printed without a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from propkit.text import Text

EXIT_OK = 0
EXIT_SOME_FAILED = 1
EXIT_USAGE = 2
EXIT_DATA = 3
EXIT_LOCKED = 75
EXIT_INTERRUPTED = 130

_LABELS = {
    "place": Text("位置", "at"),
    "got": Text("得到", "got"),
    "expected": Text("应为", "expected"),
    "hint": Text("办法", "hint"),
}


class PropkitError(Exception):
    """A mistake in data, settings or use that a person can mend.

    `what` is one sentence; `place`, `got`, `expected` and `hint` are printed beneath it when given.
    """

    exit_code = EXIT_SOME_FAILED

    def __init__(
        self,
        what: Text | str,
        *,
        place: str = "",
        got: object = "",
        expected: Text | str = "",
        hint: Text | str = "",
    ) -> None:
        self.what = what
        self.place, self.got, self.expected, self.hint = place, str(got), expected, hint
        super().__init__(self.render("en"))

    def render(self, lang: str) -> str:
        """Return the whole message in `lang`, one line for each part that was given."""
        lines = [_say(self.what, lang)]
        for part, label in _LABELS.items():
            value = _say(getattr(self, part), lang)
            if value:
                lines.append(f"  {label.get(lang)}: {value}")
        return "\n".join(lines)


class ConfigError(PropkitError):
    """The settings or the parameters are wrong; nothing was written."""

    exit_code = EXIT_USAGE


class DataError(PropkitError):
    """The data were refused; there is nothing to run."""

    exit_code = EXIT_DATA


class DisclosureError(PropkitError):
    """A report shows figures from which hidden ones can be worked out; it is not published."""


class LockedError(PropkitError):
    """Another run holds the workspace."""

    exit_code = EXIT_LOCKED


class Faults(ConfigError):
    """Several configuration errors, reported together."""

    def __init__(self, faults: Iterable[PropkitError]) -> None:
        self.faults = list(faults)
        count = len(self.faults)
        super().__init__(Text(f"设置有 {count} 处错误", f"{count} faults in the settings"))

    def render(self, lang: str) -> str:
        parts = [_say(self.what, lang)] if len(getattr(self, "faults", [])) > 1 else []
        return "\n".join([*parts, *(fault.render(lang) for fault in self.faults)])


def nearest(got: str, allowed: Iterable[str]) -> Text | str:
    """Return "did you mean ...?" for the closest of `allowed`, or "" when nothing is close."""
    close = difflib.get_close_matches(got, [str(name) for name in allowed], n=1, cutoff=0.5)
    return Text(f"是不是「{close[0]}」？", f"did you mean '{close[0]}'?") if close else ""


def _say(part: Text | str, lang: str) -> str:
    return part.get(lang) if isinstance(part, Text) else part
