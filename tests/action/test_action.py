"""The action, run by its shell steps as a runner would, hostile inputs included."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.action.harness import Run, load, run_action
from tests.command import provenance

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github/actions/verify/action.yml"

Act = Callable[..., Run]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def act(tmp_path: Path, workspace: Path) -> Act:
    """Run the action with the tests' own interpreter in place of the one that its install step would make."""
    temporary = tmp_path / "temp"
    temporary.mkdir()
    (temporary / "provenance-venv").symlink_to(sys.prefix, target_is_directory=True)

    def run(event: dict[str, object] | None = None, **inputs: str) -> Run:
        named = {name.replace("_", "-"): value for name, value in inputs.items()}
        return run_action(
            ACTION, named, workspace=workspace, temporary=temporary, event=event, skip=frozenset({"install"})
        )

    return run


def test_an_honest_model_passes(act: Act, models: dict[str, Path]) -> None:
    run = act(model=str(models["resharded"]), base=str(models["base"]), policy="lineage")
    assert run.code == 0, run.log
    assert run.outputs["verdict"] in {"pass", "warn"}
    report = json.loads(Path(run.outputs["report-json"]).read_text())
    assert report["report"]["subject"]["sha256"] == run.outputs["model-digest"]
    assert json.loads(Path(run.outputs["report-sarif"]).read_text())["version"] == "2.1.0"
    assert run.outputs["model-digest"] in run.summary


def test_a_changed_model_is_denied_with_outputs_set(act: Act, models: dict[str, Path]) -> None:
    run = act(model=str(models["abliterated"]), base=str(models["base"]), policy="lineage")
    assert run.code == 1
    assert (run.outputs["verdict"], run.outputs["exit-code"]) == ("denied", "1")
    assert Path(run.outputs["report-sarif"]).is_file()
    assert run.summary


def test_warn_mode_reports_the_denial_and_passes(act: Act, models: dict[str, Path]) -> None:
    run = act(model=str(models["abliterated"]), base=str(models["base"]), policy="lineage", mode="warn")
    assert (run.code, run.outputs["verdict"], run.outputs["exit-code"]) == (0, "denied", "1")


def test_warn_mode_does_not_hide_that_nothing_was_looked_at(act: Act, workspace: Path) -> None:
    run = act(model=str(workspace / "absent"), mode="warn")
    assert (run.code, run.outputs["verdict"]) == (2, "error")


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"model": ""}, 2),
        ({"model": "--help"}, 2),
        ({"model": "-o"}, 2),
        ({"model": "$(touch pwned)"}, 2),
        ({"model": "`touch pwned`"}, 2),
        ({"model": "a\n::error::forged"}, 2),
        ({"model": "x", "mode": "enforce; touch pwned"}, 2),
        ({"model": "x", "policy": "../../policy.toml", "policy_ref": "HEAD"}, 2),
        ({"model": "x", "policy": "policy.toml", "policy_ref": "--upload-pack=touch pwned"}, 2),
        ({"model": "x", "policy": "policy.toml", "policy_ref": "HEAD"}, 3),
        ({"model": "x", "base": "y", "attestations": "z"}, 2),
        ({"model": "x", "attestations": "$(touch pwned)", "policy": "integrity"}, 2),
    ],
)
def test_hostile_inputs_are_words_and_nothing_more(
    act: Act, workspace: Path, inputs: dict[str, str], code: int
) -> None:
    run = act(**inputs)
    assert run.code == code, run.log
    assert run.outputs["verdict"] == "error"
    assert not (workspace / "pwned").exists()
    assert not any("forged" in command for command in run.commands)


