"""What the texts of a weight file's header say besides describing it: code, orders to an agent, hidden characters.

Nothing of a header is meant to be run, shown unescaped or obeyed, and all of it is by whoever reads carelessly. The
patterns are of what no description needs; words like `eval` or `import` are in every vocabulary and prove nothing.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from provenance.facts import Feature, HeaderTextFact
from provenance.records import Header, MetadataValue
from provenance.surfaces.code import lines, sinks
from provenance.surfaces.tensor_heads import HEAD_BYTES, program

MAX_FACTS = 200
"""Places of one header that are told; more say no more."""
MAX_TEXT = 4 * 1024 * 1024
"""Characters of one text that are looked at; a trainer's longest notes are some hundred thousand."""
MAX_TEXTS = 4 * MAX_TEXT
"""Characters of all texts of one header."""
_SHOWN = 80

_ELSEWHERE = ("tokenizer.chat_template", "tokenizer.huggingface.json", "tokenizer.rwkv.world", "tokenizer.ggml.tokens",
              "tokenizer.ggml.merges")  # fmt: skip
"""Keys whose texts are templates and vocabularies: others look at them, and words of any kind are in them."""
_LINE_KINDS = frozenset({"runs-download", "runs-decoded", "reverse-shell", "destructive", "persistence"})

_CONTROL = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\x9b\x9d]")
_OVERRIDE = re.compile("[\u202d\u202e]|[\u202a-\u202c\u2066-\u2069]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_UNSEEN = re.compile(
    "[\u2061-\u2064]"
    "|[\u200b\u200c\u200d\u2060\ufeff\u180e\u00ad]{4,}"
    "|(?<!\U0001f3f4)(?<![\U000e0000-\U000e007f])[\U000e0000-\U000e007f]"
    "|[\U000e0100-\U000e01ef]{3,}|[\ufe00-\ufe0f]{3,}"
)
"""One is a slip of the keyboard, an emoji or a joined letter; a flag of tag characters follows its own sign."""
_PYTHON = re.compile(
    r"\b(?:os|posix|nt)\s*\.\s*(?:system|popen|exec[lv]p?e?|spawn[lv]p?e?)\s*\("
    r"|\bsubprocess\s*\.\s*(?:run|call|check_call|check_output|Popen|getoutput)\s*\("
    r"|\b__import__\s*\(|__(?:globals|builtins|subclasses|reduce|reduce_ex|mro|class)__"
    r"|\b(?:eval|exec)\s*\(\s*(?:compile|open|input|bytes|base64|codecs|zlib|marshal|requests|urllib|__)"
    r"|\b(?:pickle|marshal|dill|cloudpickle|joblib)\s*\.\s*loads?\s*\(|\bimportlib\s*\.\s*import_module\s*\("
    r"|\bsocket\s*\.\s*socket\s*\(|\bctypes\s*\.\s*(?:CDLL|cdll|windll)\b"
)
_REACHES = re.compile(r"__|\|\s*attr\b|\b(?:cycler|lipsum|joiner|self)\b")
"""What reaches out of a template, where it stands in an expression."""
_MARKUP = re.compile(
    r"<\s*script\b|\bjavascript\s*:|<\s*(?:iframe|object|embed|foreignObject)\b|<[^<>]{0,300}?\son[a-z]{3,20}\s*=",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override)\s+(?:(?:all|any|every|the|your|of|my)\s+){0,3}"
    r"(?:previous|prior|earlier|above|preceding|system|former)\s+(?:instructions?|messages?|prompts?|rules|directions)"
    r"|\b(?:do not|don't|never)\s+(?:tell|inform|alert|warn|notify)\s+(?:the\s+)?(?:user|human|operator|developer)"
    r"|\byou are (?:now )?(?:an?\s+)?(?:agent|unrestricted|DAN|root|in developer mode)\b"
    r"|<\|?(?:im_start|start_header_id|system)\|?>|\[/?INST\]|<<SYS>>",
    re.IGNORECASE,
)
_SENDS = re.compile(r"\b(?:post|send|upload|exfiltrate|forward|curl|wget|transmit)\b", re.IGNORECASE)
_COMMAND = re.compile(
    r"curl|wget|fetch|iwr\b|irm\b|invoke-|lwp-|download(?:string|file)|mshta|certutil|bitsadmin|regsvr32|base(?:64|32)\b"
    r"|xxd|openssl|gunzip|zcat|powershell|/dev/(?:tcp|udp|sd|nvme|disk)|\bsh\s+-|bash\s+-i|\bnc\s+-|ncat|netcat|socat"
    r"|\brm\s+-|mkfs|\bdd\s+if|:\(\)|crontab|authorized_keys|launch(?:agents|daemons)|currentversion|startup|autostart"
    r"|customize\.py|schtasks|systemd|/etc/|\.(?:bash|zsh|x?profile|xinitrc)",
    re.IGNORECASE,
)
"""Without one of these words no line is a command that is looked for: what stands around them is, and nothing else."""
_COMMAND_WORDS = (
    "curl", "wget", "fetch", "iwr", "irm", "invoke-", "lwp-", "download", "mshta", "certutil", "bitsadmin", "regsvr32",
    "base64", "base32", "xxd", "openssl", "gunzip", "zcat", "powershell", "/dev/", "ncat", "netcat", "socat", "mkfs",
    "of=/dev", ":()", "crontab", "authorized_keys", "launchagents", "launchdaemons", "customize.py", "currentversion",
    "startup", "autostart", "schtasks", "systemd", "/etc/", ".bash", ".zsh", ".profile", ".xprofile", ".xinitrc",
    "sh -", "nc ", "rm -", "dd if",
)  # fmt: skip
_PYTHON_WORDS = ("system", "popen", "exec", "spawn", "subprocess", "__", "eval", "load", "import", "socket", "ctypes")
_ORDER_WORDS = (
    "instruction", "message", "prompt", "rule", "direction", "user", "human", "operator", "developer", "you are", "<",
    "[inst", "[/inst",
)  # fmt: skip
"""One of them stands in every text that its pattern fits: looking for words is a hundred times faster."""
_AROUND, _MAX_COMMANDS = 500, 200
_BASE64 = re.compile(r"\s*[A-Za-z0-9+/_-]{16}[A-Za-z0-9+/_=\s-]*")
_HEX = re.compile(r"\s*(?:0x)?(?:[0-9a-fA-F]{2}){16,}\s*")

