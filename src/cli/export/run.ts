/** @file What `minillm export` does. */

import { readdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { gpt2Texts } from '../../formats/gpt2-files.ts';
import { WEIGHTS_FILE } from '../../formats/gpt2-weights.ts';
import type { ModelFile } from '../../formats/model-file.ts';
import { openGpt2 } from '../../formats/open-gpt2.ts';
import { isHubModel, parseHubModel } from '../../hub/model-name.ts';
import { parameterCount } from '../../model/flops.ts';
import { PRESETS } from '../../model/presets.ts';
import { resolveCheckpoint } from '../../runs/checkpoints.ts';
import { UserError } from '../../support/errors.ts';
import { exists, isFolder } from '../../support/files.ts';
import { formatBytes, formatCount } from '../../support/format.ts';
import { localCheckpoint } from '../inputs/checkpoint.ts';
import { Progress } from '../terminal/progress.ts';
import { abortOnSignals } from '../terminal/signals.ts';
import type { ExportTarget } from './formats.ts';
import { writeExport } from './write.ts';

export type ExportFlags = ExportTarget & {
  readonly checkpoint: string;
  readonly out: string;
  readonly overwrite?: true;
  readonly json?: true;
};

/** Writes the checkpoint in another format, and says what is there now. */
export async function runExport(flags: ExportFlags): Promise<void> {
  const { checkpoint, to, type, out, json } = flags;
  await checkPlace(flags);
  const progress = new Progress();
  const model = await openGpt2(await resolveCheckpoint(await localCheckpoint(checkpoint, progress)));
  try {
    await abortOnSignals(async (signal) => {
      const name = basename(isHubModel(checkpoint) ? parseHubModel(checkpoint).repository : resolve(checkpoint));
      let bytes = 0;
      async function* watched(file: ModelFile): AsyncGenerator<Uint8Array> {
        for await (const piece of file.pieces()) {
          signal.throwIfAborted();
          yield piece;
          bytes += piece.length;
          const share = Math.floor((100 * bytes) / file.bytes);
          progress.update(`${out} | ${share} % | ${formatBytes(bytes)} of ${formatBytes(file.bytes)}`);
        }
      }
      const written = await writeExport(model, flags, out, { name, watched })
        .catch((cause: unknown) => {
          if (signal.aborted) return undefined;
          throw cause;
        })
        .finally(() => progress.clear());
      if (written === undefined) return;
      const parameters = parameterCount(model.config);
      if (json) console.log(JSON.stringify({ checkpoint: model.path, to, type, written, bytes, parameters }));
      else {
        console.log(`${out}: ${model.path}, ${formatCount(parameters)} parameters as ${type}, ${formatBytes(bytes)}`);
        for (const path of written.slice(1)) console.log(`${path}: beside it, for llm.c`);
      }
    }, 'stopping; nothing was written (again to quit now)');
  } finally {
    await model.close();
  }
}

/** @throws UserError when something stands where the export is to go that it may not replace. */
async function checkPlace({ to, out, overwrite }: ExportFlags): Promise<void> {
  if (!(await exists(out))) return;
  const isFolderThere = await isFolder(out);
  if (isFolderThere !== (to === 'huggingface')) {
    const [expected, found] = isFolderThere ? ['a file', 'a folder'] : ['a folder', 'a file'];
    throw new UserError(`${out}: --to ${to} writes ${expected}, found ${found} of this name; give another --out`);
  }
  const names = isFolderThere ? await readdir(out) : [];
  if (isFolderThere && names.length === 0) return;
  if (!overwrite) throw new UserError(`${out} is there already; give another --out, or --overwrite to replace it`);
  const ours = [WEIGHTS_FILE, ...gpt2Texts(PRESETS['gpt2-124m']).keys()];
  const other = names.find((name) => !ours.includes(name));
  if (other)
    throw new UserError(`${out}: expected an earlier export to overwrite, found ${other}, too; give another --out`);
}
