"""What a policy file may hold, version 1: TOML, a fixed vocabulary, and nothing that is quietly ignored.

An unknown key, relation, format or signer is an error with the path of the key, never a rule that does not apply. There
is no expression language: lists, levels and ages can be explained, compared and put into a report. docs/policy.md is
the reference; its table is made from the text below each key here.
"""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from provenance.documents.complaint import complaint, did_you_mean
from provenance.documents.predicates import MODEL_LINEAGE, MODEL_SCAN
from provenance.errors import UsageError
from provenance.records import Assurance, Relation, Severity

MAX_BYTES = 256 * 1024
"""The largest policy file that is read: room for a thousand exceptions."""

MAX_DOTS = 16
"""Most dots in one key. tomllib keeps every prefix of a dotted key: one of 100,000 parts takes 40 GB."""

MAX_DOTS_IN_VALUE = 1000
"""Most dots in the value beside it. The keys of an inline table take time by the square of their parts."""

PRESETS = ("default", "integrity", "lineage", "strict")
"""Names of the built-in policies, loosest first."""

STATEMENT_TYPES = {"model-scan": MODEL_SCAN, "model-lineage": MODEL_LINEAGE}
"""Short names of our own predicate types."""

_NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_STATEMENT_TYPE = r"^(model-scan|model-lineage|[a-z][a-z0-9+.-]*:[!-~]+)$"
_AGE = r"^[1-9][0-9]{0,4}[hdw]$"
_DIGEST = r"^[0-9a-f]{64}$"
FORMS = {
    _NAME: "a name in lower kebab-case, such as `pickle-file`",
    _STATEMENT_TYPE: "`model-scan`, `model-lineage` or the URI of a predicate type",
    _AGE: "an age in hours, days or weeks, such as `12h`, `30d` or `4w`",
    _DIGEST: "a SHA-256 digest, 64 lower-case hex digits",
}
"""What the patterns mean, in words."""

Name = Annotated[str, Field(pattern=_NAME, max_length=100)]
Sha256 = Annotated[str, Field(pattern=_DIGEST)]
StatementType = Annotated[str, Field(pattern=_STATEMENT_TYPE, max_length=500)]
Age = Annotated[str, Field(pattern=_AGE)]

Missing = Literal["unknown", "fail", "warn"]
Consequence = Literal["unknown", "fail", "warn", "pass"]

WeightFormat = Literal[
    "safetensors", "gguf", "ggml", "pickle", "numpy", "onnx", "keras", "tensorflow", "tflite", "flax", "executorch"
]


def _settled(relation: Relation) -> Relation:
    if relation is Relation.INCONCLUSIVE:
        message = "the lack of a relation cannot be allowed; the key lineage.inconclusive says what it means"
        raise PydanticCustomError("unsettled", message)
    return relation


SettledRelation = Annotated[
    Relation,
    AfterValidator(_settled),
    WithJsonSchema({"type": "string", "enum": [name.value for name in Relation if name is not Relation.INCONCLUSIVE]}),
]


def _any_or_list(value: object) -> str:
    """Which branch of the two unions below is meant, so that an error is about that one alone."""
    return "[list]" if isinstance(value, list | tuple) else "[any]"


AnyOrFormats = Annotated[
    Annotated[Literal["any"], Tag("[any]")] | Annotated[tuple[WeightFormat, ...], Tag("[list]"), Field(min_length=1)],
    Discriminator(_any_or_list),
]
AnyOrRelations = Annotated[
    Annotated[Literal["any"], Tag("[any]")]
    | Annotated[tuple[SettledRelation, ...], Tag("[list]"), Field(min_length=1)],
    Discriminator(_any_or_list),
]


