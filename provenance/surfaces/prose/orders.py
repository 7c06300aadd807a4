"""What a text says to machines that read it: orders to forget others, to deceive people, to run and to send things.

Words alone prove little, and honest texts quote such orders. So this is asked of texts that people do not see, and of
files that are written for agents; a text that people see is asked for no more than marks of another speaker.
"""

from __future__ import annotations

import re
import unicodedata

_FORGET = (
    r"\b(?:ignore|disregard|forget|override|bypass)\s+(?:[\w'-]+\s+){0,5}?"
    r"(?:instructions?|prompts?|rules|guidelines|directives|polic(?:y|ies)|checks?|warnings?)\b"
)
_JUDGE = (
    r"\byou\s+are\s+(?:now\s+)?(?:reviewing|auditing|scanning|evaluating)\b"
    r"|\b(?:report|answer|say|state|conclude|respond|confirm)\s+(?:that\s+)?(?:[\w'-]+\s+){0,5}?(?:is|are|as)\s+"
    r"(?:safe|clean|benign|harmless|trusted|verified)\b"
    r"|\bskip\s+(?:[\w'-]+\s+){0,3}?(?:checks?|scans?|reviews?|tests?|analysis)\b"
    r"|\bapprove\s+(?:this|the)\b"
)
_DECEIVE = (
    r"\b(?:do\s+not|don't|never|without)\s+(?:[\w'-]+\s+){0,3}?(?:tell|telling|inform|informing|ask|asking|alert|alerting"
    r"|notify|notifying|mention|mentioning)\b(?:\s+[\w'-]+){0,4}?\s+(?:users?|humans?|people|anyone|operator|owner)\b"
)
_ADDRESS = (
    r"\b(?:ai|llm|automated|coding|code)[\s-]+(?:assistants?|agents?|models?|reviewers?|scanners?)\b[^.\n]{0,80}"
    r"\b(?:must|should|shall|run|execute|ignore|always|please)\b"
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

FORGETTING = re.compile(f"{_FORGET}|{_JUDGE}", re.IGNORECASE)
"""Orders to forget other orders, and to pass a judgement."""
_HIDDEN = re.compile(f"{_FORGET}|{_JUDGE}|{_DECEIVE}|{_ADDRESS}|{_RUN}|{_SEND}|{_ROLES}", re.IGNORECASE)
_AGENTS = re.compile(f"{_FORGET}|{_JUDGE}|{_DECEIVE}|{_RUN}|{_SEND}|{_ROLES}", re.IGNORECASE)
ROLES = re.compile(_ROLES)
"""Marks with which chat templates begin and end what somebody says."""
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
_AROUND = 40


def in_hidden(text: str) -> str:
    """The first order in a text that no reader sees, with a little of what stands around it; empty where none is."""
    return _first(_HIDDEN, text)


def in_rules(text: str) -> str:
    """The first order in a text that is written for agents or for a model, and that no honest one holds."""
    return _first(_AGENTS, text)


def in_values(text: str) -> str:
    """The first order to forget others or to pass a judgement."""
    return _first(FORGETTING, text)


def plain(text: str) -> str:
    """Compatibility forms folded, unseen letters taken out: as a language model would take the text."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", text))


def shown(text: str, start: int, end: int) -> str:
    """A place in a text, with a little of what stands around it, in one line."""
    return " ".join(text[max(0, start - _AROUND) : end + _AROUND].split())[:200]


def _first(pattern: re.Pattern[str], text: str) -> str:
    folded = plain(text)
    found = pattern.search(folded)
    return shown(folded, found.start(), found.end()) if found else ""
