"""minimal-char-rnn.json: the losses of 100 training steps of a one-layer character RNN, in numpy float64.

    h_t = tanh(Wxh x_t + Whh h_{t-1} + bh)      x_t one-hot [V], h_t [H]
    y_t = Why h_t + by                          logits [V]
    loss = sum over the chunk of -ln softmax(y_t)[target_t], in nats

One chunk of 25 characters per step, batch 1. The hidden state is carried from chunk to chunk without its
gradient. When fewer than 25 + 1 characters remain, reading starts again at the beginning with state zero.
Gradients are clipped elementwise to [-5, 5]; Adagrad: mem += g²; w -= rate·g / √(mem + 1e-8).

At learning rate 0.1 the run is chaotic: the last bit of a weight decides the losses after some ten
iterations, so no second program can follow it further, in float64 or in float32. The file says how many
losses can be compared one by one, and in what range the smoothed loss ends when the last bits differ.
A second run with rate 0.01 is calm: all of its losses compare, in either precision.

Initial weights are 0.01·N(0,1) from a generator small enough to be written in any language; see `normals`.
"""
import numpy as np

from fixture import save

# William Shakespeare, Sonnet 18 (1609)
TEXT = """Shall I compare thee to a summer's day?
Thou art more lovely and more temperate:
Rough winds do shake the darling buds of May,
And summer's lease hath all too short a date:
Sometime too hot the eye of heaven shines,
And often is his gold complexion dimm'd;
And every fair from fair sometime declines,
By chance, or nature's changing course, untrimm'd;
But thy eternal summer shall not fade
Nor lose possession of that fair thou owest;
Nor shall Death brag thou wander'st in his shade,
When in eternal lines to time thou growest:
So long as men can breathe or eyes can see,
So long lives this, and this gives life to thee.
"""

HIDDEN, CHUNK, ITERATIONS = 100, 25, 100
RATES, EPSILON, CLIP, SCALE = [0.1, 0.01], 1e-8, 5, 0.01
SEED = 2463534242


def normals(seed):
    """Approximately normal numbers, the same bits in every language with float64.

    xorshift32 (Marsaglia 2003, shifts 13 17 5) gives 32-bit integers u; a normal is the sum of twelve of
    them divided by 2^32, minus 6. Sum, division and subtraction are exact in float64.
    """
    x = seed
    while True:
        total = 0
        for _ in range(12):
            x ^= (x << 13) & 0xFFFFFFFF
            x ^= x >> 17
            x ^= (x << 5) & 0xFFFFFFFF
            total += x
        yield total / 2**32 - 6


def initial_parameters(V, dtype):
    """Weights drawn from one stream, row-major, in this order; biases zero."""
    stream = normals(SEED)
    draw = lambda *shape: np.array([SCALE * next(stream) for _ in range(np.prod(shape))]).reshape(shape).astype(dtype)
    return {"Wxh": draw(HIDDEN, V), "Whh": draw(HIDDEN, HIDDEN), "Why": draw(V, HIDDEN),
            "bh": np.zeros(HIDDEN, dtype), "by": np.zeros(V, dtype)}


def loss_and_gradients(parameters, inputs, targets, h_before):
    Wxh, Whh, Why, bh, by = parameters.values()
    hs, probabilities, loss = [h_before], [], 0.0
    for i, target in zip(inputs, targets):
        hs.append(np.tanh(Wxh[:, i] + Whh @ hs[-1] + bh))
        y = Why @ hs[-1] + by
        e = np.exp(y - y.max())
        probabilities.append(e / e.sum())
        loss -= np.log(probabilities[-1][target])

    gradients = {k: np.zeros_like(p) for k, p in parameters.items()}
    dh_after = np.zeros_like(h_before)
    for t in reversed(range(len(inputs))):
        h, dy = hs[t + 1], probabilities[t].copy()
        dy[targets[t]] -= 1
        gradients["Why"] += np.outer(dy, h)
        gradients["by"] += dy
        da = (1 - h * h) * (Why.T @ dy + dh_after)
        gradients["bh"] += da
        gradients["Wxh"][:, inputs[t]] += da
        gradients["Whh"] += np.outer(da, hs[t])
        dh_after = Whh.T @ da
    return loss, gradients, hs[-1]


