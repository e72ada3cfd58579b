"""How much is said beside the result: quiet, as usual, what is done, and what helps with debugging."""

from __future__ import annotations

import importlib
import io
import logging
import re
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import click
import pytest

from gitops_upgrader.cli.group import COMMANDS, cli
from gitops_upgrader.cli.verbosity import Verbosity, current
from gitops_upgrader.wire import LOGGER
from tests.cli.commandline import CommandLine
from tests.gitserver import GitServer, git_http_server
from tests.reconcilers.directory import Fleet

PROPOSE = ("propose", "-m", "upgrades", "--repo", "fleet.git", "--dry-run")
EXCHANGE = re.compile(r"^(?P<what>.+): (?P<answer>[^:]+) in \d+\.\d\d s$")
STAMP = re.compile(r"^\d\d:\d\d:\d\d\.\d{3} gitops_upgrader\.[a-z_.]+: ")


PASSWORD = "Planted-git-password-5Zt"


@pytest.fixture
def served(fleet: Fleet) -> Iterator[GitServer]:
    with git_http_server(fleet.folder.parent, credentials=("bot", PASSWORD)) as running:
        yield running


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Verbosity]:
    """A command `crds` that notes what it was asked for."""
    noted: list[Verbosity] = []

    @click.command("crds")
    def command() -> None:
        noted.append(current())

    monkeypatch.setattr(importlib, "import_module", lambda _: SimpleNamespace(command=command))
    return noted


@pytest.mark.parametrize(
    ("arguments", "verbosity"),
    [
        ("crds", Verbosity.NORMAL),
        ("-q crds", Verbosity.QUIET),
        ("crds --quiet", Verbosity.QUIET),
        ("-q crds -q", Verbosity.QUIET),
        ("-v crds", Verbosity.VERBOSE),
        ("crds -v", Verbosity.VERBOSE),
        ("--verbose crds", Verbosity.VERBOSE),
        ("-v crds -v", Verbosity.DEBUG),
        ("crds -vv", Verbosity.DEBUG),
        ("-vv crds", Verbosity.DEBUG),
        ("crds -vvvv", Verbosity.DEBUG),
        ("-q crds -v", Verbosity.NORMAL),
        ("-v crds -q", Verbosity.NORMAL),
    ],
)
def test_options_add_up_wherever_they_stand(
    arguments: str, verbosity: Verbosity, asked: list[Verbosity], gitops_upgrader: CommandLine
) -> None:
    assert gitops_upgrader(*arguments.split()).status == 0
    assert asked == [verbosity]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_them_once(name: str) -> None:
    for _ in range(2):
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        options = [option for parameter in command.params for option in parameter.opts]
        assert [options.count(option) for option in ("-q", "--quiet", "-v", "--verbose")] == [1, 1, 1, 1]
        assert len(options) == len(set(options))


