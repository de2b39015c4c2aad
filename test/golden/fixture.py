"""How every generator here draws its inputs and writes its numbers.

Inputs are multiples of a power of two with few bits, so a float32 reader and a float64 reader start
from exactly the same numbers. Results are computed in float64 and written with 12 significant digits;
a number that float32 holds exactly, as every input, is written exactly.
"""
import json
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent


class Inputs:
    """A seeded source of exactly representable inputs; RandomState's stream is frozen across numpy versions."""

    def __init__(self, seed):
        self.random = np.random.RandomState(seed)

    def grid(self, *shape, limit=0.5, step=1 / 64):
        """Uniform multiples of `step` in [-limit, limit]."""
        n = round(limit / step)
        return self.random.randint(-n, n + 1, size=shape) * step

    def ids(self, *shape, below):
        return self.random.randint(0, below, size=shape)


def number(value):
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    value = float(value) + 0.0  # -0 becomes 0
    return "%.17g" % value if np.float32(value) == value and abs(value) > 1e-12 else "%.12g" % value


def tensor(value):
    """{"shape": [...], "data": [numbers, row-major]}, from a torch tensor or a numpy array."""
    if hasattr(value, "detach"):
        value = value.detach().numpy()
    value = np.asarray(value)
    return {"shape": list(value.shape), "data": [x for x in value.reshape(-1)]}


def is_number(value):
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def is_short(value):
    return is_number(value) or isinstance(value, (bool, str)) or (isinstance(value, list) and len(value) == 2)


def to_json(value, indent=""):
    """JSON with one line per tensor, per list of numbers and per short object, so that a diff can be read."""
    deeper = indent + " "
    if is_number(value):
        return number(value)
    if isinstance(value, dict) and set(value) == {"shape", "data"}:
        return '{"shape": %s, "data": %s}' % (to_json(value["shape"]), to_json(value["data"]))
    if isinstance(value, list) and all(is_number(x) for x in value):
        return "[" + ",".join(number(x) for x in value) + "]"
    if isinstance(value, dict) and all(is_short(x) for x in value.values()):
        return "{" + ", ".join("%s: %s" % (json.dumps(k), to_json(v)) for k, v in value.items()) + "}"
    if isinstance(value, dict):
        rows = ["%s%s: %s" % (deeper, json.dumps(k), to_json(v, deeper)) for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + indent + "}"
    if isinstance(value, list):
        return "[\n" + ",\n".join(deeper + to_json(v, deeper) for v in value) + "\n" + indent + "]"
    return json.dumps(value, ensure_ascii=False)


def save(name, value):
    (FOLDER / name).write_text(to_json(value) + "\n", encoding="utf-8")


def largest_difference(a, b):
    """max |a - b| / max(1, |b|): what a float32 run of the same program is off by."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    return float(np.max(np.abs(a - b) / np.maximum(1, np.abs(b)))) if a.size else 0.0


def rounded_up(value):
    """To one significant digit, upward: a float32 error matters by its size only."""
    if value == 0:
        return 0
    unit = 10.0 ** np.floor(np.log10(value))
    return float("%.0e" % (np.ceil(value / unit) * unit))
