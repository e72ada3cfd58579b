"""Hypothesis strategies for Kustomize: a base with Clusters, and layers above that rename, label and patch them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import yaml
from hypothesis import strategies as st

NAMES = ("prod", "dev")
VERSION = "v1.33.5"
GROUP = "cluster.x-k8s.io"

_RENAMED = "renamed"
_NAMESPACES = ("", "fleet", "default")


class _Blocks(yaml.SafeDumper):
    """Writes texts of several lines as literal blocks, as people write patches inside a kustomization."""


_Blocks.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def _written(kustomization: dict[str, Any], *, as_json: bool) -> str:
    return json.dumps(kustomization, indent=2) if as_json else yaml.dump(kustomization, Dumper=_Blocks)


@dataclass(frozen=True)
class Layers:
    """A repository, and the folder that is deployed."""

    files: dict[str, str]
    top: str

    def __repr__(self) -> str:
        return "\n".join(f"# {path}\n{text}" for path, text in self.files.items()) + f"\n# deployed: {self.top}"


@st.composite
def layers(draw: st.DrawFn) -> Layers:
    """A base and up to three layers above it, each in the one before."""
    files = {"base/clusters.yaml": "---\n".join(draw(_cluster(name)) for name in NAMES[: draw(st.integers(1, 2))])}
    as_json = draw(st.integers(0, 4)) == 4
    names = {*NAMES}
    below = "clusters.yaml"
    folders = ["base", "middle", "top"][: draw(st.integers(1, 3))]
    for folder in folders:
        kustomization = draw(_kustomization(folder, files, names))
        kustomization["resources"] = [below]
        if draw(st.integers(0, 4)) == 4:
            kustomization["components"] = [f"../{folder}-component"]
            component = draw(_kustomization(f"{folder}-component", files, names))
            component |= {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
            files[f"{folder}-component/kustomization.yaml"] = _written(component, as_json=as_json)
        files[f"{folder}/kustomization.yaml"] = _written(kustomization, as_json=as_json)
        below = f"../{folder}"
    return Layers(files, folders[-1])


@st.composite
def _cluster(draw: st.DrawFn, name: str) -> str:
    namespace = draw(st.sampled_from(_NAMESPACES))
    metadata: dict[str, Any] = {"name": name, **({"namespace": namespace} if namespace else {})}
    if draw(st.booleans()):
        metadata |= {"labels": {"env": name, "rank": "5" if name == "prod" else "high"}}
    if draw(st.booleans()):
        metadata |= {"annotations": {"note": "a"}}
    variables = draw(st.sampled_from([["region", "imageId"], ["imageId"], ["region"], []]))
    listed = "".join(f"    - name: {variable}\n      value: {variable}-33\n" for variable in variables)
    return (
        f"apiVersion: {GROUP}/v1beta1\nkind: Cluster\nmetadata: {json.dumps(metadata)}\n"
        f"spec:\n  topology:\n    class: quick-start\n    version: {VERSION}\n"
        + (f"    variables:\n{listed}" if listed else "")
    )


@st.composite
def _kustomization(draw: st.DrawFn, folder: str, files: dict[str, str], names: set[str]) -> dict[str, Any]:
    """A layer's own part. It adds the files that its patches are in, and the names that Clusters have from here on."""
    made: dict[str, Any] = {}
    for key, values in (
        ("namePrefix", ["a-"]),
        ("nameSuffix", ["-z"]),
        ("namespace", ["fleet", "other"]),
        ("commonLabels", [{"tier": "x"}]),
        ("labels", [[{"pairs": {"tier": "y"}}], [{"pairs": {"zone": "1"}, "includeSelectors": True}]]),
        ("commonAnnotations", [{"note": "b"}]),
    ):
        if draw(st.integers(0, 4)) == 4:
            made[key] = draw(st.sampled_from(values))
    for index in range(draw(st.integers(0, 2))):
        old = draw(st.integers(0, 4)) == 4
        merge, text = draw(_patch(names))
        if old:
            files[f"{folder}/patch-{index}.yaml"] = text
            if merge:
                made.setdefault("patchesStrategicMerge", []).append(f"patch-{index}.yaml")
            else:
                target = {"group": GROUP, "version": "v1beta1", "kind": "Cluster", "name": draw(_name(names))}
                made.setdefault("patchesJson6902", []).append({"path": f"patch-{index}.yaml", "target": target})
            continue
        patch: dict[str, Any] = {"patch": text}
        if draw(st.booleans()):
            files[f"{folder}/patch-{index}.yaml"] = text
            patch = {"path": f"patch-{index}.yaml"}
        if not merge or draw(st.booleans()):
            patch["target"] = draw(_target(names))
        if draw(st.integers(0, 5)) == 5:
            patch["options"] = {"allowNameChange": True}
        made.setdefault("patches", []).append(patch)
    made |= draw(_last(names))
    if "namePrefix" in made or "nameSuffix" in made:
        names |= {f"{made.get('namePrefix', '')}{name}{made.get('nameSuffix', '')}" for name in names}
    return made


@st.composite
def _last(draw: st.DrawFn, names: set[str]) -> dict[str, Any]:
    """The fields that come after the patches."""
    made: dict[str, Any] = {}
    for key, entry in (("transformers", _transformer(names)), ("replacements", _replacement(names))):
        if draw(st.integers(0, 7)) == 7:
            made[key] = [draw(entry)]
    return made


