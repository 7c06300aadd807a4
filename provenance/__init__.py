"""Tell whether an open-weight model is what it claims to be.

Nothing heavy is imported here; `provenance.cli` is the command, `provenance.pipeline` the verbs as functions.
"""

__version__ = "0.1.0"
