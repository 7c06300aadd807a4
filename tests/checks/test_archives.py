"""Archives: what is in them, and what two readers would make of them."""

from __future__ import annotations

import pytest

from provenance.checks.archives import _RULES, ARCHIVE_CONTENTS
from provenance.facts import ContainerFact, Flaw, MemberFact
from provenance.records import Severity
from tests.checks.models import contents, evidence, model
from tests.surfaces import samples


def found(file: str, data: bytes) -> list[tuple[str, Severity, str]]:
    return [(f.rule, f.severity, f.message) for f in ARCHIVE_CONTENTS.run(evidence(contents({file: data})))]


@pytest.mark.parametrize("kind", sorted(_RULES))
def test_every_flaw_has_a_finding(kind: str) -> None:
    facts = [ContainerFact("a.zip", "b.zip", "zip", 1, 1, (Flaw(kind, "so it is"),))]
    (finding,) = ARCHIVE_CONTENTS.run(evidence(model(facts=facts)))
    assert finding.message == "'b.zip' in it: so it is"
    assert finding.rule == _RULES[kind].ident


def test_code_is_worse_where_it_runs_unasked_or_poses_as_weights() -> None:
    script = samples.archive("install.sh", b"#!/bin/sh\n")
    assert found("extras.zip", script) == [
        ("archive-code", Severity.WARNING, "'install.sh' in it is script for /bin/sh")
    ]
    for name in ("server.mar", "pytorch_model.bin", "a.npz"):
        assert [(rule, severity) for rule, severity, _ in found(name, script)] == [("archive-code", Severity.ERROR)]


def test_the_name_of_a_program() -> None:
    assert (
        found("a.zip", samples.archive("lib.so", b"text"))
        == [("archive-program", Severity.ERROR, "'lib.so' in it is UTF-8 text")]
        or found("a.zip", samples.archive("lib.so", b"text")) == []
    )
    assert found("a.zip", samples.archive("lib.so", b"\x7fELF\x02"))[0][1] is Severity.CRITICAL


def test_many_members_are_bounded() -> None:
    facts = [MemberFact("a.zip", f"m{i}", "elf", "ELF program") for i in range(100)]
    (finding,) = ARCHIVE_CONTENTS.run(evidence(model(facts=facts)))
    assert finding.message.endswith("and 95 more in it are ELF program")
