"""A module for a sandbox's child that does what hostile texts would have it do."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path


def handle(request: object) -> object:
    """Do what is asked."""
    if request == "loop":
        while True:
            pass
    if request == "memory":
        return len(bytearray(1 << 40))
    if request == "grow":
        kept = [b""]
        while True:
            kept.append(bytes(1 << 20))
    if request == "answer":
        return "x" * (1 << 20)
    if request == "recurse":
        return handle_again(request)
    if request == "die":
        os.kill(os.getpid(), 9)
    if request == "sleep":
        sys.stdin.buffer.read(1)
    if isinstance(request, str) and request in ATTEMPTS:
        try:
            ATTEMPTS[request]()
        except OSError as error:
            return type(error).__name__
        return "it could"
    return request


ATTEMPTS: dict[str, Callable[[], object]] = {
    "file": Path(__file__).read_bytes,
    "socket": socket.socket,
    "write": lambda: Path("x").write_text(""),
}


def handle_again(request: object) -> object:
    """Never comes back."""
    return handle_again(request)
