from __future__ import annotations

import base64
import string
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.forges.redaction import redact

TOKENS = st.text(string.ascii_letters + string.digits + "-_/+=@:", min_size=8, max_size=60)
OTHERS = st.text(string.ascii_letters + ":", max_size=20)


@given(TOKENS, OTHERS, OTHERS)
def test_no_spelling_of_a_secret_is_left(secret: str, before: str, after: str) -> None:
    packed = base64.b64encode((before + secret + after).encode()).decode()
    safe = base64.urlsafe_b64encode((before + secret + after).encode()).decode()
    text = f"{secret} {quote(secret, safe='')} {packed} {safe}"
    shown = redact(text, [secret])
    assert secret not in shown
    assert secret.encode() not in base64.b64decode(packed if packed in shown else "")
    assert "***" in shown


@given(st.text())
def test_without_secrets_a_text_is_what_it_is(text: str) -> None:
    assert redact(text, []) == text
    assert redact(text, ["", "a", "abc"]) == text


def test_the_longer_of_two_is_taken_out_whole() -> None:
    assert redact("secret-and-more secret", ["secret", "secret-and-more"]) == "*** ***"
