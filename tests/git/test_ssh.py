from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from gitops_upgrader.errors import (
    AuthenticationFailed,
    HostKeyChanged,
    HostKeyUnknown,
    InvalidCredentials,
    LeaseLost,
    NetworkError,
    PushRefused,
    RepositoryNotFound,
)
from gitops_upgrader.git import GitAuth, Location, RefUpdate, Repository
from tests.git.conftest import Fleet
from tests.git.transport import edit
from tests.sshserver import SshServer, key_pair, ssh_server

PASSWORD = "correct horse"


@pytest.fixture(params=[True, False], ids=["protocol 2", "protocol 0"])
def sshd(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    """A server for each version of the protocol, and a temporary folder whose name needs quoting."""
    folder = tmp_path / "ssh"
    folder.mkdir()
    (tmp_path / "a %h b").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "a %h b"))
    with ssh_server(folder, protocol_2=request.param) as running:
        yield running


def secret(server: SshServer, **more: bytes) -> dict[str, bytes]:
    return {"identity": server.identity, "known_hosts": server.known_hosts} | more


def opened(server: SshServer, path: Path, data: dict[str, bytes] | None = None) -> Repository:
    location = Location.parse(server.url(path))
    return Repository.open(location, GitAuth.from_secret(data or secret(server), location), timeout=120)


def test_a_repository_is_read_and_pushed_to(fleet: Fleet, sshd: SshServer) -> None:
    with opened(sshd, fleet.path) as repository:
        assert repository.refs().default_branch == "main"
        oid = edit(repository, repository.fetch(["main", "absent"])["main"])
        repository.push([RefUpdate("one", oid, None), RefUpdate("two", oid, None)])
        fleet.commit({"README.md": "theirs\n"}, branch="one")
        with pytest.raises(LeaseLost):
            repository.push([RefUpdate("one", edit(repository, oid, b"again\n"), oid)])
    assert fleet.tip("two") == oid


def test_history_is_fetched_when_it_is_asked_for(fleet: Fleet, sshd: SshServer) -> None:
    for number in range(60):
        fleet.commit({"README.md": f"{number}\n"})
    fleet.commit({"clusters/dev.yaml": "ours\n"}, branch="ours", parents=(fleet.git("rev-parse", "main~55"),))
    with opened(sshd, fleet.path) as repository:
        tips = repository.fetch(["main", "ours"])
        assert repository.merge_base(tips["main"], tips["ours"]) == fleet.git("rev-parse", "main~55")
        assert len(repository.commits_between(tips["ours"], tips["main"])) == 55
        assert not repository.is_ancestor(tips["ours"], tips["main"])
        assert repository.is_ancestor(fleet.git("rev-parse", "main~62"), tips["ours"])


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[SshServer]:
    """One server, where the protocol's version makes no difference."""
    folder = tmp_path / "ssh"
    folder.mkdir()
    with ssh_server(folder) as running:
        yield running


def test_an_encrypted_key_is_opened_with_its_password(fleet: Fleet, plain: SshServer) -> None:
    key = load_ssh_private_key(plain.identity, None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.BestAvailableEncryption(PASSWORD.encode()),
    )
    with opened(plain, fleet.path, secret(plain, identity=encrypted, password=PASSWORD.encode())) as repository:
        assert repository.refs().default_branch == "main"
    for password, words in ((b"", "is encrypted"), (b"wrong", "passphrase is wrong")):
        with pytest.raises(InvalidCredentials, match=words) as caught:
            opened(plain, fleet.path, secret(plain, identity=encrypted, password=password))
        assert "PRIVATE KEY" not in str(caught.value)


def test_a_key_without_its_last_line_end_works(fleet: Fleet, plain: SshServer) -> None:
    data = {name: value.rstrip() for name, value in secret(plain).items()}
    with opened(plain, fleet.path, data) as repository:
        assert repository.refs().default_branch == "main"


def test_a_server_that_nobody_knows_is_refused(fleet: Fleet, plain: SshServer) -> None:
    known = plain.known_hosts.replace(b"127.0.0.1", b"127.0.0.2")
    with opened(plain, fleet.path, secret(plain, known_hosts=known)) as repository:
        for action in (repository.refs, lambda: repository.fetch(["main"])):
            with pytest.raises(HostKeyUnknown, match="not in known_hosts") as caught:
                action()
            assert type(caught.value) is HostKeyUnknown


def test_a_server_with_another_key_is_refused(fleet: Fleet, plain: SshServer) -> None:
    known = plain.known_hosts.replace(plain.host_key.encode(), key_pair()[1].encode())
    with opened(plain, fleet.path, secret(plain, known_hosts=known)) as repository, pytest.raises(HostKeyChanged):
        repository.refs()


def test_a_key_that_the_server_does_not_know_is_refused(fleet: Fleet, plain: SshServer) -> None:
    with opened(plain, fleet.path, secret(plain, identity=key_pair()[0])) as repository:
        with pytest.raises(AuthenticationFailed) as caught:
            repository.refs()
        assert not caught.value.transient


def test_what_is_not_there_is_not_found(tmp_path: Path, plain: SshServer) -> None:
    with opened(plain, tmp_path / "nowhere.git") as repository, pytest.raises(RepositoryNotFound):
        repository.refs()


def test_nobody_listening_is_transient(fleet: Fleet, plain: SshServer) -> None:
    with opened(replace(plain, port=9), fleet.path) as repository, pytest.raises(NetworkError):
        repository.refs()


def test_a_hook_refuses_in_its_own_words(fleet: Fleet, plain: SshServer) -> None:
    fleet.hook("pre-receive", "echo 'Ask the fleet team.' >&2; exit 1")
    with opened(plain, fleet.path) as repository:
        oid = edit(repository, repository.fetch(["main"])["main"])
        with pytest.raises(PushRefused, match="Ask the fleet team"):
            repository.push([RefUpdate("ours", oid, None)])


def test_an_address_without_a_key_or_known_hosts_is_refused(plain: SshServer, fleet: Fleet) -> None:
    location = Location.parse(plain.url(fleet.path))
    with pytest.raises(InvalidCredentials, match="needs a private key"):
        Repository.open(location)
    with pytest.raises(InvalidCredentials, match="needs known_hosts"):
        Repository.open(location, GitAuth(identity=plain.identity))


def test_a_person_s_own_configuration_of_ssh_is_used_in_their_runs_only(
    fleet: Fleet, plain: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = Location.parse(plain.url(fleet.path))
    with Repository.open(location, interactive_ssh=True) as repository, pytest.raises(HostKeyUnknown):
        repository.refs()
    (tmp_path / "identity").write_bytes(plain.identity)
    (tmp_path / "identity").chmod(0o600)
    (tmp_path / "known").write_bytes(plain.known_hosts)
    monkeypatch.setenv(
        "GIT_SSH_COMMAND", f"ssh -F none -i {tmp_path}/identity -o UserKnownHostsFile={tmp_path}/known -o BatchMode=yes"
    )
    with Repository.open(location, interactive_ssh=True) as repository:
        assert repository.refs().default_branch == "main"


def test_private_keys_are_gone_after_use(
    fleet: Fleet, plain: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "private"
    private.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(private))
    with opened(plain, fleet.path) as repository:
        repository.refs()
        files = list(private.rglob("identity"))
        assert [path.stat().st_mode & 0o777 for path in files] == [0o600]
        with pytest.raises(InvalidCredentials):
            opened(plain, fleet.path, secret(plain, identity=b"junk"))
    assert list(private.iterdir()) == []
