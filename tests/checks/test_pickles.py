"""Pickles, whatever they are called: what they import decides."""

from __future__ import annotations

import pickle

import pytest

from provenance.checks.file_kinds import PICKLES
from provenance.checks.pickle_globals import Standing, judge
from provenance.checks.pickles import PICKLE_FILE, PICKLE_FILES
from provenance.checks.torch_globals import WEIGHTS_ONLY
from provenance.facts import Flaw, PickleFact, Reference
from provenance.records import Finding, Severity
from tests.checks.models import content, contents, evidence, model
from tests.surfaces.samples import SAMPLES


def found(file: str, data: bytes) -> list[Finding]:
    return list(PICKLE_FILES.run(evidence(contents({file: data}))))


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", ["README.md", "model.pkl", "no_suffix"])
def test_content_decides_and_not_the_name(sample: str, name: str) -> None:
    kind, make = SAMPLES[sample]
    rules = {finding.rule for finding in found(name, make())}
    if kind not in PICKLES:
        assert not rules
    elif sample.startswith("calling"):
        assert rules == {"pickle-dangerous"}
    elif sample == "pickle cut short":
        assert rules == {"pickle-dangerous", "pickle-unreadable"}
    else:
        assert rules == {"pickle-file"}


def test_what_it_does_is_told() -> None:
    (finding,) = found("w.bin", SAMPLES["calling pickle 0"][1]())
    assert finding.message == "calls 'posix.getpid'"
    assert finding.severity is Severity.CRITICAL
    assert finding.location.offset == 0


@pytest.mark.parametrize(
    "name",
    ["training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth", "checkpoint-5/rng_state_0.pth", "scaler.pt"],
)
def test_what_a_trainer_leaves_behind_is_not_needed(name: str) -> None:
    (finding,) = found(name, b"\x80\x02ctransformers.training_args\nTrainingArguments\n)\x81.")
    assert finding.rule == "pickle-global-unknown"
    assert finding.advice == "Delete it or leave it out of the download (it is not needed to run the model)."
    assert finding.severity is (Severity.WARNING if name == "training_args.bin" else Severity.ERROR)
    assert finding.message == "imports 'transformers.training_args.TrainingArguments'"


def test_settings_of_a_training_hold_nothing_else() -> None:
    (finding,) = found(
        "training_args.bin",
        b"\x80\x02ctransformers.training_args\nTrainingArguments\n)\x81cmine\nThing\n)\x81\x86.",
    )
    assert finding.severity is Severity.ERROR


def test_weights_are_needed() -> None:
    for name in ("pytorch_model.bin", "optimizer.bin.pt", "my_training_args.bin"):
        (finding,) = found(name, SAMPLES["torch zip"][1]())
        assert (finding.severity, finding.advice) == (Severity.INFO, PICKLE_FILE.advice)


def test_what_nobody_looked_into_is_never_fine() -> None:
    (finding,) = PICKLE_FILES.run(evidence(model(facts=[content("a.pkl", "pickle")])))
    assert (finding.rule, finding.message) == ("pickle-unreadable", "pickle, which was not looked into")


def test_many_names_are_bounded() -> None:
    references = tuple(Reference("mine", f"T{i:03}", i) for i in range(500))
    fact = PickleFact("a.pkl", "", 0, 9, 4, references, (Flaw("computed-call", "calls", 3),))
    dangerous, unknown = PICKLE_FILES.run(evidence(model(facts=[content("a.pkl", "pickle"), fact])))
    assert dangerous.rule == "pickle-dangerous"
    assert unknown.message.endswith("'mine.T004'; and 495 more")


def test_the_list_is_torchs() -> None:
    import torch
    from torch._weights_only_unpickler import _get_allowed_globals

    assert torch.__version__.startswith("2.13")
    assert set(_get_allowed_globals()) == WEIGHTS_ONLY


@pytest.mark.parametrize(
    ("module", "name", "standing"),
    [
        ("collections", "OrderedDict", Standing.DATA),
        ("torch", "serialization._get_layout", Standing.DATA),
        ("os", "system", Standing.DANGEROUS),
        ("torch", "serialization.os.system", Standing.DANGEROUS),
        ("mine", "linecache.os.system", Standing.DANGEROUS),
        ("collections", "OrderedDict.__init__", Standing.DANGEROUS),
        ("torch.storage", "_load_from_bytes", Standing.DANGEROUS),
        ("builtins", "eval", Standing.DANGEROUS),
        ("functools", "partial", Standing.DANGEROUS),
        ("mine", "Thing", Standing.UNKNOWN),
        ("__main__", "Thing", Standing.UNKNOWN),
        ("sklearn.linear_model", "LinearRegression", Standing.UNKNOWN),
        ("model.code", "Net", Standing.UNKNOWN),
    ],
)
def test_globals(module: str, name: str, standing: Standing) -> None:
    assert judge(module, name) is standing


def test_only_what_python_has_is_allowed() -> None:
    """Everything on the list that is of the standard library exists, so that no name is left for others to take."""
    import importlib

    from provenance.checks.pickle_globals import ALLOWED

    for full in sorted(ALLOWED):
        module, _, name = full.rpartition(".")
        if module.partition(".")[0] in ("torch", "numpy", "joblib") or module == "pathlib._local":
            continue
        assert hasattr(importlib.import_module(module), name), full


def test_names_of_python_2_are_those_of_python_3() -> None:
    assert [f.rule for f in found("a.pkl", pickle.dumps({1, 2}, 2))] == ["pickle-file"]
    assert b"__builtin__" in pickle.dumps({1, 2}, 2)
    assert [f.rule for f in found("a.pkl", b"\x80\x02c__builtin__\neval\n(U\x011tR.")] == ["pickle-dangerous"]
