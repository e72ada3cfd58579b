from __future__ import annotations

import pytest

from gitops_upgrader.errors import (
    AccessDenied,
    AuthenticationFailed,
    GitError,
    GitFailed,
    GitTimeout,
    HostKeyChanged,
    HostKeyUnknown,
    LeaseLost,
    NetworkError,
    OwnershipRefused,
    ProxyRefused,
    PushRefused,
    RedirectRefused,
    RefLocked,
    RemoteUnavailable,
    RepositoryNotFound,
    RepositoryUnsupported,
    TlsRefused,
)
from gitops_upgrader.git import Location, RefUpdate
from gitops_upgrader.git.diagnosis import MAX_WORDS, diagnose, own_words, remote_words
from gitops_upgrader.git.process import Completed
from gitops_upgrader.git.pushing import push_error

HERE = Location.parse("https://git.example.org/fleet")
LOST = "\nfatal: Could not read from remote repository."
RIGHTS = "\n\nPlease make sure you have the correct access rights\nand the repository exists.\n"
AT = "fatal: unable to access 'https://git.example.org/fleet/': "


@pytest.mark.parametrize(
    ("complaint", "error"),
    [
        (AT + "The requested URL returned error: 403", AccessDenied),
        ("remote: Write access to repository not granted.\n" + AT + "returned error: 403", AccessDenied),
        ("ERROR: The key you are using has been marked as read only." + LOST, AccessDenied),
        ("remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://h/x/'", AuthenticationFailed),
        ("fatal: could not read Username for 'https://h': terminal prompts disabled", AuthenticationFailed),
        ("git@github.com: Permission denied (publickey)." + LOST, AuthenticationFailed),
        ("remote: Repository not found.\nfatal: repository 'https://h/x/' not found", RepositoryNotFound),
        ("ERROR: Repository not found." + LOST, RepositoryNotFound),
        ("remote: The project could not be found or you don't have permission to view it.", RepositoryNotFound),
        ("fatal: '/x' does not appear to be a git repository" + LOST, RepositoryNotFound),
        (AT + "The requested URL returned error: 503", RemoteUnavailable),
        (AT + "Received HTTP code 407 from proxy after CONNECT", ProxyRefused),
        (AT + "The requested URL returned error: 302", RedirectRefused),
        (AT + "server certificate verification failed. CAfile: none CRLfile: none", TlsRefused),
        (AT + "SSL certificate problem: unable to get local issuer certificate", TlsRefused),
        (AT + "gnutls_handshake() failed: The TLS connection was non-properly terminated.", NetworkError),
        (AT + "Could not resolve host: git.example.org", NetworkError),
        (AT + "Operation too slow. Less than 1 bytes/sec transferred the last 30 seconds", GitTimeout),
        ("ssh: connect to host h port 22: Connection timed out" + LOST, GitTimeout),
        ("ssh: connect to host h port 22: Connection refused" + LOST, NetworkError),
        ("error: RPC failed; curl 56 Recv failure: Connection reset by peer\nfatal: early EOF", NetworkError),
        ("fatal: the remote end hung up unexpectedly", NetworkError),
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed." + LOST, HostKeyChanged),
        ("No ED25519 host key is known for h\nHost key verification failed.", HostKeyUnknown),
        ("fatal: detected dubious ownership in repository at '/srv/x'", OwnershipRefused),
        ("fatal: dumb http transport does not support shallow capabilities", RepositoryUnsupported),
        ("fatal: mismatched algorithms: client sha1; server sha256", RepositoryUnsupported),
        ("fatal: something that nobody has seen", GitFailed),
        ("", GitFailed),
    ],
)  # fmt: skip
def test_each_complaint_has_its_reason(complaint: str, error: type[GitError]) -> None:
    found = diagnose(HERE, complaint)
    assert type(found) is error
    assert "git.example.org/fleet" in found.message
    assert "{" not in str(found)
    assert found.message.endswith(".")
    assert found.remedy.endswith(".")


def test_words_with_braces_are_words() -> None:
    assert "{words}" in str(diagnose(HERE, "fatal: {words} {0} {location.password}"))


