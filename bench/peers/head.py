"""The output head in PyTorch, as bench/head.ts: logits, cross-entropy, gradients of the input and of the token table."""

import time

import torch
from arguments import autocast, dtype_of, report, work_arguments

CHANNELS, VOCABULARY = 768, 50257

arguments = work_arguments()
rows = arguments.batch * arguments.length
x = torch.randn(rows, CHANNELS, dtype=dtype_of(arguments), requires_grad=True)
table = torch.nn.Parameter(0.02 * torch.randn(VOCABULARY, CHANNELS))
targets = torch.randint(VOCABULARY, (rows,))


def loss_of(x):
    with autocast(arguments):
        logits = torch.nn.functional.linear(x, table)
    return torch.nn.functional.cross_entropy(logits.float(), targets)


if arguments.compile:
    loss_of = torch.compile(loss_of)
rates = []
for run in range(-2, arguments.runs):
    start = time.perf_counter()
    loss_of(x).backward()
    if run >= 0:
        rates.append(6 * rows * CHANNELS * VOCABULARY / (time.perf_counter() - start) / 1e9)
report(rates, "GFLOP/s")
