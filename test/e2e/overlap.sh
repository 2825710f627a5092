#!/bin/bash
# What summing gradients during the backward pass saves over a slow network: GPT-2 124M on two hosts (network namespaces)
# joined by a cable of MEGABITS per second, one thread each, with and without overlap in turn. Prints the milliseconds of
# each step. Needs root, iproute2 and Open MPI.
#
#   npm run build && test/e2e/overlap.sh DATA [MEGABITS [ROUNDS [STEPS]]]
set -euo pipefail
data=$1 rate=${2:-2000} rounds=${3:-3} steps=${4:-4}
here=$(cd "$(dirname "$0")/../.." && pwd)
one=overlap${$}a other=overlap${$}b
folder=$(mktemp -d)
trap 'ip netns del $one; ip netns del $other; rm -r "$folder"' EXIT

ip netns add $one
ip netns add $other
ip link add wire netns $one type veth peer name wire netns $other
ip -n $one address add 10.77.1.1/24 dev wire
ip -n $other address add 10.77.1.2/24 dev wire
for host in $one $other; do
  ip -n $host link set lo up
  ip -n $host link set wire up
  tc -n $host qdisc add dev wire root tbf rate "${rate}mbit" burst 1mb latency 50ms
done
cat >"$folder/enter" <<'AGENT'
#!/bin/sh
host=$1; shift
exec ip netns exec "$host" unshare --uts sh -c "hostname $host; exec $*"
AGENT
chmod +x "$folder/enter"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

for round in $(seq "$rounds"); do
  for flag in --overlap --no-overlap; do
    "$folder/enter" $one mpirun.openmpi --host $one:1,$other:1 -n 2 --mca plm_rsh_agent "$folder/enter" \
      --mca pml ob1 --mca btl tcp,self --mca btl_tcp_if_include 10.77.1.0/24 --mca oob_tcp_if_include 10.77.1.0/24 \
      node "$here/bin/minillm.js" train --data "$data" --out "$folder/run" --preset gpt2-124m --precision fp32 \
      --sequence-length 128 --batch-size 1 --total-batch-size 256 --steps "$steps" --threads 1 \
      --eval-every 0 --sample-every 0 --checkpoint-every 0 $flag |
      sed -n 's/.*dt: \([0-9.]*\)ms.*/\1/p' | tail -n +2 | paste -sd' ' | sed "s/^/round $round $flag: /"
    rm -r "$folder/run"
  done
done
