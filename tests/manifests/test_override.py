"""What becomes of values that people name, through the front door: those that a layer overrides are refused."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader.errors import AmbiguousPlace, OverriddenPlace, TemplatedValue
from gitops_upgrader.manifests import DocumentWant, Query, TargetWant
from tests.manifests.samples import cluster, locate, refusal

RELEASE = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: %s}\nspec:\n  values:\n"
VALUES = "    kube: {version: v1.33.5, list: [{name: a, v: v1.33.5}, {name: b, v: v1.33.6}, v1.33.7]}\n"
FLUX = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\nspec:\n  path: %s\n%s"
VERSION = "/spec/values/kube/version"
BASE = {"base/r.yaml": RELEASE % "prod" + VALUES, "base/kustomization.yaml": "resources: [r.yaml]\n"}


def _merge(values: str, name: str = "prod") -> str:
    return RELEASE % name + f"    {values}\n"


def _operation(text: str) -> str:
    return f"patches:\n- target: {{kind: HelmRelease}}\n  patch: |\n    - {text}\n"


def _over(kustomization: str, folder: str = "prod", **files: str) -> dict[str, Any]:
    made = {f"{folder}/{name}.yaml": text for name, text in files.items()}
    return BASE | made | {f"{folder}/kustomization.yaml": "resources: [../base]\n" + kustomization}


def _query(path: str = "base/r.yaml", pointer: str = VERSION, paths: tuple[str, ...] = (), template: str = "") -> Query:
    want = TargetWant(path, pointer, template=template) if template else TargetWant(path, pointer)
    return Query("prod", targets=(want,), paths=paths)


@pytest.mark.parametrize(
    ("files", "query"),
    [
        (BASE, _query()),
        (_over("namePrefix: a-\n"), _query()),
        (_over("patches: [{path: p.yaml}]\n", p=_merge("kube: {other: x}")), _query()),
        (_over("patches: [{path: p.yaml, target: {name: dev}}]\n", p=_merge("kube: {version: x}")), _query()),
        (_over("patches: [{path: p.yaml}]\n", p=_merge("kube: {version: v1.33.1}")), _query("prod/p.yaml")),
        (_over(_operation("{op: copy, from: /spec/values/kube/version, path: /spec/values/copy}")), _query()),
        (
            _over(_operation("{op: add, path: /spec/values/kube/version, value: v1.33.1}")),
            _query("prod/kustomization.yaml", "/patches/0/patch|/0/value"),
        ),
        (
            _over(
                "replacements:\n- source: {kind: ConfigMap, name: c, fieldPath: data.k}\n"
                "  targets: [{select: {kind: HelmRelease}, fieldPaths: [spec.values.other]}]\n"
            ),
            _query(),
        ),
        # Layers that cannot be read, or do not apply, tell nothing.
        (_over("patches: [{path: none.yaml}]\n"), _query()),
        (_over("patches: [\n"), _query()),
        (BASE | {"base/kustomization.yaml": "resources: [r.yaml, ../base]\n"}, _query()),
        # A patch of an object that is not in the repository.
        ({"prod/p.yaml": _merge("kube: {version: v1.33.1}"), "prod/kustomization.yaml": "patches: [p.yaml]\n"},
         _query("prod/p.yaml")),
    ],
)  # fmt: skip
def test_what_counts(files: dict[str, Any], query: Query) -> None:
    assert locate(files, query).version.file == query.targets[0].path


@pytest.mark.parametrize(
    ("files", "query", "message"),
    [
        (
            _over("patches: [{path: p.yaml}]\n", p=_merge("kube: {version: v1.33.1}")),
            _query(),
            "base/r.yaml:6:21: /spec/values/kube/version: An edit here would change nothing: HelmRelease prod has",
        ),
        (
            _over("patches: [{path: p.yaml}]\n", p=_merge("kube: {version: v1.33.1}")),
            _query(),
            'from prod/p.yaml:6. Point targets at what counts, with targets: [{path: "prod/p.yaml", pointer: "/spec/v',
        ),
        (
            _over("patches: [{path: p.yaml}]\n", p="# first\n---\n" + _merge("kube: {version: v1.33.1}")),
            _query(template="k8s-$(VERSION_NO_V)"),
            'pointer: "/spec/values/kube/version", value: "k8s-$(VERSION_NO_V)"}]',
        ),
        (
            _over("patches: [{path: p.yaml}]\n", p=_merge("a: 1") + "---\n" + _merge("kube: {version: v1.33.1}")),
            _query(),
            'path: "prod/p.yaml", document: {kind: HelmRelease, name: prod}, pointer:',
        ),
        (
            _over(_operation("{op: replace, path: /spec/values/kube/version, value: v1.33.2}")),
            _query(),
            'targets: [{path: "prod/kustomization.yaml", pointer: "/patches/0/patch|/0/value"}]',
        ),
        (
            _over(_operation("{op: replace, path: /spec/values/kube, value: {version: v1.33.2}}")),
            _query(),
            'pointer: "/patches/0/patch|/0/value/version"}]',
        ),
        (
            _over("patches: [{path: p.yaml}]\n", p=_merge("kube: {list: [{name: b, v: v1}, {name: a, v: v2}]}")),
            _query(pointer="/spec/values/kube/list/[name=a]/v"),
            'pointer: "/spec/values/kube/list/1/v"}]',
        ),
        (
            _over("patches: [{path: p.yaml}]\n", p=_merge("kube: {list: [x, y, v1.33.1]}")),
            _query(pointer="/spec/values/kube/list/2"),
            'pointer: "/spec/values/kube/list/2"}]',
        ),
        (
            _over("patches: [{path: p.yaml}]\n", p=_merge("kube: {list: []}")),
            _query(pointer="/spec/values/kube/list/2"),
            "a patch (prod/p.yaml:6) takes it out of HelmRelease prod. Take the patch out, or leave out this place.",
        ),
        (
            _over("patches: [{path: p.yaml}]\n", p=_merge("kube: {list: [{name: b, v: v1}]}")),
            _query(pointer="/spec/values/kube/list/[name=a]/v"),
            "a patch (prod/p.yaml:6) takes it out",
        ),
        (
            _over("patches: [{path: p.yaml}]\n", p=_merge("kube: null")),
            _query(),
            "a patch (prod/p.yaml:6) takes it out",
        ),
        (
            _over("patches: [{path: p.yaml}, {path: q.yaml}]\n", p=_merge("{$patch: delete}"), q=_merge("b: 1")),
            _query(),
            "a patch (prod/p.yaml:6) takes it out",
        ),
        (
            _over("patches: [{path: p.yaml}, {path: q.yaml}]\n", p=_merge("kube: null"), q=_merge("kube: {a: 1}")),
            _query(),
            "a patch (prod/p.yaml:6) takes it out",
        ),
        (
            _over("patches: [{path: p.yaml}]\n", p=_merge("kube: {version: {a: b}}")),
            _query(),
            "a patch (prod/p.yaml:6) takes it out",
        ),
        (
            _over(_operation("{op: remove, path: /spec/values/kube}")),
            _query(),
            "a patch (prod/kustomization.yaml:5) takes it out",
        ),
        (
            _over(
                _operation("{op: test, path: /spec/values/kube/version, value: v1.33.5}")
                + "    - {op: move, from: /spec/values/kube, path: /spec/values/gone}\n"
                + "    - {op: remove, path: /spec/values/gone}\n"
            ),
            _query(),
            "a patch (prod/kustomization.yaml:6) takes it out of HelmRelease prod",
        ),
        (
            _over(
                _operation("{op: add, path: /spec/values/kube/list/-, value: {name: c, v: v1.33.1}}")
                + "    - {op: replace, path: /spec/values/kube/list, value: [{name: d, v: v1.33.2}]}\n"
            ),
            _query("prod/kustomization.yaml", "/patches/0/patch|/0/value/v"),
            "a patch (prod/kustomization.yaml:6) takes it out",
        ),
        # A key of digits, where a list comes to stand.
        (
            _over(
                _operation(f"{{op: add, path: /spec/values/kube/{'1' * 5000}, value: v1.33.1}}")
                + "    - {op: replace, path: /spec/values/kube, value: [v1.33.2]}\n"
            ),
            _query("prod/kustomization.yaml", "/patches/0/patch|/0/value"),
            "a patch (prod/kustomization.yaml:6) takes it out",
        ),
        (
            _over(
                "replacements:\n- source: {kind: ConfigMap, name: c, fieldPath: data.k}\n"
                "  targets: [{select: {kind: HelmRelease}, fieldPaths: [spec.values.kube]}]\n"
            ),
            _query(),
            "(prod/kustomization.yaml:4) writes it in HelmRelease prod. Point targets at data.k of ConfigMap c.",
        ),
        (
            _over("namePrefix: v\n") | {"base/r.yaml": RELEASE % "1.33.5" + VALUES},
            _query(pointer="/metadata/name"),
            "a patch (prod/kustomization.yaml:1) takes it out of HelmRelease v1.33.5.",
        ),
        # A patch below another one.
        (
            _over("patches: [{path: p.yaml}]\n", p=_merge("kube: {version: v1.33.1}"))
            | {
                "top/kustomization.yaml": "resources: [../prod]\npatches: [{path: q.yaml}]\n",
                "top/q.yaml": _merge("kube: {version: v1.33.2}"),
            },
            _query("prod/p.yaml"),
            "HelmRelease prod has v1.33.2 from top/q.yaml:6",
        ),
        # The text that a value stands in.
        (
            {
                "base/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  v: |\n    k: v1.33.5\n",
                "base/kustomization.yaml": "resources: [c.yaml]\n",
                "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n",
                "prod/p.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {v: 'k: v1.33.1'}\n",
            },
            _query("base/c.yaml", "/data/v|/k"),
            'has k: v1.33.1 from prod/p.yaml:4. Point targets at what counts, with targets: [{path: "prod/p.yaml", ',
        ),
        # A Cluster, and a list of objects.
        (
            {
                "base/c.yaml": "kind: List\nitems:\n- "
                + cluster("dev").replace("\n", "\n  ")
                + "\n- "
                + cluster().replace("\n", "\n  "),
                "base/kustomization.yaml": "resources: [c.yaml]\n",
                "prod/kustomization.yaml": "resources: [../base]\npatches: [{target: {name: prod}, path: p.yaml}]\n",
                "prod/p.yaml": "- {op: add, path: /spec/topology/version, value: v1.33.1}\n",
            },
            Query(
                "prod", targets=(TargetWant("base/c.yaml", "/spec/topology/version", DocumentWant(name="prod")),)
            ),
            "Cluster prod has v1.33.1 from prod/p.yaml:1",
        ),
    ],
)  # fmt: skip
def test_what_does_not_count(files: dict[str, Any], query: Query, message: str) -> None:
    assert message in refusal(files, query, reason=OverriddenPlace)


@pytest.mark.parametrize("path", ["./apps", "./other"])
def test_what_flux_adds_to_a_folder_without_a_kustomization(path: str) -> None:
    patch = (RELEASE % "_" + "    kube: {version: v1.33.3}\n").replace("\n", "\n      ").rstrip(" ")
    added = f"  patches:\n  - target: {{kind: HelmRelease}}\n    patch: |\n      {patch}"
    files = {"apps/r.yaml": BASE["base/r.yaml"], "flux/k.yaml": FLUX % (path, added)}
    if path == "./other":
        assert locate(files, _query("apps/r.yaml")).version.file == "apps/r.yaml"
        return
    message = refusal(files, _query("apps/r.yaml"), reason=OverriddenPlace)
    assert 'targets: [{path: "flux/k.yaml", pointer: "/spec/patches/0/patch|/spec/values/kube/version"}]' in message
    pointer = "/spec/patches/0/patch|/spec/values/kube/version"
    assert locate(files, _query("flux/k.yaml", pointer)).version.text == "v1.33.3"


def test_what_counts_in_some_layers_needs_a_path() -> None:
    files = _over("patches: [{path: p.yaml}]\n", p=_merge("kube: {version: v1.33.1}")) | _over("", "dev")
    message = refusal(files, _query(), reason=AmbiguousPlace)
    assert (
        "An edit here would change some of what is deployed: HelmRelease prod has v1.33.1 from prod/p.yaml:6" in message
    )
    assert message.endswith("from prod/p.yaml:6. Name the folder of the layer that is meant with path.")
    assert locate(files, _query(paths=("dev",))).version.line == 6
    refusal(files, _query(paths=("prod",)), reason=OverriddenPlace)
    refusal(files, _query(paths=("elsewhere",)), reason=AmbiguousPlace)


def test_a_place_is_named_together_with_what_a_layer_puts_there() -> None:
    layer = _over("patches: [{path: p.yaml}]\n", p=_merge("kube: {version: v1.33.5}"))
    targets = (TargetWant("base/r.yaml", VERSION), TargetWant("prod/p.yaml", VERSION))
    assert len(locate(layer | _over("", "dev"), Query("prod", targets=targets)).slots) == 2
    assert len(locate(layer, Query("prod", targets=targets, paths=("prod",))).slots) == 2
    other = _over("patches: [{path: p.yaml}]\n", "dev", p=_merge("kube: {version: v1.33.1}"))
    message = refusal(layer | other, Query("prod", targets=targets), reason=OverriddenPlace)
    assert "would change nothing: HelmRelease prod has v1.33.1 from dev/p.yaml:6. Point targets" in message
    beside = (targets[0], TargetWant("prod/p.yaml", "/metadata/name", template="prod"))
    refusal(layer | _over("", "dev"), Query("prod", targets=beside), reason=AmbiguousPlace)


def test_several_places_in_one_file() -> None:
    targets = (TargetWant("base/r.yaml", "/spec/values/kube/list/2"), TargetWant("base/r.yaml", VERSION))
    files = _over("patches: [{path: p.yaml}]\n", p=_merge("kube: {version: v1.33.1}"))
    message = refusal(files, Query("prod", targets=targets), reason=OverriddenPlace)
    assert "/spec/values/kube/version: An edit here would change nothing" in message


def test_setter_comments_beside_a_value_and_what_a_layer_puts_there() -> None:
    comment = 'version: v1.33.5 # {"$gitops-upgrader": "fleet/prod:version"}'
    files = _over("patches: [{path: p.yaml}]\n", p=_merge(comment)) | _over("", "dev")
    files["base/r.yaml"] = _merge(comment)
    assert [slot.place.file for slot in locate(files, Query("prod", owner="fleet/prod")).slots] == [
        "base/r.yaml",
        "prod/p.yaml",
    ]


def test_many_overrides_are_told_in_short() -> None:
    files: dict[str, Any] = {}
    for index in range(5):
        files |= _over("patches: [{path: p.yaml}]\n", f"o{index}", p=_merge(f"kube: {{version: v1.33.{index}}}"))
    message = refusal(files, _query(), reason=OverriddenPlace)
    assert "from o2/p.yaml:6; and so on, 5 in all." in message
    assert message.count("targets: [") == 3


def test_a_setter_comment_is_to_be_moved() -> None:
    files = _over("patches: [{path: p.yaml}]\n", p=_merge("kube: {version: v1.33.1}"))
    comment = '    version: v1.33.5 # {"$gitops-upgrader": "fleet/prod:version"}\n'
    files["base/r.yaml"] = RELEASE % "prod" + comment.replace("version", "kube:\n      version", 1)
    query = Query("prod", owner="fleet/prod")
    message = refusal(files, query, reason=OverriddenPlace)
    assert message.endswith("Move the setter comment to prod/p.yaml:6.")


def test_the_hint_shows_what_counts() -> None:
    charts = {"charts/c.yaml": cluster(version="{{ .Values.kube.version }}")}
    files = _over("patches: [{path: p.yaml}]\n", p=_merge("kube: {version: v1.33.1}")) | charts
    message = refusal(files, reason=TemplatedValue)
    assert "It looks as if it came from prod/p.yaml:6 (v1.33.1) with" in message
    assert "base/r.yaml" not in message
    files = _over(_operation("{op: add, path: /spec/values/kube/version, value: v1.33.2}")) | charts
    message = refusal(files, reason=TemplatedValue)
    assert "It looks as if it came from prod/kustomization.yaml:5 (v1.33.2) with" in message
    assert message.count("targets: [") == 1
    files = _over(_operation("{op: add, path: /spec/values/kube/version, value: $(X)}")) | charts
    assert "looks as if" not in refusal(files, reason=TemplatedValue)
    files = _over("", "dev") | _over("patches: [{path: p.yaml}]\n", p=_merge("kube: {version: v1.33.1}")) | charts
    message = refusal(files, reason=TemplatedValue)
    assert "came from prod/p.yaml:6 (v1.33.1) with" in message
    assert "or from base/r.yaml:6 (v1.33.5) with" in message
