"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.build import build


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every fixture model by name, built once a session; tests copy what they change. See `fixtures/README.md`."""
    return build(tmp_path_factory.mktemp("models"))
