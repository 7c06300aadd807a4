"""All that is not weights, turned into frozen facts: what files are, what documents say. Facts, never findings.

    inspectors/      one file per kind of fact; `INSPECTORS` is the list
    content_kinds    what a file is by its first and last bytes
    magic            the table of unmistakable first bytes
    sandbox          a child process for texts that have to be parsed or rendered; `sandboxed` is its inside
    pickles/         pickles as programs that are read: what they import, call and write to
    containers/      archives and compressed streams, and what is in them, however deep
    lenient_json     a document as a loader would see it, and what is wrong with it
    template_text    chat templates as Jinja would render them
    tokenizer_parts  tokenizers as parts that compare across formats
    tokenizer_json   a tokenizer.json as such parts, straight from its bytes
    tokenizing/      tokenizers, tried on texts by an encoder of our own

Nothing here executes, unpickles, imports or renders what a model holds; every buffer has a bound.
"""
