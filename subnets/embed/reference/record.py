"""Writes the recorded numbers of `tests/recorded/`.

Run: python3 record.py small
     python3 record.py minilm DIR     # DIR has config.json, vocab.txt, model.safetensors

A file has texts, their tokens, the answers of the model in float64, and answers of other
computations for the first texts: float32 in another order of additions, and the cheaper models that
the task's tolerance must tell apart. If the package `tokenizers` is there, every text's tokens are
compared with those of Hugging Face's tokenizer. Needs numpy.
"""

import json
import os
import re
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "python"))

from bert import SIZES, Model, load_folder  # noqa: E402

SENTENCES = open(os.path.join(HERE, "..", "src", "sentences.txt"), encoding="utf-8").read()
MASK = 0xFFFFFFFFFFFFFFFF
STEP = 0x9E3779B97F4A7C15
SEED = 7
OTHERS = 8

TEXTS = SENTENCES.splitlines()[:26] + [
    "",
    "Hello, World!",
    "It's 3:45 p.m. -- don't be late (again)...",
    "Crème brûlée, naïve façade, Ångström, São Paulo; İstanbul.",
    "Straße über den Øresund: ½ €, 25 °C & 100 % «sicher»",
    "東京タワーは高い。 서울은 크다. Москва́ — столица.",
    "Ελληνικά ΣΟΦΌΣ; עברית, العربية. हिन्दी भाषा",
    "zero\u200bwidth\u00a0space\tand\x00control \ufffd characters\u00ad",
    "https://example.org/a_b?c=d&e=f#g user@example.com $1,234.56",
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
    "x" * 101 + " " + "y" * 100,
    "😀 emoji 👩‍👩‍👧 flags 🇨🇭 and ﬁ ligatures ™ ①",
    " ".join(SENTENCES.split()[:110]),
    "a " * 126,
]


def mixed(value):
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


class Rng:
    """SplitMix64, as `inktensor_exact::rng` has it."""

    def __init__(self, seed):
        self.state = mixed((seed + STEP) & MASK)

    def value(self):
        self.state = (self.state + STEP) & MASK
        return ((mixed(self.state) >> 48) - 32768) / 32768


def small_vocabulary():
    ascii_chars = [chr(code) for code in range(33, 127)]
    alphanumeric = list("0123456789abcdefghijklmnopqrstuvwxyz")
    found = set(re.findall("[a-z]{2,}", SENTENCES))
    return (
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        + [char for char in ascii_chars if not char.isalnum()]
        + alphanumeric
        + ["##" + char for char in alphanumeric]
        + sorted(found)
    )


def shapes(sizes, vocabulary):
    width, inner = sizes["width"], sizes["inner"]
    yield "embeddings.word_embeddings.weight", (vocabulary, width)
    yield "embeddings.position_embeddings.weight", (sizes["positions"], width)
    yield "embeddings.token_type_embeddings.weight", (2, width)
    pairs = [("embeddings.LayerNorm", (width,))]
    for layer in range(sizes["layers"]):
        pairs += [
            (f"encoder.layer.{layer}.{part}", shape)
            for part, shape in [
                ("attention.self.query", (width, width)),
                ("attention.self.key", (width, width)),
                ("attention.self.value", (width, width)),
                ("attention.output.dense", (width, width)),
                ("attention.output.LayerNorm", (width,)),
                ("intermediate.dense", (inner, width)),
                ("output.dense", (width, inner)),
                ("output.LayerNorm", (width,)),
            ]
        ]
    for name, shape in pairs:
        yield name + ".weight", shape
        yield name + ".bias", shape[:1]


def spread(name):
    if name == "embeddings.word_embeddings.weight":
        return 0.0, 1.0
    if name.endswith(".bias"):
        return 0.0, 0.125
    return (1.0, 0.25) if name.endswith("LayerNorm.weight") else (0.0, 0.25)


