from __future__ import annotations

import base64
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.git.redaction import redact


def test_credentials_go_even_when_nobody_names_them() -> None:
    assert redact("fatal: https://ada:pw@host/x: no") == "fatal: https://***@host/x: no"
    assert redact("> Authorization: Basic YWRhOnB3\nmore") == "> Authorization: ***\nmore"
    assert redact("proxy-authorization: Bearer tok") == "proxy-authorization: ***"


def test_long_secrets_go_line_by_line() -> None:
    key = "-----BEGIN KEY-----\nMIIabcdefghijkl\n-----END KEY-----\n"
    assert "MIIabcdefghijkl" not in redact("it says MIIabcdefghijkl here", [key])
    assert "BEGIN KEY" in redact("no -----BEGIN KEY----- found", [key])


def test_words_that_are_no_secrets_stay() -> None:
    assert redact("a pass to the password", ["a", ""]) == "a pass to the password"
    assert redact("git@host:x failed") == "git@host:x failed"


@given(
    st.text(min_size=6, max_size=30).filter(lambda text: "*" not in text), st.text(max_size=20), st.text(max_size=20)
)
def test_no_form_of_a_secret_is_left(secret: str, before: str, after: str) -> None:
    forms = (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode().rstrip("="))
    text = redact(before + " ".join(forms) + after, [secret])
    assert not any(form in text for form in forms)
