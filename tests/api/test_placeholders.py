"""`$(NAME)` templates."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.api import placeholders
from gitops_upgrader.errors import InvalidTemplate

VALUES = dict.fromkeys(placeholders.NAMES, "x") | {"KUBERNETES_VERSION": "v1.34.2", "IMAGE_ID": "$(MAJOR)$$"}


@pytest.mark.parametrize(
    ("template", "expanded"),
    [
        ("", ""),
        ("plain", "plain"),
        ("$(KUBERNETES_VERSION)", "v1.34.2"),
        ("a-$(KUBERNETES_VERSION)-$(PATCH)", "a-v1.34.2-x"),
        ("$(KUBERNETES_VERSION)$(KUBERNETES_VERSION)", "v1.34.2v1.34.2"),
        ("$$(KUBERNETES_VERSION)", "$(KUBERNETES_VERSION)"),
        ("$$$(KUBERNETES_VERSION)", "$v1.34.2"),
        ("$$$$", "$$"),
        ("$${KUBERNETES_VERSION}", "${KUBERNETES_VERSION}"),
        ("${REGION} ${ ${} $MAJOR", "${REGION} ${ ${} $MAJOR"),
        ("5$ or $5", "5$ or $5"),
        ("$(IMAGE_ID)", "$(MAJOR)$$"),
        ("two\nlines $(MAJOR)", "two\nlines x"),
    ],
)
def test_expand(template: str, expanded: str) -> None:
    assert placeholders.expand(template, VALUES) == expanded


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("$(KUBERNETES_VERSON)", r"\$\(KUBERNETES_VERSON\) is no placeholder. Did you mean \$\(KUBERNETES_VERSION\)\?"),
        ("$(kubernetes_version)", r"Did you mean \$\(KUBERNETES_VERSION\)\?"),
        ("$()", "is no placeholder. Use one of"),
        ("$( MAJOR )", r"is no placeholder"),
        ("a $(MAJOR", "Close it"),
        ("a $(", "Close it"),
        ("$($(MAJOR))", "Close it"),
        (
            "ubuntu-${KUBERNETES_VERSION}",
            r"^\$\{KUBERNETES_VERSION\} is not how .* Write \$\(KUBERNETES_VERSION\), or \$\$\{KUBERNETES_VERSION\} ",
        ),
    ],
)
def test_mistakes(template: str, message: str) -> None:
    with pytest.raises(InvalidTemplate, match=message):
        placeholders.names(template)
    with pytest.raises(InvalidTemplate, match=message):
        placeholders.expand(template, VALUES)


def test_names_in_order_each_once() -> None:
    assert placeholders.names("$(MINOR) $(MAJOR) $(MINOR) $$(PATCH)") == ("MINOR", "MAJOR")


def test_a_name_that_has_no_value_here() -> None:
    with pytest.raises(InvalidTemplate, match=r"\$\(IMAGE_ID\) has no value here. Use one of \$\(MAJOR\)"):
        placeholders.expand("$(IMAGE_ID)", {"MAJOR": "1"})
    with pytest.raises(InvalidTemplate, match="has no value here"):
        placeholders.names("$(IMAGE_ID)", placeholders.VERSION_NAMES)
    with pytest.raises(InvalidTemplate, match="Use one of no placeholder at all"):
        placeholders.expand("$(IMAGE_ID)", {})


@given(st.text(alphabet="$()MAJORx\n", max_size=12))
def test_the_crds_pattern_admits_what_is_legal(template: str) -> None:
    try:
        placeholders.names(template)
        legal = True
    except InvalidTemplate:
        legal = False
    assert legal == bool(re.search(placeholders.pattern().removesuffix("$") + r"\Z", template))


@given(st.text(max_size=20))
def test_doubling_every_dollar_keeps_any_text(text: str) -> None:
    assert placeholders.expand(text.replace("$", "$$"), {}) == text
