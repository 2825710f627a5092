#!/bin/bash
# GPT-2 124M on FineWeb-Edu, from nothing to a published model, on one machine with NVIDIA GPUs: 10 billion tokens from the hub,
# 19,073 steps, and beside OpenAI's own GPT-2 in the end. docs/reproduce.md says what it costs and what to expect.
#
#   recipes/gpt2-124m-fineweb-edu.sh                    every stage, one after the other
#   recipes/gpt2-124m-fineweb-edu.sh doctor plan        only these
#   recipes/gpt2-124m-fineweb-edu.sh report             how it goes, from another terminal while it trains
#   MODEL=gpt2-350m recipes/gpt2-124m-fineweb-edu.sh    a larger one
#   recipes/gpt2-124m-cpu-rehearsal.sh                  the same at a thousandth of the size, without GPU or network
#
# Needed: what gpus.sh needs; 30 GB of disk for the data and 6 GB for the run.
# Change: the variables below, in the environment.
# Watch:  the lines it prints, the stage `report`, or `node bin/minillm.js dashboard out/gpt2-124m` for charts in the browser.
# Stop:   Ctrl-C; a checkpoint is written first.
# Resume: the same command: a stage that is done is not done again. To do one again, remove what it made.

set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

MODEL=${MODEL:-gpt2-124m}                     # or gpt2-350m, gpt2-774m, gpt2-1558m
DATA=${DATA:-data/fineweb-edu}                # token shards: 20 GB, and downloads of 10 GB while they are made
RUN=${RUN:-out/$MODEL}                        # checkpoints and metrics
RESULTS=${RESULTS:-$RUN-results}              # plan, evaluation, report, exported files
PUBLISH=${PUBLISH:-}                          # OWNER/NAME on the hub; nothing is published without
LICENSE=${LICENSE:-mit}                       # of the published weights
PRICE=${PRICE:-}                              # of a GPU for an hour

DEVICE=${DEVICE:-cuda}
PRECISION=${PRECISION:-bf16}
GPUS=${GPUS:-$(nvidia-smi --list-gpus 2>/dev/null | grep -c '^GPU' || true)}
if [ "$DEVICE" != cuda ]; then GPUS=1; fi
# rows of a micro-batch on each GPU; these fit 80 GB
case $MODEL in gpt2-350m) rows=32 ;; gpt2-774m) rows=16 ;; gpt2-1558m) rows=8 ;; *) rows=64 ;; esac
BATCH=${BATCH:-$rows}
STEP_TOKENS=${STEP_TOKENS:-524288}
CONTEXT=${CONTEXT:-1024}
STEPS=${STEPS:-19073}
TOKENS=${TOKENS:-10B}
SHARD_TOKENS=${SHARD_TOKENS:-100M}
EVERY=${EVERY:-250}                           # steps between evaluations, samples and checkpoints
EVAL_TOKENS=${EVAL_TOKENS:-10485760}
HELLASWAG=${HELLASWAG:-download}              # or a file
REFERENCE=${REFERENCE:-hf:openai-community/gpt2}
EXPECTED=${EXPECTED-$HERE/expected/$MODEL-fineweb-edu.tsv}
OTHER_TEXT=${OTHER_TEXT:-}                    # yes, if DATA is not FineWeb-Edu, for which OpenAI's figures in the report hold

minillm() { node "$HERE/../bin/minillm.js" "$@"; }
fail() { echo "$(basename "$0"): $*" >&2; exit 1; }

# once FILE COMMAND…: what the command prints becomes the file, when all of it is there. A file that is there is shown again.
once() {
  local file=$1
  shift
  if [ ! -e "$file" ]; then
    mkdir -p "$(dirname "$file")"
    "$@" | tee "$file.part"
    mv "$file.part" "$file"
  else
    cat "$file"
  fi
}

# Whatever would end the run hours from now ends it here, with a sentence.
stage_doctor() {
  if [ "$DEVICE" = cuda ] && [ "$GPUS" -eq 0 ]; then
    fail "expected NVIDIA GPUs, found none (nvidia-smi --list-gpus); a processor would take years: try gpt2-124m-cpu-rehearsal.sh"
  fi
  [ $((STEP_TOKENS % (BATCH * CONTEXT * GPUS))) -eq 0 ] ||
    fail "expected $STEP_TOKENS tokens a step to be a multiple of BATCH × $CONTEXT × GPUs, found $BATCH × $CONTEXT × $GPUS GPUs; set GPUS or BATCH"
  minillm doctor --build
  if [ -n "$PUBLISH" ]; then need_token; fi
  need_memory
  [ -e "$DATA/dataset.json" ] || need_room "$DATA" "${DATA_GB:-30}" "shards and downloads"
  # 12 bytes a parameter in each of three checkpoints, and about as much exported
  [ -e "$RUN/metrics.jsonl" ] || need_room "$RUN" "${RUN_GB:-$((12 * parameters * 4 / 1000 + 1))}" "checkpoints and exported files"
  # both come from the network, and each is kept: a gigabyte
  minillm eval --checkpoint "$REFERENCE" --hellaswag "$HELLASWAG" --limit 1 --device cpu >/dev/null
  echo "enough disk and memory; HellaSwag and $REFERENCE are here"
}

