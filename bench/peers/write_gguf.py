"""Writes a GPT-2 folder as the GGUF file that llama.cpp opens: write_gguf.py FOLDER FILE fp32|bf16. Needs gguf, safetensors."""

import json
import pathlib
import sys

import gguf
import numpy
from safetensors.numpy import load_file

folder, target, precision = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
config = json.loads((folder / "config.json").read_text())
weights = load_file(folder / "model.safetensors")

writer = gguf.GGUFWriter(target, "gpt2")
writer.add_block_count(config["n_layer"])
writer.add_context_length(config["n_positions"])
writer.add_embedding_length(config["n_embd"])
writer.add_feed_forward_length(4 * config["n_embd"])
writer.add_head_count(config["n_head"])
writer.add_layer_norm_eps(config["layer_norm_epsilon"])
writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16 if precision == "bf16" else gguf.LlamaFileType.ALL_F32)

vocabulary = json.loads((folder / "vocab.json").read_text())
merges = (folder / "merges.txt").read_text().splitlines()
tokens = sorted(vocabulary, key=vocabulary.get)
end_of_text = vocabulary["<|endoftext|>"]
writer.add_tokenizer_model("gpt2")
writer.add_tokenizer_pre("gpt-2")
writer.add_token_list(tokens)
writer.add_token_types(
    [gguf.TokenType.CONTROL if id == end_of_text else gguf.TokenType.NORMAL for id in range(len(tokens))]
)
writer.add_token_merges([line for line in merges if line and not line.startswith("#version")])
writer.add_bos_token_id(end_of_text)
writer.add_eos_token_id(end_of_text)

NAMES = {
    "wte": "token_embd",
    "wpe": "position_embd",
    "ln_f": "output_norm",
    "ln_1": "attn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}


def gguf_name(name):
    parts = name.removeprefix("transformer.").split(".")
    block = f"blk.{parts[1]}." if parts[0] == "h" else ""
    layer = ".".join(parts[2:-1] if block else parts[:-1])
    return f"{block}{NAMES[layer]}.{parts[-1]}"


for name, values in weights.items():
    is_linear = name.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight"))
    values = numpy.ascontiguousarray(values.T if is_linear else values)
    # vectors and positions stay float32, as llama.cpp's own converter leaves them
    if precision == "bf16" and values.ndim == 2 and not name.endswith("wpe.weight"):
        halves = gguf.quantize(values, gguf.GGMLQuantizationType.BF16)
        writer.add_tensor(gguf_name(name), halves, raw_dtype=gguf.GGMLQuantizationType.BF16)
    else:
        writer.add_tensor(gguf_name(name), values)

writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
