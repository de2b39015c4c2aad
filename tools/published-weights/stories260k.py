"""stories260k.json: what the model of llama2.c continues the beginning of a text with, greedily, in numpy (float64).

    python3 stories260k.py stories260K.bin > stories260k.json

Written from the equations of Llama (Touvron 2023) as llama2.c stores it: rotary positions turn neighbours. Each token is read
with all before it again; no cache. `logits` are the largest and the sum of all at each step.
"""
import json
import struct
import sys

import numpy as np

STEPS = 200

if __name__ == "__main__":
    data = open(sys.argv[1], "rb").read()
    dim, hidden, layers, heads, groups, vocabulary, context = struct.unpack("<7i", data[:28])
    numbers = np.frombuffer(data[28:], "<f4").astype(np.float64)
    place = 0

    def take(*shape):
        global place
        size = int(np.prod(shape))
        place += size
        return numbers[place - size: place].reshape(shape)

    D = dim // heads
    table, norm1 = take(vocabulary, dim), take(layers, dim)
    wq, wk = take(layers, dim, dim), take(layers, groups * D, dim)
    wv, wo = take(layers, groups * D, dim), take(layers, dim, dim)
    norm2, w1, w2, w3 = take(layers, dim), take(layers, hidden, dim), take(layers, dim, hidden), take(layers, hidden, dim)
    final = take(dim)

    def rms(x, gain):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * gain

    def rotary(x):
        T, n = x.shape[0], x.shape[1] // D
        pairs = x.reshape(T, n, D // 2, 2)
        angles = np.arange(T)[:, None, None] * 10000.0 ** (-2 * np.arange(D // 2) / D)[None, None, :]
        cos, sin = np.cos(angles), np.sin(angles)
        a, b = pairs[..., 0], pairs[..., 1]
        return np.stack([a * cos - b * sin, a * sin + b * cos], -1).reshape(T, n, D)

    def logits(ids):
        x = table[ids]
        T = len(ids)
        hidden_keys = np.triu(np.full((T, T), -np.inf), 1)
        for i in range(layers):
            h = rms(x, norm1[i])
            q, k, v = rotary(h @ wq[i].T), rotary(h @ wk[i].T), (h @ wv[i].T).reshape(T, groups, D)
            out = np.empty((T, heads, D))
            for head in range(heads):
                group = head // (heads // groups)
                scores = q[:, head] @ k[:, group].T / np.sqrt(D) + hidden_keys
                weights = np.exp(scores - scores.max(-1, keepdims=True))
                out[:, head] = weights / weights.sum(-1, keepdims=True) @ v[:, group]
            x = x + out.reshape(T, dim) @ wo[i].T
            h = rms(x, norm2[i])
            gate = h @ w1[i].T
            x = x + (gate / (1 + np.exp(-gate)) * (h @ w3[i].T)) @ w2[i].T
        return rms(x[-1], final) @ table.T

    ids, highest, sums = [1], [], []
    for _ in range(STEPS):
        scores = logits(ids)
        highest.append(float("%.8g" % scores.max()))
        sums.append(float("%.8g" % scores.sum()))
        ids.append(int(scores.argmax()))
    print(json.dumps({"source": "numpy " + np.__version__, "ids": ids, "highest": highest, "sums": sums}))
