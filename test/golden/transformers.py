"""transformers.json: small Transformers under the names of Hugging Face's libraries, with random weights, and what they compute.

Written out here in PyTorch (float64), from the papers:
GPT-2 (Radford 2019): x += attention(norm(x)); x += mlp(norm(x)); learnt positions; GELU by tanh; W [F, units] (Conv1D).
Llama (Touvron 2023): RMS norm, rotary positions that turn halves, grouped queries, silu(gate x) * up x; no biases.
BERT (Devlin 2019): x = norm(x + attention(x)); x = norm(x + mlp(x)); exact GELU; a head for masked words.
ViT (Dosovitskiy 2021): patches, a token of its own, x += attention(norm(x)); x += mlp(norm(x)); a head for classes.
Weights are multiples of 1/64 that fit a byte: base64 of int8, in the order of `tensors`.
"""
import base64
import json
import math

import numpy as np
import torch
from torch.nn.functional import gelu, layer_norm, silu, softmax

from fixture import Inputs, save, tensor

torch.set_default_dtype(torch.float64)
source = Inputs(11)


class Weights:
    def __init__(self):
        self.values = {}

    def add(self, name, *shape, gain=False):
        ints = source.random.randint(-24, 25, size=shape) + (64 if gain else 0)
        self.values[name] = ints
        return torch.tensor(ints / 64.0)

    def saved(self):
        return {"tensors": json.dumps({name: list(value.shape) for name, value in self.values.items()}),
                "data": base64.b64encode(b"".join(v.astype(np.int8).tobytes() for v in self.values.values())).decode()}


def result(config, weights, output):
    return {"config": json.dumps(config), **weights.saved(), "output": tensor(output)}


