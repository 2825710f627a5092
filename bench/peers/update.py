"""An update of GPT-2 124M in PyTorch, as bench/update.ts: clip, then fused AdamW, or Muon for the matrices of the blocks.

PyTorch's Muon makes its steps in bfloat16, with one set of coefficients for all five.
"""

import statistics
import time

import torch
from arguments import report_parts, work_arguments

CHANNELS, LAYERS, VOCABULARY, CONTEXT = 768, 12, 50257, 1024

arguments = work_arguments()
square, wide = [(CHANNELS, CHANNELS)] * 4, [(CHANNELS, 4 * CHANNELS), (4 * CHANNELS, CHANNELS)]
matrices = [torch.nn.Parameter(torch.randn(shape) * 0.02) for _ in range(LAYERS) for shape in square + wide]
vectors = [(9 * CHANNELS + 4 * CHANNELS,)] * LAYERS + [(2 * CHANNELS,)]
others = [torch.nn.Parameter(torch.randn(shape) * 0.02) for shape in [(VOCABULARY, CHANNELS), (CONTEXT, CHANNELS)] + vectors]


def adamw(parameters):
    return torch.optim.AdamW(parameters, lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)


def muon():
    return torch.optim.Muon(matrices, lr=1e-4, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")


optimizers = {"adamw": [adamw(matrices + others)], "muon": [muon(), adamw(others)]}
rates = {name: [] for name in optimizers}
for run in range(-1, arguments.runs):
    for name, steps in optimizers.items():
        for parameter in matrices + others:
            parameter.grad = torch.rand_like(parameter) - 0.5
        start = time.perf_counter()
        torch.nn.utils.clip_grad_norm_(matrices + others, 1.0)
        for optimizer in steps:
            optimizer.step()
        if run >= 0:
            rates[name].append(1 / (time.perf_counter() - start))
report_parts([{"part": part, "value": statistics.median(values), "unit": "updates/s"} for part, values in rates.items()])
