"""Read a model: from a name to validated headers, digests, and chunks pushed to whoever asked.

    engine      `open_model`, `read`, `read_pair`: the order of work, over the modules beside it
    sources/    a name into the closed list of the model's files
    formats/    a weight file's header, wholly validated or not at all
    digests     of files and tensors, and the two names of a model

The pipeline imports these four; the others are the engine's own.
"""
