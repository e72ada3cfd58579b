"""Keys of Secrets, as a table."""

from __future__ import annotations

import pytest

from gitops_upgrader.cli.doctor.finding import Grade
from gitops_upgrader.cli.doctor.secret import judge_keys


@pytest.mark.parametrize(
    "keys",
    [
        {"username", "password"},
        {"username", "password", "token", "ca.crt"},
        {"bearerToken"},
        {"githubAppID", "githubAppPrivateKey", "githubAppInstallationID"},
        {"tls.crt", "tls.key", "ca.crt"},
    ],
)
def test_keys_that_let_git_in(keys: set[str]) -> None:
    assert judge_keys("Secret fleet/git", keys).grade is Grade.OK


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (set(), "It has no keys: nothing that lets Git push over HTTP."),
        ({"ca.crt"}, "Its keys are ca.crt: nothing that lets Git push over HTTP."),
        ({"token"}, "Its keys are token: nothing that lets Git push over HTTP."),
        ({"username"}, "Its key password is missing or empty."),
        ({"password"}, "Its key username is missing or empty."),
        ({"githubAppID"}, "Its key githubAppPrivateKey is missing or empty."),
        ({"username", "passwd"}, "Its key password is missing or empty. Did you mean password by passwd?"),
        ({"Username", "password"}, "Its key username is missing or empty. Did you mean username by Username?"),
        (
            {"bearer_token", "username"},
            "Its key password is missing or empty. Did you mean bearerToken by bearer_token?",
        ),
    ],
)
def test_keys_that_do_not(keys: set[str], said: str) -> None:
    finding = judge_keys("Secret fleet/git", keys)

    assert (finding.check, finding.grade, finding.message) == ("secret", Grade.MEND, said)
    assert finding.remedy.startswith("Store username and password")
