"""What a file is by its first and last bytes, whatever its name says.

A file may be two things at once: loaders that read from the front and loaders that read from the back (zip) see
different files in the same bytes. Each is returned.
"""

from __future__ import annotations

import codecs
import re
import zlib
from dataclasses import dataclass

from provenance.surfaces import magic
from provenance.surfaces.containers.tars import is_header
from provenance.surfaces.pickles.recognise import walk
from provenance.surfaces.pickles.streams import LEGACY_TORCH
from provenance.surfaces.protobuf import is_onnx

HEAD_BYTES = TAIL_BYTES = 64 * 1024
"""What `identify` looks at: room for the end record of any zip but one with a comment of 64 KiB."""

TORCH_ZIP_MEMBER = b"/data.pkl"
"""`torch.load` takes a zip for a checkpoint where it holds `ARCHIVE/data.pkl`."""

TEXT_KINDS = frozenset({"text", "json", "html", "python", "script", "lfs-pointer", "bundle"})

_SHEBANG = re.compile(rb"#![ \t]*(\S{1,256})(?:[ \t]+(\S{1,256}))?")
_BUNDLE = re.compile(rb"\{[^\n]{0,4096}application/vnd\.dev\.sigstore\.bundle")
_JSON = re.compile(rb"\{\s*[\"}]|\[\s*(?:[\"{\[\]\d-]|true|false|null)")
"""`{{ … }}` and `{% … %}` open templates, not documents."""
_PAGE = re.compile(rb"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_NPY_TEXT = re.compile(rb"'[^'\\\n]*'|\"[^\"\\\n]*\"")
_NPY_SKELETON = re.compile(rb"(?:[\s{}\[\](),:]|\d+L?|True|False|None|'(?!\s*'))*+")
"""The header of an array with each text in it replaced by one quote: no escape, no prefix, no two texts in a row,
which Python would join."""
_OBJECT_DTYPE = re.compile(rb"""['"][^'"]*(?:O|object)""")
"""Any way to say `object` inside one text: `|O`, `O8`, `object`, `i4, O`."""
_IMATRIX = re.compile(rb"(?s:..[\x00-\x0f]\x00.[\x00\x01]\x00\x00)[\w.-]{1,200}\.weight")
"""A count of entries, the length of the first name, the name: that of a tensor in GGUF."""
_ENGINE = re.compile(rb"(?s:(?:..\x00\x00\{[^\x00]{1,65536}\})?)[fp]trt")
"""A plan of TensorRT; exporters write the length of a JSON document and the document in front of it."""
_CTRANSLATE2 = re.compile(rb"[\x01-\x20]\x00\x00\x00([\x02-\x40])\x00([A-Z]\w{0,62})\x00", re.ASCII)
"""The version, then the length and the name of a specification: `WhisperSpec`."""
_FASTTEXT = b"\xba\x16\x4f\x2f"
_OPENVINO = re.compile(r"openvino_\w{1,100}\.bin", re.ASCII)
_SKIPPED = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18(?s:.{4})")
"""A frame that readers of Zstandard and LZ4 skip; one longer than what is looked at is taken for Zstandard's."""
_END_OF_ZIP = b"PK\x05\x06"
_MAX_SAFETENSORS_HEADER = 100_000_000


@dataclass(frozen=True, slots=True)
class Content:
    """One thing that a file is."""

    kind: str
    detail: str
    """Plain words for a person."""


_UNKNOWN = Content("unknown", "binary data of no known format")


def identify(head: bytes, tail: bytes, size: int, name: str) -> tuple[Content, ...]:
    """What a file of `size` bytes is, by its first (`head`) and last (`tail`) bytes.

    Both are empty where an archive says that a member lies behind its own end.

    What a loader that reads from the front sees comes first. `name` only tells Python from other text, and
    OpenVINO's weights from other binary data.
    """
    if size == 0:
        return (Content("empty", "empty file"),)
    found = _from_the_front(head, size, name) if head else (_UNKNOWN,)
    kinds = {content.kind for content in found}
    # A tar of a small zip ends like one; its members are looked into, and what follows its end is a flaw.
    if not kinds & {"zip", "torch-zip", "tar"} and _ends_as_zip(tail):
        kind = "torch-zip" if TORCH_ZIP_MEMBER in tail else "zip"
        found = (*found, Content(kind, "zip archive, read from its end"))
    return found


