/**
 * @file The weights of linear layers, which lie one way round or the other: OpenAI's Conv1D and with it Hugging Face's GPT-2
 * keep them as [in, out], PyTorch's nn.Linear, llm.c and GGUF as [out, in].
 */

import type { Gpt2Parameter, ReadParameter } from './gpt2-parameters.ts';

const LINEAR_WEIGHT = /\.(c_attn|c_proj|c_fc)\.weight$/;

/** Elements read at a time: 1 MB, which a processor's cache holds. */
const SLICE_ELEMENTS = 2 ** 18;

/** Parameters with the other shape of the linear layers' weights. */
export function transposeShapes(parameters: readonly Gpt2Parameter[]): Gpt2Parameter[] {
  return parameters.map(({ name, shape }) => ({ name, shape: LINEAR_WEIGHT.test(name) ? shape.toReversed() : shape }));
}

/**
 * Reads parameters with the linear layers' weights the other way round. The last of these is held whole; no other is.
 * @param parameters as `read` gives them
 */
export function transposeWeights(
  read: ReadParameter,
  parameters: readonly Gpt2Parameter[],
): (name: string, start: number, target: Float32Array) => Promise<void> {
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  let held: { readonly name: string; readonly values: Promise<Float32Array> } | undefined;
  return async (name, start, target) => {
    if (!LINEAR_WEIGHT.test(name)) return read(name, start, target);
    const [rows = 0, columns = 0] = shapes.get(name) ?? [];
    // one that could not be read is read again
    if (held?.name !== name) held = { name, values: readTransposed(name, rows, columns, read) };
    const { values } = held;
    const transposed = await values.catch((cause: unknown) => {
      if (held?.values === values) held = undefined;
      throw cause;
    });
    if (start < 0 || start + target.length > transposed.length)
      throw new RangeError(`${name} has ${transposed.length} elements, asked for ${start} to ${start + target.length}`);
    target.set(transposed.subarray(start, start + target.length));
  };
}

async function readTransposed(name: string, rows: number, columns: number, read: ReadParameter): Promise<Float32Array> {
  const transposed = new Float32Array(rows * columns);
  const sliceRows = Math.min(rows, Math.max(1, Math.floor(SLICE_ELEMENTS / columns)));
  const scratch = new Float32Array(sliceRows * columns);
  for (let first = 0; first < rows; first += sliceRows) {
    const count = Math.min(sliceRows, rows - first);
    const slice = scratch.subarray(0, count * columns);
    await read(name, first * columns, slice);
    for (let column = 0; column < columns; column++)
      for (let row = 0, to = column * rows + first; row < count; row++, to++)
        transposed[to] = slice[row * columns + column]!;
  }
  return transposed;
}
