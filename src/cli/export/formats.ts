/** @file The formats that `minillm export` writes, and the types that weights may have in each. */

import { FLOAT_TYPES } from '../../formats/encode-floats.ts';
import { GGUF_TYPES } from '../../formats/gguf/tensor-types.ts';
import { LLMC_TYPES } from '../../formats/llmc/layout.ts';

export const TYPES_OF = { gguf: GGUF_TYPES, llmc: LLMC_TYPES, huggingface: FLOAT_TYPES } as const;

type Formats = typeof TYPES_OF;
export type ExportFormat = keyof Formats;

/** A format, and one of its types. */
export type ExportTarget = {
  [Format in ExportFormat]: { readonly to: Format; readonly type: Formats[Format][number] };
}[ExportFormat];
