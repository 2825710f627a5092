"""The forward pass of GPT-2 124M with its losses in PyTorch, as bench/forward.ts."""

import time

import torch
from arguments import autocast, report, work_arguments
from transformers import GPT2Config, GPT2LMHeadModel

arguments = work_arguments()
model = GPT2LMHeadModel(GPT2Config(use_cache=False)).eval()


@torch.no_grad()
def losses(tokens):
    with autocast(arguments):
        logits = model(tokens).logits
    return torch.nn.functional.cross_entropy(logits.view(-1, logits.size(-1)), tokens.view(-1), reduction="none")


if arguments.compile:
    losses = torch.compile(losses)
rates = []
for run in range(-1, arguments.runs):
    tokens = torch.randint(50257, (arguments.batch, arguments.length))
    start = time.perf_counter()
    losses(tokens)
    if run >= 0:
        rates.append(arguments.batch * arguments.length / (time.perf_counter() - start))
report(rates, "tok/s")
