from __future__ import annotations

import pytest
import yaml
import yaml_rs

from gitops_upgrader.manifests.spacing import plain


@pytest.mark.parametrize(
    ("text", "spaced"),
    [
        ("a: 'b\tc' # d\n", "a: 'b\tc' # d\n"),
        ("a:\tb\n", "a: b\n"),
        ("- 'a':\tb\t# c\td\n", "- 'a': b # c d\n"),
        ("a:\t|\n  b\tc\n", "a: |\n  b\tc\n"),
        ('a:\n  b: "c\n   d"\n', 'a:\n  b: "c\n      d"\n'),
        ("a:\n  b: 'c\n  d\n\n  e'\n", "a:\n  b: 'c\n      d\n\n      e'\n"),
        ('a:\r\n  b: "c\\\r\n  \\ d"\r\n', 'a:\r\n  b: "c\\\r\n      \\ d"\r\n'),
        ("a: {b: {c: d,\n'e': 'f\ng' # h\n}}\ni: j\n", "a: {b: {c: d,\n    'e': 'f\n    g' # h\n    }}\ni: j\n"),
        ("- [\n'a', [b,\nc], {}\n]\n- d\n", "- [\n   'a', [b,\n   c], {}\n   ]\n- d\n"),
    ],
)
def test_white_space_that_no_value_has_is_such_as_all_parsers_take(text: str, spaced: str) -> None:
    assert plain(text) == spaced
    # Another parser than PyYAML's own, which takes no tabs.
    assert yaml_rs.loads(spaced) == yaml.safe_load(spaced) == yaml.load(text, yaml.CSafeLoader)


def test_what_is_no_yaml_stays() -> None:
    assert plain("a:\tb\n- [") == "a:\tb\n- ["
