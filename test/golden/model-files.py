"""Some of the models in model-files/, as Keras 3 saves them with its numpy backend, and what they compute:
python3 test/golden/model-files.py, with keras 3, numpy and h5py."""
import base64, gzip, json, os, pathlib, tempfile

os.environ["KERAS_BACKEND"] = "numpy"
import keras
import numpy as np
from keras import layers

folder = pathlib.Path(__file__).parent / "model-files"
random = np.random.default_rng(5)


def attention():
    x, memory = keras.Input((5, 4)), keras.Input((3, 2))
    heads = layers.MultiHeadAttention(2, 3, value_dim=2, output_shape=4)(x, memory)
    causal = layers.MultiHeadAttention(1, 2, use_bias=False)(heads, heads, use_causal_mask=True)
    return keras.Model([x, memory], [heads, causal]), [random.normal(size=(2, 5, 4)), random.normal(size=(2, 3, 2))]


def masked_attention():
    query, value = keras.Input((4,), dtype="int32"), keras.Input((5,), dtype="int32")
    q, v = layers.Embedding(9, 4, mask_zero=True)(query), layers.Embedding(9, 4, mask_zero=True)(value)
    attended = layers.MultiHeadAttention(2, 3)(query=q, value=v)
    outputs = [layers.GlobalAveragePooling1D()(attended), layers.GlobalMaxPooling1D()(v)]
    ids = [np.array([[3, 1, 2, 0], [4, 0, 0, 0]]), np.array([[1, 2, 3, 4, 5], [8, 7, 0, 0, 0]])]
    return keras.Model([query, value], outputs), ids


def norms():
    x = keras.Input((4, 3, 2))
    y = layers.Dense(3, activation="gelu")(layers.LayerNormalization(axis=[1, 3])(x))
    return keras.Model(x, y), [random.normal(size=(2, 4, 3, 2))]


def numbers(array):
    array = np.asarray(array, np.float32)
    return {"shape": list(array.shape), "data": [float(f"{n:.7g}") for n in array.ravel()]}


for name, make in {"multi-head-attention": attention, "masked-attention": masked_attention, "norms-gelu": norms}.items():
    model, inputs = make()
    model.set_weights([random.uniform(-0.7, 0.7, w.shape) for w in model.get_weights()])
    inputs = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in inputs]
    outputs = model(inputs if len(inputs) > 1 else inputs[0])
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    with tempfile.TemporaryDirectory() as place:
        path = pathlib.Path(place) / "model.keras"
        model.save(path)
        packed = base64.b64encode(gzip.compress(path.read_bytes(), mtime=0)).decode()
    recorded = {"file": packed, "inputs": [numbers(x) for x in inputs], "outputs": [numbers(y) for y in outputs]}
    (folder / f"keras-{name}-keras.json").write_text(json.dumps(recorded, separators=(",", ":")) + "\n")
    print(name, [y.shape for y in map(np.asarray, outputs)])
