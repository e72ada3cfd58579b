from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.errors import InvalidLocation
from gitops_upgrader.git import Location, Scheme

CWD = Path("/home/ada/fleet")


@pytest.mark.parametrize(
    ("text", "scheme", "url", "normalised"),
    [
        (
            "https://github.com/acme/fleet",
            Scheme.HTTPS,
            "https://github.com/acme/fleet",
            "https://github.com/acme/fleet",
        ),
        (
            "https://GitHub.com/acme/Fleet.git/",
            Scheme.HTTPS,
            "https://GitHub.com/acme/Fleet.git/",
            "https://github.com/acme/Fleet",
        ),
        (
            "HTTPS://github.com:443/acme/fleet.git",
            Scheme.HTTPS,
            "https://github.com:443/acme/fleet.git",
            "https://github.com/acme/fleet",
        ),
        (
            "https://git.example.org:8443/x",
            Scheme.HTTPS,
            "https://git.example.org:8443/x",
            "https://git.example.org:8443/x",
        ),
        ("https://ada:s3cret@github.com/a/b", Scheme.HTTPS, "https://github.com/a/b", "https://github.com/a/b"),
        ("https://s3cret@github.com/a/b", Scheme.HTTPS, "https://github.com/a/b", "https://github.com/a/b"),
        (
            "https://dev.azure.com/o/p%20q/_git/r",
            Scheme.HTTPS,
            "https://dev.azure.com/o/p%20q/_git/r",
            "https://dev.azure.com/o/p%20q/_git/r",
        ),
        ("http://127.0.0.1:80/x.git", Scheme.HTTP, "http://127.0.0.1:80/x.git", "http://127.0.0.1/x"),
        ("http://[::1]:8080/x.git", Scheme.HTTP, "http://[::1]:8080/x.git", "http://[::1]:8080/x"),
        ("git@github.com:acme/fleet.git", Scheme.SSH, "git@github.com:acme/fleet.git", "ssh://github.com/acme/fleet"),
        (
            "ssh://git@github.com/acme/fleet.git",
            Scheme.SSH,
            "ssh://git@github.com/acme/fleet.git",
            "ssh://github.com/acme/fleet",
        ),
        (
            "git+ssh://git@github.com:22/acme/fleet",
            Scheme.SSH,
            "ssh://git@github.com:22/acme/fleet",
            "ssh://github.com/acme/fleet",
        ),
        (
            "ssh://ada@host:2222/srv/fleet.git",
            Scheme.SSH,
            "ssh://ada@host:2222/srv/fleet.git",
            "ssh://ada@host:2222/srv/fleet",
        ),
        ("ada@host:fleet.git", Scheme.SSH, "ada@host:fleet.git", "ssh://ada@host/~/fleet"),
        ("ada@host:/srv/fleet.git", Scheme.SSH, "ssh://ada@host/srv/fleet.git", "ssh://ada@host/srv/fleet"),
        ("host:fleet", Scheme.SSH, "host:fleet", "ssh://host/~/fleet"),
        ("file:///srv/fleet.git", Scheme.FILE, "file:///srv/fleet.git", "file:///srv/fleet.git"),
        ("file://localhost/srv/a%20b", Scheme.FILE, "file:///srv/a%20b", "file:///srv/a%20b"),
        ("/srv/fleet.git/", Scheme.FILE, "file:///srv/fleet.git", "file:///srv/fleet.git"),
        (".", Scheme.FILE, "file:///home/ada/fleet", "file:///home/ada/fleet"),
        ("../x/./y", Scheme.FILE, "file:///home/ada/x/y", "file:///home/ada/x/y"),
        ("./odd:name", Scheme.FILE, "file:///home/ada/fleet/odd%3Aname", "file:///home/ada/fleet/odd%3Aname"),
        ("-x", Scheme.FILE, "file:///home/ada/fleet/-x", "file:///home/ada/fleet/-x"),
        ("/srv/fleet/.git", Scheme.FILE, "file:///srv/fleet/.git", "file:///srv/fleet"),
    ],
)
def test_addresses_as_git_takes_them_and_as_caches_key_them(
    text: str, scheme: Scheme, url: str, normalised: str
) -> None:
    location = Location.parse(text, CWD)
    assert (location.scheme, location.url, location.normalised) == (scheme, url, normalised)
    assert location.is_local is (scheme is Scheme.FILE)
    assert location.is_http is (scheme in {Scheme.HTTP, Scheme.HTTPS})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        (" https://github.com/a/b", "begins or ends with a space"),
        ("git://github.com/a/b", "cannot be pushed to"),
        ("ftp://host/a", "ftp://"),
        ("ext::sh -c touch% /tmp/x", "names a remote helper"),
        ("http::https://host/x", "names a remote helper"),
        ("https://", "has no path"),
        ("https:///a/b", "no readable host"),
        ("https://github.com", "has no path"),
        ("https://github.com/", "has no path"),
        ("https://-oProxyCommand=x/y", "no readable host"),
        ("https://github.com:0/a", "has a port"),
        ("https://github.com:70000/a", "has a port"),
        ("https://github.com:x/a", "no readable host"),
        ("https://github.com/a b", "has a space"),
        ("https://github.com/a\nb", "control character"),
        ("https://github.com/a/b?token=x", "has a query"),
        ("https://github.com/a/b#readme", "has a query"),
        ("https://a@b@github.com/x", "no readable host"),
        ("ssh://-oProxyCommand=x/y", "no readable host"),
        ("ssh://-oProxyCommand=x@host/y", "has an account"),
        ("-oProxyCommand=x:y", "neither|no readable host|has an account"),
        ("git@host:", "has no path"),
        ("git@host:-x", "begins with a dash"),
        ("a b@host:x", "has an account"),
        ("git@ho st:x", "no readable host"),
        ("file://host/a", "another machine"),
        ("file://", "has no path"),
        ("a\0b", "has a NUL"),
    ],
)
def test_what_is_no_address_says_why(text: str, words: str) -> None:
    with pytest.raises(InvalidLocation, match=words):
        Location.parse(text, CWD)


