/** @file A report on disk: pictures, the page, and the series for other programs. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../support/errors.ts';
import { fileError, writeFileAtomic } from '../support/files.ts';
import { seriesCsv } from './export/csv.ts';
import { drawPng, drawSvg } from './figure/draw.ts';
import { resultsFigure } from './figure/figure.ts';
import { THEMES } from './figure/palette.ts';
import { eventFile, FINISHED_EVENT_FILE } from './log/tensorboard.ts';
import { reportPage } from './page-html.ts';
import type { RunCurves } from './series/curves.ts';
import { freeName } from './sources/free-name.ts';

export interface ReportOptions {
  readonly title: string;
  /** Sentences under the page's title. */
  readonly notes: readonly string[];
  /** Whether lines show what OpenAI's models reach. */
  readonly references: boolean;
  readonly csv: boolean;
  readonly tensorboard: boolean;
}

/**
 * Writes the report of these runs into a folder, which is made, and returns the paths of its files.
 * @throws UserError when the system refuses.
 */
export async function writeReport(
  runs: readonly RunCurves[],
  folder: string,
  options: ReportOptions,
): Promise<string[]> {
  const files = new Map<string, string | Uint8Array>();
  for (const theme of THEMES) {
    const figure = resultsFigure(runs, { ...options, theme });
    const svg = drawSvg(figure.option, figure);
    files.set(`results-${theme}.svg`, svg);
    files.set(`results-${theme}.png`, drawPng(svg));
  }
  files.set('report.html', await reportPage(runs, options));
  const names = fileNames(runs);
  for (const [index, run] of runs.entries()) {
    const name = names[index] ?? run.name;
    if (options.csv) files.set(`${name}.csv`, seriesCsv(run));
    if (options.tensorboard) files.set(join('tensorboard', name, FINISHED_EVENT_FILE), eventFile(run));
  }
  const paths: string[] = [];
  for (const [name, content] of files) {
    const path = join(folder, name);
    await makeFolder(join(path, '..'));
    await writeFileAtomic(path, content);
    paths.push(path);
  }
  return paths;
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'EEXIST' || cause.code === 'ENOTDIR'))
      throw new UserError(
        `${path}: expected a folder, found a file there or on the way; give another place with --out`,
      );
    throw fileError(path, 'make the folder', cause);
  }
}

/** The runs' names without what file systems dislike, no two the same. */
function fileNames(runs: readonly RunCurves[]): string[] {
  const names = new Set<string>();
  for (const { name } of runs) {
    const plain = name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|-+$/g, '') || 'run';
    names.add(freeName(plain, names, (count) => `${plain}-${count}`));
  }
  return [...names];
}