def test_as_usual_nothing_is_said_beside_the_result(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    assert gitops_upgrader(*PROPOSE).err == ""


def test_results_are_the_same_however_much_is_said(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    assert len({gitops_upgrader(*PROPOSE, *more).out for more in ((), ("-q",), ("-v",), ("-vv",))}) == 1


def test_what_is_done(
    fleet: Fleet,
    served: GitServer,
    gitops_upgrader: CommandLine,
) -> None:
    url = f"{served.url}/{fleet.folder.name}/fleet.git"
    typed = url.replace("://", f"://bot:{PASSWORD}@")

    ran = gitops_upgrader("propose", "-m", "upgrades", "--repo", typed, "--provider", "none", "-v")

    assert ran.status == 0
    lines = ran.err.splitlines()
    exchanges = [match["what"] for match in map(EXCHANGE.match, lines) if match]
    assert f"git fetch {url} main" in exchanges
    assert f"git push {url} gitops-upgrader/fleet/prod" in exchanges
    assert [line for line in lines if not EXCHANGE.match(line)] == [
        "reading the custom resources",
        "choosing versions and images",
        "proposing for prod",
    ]
    assert PASSWORD not in ran.err


def test_what_helps_with_debugging(
    fleet: Fleet,
    served: GitServer,
    gitops_upgrader: CommandLine,
) -> None:
    typed = f"{served.url}/{fleet.folder.name}/fleet.git".replace("://", f"://bot:{PASSWORD}@")

    ran = gitops_upgrader("propose", "-m", "upgrades", "--repo", typed, "--provider", "none", "-vv")

    lines = ran.err.splitlines()
    assert [line for line in lines if not STAMP.match(line)] == []
    said = {STAMP.sub("", line) for line in lines}
    assert any(re.match(r"running \S*/git .* push .*--force-with-lease", line) for line in said)
    assert any(line.startswith("Plan fleet/newest: ") for line in said)
    assert PASSWORD not in ran.err


def test_a_failed_exchange_names_its_reason(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader("versions", "http://127.0.0.1:1/deb/Packages", "-v")

    assert ran.status == 1
    step, talk, error = ran.err.splitlines()
    assert step == "reading the package repository"
    assert re.fullmatch(r"GET http://127\.0\.0\.1:1/deb/Packages: SourceUnreachable in \d+\.\d\d s", talk)
    assert error.startswith("error: ")


def test_quiet_keeps_notes_to_itself_but_no_errors(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    (fleet.manifests / "wrong.yaml").write_text("kind: Plan\n")

    usual, quiet = gitops_upgrader("validate", "upgrades"), gitops_upgrader("-q", "validate", "upgrades")

    assert (usual.status, quiet.status) == (1, 1)
    assert usual.err == "1 mistake\n"
    assert quiet.err == ""
    assert usual.out == quiet.out
    assert gitops_upgrader("validate", "gone", "-q").out.startswith("gone: ")
    assert gitops_upgrader("plan", "-m", "gone", "-q").err.startswith("error: gone: ")
    assert gitops_upgrader("-q", "propse").err.startswith("error: There is no command")


class Terminal(io.StringIO):
    """Standard error as people have it."""

    def isatty(self) -> bool:
        return True


def test_what_is_quick_shows_no_progress(
    fleet: Fleet, gitops_upgrader: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitops_upgrader.cli.terminal.PATIENCE", 3600.0)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    assert gitops_upgrader(*PROPOSE).status == 0
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("option", ["-q", "-v"])
def test_progress_is_for_the_usual_run_alone(
    option: str, fleet: Fleet, gitops_upgrader: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal a moving line would be torn apart by the log, and is not what a quiet run wants."""
    monkeypatch.setattr("gitops_upgrader.cli.terminal.PATIENCE", 0.0)
    shown = []
    for more in ((), (option,)):
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        gitops_upgrader(*PROPOSE, *more)
        shown.append("\x1b[?25l" in terminal.getvalue())  # the cursor is hidden while something moves

    assert shown == [True, False]


@pytest.mark.parametrize("arguments", [("-v", *PROPOSE, "-q"), ("-q", *PROPOSE, "-v"), (*PROPOSE, "-qv")])
def test_one_of_each_is_as_usual(arguments: tuple[str, ...], fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    assert gitops_upgrader(*arguments).err == ""


def test_the_log_ends_with_the_command(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    before = list(logging.getLogger().handlers), logging.getLogger("gitops_upgrader").level

    gitops_upgrader("-v", *PROPOSE, "-v")

    assert (list(logging.getLogger().handlers), logging.getLogger("gitops_upgrader").level) == before
    assert logging.getLogger(LOGGER).level == logging.NOTSET
    assert gitops_upgrader(*PROPOSE).err == ""


def test_nothing_that_is_logged_steers_the_terminal(
    fleet: Fleet, gitops_upgrader: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def log(*_: object) -> dict[str, str]:
        logging.getLogger("gitops_upgrader.anything").info("two\nlines, \x1b[31mred\x07")
        return {}

    monkeypatch.setattr("gitops_upgrader.cli.validate.problems", log)

    said = gitops_upgrader("validate", "upgrades", "-v").err
    assert said.replace("\N{REPLACEMENT CHARACTER}", "?") == "two lines, ?[31mred?\n"


def test_a_token_of_the_environment_is_in_no_log(
    fleet: Fleet, gitops_upgrader: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "planted-token-of-the-environment")
    (fleet.folder / "planted-token-of-the-environment").mkdir()

    ran = gitops_upgrader("locate", "--repo", "planted-token-of-the-environment/x", "-vv")

    assert "planted" not in "".join(line for line in ran.err.splitlines() if STAMP.match(line))
