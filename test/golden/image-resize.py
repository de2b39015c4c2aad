"""image-resize.json: images resized by Pillow with its bilinear filter, and cut out as torchvision's Resize and
CenterCrop do: the shorter side is resized to `resize`, the longer one to floor(resize · long / short), and the cut
begins at round((side − cut) / 2), halves to even.

Byte i of an image of height · width · channels bytes is (7 i² + 31 i) mod 251.
"""
import json

import PIL
from PIL import Image

RESIZED = [((5, 7, 1), (3, 4)), ((4, 3, 3), (2, 5)), ((1, 9, 1), (1, 2)), ((13, 17, 3), (3, 2)), ((2, 2, 3), (4, 5)),
           ((1, 1, 1), (2, 3)), ((31, 8, 1), (4, 8)), ((6, 40, 1), (6, 3))]
PREPARED = [((17, 29, 3), 11, (8, 6)), ((29, 17, 1), 9, (6, 8)), ((12, 12, 3), 12, (5, 5)), ((10, 23, 1), 10, (10, 10))]


def image(height, width, channels):
    data = bytes((7 * i * i + 31 * i) % 251 for i in range(height * width * channels))
    return Image.frombytes("RGB" if channels == 3 else "L", (width, height), data)


def prepared(size, resize, cut):
    height, width, _ = size
    short, long = min(height, width), max(height, width)
    longer = int(resize * long / short)
    new = (longer, resize) if height <= width else (resize, longer)
    left, top = (int(round((side - part) / 2.0)) for side, part in zip(new, (cut[1], cut[0])))
    picture = image(*size).resize(new, Image.BILINEAR)
    return picture.crop((left, top, left + cut[1], top + cut[0]))


lines = {
    "resized": [{"from": a, "to": b, "bytes": list(image(*a).resize((b[1], b[0]), Image.BILINEAR).tobytes())}
                for a, b in RESIZED],
    "prepared": [{"from": a, "resize": r, "size": b, "bytes": list(prepared(a, r, b).tobytes())} for a, r, b in PREPARED],
    "grey": [{"from": a, "bytes": list(image(*a).convert("L").tobytes())} for a in [(5, 9, 3)]],
}
with open("image-resize.json", "w") as file:
    cases = ",\n".join(
        f'  "{name}": [\n' + ",\n".join(f"    {json.dumps(case)}" for case in group) + "\n  ]" for name, group in lines.items())
    file.write(f'{{\n  "source": "image-resize.py, Pillow {PIL.__version__}",\n{cases}\n}}\n')
