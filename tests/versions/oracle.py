"""Questions about versions, and github.com/Masterminds/semver's answers to them.

`python -m tests.versions.oracle` asks anew and writes the table that is checked where there is no Go.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import TypeAlias

from tests.need import MACHINE, cache, need

MODULE = Path(__file__).parents[1] / "servers" / "oracle_semver"
TABLE = Path(__file__).with_name("oracle.json")

Table: TypeAlias = "dict[str, list[str] | None]"
"""The versions that are in each range, out of `TABLE_VERSIONS`; None for what is no range."""


@dataclass(frozen=True, slots=True)
class Question:
    """A range, a version to look for in it, and another one to compare that with. Each may be invalid."""

    range: str
    version: str
    other: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Which of the three are valid; is the version in the range; -1, 0 or 1 as it is older, equal or newer."""

    range: bool
    version: bool
    other: bool
    # False and 0 where what they need is invalid.
    within: bool
    compare: int


def ask(questions: Iterable[Question]) -> list[Answer]:
    """Have the library answer the questions."""
    lines = "\n".join(json.dumps(asdict(question)) for question in questions)
    done = subprocess.run([build()], input=lines, capture_output=True, text=True, encoding="utf-8", check=True)
    answers = map(json.loads, done.stdout.splitlines())
    return [Answer(a["range"], a["version"], a["other"], a["in"], a["compare"]) for a in answers]


def build() -> Path:
    """Build the program that asks the library, once per machine and state of its sources."""
    go = need("go")
    sources = hashlib.sha256(b"".join((MODULE / name).read_bytes() for name in ("go.mod", "go.sum", "main.go")))
    program = cache() / f"oracle-semver-{sources.hexdigest()[:16]}"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        unfinished = program.with_suffix(f".{os.getpid()}")
        command: list[str | Path] = [go, "build", "-trimpath", "-o", unfinished, "."]
        subprocess.run(command, cwd=MODULE, env={**MACHINE, "CGO_ENABLED": "0"}, check=True)
        unfinished.replace(program)
    return program


