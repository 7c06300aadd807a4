"""Other scanners and ours on the same labelled corpus, and on the other scanners' own test data.

    make bench-scanners
    PYTHONPATH=. .venv/bin/python -m tests.benchmarks.scanners [--cache DIR] [--tools a,b] [--limit N] [--samples]

Installs each scanner from PyPI into an environment of its own below the cache folder (about 750 MB in all), runs it
without network, and keeps every answer, so that a second run goes on where the first one stopped.
"""
