"""Facts: what inspectors see in a model, without judging it. Frozen values; checks make findings of them.

A place inside an archive is `member`, the path from the outermost archive inwards with `!/` between archives:
`inner.tar.gz!/setup.py`. It is empty for the file itself.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContentFact:
    """What a file is by its content, whatever its name says. A file that is two things at once has two."""

    file: str
    kind: str
    """`safetensors gguf pickle zip torch-zip tar gzip … elf pe macho script json text python bundle unknown`."""
    detail: str = ""
    executable: bool = False
    """The mode bits allow execution, or the content is a program."""


@dataclass(frozen=True, slots=True)
class JsonFact:
    """A JSON document of the model, parsed strictly; `error` where it could not be."""

    file: str
    value: object
    """Plain Python values; None where no loader could read it, and where it is too large to keep."""
    duplicate_keys: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class CardFact:
    """The front matter of a model card (`README.md`)."""

    file: str
    base_models: tuple[str, ...] = ()
    relation: str = ""
    """`base_model_relation` as declared."""
    licence: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class TextFact:
    """A text whose digest and content checks compare: a chat template, a tokenizer part, a Python file."""

    file: str
    role: str
    """`chat-template`, `tokenizer`, `python`, …"""
    sha256: str
    text: str | None
    """The text where it is small enough to show differences of, else None."""


@dataclass(frozen=True, slots=True)
class VocabularyFact:
    """What the ids of one vocabulary show by themselves."""

    file: str
    tokens: int
    lowest: int
    highest: int
    shared: tuple[tuple[int, str, str], ...] = ()
    """Ids that two tokens have, and the two, quoted; a hundred at most."""
    repeated: tuple[tuple[str, int, int], ...] = ()
    """Tokens, quoted, that have two ids, and the two; a hundred at most."""


@dataclass(frozen=True, slots=True)
class RoundTripFact:
    """What a set of texts becomes with a tokenizer, there and back: alone, or beside the base's."""

    file: str
    reference: str
    """`base: FILE`; empty where the texts are held against what they come back as."""
    texts: int
    """How many were tried; none where the base's tokenizer is made of the same parts, and so does the same."""
    differences: tuple[Feature, ...] = ()
    """`other-ids`, `other-text`, `cut-apart` (by a token that only one of the two has), `not-reversed`."""
    error: str = ""
    """Why no texts were tried, as it reads after `because`; empty where they were."""


# ---------------------------------------------------------------------------------------------------------------------
# Inside files: archives, pickles
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExaminationFact:
    """How far one file of a kind that may hold code or weights was looked into. None of these: it was not at all."""

    file: str
    complete: bool
    """Every byte that a loader would act on was looked into."""
    reason: str = ""
    """Where not complete: what was not, and why; `which …`, as it reads after the kind of the file."""


@dataclass(frozen=True, slots=True)
class MemberFact:
    """One file inside an archive or a compressed stream, by its content."""

    file: str
    member: str
    kind: str
    """Of `ContentFact.kind`."""
    detail: str = ""
    nbytes: int = 0


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing about a container or a stream that its writers do not do, or that readers read in two ways."""

    kind: str
    """Kebab-case: `duplicate-member`, `crc-mismatch`, `traversal`, `truncated`, …"""
    detail: str
    """Plain words, with the values."""
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class ContainerFact:
    """An archive or compressed stream that was opened."""

    file: str
    member: str
    kind: str
    members: int
    expanded: int
    """Bytes of all members, expanded, as far as they were."""
    flaws: tuple[Flaw, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """A global that a pickle imports."""

    module: str
    name: str
    """Dotted where the pickle says so; empty where it cannot be told without running it."""
    offset: int
    """Byte offset of the opcode in its stream."""
    called: bool = False
    """It, or what was made of it, is called, built or written to."""
    compiled: bool = False
    """A type of the TorchScript in the same archive, which torch's compiler makes: no global of Python."""


@dataclass(frozen=True, slots=True)
class PickleFact:
    """One pickle stream, walked and never executed."""

    file: str
    member: str
    offset: int
    """Where in the file or member it begins."""
    nbytes: int
    protocol: int
    references: tuple[Reference, ...]
    """Sorted by module, name and offset; one for each distinct module and name."""
    flaws: tuple[Flaw, ...] = ()
    complete: bool = True
    """The walk reached STOP and understood everything before it."""


