"""From a checkpoint to the first token with transformers, as bench/loading.ts; imports are not counted."""

import time

import torch
from arguments import dtype_of, report, work_arguments
from transformers import AutoTokenizer, GPT2LMHeadModel

arguments = work_arguments()
start = time.perf_counter()
tokenizer = AutoTokenizer.from_pretrained(arguments.input)
model = GPT2LMHeadModel.from_pretrained(arguments.input, dtype=dtype_of(arguments)).eval()
prompt = tokenizer("The quick brown fox", return_tensors="pt")
with torch.inference_mode():
    model.generate(**prompt, max_new_tokens=1, do_sample=False, pad_token_id=50256)
report([time.perf_counter() - start], "s")
