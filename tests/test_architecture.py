"""The house rule and the laws that are about imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from provenance.weights.kernels import native_available

PACKAGE = Path(__file__).parent.parent / "provenance"
HEAVY = {
    "cryptography",
    "gguf",
    "huggingface_hub",
    "jinja2",
    "numpy",
    "pydantic",
    "rich",
    "sigstore",
    "torch",
    "transformers",
    "yaml",
}


def modules_after(statement: str) -> set[str]:
    """Top-level names in `sys.modules` after `statement` in a fresh interpreter."""
    program = f"{statement}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "statement",
    [
        "import provenance",
        "import provenance.cli",
        "from provenance.cli import run; run(['--help'])",
        "from provenance.cli import run; run(['check', '--help'])",
        "from provenance.cli import run; run(['--version'])",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(statement: str) -> None:
    assert not modules_after(statement) & HEAVY


def test_a_scan_loads_what_it_needs(tmp_path: Path) -> None:
    """What a document or a screen takes, and nothing that weights, keys or templates take: a scan fits in 64 MB."""
    text = b'{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
    model = tmp_path / "model.safetensors"
    model.write_bytes(len(text).to_bytes(8, "little") + text + b"x")
    loaded = modules_after(f"from provenance.cli import run; assert run(['scan', {str(model)!r}]) == 0")
    # Without the extension, which a machine with no compiler does not build, the kernels are NumPy's.
    reference = set() if native_available() else {"numpy"}
    assert loaded & HEAVY - reference == {"pydantic", "rich"}


def test_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], capture_output=True, text=True, cwd=PACKAGE.parent, check=False)
    assert done.returncode == 0, done.stdout


def test_only_the_command_prints_or_exits() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.name in {"cli.py", "__main__.py"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in {"print", "sys.exit", "exit", "quit", "os._exit"}, f"{path}:{node.lineno}"


def test_nothing_in_a_model_can_be_executed_by_us() -> None:
    """Law 3, as far as a reader of source can tell: no unpickling, no eval, no remote code anywhere in the package."""
    loaders = {"pickle.load", "pickle.loads", "pickle.Unpickler", "torch.load", "marshal.load", "marshal.loads"}
    runners = {"eval", "exec", "compile", "os.system", "os.popen", "subprocess.run", "subprocess.Popen"}
    forbidden = loaders | runners | {"yaml.load", "yaml.unsafe_load"}
    for path in PACKAGE.rglob("*.py"):
        own_child = {"subprocess.Popen"} if path == PACKAGE / "surfaces/sandbox.py" else set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in forbidden - own_child, f"{path}:{node.lineno}"
            if isinstance(node, ast.keyword):
                assert node.arg != "trust_remote_code", f"{path}:{node.lineno}"


def undocumented(node: ast.Module | ast.ClassDef, where: str) -> list[str]:
    """Public classes and functions without a docstring; what is inside a private one is not public."""
    found = []
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef | ast.ClassDef) and not inner.name.startswith("_"):
            place = f"{where}:{inner.lineno} {inner.name}"
            found += [] if ast.get_docstring(inner) else [place]
            found += undocumented(inner, where) if isinstance(inner, ast.ClassDef) else []
    return found


def test_every_module_and_public_name_has_a_docstring() -> None:
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), path
        assert not undocumented(tree, str(path))