_CLIMBS = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|$)|^(?:[/\\~]|[A-Za-z]:[/\\])|\x00")
_NAME_CODE = re.compile(
    r"\{\{|\{%|\$[({]|`|<\s*(?:script|img|svg|iframe|object)\b|[;&|]\s*\w+\s|\.\s*__(?:globals|import|class|builtins|reduce)__",
    re.IGNORECASE,
)
_KEY_CODE = re.compile(r"^__(?:globals|import|class|builtins|reduce|reduce_ex|subclasses|mro)__$", re.MULTILINE)
"""Libraries name their tensors as they like; what describes a file is named by people."""
_LATIN, _ALIKE = (
    "A-Za-z",
    (
        "\u0391\u0392\u0395-\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf\u03c1\u03bd\u03f2"
        "\u0405\u0406\u0408\u0410\u0412\u0415\u041a\u041c-\u041e\u0420-\u0422\u0425\u0430\u0435\u043e\u0440\u0441\u0443"
        "\u0445\u0455\u0456\u0458\u04bb\u0501\u051b\u051d\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff"
    ),
)
_LOOKALIKE = re.compile(f"[{_LATIN}][{_ALIKE}]|[{_ALIKE}][{_LATIN}]")
"""Latin letters beside letters of Greek, Cyrillic or mathematics that look like them, in one word."""


def facts(header: Header) -> tuple[HeaderTextFact, ...]:
    """A fact for each text of `header` that has something to say: names of tensors, keys, values."""
    found = []
    for fact in (*_names(header), *_values(header)):
        found.append(fact)
        if len(found) == MAX_FACTS:
            break
    return tuple(found)


def _names(header: Header) -> Iterator[HeaderTextFact]:
    tensors = [tensor.name for tensor in header.tensors]
    if header.format == "onnx":  # torch's exporter gives every name the path of its module, from the root
        tensors = [name.removeprefix("/") for name in tensors]
    for kind, names in (("tensor", tensors), ("key", list(header.metadata))):
        joined = "\n".join(names)
        patterns = (_NAME_CODE, _LOOKALIKE, *([_KEY_CODE] if kind == "key" else []))
        if not any(pattern.search(joined) for pattern in patterns) and not _may_climb(joined):
            continue
        for name in names:
            held = [Feature("code", f"it is a name of Python's own: {name!r}")] if _KEY_CODE.search(name) else []
            if seen := (*_of_name(name), *(held if kind == "key" else [])):
                yield HeaderTextFact(header.file, kind, name, seen)


def _may_climb(joined: str) -> bool:
    return ".." in joined or re.search(r"(?m)^(?:[/\\~]|[A-Za-z]:[/\\])", joined) is not None


def _of_name(name: str) -> Iterator[Feature]:
    if _CLIMBS.search(name):
        yield Feature("path", "it is a path that leads out of a folder")
    if seen := _NAME_CODE.search(name):
        yield Feature("code", f"it holds code: {seen[0]!r}")
    if seen := _LOOKALIKE.search(name):
        yield Feature("lookalike", f"letters of two alphabets that look alike stand in one word: {seen[0]!a}")


