/** @file How much a program gets out of its hardware. One number for each is fitted on a published run (docs/scaling.md). */

/** Shares of what the hardware reaches, between 0 and 1. */
export interface Software {
  readonly name: string;
  /** Of the rate of large products, in the products of a transformer. */
  readonly products: number;
  /** Of the same rate, in attention. */
  readonly attention: number;
  /** Of the rate of a large copy, in everything else. */
  readonly memory: number;
  /** Bytes of a gradient on the wire. */
  readonly gradientBytes: 2 | 4;
}

export const SOFTWARE = {
  /** CUDA C++ with cuBLASLt and cuDNN's attention, bf16 gradients. */
  'llm.c': { name: 'llm.c', products: 0.98, attention: 0.35, memory: 1, gradientBytes: 2 },
  /** build-nanogpt: PyTorch 2 with torch.compile and FlashAttention-2. */
  'compiled-pytorch': {
    name: 'compiled PyTorch',
    products: 0.86,
    attention: 0.35,
    memory: 0.85,
    gradientBytes: 4,
  },
} as const satisfies Record<string, Software>;

export type SoftwareName = keyof typeof SOFTWARE;
