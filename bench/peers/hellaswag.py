"""HellaSwag in PyTorch as bench/hellaswag.ts: one example at a time, its four endings as four padded rows (build-nanogpt)."""

import time

import torch
from arguments import autocast, report, work_arguments
from transformers import GPT2Config, GPT2LMHeadModel

CONTEXT = 51
ENDINGS = [20, 28, 38, 40]

arguments = work_arguments()
model = GPT2LMHeadModel(GPT2Config(use_cache=False)).eval()
mask = torch.zeros(4, CONTEXT + max(ENDINGS))
for row, length in zip(mask, ENDINGS):
    row[CONTEXT : CONTEXT + length] = 1


@torch.inference_mode()
def likeliest(tokens):
    with autocast(arguments):
        logits = model(tokens).logits
    shifted = logits[:, :-1].reshape(-1, logits.size(-1))
    losses = torch.nn.functional.cross_entropy(shifted, tokens[:, 1:].reshape(-1), reduction="none").view(4, -1)
    sums = (losses * mask[:, 1:]).sum(dim=1)
    return sums.argmin().item(), (sums / mask[:, 1:].sum(dim=1)).argmin().item()


rates = []
for run in range(-1, arguments.runs):
    start = time.perf_counter()
    for _ in range(arguments.batch):
        likeliest(torch.randint(50257, mask.shape))
    if run >= 0:
        rates.append(arguments.batch / (time.perf_counter() - start))
report(rates, "examples/s")