def _from_the_front(head: bytes, size: int, name: str) -> tuple[Content, ...]:
    known = magic.match(head)
    if known:
        # Some marks are opcodes, and some stand so late that opcodes fit before them. `P` asks for an object that only
        # the reader of a zip can give.
        also = _pickle(head, size) if head[0] != ord("P") and walk(head, size).calls else None
        return (Content(*known), also) if also else (Content(*known),)
    pickled = _pickle(head, size)
    if _is_safetensors(head, size):
        weights = Content("safetensors", "safetensors")
        return (weights, pickled) if pickled else (weights,)
    found = pickled or _binary(head, size) or _text(head, size, name) or _raw(name)
    return (found or _UNKNOWN,)


def _is_safetensors(head: bytes, size: int) -> bool:
    if size < 10 or head[8:9] != b"{":
        return False
    length = int.from_bytes(head[:8], "little")
    return 2 <= length <= min(size - 8, _MAX_SAFETENSORS_HEADER)


def _pickle(head: bytes, size: int) -> Content | None:
    if head.startswith(LEGACY_TORCH):
        return Content("torch-legacy", "pickles of torch's format from before 1.6")
    steps = walk(head, size)
    marked = head[0] == 0x80 and len(head) > 1 and head[1] <= 5
    if marked and (steps.stop or steps.imports or not steps.broken):
        # Any 640-byte safetensors header begins like this too; what breaks before it does anything is no pickle.
        return Content("pickle", f"Python pickle, protocol {head[1]}")
    whole = steps.stop and size <= len(head) and not head[steps.stop :].strip()
    endless = not steps.broken and size > len(head) and not _is_safetensors(head, size)
    if steps.calls or endless or (whole and (steps.imports or steps.opcodes >= 4)):
        return Content("pickle", "Python pickle, protocol 0 or 1")
    return None


def _binary(head: bytes, size: int) -> Content | None:
    """Formats that one run of magic bytes does not settle."""
    if head.startswith(b"\x93NUMPY"):
        return _array(head)
    if head.startswith(b"MZqFpD"):
        return Content("pe", "program for several systems in one file (llamafile)")
    if head.startswith(b"MZ") and _is_pe(head):
        return Content("pe", "Windows program or library")
    if head.startswith(b"\xca\xfe\xba\xbe") and len(head) >= 8:
        # Both begin with these four bytes; the next four count a Mach-O's few architectures or name Java's version.
        if int.from_bytes(head[4:8], "big") < 45:
            return Content("macho", "Mach-O program or library for several processors")
        return Content("java-class", "Java program")
    if head[1:4] == b"\r\r\n" and head[4:8] in (b"\0\0\0\0", b"\1\0\0\0", b"\3\0\0\0"):
        return Content("python-bytecode", "compiled Python")
    if re.match(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)", head):
        return Content("bzip2", "bzip2 stream")
    if _SKIPPED.match(head):
        lz4 = head.startswith(b"\x04\x22\x4d\x18", 8 + int.from_bytes(head[4:8], "little"))
        return Content("lz4", "LZ4 stream") if lz4 else Content("zstd", "Zstandard stream")
    if head[0] == 0x78 and _inflates(head):
        return Content("zlib", "zlib stream")
    if head[:3] == b"]\x00\x00" and _expands(head):
        return Content("lzma", "LZMA stream")
    if is_header(head[:512]) and head[156:157] in b"\x0001234567":
        return Content("tar", "tar archive, in the form from before POSIX")
    return _data(head, size)


def _data(head: bytes, size: int) -> Content | None:
    """Those of them that hold nothing that Python or the system runs."""
    if _is_sentencepiece(head):
        return Content("sentencepiece", "SentencePiece model")
    if is_onnx(head, size):
        return Content("onnx", "ONNX model")
    if _ENGINE.match(head) and b"\x00" in head[:64]:
        return Content("tensorrt", "TensorRT engine")
    spec = _CTRANSLATE2.match(head)
    if spec and len(spec[2]) + 1 == spec[1][0]:
        return Content("ctranslate2", "CTranslate2 model")
    if head.startswith(_FASTTEXT):
        return Content("fasttext", "fastText model")
    if _is_truetype(head):
        return Content("font", "TrueType font")
    first = _IMATRIX.match(head)
    if first and first.end() - 8 == int.from_bytes(head[4:8], "little"):
        return Content("imatrix", "importance matrix of llama.cpp")
    if re.match(rb"(?s:[\x81-\x8f]|\xde..)[\xa1-\xbf][A-Za-z_]", head):
        return Content("msgpack", "MessagePack document")
    return None