def _values(header: Header) -> Iterator[HeaderTextFact]:
    left = MAX_TEXTS
    for key, value in header.metadata.items():
        if key.startswith(_ELSEWHERE):
            continue
        text = _as_text(value)
        left -= min(len(text), MAX_TEXT)
        if left < 0:
            yield HeaderTextFact(header.file, "value", key, (Feature("long", "not looked at: too long, with others"),))
            return
        held = program(_as_bytes(value), len(value)) if isinstance(value, tuple) else ""
        numbers = (Feature("program", f"its numbers are {held}"),) if held else ()
        if seen := (*numbers, *_of_text(text)):
            yield HeaderTextFact(header.file, "value", key, seen)


def _as_text(value: MetadataValue) -> str:
    if isinstance(value, tuple):
        return "\n".join(item for item in value if isinstance(item, str))
    return value if isinstance(value, str) else ""


def _as_bytes(value: tuple[MetadataValue, ...]) -> bytes:
    head = value[:HEAD_BYTES]
    if all(type(number) is int and -128 <= number <= 255 for number in head):
        return bytes(number & 0xFF for number in head if isinstance(number, int))
    return b""


def _of_text(text: str) -> Iterator[Feature]:
    if len(text) > MAX_TEXT:
        yield Feature("long", f"a text of {len(text)} characters, of which {MAX_TEXT} were looked at")
        text = text[:MAX_TEXT]
    yield from _hidden(text)
    if held := _encoded(text):
        yield Feature("program", f"decoded, it is {held}")
    lowered = text.lower()
    for kind, words, pattern, literals in (
        ("code", "Python that runs something", _PYTHON, _PYTHON_WORDS),
        ("markup", "a script for whoever shows it on a page", _MARKUP, ("<", "javascript")),
        ("order", "an order to a model or an agent that reads it", _ORDER, _ORDER_WORDS),
    ):
        if any(word in lowered for word in literals) and (seen := pattern.search(text)):
            yield Feature(kind, f"{words}: {_short(seen[0])}")
    yield from _expressions(text)
    if any(word in lowered for word in _COMMAND_WORDS):
        yield from _commands(text)
    if "http" in text and _SENDS.search(text) and (secret := sinks.CREDENTIALS.search(text)):
        yield Feature("order", f"where secrets lie, and where to send something: {_short(secret[0])}")


def _expressions(text: str) -> Iterator[Feature]:
    """`{{ … }}` in which something reaches out of a template."""
    if "{{" not in text:
        return
    for seen in _REACHES.finditer(text):
        opened = text.rfind("{{", max(0, seen.start() - 400), seen.start())
        if opened >= 0 and text.find("}}", opened, seen.start()) < 0:
            yield Feature("code", f"a template that reaches out: {_short(text[opened : seen.end()])}")
            return


def _commands(text: str) -> Iterator[Feature]:
    """Of what scripts do in one line, what no description needs."""
    end = 0
    for number, seen in enumerate(_COMMAND.finditer(text)):
        if number == _MAX_COMMANDS:
            yield Feature("long", f"more than {_MAX_COMMANDS} words of commands, of which the first were looked at")
        if number >= _MAX_COMMANDS or seen.start() < end:
            continue
        start, end = max(0, seen.start() - _AROUND), seen.end() + _AROUND
        for feature in lines.features(text[start:end], "lines"):
            if feature.kind in _LINE_KINDS:
                yield Feature("code", feature.detail)
                return


def _hidden(text: str) -> Iterator[Feature]:
    if seen := _CONTROL.search(text):
        yield Feature("hidden", f"the control character U+{ord(seen[0]):04X}, which terminals obey")
    if text.isascii():
        return
    seen = _OVERRIDE.search(text)
    if seen and (seen[0] in "\u202d\u202e" or not _RIGHT_TO_LEFT.search(text)):
        yield Feature("hidden", f"U+{ord(seen[0]):04X}, which turns the order of what is shown")
    if seen := _UNSEEN.search(text):
        yield Feature("hidden", f"characters that nobody sees, from U+{ord(seen[0][0]):04X} on")


def _encoded(text: str) -> str:
    """What a text that is base64 or hexadecimal from its first letter to its last decodes to."""
    head = text[: 2 * HEAD_BYTES]
    try:
        if _HEX.fullmatch(head):
            data = bytes.fromhex(head.strip().removeprefix("0x"))
        elif _BASE64.fullmatch(head):
            letters = "".join(head.split()).translate({ord("-"): "+", ord("_"): "/"}).rstrip("=")
            data = binascii.a2b_base64(letters + "=" * (-len(letters) % 4))
        else:
            return ""
    except (ValueError, binascii.Error):
        return ""
    return program(data[:HEAD_BYTES], len(data) if len(head) == len(text) else len(text))


def _short(text: str) -> str:
    return repr(" ".join(text.split())[:_SHOWN])
