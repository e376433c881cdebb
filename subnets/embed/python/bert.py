"""A BERT encoder in numpy: the model of the task `embed/1` a second time, in another language.

It reads a state of `embed/1` or a folder with config.json, vocab.txt and model.safetensors, and
computes in any dtype of numpy. Nothing here has the order of operations of `inktensor-exact`: the
task's tolerance covers that.
"""

import json
import math
import os
import struct

import numpy as np

from basic import words

TOKENS_LIMIT = 128
WORD_LIMIT = 100
MAGIC = b"embed/1\0"
SIZES = ("width", "layers", "heads", "inner", "positions")

erf = np.vectorize(math.erf, otypes=[np.float64])


class Model:
    """Sizes, vocabulary and weights. `dtype` is that of the arithmetic."""

    def __init__(self, sizes, vocabulary, tensors, dtype=np.float32):
        self.sizes, self.dtype = sizes, dtype
        self.layers = sizes["layers"]
        self.tokens = vocabulary.removesuffix("\n").split("\n")
        self.numbers = {token: number for number, token in enumerate(self.tokens)}
        self.tensors = {name: values.astype(dtype) for name, values in tensors.items()}

    def with_weights(self, change, dtype=None):
        """Returns the model with `change` of every tensor."""
        changed = {name: change(name, values) for name, values in self.tensors.items()}
        return Model(self.sizes, "\n".join(self.tokens), changed, dtype or self.dtype)

    def encode(self, text):
        """Returns the tokens of `text`; raises ValueError above the limit."""
        found = [self.numbers["[CLS]"]]
        for word in words(text):
            found += self.pieces(word)
        found.append(self.numbers["[SEP]"])
        if len(found) > TOKENS_LIMIT:
            raise ValueError(f"{len(found)} tokens are over the limit of {TOKENS_LIMIT}")
        return found

    def pieces(self, word):
        unknown, found, start = [self.numbers["[UNK]"]], [], 0
        if len(word) > WORD_LIMIT:
            return unknown
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = ("##" if start else "") + word[start:end]
                if piece in self.numbers:
                    found.append(self.numbers[piece])
                    start = end
                    break
            else:
                return unknown
        return found

    def norm(self, x, name):
        distance = x - x.mean(-1, keepdims=True)
        variance = (distance * distance).mean(-1, keepdims=True)
        gain, bias = self.tensors[name + ".weight"], self.tensors[name + ".bias"]
        return distance / np.sqrt(variance + self.dtype(1e-12)) * gain + bias

    def linear(self, x, name):
        return x @ self.tensors[name + ".weight"].T + self.tensors[name + ".bias"]

    def layer(self, x, name):
        heads = self.sizes["heads"]
        split = lambda x: x.reshape(len(x), heads, -1).transpose(1, 0, 2)
        query, key, value = (
            split(self.linear(x, f"{name}.attention.self.{part}"))
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / self.dtype(math.sqrt(query.shape[-1]))
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        context = (scores @ value).transpose(1, 0, 2).reshape(x.shape)
        x = self.norm(
            x + self.linear(context, f"{name}.attention.output.dense"),
            f"{name}.attention.output.LayerNorm",
        )
        inner = self.linear(x, f"{name}.intermediate.dense")
        inner = inner * self.dtype(0.5) * (1 + erf(inner / math.sqrt(2)).astype(self.dtype))
        return self.norm(x + self.linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def vector(self, tokens):
        weights = self.tensors
        x = (
            weights["embeddings.word_embeddings.weight"][tokens]
            + weights["embeddings.position_embeddings.weight"][: len(tokens)]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        x = self.norm(x, "embeddings.LayerNorm")
        for number in range(self.layers):
            x = self.layer(x, f"encoder.layer.{number}")
        mean = x.mean(0)
        return mean / np.sqrt((mean * mean).sum())

    def answer(self, text):
        """Returns the answer of `embed/1`: whole thousandths."""
        vector = self.vector(self.encode(text)).astype(np.float64)
        return [int(component) for component in np.rint(vector * 1000)]


def safetensors(raw):
    """Returns the F32 tensors of a safetensors file."""
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + length])
    found = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            count = math.prod(entry["shape"])
            start = 8 + length + entry["data_offsets"][0]
            found[name] = np.frombuffer(raw, "<f4", count, start).reshape(entry["shape"])
    return found


def load_state(path, dtype=np.float32):
    """Loads a state as `inktensor_embed::pack` writes it."""
    with open(path, "rb") as file:
        raw = file.read()
    if not raw.startswith(MAGIC):
        raise ValueError(f"{path} is not a state of embed/1")
    *sizes, length = struct.unpack_from("<6I", raw, len(MAGIC))
    start = len(MAGIC) + 24
    vocabulary = raw[start : start + length].decode()
    tensors = safetensors(raw[start + length :])
    return Model(dict(zip(SIZES, sizes)), vocabulary, tensors, dtype)


def load_folder(path, dtype=np.float32):
    """Loads config.json, vocab.txt and model.safetensors."""
    read = lambda name: open(os.path.join(path, name), "rb").read()
    config = json.loads(read("config.json"))
    keys = (
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
        "max_position_embeddings",
    )
    sizes = {name: config[key] for name, key in zip(SIZES, keys)}
    vocabulary = read("vocab.txt").decode()
    return Model(sizes, vocabulary, safetensors(read("model.safetensors")), dtype)