def small_model():
    sizes = dict(zip(SIZES, (32, 2, 4, 128, 128)))
    vocabulary, rng, tensors = small_vocabulary(), Rng(SEED), {}
    for name, shape in shapes(sizes, len(vocabulary)):
        base, factor = spread(name)
        values = [base + factor * rng.value() for _ in range(int(np.prod(shape)))]
        tensors[name] = np.array(values, np.float64).reshape(shape)
        assert (tensors[name] == tensors[name].astype(np.float32)).all(), name
    return Model(sizes, "\n".join(vocabulary) + "\n", tensors, np.float64)


def bfloat16(values):
    """Rounded to the nearest bfloat16, halves to even."""
    bits = values.astype(np.float32).view(np.uint32)
    bits = bits + 0x7FFF + ((bits >> 16) & 1)
    return (bits & np.uint32(0xFFFF0000)).view(np.float32)


def int8(values):
    """Rows in 8 bits with a scale of their own, as quantized miners have them."""
    if values.ndim < 2:
        return values
    scale = np.abs(values).max(1, keepdims=True) / 127
    scale[scale == 0] = 1
    return np.rint(values / scale) * scale


class Backwards(Model):
    """The same model with products over reversed axes: other orders of additions."""

    def linear(self, x, name):
        weight = np.ascontiguousarray(self.tensors[name + ".weight"][:, ::-1])
        return np.einsum("ij,kj->ik", x[:, ::-1], weight) + self.tensors[name + ".bias"]


def computations(model):
    plain = lambda change: model.with_weights(lambda _, values: change(values), np.float32)
    single = plain(lambda values: values)
    fewer = plain(lambda values: values)
    fewer.layers = model.layers - 1
    backwards = Backwards(model.sizes, "\n".join(model.tokens), model.tensors, np.float32)
    half = plain(lambda values: values.astype(np.float16).astype(np.float32))
    return {
        "float32": single.answer,
        "float32_backwards": backwards.answer,
        "float16": half.answer,
        "bfloat16": plain(bfloat16).answer,
        "int8": plain(int8).answer,
        "one_layer_fewer": fewer.answer,
    }


def compare_tokens(model):
    try:
        from tokenizers import BertWordPieceTokenizer
    except ImportError:
        print("skipped: the package tokenizers is not there")
        return
    other = BertWordPieceTokenizer(dict(model.numbers), lowercase=True)
    for text in TEXTS:
        ours, theirs = model.encode(text), other.encode(text).ids
        assert ours == theirs, (text, ours, theirs)
    print(f"tokens of {len(TEXTS)} texts are those of tokenizers")


def main():
    which = sys.argv[1]
    model = small_model() if which == "small" else load_folder(sys.argv[2], np.float64)
    assert len(TEXTS) == 40
    compare_tokens(model)
    answers = [model.answer(text) for text in TEXTS]
    others, worst = {}, {}
    for name, answer in computations(model).items():
        found = [answer(text) for text in TEXTS]
        others[name] = found[:OTHERS]
        distances = [int(np.abs(np.subtract(a, b)).max()) for a, b in zip(answers, found)]
        right = sum(distance <= 1 for distance in distances)
        worst[name] = max(distances)
        print(f"{name:18} off by at most {max(distances):4}, right {right} of {len(TEXTS)}")
    others["another_question"] = answers[1 : OTHERS + 1]
    recorded = {
        "seed": SEED if which == "small" else None,
        "texts": TEXTS,
        "tokens": [model.encode(text) for text in TEXTS],
        "answers": answers,
        "worst_of_all_texts": worst,
        "others": others,
    }
    text = json.dumps(recorded, indent=0, ensure_ascii=True)
    # One line for each innermost list.
    text = re.sub(r"\[[-\d,\s]*\]", lambda found: re.sub(r"\s", "", found.group()), text)
    with open(os.path.join(HERE, "..", "tests", "recorded", which + ".json"), "w") as file:
        file.write(text + "\n")


if __name__ == "__main__":
    main()
