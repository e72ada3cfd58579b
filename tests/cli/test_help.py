"""Help that helps: examples that run, suggestions, completion, and no colours for those who want none."""

from __future__ import annotations

import re
import shlex
import subprocess

import click
import pytest

from gitops_upgrader.cli.group import COMMANDS, cli
from tests.cli.commandline import CommandLine
from tests.need import need
from tests.reconcilers.directory import Fleet

EXAMPLE = re.compile(r"^ +(?:[A-Z_]+=\S+ )*(gitops-upgrader .*)$", re.MULTILINE)


def command(name: str) -> click.Command:
    """A command as click has it."""
    found = cli.get_command(click.Context(cli), name)
    assert isinstance(found, click.Command)
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str, gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader(name, "--help")

    assert ran.status == 0
    assert "Usage: gitops-upgrader" in ran.out
    examples = EXAMPLE.findall(ran.out)
    assert examples, "there is no example"
    for example in examples:
        words = shlex.split(example.partition(" |")[0].partition(" >")[0])
        assert words[0] == "gitops-upgrader"
        parameters = command(words[1]).params
        options = {option for parameter in parameters for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words[2:] if word.startswith("-")} <= options
    assert all(line.isprintable() for line in ran.out.splitlines())
    assert max(map(len, ran.out.splitlines())) <= 110


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str) -> None:
    options = [parameter for parameter in command(name).params if isinstance(parameter, click.Option)]

    assert [option.name for option in options if not option.help] == []


def test_the_group_lists_every_command(gitops_upgrader: CommandLine) -> None:
    said = gitops_upgrader("--help").out

    for name, entry in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(entry.summary)}$", said, re.MULTILINE)
        assert entry.summary.endswith(".")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["propse"], "There is no command 'propse'. Did you mean propose? Try 'gitops-upgrader --help'."),
        (["xyzzy"], "There is no command 'xyzzy'. Try 'gitops-upgrader --help'."),
        (["propose", "--upgader", "x"], "'--upgrader'?"),
        (["propose", "-o", "yaml"], "'yaml' is not one of 'text', 'json', 'diff'"),
        (
            ["propose", "--provider", "bitbucket"],
            "'bitbucket' is not one of 'github', 'gitlab', 'gitea', 'local', 'none'",
        ),
        (["crds", "extra"], "extra"),
    ],
)
def test_a_typing_mistake(arguments: list[str], said: str, gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader(*arguments)

    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
    assert said in ran.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, gitops_upgrader: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_GITOPS_UPGRADER_COMPLETE", f"{shell}_source")

    ran = gitops_upgrader()

    assert ran.status == 0
    assert "_GITOPS_UPGRADER_COMPLETE" in ran.out
    if shell == "bash":
        subprocess.run([need("bash"), "-n"], input=ran.out, text=True, check=True)


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("gitops-upgrader pro", ["propose"]),
        ("gitops-upgrader propose --dry", ["--dry-run"]),
        ("gitops-upgrader propose -o ", ["text", "json", "diff"]),
    ],
)
def test_bash_completes(
    words: str, completed: list[str], gitops_upgrader: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_GITOPS_UPGRADER_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))

    ran = gitops_upgrader()

    assert [line.partition(",")[2] for line in ran.out.splitlines()] == completed


@pytest.mark.parametrize(("shell", "said"), [("zsh", "plain\npropose\n"), ("fish", "plain,propose\t")])
@pytest.mark.parametrize(("words", "word"), [("gitops-upgrader pro", "pro"), ("gitops-upgrader -v pro", "pro")])
def test_other_shells_complete(
    shell: str, said: str, words: str, word: str, gitops_upgrader: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The protocols of click's scripts: zsh counts words, fish says which one is being typed."""
    monkeypatch.setenv("_GITOPS_UPGRADER_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")) if shell == "zsh" else word)

    assert said in gitops_upgrader().out


@pytest.mark.parametrize(("variable", "coloured"), [("NO_COLOR", False), ("FORCE_COLOR", True)])
def test_colours(
    fleet: Fleet, gitops_upgrader: CommandLine, monkeypatch: pytest.MonkeyPatch, variable: str, *, coloured: bool
) -> None:
    """https://no-color.org: on a terminal too, and over anything that forces colours."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv(variable, "1")

    ran = gitops_upgrader("propose", "-m", "upgrades", "--repo", "fleet.git", "--dry-run")

    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]m", ran.out)) is coloured


def test_a_pipe_gets_no_colours_and_no_width(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader("propose", "-m", "upgrades", "--repo", "fleet.git", "--dry-run")

    assert "\x1b" not in ran.out
