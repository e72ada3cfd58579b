from __future__ import annotations

import pytest

from gitops_upgrader.errors import ForgeSettingsInvalid
from gitops_upgrader.forges.address import Address, api_url, origin, pages_url, project_path

HTTPS = Address("https", "forge.example", "acme/fleet.git")


@pytest.mark.parametrize(
    ("address", "site", "repository"),
    [
        (HTTPS, "https://forge.example", "acme/fleet"),
        (Address("https", "Forge.Example", "/acme/fleet/", 443), "https://forge.example", "acme/fleet"),
        (Address("https", "forge.example", "acme/fleet", 8443), "https://forge.example:8443", "acme/fleet"),
        (Address("http", "127.0.0.1", "acme/fleet.git", 3000), "http://127.0.0.1:3000", "acme/fleet"),
        (Address("http", "[::1]", "a/b", 80), "http://[::1]", "a/b"),
        (Address("http", "[::1]", "a/b", 3000), "http://[::1]:3000", "a/b"),
        (Address("ssh", "github.com", "acme/fleet.git", 22), "https://github.com", "acme/fleet"),
        (Address("ssh", "ssh.github.com", "/acme/fleet", 443), "https://github.com", "acme/fleet"),
        (Address("ssh", "altssh.gitlab.com", "g/s/p.git", 443), "https://gitlab.com", "g/s/p"),
        (Address("ssh", "forge.example", "acme/fleet", 2222), "https://forge.example", "acme/fleet"),
    ],
)
def test_where_a_repository_is(address: Address, site: str, repository: str) -> None:
    assert (address.site, address.repository) == (site, repository)
    assert str(address) == f"{site.partition('://')[2]}/{repository}"


@pytest.mark.parametrize(
    ("provider", "address", "given", "expected"),
    [
        ("github", Address("https", "github.com", "a/b"), None, "https://api.github.com"),
        ("github", Address("ssh", "ssh.github.com", "a/b", 443), None, "https://api.github.com"),
        ("github", Address("https", "acme.ghe.com", "a/b"), None, "https://api.acme.ghe.com"),
        ("github", HTTPS, None, "https://forge.example/api/v3"),
        ("github", HTTPS, "https://github.com", "https://api.github.com"),
        ("github", HTTPS, "https://api.github.com/", "https://api.github.com"),
        ("github", HTTPS, "https://api.acme.ghe.com", "https://api.acme.ghe.com"),
        ("github", HTTPS, "https://ghe.example/api/v3/", "https://ghe.example/api/v3"),
        ("github", HTTPS, "https://ghe.example", "https://ghe.example/api/v3"),
        ("gitlab", HTTPS, None, "https://forge.example/api/v4"),
        ("gitlab", HTTPS, "https://gitlab.example/", "https://gitlab.example/api/v4"),
        ("gitlab", HTTPS, "https://example.com/gitlab/api/v4", "https://example.com/gitlab/api/v4"),
        ("gitlab", Address("https", "gitlab.com", "g/s/p"), None, "https://gitlab.com/api/v4"),
        ("gitea", HTTPS, None, "https://forge.example/api/v1"),
        ("gitea", Address("https", "example.com", "/git/acme/fleet.git"), None, "https://example.com/git/api/v1"),
        ("gitea", HTTPS, "HTTPS://Forge.Example:443/", "https://forge.example/api/v1"),
    ],
)
def test_where_the_api_is(provider: str, address: Address, given: str | None, expected: str) -> None:
    assert api_url(provider, address, given) == expected


@pytest.mark.parametrize(
    "given",
    ["forge.example", "ftp://forge.example", "https://", "https://[::1", "https://forge.example:port", "https://h:0/"],
)
def test_what_is_no_api(given: str) -> None:
    with pytest.raises(ForgeSettingsInvalid, match="no http or https URL"):
        api_url("gitea", HTTPS, given)


@pytest.mark.parametrize("given", ["https://me:secret@forge.example", "https://forge.example/?a=1", "https://h/#x"])
def test_an_api_with_more_in_it_than_a_place(given: str) -> None:
    with pytest.raises(ForgeSettingsInvalid, match="more than a place") as caught:
        api_url("gitea", HTTPS, given)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("provider", "path", "api", "project", "pages"),
    [
        ("github", "acme/fleet.git", None, "acme/fleet", "https://forge.example/acme/fleet"),
        ("gitlab", "g/s/p.git", None, "g/s/p", "https://forge.example/g/s/p"),
        ("gitlab", "gitlab/g/p.git", "https://forge.example/gitlab", "g/p", "https://forge.example/gitlab/g/p"),
        ("gitlab", "g/p.git", "https://forge.example/gitlab", "g/p", "https://forge.example/g/p"),
        ("gitea", "git/acme/fleet", None, "acme/fleet", "https://forge.example/git/acme/fleet"),
    ],
)
def test_the_path_and_the_pages(provider: str, path: str, api: str | None, project: str, pages: str) -> None:
    address = Address("https", "forge.example", path)
    url = api_url(provider, address, api)
    assert project_path(provider, address, url) == project
    assert pages_url(provider, address, url) == pages


@pytest.mark.parametrize("provider", ["github", "gitlab", "gitea"])
@pytest.mark.parametrize("path", ["fleet", "", "/", "fleet.git"])
def test_a_path_without_an_owner(provider: str, path: str) -> None:
    with pytest.raises(ForgeSettingsInvalid, match="no owner and repository"):
        project_path(provider, Address("https", "forge.example", path), "https://forge.example/api")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example", "https://a.example:443/x?y#z"),
        ("http://a.example:80", "HTTP://A.example/"),
        ("https://me:secret@a.example/", "https://a.example"),
    ],
)
def test_the_same_origin(one: str, other: str) -> None:
    assert origin(one) == origin(other)


@pytest.mark.parametrize("other", ["http://a.example", "https://a.example:8443", "https://a.example.evil", "https://b"])
def test_another_origin(other: str) -> None:
    assert origin("https://a.example") != origin(other)
