"""What enters or leaves as JSON or TOML, one module a document; `python -m provenance.documents` writes `schemas/`.

    strict_json   the one JSON reader: duplicate keys, NaN, depth and size are refused
    report        the report and the verdict, `v0`
    predicates    what our statements say, `v0`
    policy        what a policy file may hold, version 1
    complaint     a validation error as one clear line
    files         read with a bound, write atomically

Import the module that is needed: `strict_json` and `files` are free of pydantic.
"""

URI_AUTHORITY = "https://weights-provenance.github.io"
"""Prefix of every predicate type and schema id of ours; a type URI names a document for ever, it need not resolve."""
