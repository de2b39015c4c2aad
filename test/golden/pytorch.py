"""pytorch.zip.pt, pytorch.legacy.pt: the same checkpoint in both forms of torch.save; pytorch-module.pt: a whole module.

The checkpoint has tensors of every type that is read, views, tied parameters and plain values; every float is i / 8 for i from 0.
"""
import collections

import torch

from fixture import FOLDER


def numbers(*shape, dtype=torch.float32):
    count = int(torch.tensor(shape).prod()) if shape else 1
    return (torch.arange(count, dtype=torch.float64) / 8).reshape(shape).to(dtype)


weight = torch.nn.Parameter(numbers(3, 4))
state = collections.OrderedDict(
    weight=weight,
    tied=weight,
    transposed=weight.detach().t(),
    part=weight.detach()[1:, ::2],
    repeated=numbers(3)[:, None].expand(3, 2),
    double=numbers(2, 2, dtype=torch.float64),
    half=numbers(5, dtype=torch.float16),
    bfloat=numbers(5, dtype=torch.bfloat16),
    long=torch.tensor([-(2**31), 2**31 - 1]),
    large=torch.tensor([2**40, -1]),
    int=torch.tensor([-7, 7], dtype=torch.int32),
    short=torch.tensor([-7, 7], dtype=torch.int16),
    char=torch.tensor([-7, 7], dtype=torch.int8),
    byte=torch.tensor([7, 255], dtype=torch.uint8),
    bool=torch.tensor([True, False]),
    scalar=torch.tensor(0.125),
    empty=numbers(0, 3),
)
optimizer = {"state": {0: {"step": 7, "exp_avg": numbers(3, 4)}}, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0]}]}
checkpoint = {"epoch": 3, "name": "naïve", "best": None, "seed": 2**70, "model_state_dict": state, "optimizer_state_dict": optimizer}
for name, zipped in (("zip", True), ("legacy", False)):
    torch.save(checkpoint, str(FOLDER / ("pytorch.%s.pt" % name)), _use_new_zipfile_serialization=zipped)
torch.save(torch.nn.Linear(2, 1), str(FOLDER / "pytorch-module.pt"))