@st.composite
def _transformer(draw: st.DrawFn, names: set[str]) -> str:
    _, text = draw(_patch(names))
    head = {"apiVersion": "builtin", "kind": "PatchTransformer", "metadata": {"name": "last"}}
    return yaml.dump({**head, "target": draw(_target(names)), "patch": text}, Dumper=_Blocks)


@st.composite
def _replacement(draw: st.DrawFn, names: set[str]) -> dict[str, Any]:
    """A field that is copied to other Clusters. The version, which is edited here, is copied to versions alone."""
    field, written = draw(
        st.sampled_from(
            [
                ("spec.topology.version", "spec.topology.version"),
                ("spec.topology.class", "spec.topology.version"),
                ("spec.topology.class", "spec.topology.variables.[name=region].value"),
                ("spec.topology.class", "spec.topology.variables.0.value"),
                ("metadata.name", "spec.topology.class"),
            ]
        )
    )
    target: dict[str, Any] = {"select": {"kind": "Cluster"}, "fieldPaths": [written]}
    if draw(st.booleans()):
        target["select"] = {"name": draw(_name(names))}
    if draw(st.booleans()):
        target["reject"] = [{"name": draw(_name(names))}]
    return {"source": {"kind": "Cluster", "name": draw(_name(names)), "fieldPath": field}, "targets": [target]}


def _name(names: set[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(names))


@st.composite
def _patch(draw: st.DrawFn, names: set[str]) -> tuple[bool, str]:
    """Whether it is a merge patch, and its text."""
    if draw(st.booleans()):
        return True, json.dumps(draw(_merge(names)), indent=2)
    return False, json.dumps(draw(st.lists(_operation(names), min_size=1, max_size=2)), indent=2)


@st.composite
def _merge(draw: st.DrawFn, names: set[str]) -> dict[str, Any]:
    topology: dict[str, Any] = draw(
        st.sampled_from(
            [
                {"version": "v1.33.6"},
                {"class": "other"},
                {"variables": None},
                {"variables": []},
                {"variables": [{"name": "imageId", "value": "merged"}]},
                {
                    "version": "v1.33.7",
                    "variables": [{"name": "region", "value": "r"}, {"name": "imageId", "value": "m"}],
                },
            ]
        )
    )
    metadata: dict[str, Any] = {"name": draw(_name(names))}
    if namespace := draw(st.sampled_from(("", "", "fleet", "other"))):
        metadata["namespace"] = namespace
    if draw(st.integers(0, 3)) == 3:
        metadata |= {"labels": {"env": "merged"}}
    return {"apiVersion": f"{GROUP}/v1beta1", "kind": "Cluster", "metadata": metadata, "spec": {"topology": topology}}


@st.composite
def _operation(draw: st.DrawFn, names: set[str]) -> dict[str, Any]:
    made: dict[str, Any] = draw(
        st.sampled_from(
            [
                {"op": "replace", "path": "/spec/topology/version", "value": "v1.33.8"},
                {"op": "add", "path": "/spec/topology/version", "value": "v1.33.9"},
                {"op": "replace", "path": "/spec/topology/variables/0/value", "value": "by-index"},
                {"op": "replace", "path": "/spec/topology/variables/1/value", "value": "by-index"},
                {"op": "add", "path": "/spec/topology/variables/-", "value": {"name": "added", "value": 1}},
                {"op": "add", "path": "/spec/topology/variables/0", "value": {"name": "first", "value": 1}},
                {"op": "remove", "path": "/spec/topology/variables/0"},
                {"op": "test", "path": "/spec/topology/variables/0/name", "value": "region"},
                {"op": "test", "path": "/spec/topology/version", "value": VERSION},
                {"op": "replace", "path": "/spec/topology/variables/-1/value", "value": "last"},
                {"op": "replace", "path": "/spec/topology", "value": {"class": "whole", "version": "v1.33.4"}},
                {"op": "copy", "from": "/spec/topology/variables/0", "path": "/spec/topology/variables/-"},
                {"op": "add", "path": "/metadata/annotations", "value": {"note": "patched"}},
                {"op": "replace", "path": "/spec/topology/class", "value": "patched"},
                {"op": "add", "path": "/metadata/labels", "value": {"env": "patched"}},
                {"op": "replace", "path": "/metadata/name", "value": _RENAMED},
            ]
        )
    )
    if made["path"] == "/metadata/name":
        names.add(_RENAMED)
    return made


@st.composite
def _target(draw: st.DrawFn, names: set[str]) -> dict[str, str]:
    made = draw(st.sampled_from([{"kind": "Cluster"}, {"group": GROUP}, {"kind": "Cluster", "version": "v1beta1"}]))
    made = dict(made)
    if draw(st.booleans()):
        made["name"] = draw(st.one_of(_name(names), st.sampled_from(["pr.*", "p|dev", ".*", "(a-)?prod"])))
    if draw(st.integers(0, 3)) == 3:
        made["namespace"] = draw(st.sampled_from(["fleet", "other", "default", "f.*"]))
    if draw(st.integers(0, 3)) == 3:
        made["labelSelector"] = draw(
            st.sampled_from(["env=prod", "tier=x", "tier in (x, y)", "!env", "env!=dev", "rank>4", "rank<4"])
        )
    if draw(st.integers(0, 5)) == 5:
        made["annotationSelector"] = draw(st.sampled_from(["note=a", "note=b", "note"]))
    return made
