"""training.json: ten steps of a character model, by PyTorch.

embedding → two LSTM layers → linear; loss = mean cross-entropy over the T·B targets, in nats.
Step k reads inputs[k], starts from the state step k-1 ended with (detached; zeros before the first),
clips the gradients of all parameters together to norm 0.5 and takes an Adam step.
clip_grad_norm_ multiplies every gradient by min(1, maxNorm / (norm + 1e-6)).
"""
import torch
from torch import nn

from fixture import Inputs, largest_difference, rounded_up, save, tensor

TEXT = ("she sells sea shells by the sea shore, the shells she sells are sea shells for sure, "
        "so if she sells sea shells on the sea shore, then she sells shore shells")
T, B, E, H, STEPS = 5, 3, 4, 6, 10
MAX_NORM = 0.5
ADAM = {"lr": 1e-2, "betas": [0.9, 0.999], "eps": 1e-8}


class CharacterModel(nn.Module):
    def __init__(self, V):
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.lstm = nn.LSTM(E, H, num_layers=2)
        self.output = nn.Linear(H, V)

    def forward(self, ids, state):
        hs, state = self.lstm(self.embedding(ids), state)
        return self.output(hs), state


def batches(ids):
    """B streams side by side, cut into STEPS windows of T; targets are the inputs one place later."""
    length = STEPS * T
    assert len(ids) >= B * length + 1
    column = lambda b, shift: torch.tensor(ids[b * length + shift:(b + 1) * length + shift])
    xs, ys = (torch.stack([column(b, shift) for b in range(B)], dim=1) for shift in (0, 1))
    return xs.reshape(STEPS, T, B), ys.reshape(STEPS, T, B)


def train(initial, xs, ys, dtype):
    V = initial["output.bias"].shape[0]
    model = CharacterModel(V).to(dtype)
    model.load_state_dict({k: torch.tensor(v, dtype=dtype) for k, v in initial.items()})
    optimizer = torch.optim.Adam(model.parameters(), lr=ADAM["lr"], betas=ADAM["betas"], eps=ADAM["eps"])
    state, losses, norms = None, [], []
    for x, y in zip(xs, ys):
        logits, state = model(x, state)
        state = tuple(s.detach() for s in state)
        loss = nn.functional.cross_entropy(logits.reshape(-1, V), y.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM).item())
        optimizer.step()
        losses.append(loss.item())
    return losses, norms, {k: v.detach() for k, v in model.named_parameters()}, state


if __name__ == "__main__":
    torch.set_num_threads(1)
    vocabulary = sorted(set(TEXT))
    xs, ys = batches([vocabulary.index(c) for c in TEXT])
    source, V = Inputs(41), len(vocabulary)
    # A wide embedding and output layer, so that most gradients are long enough to be clipped.
    initial = {k: source.grid(*p.shape, limit=2 if k.startswith(("embedding", "output.w")) else 0.5)
               for k, p in CharacterModel(V).named_parameters()}
    losses, norms, final, state = train(initial, xs, ys, torch.float64)
    losses32, norms32, final32, _ = train(initial, xs, ys, torch.float32)
    assert min(norms) < MAX_NORM < max(norms), norms  # clipping acts on some steps and leaves others alone
    float32 = {
        "losses": largest_difference(losses32, losses),
        "gradientNorms": largest_difference(norms32, norms),
        "final": max(largest_difference(final32[k], final[k]) for k in final),
    }
    assert max(float32.values()) < 1e-5, float32
    save("training.json", {
        "source": "PyTorch " + torch.__version__,
        "config": {"T": T, "B": B, "V": V, "embeddingSize": E, "hiddenSize": H, "layers": 2, "steps": STEPS},
        "optimizer": {"name": "adam", **ADAM},
        "maxNorm": MAX_NORM,
        "vocabulary": "".join(vocabulary),
        "inputs": [tensor(x) for x in xs],
        "targets": [tensor(y) for y in ys],
        "initial": {k: tensor(v) for k, v in initial.items()},
        "losses": losses,
        "gradientNorms": norms,
        "final": {k: tensor(v) for k, v in final.items()},
        "finalSums": {k: v.sum().item() for k, v in final.items()},
        "finalState": {"h": tensor(state[0]), "c": tensor(state[1])},
        "float32Difference": {k: rounded_up(v) for k, v in float32.items()},
    })
