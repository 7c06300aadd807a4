"""The digests against docs/digests.md, against coreutils, and against an independent Merkle tree."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.reading import digests
from provenance.records import FileDigest, ModelKind, Tensor, TensorDigest, Unit
from tests.reading import layouts

PAGE = (Path(__file__).parents[2] / "docs" / "digests.md").read_text()
VECTORS: dict[str, Any] = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
COMMANDS = [block.replace("\\\n", " ").strip() for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)]


def file_digest(path: str, content: bytes) -> FileDigest:
    return FileDigest(path, len(content), hashlib.sha256(content).hexdigest())


def tensor_digest(name: str, dtype: str, shape: tuple[int, ...], data: bytes, file: str = "m") -> TensorDigest:
    return TensorDigest(name, dtype, shape, file, len(data), blake3(data).hexdigest())


def vector_tensors() -> list[TensorDigest]:
    return [
        tensor_digest(one["name"], one["dtype"], tuple(one["shape"]), bytes.fromhex(one["data"]))
        for one in VECTORS["tensors"]
    ]


def gnu(command: str) -> bool:
    """The documented commands need GNU find and sort."""
    if not shutil.which("sha256sum"):
        return False
    probe = f"find . -maxdepth 0 -printf '%P\\0' | {'LC_ALL=C sort -z' if 'sort -z' in command else 'cat'}"
    return subprocess.run(["bash", "-o", "pipefail", "-c", probe], capture_output=True, check=False).returncode == 0


def piped(command: str, folder: Path) -> str:
    if not gnu(command):
        pytest.skip("GNU find and sort -z are not here")
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.split()[0]


# --- the documented vectors ------------------------------------------------------------------------------------------


def test_documented_directory_digest() -> None:
    files = [file_digest(path, bytes.fromhex(content)) for path, content in VECTORS["files"].items()]
    assert digests.directory_digest(files) == VECTORS["directory_digest"]
    assert digests.directory_digest(reversed(files)) == VECTORS["directory_digest"]


def test_documented_encodings_and_leaves() -> None:
    for tensor, expected in zip(vector_tensors(), VECTORS["tensors"], strict=True):
        encoded = digests.encode_tensor(tensor)
        assert encoded.hex() == expected["encoding"]
        assert blake3(b"\x00" + encoded).hexdigest() == expected["leaf"]


def test_documented_roots() -> None:
    tensors = vector_tensors()
    assert [digests.tensor_root(tensors[: count + 1]) for count in range(3)] == VECTORS["roots"]
    assert digests.tensor_root(tensors[::-1]) == VECTORS["roots"][2]


def test_documented_encoding_can_be_written_from_the_page_alone() -> None:
    """By the table of the page and nothing of ours."""
    for one in VECTORS["tensors"]:
        name, dtype = one["name"].encode(), one["dtype"].encode()
        parts = [len(name).to_bytes(4, "little"), name, len(dtype).to_bytes(4, "little"), dtype]
        parts += [len(one["shape"]).to_bytes(4, "little"), *(size.to_bytes(8, "little") for size in one["shape"])]
        assert (b"".join(parts) + blake3(bytes.fromhex(one["data"])).digest()).hex() == one["encoding"]


# --- coreutils -------------------------------------------------------------------------------------------------------

ODD_NAMES = (
    "a b.txt",
    " leading",
    "trailing ",
    ".hidden",
    "ünï/ço dé.json",
    "模型/权重.bin",
    "a.b",
    "a/b",
    "a-b",
    "a0",
    "B",
    "sub/-dash",
    "$(id)",
    "'quote'",
    '"double"',
    "*?[x]",
    "\u202ertl",
    "emoji \U0001f600",
    "%P %s\u00a0",
)


def odd_folder(root: Path) -> dict[str, bytes]:
    files = {path: path.encode() * number for number, path in enumerate(ODD_NAMES)}
    layouts.write(root, files)
    return files


def test_directory_digest_is_what_coreutils_prints(tmp_path: Path) -> None:
    files = odd_folder(tmp_path)
    digest = digests.directory_digest(file_digest(path, content) for path, content in files.items())
    assert digest == piped(COMMANDS[0], tmp_path)


def test_documented_command_leaves_out_what_the_sources_leave_out(tmp_path: Path) -> None:
    files = odd_folder(tmp_path)
    kept = {"sub/.git/config": b"1", "sub/x.sigstore.jsonl": b"2", ".cache/other": b"3", ".gitignore": b"4"}
    layouts.write(tmp_path, kept)
    layouts.write(tmp_path, {".git/config": b"5", ".cache/huggingface/a/b": b"6", "x.sigstore.jsonl": b"7"})
    digest = digests.directory_digest(file_digest(path, content) for path, content in (files | kept).items())
    assert digest == piped(COMMANDS[1], tmp_path)


# --- properties ------------------------------------------------------------------------------------------------------

paths = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(lambda p: "\\" not in p)
file_sets = st.dictionaries(paths, st.binary(max_size=8), min_size=1, max_size=6)


@given(file_sets, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_directory_digest_is_sha256_of_sorted_lines(files: dict[str, bytes], order: Any) -> None:
    shuffled = list(files.items())
    order.shuffle(shuffled)
    lines = b"".join(
        hashlib.sha256(files[path]).hexdigest().encode() + b"  " + path.encode() + b"\n"
        for path in sorted(files, key=str.encode)
    )
    digest = digests.directory_digest(file_digest(path, content) for path, content in shuffled)
    assert digest == hashlib.sha256(lines).hexdigest()


@given(file_sets, st.data())
@settings(max_examples=60, deadline=None)
def test_directory_digest_changes_with_any_file(files: dict[str, bytes], data: st.DataObject) -> None:
    digest = digests.directory_digest(file_digest(path, content) for path, content in files.items())
    path = data.draw(st.sampled_from(sorted(files)))
    changed = dict(files)
    match data.draw(st.sampled_from(["content", "name", "removed", "added"])):
        case "content":
            changed[path] += b"x"
        case "name":
            changed[path + "x"] = changed.pop(path)
            if path + "x" in files:
                return
        case "removed":
            del changed[path]
        case _:
            changed["\U0001f511" * 13] = b""
    assert digests.directory_digest(file_digest(p, content) for p, content in changed.items()) != digest


def merkle_by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, with the split found by counting."""
    if len(leaves) == 1:
        return blake3(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return blake3(b"\x01" + merkle_by_definition(leaves[:k]) + merkle_by_definition(leaves[k:])).digest()


@pytest.mark.parametrize("count", [*range(1, 18), 31, 32, 33, 100])
def test_tensor_root_has_the_shape_of_rfc_6962(count: int) -> None:
    tensors = [tensor_digest(f"t{number:03}", "F32", (number,), bytes(number)) for number in range(count)]
    leaves = [digests.encode_tensor(tensor) for tensor in tensors]
    assert digests.tensor_root(reversed(tensors)) == merkle_by_definition(leaves).hex()


stored = st.tuples(
    st.sampled_from(["F32", "BF16", "Q4_K"]),
    st.lists(st.integers(0, 2**63), max_size=4).map(tuple),
    st.binary(min_size=1, max_size=8),
)
tensor_sets = st.dictionaries(paths, stored, min_size=1, max_size=8)


@given(tensor_sets, st.data())
@settings(max_examples=80, deadline=None)
def test_tensor_root_ignores_files_and_order(tensors: dict[str, Any], data: st.DataObject) -> None:
    root = digests.tensor_root(tensor_digest(name, *one) for name, one in tensors.items())
    order = data.draw(st.permutations(sorted(tensors)))
    shards = [data.draw(st.sampled_from(["a", "b", "c"])) for _ in order]
    resharded = [
        tensor_digest(name, dtype, shape, content, shard)
        for shard, name in zip(shards, order, strict=True)
        for dtype, shape, content in [tensors[name]]
    ]
    assert digests.tensor_root(resharded) == root


@given(tensor_sets, st.data())
@settings(max_examples=80, deadline=None)
def test_tensor_root_changes_with_any_bit(tensors: dict[str, Any], data: st.DataObject) -> None:
    root = digests.tensor_root(tensor_digest(name, *one) for name, one in tensors.items())
    name = data.draw(st.sampled_from(sorted(tensors)))
    dtype, shape, content = tensors[name]
    changed = dict(tensors)
    match data.draw(st.sampled_from(["bit", "dtype", "shape", "name"])):
        case "bit":
            at = data.draw(st.integers(0, 8 * len(content) - 1))
            flipped = bytearray(content)
            flipped[at // 8] ^= 1 << at % 8
            changed[name] = dtype, shape, bytes(flipped)
        case "dtype":
            changed[name] = dtype + "_", shape, content
        case "shape":
            changed[name] = dtype, (*shape, 1), content
        case _:
            del changed[name]
            changed["\U0001f511" * 13] = tensors[name]
    assert digests.tensor_root(tensor_digest(n, *one) for n, one in changed.items()) != root


def test_two_tensors_of_one_name_are_both_in_the_root() -> None:
    one, other = tensor_digest("t", "F32", (1,), b"1111", "a"), tensor_digest("t", "F32", (1,), b"2222", "b")
    assert digests.tensor_root([one, other]) == digests.tensor_root([other, one])
    assert digests.tensor_root([one, other]) not in {digests.tensor_root([one]), digests.tensor_root([other])}


# --- consumers and the manifest --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [1, 3, 100])
def test_consumers_digest_what_they_are_fed(cut: int) -> None:
    content = bytes(range(100))
    tensor = Tensor("t", "U8", (100,), "f", 8, 100)
    file_unit, tensor_unit = Unit("f", 0, 100), Unit("f", 8, 100, tensor)
    of_file, of_tensor = digests.digest_file(file_unit), digests.digest_tensor(tensor_unit)
    of_file.begin(file_unit)
    of_tensor.begin(tensor_unit)
    for start in range(0, 100, cut):
        of_file.update(memoryview(content)[start : start + cut])
        of_tensor.update(memoryview(content)[start : start + cut])
    assert of_file.finish() == file_digest("f", content)
    assert of_tensor.finish() == tensor_digest("t", "U8", (100,), content, "f")


def test_a_tensor_digest_needs_a_tensor() -> None:
    with pytest.raises(ValueError, match="is a tensor"):
        digests.TensorDigester().begin(Unit("f", 0, 1))


spans = st.tuples(st.integers(0, 59), st.integers(1, 60)).map(lambda span: (span[0], min(span[1], 60 - span[0])))


@given(st.lists(spans, max_size=8), st.lists(st.integers(1, 60), min_size=1), st.integers(0, 59))
def test_ranges_are_as_expected_until_one_byte_of_them_changes(
    ranges: list[tuple[int, int]], cuts: list[int], changed: int
) -> None:
    content = bytes(range(60))
    other = content[:changed] + b"\xff" + content[changed + 1 :]
    expected = {(start, nbytes): blake3(content[start : start + nbytes]).digest() for start, nbytes in ranges}
    for fed in (content, other):
        digester, position, step = digests.RangesDigester(expected), 0, 0
        while position < 60:
            assert not ranges or not digester.as_expected() or max(start + n for start, n in ranges) <= position
            chunk = fed[position : position + cuts[step % len(cuts)]]
            digester.update(memoryview(chunk), position)
            position, step = position + len(chunk), step + 1
        hit = any(start <= changed < start + nbytes for start, nbytes in ranges)
        assert digester.as_expected() is (fed is content or not hit)


def test_a_range_that_the_file_no_longer_has_is_not_as_expected() -> None:
    digester = digests.RangesDigester({(2, 4): blake3(b"2345").digest()})
    digester.update(memoryview(b"01234"), 0)
    assert not digester.as_expected()


def test_manifest_of_a_folder() -> None:
    files = [file_digest("b", b"1"), file_digest("a/z", b"2"), file_digest("a", b"3")]
    tensors = [tensor_digest("y", "F32", (), b"1234", "b"), tensor_digest("x", "F32", (), b"1234", "z")]
    tensors.append(tensor_digest("x", "F32", (), b"5678", "a"))
    manifest = digests.manifest(ModelKind.DIRECTORY, files, tensors, ["z", ".git/x"])
    assert [file.path for file in manifest.files] == ["a", "a/z", "b"]
    assert [(tensor.name, tensor.file) for tensor in manifest.tensors] == [("x", "a"), ("x", "z"), ("y", "b")]
    assert manifest.subject_sha256 == digests.directory_digest(files)
    assert manifest.tensor_root == digests.tensor_root(tensors)
    assert manifest.excluded == (".git/x", "z")


def test_manifest_of_a_file_and_of_a_split_set() -> None:
    one, two = file_digest("m-00001-of-00002.gguf", b"1"), file_digest("m-00002-of-00002.gguf", b"2")
    assert digests.manifest(ModelKind.FILE, [one], []).subject_sha256 == hashlib.sha256(b"1").hexdigest()
    assert digests.manifest(ModelKind.FILE, [one], []).tensor_root is None
    assert digests.manifest(ModelKind.SPLIT, [two, one], []).subject_sha256 == digests.directory_digest([one, two])
    with pytest.raises(ValueError, match="not 2"):
        digests.manifest(ModelKind.FILE, [one, two], [])
    with pytest.raises(ValueError, match="at least one file"):
        digests.manifest(ModelKind.DIRECTORY, [], [])