def git(workspace: Path, *arguments: str) -> str:
    """Run git in the workspace as somebody."""
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    done = subprocess.run(["git", *identity, *arguments], cwd=workspace, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def committed(workspace: Path) -> str:
    """Commit all that lies in the workspace; returns the commit."""
    git(workspace, "init", "-q")
    git(workspace, "add", ".")
    git(workspace, "commit", "-qm", "base")
    return git(workspace, "rev-parse", "HEAD")


@pytest.mark.parametrize("kind", ["pull_request", "merge_group"])
def test_the_policy_is_read_from_the_base_of_a_change(
    kind: str, act: Act, workspace: Path, models: dict[str, Path]
) -> None:
    policy = workspace / "policy.toml"
    policy.write_text('version = 1\nname = "ours"\nextends = "builtin:lineage"\n')
    base = committed(workspace)
    policy.write_text('version = 1\nname = "loosened"\nextends = "builtin:default"\n')

    events: dict[str, dict[str, object]] = {
        "pull_request": {"pull_request": {"base": {"sha": base}}},
        "merge_group": {"merge_group": {"base_sha": base}},
    }
    run = act(events[kind], model=str(models["abliterated"]), base=str(models["base"]), policy="policy.toml")
    assert run.code == 1, run.log
    assert any("differs" in command for command in run.commands)
    verdict = json.loads(Path(run.outputs["report-json"]).read_text())["verdict"]
    assert verdict["policy"] == "ours"


def test_signers_are_read_from_the_base_of_a_change(
    act: Act, workspace: Path, models: dict[str, Path], keys: dict[str, Path]
) -> None:
    """A change that replaces the key, and signs with its own, is not believed."""
    (workspace / "release.pub").write_bytes(keys["p256-public"].read_bytes())
    base = committed(workspace)
    (workspace / "release.pub").write_bytes(keys["ed25519-public"].read_bytes())
    event: dict[str, object] = {"pull_request": {"base": {"sha": base}}}
    for key, code in (("p256", 0), ("ed25519", 1)):
        bundle = workspace / f"{key}.sigstore.jsonl"
        signed = provenance("attest", models["base"], "--key", keys[key], "-o", f"bundle={bundle}")
        assert signed.code == 0, signed
        inputs = {"model": str(models["base"]), "attestations": bundle.name, "signers": "release.pub"}
        run = act(event, policy="integrity", **inputs)
        assert run.code == code, run.log


def test_model_text_cannot_forge_workflow_commands(act: Act, models: dict[str, Path], tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(models["base"], model)
    (model / "::error title=forged::x").write_text("#!/bin/sh\n::error::forged\n")
    run = act(model=str(model))
    assert not any(command.startswith("::error title=forged") for command in run.commands)
    assert not any("::error::forged" in command for command in run.commands)


@pytest.mark.slow
def test_the_whole_action_installs_from_the_lock_and_judges(models: dict[str, Path], tmp_path: Path) -> None:
    workspace, temporary = tmp_path / "workspace", tmp_path / "temp"
    workspace.mkdir()
    temporary.mkdir()
    for name in ("venv.py", "pip.py", "provenance.py", "json.py"):
        (workspace / name).write_text("raise SystemExit('the judged checkout was imported')")
    inputs = {"model": str(models["resharded"]), "base": str(models["base"]), "policy": "lineage"}
    run = run_action(ACTION, inputs, workspace=workspace, temporary=temporary)
    assert (run.code, run.outputs["verdict"]) == (0, "pass"), run.log
    assert (temporary / "provenance-venv/bin/python").exists()


def test_no_expression_stands_in_a_script_and_every_use_is_pinned() -> None:
    document = load(ACTION)
    for step in document["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert "uses" not in step
    for path in (ROOT / ".github").rglob("*.yml"):
        for line in path.read_text().splitlines():
            if "uses:" in line:
                assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_scripts_leave_the_runner_environment_alone() -> None:
    for script in ACTION.parent.glob("*.sh"):
        code = "\n".join(line for line in script.read_text().splitlines() if not line.lstrip().startswith("#"))
        assert "GITHUB_ENV" not in code
        assert "GITHUB_PATH" not in code


@pytest.mark.parametrize(
    "command",
    [
        ["check-jsonschema", "--builtin-schema", "vendor.github-actions", str(ACTION)],
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(ROOT / ".github/workflows/ci.yml")],
        ["zizmor", "--offline", "--strict-collection", "--no-progress", str(ROOT / ".github")],
        ["shellcheck", *map(str, sorted(ACTION.parent.glob("*.sh")))],
    ],
    ids=lambda command: command[0],
)
def test_linters_of_actions_and_shell_find_nothing(command: list[str]) -> None:
    tool = Path(sys.executable).with_name(command[0])
    done = subprocess.run([tool, *command[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_input_and_output_is_documented() -> None:
    text = (ROOT / "docs/action.md").read_text()
    document = yaml.safe_load(ACTION.read_text())
    for name in (*document["inputs"], *document["outputs"]):
        assert f"`{name}`" in text, name