def train(ids, parameters, rate):
    h_zero = np.zeros_like(parameters["bh"])
    parameters = {k: p.copy() for k, p in parameters.items()}
    memory = {k: np.zeros_like(p) for k, p in parameters.items()}
    smooth = -np.log(1 / len(parameters["by"])) * CHUNK
    losses, smoothed, resets, clipped, position = [], [], [], 0, len(ids)
    for iteration in range(ITERATIONS):
        if position + CHUNK + 1 > len(ids):
            position, h = 0, h_zero
            resets.append(iteration)
        inputs, targets = (ids[position + shift:position + shift + CHUNK] for shift in (0, 1))
        loss, gradients, h = loss_and_gradients(parameters, inputs, targets, h)
        for k, g in gradients.items():
            clipped += int(np.sum(np.abs(g) > CLIP))
            np.clip(g, -CLIP, CLIP, out=g)
            memory[k] += g * g
            parameters[k] -= rate * g / np.sqrt(memory[k] + EPSILON)
        smooth = 0.999 * smooth + 0.001 * loss
        losses.append(float(loss))
        smoothed.append(float(smooth))
        position += CHUNK
    return {"losses": losses, "smoothedLosses": smoothed, "resetsAt": resets, "clippedElements": clipped,
            "finalSums": {k: p.sum() for k, p in parameters.items()}}


def shaken(ids, initial, rate, bits):
    """The same run from weights whose last bit is changed at random, twelve times."""
    runs = []
    for seed in range(12):
        noise = np.random.RandomState(seed)
        runs.append(train(ids, {k: (p * (1 + bits * noise.randn(*p.shape))).astype(p.dtype)
                                for k, p in initial.items()}, rate))
    return runs


def agreeing(runs, exact, tolerance):
    """How many leading losses agree with `exact` in every run, relative to the loss."""
    off = np.max([np.abs(np.array(r["losses"]) / exact["losses"] - 1) for r in runs], axis=0)
    return int(np.argmax(off > tolerance)) if np.any(off > tolerance) else len(off)


def run(ids, V, rate):
    initial, initial32 = initial_parameters(V, np.float64), initial_parameters(V, np.float32)
    exact = train(ids, initial, rate)
    shaken64 = shaken(ids, initial, rate, np.finfo(np.float64).eps)
    shaken32 = shaken(ids, initial32, rate, np.finfo(np.float32).eps)
    comparable = {"float64": agreeing(shaken64, exact, 1e-8), "float32": agreeing(shaken32, exact, 1e-5)}
    if comparable["float64"] < ITERATIONS:
        exact["finalSums"] = None
    ends = [r["smoothedLosses"][-1] for r in [exact, *shaken64, *shaken32]]
    return {
        "learningRate": rate,
        **exact,
        "comparable": comparable,
        "lastSmoothedRange": [np.floor(10 * min(ends)) / 10, np.ceil(10 * max(ends)) / 10],
    }


if __name__ == "__main__":
    # Some scripts restart one character earlier (at position + 26 >= length); with this length both agree.
    assert len(TEXT) % CHUNK != 1
    vocabulary = sorted(set(TEXT))
    ids, V = [vocabulary.index(c) for c in TEXT], len(vocabulary)
    first = initial_parameters(V, np.float64)
    save("minimal-char-rnn.json", {
        "source": "numpy " + np.__version__,
        "text": TEXT,
        "vocabulary": "".join(vocabulary),
        "config": {"V": V, "hiddenSize": HIDDEN, "chunk": CHUNK, "iterations": ITERATIONS, "clip": CLIP,
                   "epsilon": EPSILON},
        "generator": {
            "rule": "xorshift32, shifts 13 17 5; normal = (sum of 12 outputs) / 2^32 - 6; weight = scale * normal",
            "seed": SEED,
            "scale": SCALE,
            "order": "Wxh [H,V], Whh [H,H], Why [V,H], each row-major, from one stream; biases zero",
        },
        "initialSums": {k: p.sum() for k, p in first.items()},
        "initialFirst": {k: p[0, :4].tolist() for k, p in first.items() if p.ndim == 2},
        "runs": [run(ids, V, rate) for rate in RATES],
    })
