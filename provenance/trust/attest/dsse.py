"""Dead Simple Signing Envelope v1: what is signed is the payload and its type together.

Source: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
"""

from __future__ import annotations

PAYLOAD_TYPE = "application/vnd.in-toto+json"
"""The one payload type that is written and accepted."""


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """`PAE(type, body)`: the bytes under the signature. Lengths are decimal and count bytes of UTF-8."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
