#!/bin/bash
# A tiny GPT-2, trained by two processes on this machine: on synthetic stories, or on text files of your own.
#
#   recipes/laptop.sh
#   recipes/laptop.sh book.txt notes.txt
#
# Needed: `npm ci` once, a C compiler, and an MPI (Debian, Ubuntu: apt-get install openmpi-bin libopenmpi-dev;
# macOS: brew install open-mpi).
#
# Change: NAME, for another corpus beside the first (NAME=letters recipes/laptop.sh letters.txt), STEPS, PROCESSES (1, 2, 4 or
#         8, which divide the 8 rows of a step).
# Watch:  the lines it prints; add --dashboard to `train` below for charts in the browser.
# Stop:   Ctrl-C; a checkpoint is written first.
# Resume: the same command.

set -euo pipefail
MINILLM=$(dirname "$0")/../bin/minillm.js
PROCESSES=${PROCESSES:-2}
if [ $# -gt 0 ]; then NAME=${NAME:-mine}; else NAME=${NAME:-stories}; fi

if [ ! -e "data/$NAME/dataset.json" ]; then
  if [ $# -gt 0 ]; then
    node "$MINILLM" data text "$@" --out "data/$NAME"
  else
    node "$MINILLM" data stories --out "data/$NAME"
  fi
fi

node "$MINILLM" train --data "data/$NAME" --out "out/$NAME" --preset tiny --steps "${STEPS:-400}" \
  --device cpu --processes "$PROCESSES" --batch-size $((8 / PROCESSES))
node "$MINILLM" sample --checkpoint "out/$NAME" --prompt "Once" --count 4
