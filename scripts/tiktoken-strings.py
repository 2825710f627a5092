"""Random Unicode strings and the ids tiktoken gives them, one JSON object {text, ids} a line.

    python scripts/tiktoken-strings.py --count 100000 --seed 1 | node scripts/compare-tokenizer.js
    python scripts/tiktoken-strings.py --count 3000 --longest 40 | gzip -9n > test/fixtures/tokenizer-random.jsonl.gz

Needs tiktoken (which downloads `r50k_base` or finds it in TIKTOKEN_CACHE_DIR). Surrogates without their other half occur
in the text; tiktoken takes them for U+FFFD.
"""

import argparse
import itertools
import json
import random
import unicodedata

import tiktoken

parser = argparse.ArgumentParser()
parser.add_argument("--count", type=int, default=100_000)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--longest", type=int, default=10_000, help="characters")
arguments = parser.parse_args()
rng = random.Random(arguments.seed)
encoding = tiktoken.get_encoding("r50k_base")

# what is special to the pattern, to UTF-8 or UTF-16, or to a tokenizer
SPECIAL = [
    *" \n\t\r\v\f\0\x1b\x1c\x1f\x7f\x85\xa0\xad\u1680\u180e\u2000\u200a\u200b\u200d\u2028\u2029\u202f\u205f\u3000\ufeff\ufffd\uffff",
    *"'’._-,:;/\\\"()[]{}<>|#@&*+=~^%$½²Ⅷ٣𝟎𝐀ªºßİı",
    *["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'LL", " '", "''", "<|endoftext|>", "<|", "|>", "\r\n", "\n\n", "  "],
    *["\ud7ff", "\ud800", "\udbff", "\udc00", "\udfff", "\ue000", "\U00010000", "\U0010ffff", "\x80", "\u07ff", "\u0800"],
    *["👩‍💻", "🏳️‍🌈", "🇩🇪", "👍🏽", "e\u0301", "n\u0303", "\u0f71\u0f72", "한국어", "\u1100\u1161", "ﬁ", "Ǆ"],
]
WORDS = "the of and to in is that language model don't they're I've we'll it's 1984 3.14 HTTP getElementById naïve".split()
WORDS += "Привет мир 你好世界 こんにちは สวัสดี नमस्ते مرحبا שלום გამარჯობა Γειά áéíóú straße Việt".split()
# every block of 256 code points but most of the ideographs beyond U+20000
STARTS = [*range(0, 0x20100, 256), *range(0x2A600, 0x2EF00, 0x800), 0x31300, 0x32300, 0xE0000, 0xE0100, 0x10FF00]
BLOCKS = [range(start, start + 256) for start in STARTS]


def character():
    return chr(rng.choice(rng.choice(BLOCKS)))


def piece():
    match rng.randrange(8):
        case 0 | 1:
            return rng.choice(SPECIAL)
        case 2 | 3:
            return rng.choice(["", " "]) + rng.choice(WORDS)
        case 4:
            return chr(rng.randrange(0x80))
        case 5:
            return character()
        case 6:
            block = rng.choice(BLOCKS)
            return "".join(chr(rng.choice(block)) for _ in range(rng.randrange(1, 12)))
        case _:
            return rng.choice([rng.choice(SPECIAL), character()]) * int(rng.paretovariate(0.7) % 300)


def string():
    text = "".join(piece() for _ in range(rng.randrange(1, 16)))
    return unicodedata.normalize("NFD", text) if rng.random() < 0.1 else text


texts = (text for text in iter(string, None) if len(text) <= arguments.longest)
for text in itertools.islice(texts, arguments.count):
    print(json.dumps({"text": text, "ids": encoding.encode_ordinary(text)}, separators=(",", ":")))