def attend(q, k, v, heads, causal=False, lengths=None):
    """q [B, T, H D], k and v [B, S, G D]."""
    B, T, width = q.shape
    D = width // heads
    groups = k.shape[2] // D
    q = q.reshape(B, T, heads, D).transpose(1, 2)
    k, v = (x.reshape(B, -1, groups, D).transpose(1, 2).repeat_interleave(heads // groups, 1) for x in (k, v))
    scores = q @ k.transpose(2, 3) / math.sqrt(D)
    if causal:
        scores = scores.masked_fill(torch.ones(T, T).triu(1).bool(), -math.inf)
    if lengths is not None:
        hidden = torch.arange(k.shape[2])[None, :] >= torch.tensor(lengths)[:, None]
        scores = scores.masked_fill(hidden[:, None, None, :], -math.inf)
    return (softmax(scores, -1) @ v).transpose(1, 2).reshape(B, T, width)


def gpt2(ids):
    config = {"model_type": "gpt2", "n_layer": 2, "n_head": 2, "n_embd": 8, "vocab_size": 10, "n_positions": 16,
              "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5}
    E, V, w = 8, 10, Weights()
    new_gelu = lambda x: 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))
    norm = lambda name: (lambda g, b: lambda x: layer_norm(x, (E,), g, b, 1e-5))(
        w.add(name + ".weight", E, gain=True), w.add(name + ".bias", E))
    conv = lambda name, i, o: (lambda a, b: lambda x: x @ a + b)(w.add(name + ".weight", i, o), w.add(name + ".bias", o))
    table = w.add("transformer.wte.weight", V, E)
    x = table[ids] + w.add("transformer.wpe.weight", 16, E)[: ids.shape[1]]
    for i in range(2):
        name = "transformer.h.%d." % i
        ln1, qkv, out = norm(name + "ln_1"), conv(name + "attn.c_attn", E, 3 * E), conv(name + "attn.c_proj", E, E)
        ln2, up, down = norm(name + "ln_2"), conv(name + "mlp.c_fc", E, 4 * E), conv(name + "mlp.c_proj", 4 * E, E)
        x = x + out(attend(*qkv(ln1(x)).split(E, -1), 2, causal=True))
        x = x + down(new_gelu(up(ln2(x))))
    return result(config, w, norm("transformer.ln_f")(x) @ table.T)


def llama(ids):
    config = {"model_type": "llama", "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
              "hidden_size": 16, "intermediate_size": 12, "vocab_size": 10, "max_position_embeddings": 16,
              "rms_norm_eps": 1e-6, "rope_theta": 500.0, "hidden_act": "silu", "tie_word_embeddings": False}
    E, D, F, V, w = 16, 4, 12, 10, Weights()
    rms = lambda name: (lambda g: lambda x: x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-6) * g)(
        w.add(name + ".weight", E, gain=True))
    linear = lambda name, i, o: (lambda a: lambda x: x @ a.T)(w.add(name + ".weight", o, i))

    def rotary(x):
        B, T, width = x.shape
        angles = torch.arange(T)[:, None] * 500.0 ** (-torch.arange(0, D, 2) / D)[None, :]
        angles = torch.cat([angles, angles], -1)[None, :, None, :]
        heads = x.reshape(B, T, width // D, D)
        turned = torch.cat([-heads[..., D // 2:], heads[..., : D // 2]], -1)
        return (heads * angles.cos() + turned * angles.sin()).reshape(B, T, width)

    x = w.add("model.embed_tokens.weight", V, E)[ids]
    for i in range(2):
        name = "model.layers.%d." % i
        q, k = linear(name + "self_attn.q_proj", E, E), linear(name + "self_attn.k_proj", E, 2 * D)
        v, o = linear(name + "self_attn.v_proj", E, 2 * D), linear(name + "self_attn.o_proj", E, E)
        gate, up, down = (linear(name + "mlp.%s_proj" % part, *shape)
                          for part, shape in (("gate", (E, F)), ("up", (E, F)), ("down", (F, E))))
        first, second = rms(name + "input_layernorm"), rms(name + "post_attention_layernorm")
        h = first(x)
        x = x + o(attend(rotary(q(h)), rotary(k(h)), v(h), 4, causal=True))
        h = second(x)
        x = x + down(silu(gate(h)) * up(h))
    x = rms("model.norm")(x)
    return result(config, w, linear("lm_head", E, V)(x))


def encoder_layer(w, name, E, F, parts, eps, pre):
    """A block of BERT or ViT; `parts` are the names of its maps and norms."""
    linear = lambda part, i, o: (lambda a, b: lambda x: x @ a.T + b)(
        w.add(name + part + ".weight", o, i), w.add(name + part + ".bias", o))
    norm = lambda part: (lambda g, b: lambda x: layer_norm(x, (E,), g, b, eps))(
        w.add(name + part + ".weight", E, gain=True), w.add(name + part + ".bias", E))
    q, k, v, o = (linear(part, E, E) for part in parts[:4])
    up, down, norm1, norm2 = linear(parts[4], E, F), linear(parts[5], F, E), norm(parts[6]), norm(parts[7])

    def run(x, lengths=None):
        look = lambda h: o(attend(q(h), k(h), v(h), 2, lengths=lengths))
        if pre:
            x = x + look(norm1(x))
            return x + down(gelu(up(norm2(x))))
        x = norm1(x + look(x))
        return norm2(x + down(gelu(up(x))))
    return run


def bert(ids, lengths):
    config = {"model_type": "bert", "num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 8,
              "intermediate_size": 12, "vocab_size": 10, "max_position_embeddings": 12, "type_vocab_size": 2,
              "hidden_act": "gelu", "layer_norm_eps": 1e-12}
    E, F, V, w = 8, 12, 10, Weights()
    name = "bert.embeddings."
    table, places = w.add(name + "word_embeddings.weight", V, E), w.add(name + "position_embeddings.weight", 12, E)
    segments = w.add(name + "token_type_embeddings.weight", 2, E)
    gain, bias = w.add(name + "LayerNorm.weight", E, gain=True), w.add(name + "LayerNorm.bias", E)
    x = layer_norm(table[ids] + places[: ids.shape[1]] + segments[0], (E,), gain, bias, 1e-12)
    parts = ["attention.self." + p for p in ("query", "key", "value")] + [
        "attention.output.dense", "intermediate.dense", "output.dense", "attention.output.LayerNorm", "output.LayerNorm"]
    for i in range(2):
        x = encoder_layer(w, "bert.encoder.layer.%d." % i, E, F, parts, 1e-12, pre=False)(x, lengths)
    w.add("bert.pooler.dense.weight", E, E), w.add("bert.pooler.dense.bias", E)
    head = "cls.predictions."
    a, b = w.add(head + "transform.dense.weight", E, E), w.add(head + "transform.dense.bias", E)
    gain, bias = w.add(head + "transform.LayerNorm.weight", E, gain=True), w.add(head + "transform.LayerNorm.bias", E)
    x = layer_norm(gelu(x @ a.T + b), (E,), gain, bias, 1e-12)
    return result(config, w, x @ table.T + w.add(head + "bias", V))


def vit(images):
    config = {"model_type": "vit", "num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 8,
              "intermediate_size": 12, "image_size": 6, "patch_size": 2, "num_channels": 3, "hidden_act": "gelu",
              "layer_norm_eps": 1e-12, "id2label": {"0": "cat", "1": "crane", "2": "crane", "3": "dog"}}
    E, F, w = 8, 12, Weights()
    token, places = w.add("vit.embeddings.cls_token", 1, 1, E), w.add("vit.embeddings.position_embeddings", 1, 10, E)
    name = "vit.embeddings.patch_embeddings.projection."
    kernel, bias = w.add(name + "weight", E, 3, 2, 2), w.add(name + "bias", E)
    patches = torch.nn.functional.conv2d(images, kernel, bias, stride=2).flatten(2).transpose(1, 2)
    x = torch.cat([token.expand(len(images), 1, E), patches], 1) + places
    parts = ["attention.attention." + p for p in ("query", "key", "value")] + [
        "attention.output.dense", "intermediate.dense", "output.dense", "layernorm_before", "layernorm_after"]
    for i in range(2):
        x = encoder_layer(w, "vit.encoder.layer.%d." % i, E, F, parts, 1e-12, pre=True)(x)
    gain, bias = w.add("vit.layernorm.weight", E, gain=True), w.add("vit.layernorm.bias", E)
    x = layer_norm(x, (E,), gain, bias, 1e-12)[:, 0]
    return result(config, w, x @ w.add("classifier.weight", 4, E).T + w.add("classifier.bias", 4))


if __name__ == "__main__":
    ids = source.ids(2, 6, below=10)
    images = source.grid(2, 3, 6, 6)
    tokens, lengths = torch.tensor(ids), [6, 4]
    save("transformers.json", {
        "source": "PyTorch " + torch.__version__,
        "ids": tensor(ids), "lengths": lengths, "images": tensor(images.transpose(0, 2, 3, 1)),
        "gpt2": gpt2(tokens), "llama": llama(tokens), "bert": bert(tokens, lengths), "vit": vit(torch.tensor(images)),
    })
