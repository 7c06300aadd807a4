"""Policies by name and by path, what they extend, the keys they name, and their digest."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from provenance.documents.policy import MAX_BYTES, PRESETS
from provenance.errors import CouldNotLook, UsageError
from provenance.records import Relation, Severity
from provenance.trust.policy.loading import MAX_KEY_BYTES, load, preset, refuse_unknown_rules

PEM = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"


def write(path: Path, text: str) -> str:
    path.write_text(f"version = 1\n{text}", "utf-8")
    return str(path)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("name", PRESETS)
def test_built_in_policies_by_either_name(name: str) -> None:
    loaded = load(name)
    assert loaded == load(f"builtin:{name}")
    assert (loaded.name, loaded.source, loaded.keys) == (name, f"builtin:{name}", {})
    assert loaded.sha256 == sha256(preset(name))


def test_a_built_in_name_never_means_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "strict", "name = 'mine'")
    assert load("strict").name == "strict"
    assert load("./strict").name == "mine"


@pytest.mark.parametrize("name", ["builtin:strct", "builtin:", "builtin:../default", "builtin:default.toml"])
def test_there_are_four_built_in_policies(name: str) -> None:
    with pytest.raises(UsageError, match="no built-in policy"):
        load(name)


def test_a_near_miss_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="did you mean the built-in policy lineage"):
        load("linage")
    with pytest.raises(UsageError, match="did you mean `strict`"):
        load("builtin:stict")


def test_nothing_is_read_that_is_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("provenance.toml", "policy.toml", "pyproject.toml", "default.toml"):
        (tmp_path / name).write_text("version = 'broken'")
    monkeypatch.setenv("PROVENANCE_POLICY", "policy.toml")
    assert load("default").sha256 == sha256(preset("default"))


def test_a_file_that_stands_alone(tmp_path: Path) -> None:
    source = write(tmp_path / "p.toml", "[findings]\ndeny-severity = 'critical'\n")
    loaded = load(source)
    assert loaded.policy.findings.deny_severity is Severity.CRITICAL
    assert (loaded.name, loaded.source) == ("p.toml", source)
    assert loaded.sha256 == sha256(Path(source).read_bytes())


def test_a_table_that_is_written_replaces_the_whole_table(tmp_path: Path) -> None:
    source = write(
        tmp_path / "p.toml", "extends='builtin:strict'\n[lineage]\nrelations=['identical']\non-missing='fail'\n"
    )
    loaded, strict = load(source).policy, load("strict").policy
    assert loaded.lineage.relations == (Relation.IDENTICAL,)
    assert (loaded.formats, loaded.findings, loaded.coverage) == (strict.formats, strict.findings, strict.coverage)
    assert loaded.attestations == strict.attestations
    assert loaded.name is None
    assert load(source).name == "p.toml"


def test_a_list_of_tables_replaces_the_whole_list(tmp_path: Path) -> None:
    source = write(tmp_path / "p.toml", "extends='builtin:strict'\n[[attestations]]\ntype='model-scan'\n")
    assert [requirement.type for requirement in load(source).policy.attestations] == ["model-scan"]


@pytest.mark.parametrize("table", ["lineage", "formats", "findings", "coverage"])
def test_a_table_is_never_loosened_by_what_it_leaves_out(tmp_path: Path, table: str) -> None:
    with pytest.raises(UsageError, match=f"`{table}.*` is missing"):
        load(write(tmp_path / "p.toml", f"extends='builtin:strict'\n[{table}]\n"))


def test_keys_are_read_beside_the_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "org" / "keys").mkdir(parents=True)
    (tmp_path / "org" / "keys" / "lab.pub").write_text(PEM)
    text = "[signer.lab]\npublic-key='keys/lab.pub'\n"
    monkeypatch.chdir(tmp_path)
    loaded = load(write(Path("org/p.toml"), text))
    assert loaded.keys == {"lab": PEM.encode()}


def test_keys_may_stand_in_the_policy(tmp_path: Path) -> None:
    source = write(tmp_path / "p.toml", f"[signer.lab]\npublic-key='''\n{PEM}'''\n")
    loaded = load(source)
    assert loaded.keys == {"lab": PEM.encode()}
    assert loaded.sha256 == sha256(Path(source).read_bytes())


def test_the_digest_covers_whatever_decides(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.pub").write_text(PEM + name)
    text = "extends='builtin:integrity'\n[signer.b]\npublic-key='b.pub'\n[signer.a]\npublic-key='a.pub'\n"
    source = write(tmp_path / "p.toml", text)
    lines = (
        f"{sha256(preset('integrity'))}  builtin:integrity\n"
        f"{sha256(Path(source).read_bytes())}  policy\n"
        f"{sha256((PEM + 'a').encode())}  signer:a\n"
        f"{sha256((PEM + 'b').encode())}  signer:b\n"
    )
    first = load(source).sha256
    assert first == sha256(lines.encode())
    (tmp_path / "a.pub").write_text(PEM + "another")
    assert load(source).sha256 != first


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("missing.pub", "no such file"),
        (".", "not a regular file"),
        ("fifo", "not a regular file"),
        ("huge", f"more than {MAX_KEY_BYTES} bytes"),
        ("nul\\u0000", "not a path"),
    ],
)
def test_a_key_that_cannot_be_read_is_named_by_its_place(tmp_path: Path, key: str, words: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "huge").write_bytes(b"x" * (MAX_KEY_BYTES + 1))
    with pytest.raises(UsageError, match=words) as error:
        load(write(tmp_path / "p.toml", f'[signer.lab]\npublic-key="{key}"\n'))
    assert "signer.lab.public-key" in str(error.value)


def test_a_policy_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name, words in (("none.toml", "no such file"), (".", "not a regular file"), ("fifo", "not a regular file")):
        with pytest.raises(UsageError, match=words):
            load(str(tmp_path / name))


def test_a_policy_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(UsageError, match="too large for a policy"):
        load(str(tmp_path / "p.toml"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_policy_that_may_not_be_read(tmp_path: Path) -> None:
    source = write(tmp_path / "p.toml", "")
    Path(source).chmod(0)
    with pytest.raises(CouldNotLook):
        load(source)


def test_rules_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    loaded = load(write(tmp_path / "p.toml", "[findings]\ndeny-severity='error'\ndeny=['pikcle-file']\n"))
    with pytest.raises(UsageError, match="did you mean `pickle-file`"):
        refuse_unknown_rules(loaded, {"pickle-file", "remote-code"})
    with pytest.raises(UsageError, match="explain lists all rules"):
        refuse_unknown_rules(loaded, {"x"})
    refuse_unknown_rules(loaded, {"pikcle-file"})
    refuse_unknown_rules(load("strict"), ())
