"""Times training steps of a convolutional network in PyTorch: a layer's configuration, its parameters in the order of
declaration, the shape of the images [B, H, W, C], threads, layout ("channels_last" or "contiguous"), warmup and runs as JSON
on the standard input."""

import json
import sys
import time

import torch
from torch import nn

case = json.load(sys.stdin)
torch.set_num_threads(case["threads"])

ACTIVATIONS = {"none": nn.Identity, "relu": nn.ReLU, "relu6": nn.ReLU6}


class Residual(nn.Module):
    def __init__(self, body, shortcut, activation):
        super().__init__()
        self.body, self.shortcut, self.activation = body, shortcut, activation

    def forward(self, x):
        return self.activation(self.body(x) + self.shortcut(x))


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def sequence(configs, shape):
    modules = []
    for config in configs:
        module, shape = build(config, shape)
        modules.append(module)
    return nn.Sequential(*modules), shape


def convolution(shape, channels, kernel, stride=1, padding=0, groups=1, bias=True):
    C, H, W = shape
    rows, columns = ((n + 2 * padding - kernel) // stride + 1 for n in (H, W))
    return nn.Conv2d(C, channels, kernel, stride, padding, groups=groups, bias=bias), (channels, rows, columns)


def inverted_residual(shape, channels, expansion=6, stride=1, kernel=3):
    C = shape[0]
    norm, relu6 = {"layer": "batchNorm"}, {"layer": "activation", "kind": "relu6"}
    wide = {"layer": "conv2d", "channels": round(C * expansion), "kernel": 1, "bias": False}
    depthwise = {"layer": "depthwiseConv2d", "kernel": kernel, "stride": stride, "padding": kernel // 2, "bias": False}
    narrow = {"layer": "conv2d", "channels": channels, "kernel": 1, "bias": False}
    before = [] if expansion == 1 else [wide, norm, relu6]
    body, output = sequence([*before, depthwise, norm, relu6, narrow, norm], shape)
    return Residual(body, nn.Identity(), nn.Identity()) if stride == 1 and channels == C else body, output


def residual(shape, body, shortcut=None, activation="none"):
    inner, output = build(body, shape)
    other = build(shortcut, shape)[0] if shortcut else nn.Identity()
    return Residual(inner, other, ACTIVATIONS[activation]()), output


def build(config, shape):
    """The module of a layer for images of shape (C, H, W), and the shape of its output."""
    kind = config["layer"]
    options = {name: value for name, value in config.items() if name != "layer"}
    if kind == "sequential":
        layers = options["layers"]
        return sequence(layers.values() if isinstance(layers, dict) else layers, shape)
    if kind == "conv2d":
        return convolution(shape, **options)
    if kind == "depthwiseConv2d":
        return convolution(shape, shape[0], groups=shape[0], **options)
    if kind == "invertedResidual":
        return inverted_residual(shape, **options)
    if kind == "residual":
        return residual(shape, **options)
    if kind == "batchNorm":
        return nn.BatchNorm2d(shape[0]), shape
    if kind == "activation":
        return ACTIVATIONS[options["kind"]](), shape
    if kind == "maxPool2d":
        n = options["kernel"]
        return nn.MaxPool2d(n), (shape[0], shape[1] // n, shape[2] // n)
    if kind == "globalAveragePool":
        return Mean(), shape[:1]
    if kind == "flatten":
        return nn.Flatten(), (shape[0] * shape[1] * shape[2],)
    if kind == "linear":
        return nn.Linear(shape[0], options["units"]), (options["units"],)
    raise ValueError(f"no PyTorch for layer {kind}")


B, H, W, C = case["images"]
layout = torch.channels_last if case["layout"] == "channels_last" else torch.contiguous_format
i = torch.arange(B * H * W * C)
images = ((31 * i * i + 7919 * i) % 65537 / 32768 - 1).reshape(B, H, W, C).permute(0, 3, 1, 2)
images = images.contiguous(memory_format=layout)
targets = torch.arange(B) % 10
model, _ = build(case["network"], (C, H, W))
nn.utils.vector_to_parameters(torch.tensor(case["values"]), model.parameters())
model = model.to(memory_format=layout)
with torch.no_grad():
    outputs = model.eval()(images).flatten()[:20].tolist()
model.train()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)


def step():
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(images), targets)
    loss.backward()
    optimizer.step()
    return loss.item()


milliseconds, losses = [], []
for run in range(case["warmup"] + case["runs"]):
    start = time.perf_counter()
    losses.append(step())
    if run >= case["warmup"]:
        milliseconds.append((time.perf_counter() - start) * 1000)
print(json.dumps({"milliseconds": milliseconds, "losses": losses, "outputs": outputs}))
