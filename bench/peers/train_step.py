"""A training step of GPT-2 124M in PyTorch, as bench/train-step.ts: forward, backward, clip, fused AdamW."""

import time

import torch
from arguments import autocast, report, work_arguments
from transformers import GPT2Config, GPT2LMHeadModel

arguments = work_arguments()
model = GPT2LMHeadModel(GPT2Config(attn_pdrop=0, embd_pdrop=0, resid_pdrop=0, use_cache=False))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)


def loss_of(tokens, targets):
    with autocast(arguments):
        logits = model(tokens).logits
    return torch.nn.functional.cross_entropy(logits.view(-1, logits.size(-1)).float(), targets.view(-1))


if arguments.compile:
    loss_of = torch.compile(loss_of)
rates = []
for run in range(-2, arguments.runs):
    tokens, targets = torch.randint(50257, (2, arguments.batch, arguments.length))
    start = time.perf_counter()
    loss_of(tokens, targets).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    if run >= 0:
        rates.append(arguments.batch * arguments.length / (time.perf_counter() - start))
report(rates, "tok/s")
