"""
A training step of GPT-2 124M in PyTorch on a GPU, as bench/gpu/train-step.ts: bf16 autocast, flash attention, torch.compile, fused
AdamW, clip; the largest batch that fits. It needs nothing but torch. The last line it prints is JSON.
"""

import argparse
import json
import statistics

import torch
from torch import nn
from torch.nn import functional as F

LAYERS, HEADS, CHANNELS, CONTEXT, VOCABULARY = 12, 12, 768, 1024, 50257
PADDED = 50304  # as nanoGPT pads it: faster products


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(CHANNELS), nn.LayerNorm(CHANNELS)
        self.c_attn, self.c_proj = nn.Linear(CHANNELS, 3 * CHANNELS), nn.Linear(CHANNELS, CHANNELS)
        self.c_fc, self.c_out = nn.Linear(CHANNELS, 4 * CHANNELS), nn.Linear(4 * CHANNELS, CHANNELS)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.c_attn(self.ln_1(x)).view(B, T, 3, HEADS, C // HEADS).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.c_proj(attended.transpose(1, 2).reshape(B, T, C))
        return x + self.c_out(F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))


class Gpt2(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(PADDED, CHANNELS), nn.Embedding(CONTEXT, CHANNELS)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.ln_f = nn.LayerNorm(CHANNELS)
        self.head = nn.Linear(CHANNELS, PADDED, bias=False)
        self.head.weight = self.wte.weight
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens, targets):
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1], device=tokens.device))
        for block in self.blocks:
            x = block(x)
        logits = self.head(self.ln_f(x))
        return F.cross_entropy(logits.view(-1, PADDED), targets.view(-1))


def measure(batch, steps):
    """Seconds of each step; OutOfMemoryError where the batch does not fit."""
    torch.manual_seed(1)
    model = Gpt2().cuda()
    compiled = torch.compile(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    seconds = []
    for step in range(-5, steps):
        tokens, targets = torch.randint(VOCABULARY, (2, batch, CONTEXT), device="cuda")
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        with torch.autocast("cuda", dtype=torch.bfloat16):
            loss = compiled(tokens, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        end.record()
        torch.cuda.synchronize()
        if step >= 0:
            seconds.append(start.elapsed_time(end) / 1000)
    return seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batches", type=lambda text: [int(each) for each in text.split(",")], default=[64, 32, 16, 8, 4])
    parser.add_argument("--steps", type=int, default=10)
    arguments = parser.parse_args()
    torch.set_float32_matmul_precision("high")
    for batch in arguments.batches:
        try:
            torch.cuda.reset_peak_memory_stats()
            seconds = measure(batch, arguments.steps)
        except torch.cuda.OutOfMemoryError:
            torch._dynamo.reset()
            torch.cuda.empty_cache()
            continue
        rate = batch * CONTEXT / statistics.median(seconds)
        result = {"batch": batch, "tokensPerSecond": rate, "peakBytes": torch.cuda.max_memory_allocated()}
        print(json.dumps({**result, "version": torch.__version__}))
        return
    raise SystemExit("no batch fits")


main()
