"""Times the minimal character model in NumPy, written out: sizes, ids and initial parameters as JSON on the standard input."""

import json
import sys
import time

import numpy as np

given = json.load(sys.stdin)
H, V, T, ids = given["H"], given["V"], given["T"], given["ids"]
shapes = {
    "rnn.weight_ih_l0": (H, V),
    "rnn.weight_hh_l0": (H, H),
    "rnn.bias_ih_l0": (H,),
    "rnn.bias_hh_l0": (H,),
    "output.weight": (V, H),
    "output.bias": (V,),
}
parameters = {name: np.array(given["initial"][name], np.float32).reshape(shape) for name, shape in shapes.items()}
Wxh, Whh, b_ih, b_hh, Why, by = parameters.values()
sums = {name: np.zeros_like(value) for name, value in parameters.items()}
h_last = np.zeros(H, np.float32)

milliseconds, losses = [], []
for i in range(given["iterations"]):
    start = time.perf_counter()
    first = i * T % (len(ids) - 1)
    inputs, targets = ids[first : first + T], ids[first + 1 : first + T + 1]

    hs, ps, loss = {-1: h_last}, {}, 0.0
    for t in range(T):
        hs[t] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[t - 1] + b_ih + b_hh)
        y = Why @ hs[t] + by
        e = np.exp(y - y.max())
        ps[t] = e / e.sum()
        loss -= np.log(ps[t][targets[t]])

    dWxh, dWhh, db, _, dWhy, dby = (np.zeros_like(value) for value in parameters.values())
    dh_next = np.zeros_like(h_last)
    for t in reversed(range(T)):
        dy = ps[t]
        dy[targets[t]] -= 1
        dWhy += np.outer(dy, hs[t])
        dby += dy
        da = (1 - hs[t] * hs[t]) * (Why.T @ dy + dh_next)
        db += da
        dWxh[:, inputs[t]] += da
        dWhh += np.outer(da, hs[t - 1])
        dh_next = Whh.T @ da

    for (name, value), gradient in zip(parameters.items(), (dWxh, dWhh, db, db, dWhy, dby)):
        clipped = np.clip(gradient, -5, 5)
        sums[name] += clipped * clipped
        value -= given["learningRate"] * clipped / (np.sqrt(sums[name]) + 1e-10)
    h_last = hs[T - 1]
    losses.append(float(loss))
    if i >= given["warmup"]:
        milliseconds.append((time.perf_counter() - start) * 1000)

print(json.dumps({"milliseconds": milliseconds, "losses": losses}))
