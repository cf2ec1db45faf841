"""An IPython shell that writes what cells show straight into the notebook: the engine's half without kernel or sockets.

Its outputs are those that a real kernel sends and nbclient stores; tests hold the two against each other.
"""

from __future__ import annotations

import io
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.jsonutil import json_default
from nbformat import NotebookNode
from nbformat.v4 import new_output
from traitlets import Type
from traitlets.config import Config

from propkit.running import wording

_CONFIG = {"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}}


class TooMuchOutput(BaseException):
    """Ends a cell that prints without end; no `except Exception` of the notebook stops it."""


class Recorder:
    """Takes the outputs of one cell after the other; at most `limit` bytes of them over the whole notebook."""

    def __init__(self, limit: int) -> None:
        self.limit, self.size, self.overflowed = limit, 0, False
        self.outputs: list[NotebookNode] = []
        self._shown: dict[str, list[NotebookNode]] = defaultdict(list)
        self._clearing = False

    def begin(self, outputs: list[NotebookNode]) -> None:
        """Write into `outputs` from now on."""
        self.outputs, self._clearing = outputs, False

    def text(self, name: str, text: str) -> None:
        """Add printed text; what is printed in one go stays one output."""
        self._grow(len(text))
        self._clear_if_asked()
        last = self.outputs[-1] if self.outputs else None
        if last is not None and last.output_type == "stream" and last.name == name:
            last["parts"].append(text)
        else:
            self.outputs.append(NotebookNode(output_type="stream", name=name, parts=[text]))

    def end(self) -> None:
        """Join printed pieces: adding each to a long text would copy the text each time."""
        for output in self.outputs:
            if "parts" in output:
                output["text"] = "".join(output.pop("parts"))

    def add(self, kind: str, display_id: str | None = None, **content: Any) -> None:
        """Add any other output, passed through JSON as on its way from a kernel."""
        plain = json.dumps(content, default=json_default, allow_nan=False)
        self._grow(len(plain))
        self._clear_if_asked()
        output = new_output(kind, **json.loads(plain))
        self.outputs.append(output)
        if display_id:
            self._shown[display_id].append(output)
            self.update(display_id, output.data, output.metadata)

    def update(self, display_id: str, data: Mapping, metadata: Mapping) -> None:
        """Replace what was shown under `display_id`, in whatever cell."""
        plain = json.loads(json.dumps([data, metadata], default=json_default, allow_nan=False))
        for output in self._shown[display_id]:
            output["data"], output["metadata"] = NotebookNode(plain[0]), NotebookNode(plain[1])

    def clear(self, wait: bool) -> None:
        """Drop the outputs of the cell: now, or when the next one comes."""
        self._clearing = wait
        if not wait:
            del self.outputs[:]

    def _clear_if_asked(self) -> None:
        if self._clearing:
            self.clear(wait=False)

    def _grow(self, size: int) -> None:
        self.size += size
        if self.size > self.limit:
            self.overflowed = True
            raise TooMuchOutput


class _Stream(io.TextIOBase):
    """sys.stdout or sys.stderr of a cell."""

    encoding = "utf-8"

    def __init__(self, name: str, recorder: Recorder) -> None:
        super().__init__()
        self.name, self._recorder = name, recorder

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if text:
            self._recorder.text(self.name, str(text))
        return len(text)


class _Publisher(DisplayPublisher):
    """display() and its like."""

    def publish(
        self, data: dict, metadata: dict | None = None, *, transient: dict | None = None, update: bool = False,
        **more: object,
    ) -> None:  # fmt: skip
        self._validate_data(data, metadata)
        display_id = (transient or {}).get("display_id")
        if not update:
            self.shell.recorder.add("display_data", display_id, data=data, metadata=metadata or {})
        elif display_id:
            self.shell.recorder.update(display_id, data, metadata or {})

    def clear_output(self, wait: bool = False) -> None:
        self.shell.recorder.clear(wait)


class _Hook(DisplayHook):
    """The value of a cell's last line."""

    def write_output_prompt(self) -> None:
        return

    def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
        count = self.prompt_count
        self.shell.recorder.add("execute_result", data=format_dict, metadata=md_dict or {}, execution_count=count)

    def finish_displayhook(self) -> None:
        self._is_active = False


class Shell(InteractiveShell):
    """One shell for one notebook; a process makes one only."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Hook)

    def __init__(self, recorder: Recorder, **settings: Any) -> None:
        self.recorder = recorder
        super().__init__(config=Config(_CONFIG), **settings)
        wording.install(self)

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        self.recorder.add("error", ename=etype.__name__, evalue=str(evalue), traceback=stb)

    def ask_exit(self) -> None:
        raise SystemExit

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no window to open."""


@contextmanager
def printing_to(recorder: Recorder) -> Iterator[None]:
    """Send what Python prints to the recorder."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Stream("stdout", recorder), _Stream("stderr", recorder)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
