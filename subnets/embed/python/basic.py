"""BERT's basic tokenizer, uncased, from Python's own Unicode tables.

The rules are those of `subnets/exact/src/wordpiece/`, written a second time and in the plainest
way: no table is compressed here. The standard library suffices.
"""

import unicodedata

# The blocks whose characters are words of their own. Hangul, kana and bopomofo are not among them.
IDEOGRAPHS = [
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0x2F800, 0x2FA1F),
]
ASCII_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


def is_blank(char):
    return char in "\t\n\r" or unicodedata.category(char) in ("Zs", "Zl", "Zp")


def is_removed(char):
    """Control, format and private characters. Unassigned ones stay."""
    return char == "\ufffd" or (
        char not in "\t\n\r" and unicodedata.category(char) in ("Cc", "Cf", "Co")
    )


def is_punctuation(char):
    return char in ASCII_PUNCTUATION or unicodedata.category(char)[0] == "P"


def is_ideograph(char):
    return any(first <= ord(char) <= last for first, last in IDEOGRAPHS)


def fold(char):
    """Canonical decomposition, without nonspacing marks, in lower case."""
    parts = unicodedata.normalize("NFD", char)
    return "".join(part.lower() for part in parts if unicodedata.category(part) != "Mn")


def words(text):
    """Returns the words of `text`. A punctuation mark and an ideograph are words of their own."""
    found, word = [], ""
    for char in text:
        if is_removed(char):
            continue
        alone = is_ideograph(char)
        for part in " " if is_blank(char) else fold(char):
            alone_now = alone or is_punctuation(part)
            if (alone_now or part == " ") and word:
                found.append(word)
                word = ""
            if alone_now:
                found.append(part)
            elif part != " ":
                word += part
    return found + [word] if word else found
