"""The published schemas: current, valid, and of one mind with the models that read the documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from provenance.documents import URI_AUTHORITY
from provenance.documents.__main__ import main
from provenance.documents.policy import PRESETS, Policy, read, validate
from provenance.documents.predicates import PREDICATES, from_report
from provenance.documents.report import Report, ReportFile, from_verdict
from provenance.documents.schemas import DOCUMENTS, files, schema
from provenance.errors import UsageError
from provenance.records import Relation
from provenance.trust.policy.loading import preset
from tests.trust.policy.cases import decide, finding, lineage, report

ROOT = Path(__file__).parent.parent.parent
COMMITTED = ROOT / "schemas"


def errors(name: str, value: object) -> list[str]:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    found = jsonschema.Draft202012Validator(schema(name), format_checker=checker).iter_errors(value)
    return [error.message for error in found]


def written(document: Any) -> Any:
    return json.loads(document.model_dump_json(by_alias=True))


def plain(tree: dict[str, object]) -> Any:
    """TOML's values as JSON has them."""
    return json.loads(json.dumps(tree, default=str))


def test_committed_schemas_are_current() -> None:
    on_disk = {str(path.relative_to(COMMITTED)): path.read_text("utf-8") for path in COMMITTED.rglob("*.json")}
    assert on_disk == files(), "run: python -m provenance.documents schemas"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_schemas_are_valid_and_named(name: str) -> None:
    made = schema(name)
    jsonschema.Draft202012Validator.check_schema(made)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["$id"] == f"{URI_AUTHORITY}/schemas/{name}.schema.json"


def test_predicates_have_the_version_of_their_type() -> None:
    for uri, model in PREDICATES.items():
        name = uri.removeprefix(f"{URI_AUTHORITY}/attestation/")
        assert DOCUMENTS[f"predicates/{name}"] is model


def test_schemas_use_the_names_of_the_documents() -> None:
    assert "schemaVersion" in schema("report/v0")["properties"]  # type: ignore[operator]
    assert "deny-severity" in schema("policy/v1")["$defs"]["Findings"]["properties"]  # type: ignore[index]


def test_every_table_of_a_policy_is_closed() -> None:
    made = schema("policy/v1")
    assert made["additionalProperties"] is False
    tables = [node for node in made["$defs"].values() if node["type"] == "object"]  # type: ignore[attr-defined]
    assert len(tables) == 7
    assert all(table["additionalProperties"] is False for table in tables)


@pytest.fixture(scope="module")
def model() -> Report:
    return report(findings=[finding()], compared=lineage(Relation.FINE_TUNED))


def test_real_documents_are_valid(model: Report) -> None:
    verdict = from_verdict(decide(model))
    assert errors("report/v0", written(model)) == []
    assert errors("verdict/v0", written(verdict)) == []
    assert errors("report-file/v0", written(ReportFile(report=model, verdict=verdict))) == []
    assert errors("report-file/v0", written(ReportFile(report=model))) == []
    for uri, predicate in from_report(model, time_created="2026-11-21T12:00:00Z"):
        name = uri.removeprefix(f"{URI_AUTHORITY}/attestation/")
        assert errors(f"predicates/{name}", written(predicate)) == []


@pytest.mark.parametrize(
    ("path", "value"), [("subject", {}), ("coverage", []), ("schemaVersion", "v1"), ("findings", 1)]
)
def test_broken_documents_are_not(model: Report, path: str, value: object) -> None:
    broken = {**written(model), path: value}
    assert errors("report/v0", broken)
    with pytest.raises(ValueError, match="validation error"):
        Report.model_validate_json(json.dumps(broken))


def test_consumers_ignore_what_they_do_not_know(model: Report) -> None:
    newer = {**written(model), "newKey": 1}
    assert errors("report/v0", newer) == []
    assert Report.model_validate_json(json.dumps(newer)) == model


