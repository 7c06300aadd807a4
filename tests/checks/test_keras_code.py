"""Keras models that bring code."""

from __future__ import annotations

import json

import pytest

from provenance.checks.keras_code import KERAS
from provenance.records import Severity
from tests.checks.models import contents, evidence
from tests.surfaces import samples


def layer(**values: object) -> dict[str, object]:
    return {"module": "keras.layers", "class_name": "Dense", "config": {}, "registered_name": None, **values}


def found(*layers: object, **files: bytes) -> list[tuple[Severity, str]]:
    config = {"module": "keras", "class_name": "Sequential", "config": {"layers": list(layers)}}
    data = samples.archive_of({"metadata.json": b"{}", "config.json": json.dumps(config).encode(), **files})
    return [(f.severity, f.message) for f in KERAS.run(evidence(contents({"model.keras": data})))]


def test_layers_of_keras_are_quiet() -> None:
    assert found(layer(), layer(class_name="ReLU"), layer(module="keras.src.layers.core.dense")) == []
    assert found(layer(config={"dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {}}})) == []


@pytest.mark.parametrize("name", ["Lambda", "TorchModuleWrapper", "TFSMLayer"])
def test_layers_that_carry_code(name: str) -> None:
    assert found(layer(class_name=name)) == [(Severity.CRITICAL, f"a {name}, which carries code")]


def test_classes_of_others() -> None:
    assert found(layer(module="os", class_name="system")) == [(Severity.ERROR, "os.system, which is not Keras's own")]
    assert found(layer(module="keras.utils", class_name="get_file"))[0][0] is Severity.ERROR
    assert found(layer(registered_name="mine>Layer", module=None))[0][0] is Severity.ERROR


def test_a_file_of_the_host() -> None:
    assert found(layer(class_name="StringLookup", config={"vocabulary": "/etc/passwd"}))[0][0] is Severity.ERROR
    assert found(layer(class_name="StringLookup", config={"vocabulary": ["a", "b"]})) == []


def test_hdf5() -> None:
    data = b"\x89HDF\r\n\x1a\n" + bytes(5000) + b'{"class_name": "Lambda", "config": {}}'
    (finding,) = KERAS.run(evidence(contents({"model.h5": data})))
    assert finding.severity is Severity.CRITICAL


def test_a_description_that_cannot_be_read() -> None:
    data = samples.archive_of({"metadata.json": b"{}", "config.json": b"[" * 100_000})
    assert [f.severity for f in KERAS.run(evidence(contents({"model.keras": data})))] == [Severity.ERROR]