def _no_look_alike(value: object) -> object:
    """To Python, `true` and `1.0` equal 1."""
    return value if type(value) is int else repr(value)


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class Table(BaseModel):
    """One table of the file: strict values, kebab-case keys, frozen, no key that is not listed.

    The text below a key is its description in the schema, which `schemas` reads from the source: pydantic would do so
    at every start.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", alias_generator=_kebab, defer_build=True)


class Signer(Table):
    """Someone whose attestations are believed, under the name that `from` uses."""

    public_key: Annotated[str, Field(min_length=1, max_length=16 * 1024)]
    """The key: a path, seen from the policy file, or the PEM text itself."""
    not_after: date | None = None
    """The last day (UTC) on which the key is believed."""
    predicate_types: Annotated[tuple[StatementType, ...], Field(min_length=1)] | None = None
    """What this signer is believed about; everything where it is left out."""

    @property
    def expires(self) -> datetime | None:
        """The last moment at which the key is believed."""
        return None if self.not_after is None else datetime.combine(self.not_after, time.max, UTC)

    @property
    def predicate_uris(self) -> frozenset[str] | None:
        """`predicate_types` as type URIs; None for every type."""
        return None if self.predicate_types is None else frozenset(map(type_uri, self.predicate_types))


class Formats(Table):
    """Which kinds of files a model may consist of, by their names; findings tell where content says otherwise."""

    allow: AnyOrFormats
    """Formats that weights may be stored in, or `"any"`."""
    other_files: Literal["any", "no-code", "known-only"]
    """Of the other files: `any`; none that is code or an archive, which may hold some; or only well-known kinds of data
    (configuration, tokenizer, text, pictures)."""


class Findings(Table):
    """Which findings deny the model and which only warn."""

    deny_severity: Severity
    """Findings of this severity or a higher one deny."""
    warn_severity: Severity = Severity.WARNING
    """Findings of this severity or a higher one warn where they do not deny."""
    deny: tuple[Name, ...] = ()
    """Rule ids whose findings deny, whatever their severity."""
    warn: tuple[Name, ...] = ()
    """Rule ids whose findings warn and no more, whatever their severity."""
    on_missing: Consequence = "unknown"
    """What it means that nothing says what a scan finds: `verify` with no model-scan attestation."""

    @model_validator(mode="after")
    def _one_list_each(self) -> Findings:
        if both := sorted({*self.deny} & {*self.warn}):
            raise PydanticCustomError("contradiction", f"`{both[0]}` is in `deny` and in `warn`; keep it in one")
        return self


class Lineage(Table):
    """What the model may be to its base."""

    relations: AnyOrRelations
    """Relations that are allowed, or `"any"`. Every relation found must be among them."""
    on_missing: Consequence
    """What it means that the model was compared with no base."""
    bases: tuple[Sha256, ...] = ()
    """Subject digests of the bases that are allowed; any base where it is left out."""
    inconclusive: Missing = "unknown"
    """What it means that a comparison did not settle the relation and an allowed one is still possible."""

    @property
    def allowed(self) -> frozenset[Relation]:
        """The relations that are allowed, `any` spelt out."""
        return frozenset(Relation) if self.relations == "any" else frozenset(self.relations)


class Coverage(Table):
    """What it means that something was not looked at."""

    not_asked: Consequence
    """A surface that nobody asked for. Lineage and attestations have tables of their own and are not meant."""
    may_skip: tuple[Name, ...] = ()
    """Surfaces that `not-asked` does not mean."""
    asked: Missing = "unknown"
    """A surface that was asked for and could not be looked at, such as the lineage with `--base`."""
    unread: Missing = "unknown"
    """A file with weights or code that was not read, or a surface of which a part was not. It warns where an exception
    accepts every finding in that file."""
    assurance: Assurance = Assurance.BYTES
    """The weakest assurance that is enough; a weaker one is unknown."""


_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class Requirement(Table):
    """An attestation that has to be there. Several of these tables are all required."""

    type: StatementType
    """`model-scan`, `model-lineage`, or any predicate type as its URI."""
    signers: Annotated[tuple[Name, ...], Field(min_length=1)] | None = Field(default=None, alias="from")
    """Names of signers, one of whom has made it; every named signer where it is left out."""
    max_age: Age | None = None
    """How old it may be by its verified time, in hours, days or weeks: `12h`, `30d`, `4w`. A signature with a plain key
    has no verified time, so it never meets this."""
    on_missing: Missing = "unknown"
    """What it means that there is none, or none young enough."""

    @property
    def uri(self) -> str:
        """The predicate type as its URI."""
        return type_uri(self.type)

    @property
    def age(self) -> timedelta | None:
        """`max_age` as a duration."""
        return None if self.max_age is None else int(self.max_age[:-1]) * _UNITS[self.max_age[-1]]


class Acceptance(Table):
    """One rule's findings accepted for one model until a date: they warn instead of deny."""

    rule: Name
    """Rule id of the findings that are accepted."""
    subject: Sha256
    """Subject digest of the one model that this is about."""
    reason: Annotated[str, Field(min_length=10, max_length=1000)]
    """Why, in at least ten characters."""
    expires: date
    """The last day (UTC) on which it holds."""
    approved_by: Annotated[str, Field(min_length=1, max_length=200)]
    """Who answers for it."""


