"""Times the same training step in PyTorch: python3 pytorch_step.py '{"cell": "lstm", ...}' RUNS THREADS"""

import json
import pathlib
import sys
import time

import torch

case, runs, threads = json.loads(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(1)
T, B, V, H = case["steps"], case["batch"], case["vocabulary"], case["hidden"]

embedding = torch.nn.Embedding(V, case["embedding"])
kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[case["cell"]]
recurrent = kind(case["embedding"], H, case["layers"])
output = torch.nn.Linear(H, V)
parameters = [*embedding.parameters(), *recurrent.parameters(), *output.parameters()]
optimizer = torch.optim.Adam(parameters, lr=2e-3)
ids = torch.tensor([[(t * t + 7 * t + 31 * b) % V for b in range(B)] for t in range(T + 1)])

state, milliseconds = None, []
for step in range(5 + runs):
    start = time.perf_counter()
    optimizer.zero_grad()
    outputs, state = recurrent(embedding(ids[:-1]), state)
    state = tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
    loss = torch.nn.functional.cross_entropy(output(outputs).reshape(-1, V), ids[1:].reshape(-1))
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 5)
    optimizer.step()
    if step >= 5:
        milliseconds.append((time.perf_counter() - start) * 1000)

# Which library multiplied its matrices matters more than anything else here.
maps = pathlib.Path("/proc/self/maps")
lines = maps.read_text().splitlines() if maps.exists() else []
libraries = {line.split()[-1] for line in lines if any(name in line for name in ("blas", "mkl", "blis"))}
blas = sorted(libraries, key=lambda path: ("openblas" not in path and "mkl" not in path, path))
print(json.dumps({"version": torch.__version__, "blas": blas[0] if blas else "unknown", "milliseconds": milliseconds}))
