"""losses.json: cross-entropy, log-softmax, layer norm and embedding, values and gradients, by PyTorch.

`upstream` is the gradient with respect to the operation's output that its input gradients were pulled back from.
"""
import torch
from torch.nn import functional as F

from fixture import Inputs, largest_difference, save, tensor

IGNORE = -100


def cross_entropy(dtype, logits, targets):
    x, y = torch.tensor(logits, dtype=dtype, requires_grad=True), torch.tensor(targets)
    of = lambda reduction: F.cross_entropy(x, y, ignore_index=IGNORE, reduction=reduction)
    gradient = lambda loss: torch.autograd.grad(loss, x)[0]
    return {"perTarget": of("none"), "sum": of("sum"), "mean": of("mean"),
            "gradientOfSum": gradient(of("sum")), "gradientOfMean": gradient(of("mean"))}


def log_softmax(dtype, x, upstream):
    x = torch.tensor(x, dtype=dtype, requires_grad=True)
    output = F.log_softmax(x, dim=-1)
    output.backward(torch.tensor(upstream, dtype=dtype))
    return {"output": output, "gradient": x.grad}


def layer_norm(dtype, x, weight, bias, eps, upstream):
    x, weight, bias = (torch.tensor(v, dtype=dtype, requires_grad=True) for v in (x, weight, bias))
    output = F.layer_norm(x, x.shape[-1:], weight, bias, eps)
    output.backward(torch.tensor(upstream, dtype=dtype))
    return {"output": output, "gradients": {"x": x.grad, "weight": weight.grad, "bias": bias.grad}}


def embedding(dtype, weight, ids, upstream):
    weight = torch.tensor(weight, dtype=dtype, requires_grad=True)
    output = F.embedding(torch.tensor(ids), weight)
    output.backward(torch.tensor(upstream, dtype=dtype))
    return {"output": output, "gradient": weight.grad}


def leaves(value):
    if isinstance(value, dict):
        return torch.cat([leaves(v) for v in value.values()])
    return value.detach().double().reshape(-1)


def shown(value):
    if isinstance(value, dict):
        return {k: shown(v) for k, v in value.items()}
    return value.item() if value.ndim == 0 else tensor(value)


def computed(operation, *inputs):
    exact = operation(torch.float64, *inputs)
    assert largest_difference(leaves(operation(torch.float32, *inputs)), leaves(exact)) < 1e-5, operation
    return shown(exact)


def cross_entropy_case(name, logits, targets):
    return {"name": name, "ignoreIndex": IGNORE, "logits": tensor(logits), "targets": tensor(targets),
            **computed(cross_entropy, logits, targets)}


def log_softmax_case(name, x, upstream):
    return {"name": name, "x": tensor(x), "upstream": tensor(upstream), **computed(log_softmax, x, upstream)}


def layer_norm_case(name, x, weight, bias, eps, upstream):
    return {"name": name, "eps": eps, "x": tensor(x), "weight": tensor(weight), "bias": tensor(bias),
            "upstream": tensor(upstream), **computed(layer_norm, x, weight, bias, eps, upstream)}


def embedding_case(name, weight, ids, upstream):
    return {"name": name, "weight": tensor(weight), "ids": tensor(ids), "upstream": tensor(upstream),
            **computed(embedding, weight, ids, upstream)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    source = Inputs(67)
    logits = source.grid(6, 5, limit=3)
    targets = source.ids(6, below=5)
    some = targets.copy()
    some[[1, 4]] = IGNORE
    steep = logits.copy()
    steep[0] += [200, 0, 0, 0, -200]  # exp would overflow without subtracting the row's maximum
    steep[1] += 1000
    x = source.grid(3, 2, 7, limit=2)
    flat = x.copy()
    flat[1, 0] = 0.75  # a row without variance: eps alone stands under the root
    weight, bias, upstream = source.grid(7, limit=2), source.grid(7), source.grid(3, 2, 7, limit=1)
    save("losses.json", {
        "source": "PyTorch " + torch.__version__,
        "crossEntropy": [
            cross_entropy_case("every target counts", logits, targets),
            cross_entropy_case("two targets ignored", logits, some),
            cross_entropy_case("steep logits", steep, targets),
        ],
        "logSoftmax": [
            log_softmax_case("plain", logits, source.grid(6, 5, limit=1)),
            log_softmax_case("steep", steep, source.grid(6, 5, limit=1)),
        ],
        "layerNorm": [
            layer_norm_case("plain", x, weight, bias, 1e-5, upstream),
            layer_norm_case("one row constant", flat, weight, bias, 1e-5, upstream),
        ],
        "embedding": [
            embedding_case("ids repeat, one row unused", source.grid(5, 3, limit=1),
                           [[0, 2, 2], [4, 2, 0], [1, 4, 2], [2, 2, 0]], source.grid(4, 3, 3, limit=1)),
        ],
    })
