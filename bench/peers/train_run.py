"""A whole training run in PyTorch on the shards, steps and initial weights of `minillm train --no-shuffle`, so that the two curves
can be laid over each other: reads llm.c's .bin shards in file order, writes a CSV that `minillm report` reads.

python bench/peers/train_run.py --data data/docs --init out/initial --new 6,6,384,256     makes the initial weights first
python bench/peers/train_run.py --data data/docs --init out/initial --steps 500 --out torch.csv
With --device cuda and --bf16 it runs on a GPU, in bf16 autocast.
"""

import argparse
import csv
import glob
import math
import time

import numpy
import torch
from transformers import GPT2Config, GPT2LMHeadModel

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--init", required=True, help="Hugging Face folder of the initial weights")
parser.add_argument("--new", help="layers,heads,channels,context: write random weights to --init and stop")
parser.add_argument("--steps", type=int, default=500)
parser.add_argument("--batch", type=int, default=8)
parser.add_argument("--length", type=int, default=256)
parser.add_argument("--lr", type=float, default=6e-4)
parser.add_argument("--warmup", type=int, default=50)
parser.add_argument("--eval-every", type=int, default=50)
parser.add_argument("--eval-tokens", type=int, default=65536)
parser.add_argument("--threads", type=int, default=torch.get_num_threads())
parser.add_argument("--device", default="cpu")
parser.add_argument("--bf16", action="store_true", help="bf16 autocast")
parser.add_argument("--compile", action="store_true", help="torch.compile the loss")
parser.add_argument("--out", default="torch.csv")
a = parser.parse_args()
torch.set_num_threads(a.threads)

no_dropout = {"attn_pdrop": 0, "embd_pdrop": 0, "resid_pdrop": 0}
if a.new:
    layers, heads, channels, context = map(int, a.new.split(","))
    torch.manual_seed(1337)
    config = GPT2Config(n_layer=layers, n_head=heads, n_embd=channels, n_positions=context, **no_dropout)
    GPT2LMHeadModel(config).save_pretrained(a.init)
    raise SystemExit


def windows(split):
    """All windows of length + 1 tokens that start every `length` tokens and never cross a shard's end."""
    for path in sorted(glob.glob(f"{a.data}/{split}_*.bin")):
        tokens = numpy.fromfile(path, dtype=numpy.uint16, offset=1024).astype(numpy.int64)
        for start in range(0, len(tokens) - a.length, a.length):
            yield torch.from_numpy(tokens[start : start + a.length + 1])


train, validation = list(windows("train")), list(windows("val"))[: a.eval_tokens // a.length]
model = GPT2LMHeadModel.from_pretrained(a.init, **no_dropout).to(a.device)
decayed = [p for p in model.parameters() if p.dim() >= 2]
others = [p for p in model.parameters() if p.dim() < 2]
groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=a.lr, betas=(0.9, 0.95), eps=1e-8, fused=True)


def loss_of(rows):
    rows = rows.to(a.device)
    with torch.autocast(a.device, dtype=torch.bfloat16, enabled=a.bf16):
        logits = model(rows[:, :-1]).logits
        return torch.nn.functional.cross_entropy(logits.reshape(-1, logits.size(-1)), rows[:, 1:].reshape(-1))


if a.compile:
    loss_of = torch.compile(loss_of)


def validation_loss():
    with torch.no_grad():
        losses = [loss_of(torch.stack(validation[i : i + a.batch])) for i in range(0, len(validation), a.batch)]
    sizes = [len(validation[i : i + a.batch]) for i in range(0, len(validation), a.batch)]
    return sum(loss.item() * size for loss, size in zip(losses, sizes)) / sum(sizes)


def learning_rate(step):
    if step < a.warmup:
        return a.lr * (step + 1) / a.warmup
    share = (step - a.warmup) / max(1, a.steps - a.warmup)
    return 0.1 * a.lr + 0.5 * (1 + math.cos(math.pi * share)) * 0.9 * a.lr


with open(a.out, "w", newline="") as file:
    out = csv.writer(file)
    out.writerow(["step", "loss", "val_loss", "lr", "norm", "ms", "tokens_per_second"])
    for step in range(a.steps + 1):
        due = step % a.eval_every == 0 or step == a.steps
        val = validation_loss() if due else ""
        if step == a.steps:
            out.writerow([step, "", val, "", "", "", ""])
            break
        start = time.perf_counter()
        rows = torch.stack([train[(step * a.batch + b) % len(train)] for b in range(a.batch)])
        lr = learning_rate(step)
        for group in optimizer.param_groups:
            group["lr"] = lr
        loss = loss_of(rows)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss, norm = loss.item(), norm.item()  # waits for a GPU
        seconds = time.perf_counter() - start
        out.writerow([step, loss, val, lr, norm, 1000 * seconds, rows[:, 1:].numel() / seconds])
        file.flush()
        print(f"step {step} | loss: {loss:.6f} | norm: {norm:.4f} | dt: {1000 * seconds:.0f}ms", val, flush=True)