OPERATORS = ("", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^")
OPERANDS = (
    *("*", "x", "0", "1", "v1.2", "0.0", "0.2", "1.x", "1.2.X", "1.2.3", "v0.2.3", "0.0.3", "0.0.0", "01.02.03"),
    *("*-0", "1-rc.1", "1.2-rc.1", "1.2.x-rc.1", "1.2.3-rc.1", "0.0.0-rc.1", "1.2.3+k3s1", "x.1.2", "1.*.9", "1.34.2"),
)
WRITTEN = (
    *(
        "",
        " ",
        "1.0.0p",
        "1x",
        "x1",
        "-1",
        "a",
        "||",
        "1 ||",
        "|| 1",
        "1,",
        ",1",
        "1,,2",
        "1 , 2",
        "1|2",
        "*.1|2",
        "==",
    ),
    *("> 1", ">\t1", "> =1", "!1", "==1", "~^1", ">=1.2 <1.4", ">=1.2,<1.4", ">=1.2<1.4", ">=1.2.0-0 <1.4.0-0", "vv1"),
    *("1.2 - 1.4", "1.2 -1.4", "1.2- 1.4", "1.2.3 - 1.2.3", "1 - 2 - 3", "1.2 - 1.4, !=1.3.1", "0 1.2 - 1.4", "1 - x"),
    *("0, 1.2 - 1.4", ">1.2 - 1.4", "1.2 - 1.4 || 2.x", "1.2 - 2v1", "1.2-rc.1 - 1.3", "1 - 1 - 1 - 1", "1.2.3.4 - 5"),
    *("~1.33 || ~1.34", "~1.2||>=1.34", "1.2.3 || 1.2.4-rc.1", "!=1.2.3 >1.2", "!=1.2 >0-0", "!=1.2-rc.1 >0", "<0-0"),
    *("1.2.3-01", "1.2.3-rc.01", "1.2.3+01", "1.2.3-", "1.2.3+", "1.2.3-a..b", "v", "V1", "1.2.3 ", "\n1.2.3", "1\v2"),
    *(
        "1\u00a02",
        "\u0661",
        "18446744073709551615",
        "18446744073709551616",
        "*.99999999999999999999",
        "1.x.99999999999x",
    ),
    *(">0-18446744073709551616", ">0-99999999999999999999", "1" + " " * 600, "0" * 252 + ".x", "0" * 253 + ".x"),
    *("||".join(["1.2.3"] * 32), "||".join(["1.2.3"] * 33), "1.34.2-" + "a" * 249, "1.34.2-" + "a" * 250),
    *(
        "1.2.3+" + "a" * 250,
        "1.2.3+" + "a" * 251,
        "1.2.x+" + "a" * 300,
        "1.x-" + "a" * 300,
        "1  " * 100 + "!",
        "1" * 300,
    ),
)
TABLE_VERSIONS = (
    *("0.0.0-0", "0.0.0", "0.0.3", "0.0.4", "0.2.3-rc.1", "0.2.3", "0.2.9", "0.3.0-0", "0.3.0", "1.0.0-rc.1", "v1.0.0"),
    *("1.2.0-alpha", "1.2.0-rc.1", "v1.2.0", "1.2.3-0", "1.2.3-rc.1", "1.2.3-rc.1.1", "1.2.3-rc.2", "v1.2.3+k3s1"),
    *(
        "1.2.4-rc.1",
        "v1.2.4",
        "1.3.0-rc.1",
        "v1.3.1",
        "v1.34.2+rke2r1",
        "v1.34.2---vmware.2-vkr.4",
        "2.0.0-0",
        "v2.0.0",
    ),
)
BAD_VERSIONS = (
    *(
        "",
        " ",
        "v",
        "1",
        "v1.32",
        "1.2.3.4",
        "1.0.0p",
        "01.2.3",
        "1.02.3",
        "1.2.03",
        "1.2.3-",
        "1.2.3+",
        "1.2.3-01",
        "x",
    ),
    *(
        " 1.2.3",
        "1.2.3 ",
        "1.2.3\n",
        "V1.2.3",
        "vv1.2.3",
        "1.2.3-a..b",
        "1.2.3+a+b",
        "1.2.3-é",
        "-1.2.3",
        "1..3",
        "1.2.x",
    ),
    *(
        "18446744073709551616.0.0",
        "0.0.18446744073709551616",
        "1.2.3-" + "a" * 251,
        "\u0661.2.3",
        "1.2.3-a_b",
        "1.2.3~1",
    ),
)


def table_ranges() -> list[str]:
    """The ranges of the table: every operator on every kind of operand, and what was thought of besides."""
    return [operator + operand for operator, operand in product(OPERATORS, OPERANDS)] + list(WRITTEN)


def ask_table() -> Table:
    """Have the library answer the table's questions."""
    ranges = table_ranges()
    asked = [Question(text, version, version) for text in ranges for version in TABLE_VERSIONS]
    table: dict[str, list[str] | None] = {}
    for question, answer in zip(asked, ask(asked), strict=True):
        versions = table.setdefault(question.range, [] if answer.range else None)
        if answer.within and versions is not None:
            versions.append(question.version)
    return table


def generate(count: int, seed: int) -> Iterator[Question]:
    """Make questions at random, the same ones for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        yield Question(_range(chance), _version(chance), _version(chance))


def _number(chance: random.Random) -> str:
    return chance.choice(("0", "0", "1", "1", "1", "2", "2", "3", "10", "34")) if chance.random() < 0.98 else "01"


def _prerelease(chance: random.Random) -> str:
    parts = ("0", "1", "2", "10", "rc", "rc1", "alpha", "beta", "-", "--vmware", "2-vkr", "00", "18446744073709551616")
    weights = (4, 4, 4, 4, 8, 4, 4, 4, 1, 4, 4, 0.3, 0.3)
    return "-" + ".".join(chance.choices(parts, weights, k=chance.randint(1, 3)))


def _build(chance: random.Random) -> str:
    return "+" + ".".join(chance.choices(("rke2r1", "k3s1", "001", "-", "vmware"), k=chance.randint(1, 2)))


def _version(chance: random.Random) -> str:
    if chance.random() < 0.04:
        return chance.choice(BAD_VERSIONS)
    text = chance.choice(("", "v")) + ".".join(_number(chance) for _ in range(3))
    text += _prerelease(chance) if chance.random() < 0.35 else ""
    text += _build(chance) if chance.random() < 0.15 else ""
    return _spoilt(chance, text) if chance.random() < 0.03 else text


def _operand(chance: random.Random) -> str:
    numbers = [_number(chance) for _ in range(chance.choice((1, 2, 2, 3, 3, 3)))]
    if chance.random() < 0.25:
        numbers[chance.randrange(len(numbers))] = chance.choice("xX*")
    text = chance.choice(("", "", "v")) + ".".join(numbers)
    text += _prerelease(chance) if chance.random() < 0.25 else ""
    return text + (_build(chance) if chance.random() < 0.08 else "")


def _space(chance: random.Random, least: int = 0) -> str:
    return "".join(chance.choices("    \t\n", k=chance.choice((least, least, 1, 2))))


def _comparison(chance: random.Random) -> str:
    if chance.random() < 0.12:
        between = _space(chance, 1) + "-" + _space(chance, 1)
        return _operand(chance) + between + _operand(chance)
    return chance.choice(OPERATORS) + _space(chance) + _operand(chance)


def _range(chance: random.Random) -> str:
    alternatives = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        text = _space(chance) + _comparison(chance)
        for _ in range(chance.choice((0, 0, 1, 1, 2))):
            comma = chance.random() < 0.5
            text += (_space(chance) + "," + _space(chance) if comma else _space(chance, 1)) + _comparison(chance)
        alternatives.append(text + _space(chance))
    text = "||".join(alternatives)
    return _spoilt(chance, text) if chance.random() < 0.2 else text


def _spoilt(chance: random.Random, text: str) -> str:
    """The text with one character put in, taken out or doubled."""
    place = chance.randrange(len(text) + 1)
    act = chance.randrange(3)
    if act == 0:
        return text[:place] + chance.choice("|,-+.*xXvV<>=!~^ \t\v\u00a0\u0661é0a\"'\\") + text[place:]
    return text[:place] + text[place : place + 1] * (2 * (act - 1)) + text[place + 1 :]


def write(table: Mapping[str, list[str] | None]) -> None:
    """Write the table, one range a line."""
    lines = (f"{json.dumps(text)}: {json.dumps(versions)}" for text, versions in table.items())
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write(ask_table())
