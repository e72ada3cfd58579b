"""Writes `docs/manifests.md` from the golden cases: `python -m tests.manifests.gallery`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from gitops_upgrader.errors import ManifestError
from gitops_upgrader.manifests import Query, diff
from tests.manifests.golden import Case, cases

PAGE = Path(__file__).parents[2] / "docs" / "manifests.md"

SECTIONS = (
    "Clusters with the version in them",
    "Variables",
    "Kustomize",
    "Helm, Flux and Argo CD",
    "Setter comments",
    "What is refused",
)

INTRODUCTION = """\
# Where versions live, and how they are edited

<!-- Written by `python -m tests.manifests.gallery` from tests/golden; edit those. -->

A Cluster's version and image can be kept in many ways. gitops-upgrader finds the one place that counts, changes the
bytes of that value and no others, and reads the result back with a second YAML parser before anything is pushed.

For each of version, image and class it looks in this order, and the first that has an answer wins:

1. the upgrader's `targets`, which name a file and a JSON pointer;
2. setter comments that name the upgrader;
3. what Kustomize makes of the Cluster: the outermost patch that sets the field;
4. the Cluster's own manifest.

Version, image and class of one Cluster change together. Where one of them is written to the Cluster itself, the others
that have a plain value there are as well, whatever else keeps them too; and where the two tell of different versions,
nothing is edited. A rendered Cluster whose values are all named elsewhere is left alone.

Comments, quotes, indentation, line ends, a byte order mark and everything else stay as they are. A version without
`v` stays without it, an integer stays an integer. A variable that is absent is inserted after the last one, in the
file's own style. Where two places could be meant, or an edit would change something else as well, nothing is edited:
the refusal names every place with its line, and what to do.

Where several Clusters have one name, `path` (`--path` on the command line) says which is meant: the one whose file, or
a layer that deploys it, is there. Layers count wherever they are. A setter comment counts below the path; one outside
of it for a value that has none below is refused, with its line.

An edit back restores the bytes, but for what the way of writing a value alone told: quotes that only the new value
needed stay, numbers such as `1.50` and `0x1F` without quotes come back in their usual form, and a null does not come
back.

`gitops-upgrader locate --cluster NAME --repo .` shows where it looked and what it found.

Every example here is a test: the folder of that name in `tests/golden` holds all its files. What becomes of layers is
judged by `kustomize build` itself.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for section in SECTIONS:
        parts.append(f"\n## {section}\n")
        parts += (text for case in cases() if case.section == section and case.shown for text in _example(case))
    return "".join(parts)


def _example(case: Case) -> Iterator[str]:
    yield f"\n### {case.name}\n\n{case.summary}\n"
    wanted = spec(case.query, case.values.topology_class)
    if wanted:
        yield f"\nThe upgrader says\n\n```yaml\n{yaml.safe_dump(wanted, sort_keys=False, width=110)}```\n"
    for path, data in sorted(case.before.files.items()):
        yield f"\n`{path}`\n\n```{'json' if path.endswith('.json') else 'yaml'}\n{_text(data)}```\n"
    if case.refused:
        yield f"\nThe refusal\n\n```text\n{_refusal(case)}\n```\n"
    else:
        yield f"\nbecomes\n\n```diff\n{_diff(case)}```\n"


def spec(query: Query, topology_class: str | None) -> dict[str, Any]:
    """The part of an upgrader's spec that asks for more than the version."""
    spec: dict[str, Any] = {}
    if query.variables:
        spec["topologyVariables"] = [_variable(want) for want in query.variables]
    if query.topology_class and topology_class:
        spec["topologyClass"] = topology_class.replace("1-34", "$(MAJOR)-$(MINOR)")
    if query.targets:
        spec["targets"] = [_target(want) for want in query.targets]
    return spec


def _variable(want: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"name": want.name}
    if want.path:
        made["path"] = want.path
    if want.scope:
        made["scope"] = {want.scope.kind.value: want.scope.name or True}
    return made


def _target(want: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"path": want.path}
    fields = (("apiVersion", want.document.api_version), ("kind", want.document.kind), ("name", want.document.name))
    document = {key: value for key, value in fields if value}
    if document:
        made["document"] = document
    return made | {"pointer": want.pointer, "value": want.template}


def _text(data: bytes) -> str:
    """A file as it can be shown; what is no text is shown as `\\ufffd`."""
    text = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    return text if text.endswith("\n") else text + "\n"


def _diff(case: Case) -> str:
    shown = diff(case.before.files, case.after).replace("\r\n", "\n")
    return "".join(f"{line}\n" for line in shown.splitlines() if not line.startswith(("diff ", "--- ", "+++ ")))


def _refusal(case: Case) -> str:
    manifests = case.manifests()
    try:
        manifests.edit(manifests.locate(case.query), case.values)
    except ManifestError as error:
        return f"{error.reason}: {error}"
    raise AssertionError(f"{case.name} is not refused")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
