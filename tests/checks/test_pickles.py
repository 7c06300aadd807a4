"""Pickles, whatever they are called."""

from __future__ import annotations

import pytest

from provenance.checks.file_kinds import PICKLES
from provenance.checks.pickles import PICKLE_FILE, PICKLE_FILES
from provenance.records import Severity
from tests.checks.models import contents, evidence
from tests.surfaces.samples import SAMPLES


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", ["README.md", "model.safetensors", "model.pkl", "config.json", "no_suffix"])
def test_content_decides_and_not_the_name(sample: str, name: str) -> None:
    kind, make = SAMPLES[sample]
    found = list(PICKLE_FILES.run(evidence(contents({name: make()}))))
    assert len(found) == (kind in PICKLES)
    assert all(finding.location.file == name for finding in found)


def test_the_kind_is_told() -> None:
    (found,) = PICKLE_FILES.run(evidence(contents({"w.bin": SAMPLES["calling pickle 0"][1]()})))
    assert found.message == "Python pickle, protocol 0 or 1"


@pytest.mark.parametrize(
    "name",
    ["training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth", "checkpoint-5/rng_state_0.pth", "scaler.pt"],
)
def test_what_a_trainer_leaves_behind_is_not_needed(name: str) -> None:
    (found,) = PICKLE_FILES.run(evidence(contents({name: SAMPLES["torch zip"][1]()})))
    assert found.advice == "Delete it or leave it out of the download (it is not needed to run the model)."
    assert found.severity is Severity.ERROR


def test_weights_are_needed() -> None:
    for name in ("pytorch_model.bin", "optimizer.bin.pt", "my_training_args.bin"):
        (found,) = PICKLE_FILES.run(evidence(contents({name: SAMPLES["torch zip"][1]()})))
        assert found.advice == PICKLE_FILE.advice
