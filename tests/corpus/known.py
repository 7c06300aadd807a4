"""Items whose answer is not the one owed, and why. docs/corpus.md shows them."""

from __future__ import annotations

_FOLDER = "A folder with a link, a special file or such a name is refused whole, in one line: nobody says it is fine."
_UNREAD = "The file is broken, and taken for one that this version does not read: undecided."
_GIT = "`.git/` is left out of the model's digest and not read; hooks under the names of git-lfs are an info."

KNOWN: dict[str, str] = {
    "code-git-fsmonitor": _GIT,
    "code-git-hook": _GIT,
    "code-git-hooks-path": _GIT,
    "other-npy-shape": _UNREAD,
    "other-onnx-length": _UNREAD,
    "other-onnx-offset": _UNREAD,
    "template-in-ollama-template": "The TEMPLATE of a Modelfile is written in Go's language, which is not read.",
    "walk-deep-pickle": _FOLDER,
    "walk-link-absolute": _FOLDER,
    "walk-link-endless": _FOLDER,
    "walk-link-folder": _FOLDER,
    "walk-link-out": _FOLDER,
    "walk-name-escapes": _FOLDER,
}
