/** @file What llama.cpp calls the parameters of a GPT-2. The head is `token_embd.weight`, as there is no `output.weight`. */

const LAYERS: Readonly<Record<string, string>> = {
  wte: 'token_embd',
  wpe: 'position_embd',
  ln_f: 'output_norm',
  ln_1: 'attn_norm',
  'attn.c_attn': 'attn_qkv',
  'attn.c_proj': 'attn_output',
  ln_2: 'ffn_norm',
  'mlp.c_fc': 'ffn_up',
  'mlp.c_proj': 'ffn_down',
};

const NAME = /^transformer\.(?:h\.(\d+)\.)?(.+)\.(weight|bias)$/;

/** `transformer.h.3.mlp.c_fc.weight` → `blk.3.ffn_up.weight`. */
export function ggufName(name: string): string {
  const [, block, layer = '', kind] = NAME.exec(name) ?? [];
  return `${block === undefined ? '' : `blk.${block}.`}${LAYERS[layer]}.${kind}`;
}
