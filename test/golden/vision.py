"""vision.json: torchvision's networks with weights by rule: logits, a training step with batch norm, feature maps.

Weights are not stored; both sides make them from each tensor's name. u(i) = bits(i) / 4096, where bits(i) are the upper 12 of
h = (i + 1) * 2654435761 + s;  h ^= h >> 15;  h *= 2246822519;  h ^= h >> 13  (mod 2^32), and s = 31 * s + code over the name's
characters. A kernel or matrix is (2u - 1) * 2^floor(log2(6 / fan in) / 2 + 0.25); a one-dimensional `weight` and `running_var` are
0.5 + u, every other vector is (2u - 1) / 8. Images are 2u - 1 under the name "images".
"""
import numpy as np
import torch
import torchvision
from torch.nn import functional as F

from fixture import largest_difference, save, tensor

CLASSES = 5


def uniform(name, count):
    seed = 0
    for character in name:
        seed = (31 * seed + ord(character)) % 2**32
    with np.errstate(over="ignore"):
        h = (np.arange(1, count + 1, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(seed)).astype(np.uint32)
        h ^= h >> np.uint32(15)
        h *= np.uint32(2246822519)
        h ^= h >> np.uint32(13)
    return (h >> np.uint32(20)).astype(np.float64) / 4096


def values(name, shape):
    u = uniform(name, int(np.prod(shape)))
    if len(shape) > 1:
        fan_in = int(np.prod(shape[1:]))
        numbers = (2 * u - 1) * 2.0 ** np.floor(np.log2(6 / fan_in) / 2 + 0.25)
    elif name.endswith((".weight", "running_var")):
        numbers = 0.5 + u
    else:
        numbers = (2 * u - 1) / 8
    return torch.tensor(numbers.reshape(shape))


def images(count, size):
    """NHWC, as numbers by rule; torch wants NCHW."""
    u = uniform("images", count * size * size * 3).reshape(count, size, size, 3)
    return torch.tensor(2 * u - 1).permute(0, 3, 1, 2)


def filled(make):
    model = make().double()
    state = {name: value if value.dtype == torch.long else values(name, tuple(value.shape))
             for name, value in model.state_dict().items()}
    model.load_state_dict(state)
    return model


def map_sums(model, layer, x):
    """[sum, sum of squares] of each channel's map of one layer: [2, C]."""
    seen = []
    hook = dict(model.named_modules())[layer].register_forward_hook(lambda _m, _i, y: seen.append(y.detach().clone()))
    model(x)
    hook.remove()
    return torch.stack([seen[0].sum((0, 2, 3)), seen[0].square().sum((0, 2, 3))]) / seen[0].numel()


def network(name, make, count, size, layers, buffers, gradients):
    x = images(count, size)
    model = filled(make).eval()
    float32 = filled(make).float().eval()
    logits = model(x)
    assert largest_difference(float32(x.float()).detach(), logits.detach()) < 2e-4, name  # forty layers with statistics that are not theirs
    case = {"name": name, "count": count, "size": size, "logits": tensor(logits),
            "maps": {layer: tensor(map_sums(model, layer, x)) for layer in layers}}
    if buffers:
        model.train()
        labels = torch.arange(count) % CLASSES
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        parameters, state = dict(model.named_parameters()), model.state_dict()
        case["training"] = {"loss": loss.item(),
                            "buffers": {b: tensor(state[b]) for b in buffers},
                            "gradients": {g: tensor(parameters[g].grad) for g in gradients}}
    return case


def shapes(make):
    return {name: list(value.shape) for name, value in make().state_dict().items() if value.dtype != torch.long}


def squeeze_excitation():
    layer = torchvision.ops.SqueezeExcitation(6, 2).double()
    layer.load_state_dict({name: values(name, tuple(v.shape)) for name, v in layer.state_dict().items()})
    u = uniform("images", 2 * 3 * 4 * 6).reshape(2, 3, 4, 6)
    return tensor(layer(torch.tensor(2 * u - 1).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).contiguous())


if __name__ == "__main__":
    torch.set_num_threads(1)
    models = torchvision.models
    save("vision.json", {
        "source": "PyTorch %s, torchvision %s" % (torch.__version__, torchvision.__version__),
        "networks": [
            network("mobilenet-v2", lambda: models.mobilenet_v2(width_mult=0.35, num_classes=CLASSES, dropout=0), 3, 64,
                    ["features.2.conv.1.0", "features.17"],
                    ["features.0.1.running_mean", "features.0.1.running_var", "features.2.conv.3.running_mean",
                     "features.2.conv.3.running_var"],
                    ["features.1.conv.0.0.weight", "features.1.conv.0.1.weight", "features.17.conv.3.weight", "classifier.1.bias"]),
            network("resnet18", lambda: models.resnet18(num_classes=CLASSES), 1, 32,
                    ["conv1", "layer2.0.downsample.0", "layer2.0.bn2"], [], []),
            network("squeezenet-1.1", lambda: models.squeezenet1_1(num_classes=CLASSES, dropout=0), 1, 50,
                    ["features.0", "features.3.expand3x3", "features.5"], [], []),
        ],
        "shapes": {"vgg16": shapes(lambda: models.vgg16(num_classes=CLASSES))},
        "squeezeExcitation": squeeze_excitation(),
    })
