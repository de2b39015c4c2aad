"""Times the same training step in PyTorch: a case, threads, warmup and runs as JSON on the standard input."""

import json
import sys
import time

import torch

case = json.load(sys.stdin)
torch.set_num_threads(case["threads"])
torch.manual_seed(1)
T, B, V, H = case["steps"], case["batch"], case["vocabulary"], case["hidden"]

embedding = torch.nn.Embedding(V, case["embedding"])
kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[case["cell"]]
recurrent = kind(case["embedding"], H, case["layers"])
output = torch.nn.Linear(H, V)
parameters = [*embedding.parameters(), *recurrent.parameters(), *output.parameters()]
optimizer = torch.optim.Adam(parameters, lr=2e-3)
ids = torch.tensor([[(t * t + 7 * t + 31 * b) % V for b in range(B)] for t in range(T + 1)])

state, milliseconds, losses = None, [], []
for step in range(case["warmup"] + case["runs"]):
    start = time.perf_counter()
    optimizer.zero_grad()
    outputs, state = recurrent(embedding(ids[:-1]), state)
    state = tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
    loss = torch.nn.functional.cross_entropy(output(outputs).reshape(-1, V), ids[1:].reshape(-1))
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 5)
    optimizer.step()
    losses.append(loss.item())
    if step >= case["warmup"]:
        milliseconds.append((time.perf_counter() - start) * 1000)

print(json.dumps({"milliseconds": milliseconds, "losses": losses}))
