"""The encoding under the signature."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provenance.trust.attest.dsse import PAYLOAD_TYPE, pre_authentication_encoding


def test_the_example_of_the_specification() -> None:
    assert pre_authentication_encoding("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_lengths_count_bytes_not_characters() -> None:
    assert pre_authentication_encoding("é", "ü".encode()) == b"DSSEv1 2 \xc3\xa9 2 \xc3\xbc"
    assert pre_authentication_encoding(PAYLOAD_TYPE, b"") == b"DSSEv1 28 application/vnd.in-toto+json 0 "


@given(st.tuples(st.text(max_size=9), st.binary(max_size=9)), st.tuples(st.text(max_size=9), st.binary(max_size=9)))
def test_two_messages_never_share_an_encoding(one: tuple[str, bytes], other: tuple[str, bytes]) -> None:
    same = pre_authentication_encoding(*one) == pre_authentication_encoding(*other)
    assert same == (one == other)
