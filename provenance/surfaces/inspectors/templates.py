"""Chat templates, wherever a loader finds them: files of their own, and keys of a tokenizer's settings."""

from __future__ import annotations

from posixpath import basename, dirname

from provenance.facts import TextFact
from provenance.records import Consumer, Unit
from provenance.surfaces import lenient_json
from provenance.surfaces.inspectors.interface import Buffered, Digested, Facts, InspectionContext, Inspector
from provenance.surfaces.template_text import DEFAULT, role, template, templates_in

MAX_TEMPLATE = 16 * 1024 * 1024
"""Bytes; a template of tens of kilobytes is a large one. Beyond, there is a digest and no text."""

_SETTINGS = frozenset(
    {"tokenizer_config.json", "chat_template.json", "processor_config.json", "config.json", "generation_config.json"}
)
"""The last two hold none that a loader of today reads; what stands there is read all the same."""
_FOLDER = "additional_chat_templates"


def _make(unit: Unit, _context: InspectionContext) -> Consumer[Facts] | None:
    if basename(unit.file) in _SETTINGS:
        read, unread = _from_settings, _settings_unread
    elif basename(unit.file) == "chat_template.jinja" or (
        unit.file.endswith(".jinja") and basename(dirname(unit.file)) == _FOLDER
    ):
        read, unread = _from_file, _file_unread
    else:
        return None
    return Buffered(MAX_TEMPLATE, read) if unit.nbytes <= MAX_TEMPLATE else Digested(unread)


def _name(file: str) -> str:
    return basename(file).removesuffix(".jinja") if basename(dirname(file)) == _FOLDER else "default"


def _from_file(unit: Unit, data: bytes) -> Facts:
    return (template(unit.file, data.decode("utf-8", "surrogateescape"), _name(unit.file)),)


def _file_unread(unit: Unit, sha256: str) -> Facts:
    return (TextFact(unit.file, role(_name(unit.file)), sha256, None),)


def _settings_unread(unit: Unit, sha256: str) -> Facts:
    """Settings that are too large to look for a template in may hold one."""
    return (TextFact(unit.file, DEFAULT, sha256, None),)


def _from_settings(unit: Unit, data: bytes) -> Facts:
    value = lenient_json.read(unit.file, data).value
    return tuple(templates_in(unit.file, value.get("chat_template"))) if isinstance(value, dict) else ()


def _cost(unit: Unit) -> int:
    """A character takes four bytes where one of them lies beyond the basic plane."""
    return 4 * unit.nbytes if unit.nbytes <= MAX_TEMPLATE else 0


TEMPLATES = Inspector("templates", _make, _cost)
