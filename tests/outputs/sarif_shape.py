"""The part of SARIF 2.1.0 that we write, as a JSON schema: written from the OASIS standard, closed to all else.

`§` is a section of the standard, "GitHub" a page of its documentation on code scanning.
"""

from __future__ import annotations

from typing import Any


def _closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


_TEXT = {"type": "string", "minLength": 1}
_MESSAGE = _closed(["text"], text=_TEXT)  # §3.11
_DESCRIPTION = _closed(["text"], text={**_TEXT, "maxLength": 1024})  # GitHub cuts descriptions there
_LEVEL = {"enum": ["none", "note", "warning", "error"]}  # §3.27.10

_RULE = _closed(  # §3.49
    ["id", "defaultConfiguration", "properties"],
    id={**_TEXT, "maxLength": 255},
    shortDescription=_DESCRIPTION,
    fullDescription=_DESCRIPTION,
    help=_MESSAGE,
    defaultConfiguration=_closed(["level"], level=_LEVEL),
    properties={
        "type": "object",
        "required": ["security-severity", "tags"],
        "properties": {
            "security-severity": {"type": "string", "pattern": r"^(10\.0|[0-9]\.[0-9])$"},
            "tags": {
                "type": "array",
                "items": _TEXT,
                "uniqueItems": True,
                "maxItems": 10,
                "contains": {"const": "security"},
            },
        },
    },
)

_LOCATION = _closed(  # §3.28
    ["physicalLocation"],
    physicalLocation=_closed(  # §3.29
        ["artifactLocation", "region"],
        # A relative reference (RFC 3986) that cannot leave its folder: GitHub resolves it against the repository.
        artifactLocation=_closed(
            ["uri"],
            uri={"type": "string", "pattern": r"^(?!/)(?!.*(^|/)\.{0,2}(/|$))([A-Za-z0-9._~/-]|%[0-9A-F]{2})+$"},
        ),
        region=_closed(["startLine"], startLine={"type": "integer", "minimum": 1}),
    ),
    logicalLocations={  # §3.33
        "type": "array",
        "minItems": 1,
        "items": _closed(["fullyQualifiedName", "kind"], fullyQualifiedName=_TEXT, kind=_TEXT),
    },
)

_RESULT = _closed(  # §3.27
    ["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints", "properties"],
    ruleId=_TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=_LEVEL,
    message=_MESSAGE,
    locations={"type": "array", "minItems": 1, "maxItems": 100, "items": _LOCATION},
    partialFingerprints=_closed(
        ["primaryLocationLineHash"], primaryLocationLineHash={"type": "string", "pattern": "^[0-9a-f]{16}:1$"}
    ),
    properties={"type": "object"},
)

_RUN = _closed(  # §3.14
    ["tool", "columnKind", "invocations", "results", "properties"],
    tool=_closed(
        ["driver"],
        driver=_closed(  # §3.19
            ["name", "version", "rules"],
            name={"const": "provenance"},
            version=_TEXT,
            rules={"type": "array", "items": _RULE, "uniqueItems": True, "maxItems": 25_000},
        ),
    ),
    columnKind={"const": "unicodeCodePoints"},
    invocations={
        "type": "array",
        "minItems": 1,
        "maxItems": 1,
        "items": _closed(  # §3.20
            ["executionSuccessful", "toolExecutionNotifications"],
            executionSuccessful={"type": "boolean"},
            toolExecutionNotifications={
                "type": "array",
                "items": _closed(["level", "message"], level=_LEVEL, message=_MESSAGE),  # §3.58
            },
        ),
    },
    results={"type": "array", "items": _RESULT, "maxItems": 5_000},  # GitHub keeps no more
    properties={"type": "object"},
)

SARIF = _closed(  # §3.13
    ["$schema", "version", "runs"],
    **{"$schema": {"const": "https://json.schemastore.org/sarif-2.1.0.json"}},
    version={"const": "2.1.0"},
    runs={"type": "array", "minItems": 1, "maxItems": 1, "items": _RUN},
)