need_token() {
  local home=${HF_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/huggingface}
  [ -n "${HF_TOKEN:-}" ] || [ -s "${HF_TOKEN_PATH:-$home/token}" ] ||
    fail "PUBLISH=$PUBLISH: expected a token of the hub, found none; set HF_TOKEN, run \`hf auth login\`, or leave PUBLISH out"
}

# Sets `parameters`, in millions. Memory is the same on any GPU.
need_memory() {
  local needed free
  read -r needed parameters < <(planned h100 --json | node -e '
    const { plan } = JSON.parse(require("fs").readFileSync(0, "utf8"));
    console.log(Math.ceil(plan.bytes / 1e6), Math.ceil(plan.memory.parameters / 4e6));')
  if [ "$DEVICE" = cuda ]; then
    free=$(nvidia-smi --query-gpu=memory.free --format=csv,noheader,nounits | sort -n | head -n 1)
    [ "$needed" -le $((free * 1048576 / 1000000)) ] ||
      fail "BATCH=$BATCH: training takes $needed MB of a GPU, $free MiB are free; set BATCH to half of it, or end what else runs there"
  fi
}

# need_room FOLDER GB WHAT
need_room() {
  local free
  mkdir -p "$(dirname "$1")"
  free=$(df -Pk "$(dirname "$1")" | awk 'NR == 2 { print int($4 / 976563) }')
  [ "$free" -ge "$2" ] || fail "$1: expected $2 GB of disk for $3, found $free GB free; choose another place with DATA or RUN"
}

stage_data() {
  if [ ! -e "$DATA/dataset.json" ]; then
    minillm data fineweb-edu --tokens "$TOKENS" --shard-tokens "$SHARD_TOKENS" --out "$DATA"
  fi
  once "$RESULTS/data.txt" minillm data inspect "$DATA"
}

# planned HARDWARE FLAG…
planned() {
  local hardware=$1
  shift
  minillm plan --hardware "$hardware" --gpus "$GPUS" --preset "$MODEL" --precision "$PRECISION" --batch-size "$BATCH" \
    --sequence-length "$CONTEXT" --total-batch-size "$STEP_TOKENS" --steps "$STEPS" "$@"
}

stage_plan() {
  local hardware=this
  if [ "$DEVICE" = cuda ]; then
    case $(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1) in
      *H200*) hardware=h200 ;; *A100*) hardware=a100-80gb ;; *4090*) hardware=rtx-4090 ;; *) hardware=h100 ;;
    esac
  fi
  once "$RESULTS/plan.txt" planned "$hardware" ${PRICE:+--price "$PRICE"}
}

stage_train() {
  local ranks=''
  if [ "$GPUS" -gt 1 ]; then ranks=$GPUS; fi
  minillm train --data "$DATA" --out "$RUN" --preset "$MODEL" --precision "$PRECISION" --device "$DEVICE" \
    ${ranks:+--processes "$ranks"} --batch-size "$BATCH" --sequence-length "$CONTEXT" --total-batch-size "$STEP_TOKENS" \
    --steps "$STEPS" --eval-every "$EVERY" --sample-every "$EVERY" --checkpoint-every "$EVERY" --eval-tokens "$EVAL_TOKENS" --hellaswag "$HELLASWAG"
}

stage_eval() {
  once "$RESULTS/eval.txt" minillm eval --checkpoint "$RUN" --checkpoint "$REFERENCE" --data "$DATA" --hellaswag "$HELLASWAG" \
    --eval-tokens "$EVAL_TOKENS" --sequence-length "$CONTEXT" --device "$DEVICE" --precision "$PRECISION" --batch-size "$BATCH"
}

stage_report() {
  local expect=''
  if [ -e "$EXPECTED" ]; then expect=$EXPECTED; fi
  minillm report "$RUN" ${expect:+--expect "$expect"} ${OTHER_TEXT:+--no-references} --out "$RESULTS/report"
}

stage_export() {
  # of one that was killed
  rm -f "$RESULTS/.$MODEL".*.tmp-*
  [ -e "$RESULTS/$MODEL.gguf" ] || minillm export --checkpoint "$RUN" --to gguf --out "$RESULTS/$MODEL.gguf"
  # llm.c's tokenizer comes last
  [ -e "$RESULTS/gpt2_tokenizer.bin" ] || minillm export --checkpoint "$RUN" --to llmc --out "$RESULTS/$MODEL.bin" --overwrite
}

stage_publish() {
  if [ -n "$PUBLISH" ]; then
    minillm publish "$PUBLISH" --checkpoint "$RUN" --license "$LICENSE"
  else
    echo "set PUBLISH=OWNER/NAME to publish it"
  fi
}

stage_serve() { minillm serve --checkpoint "$RUN" --compare "$REFERENCE"; }

run_stages() {
  local stage stages=(doctor data plan train eval report export publish serve)
  if [ $# -gt 0 ]; then stages=("$@"); fi
  for stage in "${stages[@]}"; do
    declare -F "stage_$stage" >/dev/null || fail "expected stages among doctor data plan train eval report export publish serve, found $stage"
  done
  for stage in "${stages[@]}"; do
    echo "== $stage"
    "stage_$stage"
  done
}

# the rehearsal reads this file for its stages
if [ "${BASH_SOURCE[0]}" = "$0" ]; then run_stages "$@"; fi
