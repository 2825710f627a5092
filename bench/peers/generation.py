"""Greedy generation with GPT-2 124M by transformers' generate, as bench/generation.ts."""

import time

import torch
from arguments import dtype_of, report, work_arguments
from transformers import GPT2Config, GPT2LMHeadModel

arguments = work_arguments()
dtype = dtype_of(arguments)
model = GPT2LMHeadModel(GPT2Config()).to(dtype).eval()
prompt = torch.tensor([[464, 2068, 7586, 21831]] * arguments.batch)
rates = []
for run in range(-1, arguments.runs):
    start = time.perf_counter()
    with torch.inference_mode():
        model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=arguments.length,
            min_new_tokens=arguments.length,
            do_sample=False,
            pad_token_id=50256,
        )
    if run >= 0:
        rates.append(arguments.batch * arguments.length / (time.perf_counter() - start))
report(rates, "tok/s")
