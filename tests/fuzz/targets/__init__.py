"""One function per parser of hostile bytes, for libFuzzer (through atheris) or any other source of bytes.

Each takes bytes, calls one parser as the product does, and returns; any exception is a bug, because these parsers
promise which errors they raise and the function has caught those.
"""