@pytest.mark.parametrize("name", PRESETS)
def test_built_in_policies_are_valid(name: str) -> None:
    assert errors("policy/v1", plain(read(preset(name), where=name))) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name = 'x'",
        "nmae = 'x'",
        "name = ''",
        "name = 1",
        "extends = 'builtin:strict'",
        "extends = 'strict'",
        "signer = {}",
        "[signer.lab]\npublic-key='k'\nnot-after=2027-01-01\npredicate-types=['model-scan']",
        "[signer.lab]\npublic-key='k'\npredicate-types=[]",
        "[signer.lab]\npublic-key='k'\npredicate-types=['scan']",
        "[signer.Lab]\npublic-key='k'",
        "[signer.lab]\n",
        "[formats]\nallow='any'\nother-files='any'",
        "[formats]\nallow='all'\nother-files='any'",
        "[formats]\nallow=[]\nother-files='any'",
        "[formats]\nallow=['gguf']\nother-files='known-only'",
        "[formats]\nallow=['ggfu']\nother-files='any'",
        "[formats]\nallow=['gguf']",
        "[findings]\ndeny-severity='error'\ndeny=['a-b']",
        "[findings]\ndeny-severity='error'\ndeny=['A']",
        "[findings]\ndeny-severity='high'",
        "[lineage]\nrelations=['identical']\non-missing='pass'",
        "[lineage]\nrelations=['inconclusive']\non-missing='pass'",
        "[lineage]\nrelations='any'\non-missing='maybe'",
        "[coverage]\nnot-asked='pass'\nassurance='none'",
        "[coverage]\nnot-asked='pass'\nasked='pass'",
        "[[attestations]]\ntype='model-scan'\nmax-age='30d'",
        "[[attestations]]\ntype='model-scan'\nmax-age='30'",
        "[[attestations]]\ntype='https://example.org/x'",
        "[[attestations]]\ntype='a b'",
        "[[attestations]]\ntype='model-scan'\non-missing='pass'",
        f"[[exception]]\nrule='a'\nsubject='{'a' * 64}'\nreason='long enough'\nexpires=2027-01-01\napproved-by='j'",
        f"[[exception]]\nrule='a'\nsubject='{'a' * 64}'\nreason='too short'\nexpires=2027-01-01\napproved-by='j'",
        f"[[exception]]\nrule='*'\nsubject='{'a' * 64}'\nreason='long enough'\nexpires=2027-01-01\napproved-by='j'",
        "[[exception]]\nrule='a'\nsubject='*'\nreason='long enough'\nexpires=2027-01-01\napproved-by='j'",
        f"[[exception]]\nrule='a'\nsubject='{'a' * 64}'\nreason='long enough'\napproved-by='j'",
    ],
)
def test_the_schema_of_a_policy_and_its_reader_agree(text: str) -> None:
    tree = read(f"version = 1\n{text}".encode(), where="p.toml")
    try:
        valid = validate(tree, where="p.toml") is not None
    except UsageError:
        valid = False
    assert (errors("policy/v1", plain(tree)) == []) == valid


@pytest.mark.parametrize("version", [0, 2, "1", True, None])
def test_other_versions_are_not_this_schemas(version: object) -> None:
    assert errors("policy/v1", {"version": version})


def test_a_policy_survives_being_written() -> None:
    policy = validate(read(preset("strict"), where="strict"), where="strict")
    again = policy.model_dump_json(by_alias=True)
    assert Policy.model_validate_json(again) == policy


def test_the_command_writes_checks_and_finds_what_is_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = [str(tmp_path / "schemas")]
    assert main(["--check", *where]) == 1
    assert not (tmp_path / "schemas").exists()
    assert main(where) == 0
    capsys.readouterr()
    assert main(["--check", *where]) == 0
    assert main(where) == 0
    assert capsys.readouterr().out == ""

    stale = tmp_path / "schemas" / "report" / "v0.schema.json"
    stale.write_text("{}")
    (tmp_path / "schemas" / "old.schema.json").write_text("{}")
    assert main(["--check", *where]) == 1
    assert capsys.readouterr().out == f"not current: {stale}\nof no document: {tmp_path}/schemas/old.schema.json\n"
    assert main(where) == 0
    assert stale.read_text("utf-8") == files()["report/v0.schema.json"]
