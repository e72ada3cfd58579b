"""The JSON of `propose` and `plan`: `gitops-upgrader/v1`, whose names and shapes pipelines rely on."""

from __future__ import annotations

from typing import Any, Final

from gitops_upgrader.errors import UpgraderError
from gitops_upgrader.model import Edit, PullRequest, Target
from gitops_upgrader.pulls.decision import Create, Update
from gitops_upgrader.reconcilers.fleet import Failure, Orphan, Report
from gitops_upgrader.reconcilers.propose import Proposed

API_VERSION: Final = "gitops-upgrader/v1"


def document(report: Report, problems: tuple[UpgraderError, ...] = ()) -> dict[str, Any]:
    """The whole document.

    `errors` lists everything that went wrong: with files, with objects, and with upgraders, each of which is also a
    proposal with the action `error`.
    """
    errors = [_error(problem.where.object or problem.where.file or "", problem) for problem in problems]
    errors += [_failure(failure) for failure in report.failures]
    errors += [_error(_object(proposed), proposed.error) for proposed in report.proposals if proposed.error]
    return {
        "apiVersion": API_VERSION,
        "proposals": [proposal(proposed) for proposed in report.proposals],
        "errors": errors,
    }


def proposal(proposed: Proposed) -> dict[str, Any]:
    """One proposal."""
    return {
        "upgrader": proposed.upgrader,
        "cluster": proposed.cluster,
        "repository": proposed.repository,
        "action": action(proposed),
        "reason": reason(proposed),
        "message": message(proposed),
        "from": _target(proposed.origin),
        "to": _target(proposed.target),
        "edits": [_edit(edit) for edit in proposed.edits],
        "diff": proposed.diff,
        "branch": proposed.branch,
        "commit": proposed.commit,
        "pullRequest": _pull(proposed.pull),
    }


def action(proposed: Proposed) -> str:
    """What was done, or in a dry run would be: create, update, leave, close, hold or error."""
    return type(proposed.decision).__name__.lower() if proposed.decision is not None else "error"


def reason(proposed: Proposed) -> str:
    """Why, as one CamelCase word."""
    if proposed.error is not None:
        return proposed.error.reason
    return proposed.decision.reason if proposed.decision is not None else ""


def message(proposed: Proposed) -> str:
    """Why, as a sentence."""
    if proposed.error is not None:
        return str(proposed.error)
    decision = proposed.decision
    if decision is None:
        return ""
    if isinstance(decision, Create):
        return f"{proposed.why[:1].upper()}{proposed.why[1:]}.{_closed_first(proposed)}"
    if isinstance(decision, Update) and proposed.why:
        return f"{decision.message} {proposed.why[:1].upper()}{proposed.why[1:]}."
    return decision.message


def _closed_first(proposed: Proposed) -> str:
    first = proposed.first
    if first is None or first.pull is None:
        return ""
    return f" Pull request {first.pull.number} was closed first: {message(first)}"


def note(orphan: Orphan) -> str:
    """What to tell of a branch that no upgrader accounts for."""
    return (
        f"branch {orphan.branch} in {orphan.repository} belongs to upgrader {orphan.upgrader}, which is not here. "
        "If it was deleted, close its pull request and delete the branch."
    )


def _object(proposed: Proposed) -> str:
    return f"ClusterClassClusterUpgrader {proposed.upgrader}" if proposed.upgrader else f"Cluster {proposed.cluster}"


def _failure(failure: Failure) -> dict[str, str]:
    return _error(str(failure.key), failure.error)


def _error(name: str, error: UpgraderError) -> dict[str, str]:
    return {"object": name, "reason": error.reason, "message": str(error)}


def _target(target: Target | None) -> dict[str, str | None] | None:
    return None if target is None else {"version": str(target.version), "image": target.image}


def _edit(edit: Edit) -> dict[str, Any]:
    return {
        "file": edit.file,
        "document": edit.document,
        "line": edit.line,
        "column": edit.column,
        "pointer": edit.pointer,
        "old": edit.old,
        "new": edit.new,
    }


def _pull(pull: PullRequest | None) -> dict[str, Any] | None:
    if pull is None:
        return None
    return {"number": pull.number, "url": pull.url, "title": pull.title, "state": pull.state.value}