class Policy(Table):
    """A whole policy. A table that is left out is the extended policy's, or `default`'s where none is extended."""

    version: Annotated[Literal[1], BeforeValidator(_no_look_alike)]
    """The version of this vocabulary."""
    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """How verdicts call the policy; the file's name where it is left out."""
    extends: Literal["builtin:default", "builtin:integrity", "builtin:lineage", "builtin:strict"] | None = None
    """The built-in policy whose tables hold wherever this file has none. A table that is written replaces the whole
    table, nothing is merged inside it."""
    signer: dict[Name, Signer] = Field(default_factory=dict, json_schema_extra={"additionalProperties": False})
    formats: Formats = Formats.model_validate({"allow": "any", "other-files": "any"})
    findings: Findings = Findings.model_validate({"deny-severity": Severity.ERROR})
    lineage: Lineage = Lineage.model_validate({"relations": "any", "on-missing": "pass"})
    coverage: Coverage = Coverage.model_validate({"not-asked": "pass"})
    attestations: tuple[Requirement, ...] = ()
    exception: tuple[Acceptance, ...] = ()

    @model_validator(mode="after")
    def _signers_exist(self) -> Policy:
        for index, requirement in enumerate(self.attestations):
            for name in {*(requirement.signers or ())} - self.signer.keys():
                hint = did_you_mean(name, self.signer) or f"add a table [signer.{name}] with its public-key"
                message = f"`attestations[{index}].from` names `{name}`, which is no signer of this policy; {hint}"
                raise PydanticCustomError("unknown_signer", message)
        return self

    @property
    def rule_ids(self) -> frozenset[str]:
        """Every rule id of a check that the policy speaks of."""
        return frozenset((*self.findings.deny, *self.findings.warn, *(entry.rule for entry in self.exception)))


TABLES: dict[str, type[Table]] = {
    "signer": Signer,
    "formats": Formats,
    "findings": Findings,
    "lineage": Lineage,
    "coverage": Coverage,
    "attestations": Requirement,
    "exception": Acceptance,
}
"""Every table below the root, by the key it stands under; none holds a further table."""


def type_uri(name: str) -> str:
    """A predicate type as its URI: short names are ours."""
    return STATEMENT_TYPES.get(name, name)


def read(data: bytes, *, where: str) -> dict[str, object]:
    """The TOML in `data` as plain values. Raises `UsageError` with the line that is not TOML."""
    if len(data) > MAX_BYTES:
        raise UsageError(f"{len(data)} bytes of policy, the limit is {MAX_BYTES}", where=where, todo="check the path")
    for number, text in enumerate(data.splitlines(), start=1):
        key, _, value = text.partition(b"=")
        if key.count(b".") > MAX_DOTS or value.count(b".") > MAX_DOTS_IN_VALUE:
            raise UsageError(f"too many dots in a key at line {number}", where=where, todo="shorten it")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"not UTF-8 at line {line}", where=where, todo="save the policy as UTF-8") from None
    except (ValueError, RecursionError) as error:  # a number of 5000 digits is a plain ValueError, deep nesting neither
        raise UsageError(f"not TOML: {error}", where=where, todo="correct that line") from None


def validate(tree: dict[str, object], *, where: str) -> Policy:
    """`tree` as a policy. Raises `UsageError` with the path of the key that is wrong."""
    try:
        # Through JSON, because strict JSON takes names of enums and dates as text, as the published schema does.
        return Policy.model_validate_json(json.dumps(tree, default=str))
    except RecursionError:
        raise UsageError("nested too deeply", where=where, todo="see docs/policy.md") from None
    except ValidationError as error:
        missing = partial(_supply, tree.get("extends"))
        raise complaint(error, where=where, known=_known_keys, forms=FORMS, missing=missing) from None


def _supply(extends: object, path: tuple[int | str, ...]) -> str:
    """What to do about a missing key: who extends a policy may have thought that a table takes over the rest of it."""
    name = str(extends).removeprefix("builtin:")
    if name not in PRESETS or path[0] not in ("formats", "findings", "lineage", "coverage"):
        return "add it"
    shown = f"copy its keys from `provenance policy show {name}`"
    return f"with extends, a table is replaced as a whole: {shown}"


def _known_keys(path: tuple[int | str, ...]) -> tuple[str, ...]:
    """The keys of the table at `path`; the first part names the table, the rest which of its kind."""
    table = TABLES[str(path[0])] if path else Policy
    return tuple(field.alias or name for name, field in table.model_fields.items())
