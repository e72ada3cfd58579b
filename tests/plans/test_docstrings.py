"""The examples in the documentation are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import gitops_upgrader.plans

MODULES = [module.name for module in pkgutil.iter_modules(gitops_upgrader.plans.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(f"gitops_upgrader.plans.{name}")
    assert doctest.testmod(module).failed == 0