def test_unknown_words_are_shown_without_credentials() -> None:
    found = diagnose(HERE, "fatal: no s3cret-token at https://ada:pw@git.example.org/", ["s3cret-token"])
    assert "no *** at https://***@git.example.org/" in str(found)


def test_words_are_one_line_without_control_characters_and_short() -> None:
    text = "\x1b[31mremote: one\rremote: one\nremote:   two \x07\n\nhint: no\nfatal: three\n" + "x" * 1000
    assert remote_words("remote: one\rremote: one\nremote:   two \x07\n") == "one; two"
    assert own_words("remote: one\nhint: no\nfatal: three\n") == "three"
    assert "\x1b" not in own_words(text)
    assert len(own_words(text)) == MAX_WORDS + 4


@pytest.mark.parametrize(
    ("complaint", "said"),
    [
        (
            f"ssh: connect to host git.example.org port 22: Connection refused{LOST}{RIGHTS}",
            "connect to host git.example.org port 22: Connection refused",
        ),
        (LOST, "Could not read from remote repository"),
        (AT + "Could not resolve host: git.example.org", "Could not resolve host: git.example.org"),
        ("error: one.\nfatal: two...\nfatal: three.", "one; two...; three"),
    ],
)
def test_words_are_those_that_say_something(complaint: str, said: str) -> None:
    assert own_words(complaint) == said
    found = str(diagnose(HERE, complaint))
    assert said in found
    assert ".;" not in found.replace("...", "")


def test_a_failed_connection_reads_as_one_sentence_and_an_instruction() -> None:
    assert str(diagnose(HERE, AT + "Could not resolve host: git.example.org")) == (
        "The connection to https://git.example.org/fleet failed: Could not resolve host: git.example.org. "
        "Check the address and the way there (DNS, port, firewall, proxy), then try again."
    )


HEAD_OF_REPORT = "To https://git.example.org/fleet\n"
UPDATE = RefUpdate("ours", "1" * 40, "2" * 40)
FAILED = "[remote rejected] (failed to update ref)"
LOCK = "remote: error: cannot lock ref "
NOT_MOVED = "!\t1111:refs/heads/ours\t"


@pytest.mark.parametrize(
    ("line", "complaint", "error"),
    [
        ("[rejected] (stale info)", "", LeaseLost),
        ("[remote rejected] (incorrect old value provided)", "", LeaseLost),
        (FAILED, LOCK + "'refs/heads/ours': is at 33 but expected 22", LeaseLost),
        (FAILED, LOCK + "'refs/heads/ours': Unable to create '/x/ours.lock': File exists", RefLocked),
        (FAILED, LOCK + "'refs/heads/ours': 'refs/heads/ours/x' exists; cannot create", PushRefused),
        (FAILED, LOCK + "'refs/heads/other': is at 33 but expected 22", PushRefused),
        ("[remote rejected] (protected branch hook declined)", "remote: error: GH006: Protected branch", PushRefused),
        ("[remote rejected] (non-fast-forward)", "", PushRefused),
        ("[remote failure] (remote failed to report status)", "", NetworkError),
    ],
)  # fmt: skip
def test_each_rejection_has_its_reason(line: str, complaint: str, error: type[GitError]) -> None:
    report = f"{HEAD_OF_REPORT}{NOT_MOVED}{line}\nDone\n".encode()
    found = push_error(HERE, [UPDATE], Completed(1, report, complaint))
    assert type(found) is error
    assert "the branch ours" in str(found)
    assert found.remedy.endswith(".")


def test_the_reason_comes_before_its_consequences() -> None:
    others = [RefUpdate("one", "1" * 40, None), RefUpdate("two", "1" * 40, None)]
    report = (
        HEAD_OF_REPORT
        + "!\t1:refs/heads/one\t[remote rejected] (atomic push failure)\n"
        + "!\t1:refs/heads/two\t[remote rejected] (pre-receive hook declined)\n"
        + NOT_MOVED
        + "[rejected] (stale info)\n"
    ).encode()
    assert type(push_error(HERE, [*others, UPDATE], Completed(1, report, ""))) is LeaseLost
    assert type(push_error(HERE, others, Completed(1, report, ""))) is PushRefused
    assert push_error(HERE, others[:1], Completed(1, report, "")) is None
