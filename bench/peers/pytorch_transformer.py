"""
Times a Transformer as nanoGPT writes it: sizes, threads, warmup and runs as JSON on the standard input. With `parameters`
(names and shapes) it generates, a token at a time with a cache of keys and values; otherwise it trains.
"""

import json
import math
import sys
import time

import torch
from torch.nn import functional as F

from likeness import value_at

given = json.load(sys.stdin)
torch.set_num_threads(given["threads"])
torch.manual_seed(1)
E, H, L, V, C = given["width"], given["heads"], given["layers"], given["vocabulary"], given["context"]


def heads(x):
    B, T, _ = x.shape
    return x.view(B, T, H, E // H).transpose(1, 2)


def attend(q, k, v):
    T, S = q.shape[2], k.shape[2]
    scores = q @ k.transpose(-2, -1) / math.sqrt(E // H)
    if T > 1:
        hidden = torch.ones(T, S, dtype=torch.bool).triu(S - T + 1)
        scores = scores.masked_fill(hidden, -math.inf)
    found = scores.softmax(-1) @ v
    return found.transpose(1, 2).reshape(q.shape[0], T, E)


def generate():
    weights = {}
    for i, (name, shape) in enumerate(given["parameters"]):
        count = math.prod(shape)
        weights[name] = value_at(i, count, 0.05).float().reshape(shape)

    def linear(x, name):
        return F.linear(x, weights[name + ".weight"], weights[name + ".bias"])

    def norm(x, name):
        return F.layer_norm(x, (E,), weights[name + ".weight"], weights[name + ".bias"])

    caches = [None] * L

    def run(ids, position):
        x = weights["embedding.weight"][ids] + weights["transformer.positions.weight"][position : position + len(ids)]
        x = x.unsqueeze(0)
        for i in range(L):
            at = f"transformer.blocks.{i}."
            y = norm(x, at + "norm1")
            q, k, v = (heads(linear(y, at + "attention." + part)) for part in ("query", "key", "value"))
            if caches[i] is not None:
                k, v = (torch.cat([before, new], 2) for before, new in zip(caches[i], (k, v)))
            caches[i] = (k, v)
            x = x + linear(attend(q, k, v), at + "attention.output")
            y = F.gelu(linear(norm(x, at + "norm2"), at + "feedForward.up"), approximate="tanh")
            x = x + linear(y, at + "feedForward.down")
        x = norm(x[:, -1], "transformer.norm")
        return F.linear(x, weights["embedding.weight"], weights["output.bias"])[0]

    milliseconds = []
    with torch.no_grad():
        prompt = given["prompt"]
        logits = run(torch.tensor(prompt), 0)
        for i in range(given["warmup"] + given["runs"]):
            token = logits.argmax(-1, keepdim=True)
            start = time.perf_counter()
            logits = run(token, len(prompt) + i)
            if i >= given["warmup"]:
                milliseconds.append((time.perf_counter() - start) * 1000)
    return {"milliseconds": milliseconds, "logits": logits.tolist()}


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = torch.nn.LayerNorm(E), torch.nn.LayerNorm(E)
        self.qkv, self.output = torch.nn.Linear(E, 3 * E), torch.nn.Linear(E, E)
        self.up, self.down = torch.nn.Linear(E, 4 * E), torch.nn.Linear(4 * E, E)

    def forward(self, x):
        q, k, v = (heads(part) for part in self.qkv(self.norm1(x)).split(E, 2))
        x = x + self.output(attend(q, k, v))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


def learn():
    T, B = given["steps"], given["batch"]
    embedding, positions = torch.nn.Embedding(V, E), torch.nn.Embedding(C, E)
    blocks = torch.nn.Sequential(*[Block() for _ in range(L)])
    norm, output = torch.nn.LayerNorm(E), torch.nn.Linear(E, V)
    modules = torch.nn.ModuleList([embedding, positions, blocks, norm, output])
    optimizer = torch.optim.AdamW(modules.parameters(), lr=1e-3)
    ids = torch.tensor([[(t * t + 7 * t + 31 * b) % V for t in range(T + 1)] for b in range(B)])
    milliseconds, losses = [], []
    for step in range(given["warmup"] + given["runs"]):
        start = time.perf_counter()
        optimizer.zero_grad()
        x = embedding(ids[:, :-1]) + positions(torch.arange(T))
        logits = output(norm(blocks(x)))
        loss = F.cross_entropy(logits.reshape(-1, V), ids[:, 1:].reshape(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(modules.parameters(), 1)
        optimizer.step()
        losses.append(loss.item())
        if step >= given["warmup"]:
            milliseconds.append((time.perf_counter() - start) * 1000)
    return {"milliseconds": milliseconds, "losses": losses}


print(json.dumps(generate() if "parameters" in given else learn()))
