"""All that is not weights, turned into frozen facts: what files are, what documents say. Facts, never findings.

    inspectors/      one file per kind of fact; `INSPECTORS` is the list
    content_kinds    what a file is by its first and last bytes
    magic            the table of unmistakable first bytes
    sandbox          a child process for texts that have to be parsed or rendered; `sandboxed` is its inside
    pickle_stream    walks pickle opcodes without executing one
    lenient_json     a document as a loader would see it, and what is wrong with it
    template_text    chat templates as Jinja would render them
    tokenizer_parts  tokenizers as parts that compare across formats
    tokenizer_json   a tokenizer.json as such parts, straight from its bytes

Nothing here executes, unpickles, imports or renders what a model holds; every buffer has a bound.
"""
