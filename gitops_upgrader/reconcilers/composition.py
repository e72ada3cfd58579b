"""What a proposal should say: title, commit, changes, reasons and notes, from what was found and chosen."""

from __future__ import annotations

from dataclasses import replace

from gitops_upgrader.api.placeholders import expand
from gitops_upgrader.manifests import Edited, Located, Role
from gitops_upgrader.model import Edit, Target
from gitops_upgrader.plans.hop import Hop
from gitops_upgrader.pulls.desired import Change, Desired
from gitops_upgrader.reconcilers.left_out import left_out
from gitops_upgrader.reconcilers.request import Request, placeholders
from gitops_upgrader.reconcilers.workspace import Workspace


def cluster_name(request: Request, located: Located) -> str:
    """The Cluster as reports name it: `<namespace>/<name>`, the namespace `-` where neither side states one."""
    return f"{located.namespace or request.query.namespace or '-'}/{located.name}"


def compose(
    workspace: Workspace,
    request: Request,
    located: Located,
    origin: Target,
    target: Target,
    step: Hop,
    edited: Edited,
) -> Desired:
    """Everything that goes into the commit and the pull request of one hop, but for the notes about what is left."""
    wording = request.wording.for_an_image_alone() if origin.version == target.version else request.wording
    known = placeholders(request, origin.version, step.image)
    changes = tuple(
        Change(edit, _what(located, edit), workspace.forge.file_url(workspace.commit, edit.file, edit.line))
        for edit in edited.edits
    )
    return Desired(
        proposer=request.proposer,
        cluster=cluster_name(request, located),
        base=workspace.branch,
        base_commit=workspace.commit,
        origin=origin,
        target=target,
        files=edited.files,
        changes=changes,
        title=_one_line(expand(wording.title, known)),
        message=expand(wording.message, known),
        author=wording.author,
        why=f"{step.words[:1].upper()}{step.words[1:]}.",
        considered=tuple(str(other) for other in step.considered),
        notes=tuple(f"{note.message} ({note.file}:{note.line})" for note in edited.notes),
        instance=request.instance,
        retry=request.retry,
        sign_off=wording.sign_off,
        signer=wording.signer,
        draft=wording.draft,
        people=wording.people,
        auto_merge=wording.auto_merge,
    )


def _what(located: Located, edit: Edit) -> str:
    """What an edit changes, for people: the role of its place, else its pointer."""
    for slot in located.slots:
        if (slot.place.file, slot.place.document, slot.place.pointer) == (edit.file, edit.document, edit.pointer):
            name = located.query.variables[slot.index].name if slot.role is Role.VARIABLE else ""
            return f"{slot.role.value} {name}".strip() if slot.role is not Role.TARGET else edit.pointer
    return edit.pointer


def _one_line(text: str) -> str:
    """A title: forges take 255 characters and no line breaks."""
    return " ".join(text.split())[:255]


def with_what_is_left(
    workspace: Workspace, request: Request, located: Located | None, desired: Desired | None
) -> Desired | None:
    """The same with notes about images that stay, which are looked for only where somebody is about to read them."""
    if desired is None or located is None or desired.refreshes:
        return desired
    return replace(desired, notes=(*desired.notes, *left_out(workspace.manifests(request.scanned), located, request)))
