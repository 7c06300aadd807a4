"""What a text says to machines that read it: orders to forget others, to deceive people, to run and to send things.

Words alone prove little, and honest texts quote such orders. So this is asked of texts that people do not see, and of
files that are written for agents; a text that people see is asked for no more than marks of another speaker.
"""

from __future__ import annotations

import binascii
import html
import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

_FORGET = (
    r"\b(?:ignore|disregard|forget|override|bypass)\s+(?:[\w'-]+\s+){0,5}?"
    r"(?:instructions?|prompts?|rules|guidelines|directives|polic(?:y|ies)|checks?|warnings?)\b"
)
_FORGET_ELSEWHERE = (
    r"\b(?:ignorier|vergiss|vergesst|missacht|übergeh)\w*\s+(?:[\w'-]+\s+){0,5}?(?:anweisung|instruktion|vorgabe)\w*"
    r"|\b(?:ignor(?:e|er|ez)|oubli(?:e|er|ez))\s+(?:[\w'\u2019-]+\s+){0,5}?(?:instructions?|consignes?|directives?)\b"
    r"|\b(?:ignor[aeo]\w{0,4}|olvid[ae]\w{0,3}|esque[cç]\w{1,4}|dimentica\w{0,3})\s+(?:[\w'-]+\s+){0,5}?"
    r"(?:instruccion|instruçõ|istruzion|órdenes|ordens|indicacion)\w*"
    r"|\b(?:игнориру|проигнорир|забуд|не\s+обращай)\w*\s+(?:[\w-]+\s+){0,5}?(?:инструкци|указани|команд)\w*"
    r"|(?:忽略|忽視|忽视|无视|無視|忘记|忘記)[^。\n]{0,20}?(?:指令|指示|提示词|提示詞|命令)"
    r"|(?:指示|命令|プロンプト)[^。\n]{0,12}?(?:無視|忘れ)"
    r"|(?:지시|명령|프롬프트)[^.\n]{0,16}?(?:무시|잊)"
    r"|(?:تجاهل|انس)\w*\s+(?:\w+\s+){0,5}?(?:التعليمات|تعليمات|الأوامر|التوجيهات)"
)
"""The same order in German, French, Spanish, Portuguese, Italian, Russian, Chinese, Japanese, Korean and Arabic."""
_JUDGE = (
    r"\byou\s+are\s+(?:now\s+)?(?:reviewing|auditing|scanning|evaluating)\b"
    r"|\b(?:report|answer|say|state|conclude|respond|confirm)\s+(?:that\s+)?(?:[\w'-]+\s+){0,5}?(?:is|are|as)\s+"
    r"(?:safe|clean|benign|harmless|trusted|verified)\b"
    r"|\bskip\s+(?:[\w'-]+\s+){0,3}?(?:checks?|scans?|reviews?|tests?|analysis)\b"
    r"|\bapprove\s+(?:this|the)\b"
    r"|\breport\s+no\s+(?:issues?|findings?|problems?|risks?|warnings?)\b|\bskip\s+(?:scanning|checking|reviewing)\b"
)
_DECEIVE = (
    r"\b(?:do\s+not|don't|never|without)\s+(?:[\w'-]+\s+){0,3}?(?:tell|telling|inform|informing|ask|asking|alert|alerting"
    r"|notify|notifying|mention|mentioning)\b(?:\s+[\w'-]+){0,4}?\s+(?:users?|humans?|people|anyone|operator|owner)\b"
)
_ADDRESS = (
    r"\b(?:ai|llm|automated|coding|code)[\s-]+(?:assistants?|agents?|models?|reviewers?|scanners?)\b[^.\n]{0,80}"
    r"\b(?:must|should|shall|run|execute|ignore|always|please)\b"
    r"|\b(?:dear|note\s+(?:to|for)|message\s+(?:to|for)|attention)[\s,:]+(?:(?:all|any|the)\s+)?"
    r"(?:ais?|llms?|language\s+models?|chatbots?|assistants?)\b"
    r"|\bif\s+you\s+are\s+(?:an?\s+)?(?:ai|llm|(?:large\s+)?language\s+model|chatbot|(?:ai\s+)?(?:assistant|agent))\b"
)
_RUN = (
    r"\b(?:curl|wget|iwr|invoke-webrequest)\b[^\n|]{0,200}\|\s*(?:sudo\s+)?(?:ba|z|da|k)?sh\b"
    r"|\bbase64\s+(?:-d|--decode)\b"
)
_SEND = (
    r"(?:token|secret|password|credential|api[\s_-]?key|private[\s_-]?key|\.ssh|\.env|\.netrc|\.aws)\b[^\n]{0,200}https?://"
    r"|\bcurl\b[^\n]{0,80}\s-(?:d|F|T)\s*@"
)
_ROLES = (
    r"<\|?(?:im_start|im_end|start_header_id|end_header_id|eot_id|system|user|assistant|begin_of_text|endoftext)\|?>"
    r"|<start_of_turn>|<end_of_turn>|\[/?INST\]|<</?SYS>>|<\uff5c[^\uff5c\n]{1,40}\uff5c>"
)

FORGETTING = re.compile(f"{_FORGET}|{_FORGET_ELSEWHERE}|{_JUDGE}", re.IGNORECASE)
"""Orders to forget other orders, and to pass a judgement."""
_HIDDEN = re.compile(
    f"{_FORGET}|{_FORGET_ELSEWHERE}|{_JUDGE}|{_DECEIVE}|{_ADDRESS}|{_RUN}|{_SEND}|{_ROLES}", re.IGNORECASE
)
_AGENTS = re.compile(f"{_FORGET}|{_FORGET_ELSEWHERE}|{_JUDGE}|{_DECEIVE}|{_RUN}|{_SEND}|{_ROLES}", re.IGNORECASE)
ROLES = re.compile(_ROLES)
"""Marks with which chat templates begin and end what somebody says."""
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
_AROUND = 40
_BASE64 = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/]{40,20000}={0,2}(?![\w+/=-])")
_MAX_DECODED = 20
"""Texts in base64 of one passage that are read."""


def in_hidden(text: str) -> str:
    """The first order in a text that no reader sees, with a little of what stands around it; empty where none is."""
    return _first(_HIDDEN, text) or next((said for said in map(in_decoded, decoded(text)) if said), "")


def in_decoded(text: str) -> str:
    """The first order in what a passage held in base64."""
    said = _first(_HIDDEN, text)
    return f"in base64: {said}" if said else ""


def decoded(text: str) -> Iterator[str]:
    """What the first runs of base64 in `text` hold, where they hold text."""
    for found in islice(_BASE64.finditer(text), _MAX_DECODED):
        try:
            yield binascii.a2b_base64(found[0]).decode("utf-8")
        except ValueError:
            continue


def in_rules(text: str) -> str:
    """The first order in a text that is written for agents or for a model, and that no honest one holds."""
    return _first(_AGENTS, text)


def in_values(text: str) -> str:
    """The first order to forget others or to pass a judgement."""
    return _first(FORGETTING, text)


def plain(text: str) -> str:
    """Entities and compatibility forms folded, unseen letters taken out: as a language model would take the text."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", html.unescape(text)))


def shown(text: str, start: int, end: int) -> str:
    """A place in a text, with a little of what stands around it, in one line."""
    return " ".join(text[max(0, start - _AROUND) : end + _AROUND].split())[:200]


def _first(pattern: re.Pattern[str], text: str) -> str:
    folded = plain(text)
    found = pattern.search(folded)
    return shown(folded, found.start(), found.end()) if found else ""
