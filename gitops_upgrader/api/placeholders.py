"""Placeholders in ids, classes, targets and messages: `$(NAME)`.

The form is Kubernetes' own (container `args`), because Flux's and clusterctl's substitution would eat `${NAME}`.
As there, `$$` stands for one dollar sign, so `$$(NAME)` stays `$(NAME)`. Unlike there, an unknown name, an unclosed
`$(` and one of our names in a shell's braces are errors: a template is checked when it is written, not when a cluster
breaks on it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping

from gitops_upgrader.errors import InvalidTemplate

VERSION_NAMES = ("KUBERNETES_VERSION", "VERSION_NO_V", "VERSION_SLUG", "MAJOR", "MINOR", "PATCH")
"""What is known as soon as a version is."""

NAMES = (*VERSION_NAMES, "IMAGE_ID", "CLUSTER_NAME", "FROM_VERSION", "UPGRADER")
"""Every placeholder there is."""

_TOKEN = re.compile(rf"\$\$|\$\(([^()$]*)\)|\$\(|\$\{{(?:{'|'.join(NAMES)})\}}")


def names(template: str, known: tuple[str, ...] = NAMES) -> tuple[str, ...]:
    """The placeholders of a template, in order, each once.

    Raises:
        InvalidTemplate: a name that is not in `known`, or in braces, or a `$(` that nothing closes.
    """
    found: dict[str, None] = {}

    def note(name: str) -> str:
        found[name] = None
        return ""

    _substitute(template, note, known)
    return tuple(found)


def expand(template: str, values: Mapping[str, str]) -> str:
    """Put values in the places of a template's placeholders. What they hold is not expanded again.

    Raises:
        InvalidTemplate: an unknown name, one that has no value here or is in braces, or a `$(` that nothing closes.
    """

    def value(name: str) -> str:
        if name not in values:
            raise InvalidTemplate(f"$({name}) has no value here.", remedy=f"Use one of {_listed(tuple(values))}.")
        return values[name]

    return _substitute(template, value, NAMES)


def pattern(known: tuple[str, ...] = NAMES, plain: str = "[^$]") -> str:
    """The regular expression (RE2) of all legal templates, for a CRD's schema; `plain` is every other character."""
    return rf"^({plain}|\$\$|\$({plain.replace('$', '$(')})|\$\(({'|'.join(known)})\))*\$?$"


def _substitute(template: str, value: Callable[[str], str], known: tuple[str, ...]) -> str:
    def replacement(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        if match[0] == "$(":
            raise InvalidTemplate(
                f"`$(` in {template!r} is not the beginning of a placeholder.",
                remedy="Close it, as in $(KUBERNETES_VERSION), or write $$( for the characters themselves.",
            )
        if match[0].startswith("${"):
            meant = f"$({match[0][2:-1]})"
            raise InvalidTemplate(
                f"{match[0]} is not how a placeholder is written, and would stay as it is.",
                remedy=f"Write {meant}, or ${match[0]} for the characters themselves.",
            )
        if match[1] not in known:
            raise _unknown(match[1], known)
        return value(match[1])

    return _TOKEN.sub(replacement, template)


def _unknown(name: str, known: tuple[str, ...]) -> InvalidTemplate:
    if name in NAMES:
        return InvalidTemplate(f"$({name}) has no value here.", remedy=f"Use one of {_listed(known)}.")
    close = difflib.get_close_matches(name.upper(), known, n=1)
    hint = f"Did you mean $({close[0]})?" if close else f"Use one of {_listed(known)}."
    return InvalidTemplate(f"$({name}) is no placeholder.", remedy=hint)


def _listed(known: tuple[str, ...]) -> str:
    return ", ".join(f"$({name})" for name in known) or "no placeholder at all"