def test_a_refused_address_shows_no_credentials() -> None:
    for text in ("ftp://ada:s3cret@host/x", "https://ada:s3cret@host/x y", "https://ada:s3%0a@h/", "git://a:s3@h/x"):
        with pytest.raises(InvalidLocation) as caught:
            Location.parse(text)
        assert "s3" not in str(caught.value)


def test_equal_repositories_have_equal_keys(tmp_path: Path) -> None:
    same = [
        "git@github.com:a/b.git",
        "git@github.com:a/b",
        "ssh://git@GITHUB.com/a/b/",
        "ssh://git@github.com:22/a/b.git",
    ]
    assert len({Location.parse(text).normalised for text in same}) == 1
    (tmp_path / "repo").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "repo")
    assert Location.local(tmp_path / "link").normalised == Location.local(tmp_path / "repo" / ".git").normalised
    assert Location.parse("https://h/a").normalised != Location.parse("http://h/a").normalised


def test_only_a_local_repository_is_a_folder() -> None:
    assert Location.parse("/srv/x").folder == Path("/srv/x")
    with pytest.raises(ValueError, match="is no folder"):
        _ = Location.parse("https://h/x").folder


@pytest.mark.parametrize(
    ("header", "origin", "url"),
    [
        ("/new.git/info/refs?service=git-upload-pack", ("https", "h", 443), "https://h/new.git"),
        ("https://h/new/git-receive-pack", ("https", "h", 443), "https://h/new"),
        ("https://ada:pw@H:443/new", ("https", "h", 443), "https://H:443/new"),
        ("http://h/x/info/refs", ("http", "h", 80), "http://h/x"),
        ("https://other/x", ("https", "other", 443), "https://other/x"),
    ],
)
def test_redirects_are_taken_back_to_the_repository(header: str, origin: tuple[str, str, int], url: str) -> None:
    target = Location.parse("https://h/old.git").redirected(header)
    assert (target.origin, target.url, target.user) == (origin, url, None)


@pytest.mark.parametrize("header", ["ssh://git@h/x", "/etc/passwd extra", "file:///etc", "//other/x", "x"])
def test_redirects_to_anything_else_are_refused(header: str) -> None:
    location = Location.parse("https://h/old.git")
    try:
        target = location.redirected(header)
    except InvalidLocation:
        return
    assert target.origin == location.origin, "whatever is accepted must be compared with the origin"


@given(st.text(min_size=1, max_size=60))
def test_no_text_becomes_an_option_or_a_helper(text: str) -> None:
    try:
        location = Location.parse(text, CWD)
    except InvalidLocation:
        return
    assert not location.url.startswith("-")
    assert "::" not in location.url.partition("//")[0]
    if not location.is_local:
        assert not location.host.startswith("-")


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_any_local_path_survives_the_trip_through_its_url(name: str) -> None:
    location = Location.local(Path("/srv") / name.replace("/", "_"))
    assert Location.parse(location.url).path == location.path
    assert os.path.isabs(location.path)  # noqa: PTH117 (a text, not a Path)


@given(
    st.sampled_from(["https", "http", "ssh"]),
    st.from_regex(r"[a-z]{1,8}(\.[a-z]{2,4})?", fullmatch=True),
    st.from_regex(r"(/[a-zA-Z0-9_-]{1,8}){1,3}(\.git)?/?", fullmatch=True),
)
def test_normalising_twice_changes_nothing_more(scheme: str, host: str, path: str) -> None:
    once = Location.parse(f"{scheme}://{host}{path}").normalised
    assert Location.parse(once).normalised == once
