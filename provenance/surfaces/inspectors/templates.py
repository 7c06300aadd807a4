"""Chat templates, wherever a loader finds them: files of their own, and keys of a tokenizer's settings."""

from __future__ import annotations

from posixpath import basename, dirname

from provenance.records import Unit
from provenance.surfaces import lenient_json
from provenance.surfaces.inspectors.interface import Buffered, Facts, InspectionContext, Inspector
from provenance.surfaces.template_text import template, templates_in

MAX_TEMPLATE = 16 * 1024 * 1024
"""Bytes; a template of tens of kilobytes is a large one."""

_SETTINGS = frozenset({"tokenizer_config.json", "chat_template.json", "processor_config.json"})
_FOLDER = "additional_chat_templates"


def _make(unit: Unit, _context: InspectionContext) -> Buffered | None:
    if basename(unit.file) in _SETTINGS:
        read = _from_settings
    elif basename(unit.file) == "chat_template.jinja" or (
        unit.file.endswith(".jinja") and basename(dirname(unit.file)) == _FOLDER
    ):
        read = _from_file
    else:
        return None
    return Buffered(MAX_TEMPLATE, read) if unit.nbytes <= MAX_TEMPLATE else None


def _from_file(unit: Unit, data: bytes) -> Facts:
    in_folder = basename(dirname(unit.file)) == _FOLDER
    name = basename(unit.file).removesuffix(".jinja") if in_folder else "default"
    return (template(unit.file, data.decode("utf-8", "surrogateescape"), name),)


def _from_settings(unit: Unit, data: bytes) -> Facts:
    value = lenient_json.read(unit.file, data).value
    return tuple(templates_in(unit.file, value.get("chat_template"))) if isinstance(value, dict) else ()


TEMPLATES = Inspector("templates", _make)
