#!/bin/sh
# Makes every fixture of this folder again: PYTHON=python3 sh generate.sh
set -eu
cd "$(dirname "$0")"
# One thread everywhere: the order of a sum must not depend on the machine's number of cores.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
for script in recurrent training optimizers losses minimal-char-rnn translation-metrics byte-pairs image-resize pytorch transformers; do
  "${PYTHON:-python3}" "$script.py"
done
"${PYTHON:-python3}" published-tokenizers.py ${GPT2:+"$GPT2"}
