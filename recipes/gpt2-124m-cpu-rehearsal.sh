#!/bin/bash
# The rehearsal of gpt2-124m-fineweb-edu.sh: the same stages at a thousandth of the size, in minutes, on a processor and without
# a network. A hub of this machine holds ten million tokens of text and a small GPT-2 to be compared with, and gets the
# model in the end.
#
#   recipes/gpt2-124m-cpu-rehearsal.sh
#   TEXT="a.parquet b.parquet" recipes/gpt2-124m-cpu-rehearsal.sh    on documents of your own
#
# Needed: a clone with `npm ci` done, and a C compiler.
# Change: WORK, the folder of everything it makes; MILLIONS, of tokens, and TEXT, which are for another WORK.
# Resume: the same command, as with the original; stages may be named, too.

set -euo pipefail
WORK=${WORK:-rehearsal}
MILLIONS=${MILLIONS:-10}
MODEL=tiny DATA=$WORK/data RUN=$WORK/run RESULTS=$WORK/results
DEVICE=cpu PRECISION=fp32 BATCH=2 CONTEXT=128 OTHER_TEXT=yes
TOKENS=${MILLIONS}M SHARD_TOKENS=100k EVAL_TOKENS=10240 DATA_GB=1 DOWNLOADS_GB=1
STEPS=19 STEP_TOKENS=512 EVERY=10
HELLASWAG=$WORK/hub/hellaswag.jsonl REFERENCE=hf:rehearsal/gpt2 PUBLISH=rehearsal/reproduction
EXPECTED=$(dirname "$0")/expected/cpu-rehearsal.tsv
# shellcheck source=recipes/gpt2-124m-fineweb-edu.sh
. "$(dirname "$0")/gpt2-124m-fineweb-edu.sh"

# The original serves until Ctrl-C. Here the server is asked for one completion.
stage_serve() {
  local server address='' code=0 log=$RESULTS/serve.log
  mkdir -p "$RESULTS"
  : >"$log" # or the address of one that was killed would be read
  # the program itself, which a function in the background would stand between
  node "$HERE/../bin/minillm.js" serve --checkpoint "$RUN" --compare "$REFERENCE" --device "$DEVICE" --port 0 >>"$log" 2>&1 &
  server=$!
  until address=$(grep -o 'http://[0-9.:]*' "$log" | head -n 1) && [ -n "$address" ]; do
    kill -0 "$server" 2>/dev/null || fail "$(cat "$log")"
    sleep 0.2
  done
  # shellcheck disable=SC2016 # JavaScript's
  node -e '
    const ask = async (at) => {
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`${at}/v1/completions`, { method: "POST", headers, body: `{"prompt":"Once","max_tokens":8}` });
      if (answer.status === 503) return new Promise((wait) => setTimeout(wait, 200)).then(() => ask(at));
      console.log(answer.status, JSON.stringify((await answer.json()).choices?.[0].text));
      if (!answer.ok) process.exit(1);
    };
    ask(process.argv[1]);' "$address" || code=$?
  kill "$server"
  wait "$server" || true
  return "$code"
}

start_hub() {
  local text
  for text in ${TEXT:-}; do
    [ -f "$text" ] || fail "TEXT: expected Parquet files, found no $text"
  done
  # shellcheck disable=SC2086 # several files
  node "$HERE/rehearsal/make-hub.js" "$WORK/hub" "$MILLIONS" ${TEXT:-}
  rm -f "$WORK/hub/address"
  # it ends with this script, however that ends, and does not hold its lock
  node "$HERE/../scripts/local-hub.js" "$WORK/hub" "$PUBLISH" 9>&- &
  hub=$!
  trap 'kill "$hub"' EXIT
  until [ -e "$WORK/hub/address" ]; do
    kill -0 "$hub" 2>/dev/null || fail "the hub of this machine did not start"
    sleep 0.1
  done
  HF_ENDPOINT=$(cat "$WORK/hub/address")
  export HF_ENDPOINT HF_TOKEN=hf_local
}

alone
start_hub
run_stages "$@"
