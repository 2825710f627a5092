/** @file What `minillm publish` does. */

import { join } from 'node:path';
import { openHub } from '../../hub/hub.ts';
import { checkRepositoryName, uploadFiles } from '../../hub/upload/upload.ts';
import { sizeOf, type UploadFile } from '../../hub/upload/upload-file.ts';
import { drawPng, drawSvg } from '../../report/figure/draw.ts';
import { resultsFigure } from '../../report/figure/figure.ts';
import { formatBytes, formatCount } from '../../support/format.ts';
import { downloadLine, waitLine } from '../inputs/download-lines.ts';
import { Progress } from '../terminal/progress.ts';
import { abortOnSignals } from '../terminal/signals.ts';
import { textTable } from '../terminal/table.ts';
import { modelCard, PICTURE } from './model-card.ts';
import { type MeasuredRun, type PublishedModel, readPublishedModel } from './published-model.ts';

export interface PublishFlags {
  readonly checkpoint: string;
  readonly license?: string;
  readonly private?: true;
  readonly withOptimizer?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

const CARD = 'README.md';
const METRICS = 'metrics.jsonl';

/** Uploads the checkpoint, or says what would be uploaded. */
export async function runPublish(name: string, flags: PublishFlags): Promise<void> {
  checkRepositoryName(name);
  const model = await readPublishedModel(flags.checkpoint, { withOptimizer: flags.withOptimizer ?? false });
  const card = modelCard(model, { name, license: flags.license });
  const files = filesToUpload(model, name, card);
  if (flags.license === undefined) console.error('minillm: the card names no license; --license gives the model one');
  if (flags.dryRun) await describe(name, files, card, flags);
  else await upload(name, model, files, flags);
}

/** The files of the checkpoint, and what is made of its run. */
function filesToUpload({ folder, files, run }: PublishedModel, name: string, card: string): UploadFile[] {
  const made = new Map<string, string | Uint8Array>([[CARD, card]]);
  if (run) {
    made.set(METRICS, run.metrics);
    made.set(PICTURE, picture(name, run));
  }
  return [
    ...files.filter((file) => !made.has(file)).map((file) => ({ path: file, content: { file: join(folder, file) } })),
    ...[...made].map(([path, content]) => ({ path, content: { bytes: Buffer.from(content) } })),
  ];
}

function picture(name: string, { curves }: MeasuredRun): Uint8Array {
  const title = name.split('/')[1] ?? name;
  const figure = resultsFigure([curves], { title, theme: 'light', references: false });
  return drawPng(drawSvg(figure.option, figure));
}

async function describe(name: string, files: readonly UploadFile[], card: string, flags: PublishFlags): Promise<void> {
  const sizes = await Promise.all(files.map(sizeOf));
  if (flags.json) {
    const listed = files.map(({ path }, index) => ({ path, bytes: sizes[index] }));
    console.log(JSON.stringify({ name, files: listed, card }));
    return;
  }
  console.log(`${name} would get, as a ${flags.private ? 'private' : 'public'} model:\n`);
  console.log(
    textTable(
      ['file', 'size'],
      files.map(({ path }, index) => [path, formatBytes(sizes[index] ?? 0)]),
    ),
  );
  console.log(`\n${CARD}:\n\n${card}`);
}

async function upload(name: string, model: PublishedModel, files: readonly UploadFile[], flags: PublishFlags) {
  const progress = new Progress();
  const hub = await openHub({ onWait: (reason, wait) => progress.update(waitLine(reason, wait)) });
  const started = performance.now();
  await abortOnSignals(async (signal) => {
    const uploading = uploadFiles(hub, { kind: 'model', name }, files, {
      isPrivate: flags.private ?? false,
      title: commitTitle(model),
      signal,
      onProgress: (bytes, total) =>
        progress.update(`uploading | ${downloadLine(bytes, total, (performance.now() - started) / 1000)}`),
    });
    const result = await uploading
      .finally(() => progress.clear())
      .catch((cause: unknown) => {
        if (signal.aborted) return undefined;
        throw cause;
      });
    if (result === undefined) return;
    if (flags.json) {
      console.log(JSON.stringify(result));
      return;
    }
    const { sent, unchanged, url, commit } = result;
    console.log(
      sent.length === 0
        ? `${url} has all of it already, at commit ${commit}`
        : `${url}: ${sent.join(', ')}${unchanged.length > 0 ? ` (${unchanged.length} files were there)` : ''}, commit ${commit}`,
    );
  }, 'stopping; what has been uploaded is kept (again to quit now)');
}

function commitTitle({ state }: PublishedModel): string {
  return state ? `Step ${formatCount(state.step)}` : 'Weights, configuration and tokenizer';
}
