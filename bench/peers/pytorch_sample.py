"""Times writing with a language model in PyTorch: sizes, streams, threads and runs as JSON on the standard input."""

import json
import sys
import time

import torch

from likeness import value_at

given = json.load(sys.stdin)
torch.set_num_threads(given["threads"])
H, V, B = given["H"], given["V"], given["streams"]

embedding = torch.nn.Embedding(V, H)
lstm = torch.nn.LSTM(H, H, given["layers"])
output = torch.nn.Linear(H, V)


for i, parameter in enumerate([embedding.weight, *lstm.parameters(), output.weight, output.bias]):
    bound = 1 if i == 0 else H**-0.5
    parameter.data.copy_(value_at(i, parameter.numel(), bound).reshape(parameter.shape))

ids, state, milliseconds = torch.arange(B).reshape(1, B) % V, None, []
with torch.no_grad():
    for i in range(given["warmup"] + given["runs"]):
        start = time.perf_counter()
        outputs, state = lstm(embedding(ids), state)
        logits = output(outputs)
        ids = logits.argmax(-1)
        if i >= given["warmup"]:
            milliseconds.append((time.perf_counter() - start) * 1000)

print(json.dumps({"milliseconds": milliseconds, "logits": logits.flatten().tolist()}))