# ---------------------------------------------------------------------------------------------------------------------
# Texts that are programs: templates, Python
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that a program's text does or holds, seen without running it."""

    kind: str
    """Kebab-case: `dunder-attribute`, `url`, `invisible-character`, `process`, `credential-path`, …"""
    detail: str
    """Plain words, with what was seen."""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class TemplateFact:
    """What a chat template's own text shows: its syntax tree, its strings, its characters."""

    file: str
    role: str
    """As in its `TextFact`."""
    features: tuple[Feature, ...] = ()
    """Kinds: `internals reaches-out blow-up random hidden-character encoded-text instruction`."""
    error: str = ""
    """Why it could not be parsed; empty where it was."""


@dataclass(frozen=True, slots=True)
class RenderFact:
    """What a chat template makes of canned conversations: by itself, or otherwise than another template."""

    file: str
    role: str
    reference: str
    """Where the other template is from: `base: FILE`, or a file of the same model. Empty: it was judged by itself."""
    conversations: int
    """How many canned conversations it was rendered with."""
    differences: tuple[Feature, ...] = ()
    """What an honest template does not do, or what differs, one for each way of differing, first conversation first.

    Kinds: `limit trigger drops rewrites repeats reorders role adds-text exfiltrates prefill`; beside another template
    also `default-prompt tool-text removes-text marks marks-lost white-space refuses accepts`."""
    error: str = ""
    """Why it was not rendered, or not with everything; empty where it was."""


@dataclass(frozen=True, slots=True)
class CodeFact:
    """What a source file would do, from its syntax tree; it was not imported, compiled or run."""

    file: str
    language: str
    """`python`, `shell`, …"""
    features: tuple[Feature, ...] = ()
    error: str = ""
    """Why it could not be parsed; empty where it was."""
    cell: int | None = None
    """Number of the cell, in a notebook."""


@dataclass(frozen=True, slots=True)
class ProseFact:
    """What a text for people, or for the programs that read it for them, hides or asks for."""

    file: str
    kind: str
    """`notes`, or `modelfile`."""
    features: tuple[Feature, ...] = ()
    error: str = ""
    """What of it was not read; empty where all of it was."""
    not_followed: str = ""
    """What of it was read and not understood."""


# ---------------------------------------------------------------------------------------------------------------------
# Weights
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TensorFact:
    """What stands in one tensor that weights do not hold. Only tensors with something to say have one."""

    file: str
    tensor: str
    nonfinite: int = 0
    """Elements that are NaN or infinite; of quantized blocks, scales that are."""
    constant: bool = False
    """It has several elements, or blocks, and all have the same bits."""
    zero: bool = False
    """It is constant, and these bits are zero."""
    program: str = ""
    """What its first bytes are in plain words, where they are a program, an archive or a pickle."""
    infinite: int = 0
    """How many of `nonfinite` are infinite, of plain floats; the others are NaN."""


@dataclass(frozen=True, slots=True)
class TwinsFact:
    """Two forms of one model's weights in one repository, and how the second differs from the first."""

    file: str
    """The second form's first file."""
    files: tuple[str, ...]
    """Of both."""
    first: str
    """The form that most loaders take: its file, or the name that its shards share."""
    second: str
    loaded: str
    """Who loads the second: `llama.cpp loads`, …"""
    same: int
    """Tensors of the same values, after a cast where the dtypes differ."""
    rounded: int
    """Tensors that differ by no more than rounding, and not as a cast to the nearest rounds."""
    differing: tuple[str, ...]
    """The first names of tensors of other values, or another shape."""
    missing: tuple[str, ...]
    """The first names of those that only the first form has."""
    extra: tuple[str, ...]
    """The first names of those that only the second form has."""
    counts: tuple[int, int, int]
    """How many are differing, missing and extra."""
    unknown: int
    """Tensors that were not compared."""
    reason: str = ""
    """Why most of these were not."""
    reread_bytes: int = 0
    """Of both forms, read a second time because the dtypes of tensors differ."""


@dataclass(frozen=True, slots=True)
class HeaderTextFact:
    """A text of a weight file's header that does more than describe. Only texts with something to say have one."""

    file: str
    kind: str
    """`tensor` or `key`, whose name it is; `value`, which stands under a key of the metadata."""
    name: str
    """Of the tensor, or the key."""
    features: tuple[Feature, ...]
    """Kinds: `path code lookalike markup program order hidden long`."""


Fact = (
    ContentFact
    | JsonFact
    | CardFact
    | TextFact
    | VocabularyFact
    | RoundTripFact
    | ExaminationFact
    | MemberFact
    | ContainerFact
    | PickleFact
    | TemplateFact
    | RenderFact
    | CodeFact
    | ProseFact
    | TensorFact
    | TwinsFact
    | HeaderTextFact
)
