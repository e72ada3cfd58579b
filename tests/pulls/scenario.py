"""Scenarios: the life of a pull request as prose that runs.

A file holds a title, what it needs of a host, and then one event or expectation a line; `# ` begins a comment. What a
line does is in `steps`; `play.py` goes through them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "scenarios"


@dataclass(frozen=True)
class Scenario:
    """A file, read: `lines` with their numbers, `needs` of a host, `hosts` where only some are meant."""

    name: str
    title: str
    needs: frozenset[str]
    hosts: frozenset[str]
    lines: tuple[tuple[int, str], ...]

    def runs_on(self, host: str, gives: frozenset[str]) -> bool:
        """Whether a host can play it."""
        return self.needs <= gives and (not self.hosts or host in self.hosts)


def read(path: Path) -> Scenario:
    """Read a scenario's file."""
    needs, hosts, lines, title = {"pulls"}, set(), [], ""
    for number, raw in enumerate(path.read_text("utf-8").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("# "):
            continue
        if not title:
            title = line
        elif line.startswith("Needs: "):
            needs |= set(line.removeprefix("Needs: ").split(", "))
        elif line.startswith("Hosts: "):
            hosts, needs = set(line.removeprefix("Hosts: ").split(", ")), set()
        else:
            lines.append((number, line))
            needs |= {"time"} if "hours pass" in line else set()
    return Scenario(path.stem, title, frozenset(needs), frozenset(hosts), tuple(lines))


def all_scenarios() -> list[Scenario]:
    """Every scenario there is, by name."""
    return [read(path) for path in sorted(FOLDER.glob("*.txt"))]
