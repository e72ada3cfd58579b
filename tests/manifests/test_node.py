from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from gitops_upgrader.errors import AliasBomb, ManifestError, ManifestTooLarge, NestedTooDeep, UnreadableManifest
from gitops_upgrader.manifests import compose
from gitops_upgrader.manifests.compose import MAX_DEPTH
from gitops_upgrader.manifests.node import Alias, Mapping, Scalar, Sequence
from tests.manifests.samples import document, root


def test_a_tree_knows_its_places() -> None:
    text = "a: &x !!str v1 # c\nb: [1, {c: 'd'}]\n? [k]\n: v\n&k e: |\n  f\n"
    node = root(text)
    assert isinstance(node, Mapping)
    assert node.keys == ["a", "b", "", "e"]
    first, second, _, last = node.values
    assert isinstance(first, Scalar)
    assert (first.value, first.anchor, first.tag, first.style) == ("v1", "x", "tag:yaml.org,2002:str", "")
    assert first.is_text
    assert text[first.start : first.end] == "&x !!str v1"
    assert isinstance(second, Sequence)
    assert second.flow
    assert text[second.start : second.end] == "[1, {c: 'd'}]"
    assert isinstance(last, Scalar)
    assert last.style == "|"
    assert len(node.complex) == 2
    assert text[node.key_start(1)] == "b"


def test_a_key_that_is_written_otherwise_is_taken_to_be_at_its_value() -> None:
    node = root('"a\\u0062": 1\n')
    assert isinstance(node, Mapping)
    assert node.keys == ["ab"]
    assert node.key_start(0) == node.values[0].start


def test_a_document_of_comments_has_no_root() -> None:
    empty = document("# c\n---\n# d\n")
    assert isinstance(empty.root, Scalar)
    assert document("...\n# c\n--- 1\n").root is not None


@pytest.mark.parametrize("text", ["%YAML 1.2\n", "%YAML 1.2\na\n"])
def test_directives_without_a_document_are_told(text: str) -> None:
    found = document(text + "--- x\n")
    found.end = len(text)
    with pytest.raises(UnreadableManifest):
        _ = found.root


def test_aliases_know_what_they_stand_for() -> None:
    node = root("a: &x {b: [1]}\nc: *x\n*x : d\n")
    assert isinstance(node, Mapping)
    alias = node.values[1]
    assert isinstance(alias, Alias)
    assert alias.name == "x"
    assert alias.target is node.values[0]
    assert isinstance(node.complex[0], Alias)


@pytest.mark.parametrize(
    ("text", "reason", "message"),
    [
        ("a: *x\n", UnreadableManifest, r"a\.yaml:1:4: This is not YAML: nothing before it has the anchor &x\."),
        ("a: &x [*x]\n", AliasBomb, r"The anchor &x holds itself\."),
        ("a: 'x\n", UnreadableManifest, "quoted scalar"),
        (
            "\ufeff\ufeffa: 1\n",
            UnreadableManifest,
            r"a\.yaml:1:1: This is not YAML: a byte order mark stands where none",
        ),
        (
            'a: "b \\ud83d\\ude80"\n',
            UnreadableManifest,
            r"a\.yaml:1:7: The escape \\ud83d stands for no character in YAML\. Write the character itself\.",
        ),
        ('{"a": "\\ud83d"}', UnreadableManifest, r"a\.yaml:1:8: The escape \\ud83d stands for no character"),
        ('["\\u0041", "\\U00110000"]', UnreadableManifest, r"a\.yaml:1:13: The escape \\U00110000 stands for no"),
        ("a: \x00\n", UnreadableManifest, r"a\.yaml:1:1: This is not YAML: unacceptable character"),
        ("a: 1\rb: 2\r---\rc: 3\r", UnreadableManifest, "a line end that is neither"),
        ("[" * (MAX_DEPTH + 1), NestedTooDeep, "deeper than 100 levels"),
        ("- " * (MAX_DEPTH + 1), NestedTooDeep, "deeper than 100 levels"),
        (
            f"x: [{'0,' * 60_000}]\ny: " + "[" * MAX_DEPTH,
            NestedTooDeep,
            "a.yaml:2:103: The document nests deeper than 100",
        ),
        (f"x: [{'0,' * 200_000}]\ny: &y 1\nz: [*y, *y]\n", ManifestTooLarge, "with aliases here has more than 200,000"),
        ("a: &x " + "[" * 60 + "]" * 60 + "\nb: " + "[" * 60 + "*x" + "]" * 60, NestedTooDeep, "deeper than 100"),
    ],
)
def test_what_is_unsafe_is_refused(text: str, reason: type[ManifestError], message: str) -> None:
    with pytest.raises(reason, match=message):
        _ = document(text).root


