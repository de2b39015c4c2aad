"""Times training steps of the encoder and decoder of `questions/translate.ts` in PyTorch; a case, a file with initial weights
and the pairs are JSON on the standard input. With the same weights the first loss must be ours."""

import json
import sys
import time

import numpy
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

case = json.load(sys.stdin)
torch.set_num_threads(case["threads"])
E, H = case["embedding"], case["hidden"]
words, choices, start = case["sourceSize"], case["targetSize"], case["start"]


class Translator(torch.nn.Module):
    def __init__(self):
        super().__init__()
        fed = {"none": 0, "context": 2 * H, "output": H}[case["feeding"]]
        self.source = torch.nn.Embedding(words, E)
        self.target = torch.nn.Embedding(choices + 1, E)
        self.encoder = torch.nn.LSTM(E, H, bidirectional=True)
        self.decoder = (torch.nn.LSTMCell if fed else torch.nn.LSTM)(E + fed, H)
        self.bridge = torch.nn.ModuleDict({name: torch.nn.Linear(2 * H, H) for name in ("h_l0", "c_l0")})
        self.key = torch.nn.Linear(2 * H, H, bias=False)
        if case["attention"] == "additive":
            self.query = torch.nn.Linear(H, H, bias=False)
            self.score = torch.nn.Linear(H, 1, bias=False)
        self.combine = torch.nn.Linear(3 * H, H)
        self.output = torch.nn.Linear(H, choices)

    def attend(self, queries, keys, values, mask):
        """queries [B, T, H], keys [B, S, H], values [B, S, 2H] -> contexts [B, T, 2H]"""
        if case["attention"] == "additive":
            scores = self.score(torch.tanh(self.query(queries).unsqueeze(2) + keys.unsqueeze(1))).squeeze(3)
        else:
            scores = torch.bmm(queries, keys.transpose(1, 2))
        return torch.bmm(torch.softmax(scores + mask, -1), values)

    def forward(self, sources, lengths, inputs):
        packed = pack_padded_sequence(self.source(sources), lengths)
        outputs, (h, c) = self.encoder(packed)
        values = pad_packed_sequence(outputs)[0].transpose(0, 1)
        keys = self.key(values)
        mask = torch.zeros(len(lengths), 1, len(sources))
        for b, length in enumerate(lengths):
            mask[b, 0, length:] = -numpy.inf
        h = self.bridge["h_l0"](torch.cat((h[0], h[1]), -1))
        c = self.bridge["c_l0"](torch.cat((c[0], c[1]), -1))
        ys = self.target(inputs)
        if case["feeding"] == "none":
            states = self.decoder(ys, (h[None], c[None]))[0]
            contexts = self.attend(states.transpose(0, 1), keys, values, mask).transpose(0, 1)
        elif case["feeding"] == "output":
            vectors = [torch.zeros_like(h)]
            for y in ys:
                h, c = self.decoder(torch.cat((y, vectors[-1]), -1), (h, c))
                context = self.attend(h[:, None], keys, values, mask)[:, 0]
                vectors.append(torch.tanh(self.combine(torch.cat((context, h), -1))))
            return self.output(torch.stack(vectors[1:]))
        else:
            states, contexts = [], []
            for y in ys:
                contexts.append(self.attend(h[:, None], keys, values, mask)[:, 0])
                h, c = self.decoder(torch.cat((y, contexts[-1]), -1), (h, c))
                states.append(h)
            states, contexts = torch.stack(states), torch.stack(contexts)
        return self.output(torch.tanh(self.combine(torch.cat((contexts, states), -1))))


model = Translator()
values = torch.from_numpy(numpy.fromfile(case["weights"], dtype=numpy.float32))
own, position = dict(model.named_parameters()), 0
for name, shape in case["parameters"]:
    size = int(numpy.prod(shape))
    for part in ("attention.", "combine.", "output."):
        name = name.replace("decoder." + part, part).replace("attention.", "")
    if case["feeding"] != "none" and name.startswith("decoder."):
        name = name.replace("_l0", "")
    own.pop(name).data.copy_(values[position : position + size].view(shape))
    position += size
assert not own, own.keys()

sources = torch.tensor(case["sources"])
targets = torch.tensor(case["targets"])
inputs = torch.cat((torch.full_like(targets[:1], start), targets[:-1].clamp(min=0)))
optimizer = torch.optim.Adam(model.parameters(), lr=case["rate"])
milliseconds, losses = [], []
for step in range(case["warmup"] + case["runs"]):
    began = time.perf_counter()
    optimizer.zero_grad()
    logits = model(sources, case["lengths"], inputs)
    loss = torch.nn.functional.cross_entropy(logits.reshape(-1, choices), targets.reshape(-1), ignore_index=-1)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
    optimizer.step()
    losses.append(loss.item())
    if step >= case["warmup"]:
        milliseconds.append((time.perf_counter() - began) * 1000)

print(json.dumps({"milliseconds": milliseconds, "losses": losses}))
