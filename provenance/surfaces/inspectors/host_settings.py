"""Files that set up tools of whoever unpacks the model: variables, registries, credentials."""

from __future__ import annotations

import hashlib
import re
from posixpath import basename

from provenance.facts import TextFact
from provenance.records import Unit
from provenance.surfaces.inspectors.interface import Buffered, Facts, InspectionContext, Inspector

MAX_BYTES = 64 * 1024
ROLE = "host-settings"
_NAMES = frozenset(
    {
        ".boto", ".condarc", ".curlrc", ".dockercfg", ".git-credentials", ".netrc", ".npmrc", ".pgpass", ".pypirc",
        ".s3cfg", ".wgetrc", ".yarnrc", ".yarnrc.yml", "_netrc", "id_ecdsa", "id_ed25519", "id_rsa", "pip.conf",
        "pip.ini", "uv.toml", ".rprofile",
    }
)  # fmt: skip
_VARIABLES = re.compile(r"\.env(?:\.(?!example$|sample$|template$|dist$)[\w-]+)*")
_PLACES = re.compile(
    r"(?:^|/)(?:\.aws/(?:credentials|config)|\.docker/config\.json|\.cargo/config(?:\.toml)?|\.ssh/[^/]+)$"
)


def is_host_setting(path: str) -> bool:
    """Whether tools of the host look for a file of this name."""
    name = basename(path).lower()
    return name in _NAMES or _VARIABLES.fullmatch(name) is not None or _PLACES.search(path) is not None


def _make(unit: Unit, _context: InspectionContext) -> Buffered | None:
    return Buffered(MAX_BYTES + 1, _read) if is_host_setting(unit.file) else None


def _read(unit: Unit, data: bytes) -> Facts:
    text = data.decode("utf-8", "replace") if len(data) <= MAX_BYTES else None
    return (TextFact(unit.file, ROLE, hashlib.sha256(data).hexdigest(), text),)


HOST_SETTINGS = Inspector("host-settings", _make)
