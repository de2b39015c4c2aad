"""Trains the language model of `questions/learn.ts` in PyTorch; sizes, steps, threads and the tokens' file are JSON on the standard input.

Prints seconds of training (without validation) and the loss on the last tenth, in nats, at each validation."""

import json
import sys
import time

import numpy
import torch

case = json.load(sys.stdin)
torch.set_num_threads(case["threads"])
torch.manual_seed(1)
T, B, V, H, L, E = (case[name] for name in ("seq", "batch", "vocabulary", "hidden", "layers", "embedding"))
rate, total, every, last = case["rate"], case["steps"], case["validateEvery"], case["end"]
tokens = torch.from_numpy(numpy.fromfile(case["tokens"], dtype=numpy.int32).astype(numpy.int64))
cut = int(len(tokens) * 0.9)
train, validation = tokens[:cut], tokens[cut:]


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(V, E)
        self.lstm = torch.nn.LSTM(E, H, L, dropout=case["dropout"])
        self.output = torch.nn.Linear(H, V)
        self.dropout = torch.nn.Dropout(case["dropout"])
        # As ours: small vectors, Glorot for the output layer, and a new cell remembers.
        torch.nn.init.normal_(self.embedding.weight, std=E**-0.5)
        torch.nn.init.xavier_uniform_(self.output.weight)
        torch.nn.init.zeros_(self.output.bias)
        for layer in range(L):
            getattr(self.lstm, f"bias_ih_l{layer}").data.zero_()[H : 2 * H] = 1
            getattr(self.lstm, f"bias_hh_l{layer}").data.zero_()

    def forward(self, ids, state):
        outputs, state = self.lstm(self.dropout(self.embedding(ids)), state)
        return self.output(self.dropout(outputs)), tuple(part.detach() for part in state)


def rows(text, batch):
    """The text as so many rows side by side, [steps, batch]."""
    length = (len(text) - 1) // batch
    inputs = text[: length * batch].view(batch, length).t().contiguous()
    targets = text[1 : length * batch + 1].view(batch, length).t().contiguous()
    return inputs, targets


def loss_of(model, inputs, targets, state, reduction="mean"):
    logits, state = model(inputs, state)
    return torch.nn.functional.cross_entropy(logits.reshape(-1, V), targets.reshape(-1), reduction=reduction), state


def validate(model):
    model.eval()
    inputs, targets = rows(validation, 32)
    state, sum_of_losses = None, 0.0
    with torch.no_grad():
        for start in range(0, len(inputs), T):
            loss, state = loss_of(model, inputs[start : start + T], targets[start : start + T], state, "sum")
            sum_of_losses += loss.item()
    model.train()
    return sum_of_losses / targets.numel()


model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=rate)
offsets = numpy.random.RandomState(1)
seconds, step, points, milliseconds = 0.0, 0, [], []
while step < last:
    inputs, targets = rows(train[offsets.randint(T) :], B)
    state = None
    for start in range(0, len(inputs) - T + 1, T):
        began = time.perf_counter()
        progress = step / total
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 if progress < 0.5 else 1 - 0.98 * (2 * progress - 1))
        optimizer.zero_grad()
        loss, state = loss_of(model, inputs[start : start + T], targets[start : start + T], state)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        loss.item()
        step += 1
        elapsed = time.perf_counter() - began
        seconds += elapsed
        milliseconds.append(elapsed * 1000)
        if step % every == 0 or step == last:
            points.append({"step": step, "seconds": seconds, "loss": validate(model)})
        if step == last:
            break

print(json.dumps({"points": points, "milliseconds": milliseconds}))
