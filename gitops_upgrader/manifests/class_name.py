"""Names of ClusterClasses that carry the version, or its minor (`docker-ferrol-1-27-v1`)."""

from __future__ import annotations

import re

from gitops_upgrader.manifests.image_variable import templated
from gitops_upgrader.versions import Version


def class_template(name: str, version: Version) -> str | None:
    """The name of a class with placeholders where it names a version or its minor; None where it does not.

    >>> class_template("docker-1-27-v1", Version.parse("v1.27.3"))
    'docker-$(MAJOR)-$(MINOR)-v1'
    """
    for separator in (".", "-"):
        minor = re.compile(rf"(?<![\d.]){version.major}{re.escape(separator)}{version.minor}(?!\d|[.]\d)")
        if minor.search(name) and templated(name, version) is None:
            return minor.sub(f"$(MAJOR){separator}$(MINOR)", name)
    return templated(name, version)
