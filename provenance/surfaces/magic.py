"""First bytes that mean one format and nothing else: `(offset, bytes, kind, plain words)`.

Only formats whose magic is long or odd enough to be unmistakable stand here; whatever needs a closer look (pickles,
PE, tar, text, …) is in `content_kinds`. Adding a format is one row.
"""

from __future__ import annotations

MAGIC: tuple[tuple[int, bytes, str, str], ...] = (
    # Weights.
    (0, b"GGUF", "gguf", "GGUF"),
    (0, b"\x89HDF\r\n\x1a\n", "hdf5", "HDF5"),
    (4, b"TFL3", "tflite", "TensorFlow Lite model"),
    (4, b"ET12", "executorch", "ExecuTorch program"),
    (0, b"lmgg", "ggml", "GGML weights from before GGUF"),
    (0, b"fmgg", "ggml", "GGML weights from before GGUF"),
    (0, b"tjgg", "ggml", "GGML weights from before GGUF"),
    # Programs.
    (0, b"\x7fELF", "elf", "ELF program or library"),
    (0, b"\xfe\xed\xfa\xce", "macho", "Mach-O program or library"),
    (0, b"\xfe\xed\xfa\xcf", "macho", "Mach-O program or library"),
    (0, b"\xce\xfa\xed\xfe", "macho", "Mach-O program or library"),
    (0, b"\xcf\xfa\xed\xfe", "macho", "Mach-O program or library"),
    (0, b"\x00asm", "wasm", "WebAssembly program"),
    (0, b"dex\n0", "dex", "Android program"),
    (0, b"!<arch>\n", "ar", "static library"),
    (0, b"BC\xc0\xde", "llvm-bitcode", "LLVM bitcode"),
    # Archives and compressed streams.
    (0, b"PK\x03\x04", "zip", "zip archive"),
    (0, b"PK\x05\x06", "zip", "empty zip archive"),
    (0, b"\x1f\x8b", "gzip", "gzip stream"),
    (0, b"\xfd7zXZ\x00", "xz", "xz stream"),
    (0, b"\x28\xb5\x2f\xfd", "zstd", "Zstandard stream"),
    (0, b"\x04\x22\x4d\x18", "lz4", "LZ4 stream"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z", "7z archive"),
    (0, b"Rar!\x1a\x07", "rar", "RAR archive"),
    (257, b"ustar", "tar", "tar archive"),
    # Data.
    (0, b"SQLite format 3\x00", "sqlite", "SQLite database"),
    (0, b"PAR1", "parquet", "Parquet table"),
    (0, b"ARROW1\x00\x00", "arrow", "Arrow table"),
    (23, b"brain.Event:", "tensorboard", "TensorBoard log"),
    (0, b":W&B", "wandb", "log of Weights & Biases"),
    (0, b"\x00\x00\x00\x01Bud1", "ds-store", "macOS folder settings"),
    (0, b"\x00\x05\x16\x07", "apple-double", "macOS attributes of another file (AppleDouble)"),
    # Pictures, sound, pages.
    (0, b"\x89PNG\r\n\x1a\n", "image", "PNG picture"),
    (0, b"\xff\xd8\xff", "image", "JPEG picture"),
    (0, b"GIF8", "image", "GIF picture"),
    (8, b"WEBP", "image", "WebP picture"),
    (4, b"ftypavif", "image", "AVIF picture"),
    (0, b"\x00\x00\x01\x00", "image", "icon"),
    (0, b"II*\x00", "image", "TIFF picture"),
    (0, b"MM\x00*", "image", "TIFF picture"),
    (8, b"WAVE", "media", "WAVE sound"),
    (0, b"fLaC", "media", "FLAC sound"),
    (0, b"OggS", "media", "Ogg sound"),
    (0, b"ID3", "media", "MP3 sound"),
    (0, b"\x1a\x45\xdf\xa3", "media", "Matroska film"),
    (4, b"ftyp", "media", "MPEG-4 film"),
    (0, b"wOF2", "font", "web font"),
    (0, b"wOFF", "font", "web font"),
    (0, b"OTTO\x00", "font", "OpenType font"),
    (0, b"ttcf\x00", "font", "TrueType fonts"),
    (0, b"%PDF-", "pdf", "PDF document"),
)


def match(head: bytes) -> tuple[str, str] | None:
    """Kind and plain words of the first row of `MAGIC` that `head` fits."""
    for offset, magic, kind, words in MAGIC:
        if head.startswith(magic, offset):
            return kind, words
    return None
