from __future__ import annotations

import pytest

from gitops_upgrader.manifests.class_name import class_template
from gitops_upgrader.versions import Version


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("docker-ferrol-1-33-v1", "docker-ferrol-$(MAJOR)-$(MINOR)-v1"),
        ("openstack-1.33", "openstack-$(MAJOR).$(MINOR)"),
        ("openstack-v1.33", "openstack-v$(MAJOR).$(MINOR)"),
        ("c-v1.33.5", "c-$(KUBERNETES_VERSION)"),
        ("c-1-33-5", "c-$(MAJOR)-$(MINOR)-$(PATCH)"),
        ("quick-start", None),
        ("c-1-335", None),
        ("c-11-33", None),
        ("c-1.33.7", None),
    ],
)
def test_names_that_carry_the_version(name: str, template: str | None) -> None:
    assert class_template(name, Version.parse("v1.33.5")) == template
