"""How a runner reads what a step writes: the other side of the reports, written from GitHub's description of it.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_COMMAND = re.compile(r"::(?P<name>[\w-]+)(?: (?P<properties>[^:]*?))?::(?P<data>.*)", re.DOTALL)


@dataclass
class Runner:
    """Reads a step's output line by line, as its runner does; `commands` are those that it acted on."""

    commands: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    silence: str | None = None

    def read(self, output: str) -> None:
        """Take the whole output of a step."""
        for line in re.split(r"\r\n|\r|\n", output):
            self._line(line.lstrip())

    def _line(self, line: str) -> None:
        if self.silence is not None:
            if line == f"::{self.silence}::":
                self.silence = None
            return
        found = _COMMAND.fullmatch(line)
        if found is None:
            return
        if found["name"] == "stop-commands":
            self.silence = found["data"]
            return
        properties = dict(part.split("=", 1) for part in (found["properties"] or "").split(",") if part)
        self.commands.append(
            (found["name"], {name: _undone(value) for name, value in properties.items()}, _undone(found["data"]))
        )


def outputs(text: str) -> dict[str, str]:
    """What a runner makes of the file GITHUB_OUTPUT."""
    found, lines = {}, iter(re.findall(r".*\n", text))
    for line in lines:
        name, mark, delimiter = line.rstrip("\n").partition("<<")
        assert mark, f"not understood: {line!r}"
        value = []
        for inner in lines:
            if inner.rstrip("\n") == delimiter:
                break
            value.append(inner)
        else:
            raise AssertionError(f"{name} never ends")
        found[name] = "".join(value).removesuffix("\n")
    return found


def _undone(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text
