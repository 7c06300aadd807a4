"""Characters that look like others, or like nothing."""

from __future__ import annotations

import re
import unicodedata

_CYRILLIC = dict(
    zip(
        "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u0475\u051b\u051d\u0410"
        "\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405\u050c",
        "aeopcyxijsdhvqwABEKMHOPCTYXIJSG",
        strict=True,
    )
)
_GREEK = dict(
    zip(
        "\u03bf\u03b1\u03b9\u03bd\u03c1\u03c4\u03c5\u03ba\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c"
        "\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
        "oaivptukABEZHIKMNOPTYX",
        strict=True,
    )
)
_MARKS = dict(
    zip(
        "\u01c0\u2223\u2502\u2758\u2039\u203a\u276e\u276f\u3008\u3009\u27e8\u27e9\u0131",
        "||||<><><><>i",
        strict=True,
    )
)
_LOOK = str.maketrans({**_CYRILLIC, **_GREEK, **_MARKS})
"""Letters of other scripts and marks that fonts draw as the Latin ones; Unicode's confusables, the usual of them."""

_LETTERS = re.compile(r"[^\W\d_]+")
_JOINERS = frozenset("\u200c\u200d")
_HIDDEN = frozenset("\u00ad\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff\u115f\u1160\u3164\uffa0") | _JOINERS
_FLAG = "\U0001f3f4"


def skeleton(text: str) -> str:
    """`text` as it looks: texts that look alike have one skeleton."""
    return unicodedata.normalize("NFKC", text).translate(_LOOK)


def mixed(text: str) -> str:
    """The first word of `text` in which letters only look Latin, beside Latin ones; empty where there is none."""
    for word in _LETTERS.findall(text):
        if not word.isascii() and skeleton(word).isascii() and any(letter.isascii() for letter in word):
            return str(word)
    return ""


def unseen(text: str) -> str:
    """What kind of character in `text` is not seen, or changes what is; empty where there is none."""
    for before, letter in zip(("", *text), text, strict=False):
        code = ord(letter)
        if 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
            return f"the bidirectional control U+{code:04X}"
        if (code < 32 and letter not in "\t\n\v\f\r") or 127 <= code < 160:
            return f"the control character U+{code:04X}"
        if 0xE0000 <= code <= 0xE007F and _FLAG not in text:
            return f"the tag character U+{code:04X}"
        # Joiners shape the scripts and emoji that they stand in.
        if letter in _HIDDEN and not (letter in _JOINERS and before > "\u00ff" and before not in _HIDDEN):
            return f"the invisible character U+{code:04X}"
    return ""


def is_marked(text: str) -> bool:
    """Whether `text` stands between brackets, as tokens of a format do."""
    look = skeleton(text.strip())
    return len(look) > 2 and look[0] in "<[{" and look[-1] in ">]}"
