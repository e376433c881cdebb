"""Compares the tokenizer with Hugging Face's `tokenizers`: each character, then random texts.

Run: python3 compare_tokenizers.py DIR     # DIR has config.json, vocab.txt, model.safetensors

Prints how many characters are treated in another way, and how many random texts of the others have
other tokens. Needs numpy and tokenizers.
"""

import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))

import bert  # noqa: E402
from basic import words  # noqa: E402
from tokenizers import BertWordPieceTokenizer  # noqa: E402

TEXTS = 20000
LENGTH = 60
# Blocks of scripts, accents, symbols, ideographs, Hangul and emoji.
BLOCKS = [
    (0x20, 0x7F),
    (0xA0, 0x250),
    (0x300, 0x370),
    (0x370, 0x530),
    (0x590, 0x700),
    (0x900, 0xA00),
    (0x1100, 0x1200),
    (0x1E00, 0x2000),
    (0x2000, 0x2100),
    (0x3000, 0x3100),
    (0x4E00, 0x5000),
    (0xAC00, 0xB000),
    (0xF900, 0xFB00),
    (0x1F600, 0x1F640),
]


def main():
    model = bert.load_folder(sys.argv[1])
    # Random texts may be longer than a question.
    bert.TOKENS_LIMIT = sys.maxsize
    other = BertWordPieceTokenizer(dict(model.numbers), lowercase=True)
    normalizer, splitter = other.normalizer, other.pre_tokenizer

    def is_same(char):
        text = f"a{char}b"
        theirs = splitter.pre_tokenize_str(normalizer.normalize_str(text))
        return words(text) == [word for word, _ in theirs]

    chars = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    same = set(filter(is_same, chars))
    print(f"{len(chars) - len(same)} of {len(chars)} characters are treated in another way")
    pools = [[chr(code) for code in range(*block) if chr(code) in same] for block in BLOCKS]
    random.seed(1)
    different = 0
    for _ in range(TEXTS):
        chosen = random.sample(pools, 3) + [pools[0], list(" \t\n\r")]
        length = random.randint(0, LENGTH)
        text = "".join(random.choice(random.choice(chosen)) for _ in range(length))
        different += model.encode(text) != other.encode(text).ids
    print(f"{different} of {TEXTS} random texts of the other characters have other tokens")


main()
