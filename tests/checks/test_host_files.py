"""Files that set up tools of the host."""

from __future__ import annotations

import pytest

from provenance.checks.host_files import HOST_FILES
from provenance.records import Finding, Severity
from tests.checks.models import contents, evidence


def run(file: str, text: str) -> list[Finding]:
    return list(HOST_FILES.run(evidence(contents({file: text.encode()}))))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (".env", "# a comment\nHF_TOKEN=hf_x\n"),
        (".env.local", "HTTPS_PROXY=http://10.0.0.1:9\n"),
        (".netrc", ""),
        (".npmrc", "registry=https://example.com/npm/\n"),
        (".npmrc", "//registry.npmjs.org/:_authToken=x\n"),
        ("conf/pip.conf", "[global]\nextra-index-url = https://example.com/simple\n"),
        ("uv.toml", "LD_PRELOAD = x\n"),
        (".ssh/id_ed25519", "x"),
        (".aws/credentials", "[default]\n"),
        (".env", "x" * 70000),
    ],
)
def test_settings_that_change_something(file: str, text: str) -> None:
    (found,) = run(file, text)
    assert (found.rule, found.severity) == ("host-settings-file", Severity.ERROR)
    assert "hf_x" not in found.message


def test_settings_that_do_not() -> None:
    assert [found.severity for found in run(".env", "MODEL_NAME=tiny\n#TOKEN=x\n")] == [Severity.WARNING]
    assert [found.severity for found in run(".npmrc", "registry=https://registry.npmjs.org/\n")] == [Severity.WARNING]
    assert run(".env.example", "TOKEN=\n") == run("credentials", "x") == run("environment.md", "TOKEN=x") == []


@pytest.mark.parametrize(
    "line",
    [
        "    privileged: true",
        "      - /var/run/docker.sock:/var/run/docker.sock",
        "      - /:/host",
        '    pid: "host"',
        "      - SYS_ADMIN",
    ],
)
def test_containers(line: str) -> None:
    assert [found.rule for found in run("docker-compose.yml", f"services:\n{line}\n")] == ["container-takes-host"]
    assert run("values.yml", f"services:\n{line}\n") == []
