"""What an unpacker would do with the name of a member."""

from __future__ import annotations

import re
import stat

_DRIVE = re.compile(r"[A-Za-z]:")


def leaves(name: str) -> bool:
    """Whether the name leads out of the folder that the archive is unpacked in."""
    plain = name.replace("\\", "/")
    return plain.startswith("/") or ".." in plain.split("/") or _DRIVE.match(plain) is not None


def link_leaves(name: str, target: str) -> bool:
    """Whether a link under `name` points out of that folder."""
    plain = target.replace("\\", "/")
    if plain.startswith("/") or _DRIVE.match(plain):
        return True
    depth = len([part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]) - 1
    for part in plain.split("/"):
        depth += 0 if part in ("", ".") else -1 if part == ".." else 1
        if depth < 0:
            return True
    return False


def odd_mode(mode: int) -> str:
    """What a Unix mode makes of a member that is neither a file nor a folder; empty where it is one."""
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return "device"
    return ""
