"""Prints how far weights in float16 and bfloat16 are from float64, over drawn questions.

Run: python3 tolerance.py DIR [COUNT]     # DIR has config.json, vocab.txt, model.safetensors

Needs numpy. 200 questions take some minutes on one core.
"""

import random
import sys

import numpy as np

from record import SENTENCES, bfloat16, load_folder

COUNT = 200


def question(model_words):
    """One to three sentences with a third of the words replaced, as `src/draw.rs` has it."""
    words = []
    for _ in range(random.randint(1, 3)):
        sentence = random.choice(SENTENCES.splitlines()).split()
        for place in random.sample(range(len(sentence)), -(-len(sentence) // 3)):
            sentence[place] = random.choice(model_words)
        words += sentence
    return " ".join(words)


def main():
    model = load_folder(sys.argv[1], np.float64)
    count = int(sys.argv[2]) if len(sys.argv) > 2 else COUNT
    half = lambda values: values.astype(np.float16).astype(np.float32)
    cheaper = {
        name: model.with_weights(lambda _, values, change=change: change(values), np.float32)
        for name, change in (("float16", half), ("bfloat16", bfloat16))
    }
    random.seed(5)
    is_word = lambda token: len(token) >= 3 and token.isascii() and token.isalpha()
    model_words = [token for token in model.tokens if is_word(token) and token.islower()]
    wrong, worst = dict.fromkeys(cheaper, 0), dict.fromkeys(cheaper, 0.0)
    for _ in range(count):
        tokens = model.encode(question(model_words))
        exact = model.vector(tokens) * 1000
        for name, other in cheaper.items():
            found = other.vector(tokens).astype(np.float64) * 1000
            worst[name] = max(worst[name], np.abs(found - exact).max())
            wrong[name] += bool(np.abs(np.rint(found) - np.rint(exact)).max() > 1)
    for name in cheaper:
        off = f"off by {worst[name]:.2f} thousandths at most"
        print(f"{name:9} {off}, wrong answers {wrong[name]} of {count}")


main()
