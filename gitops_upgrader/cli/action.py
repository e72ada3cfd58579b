"""`gitops-upgrader action`: a command as a step of a workflow of GitHub, Gitea or Forgejo Actions."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from gitops_upgrader.cli import inputs
from gitops_upgrader.cli.heard import Heard
from gitops_upgrader.cli.run import FAILED, run, say
from gitops_upgrader.cli.streams import ESCAPE, write_line
from gitops_upgrader.errors import UnreadableFile, UpgraderError, UsageError, Where
from gitops_upgrader.reports.workflow_commands import Annotation, Level, resume, stop, within_limit


@click.command(
    "action",
    epilog="""\b
Examples:
  # What actions/propose runs.
  INPUT_MANIFESTS=upgrades/ INPUT_REPOSITORY=. INPUT_DRY_RUN=true gitops-upgrader action propose
""",
)
@click.argument("name", metavar="COMMAND", type=click.Choice(["propose"]))
def command(name: str) -> int:
    """Run a command as a step of a workflow: propose.

    The inputs of the action come from the environment (INPUT_MANIFESTS and so on, one value a line where there may be
    several). Beside what the command prints, a job summary, annotations and outputs are written where the runner reads
    them (GITHUB_STEP_SUMMARY, standard output, GITHUB_OUTPUT).
    """
    heard, order = Heard(), [name]
    with _silent_runner():
        try:
            order += inputs.arguments(os.environ)
            _apply(inputs.credentials(os.environ))
        except UsageError as error:
            heard.error = error
            say(f"error: {error}")
            status = FAILED
        else:
            status = run(order, heard)
    _publish(heard, dry_run="--dry-run" in order)
    return status


@contextmanager
def _silent_runner() -> Iterator[None]:
    """Let the runner take nothing for a command that is only shown, whoever wrote it."""
    token = secrets.token_hex(16)
    _command(stop(token))
    try:
        yield
    finally:
        sys.stderr.flush()
        _command(resume(token))


def _command(text: str) -> None:
    write_line(text)
    sys.stdout.flush()


def _apply(variables: dict[str, str]) -> None:
    """Set the variables, or unset the empty ones; the input itself is not for programs that are started."""
    for name, value in variables.items():
        if value:
            os.environ[name] = value
        else:
            os.environ.pop(name, None)
    os.environ.pop("INPUT_TOKEN", None)


def _publish(heard: Heard, *, dry_run: bool) -> None:
    """Write annotations, job summary and outputs."""
    from gitops_upgrader.cli import proposals  # here, as all of the program comes with it
    from gitops_upgrader.reconcilers.fleet import Report
    from gitops_upgrader.reports.job_summary import job_summary
    from gitops_upgrader.reports.step_outputs import encoded, outputs

    for annotation in within_limit([_annotation(error) for error in _errors(heard)]):
        _command(str(annotation))
    if heard.failure is not None and heard.error is None:
        _command(str(Annotation(Level.ERROR, heard.failure)))
    document = proposals.document(heard.report or Report(()), tuple(heard.problems))
    failure = str(heard.error) if heard.error is not None else heard.failure
    summary = job_summary(document, dry_run=dry_run, notices=_notices(heard, dry_run=dry_run), failure=failure)
    _append("GITHUB_STEP_SUMMARY", summary)
    _append("GITHUB_OUTPUT", encoded(outputs(document["proposals"])))


def _errors(heard: Heard) -> list[UpgraderError]:
    found = [heard.error] if heard.error is not None else []
    found += heard.problems
    if heard.report is not None:
        found += [failure.error for failure in heard.report.failures]
        found += [proposed.error for proposed in heard.report.proposals if proposed.error is not None]
    return found


def _annotation(error: UpgraderError) -> Annotation:
    where, file = error.where, _in_workspace(error.where.file)
    place = "" if file is None else Where(object=where.object, field=where.field)
    text = str(error) if file is None else f"{place}: {error.message} {error.remedy}".strip(": ")
    return Annotation(Level.ERROR, text, error.reason, file, where.line, where.column)


def _in_workspace(file: str | None) -> str | None:
    """A file as annotations name it, from the workspace's root; None where it is not in there.

    An error names a file as the user did, from the working directory, or as Git does, from the repository's root.
    """
    root = os.environ.get("GITHUB_WORKSPACE")
    if file is None or not root:
        return None
    for folder in (Path.cwd(), Path(root)):
        path = (folder / file).resolve()
        if path.is_file() and path.is_relative_to(Path(root).resolve()):
            return path.relative_to(Path(root).resolve()).as_posix()
    return None


def _notices(heard: Heard, *, dry_run: bool) -> list[str]:
    """What a person who reads the summary should know beside the decisions."""
    from gitops_upgrader.cli.proposals import note
    from gitops_upgrader.pulls.decision import Create, Update
    from gitops_upgrader.reports.job_summary import STARTS_NO_WORKFLOW

    if heard.report is None:
        return []
    pushed = any(isinstance(proposed.decision, Create | Update) for proposed in heard.report.proposals)
    own = pushed and not dry_run and inputs.is_true(os.environ, "OWN_TOKEN")
    told = [note(orphan) for orphan in heard.report.orphans]
    return [STARTS_NO_WORKFLOW, *told] if own else told


def _append(variable: str, text: str) -> None:
    """Add to a file of the runner; a runner that has no such file does without."""
    name = os.environ.get(variable)
    if not name:
        return
    try:
        with Path(name).open("a", encoding="utf-8", errors=ESCAPE, newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise UnreadableFile(
            f"It cannot be written: {error.strerror}.", where=Where(file=name), remedy=f"Check {variable}."
        ) from error
