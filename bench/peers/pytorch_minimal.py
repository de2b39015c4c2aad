"""Times the minimal character model in PyTorch: sizes, ids and initial parameters as JSON on the standard input."""

import json
import sys
import time

import torch

given = json.load(sys.stdin)
torch.set_num_threads(given["threads"])
H, V, T = given["H"], given["V"], given["T"]
ids = torch.tensor(given["ids"])

model = torch.nn.ModuleDict({"rnn": torch.nn.RNN(V, H), "output": torch.nn.Linear(H, V)})
for name, parameter in model.named_parameters():
    parameter.data.copy_(torch.tensor(given["initial"][name]).reshape(parameter.shape))
optimizer = torch.optim.Adagrad(model.parameters(), lr=given["learningRate"])

h, milliseconds, losses = None, [], []
for i in range(given["iterations"]):
    start = time.perf_counter()
    first = i * T % (len(ids) - 1)
    inputs = torch.nn.functional.one_hot(ids[first : first + T], V).float().unsqueeze(1)
    optimizer.zero_grad()
    outputs, h = model["rnn"](inputs, h)
    h = h.detach()
    targets = ids[first + 1 : first + T + 1]
    loss = torch.nn.functional.cross_entropy(model["output"](outputs).reshape(-1, V), targets, reduction="sum")
    loss.backward()
    torch.nn.utils.clip_grad_value_(model.parameters(), 5)
    optimizer.step()
    losses.append(loss.item())
    if i >= given["warmup"]:
        milliseconds.append((time.perf_counter() - start) * 1000)

print(json.dumps({"milliseconds": milliseconds, "losses": losses}))
