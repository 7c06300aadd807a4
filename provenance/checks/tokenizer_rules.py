"""Rules for a tokenizer that is not the base's."""

from __future__ import annotations

from provenance.checks.interface import Rule
from provenance.records import Severity

TOKENIZER_DIFFERS = Rule(
    ident="tokenizer-differs",
    title="the tokenizer differs from the base's",
    severity=Severity.WARNING,
    meaning="A part of the tokenizer that decides which tokens a text becomes, or which text tokens become, is not "
    "the base's, in a way that no rule of its own is for. Tokens and merges are compared between formats too. Tokens "
    "appended behind the base's are an `info`, and a `warning` where they are ordinary words; so are placeholders with "
    "a name of their own, and tokens gone at the end. A tokenizer file that only one side has is reported, unless what "
    "it says is in the base's (older writers wrote more files). Of settings, `tokenizer_class`, `add_bos_token`, "
    "`add_eos_token` and `fast_tokenizer_files` are compared; a class that writers change by themselves is an `info`, "
    "and so is another `model_max_length`. Padding and truncation are not compared; another padding token is an "
    "`info`, and one where the base has none is no difference.",
    why="A tokenizer stands between the words and the weights, which stay what they were. Honest fine-tunes add "
    "tokens, and publishers write files anew.",
    example="tokens: 2 entries more than in the base; first: '289 \"<tool_call>\"'",
    advice="Use the base's tokenizer unless the publisher says why it was changed.",
)
IDS_DIFFER = Rule(
    ident="tokenizer-ids-differ",
    title="tokens of the base have other ids",
    severity=Severity.ERROR,
    meaning="A token of the base has another id here, its id is another token's, or it is gone from among the others: "
    "in `tokenizer.json`, `vocab.json`, a GGUF file, or a file that adds tokens. It does not matter which of the two "
    "sides is which file.",
    why="The weights know ids alone. Two ids swapped turn yes into no, in questions and in answers, and nothing else "
    "in the model shows it.",
    example="tokens: '265 \"no\"' here, '265 \"yes\"' in the base; 2 entries differ",
    advice="Use the base's tokenizer.",
)
MODEL_DIFFERS = Rule(
    ident="tokenizer-model-differs",
    title="the tokenizer cuts text by another model than the base's",
    severity=Severity.ERROR,
    meaning="The merges, scores, kind or settings of the tokenizer's model (BPE, Unigram, WordPiece, WordLevel) are "
    "not the base's. Merges more than the base's, those in their order, are a `warning`, and so is an `ignore_merges` "
    "that older writers dropped; scores of appended tokens are an `info`.",
    why="The same words become other tokens than those that the weights were trained on: with one merge gone, a word "
    "like `no` is never seen whole again.",
    example='merges: 1 entries of the base are gone; first: \'"n" "o"\'',
    advice="Use the base's tokenizer.",
)
STEPS_DIFFER = Rule(
    ident="tokenizer-steps-differ",
    title="text is prepared or decoded in other steps than the base's",
    severity=Severity.ERROR,
    meaning="The normalizer, pre-tokenizer, post-processor or decoder of a `tokenizer.json` does something else than "
    "the base's. Ways of writing the same are no difference: nested sequences, offsets, old and new members of "
    "`Metaspace`. It is a `warning` where a post-processor only puts the base's token of the beginning in front, or "
    "no longer does.",
    why="A normalizer or decoder can rewrite what is asked or answered; another cut of the text gives tokens that the "
    "weights were not trained on.",
    example="normalizer: NFC Lowercase here, NFC in the base",
    advice="Use the base's tokenizer.",
)
SPECIAL_TOKENS_DIFFER = Rule(
    ident="tokenizer-special-tokens-differ",
    title="special tokens are not the base's",
    severity=Severity.ERROR,
    meaning="A token that both have is special in the base and not here, or takes spaces around it, counts as a word "
    "only, or is looked for in normalized text, unlike the base's; an ordinary token of the base is an added one; or "
    "`bos_token`, `eos_token` or `unk_token` is another. It is a `warning` where the new beginning or end is the one "
    "that `config.json` or `generation_config.json` names as well, or nobody names any, where one is gone, and where "
    "flags changed the other way round, as writers do.",
    why="Where the end token is another, answers do not end; where a role token is not special, a user can write it; "
    "a word that becomes special is taken out of every answer.",
    example="special: eos_token is '<|im_start|>', and '<|im_end|>' in the base",
    advice="Use the base's special tokens unless the publisher says why they were changed.",
)
