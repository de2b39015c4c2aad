"""Prints a module's version and the BLAS it multiplies with: echo '{"module": "torch"}' | python3 describe.py"""

import importlib
import json
import pathlib
import sys

module = importlib.import_module(json.load(sys.stdin)["module"])
if module.__name__ == "torch":
    module.ones(64, 64) @ module.ones(64, 64)
else:
    module.ones((64, 64)) @ module.ones((64, 64))

maps = pathlib.Path("/proc/self/maps")
lines = maps.read_text().splitlines() if maps.exists() else []
libraries = {line.split()[-1] for line in lines if any(name in line for name in ("blas", "mkl", "blis"))}
blas = sorted(libraries, key=lambda path: ("openblas" not in path and "mkl" not in path, path))
print(json.dumps({"version": module.__version__, "blas": blas[0] if blas else "an unknown BLAS"}))
