/** @file `minillm export`: its flags. */

import { Command, Option } from 'commander';
import { GGUF_TYPES } from '../../formats/gguf/tensor-types.ts';
import { oneOf, requireFlag } from '../flags.ts';
import { TYPES_OF } from './formats.ts';
import type { ExportFlags } from './run.ts';

const FORMATS = Object.keys(TYPES_OF);

const HELP = `
gguf is a file for llama.cpp and what builds on it (Ollama, LM Studio); the types are those of llama.cpp's own converter. llmc is a
model file of llm.c, f32 or bf16, with gpt2_tokenizer.bin beside it. huggingface is a folder that transformers opens, f32, f16 or
bf16, without the training state; this also turns a model file of llm.c into one.

Examples:
  $ minillm export --checkpoint out/124m --to gguf --type q8_0 --out 124m-q8_0.gguf
  $ minillm export --checkpoint out/124m --to llmc --out llm.c/gpt2_124M.bin
  $ minillm export --checkpoint log124M/model_00019552.bin --to huggingface --out llmc-124m
`;

/** The command. */
export function exportCommand(): Command {
  return new Command('export')
    .description('write a checkpoint for other programs: llama.cpp (GGUF), llm.c, transformers')
    .option(
      '--checkpoint <path>',
      'run folder (its newest step), step folder, Hugging Face folder, model file of llm.c or hf:OWNER/NAME',
    )
    .addOption(new Option('--to <format>', 'format to write').choices(FORMATS).argParser(oneOf(FORMATS)))
    .option('--out <path>', 'file to write; for huggingface, a folder')
    .addOption(
      new Option('--type <type>', 'type of the weights')
        .choices(GGUF_TYPES)
        .argParser(oneOf(GGUF_TYPES, { fp32: '(Did you mean f32?)', fp16: '(Did you mean f16?)' }))
        .default('f32'),
    )
    .option('--overwrite', 'replace what is there')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action(async (flags: ExportFlags, command: Command) => {
      for (const name of ['checkpoint', 'to', 'out']) requireFlag(command, name);
      const types: readonly string[] = TYPES_OF[flags.to];
      if (!types.includes(flags.type))
        command.error(`error: --to ${flags.to} takes --type ${types.join(', ')}, found ${flags.type}`);
      const { runExport } = await import('./run.ts');
      await runExport(flags);
    });
}
