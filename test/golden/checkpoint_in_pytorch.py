"""Runs a checkpoint of ours in PyTorch: python3 checkpoint_in_pytorch.py model.safetensors 3,1,4,1,5

The file holds `embedding.weight`, the tensors of one recurrent layer under `lstm.`, `gru.` or `rnn.`
(as torch.nn names them, such as `lstm.weight_ih_l0`), `output.weight` and, if there is one, `output.bias`.
The ids go through embedding → recurrent layer, from state zero → output, as one sequence of batch size 1.
Prints {"shape": [T, V], "data": [logits]} as JSON, computed in the precision of the file.
`--relu` makes an `rnn.` layer use relu in place of tanh.
"""
import argparse
import json
import struct

import numpy as np
import torch

NUMPY_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4"}
LAYERS = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}


def read_safetensors(path):
    """8-byte little-endian header length, JSON header {name: {dtype, shape, data_offsets}}, data."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        array = np.frombuffer(data[start:end], dtype=NUMPY_TYPES[entry["dtype"]])
        tensors[name] = torch.from_numpy(array.reshape(entry["shape"]).copy())
    return tensors


def part(tensors, name):
    """The tensors under `name.`, without the prefix."""
    return {k[len(name) + 1:]: v for k, v in tensors.items() if k.startswith(name + ".")}


def loaded(module, weights, dtype):
    module.to(dtype).load_state_dict(weights)  # strict: a missing, extra or misshapen tensor raises
    return module


def recurrent(tensors, dtype, options):
    kinds = [kind for kind in LAYERS if part(tensors, kind)]
    if len(kinds) != 1:
        raise SystemExit("expected the tensors of one of lstm., gru., rnn.; found " + (", ".join(kinds) or "none"))
    weights = part(tensors, kinds[0])
    module = LAYERS[kinds[0]](
        input_size=weights["weight_ih_l0"].shape[1],
        hidden_size=weights["weight_hh_l0"].shape[1],
        num_layers=1 + max(int(k.split("_l")[1].split("_")[0]) for k in weights),
        bidirectional="weight_ih_l0_reverse" in weights,
        bias="bias_ih_l0" in weights,
        **(options if kinds[0] == "rnn" else {}))
    return loaded(module, weights, dtype)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("checkpoint")
    arguments.add_argument("ids", help="token ids, comma separated", type=lambda s: [int(i) for i in s.split(",")])
    arguments.add_argument("--relu", action="store_true")
    given = arguments.parse_args()

    tensors = read_safetensors(given.checkpoint)
    embedding, output = part(tensors, "embedding"), part(tensors, "output")
    dtype = embedding["weight"].dtype
    V, E = embedding["weight"].shape
    outputs, width = output["weight"].shape
    with torch.no_grad():
        xs = loaded(torch.nn.Embedding(V, E), embedding, dtype)(torch.tensor(given.ids).reshape(-1, 1))  # [T, 1, E]
        hs, _ = recurrent(tensors, dtype, {"nonlinearity": "relu" if given.relu else "tanh"})(xs)  # [T, 1, H]
        logits = loaded(torch.nn.Linear(width, outputs, bias="bias" in output), output, dtype)(hs)[:, 0]  # [T, V]
    print(json.dumps({"shape": list(logits.shape), "data": logits.double().reshape(-1).tolist()}))


if __name__ == "__main__":
    main()
