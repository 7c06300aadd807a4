"""What a check is: a pure function from evidence to findings, and the rules it may report.

A check reads no file and knows no host; what it sees is in `records.Evidence`. A rule is a promise to the reader: its
id never changes its meaning, its words are its page in docs/checks/, and nothing is reported that is not a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from provenance.errors import one_line
from provenance.facts import TextFact
from provenance.records import Confidence, Evidence, Finding, Location, ModelEvidence, Severity

T = TypeVar("T")

ACCEPT = (
    "An `[[exception]]` in a policy of yours accepts the findings of one rule for one model until a date, with a "
    "reason and the name of who answers for it (docs/policy.md). Nothing inside the model, or in the folder you happen "
    "to be in, silences a finding."
)
ACCEPT_UNREAD = (
    f"{ACCEPT} A file that is accepted stays unread: where that alone would leave a verdict undecided, it is a warning "
    "then."
)
"""For findings of files that are digested and not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of finding, with all that a reader may ask about it."""

    ident: str
    """Kebab-case, never reused."""
    title: str
    severity: Severity
    """Of a finding, unless `meaning` says when it is another."""
    confidence: Confidence = Confidence.HIGH
    meaning: str
    why: str
    example: str
    advice: str
    accept: str = ACCEPT
    references: tuple[str, ...] = ()
    """Addresses of specifications, advisories and reports, as they stand on the page."""

    def finding(
        self,
        message: str,
        *,
        severity: Severity | None = None,
        file: str = "",
        tensor: str = "",
        offset: int | None = None,
        line: int | None = None,
        json_path: str = "",
        advice: str = "",
    ) -> Finding:
        """A finding of this rule, with its advice unless the file at hand calls for another.

        `message` may quote a hostile model: it is made one printable line here.
        """
        return Finding(
            rule=self.ident,
            severity=severity or self.severity,
            confidence=self.confidence,
            message=one_line(message),
            advice=advice or self.advice,
            location=Location(file, tensor, offset, line, json_path),
        )


@dataclass(frozen=True, slots=True)
class Check:
    """One question, asked of all evidence at once."""

    ident: str
    rules: tuple[Rule, ...]
    """Every rule that `run` may report; at least one."""
    run: Callable[[Evidence], Iterable[Finding]]


def facts(model: ModelEvidence, kind: type[T]) -> tuple[T, ...]:
    """The facts of one type, in the order of their files."""
    return tuple(fact for fact in model.facts if isinstance(fact, kind))


def of_the_model(model: ModelEvidence, role: str) -> Iterator[TextFact]:
    """Texts whose role begins with `role`, of the model itself: models in sub-folders are others.

    A GGUF file carries its own texts wherever it lies, so repositories keep one quantization a folder.
    """
    ggufs = {header.file for header in model.headers if header.format == "gguf"}
    for fact in facts(model, TextFact):
        own = "/" not in fact.file or fact.file in ggufs or fact.file.startswith("additional_chat_templates/")
        if own and fact.role.startswith(role):
            yield fact


def quoted(text: object, limit: int = 100) -> str:
    """`text` in quotes, shortened in the middle where it is longer than `limit`."""
    shown = str(text)
    if len(shown) > limit:
        shown = f"{shown[: limit - limit // 3]}…{shown[-(limit // 3) :]}"
    return f"'{shown}'"


def listing(names: Sequence[str], limit: int = 5) -> str:
    """The first `limit` names, and how many more there are."""
    shown = ", ".join(quoted(name) for name in names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown
