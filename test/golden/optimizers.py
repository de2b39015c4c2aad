"""optimizers.json: ten steps of every optimizer on one vector of seven weights, by torch.optim.

The gradients are given and do not depend on the weights, so an error shows at the step that makes it.
`rule` states what PyTorch computes, with g the gradient, w the weights and t = 1, 2, ... the step;
every moving value starts at 0.
"""
import torch
from torch import optim

from fixture import Inputs, largest_difference, save, tensor

STEPS, N = 10, 7
ADAM_RULE = "m = β1·m + (1-β1)·g; v = β2·v + (1-β2)·g²; w -= lr · (m/(1-β1^t)) / (√(v/(1-β2^t)) + eps)"
ADAM = {"lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8}

CASES = [
    ("sgd", "sgd", optim.SGD, {"lr": 0.1}, "w -= lr·g"),
    ("sgd, momentum", "sgd", optim.SGD, {"lr": 0.1, "momentum": 0.9},
     "b = momentum·b + g (b = g at t = 1); w -= lr·b"),
    ("sgd, nesterov", "sgd", optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True},
     "b = momentum·b + g (b = g at t = 1); w -= lr·(g + momentum·b)"),
    ("adagrad", "adagrad", optim.Adagrad, {"lr": 1e-2, "eps": 1e-10}, "s += g²; w -= lr·g / (√s + eps)"),
    ("rmsprop", "rmsprop", optim.RMSprop, {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8},
     "s = alpha·s + (1-alpha)·g²; w -= lr·g / (√s + eps)"),
    ("adam", "adam", optim.Adam, ADAM, ADAM_RULE),
    ("adam, weight decay", "adam", optim.Adam, {**ADAM, "weight_decay": 0.01}, "g += weight_decay·w; " + ADAM_RULE),
    ("adamw", "adamw", optim.AdamW, {**ADAM, "weight_decay": 0.01}, "w -= lr·weight_decay·w; " + ADAM_RULE),
]


def run(make, options, initial, gradients, dtype):
    w = torch.nn.Parameter(torch.tensor(initial, dtype=dtype))
    optimizer = make([w], **options)
    steps = []
    for g in gradients:
        w.grad = torch.tensor(g, dtype=dtype)
        optimizer.step()
        steps.append(w.detach().clone())
    return torch.stack(steps)


def build(name, optimizer, make, options, rule, initial, gradients):
    exact = run(make, options, initial, gradients, torch.float64)
    assert largest_difference(run(make, options, initial, gradients, torch.float32), exact) < 1e-6, name
    return {"name": name, "optimizer": optimizer, "options": options, "rule": rule, "weights": tensor(exact)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    source = Inputs(53)
    initial, gradients = source.grid(N, limit=2), source.grid(STEPS, N, limit=2)
    gradients[:, 0] = 0  # a weight that never receives a gradient
    gradients[:4, 1] = 0  # one that receives its first gradient late
    gradients[:, 2] *= 2.0**-20  # one with gradients near eps
    gradients[:, 3] *= 64  # and one with long ones
    save("optimizers.json", {
        "source": "PyTorch " + torch.__version__,
        "initial": tensor(initial),
        "gradients": tensor(gradients),
        "cases": [build(*c, initial, gradients) for c in CASES],
    })
