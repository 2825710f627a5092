"""The three products of a linear layer in PyTorch (oneDNN, MKL), as bench/gemm.ts."""

import statistics
import time

import torch
from arguments import dtype_of, report_parts, work_arguments

arguments = work_arguments()
dtype = dtype_of(arguments)
rows = arguments.batch * arguments.length
columns_in, columns_out = arguments.columns
x = torch.randn(rows, columns_in, dtype=dtype)
gradient = torch.randn(rows, columns_out, dtype=dtype)
weight = torch.randn(columns_in, columns_out, dtype=dtype)
bias = torch.randn(columns_out, dtype=dtype)
weight_gradient = torch.zeros_like(weight)

products = {
    "forward": lambda: torch.addmm(bias, x, weight),
    "dX": lambda: torch.mm(gradient, weight.T),
    "dW": lambda: weight_gradient.addmm_(x.T, gradient),
}
seconds = {part: [] for part in products}
with torch.inference_mode():
    for run in range(-1, arguments.runs):
        for part, product in products.items():
            start = time.perf_counter()
            product()
            if run >= 0:
                seconds[part].append(time.perf_counter() - start)
flops = 2 * rows * columns_in * columns_out
report_parts(
    [
        {"part": part, "value": flops / statistics.median(times) / 1e9, "unit": "GFLOP/s"}
        for part, times in seconds.items()
    ]
)
