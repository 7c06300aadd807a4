"""Files are what their bytes say."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.surfaces import magic
from provenance.surfaces.content_kinds import HEAD_BYTES, TAIL_BYTES, identify
from tests.surfaces import samples
from tests.surfaces.samples import SAMPLES


def kinds(data: bytes, name: str = "file") -> list[str]:
    return [content.kind for content in identify(data[:HEAD_BYTES], data[-TAIL_BYTES:], len(data), name)]


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_sample_is_one_thing(sample: str) -> None:
    kind, make = SAMPLES[sample]
    found = kinds(make())
    # Without its middle, a checkpoint in a zip shows the pickle's name in its head or tail; `content` watches for it.
    assert found == [kind] or (kind, found) == ("torch-zip", ["zip"])


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_name_decides_nothing_but_python(sample: str) -> None:
    _, make = SAMPLES[sample]
    for name in ("README.md", "model.safetensors", "x.pkl"):
        assert kinds(make(), name) == kinds(make())


def test_python_by_name_is_text_all_the_same() -> None:
    assert kinds(b"import os\n", "modeling.py") == ["python"]
    assert kinds(b"import os\n", "a/B.PY") == ["python"]
    assert kinds(b"\x00\x01", "modeling.py") == ["unknown"]
    assert kinds(b"", "__init__.py") == ["empty"]


@pytest.mark.parametrize("row", magic.MAGIC, ids=lambda row: row[3])
def test_every_magic_is_found(row: tuple[int, bytes, str, str]) -> None:
    offset, mark, kind, words = row
    assert (kind, words) == magic.match(b"\x00" * offset + mark + b"\x00" * 8) or offset
    assert kinds(b"\x01" * offset + mark + b"\x00" * 300)[0] == kind


@pytest.mark.parametrize(
    "front", [samples.safetensors(), b"GGUF" + bytes(60), b"# A card\n", b"\x89PNG\r\n\x1a\n" + bytes(50)]
)
def test_a_zip_at_the_end_of_something_else(front: bytes) -> None:
    found = kinds(front + samples.archive())
    assert len(found) == 2
    assert found[1] == "zip"
    assert kinds(front + samples.torch_zip())[1] == "torch-zip"


def test_a_zip_at_the_end_with_a_comment() -> None:
    made = samples.archive()
    commented = made[:-2] + struct.pack("<H", 5) + b"hello"
    assert kinds(b"front" + commented)[1] == "zip"
    assert kinds(b"front" + made + b"rubbish after the end")[1] == "zip"


def test_a_directory_longer_than_the_tail() -> None:
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for i in range(800):
            made.writestr(f"{'x' * 60}{i}", b"")
    data = b"GGUF" + bytes(60) + buffer.getvalue()
    assert kinds(data) == ["gguf", "zip"]


@pytest.mark.parametrize(
    "tail",
    [
        b"PK\x05\x06",
        b"PK\x05\x06" + bytes(18) + b"and more",
        b"PK\x05\x06" + b"\xff" * 18,
        b"PK\x05\x06" + bytes(8) + struct.pack("<IIH", 4, 0, 1),
        b"text about PK\x05\x06 and more text than an end record is long",
    ],
)
def test_four_bytes_are_no_zip(tail: bytes) -> None:
    assert len(kinds(b"\x00" * 100 + tail)) == 1


def test_weights_that_are_a_pickle_too() -> None:
    # The length of the header is a PROTO opcode and a string that reaches into the JSON, where the opcodes go on.
    prefix = b"\x80\x02X\x05\x00\x00\x00\x00"
    data = prefix + b'{"ab' + b"0cos\ngetpid\n)R." + b'":1}'
    length = int.from_bytes(prefix, "little")
    assert pickle.dumps(None, 2)[:2] == prefix[:2]
    # The file would have to be as long as the length says; only its first 64 KiB are looked at.
    found = [content.kind for content in identify(data, data, length + 8, "model.safetensors")]
    assert found == ["safetensors", "pickle"]


def test_a_broken_pickle_that_does_nothing_is_unknown() -> None:
    assert kinds(b"\x80\x04\xff\xff\xff\x00") == ["unknown"]
    assert kinds(b"\x80") == ["unknown"]


def test_an_argument_longer_than_the_head_does_not_hide_a_pickle() -> None:
    data = b"\x80\x04B" + struct.pack("<I", 100_000) + b"x" * 100_000 + b"0cos\ngetpid\n)R."
    assert kinds(data) == ["pickle"]


@pytest.mark.parametrize(
    "descr", [b"'|O'", b"'object'", b'"O"', b"'O8'", b"'i4, O'", b"[('a', 'O')]", b"[('a', [('b', '|O')])]"]
)
def test_every_way_to_say_object_in_an_array(descr: bytes) -> None:
    header = b"{'descr': " + descr + b", 'fortran_order': False, 'shape': (1,), }\n"
    assert kinds(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + b"\x00") == ["npy-pickle"]


@pytest.mark.parametrize(
    "descr",
    [
        b"'|\\x4f'",
        b"'|\\117'",
        b"'obj' 'ect'",
        b"('obj'\n'ect')",
        b"r'|O'",
        b"u'|O'",
        b"b'O'",
        b"'i4' # 'x'\n",
        b"'<f4" + b" " * 70_000 + b"'",
    ],
)
def test_a_header_that_is_not_understood_may_say_object(descr: bytes) -> None:
    header = b"{'descr': " + descr + b", 'fortran_order': False, 'shape': (1,), }\n"
    assert kinds(b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header + b"\x00") == ["npy-pickle"]


@pytest.mark.parametrize("descr", [b"'<f4'", b"[('a', '<i4', (2, 3L)), ('', '|V4')]", b"'i4, f8'", b'"<U5"'])
def test_plain_arrays_are_plain(descr: bytes) -> None:
    header = b"{'descr': " + descr + b", 'fortran_order': False, 'shape': (1L,), }\n"
    assert kinds(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + b"\x00") == ["npy"]


EVIL = b"0cos\ngetpid\n(tR."


def test_text_that_outlasts_the_head_is_a_pickle() -> None:
    assert kinds(b"V" + b"a" * 70_000 + b"\n" + EVIL) == ["pickle"]
    assert kinds(b"X" + struct.pack("<I", 70_000) + b"a" * 70_000 + EVIL) == ["pickle"]
    assert kinds(b"N0" * 40_000 + b"N" + EVIL) == ["pickle"]
    assert kinds(b"Words " * 20_000) == ["text"]


@pytest.mark.parametrize(("front", "kind"), [(b"GGUF12345", "gguf"), (b"V123ftyp\n", "media"), (b"V" * 300, "tar")])
def test_a_pickle_behind_the_mark_of_another_format(front: bytes, kind: str) -> None:
    data = front[:257] + (b"ustar\n" if kind == "tar" else b"") + EVIL
    assert kinds(data) == [kind, "pickle"]


def test_the_standard_library_is_python() -> None:
    sources = sorted(Path(pickle.__file__).parent.glob("*.py"))
    assert len(sources) > 100
    for source in sources:
        assert kinds(source.read_bytes(), source.name) == ["python"], source


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=300))
def test_text_is_never_code(text: str) -> None:
    found = kinds(text.replace("\x00", "").encode() or b"x")
    assert not {"pickle", "npy-pickle", "torch-zip", "elf", "pe"} & set(found)


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_are_something(data: bytes) -> None:
    assert kinds(data)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(SAMPLES)), st.integers(1, 400))
def test_any_beginning_of_a_file_is_something(sample: str, length: int) -> None:
    assert kinds(SAMPLES[sample][1]()[:length])


def test_four_zeros_are_no_font_and_no_importance_matrix() -> None:
    assert kinds(samples.safetensors(256)) == ["safetensors"]
    assert kinds(b"\x00\x01\x00\x00\x00\xff" + bytes(20)) == ["unknown"]
    name = b"blk.0.attn_k.weight"
    assert kinds(struct.pack("<ii", 196, 5) + name + bytes(16)) == ["unknown"]


def test_raw_weights_are_known_by_their_name_alone() -> None:
    assert kinds(bytes(100), "openvino/openvino_model.bin") == ["openvino"]
    assert kinds(bytes(100), "my_openvino_model.bin") == ["unknown"]
    assert kinds(samples.torch_legacy(), "openvino_model.bin") == ["torch-legacy"]
    assert kinds(b"words\n", "openvino_model.bin") == ["text"]


GRAPH = samples.ONNX_GRAPH


@pytest.mark.parametrize(
    "data",
    [
        b"\x08\x01\x12\x09\x0a\x07\x0a\x05\x12\x03Add",  # a saved model of TensorFlow: its second field is no text
        b"\x08\x01\x12\x00",
        b"\x08\x00" + GRAPH,
        b"\x08\x1f" + GRAPH,
        b"\x0a\x02\x08\x08" + GRAPH,
        b"\x08\x08\x4a\x01x" + GRAPH,
        b"\x08\x08\x18\x01" + GRAPH,
        b"\x08\x08" + GRAPH + b"\x42",
        b"\x08\x08\x12\x02\xff\xfe" + GRAPH,
        b"\x08\x08\x3a\x02\x18\x01",
        b"\x08\x08\x12\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00",
        b"\x3a\xff\xff\x7f" + GRAPH[2:],
    ],
)
def test_other_protocol_buffers_are_not_onnx(data: bytes) -> None:
    assert "onnx" not in kinds(data)


def test_a_graph_before_everything_else_and_longer_than_the_head() -> None:
    node = GRAPH[2:14]
    graph = b"\x3a" + b"\xe0\xa7\x12" + node * 25_000
    assert len(node) * 25_000 == 0x60 | 0x27 << 7 | 0x12 << 14
    assert kinds(graph + b"\x08\x08") == ["onnx"]
    assert kinds(graph.replace(node, bytes(12), 3000) + b"\x08\x08") == ["unknown"]


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_behind_a_version_are_borne(data: bytes) -> None:
    assert kinds(b"\x08\x08" + data)
    assert kinds(b"\x3a" + data)


def test_a_skipped_frame_says_whose_it_is() -> None:
    skipped = b"\x51*M\x18\x02\x00\x00\x00ab"
    assert kinds(skipped + SAMPLES["lz4"][1]()) == ["lz4"]
    assert kinds(skipped + SAMPLES["zstd"][1]()) == ["zstd"]


def test_a_member_behind_the_end_of_its_archive_is_nothing_that_is_known() -> None:
    assert [content.kind for content in identify(b"", b"", 5, "a.bin")] == ["unknown"]
