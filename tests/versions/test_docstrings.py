"""The examples in the documentation are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import gitops_upgrader.versions

MODULES = [module.name for module in pkgutil.iter_modules(gitops_upgrader.versions.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(f"gitops_upgrader.versions.{name}")
    result = doctest.testmod(module)
    assert result.failed == 0
    assert result.attempted > 0 or name in ("comparator", "intervals")
