from __future__ import annotations

import pytest

from gitops_upgrader.forges import comments


def test_a_comment_is_found_again() -> None:
    text = comments.write("obsolete/v1.34.2", "No longer needed.\n\n")
    assert text == "No longer needed.\n\n<!-- gitops-upgrader:comment obsolete/v1.34.2 -->\n"
    assert comments.carries(text.replace("\n", "\r\n"), "obsolete/v1.34.2")
    assert not comments.carries(text, "obsolete/v1.34")
    assert not comments.carries(None, "obsolete/v1.34.2")


@pytest.mark.parametrize("key", ["", " ", "a b", "a-->b", "a--b", "a\nb", "-a"])
def test_a_key_that_would_break_out(key: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        comments.write(key, "x")
