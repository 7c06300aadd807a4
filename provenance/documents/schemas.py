"""The JSON Schema of every document, made from its model: what `schemas/` holds, and nothing else."""

from __future__ import annotations

import ast
import inspect
import json
from itertools import pairwise

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import ModelSchema

from provenance.documents import URI_AUTHORITY
from provenance.documents.policy import Policy, Table
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
    """Draft 2020-12 without the titles that only repeat the keys, and with the text below each key of a policy."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        return False

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        if issubclass(schema["cls"], Table):
            for name, text in _texts(schema["cls"]).items():
                made["properties"][schema["cls"].model_fields[name].alias]["description"] = text
        return made

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        return {"$schema": self.schema_dialect, **super().generate(schema, mode)}


def _texts(model: type[BaseModel]) -> dict[str, str]:
    """The text that stands below each field of a class in its source."""
    (tree,) = ast.parse(inspect.getsource(model)).body
    assert isinstance(tree, ast.ClassDef), "a model is a class of a module"
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(tree.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }


def schema(name: str) -> dict[str, object]:
    """The schema of the document `name`, with its `$id`."""
    made = DOCUMENTS[name].model_json_schema(by_alias=True, schema_generator=_Schema)
    return {"$schema": made.pop("$schema"), "$id": f"{URI_AUTHORITY}/schemas/{name}.schema.json", **made}


def files() -> dict[str, str]:
    """Path below `schemas/` to content, for every document; the same on every host."""
    return {f"{name}.schema.json": json.dumps(schema(name), indent=2) + "\n" for name in DOCUMENTS}
