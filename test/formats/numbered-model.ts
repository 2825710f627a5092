/** @file A GPT-2 whose every element is another number, for tests of where elements go. */

import type { Gpt2Config } from '#minillm/formats/gpt2-config.js';
import { gpt2Parameters } from '#minillm/formats/gpt2-parameters.js';
import type { NamedWeights } from '#minillm/formats/gpt2-weights.js';

const elements = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent);

/** Elements are numbered through all parameters, as multiples of `step`. */
export function numberedModel(config: Gpt2Config, step = 1): NamedWeights {
  const firsts = new Map<string, number>();
  let count = 0;
  for (const { name, shape } of gpt2Parameters(config)) {
    firsts.set(name, count);
    count += elements(shape);
  }
  return {
    path: 'numbered',
    config,
    async readInto(name, start, target) {
      const first = firsts.get(name)! + start;
      for (let index = 0; index < target.length; index++) target[index] = (first + index) * step;
    },
  };
}

/** All elements of a parameter of a model. */
export async function wholeParameter({ config, readInto }: NamedWeights, name: string): Promise<Float32Array> {
  const { shape = [] } = gpt2Parameters(config).find((parameter) => parameter.name === name) ?? {};
  const values = new Float32Array(elements(shape));
  await readInto(name, 0, values);
  return values;
}

/** The same of a matrix [rows, columns], as [columns, rows]. */
export function transposed(values: Float32Array, columns: number): Float32Array {
  const rows = values.length / columns;
  return values.map((_, index) => values[(index % rows) * columns + Math.floor(index / rows)]!);
}
