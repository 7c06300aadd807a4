"""Files that set up tools of the host, by name."""

from __future__ import annotations

import pytest

from provenance.facts import TextFact
from provenance.surfaces.inspectors.host_settings import HOST_SETTINGS, MAX_BYTES, is_host_setting
from tests.surfaces.feeding import inspect_with


@pytest.mark.parametrize(
    "path",
    [".env", "a/.env", ".env.production", ".netrc", ".npmrc", "pip.conf", "uv.toml", ".aws/credentials", ".ssh/config"],
)
def test_names_that_tools_look_for(path: str) -> None:
    assert is_host_setting(path)
    facts = inspect_with(HOST_SETTINGS, path, b"A=b\n")
    assert facts is not None
    (fact,) = facts
    assert isinstance(fact, TextFact)
    assert (fact.role, fact.text) == ("host-settings", "A=b\n")


@pytest.mark.parametrize(
    "path", [".env.example", ".env.template", "env", "credentials", "npmrc", "x.env.md", ".gitignore"]
)
def test_names_that_they_do_not(path: str) -> None:
    assert not is_host_setting(path)
    assert inspect_with(HOST_SETTINGS, path, b"A=b\n") is None


def test_a_long_one_is_digested_alone() -> None:
    facts = inspect_with(HOST_SETTINGS, ".env", b"x" * (MAX_BYTES + 1))
    assert facts is not None
    (fact,) = facts
    assert isinstance(fact, TextFact)
    assert fact.text is None
