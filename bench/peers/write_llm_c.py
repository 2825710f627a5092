"""Writes what llm.c's train_gpt2.c opens: write_llm_c.py FOLDER TARGET, a GPT-2 folder → weights and random tokens."""

import json
import pathlib
import sys

import numpy
from safetensors.numpy import load_file

folder, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
config = json.loads((folder / "config.json").read_text())
weights = {name.removeprefix("transformer."): values for name, values in load_file(folder / "model.safetensors").items()}
layers, vocabulary = config["n_layer"], config["vocab_size"]
padded = -(-vocabulary // 128) * 128

header = numpy.zeros(256, numpy.int32)
header[:8] = [
    20240326,  # magic
    3,  # version: float32, padded vocabulary
    config["n_positions"],
    vocabulary,
    layers,
    config["n_head"],
    config["n_embd"],
    padded,
]
BLOCK_TENSORS = ["ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj"]
target.mkdir()
with open(target / "gpt2_124M.bin", "wb") as file:
    file.write(header.tobytes())
    file.write(numpy.pad(weights["wte.weight"], ((0, padded - vocabulary), (0, 0))).tobytes())
    file.write(weights["wpe.weight"].tobytes())
    for tensor in BLOCK_TENSORS:
        for kind in ["weight", "bias"]:
            for layer in range(layers):
                # llm.c stores a linear weight [out, in]
                file.write(numpy.ascontiguousarray(weights[f"h.{layer}.{tensor}.{kind}"].T).tobytes())
    file.write(weights["ln_f.weight"].tobytes())
    file.write(weights["ln_f.bias"].tobytes())

shards = target / "dev/data/tinyshakespeare"
shards.mkdir(parents=True)
tokens = numpy.random.default_rng(1).integers(0, 50256, 32768, numpy.uint16)
header = numpy.zeros(256, numpy.int32)
header[:3] = [20240520, 1, len(tokens)]
for part in ["train", "val"]:
    (shards / f"tiny_shakespeare_{part}.bin").write_bytes(header.tobytes() + tokens.tobytes())
