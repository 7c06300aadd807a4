"""`provenance doctor`: versions, what is installed, and what each missing piece would enable."""

from __future__ import annotations

import importlib.metadata
import os
import platform

from provenance import __version__

_REQUIRED = ("blake3", "click", "cryptography", "numpy", "pydantic", "pyyaml", "rfc8785", "rich")


def examine() -> str:
    """A page of plain text; never fails, whatever is missing."""
    from provenance.reading.formats import FORMATS
    from provenance.weights.kernels import native_available

    lines = [
        f"provenance {__version__}",
        f"python     {platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "",
        "required",
    ]
    lines += [f"  {name:<14}{_version(name)}" for name in _REQUIRED]
    lines += [
        "",
        "speed",
        "  native kernel "
        + (
            "built: bf16 comparison runs at the speed of reading"
            if native_available()
            else "absent: comparison uses numpy, several times slower; install a C compiler and reinstall"
        ),
        "",
        "reads tensors of " + ", ".join(fmt.name for fmt in FORMATS),
        "",
        "not in this version: replay of quantized weights, behavioural probes, Sigstore keyless signing, hf:// names;",
        "  reports say so under what was not looked at",
    ]
    return "\n".join(lines) + "\n"


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing: reinstall weights-provenance"