def test_nesting_within_the_limit_is_read() -> None:
    assert root("[" * MAX_DEPTH + "]" * MAX_DEPTH) is not None


@pytest.mark.parametrize(
    ("limit", "more", "message"),
    [
        ("MAX_EVENTS", "", r"a\.yaml:1:1: A document here has more than 60,010 keys and values\."),
        ("MAX_ALIASED", "b: &b 1\nc: *b\n", r"a\.yaml:1:1: A document with aliases here has more than 60,010 keys and"),
        ("MAX_ALIASED", "b: &b 1\nc: [*b, *b]\n", "A document with aliases here"),
    ],
)
def test_a_document_of_very_many_values_is_refused(
    monkeypatch: pytest.MonkeyPatch, limit: str, more: str, message: str
) -> None:
    # The items, a key, and both ends of list, mapping, document and stream.
    items = 60_001 - 2 * (more.count(":") + more.count("[")) - more.count(",")
    text = "a: [" + "1, " * (items - 1) + f"1]\n{more}"
    monkeypatch.setattr(compose, limit, 60_010)
    assert root(text) is not None
    with pytest.raises(ManifestTooLarge, match=message):
        _ = document(text.replace("[1,", "[1, 1,")).root


BOMB = (
    "a: &a0 ["
    + ",".join(["x"] * 9)
    + "]\n"
    + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10))
)


def many(values: int) -> str:
    """A list of many small values, for what stands after it."""
    return "x: [" + "0," * values + "]\n"


LONG_TEXT = "a: &a " + "x" * 1_000_000 + "\nb: [" + ",".join(["*a"] * 1000) + "]\n"
CHAIN = "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: *a{i - 1}}}\n" for i in range(1, 5000))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, AliasBomb),
        (LONG_TEXT, AliasBomb),
        (CHAIN, NestedTooDeep),
        ("[" * 100_000, NestedTooDeep),
        ("{a: " * 100_000, NestedTooDeep),
        ("- " * 100_000, NestedTooDeep),
        ("? " * 100_000, NestedTooDeep),
        ("".join(f"{' ' * i}a:\n" for i in range(1500)), NestedTooDeep),
    ],
    ids=["bomb", "long text", "chain", "flow lists", "flow maps", "block lists", "complex keys", "block maps"],
)
def test_bombs_end_in_an_error_quickly(text: str, reason: type[ManifestError]) -> None:
    start = time.process_time()
    with pytest.raises(reason):
        _ = document(text).root
    assert time.process_time() - start < 1


def test_bombs_need_little_memory_and_time() -> None:
    # A process of its own: the peak is one of the whole process, a crash of a parser must not end the tests, and who
    # measures coverage slows everything down.
    script = (
        "import sys, time\n"
        "from gitops_upgrader.errors import ManifestError\n"
        "from gitops_upgrader.manifests import Manifests, Query\n"
        "from tests.manifests.memory import MemoryTree\n"
        "from tests.manifests.samples import cluster\n"
        "from tests.manifests.test_node import BOMB, LONG_TEXT, many\n"
        "deep = 'y:\\n  z: ' + '[' * 100_000\n"
        "small = (BOMB, LONG_TEXT, deep, deep.replace('[', '- '), deep.replace('[', '{a: '))\n"
        "large = (many(count) + text for count in (180_000, 700_000, 3_000_000) for text in (BOMB, deep))\n"
        "def seconds(manifests):\n"
        "    start = time.process_time()\n"
        "    try:\n"
        "        manifests.locate(Query('prod'))\n"
        "    except ManifestError:\n"
        "        return time.process_time() - start\n"
        "    sys.exit('not refused')\n"
        "for text in (text for texts in (small, large) for text in texts):\n"
        "    manifests = Manifests(MemoryTree({'a.yaml': cluster() + text}))\n"
        "    assert not manifests.clusters()\n"
        "    assert any(seconds(manifests) < 1 for _ in range(3)), len(text)\n"
        "try:\n"  # Linux's ru_maxrss begins at that of the process that started this one; VmHWM does not
        "    with open('/proc/self/status') as status:\n"
        "        peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith('VmHWM'))\n"
        "except OSError:\n"  # macOS, where getrusage(2) counts bytes
        "    import resource\n"
        "    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(peak)\n"
    )
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run([sys.executable, "-c", script], env=plain, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 200 * 1024 * 1024
