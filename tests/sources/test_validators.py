"""What is remembered between two looks, and its text form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.sources.validators import Validator, Validators, query_digest, sendable

TEXT = st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)
VALIDATOR = st.builds(Validator, name=st.sampled_from(["", "Packages.gz"]), etag=TEXT, last_modified=TEXT, digest=TEXT)


@given(st.builds(Validators, query=st.sampled_from(["", "0123"]), indexes=st.lists(VALIDATOR).map(tuple)))
def test_the_text_form_is_read_back(validators: Validators) -> None:
    assert Validators.parse(str(validators)) == validators


def test_the_text_form_is_one_short_line() -> None:
    validators = Validators("0123456789abcdef", (Validator("Packages.gz", etag='W/"x"'), Validator()))
    assert str(validators) == ('{"indexes":[{"etag":"W/\\"x\\"","name":"Packages.gz"},{}],"query":"0123456789abcdef"}')


@pytest.mark.parametrize(
    "text",
    ["", "an etag of an older program", "[]", "{}", '{"query": 1}', '{"query": "a", "indexes": [1]}', "[" * 9000],
)
def test_what_is_none_of_ours_gives_none(text: str) -> None:
    assert Validators.parse(text) == Validators()


def test_what_does_not_fit_into_a_header_is_dropped() -> None:
    edited = (
        '{"query": "q", "indexes": [{"name": 1, "etag": "a\\r\\nX-Evil: 1", "last_modified": "\u00e4", "digest": ""}]}'
    )
    assert Validators.parse(edited) == Validators("q", (Validator(),))
    assert sendable("a" * 513) is None
    assert sendable('"a"') == '"a"'


def test_a_digest_tells_queries_apart() -> None:
    assert len({query_digest("a", "b"), query_digest("ab"), query_digest("ab", ""), query_digest(b"b", b"a")}) == 4
