"""Writes `subnets/exact/src/wordpiece/tables.rs` from Python's Unicode tables.

Run: python3 unicode_tables.py > ../../exact/src/wordpiece/tables.rs

Python 3.11 has Unicode 14.0; another version is refused, since tables of two versions split words
in two ways. The digest at the end is over all characters, by the uncompressed rules of `basic.py`.
"""

import os
import sys
import unicodedata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))

from basic import fold, is_punctuation, is_removed, words  # noqa: E402

VERSION = "14.0.0"
HANGUL = range(0xAC00, 0xD7A4)
CHARS = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]


def ranges(chars):
    """Returns the ascending inclusive ranges of `chars`."""
    found = []
    for code in map(ord, chars):
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def runs(singles):
    """Returns (first, last, stride, target of first): steps of one or two with one distance."""
    found = []
    for code, target in singles:
        if found:
            first, last, stride, start = found[-1]
            step = code - last
            if target - code == start - first and step in ((1, 2) if first == last else (stride,)):
                found[-1] = (first, code, step, start)
                continue
        found.append((code, code, 1, target))
    return found


def fnv(parts):
    digest = 0xCBF29CE484222325
    for part in parts:
        for byte in part:
            digest = ((digest ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return digest


def table(doc, name, kind, items):
    print(f"\n/// {doc}\n#[rustfmt::skip]\npub(super) const {name}: [{kind}; {len(items)}] = [")
    line = "   "
    for item in items:
        if len(line) + len(item) + 2 > 100:
            print(line)
            line = "   "
        line += f" {item},"
    print(line + "\n];")


def pair(item):
    return f"({item[0]:#x}, {item[1]:#x})"


def main():
    if unicodedata.unidata_version != VERSION:
        sys.exit(f"Unicode {unicodedata.unidata_version} is not {VERSION}; use Python 3.11")
    removed, punctuation, singles, several = [], [], [], []
    for char in CHARS:
        folded = fold(char)
        if is_removed(char) or not folded:
            removed.append(char)
            continue
        if is_punctuation(char) and ord(char) >= 0x80:
            punctuation.append(char)
        if folded == char or ord(char) in HANGUL:
            continue
        if len(folded) == 1:
            singles.append((ord(char), ord(folded)))
        else:
            escaped = "".join(f"\\u{{{ord(part):x}}}" for part in folded)
            several.append(f'({ord(char):#x}, "{escaped}")')
    print(f"//! Unicode {VERSION}, as `subnets/embed/reference/unicode_tables.py` writes it.")
    print("//!\n//! Tables of our own: those of the standard library change with the compiler.")
    table(
        "Characters that are dropped: control, format, private, nonspacing marks.",
        "REMOVED",
        "(u32, u32)",
        [pair(r) for r in ranges(removed)],
    )
    table(
        "Punctuation outside of ASCII.",
        "PUNCTUATION",
        "(u32, u32)",
        [pair(r) for r in ranges(punctuation)],
    )
    long, short = [], []
    for first, last, stride, target in runs(singles):
        if first == last:
            short.append(pair((first, target)))
        else:
            long.append(f"({first:#x}, {last:#x}, {stride}, {target:#x})")
    table(
        "Runs of characters that fold to one other: first, last, stride, target of the first.",
        "RUNS",
        "(u32, u32, u32, u32)",
        long,
    )
    table(
        "Characters outside of runs that fold to one other.",
        "SINGLES",
        "(u32, u32)",
        short,
    )
    table(
        "Characters that fold to several, but for Hangul syllables.",
        "SEVERAL",
        "(u32, &str)",
        several,
    )
    texts = ("\x1f".join(words(f"a{char}b")) + "\x1e" for char in CHARS)
    digest = fnv(text.encode() for text in texts)
    print("\n/// FNV-1a of the words of `aXb` for each character X, joined by U+1F, ended by U+1E.")
    print(f"#[cfg(test)]\npub(super) const DIGEST_OF_ALL: u64 = {digest:#018x};")


main()
