"""recurrent-<kind>.json: torch.nn.LSTM, GRU and RNN, forward and full gradients, by PyTorch.

LSTM (gates i f g o):  i,f,o = σ(..), g = tanh(..);  c' = f∘c + i∘g;  h' = o∘tanh(c')
GRU  (gates r z n):    n = tanh(W_in x + b_in + r∘(W_hn h + b_hn));  h' = (1-z)∘n + z∘h
RNN:                   h' = tanh or relu (W_ih x + b_ih + W_hh h + b_hh)
lstm-projected:        h' = W_hr (o∘tanh(c')), half as wide as c (proj_size = H // 2)

The loss is sum(output·w_output) + sum(h_n·w_h_n) + sum(c_n·w_c_n) with the weights given in the file.
"""
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from fixture import Inputs, largest_difference, save, tensor

KINDS = {
    "lstm": lambda **o: torch.nn.LSTM(**o),
    "gru": lambda **o: torch.nn.GRU(**o),
    "rnn-tanh": lambda **o: torch.nn.RNN(nonlinearity="tanh", **o),
    "rnn-relu": lambda **o: torch.nn.RNN(nonlinearity="relu", **o),
    "lstm-projected": lambda **o: torch.nn.LSTM(proj_size=o["hidden_size"] // 2, **o),
}
SEED = 6  # one with which the single relu unit of the smallest case is not dead


def case(name, T, B, F, H, layers=1, bidirectional=False, bias=True, state=True, lengths=None):
    return locals()


CASES = [
    case("one layer, zero state", T=5, B=3, F=4, H=6, state=False),
    case("one layer, given state", T=5, B=3, F=4, H=6),
    case("one layer without bias", T=3, B=2, F=5, H=3, bias=False),
    case("one step, one row, one feature, one unit", T=1, B=1, F=1, H=1),
    case("one layer, unequal lengths, zero state", T=5, B=3, F=4, H=6, state=False, lengths=[3, 5, 1]),
    case("two layers, given state", T=5, B=3, F=4, H=6, layers=2),
    case("bidirectional, given state", T=4, B=2, F=3, H=5, bidirectional=True),
    case("two layers bidirectional, zero state", T=5, B=3, F=4, H=5, layers=2, bidirectional=True, state=False),
    # No row is as long as T = 6: the last step is padding for all of them.
    case("two layers bidirectional, unequal lengths, given state", T=6, B=4, F=3, H=5, layers=2,
         bidirectional=True, lengths=[2, 5, 1, 4]),
]


def run(kind, c, inputs, dtype):
    """Everything the fixture holds, computed in `dtype`."""
    module = KINDS[kind](input_size=c["F"], hidden_size=c["H"], num_layers=c["layers"],
                         bidirectional=c["bidirectional"], bias=c["bias"]).to(dtype)
    named = {k: torch.tensor(v, dtype=dtype, requires_grad=True) for k, v in inputs["inputs"].items()}
    weights = {k: torch.tensor(v, dtype=dtype) for k, v in inputs["lossWeights"].items()}
    with torch.no_grad():
        for k, p in module.named_parameters():
            p.copy_(torch.tensor(inputs["parameters"][k], dtype=dtype))

    state = (named["h0"], named["c0"]) if kind.startswith("lstm") else named["h0"]
    x = named["x"]
    if c["lengths"]:
        x = pack_padded_sequence(x, torch.tensor(c["lengths"]), enforce_sorted=False)
    output, last = module(x, state)
    if c["lengths"]:
        output, _ = pad_packed_sequence(output, total_length=c["T"])
    results = {"output": output, **dict(zip(("h_n", "c_n"), last if kind.startswith("lstm") else (last,)))}

    loss = sum((results[k] * weights[k]).sum() for k in results)
    loss.backward()
    gradients = {**{k: p.grad for k, p in module.named_parameters()}, **{k: v.grad for k, v in named.items()}}
    return {"loss": loss.item(), "results": results, "gradients": gradients}


def values(ran):
    both = {**ran["results"], **ran["gradients"]}
    return torch.cat([torch.tensor([ran["loss"]]).double()] + [v.detach().double().reshape(-1) for v in both.values()])


def build(kind, index, c):
    source = Inputs(1000 * (SEED + list(KINDS).index(kind)) + index)
    D, H, T, B = 2 if c["bidirectional"] else 1, c["H"], c["T"], c["B"]
    gates = {"lstm": 4, "lstm-projected": 4, "gru": 3}.get(kind, 1)
    P = H // 2 if kind == "lstm-projected" else H

    parameters = {}
    for layer in range(c["layers"]):
        for suffix in ["", "_reverse"][:D]:
            end = f"_l{layer}{suffix}"
            parameters["weight_ih" + end] = source.grid(gates * H, c["F"] if layer == 0 else D * P)
            parameters["weight_hh" + end] = source.grid(gates * H, P)
            if c["bias"]:
                parameters["bias_ih" + end] = source.grid(gates * H)
                parameters["bias_hh" + end] = source.grid(gates * H)
            if P != H:
                parameters["weight_hr" + end] = source.grid(P, H)

    states = ["h0", "c0"] if kind.startswith("lstm") else ["h0"]
    finals = ["h_n", "c_n"] if kind.startswith("lstm") else ["h_n"]
    size = {k: (c["layers"] * D, B, P if k in ("h0", "h_n") else H) for k in states + finals}
    given = {"x": source.grid(T, B, c["F"], limit=2)}
    given.update({k: source.grid(*size[k], limit=1) * (1 if c["state"] else 0) for k in states})
    weights = {"output": source.grid(T, B, D * P, limit=1)}
    weights.update({k: source.grid(*size[k], limit=1) for k in finals})

    inputs = {"parameters": parameters, "inputs": given, "lossWeights": weights}
    exact = run(kind, c, inputs, torch.float64)
    off = largest_difference(values(run(kind, c, inputs, torch.float32)), values(exact))
    assert off < 1e-5, (kind, c["name"], off)  # also says that no relu stands so near 0 that float32 flips it
    assert exact["loss"] != 0, (kind, c["name"])  # a single dead relu would test nothing

    shown = {k: tensor(v) for k, v in given.items()}
    if not c["state"]:
        shown.update({k: None for k in states})
    return {
        "name": c["name"],
        "config": {"T": T, "B": B, "inputSize": c["F"], "hiddenSize": H, "layers": c["layers"],
                   "bidirectional": c["bidirectional"], "bias": c["bias"]},
        "lengths": c["lengths"],
        "parameters": {k: tensor(v) for k, v in parameters.items()},
        "inputs": shown,
        "results": {k: tensor(v) for k, v in exact["results"].items()},
        "lossWeights": {k: tensor(v) for k, v in weights.items()},
        "loss": exact["loss"],
        "gradients": {k: tensor(v) for k, v in exact["gradients"].items()},
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    for kind in KINDS:
        save(f"recurrent-{kind}.json", {
            "source": "PyTorch " + torch.__version__,
            "kind": kind,
            "cases": [build(kind, i, c) for i, c in enumerate(CASES) if kind != "lstm-projected" or c["H"] > 1],
        })
