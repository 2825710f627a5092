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
# Needed: what gpus.sh needs; disk: 20 GB for the data, 6 GB for the run, and 11 GB of cache for downloads (MINILLM_CACHE).
# Change: the variables below, in the environment.
# Watch:  the lines it prints, the stage `report`, or `node bin/minillm.js dashboard out/gpt2-124m` for charts in the browser.
# Stop:   Ctrl-C; a checkpoint is written first.
# Resume: the same command: a stage that is done is not done again. To do one again, remove what it made. While an earlier start,
#         or a program of it, is still running, another start says so and ends.

set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

MODEL=${MODEL:-gpt2-124m}                     # or gpt2-350m, gpt2-774m, gpt2-1558m
DATA=${DATA:-data/fineweb-edu}                # token shards
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
DATA_GB=${DATA_GB:-20}                        # what DATA takes
OTHER_TEXT=${OTHER_TEXT:-}                    # yes, if DATA is not FineWeb-Edu, for which OpenAI's figures in the report hold

minillm() { node "$HERE/../bin/minillm.js" "$@"; }
fail() { echo "$(basename "$0"): $*" >&2; exit 1; }

# once FILE COMMAND…: what the command prints becomes the file, when all of it is there. A file that is there is shown again.
once() {
  local file=$1
  shift
  if [ ! -e "$file" ]; then
    mkdir -p "$(dirname "$file")"
    # of a start that was killed; if a program of it is still running, that writes to its own
    rm -f "$file".part.*
    "$@" | tee "$file.part.$$"
    mv "$file.part.$$" "$file"
  else
    cat "$file"
  fi
}

# One start at a time works on RESULTS and RUN. Programs inherit the lock, so one that outlives a killed start still holds it.
# Without `flock` (macOS), `data` and `train` still notice each other.
locked=no
alone() {
  local lock=$RESULTS/.lock
  if [ "$locked" = yes ] || ! command -v flock >/dev/null; then return; fi
  mkdir -p "$RESULTS"
  exec 9>>"$lock"
  # 1: it was held for the whole second; other codes: the file system has no locks
  flock --wait 1 9 || [ $? -ne 1 ] || fail "$RUN: an earlier start is still at work: $(holders "$lock")"
  locked=yes
}

# holders LOCK: who holds it, and what to do
holders() {
  local fd pid list='' pids=''
  for fd in /proc/[0-9]*/fd/9; do
    pid=${fd#/proc/} pid=${pid%%/*}
    if [ ! "$fd" -ef "$1" ] || [ "$pid" = $$ ] || [ "$pid" = "$BASHPID" ]; then continue; fi
    list+="${list:+, }process $pid ($(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | sed -E 's/.*minillm\.js ([a-z]+).*/minillm \1/; s/ *$//'))"
    pids+=" $pid"
  done
  echo "${list:-a process on another machine}; wait for it, or end it${pids:+ (kill$pids)}"
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
  local cache=${MINILLM_CACHE:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/minillm} places=()
  [ -e "$DATA/dataset.json" ] || places+=("$DATA" "$DATA_GB" shards "$cache" "${DOWNLOADS_GB:-10}" downloads)
  # 12 bytes a parameter in each of three checkpoints, and about as much exported; HellaSwag, two models, kernels
  [ -e "$RUN/metrics.jsonl" ] ||
    places+=("$RUN" "${RUN_GB:-$((12 * parameters * 4 / 1000 + 1))}" "checkpoints and exported files" "$cache" 1 "models and kernels")
  need_room "${places[@]+"${places[@]}"}"
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

# need_room [FOLDER GB WHAT]…: folders on one disk share what is free there.
need_room() {
  local place short
  short=$(while [ $# -gt 0 ]; do
    place=$1
    until [ -e "$place" ]; do place=$(dirname "$place"); done
    printf '%s\t%s for %s in %s\t%s\n' "$2" "$2" "$3" "$1" "$(df -Pk "$place" | tail -n 1)"
    shift 3
  done | awk -F '\t' '
    match($3, /[0-9]+ +([0-9]+%|-) +/) {
      disk = substr($3, RSTART + RLENGTH)
      free[disk] = int(substr($3, RSTART) / 976563)
      needed[disk] += $1
      what[disk] = what[disk] (what[disk] ? ", " : "") $2
    }
    END {
      for (disk in free)
        if (free[disk] < needed[disk]) print needed[disk] " GB on the disk " disk " (" what[disk] "), found " free[disk] " GB free"
    }')
  [ -z "$short" ] || fail "expected ${short%%$'\n'*}; choose other places with DATA, RUN or MINILLM_CACHE"
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
  echo "$RESULTS has $MODEL.gguf for llama.cpp, $MODEL.bin and gpt2_tokenizer.bin for llm.c"
}

stage_publish() {
  if [ -n "$PUBLISH" ]; then
    minillm publish "$PUBLISH" --checkpoint "$RUN" --license "$LICENSE"
  else
    echo "set PUBLISH=OWNER/NAME to publish it"
  fi
}

stage_serve() { minillm serve --checkpoint "$RUN" --compare "$REFERENCE"; }

# Batch systems announce the end with USR1: the program of the stage stops, and no other stage begins.
stopped=no
trap 'stopped=yes' USR1

run_stages() {
  local stage stages=(doctor data plan train eval report export publish serve)
  if [ $# -gt 0 ]; then stages=("$@"); fi
  for stage in "${stages[@]}"; do
    declare -F "stage_$stage" >/dev/null || fail "expected stages among doctor data plan train eval report export publish serve, found $stage"
  done
  # the others only look, also while a run is under way
  if [[ " ${stages[*]} " =~ \ (data|train|eval|export|publish)\  ]]; then alone; fi
  for stage in "${stages[@]}"; do
    [ "$stopped" = no ] || exit 138
    echo "== $stage"
    "stage_$stage"
  done
}

# the rehearsal reads this file for its stages
if [ "${BASH_SOURCE[0]}" = "$0" ]; then run_stages "$@"; fi
