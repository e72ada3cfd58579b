"""No name, id or path can become markup, a mention, or one of our own hidden comments."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.pulls.body import BEGIN, END
from gitops_upgrader.pulls.markdown import code, prose

NASTY = [
    "@everyone",
    "#1",
    "a|b|c",
    "`",
    "``x`` y `",
    "-->",
    "--->",
    "<!-- hidden -->",
    BEGIN,
    END,
    '<!-- gitops-upgrader {"upgrader":"a/b"} -->',
    "<img src=x onerror=alert(1)>",
    "[click](https://example.org)",
    "![x](y)",
    "**bold** _it_ ~no~",
    "> quote",
    "# heading",
    "- item",
    "line\nbreak\r\n\nparagraph",
    "\\",
    "",
    "   ",
    "\udcff.yaml",
]
TEXT = st.one_of(st.text(max_size=60), st.sampled_from(NASTY), st.text(alphabet="`|<!->@#\\ \n*", max_size=30))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("img-v1.34.2", "`img-v1.34.2`"),
        ("\udcff\ud800.yaml", "`\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}.yaml`"),
        ("a`b", "``a`b``"),
        ("`a", "`` `a ``"),
        ("a|b", "`a\\|b`"),
        ("a\nb", "`a b`"),
        ("", "` `"),
    ],
)
def test_code(text: str, shown: str) -> None:
    assert code(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hop v1.33.5 -> v1.34.2: newest image.", "Hop v1.33.5 -> v1.34.2: newest image."),
        ("clusters/my_file.yaml:3", "clusters/my\\_file.yaml:3"),
        ("[a](b)", "\\[a\\](b)"),
        ("> a", "\\> a"),
        ("by @ann", "by @\N{WORD JOINER}ann"),
        ("see #12 and # 12", "see #\N{WORD JOINER}12 and # 12"),
    ],
)
def test_prose(text: str, shown: str) -> None:
    assert prose(text) == shown


@given(TEXT)
def test_no_text_leaves_a_code_span(text: str) -> None:
    shown = code(text)

    fence = re.match(r"`+", shown)
    assert fence is not None
    inner = shown[len(fence[0]) : -len(fence[0])]
    assert shown.endswith(fence[0])
    assert all(len(run) != len(fence[0]) for run in re.findall(r"`+", inner))
    assert not re.search(r"(?<!\\)\|", inner)
    assert "\n" not in shown


@given(TEXT)
def test_no_text_opens_or_ends_a_comment(text: str) -> None:
    for shown in (code(text), prose(text)):
        assert "<!--" not in shown
        assert "-->" not in shown
        assert "\n" not in shown


@given(TEXT)
def test_no_text_mentions_or_formats(text: str) -> None:
    shown = prose(text)

    assert not re.search(r"@\w|#[0-9]", shown)
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*\[\]<]", re.sub(r"\\[^\w\s]", "", shown))


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp")), max_size=40))
def test_an_ordinary_text_stays_readable(text: str) -> None:
    """Whoever takes the markup away again reads the same words."""
    plain = prose(text).replace("\N{WORD JOINER}", "")

    assert re.sub(r"\\([\\`*_\[\]<~>#+-])", r"\1", plain) == text.replace("\N{WORD JOINER}", "")
