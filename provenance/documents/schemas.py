"""The JSON Schema of every document, made from its model: what `schemas/` holds, and nothing else."""

from __future__ import annotations

import json

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import CoreSchema

from provenance.documents import URI_AUTHORITY
from provenance.documents.policy import Policy
from provenance.documents.predicates import ModelLineage, ModelScan
from provenance.documents.report import Report, ReportFile, VerdictDocument

DOCUMENTS: dict[str, type[BaseModel]] = {
    "policy/v1": Policy,
    "predicates/model-lineage/v0": ModelLineage,
    "predicates/model-scan/v0": ModelScan,
    "report/v0": Report,
    "report-file/v0": ReportFile,
    "verdict/v0": VerdictDocument,
}
"""Name and version of each document, and its model."""


class _Schema(GenerateJsonSchema):
    """Draft 2020-12 without the titles that only repeat the keys."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        return False

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        return {"$schema": self.schema_dialect, **super().generate(schema, mode)}


def schema(name: str) -> dict[str, object]:
    """The schema of the document `name`, with its `$id`."""
    made = DOCUMENTS[name].model_json_schema(by_alias=True, schema_generator=_Schema)
    return {"$schema": made.pop("$schema"), "$id": f"{URI_AUTHORITY}/schemas/{name}.schema.json", **made}


def files() -> dict[str, str]:
    """Path below `schemas/` to content, for every document; the same on every host."""
    return {f"{name}.schema.json": json.dumps(schema(name), indent=2) + "\n" for name in DOCUMENTS}
