"""Hypothesis strategies for manifests: Clusters in every style that people write, and text that nearly is one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from gitops_upgrader.manifests import Query, Values, VariableWant

NAME = "prod"
OLD = "v1.33.5"
OLD_IMAGE = "img-33"

comments = st.sampled_from(["", " # a comment", "   # Größe: 日本語 🚀", " #\ttab", " # {x: [", " # v1.30.0 'quoted'"])
quotes = st.sampled_from(["", "'", '"', "!!str "])
words = st.sampled_from(["a", "region", "Größe", "x-y", "q: r", "it's", "102", "yes", "", "- x", "#", "node:v1.2.3"])
gaps = st.sampled_from(["", "\n", "# between\n", "\n\n    # deep\n"])

_BEFORE = ["", "# é\n", "---\n", "%YAML 1.2\n---\n", "a: 1\n---\n", "k: |\n  ---\n  x\n--- # c\n"]
_AFTER = ["", "...\n", "---\n", "---\nb: 'v1.33.5'\n", "...\n# end\n", "---\nbroken: {{ x }}: [\n"]
_SYNTAX = "\n|- |: |&a |*a |<<: |>|[|]|{|}|{{ .Values.x }}|${X}|#|\"|'|\t|\r|!|? |---\n|\u2028|\x85|\x00|\ufeff"
_PIECES = [*(piece.encode() for piece in _SYNTAX.split("|")), b"|", b"\xff", b"%YAML 1.1\n"]


@dataclass(frozen=True)
class Manifest:
    """One file with one Cluster called `NAME`, and what its version and image are."""

    data: bytes
    version: str
    image: str | None

    @property
    def query(self) -> Query:
        return Query(NAME, variables=(VariableWant("imageId"),))

    @property
    def current(self) -> Values:
        return Values(version=self.version, variables=() if self.image is None else (self.image,))


def quoted(text: str, quote: str) -> str:
    """A text in some quotes; plain where it is safe only."""
    if quote == "'":
        return "'" + text.replace("'", "''") + "'"
    if quote == '"' or not text.replace("-", "").replace(".", "").isalnum() or text.isdigit() or text in {"yes", "a"}:
        return json.dumps(text, ensure_ascii=False)
    return quote + text


@st.composite
def block(draw: st.DrawFn) -> Manifest:
    """A Cluster in block style, with its neighbours, in a file with any line ends."""
    version = draw(st.sampled_from([OLD, "1.33.5", "v1.33.5+rke2r1"]))
    image = draw(st.sampled_from([OLD_IMAGE, None]))
    step = " " * draw(st.sampled_from([1, 2, 4]))
    field = f"version: {quoted(version, draw(quotes))}{draw(comments)}\n"
    variables = _variables(draw, image, step)
    parts = draw(st.permutations([f"class: c{draw(comments)}\n", field, *variables]))
    topology = "".join(_indent(part, step * 2) + draw(gaps) for part in parts)
    metadata = f"metadata:\n{step}name: {quoted(NAME, draw(quotes))}{draw(comments)}\n{step}labels: {{a: b}}\n"
    head = draw(st.permutations(["apiVersion: cluster.x-k8s.io/v1beta1\n", "kind: Cluster\n", metadata]))
    text = "".join(head) + draw(gaps) + f"spec:\n{step}topology:\n{topology}"
    return Manifest(_file(draw, text), version, image)


def _variables(draw: st.DrawFn, image: str | None, step: str) -> list[str]:
    others = draw(st.lists(words, max_size=3, unique=True))
    items = [(f"v{index}", quoted(word, draw(quotes))) for index, word in enumerate(others)]
    if image is not None:
        items.insert(draw(st.integers(0, len(items))), ("imageId", quoted(image, draw(quotes))))
    if draw(st.booleans()) and items:
        flows = [f"{{name: {name}, value: {value}}}" for name, value in items]
        return [f"variables: [{_listed(draw, flows, step)}]{draw(comments)}\n"]
    if not items:
        empty = ["variables: []", "variables:", "variables: null", f"variables: [{draw(comments)}\n{step}]"]
        return draw(st.sampled_from([[], *([f"{text}{draw(comments)}\n"] for text in empty)]))
    dash = draw(st.sampled_from(["", step]))
    gap = " " * draw(st.sampled_from([1, 3]))
    lines = []
    for name, value in items:
        lines.append(f"{dash}-{gap}name: {name}{draw(comments)}\n")
        lines.append(f"{dash} {gap}value: {value}{draw(comments)}\n")
    return ["variables:\n" + "".join(lines)]


def _listed(draw: st.DrawFn, flows: list[str], step: str) -> str:
    """The inside of a flow list, on one line or on several, with comments and a comma after the last item or not."""
    if draw(st.booleans()):
        return ", ".join(flows)
    commas = [","] * (len(flows) - 1) + [draw(st.sampled_from(["", ","]))]
    lines = (f"{step}{text}{comma}{draw(comments)}\n" for text, comma in zip(flows, commas, strict=True))
    return f"{draw(comments)}\n{''.join(lines)}{draw(st.sampled_from(['', step]))}"


def _indent(text: str, pad: str) -> str:
    return "".join(pad + line for line in text.splitlines(keepends=True))


def _file(draw: st.DrawFn, text: str) -> bytes:
    before = draw(st.sampled_from(_BEFORE))
    after = draw(st.sampled_from(_AFTER))
    text = before + text + after
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode()


@st.composite
def flow(draw: st.DrawFn) -> Manifest:
    """A Cluster as JSON, in one of the ways in which programs write it, alone or in a list."""
    image = draw(st.sampled_from([OLD_IMAGE, None]))
    variables: list[Any] = [{"name": "n", "value": draw(st.one_of(words, st.integers(), st.booleans(), st.none()))}]
    if image is not None:
        variables.append({"name": "imageId", "value": image})
    topology: dict[str, Any] = {"class": draw(words), "version": OLD, "variables": variables}
    if draw(st.booleans()) and image is None:
        del topology["variables"]
    document: Any = {
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": "Cluster",
        "metadata": {"name": NAME, "annotations": {draw(words): draw(words)}},
        "spec": {"topology": topology},
    }
    if draw(st.booleans()):
        document = {"apiVersion": "v1", "kind": "List", "items": [document]}
    indent = draw(st.sampled_from([None, 2, 4, "\t"]))
    separators = draw(st.sampled_from([None, (",", ":")]))
    text = json.dumps(document, indent=indent, separators=separators, ensure_ascii=draw(st.booleans()))
    return Manifest(text.encode("utf-8", "surrogatepass") + draw(st.sampled_from([b"", b"\n"])), OLD, image)


manifests = st.one_of(block(), flow())


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A manifest with some bytes taken out, put in or doubled."""
    data = draw(manifests).data
    places = draw(st.randoms(use_true_random=False))  # evenly, where hypothesis would prefer the beginning
    for _ in range(draw(st.integers(1, 4))):
        start = places.randint(0, len(data))
        end = min(len(data), start + places.choice([0, 0, 1, 2, 12]))
        piece = draw(st.one_of(st.binary(max_size=3), st.sampled_from([data[start:end] * 2, *_PIECES])))
        data = data[:start] + piece + data[end:]
    return data
