"""GPT-2 tokenising with tiktoken in a pool of processes, as bench/tokenize.ts."""

import argparse
import array
import gzip
import json
import multiprocessing
import resource
import statistics
import time

import tiktoken

BATCH_LENGTH = 1 << 18


def start_worker():
    global encoding
    encoding = tiktoken.get_encoding("r50k_base")


def encode(texts):
    return [array.array("H", encoding.encode_ordinary(text)) for text in texts]


def in_batches(texts):
    batches, length = [[]], 0
    for text in texts:
        if length >= BATCH_LENGTH:
            batches.append([])
            length = 0
        batches[-1].append(text)
        length += len(text)
    return batches


def read(path):
    lines = gzip.open(path, "rt", encoding="utf-8") if path.endswith(".gz") else open(path, encoding="utf-8")
    if path.removesuffix(".gz").endswith((".jsonl", ".json")):
        return [json.loads(line)["text"] for line in lines]
    return lines.read().split("<|endoftext|>")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    texts = read(arguments.texts)
    rates = []
    with multiprocessing.Pool(arguments.threads, start_worker) as pool:
        for run in range(arguments.runs + 1):
            share = texts[run :: arguments.runs + 1]
            start = time.perf_counter()
            tokens = sum(len(ids) for batch in pool.imap(encode, in_batches(share)) for ids in batch)
            if run > 0:
                rates.append(tokens / (time.perf_counter() - start))
    # the children's is that of the largest one, so that this is an upper bound
    own, largest = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"rate": statistics.median(rates), "unit": "tok/s", "peakBytes": (own + largest * arguments.threads) * 1024}))
