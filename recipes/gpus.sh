#!/bin/bash
# GPT-2 124M on all NVIDIA GPUs of this machine: one rank a GPU, in bf16.
#
#   recipes/gpus.sh
#
# Needed: `npm ci` once, NVIDIA's driver, and `pip install nvidia-cuda-nvrtc nvidia-cublas nvidia-nccl-cu13` (docs/gpu.md has
# what goes with older drivers); a C compiler where there are several GPUs.
#
# Change: BATCH, the rows of a micro-batch on each GPU (64 take 26 GB); DATA and OUT. The tokens of a step, 524,288, must be a multiple of
#         BATCH × 1024 × GPUs.
# Watch:  the lines it prints; add --dashboard to `train` below for charts in the browser.
# Stop:   Ctrl-C; a checkpoint is written first.
# Resume: the same command.

set -euo pipefail
MINILLM=$(dirname "$0")/../bin/minillm.js
DATA=${DATA:-data/fineweb-edu}
OUT=${OUT:-out/gpt2-124m}
GPUS=${GPUS:-$(nvidia-smi --list-gpus | wc -l)}

node "$MINILLM" doctor --build
[ -e "$DATA/dataset.json" ] || node "$MINILLM" data fineweb-edu --tokens 10B --out "$DATA"

ranks=()
if [ "$GPUS" -gt 1 ]; then ranks=(--processes "$GPUS"); fi
node "$MINILLM" train --data "$DATA" --out "$OUT" --preset gpt2-124m --precision bf16 --device cuda \
  --batch-size "${BATCH:-64}" --hellaswag "${ranks[@]}"
