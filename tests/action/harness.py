"""Runs the shell steps of a composite action as a GitHub runner does, without GitHub and without Docker.

Covers what our action uses: `inputs` with defaults, `env` with `${{ }}` expressions of property paths and `||`,
`GITHUB_OUTPUT` in its heredoc form, the step summary, and workflow commands with `stop-commands`. Anything else is an
error, so that the action cannot outgrow its harness unnoticed.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_PATH = re.compile(r"[a-z][a-z0-9_-]*(\.[a-zA-Z0-9_-]+)*")


@dataclass
class Run:
    """What a runner would have seen."""

    code: int = 0
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    log: str = ""

    @property
    def commands(self) -> list[str]:
        """Workflow commands that a runner would obey, `stop-commands` respected."""
        obeyed: list[str] = []
        token: str | None = None
        for line in self.log.splitlines():
            if token is not None:
                if line.strip() == f"::{token}::":
                    token = None
                continue
            if line.startswith("::stop-commands::"):
                token = line.removeprefix("::stop-commands::")
            elif line.startswith("::"):
                obeyed.append(line)
        return obeyed


def load(action: Path) -> dict[str, Any]:
    """The parsed action file."""
    document: dict[str, Any] = yaml.safe_load(action.read_text())
    return document


def run_action(
    action: Path,
    inputs: dict[str, str],
    *,
    workspace: Path,
    temporary: Path,
    event: dict[str, Any] | None = None,
    skip: frozenset[str] = frozenset(),
) -> Run:
    """Run every step of `action` whose id is not in `skip`, in order; stop at the first that fails."""
    document = load(action)
    declared = document["inputs"]
    unknown = set(inputs) - set(declared)
    if unknown:
        raise ValueError(f"the action has no input {unknown}")
    values = {name: str(inputs.get(name, spec.get("default", ""))) for name, spec in declared.items()}
    context: dict[str, Any] = {"inputs": values, "github": {"event": event or {}}, "steps": {}}
    run = Run()
    for step in document["runs"]["steps"]:
        if step["id"] in skip:
            continue
        code, outputs = _step(step, context, action, workspace, temporary, run)
        context["steps"][step["id"]] = {"outputs": outputs}
        if code:
            run.code = code
            break
    run.outputs = {name: _substitute(spec["value"], context) for name, spec in document["outputs"].items()}
    return run


def _step(
    step: dict[str, Any], context: dict[str, Any], action: Path, workspace: Path, temporary: Path, run: Run
) -> tuple[int, dict[str, str]]:
    if set(step) - {"id", "name", "shell", "run", "env"} or step["shell"] != "bash":
        raise ValueError(f"step {step['id']} uses what this harness does not know")
    output, summary = temporary / f"output-{step['id']}", temporary / f"summary-{step['id']}"
    output.touch()
    summary.touch()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(temporary),
        "LANG": "C.UTF-8",
        "GITHUB_ACTIONS": "true",
        "CI": "true",
        "GITHUB_ACTION_PATH": str(action.parent),
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
        "RUNNER_TEMP": str(temporary),
        **{name: _substitute(str(value), context) for name, value in step.get("env", {}).items()},
    }
    script = temporary / f"step-{step['id']}.sh"
    script.write_text(step["run"])
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
        cwd=workspace,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    run.log += done.stdout + done.stderr
    run.summary += summary.read_text()
    return done.returncode, _outputs(output.read_text())


def _substitute(text: str, context: dict[str, Any]) -> str:
    return _EXPRESSION.sub(lambda match: _evaluate(match.group(1), context), text)


def _evaluate(expression: str, context: dict[str, Any]) -> str:
    for alternative in (part.strip() for part in expression.split("||")):
        if not _PATH.fullmatch(alternative):
            raise ValueError(f"expression {expression!r} is beyond this harness")
        value: Any = context
        for name in alternative.split("."):
            value = value.get(name, "") if isinstance(value, dict) else ""
        if value:
            return str(value)
    return ""


def _outputs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, separator, delimiter = line.partition("<<")
        if not separator:
            raise ValueError(f"output line {line!r} is not in heredoc form")
        value: list[str] = []
        for inner in lines:
            if inner == delimiter:
                break
            value.append(inner)
        else:
            raise ValueError(f"output {name} has no end")
        found[name] = "\n".join(value)
    return found
