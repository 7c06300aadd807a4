"""The block geometry, compared with ggml's own Python package."""

from __future__ import annotations

import pytest

from provenance.reading.formats.ggml_types import BY_NUMBER, GGML_TYPES, WITHDRAWN, GgmlType

gguf = pytest.importorskip("gguf")

NEWER_THAN_THE_PACKAGE = {42}


def test_the_table_is_what_the_gguf_package_says() -> None:
    theirs = {
        GgmlType(int(kind), kind.name, elements, nbytes) for kind, (elements, nbytes) in gguf.GGML_QUANT_SIZES.items()
    }
    ours = set(GGML_TYPES)
    assert theirs <= ours
    assert {extra.number for extra in ours - theirs} <= NEWER_THAN_THE_PACKAGE


def test_no_number_and_no_name_is_given_twice() -> None:
    assert len({kind.number for kind in GGML_TYPES}) == len({kind.name for kind in GGML_TYPES}) == len(GGML_TYPES)
    assert sorted(BY_NUMBER) == [kind.number for kind in GGML_TYPES]


def test_every_number_up_to_the_last_is_known_or_withdrawn() -> None:
    assert not BY_NUMBER.keys() & WITHDRAWN.keys()
    assert BY_NUMBER.keys() | WITHDRAWN.keys() == set(range(max(BY_NUMBER) + 1))


@pytest.mark.parametrize(
    ("name", "bits_per_element"),
    [("F32", 32), ("BF16", 16), ("Q8_0", 8.5), ("Q4_K", 4.5), ("Q6_K", 6.5625), ("IQ2_XXS", 2.0625), ("IQ1_S", 1.5625),
     ("TQ1_0", 1.6875), ("MXFP4", 4.25), ("NVFP4", 4.5), ("Q1_0", 1.125), ("Q2_0", 2.25)],
)  # fmt: skip
def test_bits_per_element_as_published(name: str, bits_per_element: float) -> None:
    kind = next(kind for kind in GGML_TYPES if kind.name == name)
    assert kind.nbytes * 8 / kind.elements == bits_per_element