def _array(head: bytes) -> Content:
    """A header that can only mean numbers and texts is plain; what is not understood may mean objects."""
    start = 10 if head[6:7] == b"\x01" else 12
    length = int.from_bytes(head[8:start], "little")
    header = head[start : start + length]
    skeleton = _NPY_TEXT.sub(b"'", header)
    understood = len(header) == length and _NPY_SKELETON.fullmatch(skeleton)
    if not understood or any(map(_OBJECT_DTYPE.match, _NPY_TEXT.findall(header))):
        return Content("npy-pickle", "NumPy array of pickled objects")
    return Content("npy", "NumPy array")


def _is_pe(head: bytes) -> bool:
    """A program of DOS or Windows."""
    if b"\x00" in head[:64]:
        return True
    return len(head) >= 64 and head.startswith(b"PE\x00\x00", int.from_bytes(head[60:64], "little"))


def _inflates(head: bytes) -> bool:
    """A zlib stream is two bytes whose check is weak, so a little of it is inflated (at most 64 bytes)."""
    if int.from_bytes(head[:2], "big") % 31:
        return False
    try:
        return bool(zlib.decompressobj().decompress(head, 64))
    except zlib.error:
        return False


def _expands(head: bytes) -> bool:
    """LZMA's old form has no mark but its usual settings, so a little of it is expanded (at most 64 bytes)."""
    import lzma

    try:
        return bool(lzma.LZMADecompressor(lzma.FORMAT_ALONE, 1 << 28).decompress(head, 64))
    except lzma.LZMAError:
        return False


def _is_sentencepiece(head: bytes) -> bool:
    """A protobuf whose first field is a piece: its text (field 1), then its score (field 2, four bytes)."""
    if len(head) < 8 or head[0] != 0x0A or head[2] != 0x0A:
        return False
    score = 4 + head[3]
    return head[1] <= 127 and score - 2 < head[1] and head[score : score + 1] == b"\x15"


def _is_truetype(head: bytes) -> bool:
    """Version 1.0, then a count of tables: never none, and far fewer than 256."""
    return head.startswith(b"\x00\x01\x00\x00\x00") and 1 <= int.from_bytes(head[5:6], "big") <= 64


def _raw(name: str) -> Content | None:
    """Raw numbers have no first bytes of their own; OpenVINO describes them in an .xml file of the same name."""
    if _OPENVINO.fullmatch(name.rpartition("/")[2]):
        return Content("openvino", "raw weights of OpenVINO, by the name")
    return None


def _text(head: bytes, size: int, name: str) -> Content | None:
    detail = _encoding(head, size)
    if detail is None:
        return None
    stripped = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if head.startswith(b"version https://git-lfs.github.com/spec/"):
        return Content("lfs-pointer", "git-lfs pointer")
    shebang = _SHEBANG.match(head)
    if shebang:
        interpreter = b" ".join(part for part in shebang.groups() if part)
        if b"python" in interpreter:
            return Content("python", "Python script")
        return Content("script", f"script for {interpreter.decode('utf-8', 'backslashreplace')}")
    if _BUNDLE.match(stripped):
        return Content("bundle", "Sigstore bundle")
    if name.lower().endswith((".py", ".pyw", ".pyi")):
        return Content("python", "Python source")
    if _PAGE.match(stripped):
        return Content("html", "page of HTML")
    if _JSON.match(stripped):
        return Content("json", "JSON")
    return Content("text", detail)


def _encoding(head: bytes, size: int) -> str | None:
    """How `head` reads as text; None where it does not."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and size % 2 == 0:
        try:
            head[: len(head) // 2 * 2].decode("utf-16")
        except UnicodeDecodeError:
            return None
        return "UTF-16 text"
    if b"\x00" in head:
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=size <= len(head))
    except UnicodeDecodeError:
        odd = sum(1 for byte in head if byte < 9 or 13 < byte < 32 or 127 <= byte < 160)
        return "text that is not UTF-8" if odd * 200 < len(head) else None
    return "UTF-8 text"


def _ends_as_zip(tail: bytes) -> bool:
    """A zip's end record that ends the file, or has the archive's directory (or zip64's record of it) before it."""
    position = tail.rfind(_END_OF_ZIP)
    if position < 0 or position + 22 > len(tail):
        return False
    directory_size = int.from_bytes(tail[position + 12 : position + 16], "little")
    comment = int.from_bytes(tail[position + 20 : position + 22], "little")
    before = directory_size <= position and tail.startswith(b"PK\x01\x02", position - directory_size)
    return before or position + 22 + comment == len(tail) or tail.startswith(b"PK\x06\x07", max(position - 20, 0))
