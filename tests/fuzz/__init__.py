"""Changed files by the hundred thousand, read by us and by each format's own reader.

kinds/        per format: honest files to begin with, the changes, and the judge
mutations/    changes to bytes, JSON headers, zips and pickles
run.py        the cases of one kind, in processes that may die or hang
targets/      one function per parser, for libFuzzer

`python -m tests.fuzz safetensors --count 100000` runs many; the tests run a few.
"""
