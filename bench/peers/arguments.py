"""The flags that every work takes, and the line it prints: as bench/arguments.ts and bench/report.ts."""

import argparse
import json
import resource
import statistics

import torch


def work_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--columns", type=lambda text: [int(each) for each in text.split(",")], default=[768, 768])
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--input", default="")
    parser.add_argument("--compile", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    return arguments


def dtype_of(arguments):
    return torch.bfloat16 if arguments.precision == "bf16" else torch.float32


def autocast(arguments):
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=arguments.precision == "bf16")


def report(values, unit):
    report_parts([{"value": statistics.median(values), "unit": unit}])


def report_parts(results):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"results": results, "peakBytes": peak}))
