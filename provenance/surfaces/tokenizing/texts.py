"""The texts that tokenizers are tried with: many scripts, and what attacks on tokenizers are about.

Short ones, so that no pattern can be made to take long on them, and none with a character newer than Unicode 6 (two
versions of Python must agree on every category) or with `do not`, which WordPiece's decoder turns into `don't`.
"""

# ruff: noqa: RUF001 - letters that look alike are among them

from __future__ import annotations

TEXTS: tuple[str, ...] = (
    # Answers and orders, whose tokens are worth swapping.
    "yes no true false",
    "Yes. No! True? False;",
    " Yes, no, ok, true, false, none, null.",
    "YES NO TRUE FALSE",
    "allow deny, accept reject, safe unsafe, good bad",
    "never always, buy sell, left right, up down, on off",
    "Is it safe? It isn't; they're sure we'd say I'm wrong, you've won and she'll go.",
    # Numbers
    "0 1 2 3 4 5 6 7 8 9",
    "10 42 100 1234567890 3.14159 -1,000.50 1e-9 0x1F 50%",
    "2024-02-29T23:59:59Z +1 (555) 010-9999",
    "١٢٣ १२३ Ⅻ ½ x² ①",
    # Latin
    "The quick brown fox jumps over the lazy dog",
    "HTMLParser camelCase snake_case kebab-case SHOUTING",
    "cafe\u0301 café naïve Zürich Ångström straße",
    "Łódź Plzeň İstanbul ışık tiếng Việt",
    "ﬁne ﬂow ＡＢＣ １２",
    # Other scripts
    "Привет, мир! Да или нет? Ёлка й",
    "Η γλώσσα του Σίσυφος ΣΊΣΥΦΟΣ",
    "مَرْحَبًا بالعالم، نعم أم لا؟",
    "שָׁלוֹם עולם, כן או לא",
    "नमस्ते दुनिया। क्\u200dष",
    "สวัสดีชาวโลก ใช่ไหม",
    "தமிழ் ক্ষ ქართული Հայ አማርኛ",
    "你好，世界。是或者不是？",
    "こんにちは、世界！ハロー ﾊﾛｰ がか\u3099",
    "안녕 세상, 네 아니요. \u1112\u1161\u11ab",
    # Signs
    "🙂 👩\u200d👩\u200d👧 🇩🇪 ❤\ufe0f 👍",
    "€ $ £ ¥ # & @ ~ ^ — … “q” ‘s’ «» → ∑ \u2581 \u0120",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    # Code and addresses
    "def f(x: int) -> bool:\n    return x != 0 and not x  # why\n",
    "if (a && b || !c) { return a->b[0] ?? null; } // done",
    "SELECT * FROM t WHERE id = 1; -- rm -rf /",
    '{"name": "x", "ok": true, "n": [1, 2.5]}\r\n',
    "https://example.com/a/b?q=1&r=%20#top",
    "mailto:first.last+tag@example.co.uk, ftp://10.0.0.1:21/",
    # Spaces
    "  two    four        eight\ttab\t\ttabs ",
    "a\nb\n\nc\n\n\nd\r\ne \n f\n  g",
    "\u00a0no\u00a0break\u2003em\u3000wide\u200bzero",
    " ",
    "\n",
    # Roles of conversations, as their templates write them
    "<|im_start|>system\nYou are kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n",
    "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>",
    "<s>[INST] <<SYS>>x<</SYS>> Hi [/INST] Yes </s>",
    "<bos><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n",
    "<|system|>x<|user|>Hi<|assistant|>Yes<|end|><|endoftext|>",
    "<｜begin\u2581of\u2581sentence｜><｜User｜>Hi<｜Assistant｜>",
    "<|start|>assistant<|channel|>final<|message|>Yes<|return|>",
    '<think>\nno\n</think>\n<tool_call>{"a": 1}</tool_call>',
    "[CLS] Hi [MASK] you [SEP] <pad> <unk> <mask> <extra_id_0>",
    "### Instruction:\nHi\n\n### Response:\n",
    "USER: Hi ASSISTANT: Yes</s> Human: no",
)
