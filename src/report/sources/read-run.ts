/** @file A run by the name the user gives it: a run folder, or a log or table that some other program wrote. */

import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { metricsPath } from '../../runs/metrics.ts';
import { messageOf, UserError } from '../../support/errors.ts';
import { exists, fileError } from '../../support/files.ts';
import { readRegularFile } from '../../support/regular-file.ts';
import type { RunCurves } from '../series/curves.ts';
import { isBuildNanogptLine, readBuildNanogptLog } from './build-nanogpt-log.ts';
import { freeName } from './free-name.ts';
import { isLlmcLine, readLlmcLog } from './llmc-log.ts';
import { findLog } from './log-folder.ts';
import { readRunFolder } from './run-folder.ts';
import { isTableHeader, readTable, type TableRun } from './table-file.ts';

/** More than any log of one run; a larger file is not what its name says. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Of a log: a table has a few columns, a run at most some million steps. */
const MAX_LINE_BYTES = 65_536;
const MAX_LINES = 4_000_000;

const FORMATS =
  'a run folder, a log of build-nanogpt ("0 train 10.95") or llm.c ("s:0 trl:10.95") or its folder, or a table (TSV, CSV) with a header that names step and loss, val_loss, hellaswag, lr or norm; any of them may end in .gz';

/** Names that say what a file is, not which run it is from. */
const COMMON_NAMES = ['log', 'logs', 'main', 'metrics', 'out', 'report'];

/**
 * Reads runs given as PATH or NAME=PATH, each under a name of its own.
 * @param tokensPerStep for the runs that do not say it themselves
 * @throws UserError saying which runs are missing, empty or of no known format.
 */
export async function readRuns(given: readonly string[], tokensPerStep: number | undefined): Promise<RunCurves[]> {
  const runs: RunCurves[] = [];
  for (const argument of given) {
    const { name, path } = await splitName(argument);
    const read = await readCurves(path);
    const ownName = freeName(name, new Set(runs.map((run) => run.name)), (count) => `${name} (${count})`);
    runs.push({ ...read, name: ownName, tokensPerStep: read.tokensPerStep ?? tokensPerStep });
  }
  return runs;
}

async function splitName(argument: string): Promise<{ readonly name: string; readonly path: string }> {
  const at = argument.indexOf('=');
  if (at > 0 && !(await exists(argument))) return { name: argument.slice(0, at), path: argument.slice(at + 1) };
  return { name: runName(argument), path: argument };
}

/** `out/book` is book, `build-nanogpt/log/log.txt` is build-nanogpt. */
function runName(path: string): string {
  let place = resolve(path);
  let name = basename(place).replace(/(\.(gz|tsv|csv|txt|log|jsonl))+$/, '');
  while (COMMON_NAMES.includes(name) && dirname(place) !== place) {
    place = dirname(place);
    name = basename(place);
  }
  return name || 'run';
}

async function readCurves(path: string): Promise<Omit<RunCurves, 'name'>> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats) throw new UserError(`${path}: expected ${FORMATS}; found nothing there`);
  if (stats.isDirectory()) {
    const log = (await exists(metricsPath(path))) ? undefined : await findLog(path);
    return log === undefined ? readRunFolder(path) : readCurves(log);
  }
  if (basename(path) === 'metrics.jsonl') return readRunFolder(dirname(path));
  const { collector, ...known } = readLog(await readText(path), path);
  if (collector.isEmpty) throw new UserError(`${path}: expected measurements, found none yet`);
  return {
    path,
    series: collector.collected(),
    samples: [],
    ...known,
    facts: undefined,
    writtenAt: stats.mtimeMs,
  };
}

/** Recognises a log by its first line. A last line without a line break was still being written, and is skipped. */
function readLog(text: string, path: string): TableRun {
  const lines = text.replace(/^\uFEFF?[\r\n]*/, '').split(/\r?\n/);
  const first = lines.find((line) => line !== '') ?? '';
  if (isTableHeader(first)) return readTable(lines, path);
  const whole = lines.slice(0, -1);
  const unknown = { tokensPerStep: undefined, hellaswagExamples: undefined };
  if (isBuildNanogptLine(first)) return { collector: readBuildNanogptLog(whole, path), ...unknown };
  if (isLlmcLine(first)) return { collector: readLlmcLog(whole, path), ...unknown };
  const found = first === '' ? 'an empty file' : `"${printable(first.slice(0, 60))}"`;
  throw new UserError(`${path}: expected ${FORMATS}; found ${found}`);
}

async function readText(path: string): Promise<string> {
  try {
    const bytes = await readRegularFile(path, MAX_BYTES);
    const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const text = isCompressed ? await promisify(gunzip)(bytes, { maxOutputLength: MAX_BYTES }) : bytes;
    checkLines(text, path);
    return text.toString('utf8');
  } catch (cause) {
    if (cause instanceof UserError || (cause instanceof Error && 'syscall' in cause))
      throw fileError(path, 'read it', cause);
    throw new UserError(`${path}: could not be decompressed (${messageOf(cause)})`);
  }
}

/** Memory grows with the number of lines, and the time to match a line with its length. */
function checkLines(text: Buffer, path: string): void {
  let lines = 0;
  for (let start = 0; start < text.length; lines++) {
    const end = text.indexOf('\n', start);
    const length = (end < 0 ? text.length : end) - start;
    if (length > MAX_LINE_BYTES)
      throw new UserError(
        `${path}: line ${lines + 1}: expected at most ${MAX_LINE_BYTES} bytes, found ${length}; is it a log?`,
      );
    if (lines === MAX_LINES) throw new UserError(`${path}: expected at most ${MAX_LINES} lines, found more`);
    start += length + 1;
  }
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?');
}
