/** @file Writes a static site of the app: its pages, the models, and what the pages are told of them. */

import { copyFile, mkdir, readdir, readFile, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { UserError } from '../../support/errors.ts';
import { formatBytes } from '../../support/format.ts';
import { UNTRAINED } from '../server/models/model-source.ts';
import type { ModelSource } from '../server/models/served-model.ts';
import type { Site, SiteModel } from '../tab/site.ts';
import { writeModelFiles } from './model-files.ts';
import { BUILT, listPageFiles } from './page-files.ts';
import { MANIFEST, writeSiteFolder } from './site-folder.ts';
import type { SitePlan } from './site-plan.ts';

/** Room for the pages and the file system's own blocks. */
const PAGES_BYTES = 10e6;

/** A server sets the headers itself, so only a site has the script. */
const ISOLATION_SCRIPT = '<script src="isolation.js"></script>';

export interface WriteSiteOptions {
  /** Of miniLLM. */
  readonly version: string;
  readonly signal: AbortSignal;
  /** Called with the bytes of weights that have been written, the model being the one that is converted. */
  readonly onProgress?: (model: string, bytes: number, totalBytes: number) => void;
  /** Where the build has the pages; default: where it writes it. */
  readonly built?: string;
}

export interface SiteFile {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Writes the site, in place of an older one.
 * @returns its files
 * @throws UserError when the folder holds something else or is being written to, the disk has too little room, or a
 * checkpoint is damaged; the signal's reason.
 */
export async function writeSite(folder: string, plan: SitePlan, options: WriteSiteOptions): Promise<SiteFile[]> {
  let files: SiteFile[] = [];
  await writeSiteFolder(folder, async (made) => {
    await checkRoom(folder, plan);
    await copyPages(made, options.built ?? BUILT);
    const hashes = await writeModels(made, plan, options);
    await writeFile(join(made, MANIFEST), `${JSON.stringify(await describeSite(plan, hashes, options.version))}\n`);
    files = await listFiles(made);
  });
  return files;
}

async function checkRoom(folder: string, { files }: SitePlan): Promise<void> {
  const needed = bytesOf(files) + PAGES_BYTES;
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free < needed)
    throw new UserError(
      `${folder}: the site needs ${formatBytes(needed)}, ${formatBytes(free)} are free; make room, or ask for less with --slider or --weights int8`,
    );
}

async function copyPages(made: string, built: string): Promise<void> {
  for (const { path, built: from } of await listPageFiles(built)) {
    const [source, target] = [join(built, from), join(made, path)];
    await mkdir(dirname(target), { recursive: true });
    if (path.endsWith('.html')) await writeFile(target, isolated(await readFile(source, 'utf8')));
    else await copyFile(source, target);
  }
}

/** A page with the script that isolates it. */
const isolated = (page: string): string => page.replace('<head>', `<head>${ISOLATION_SCRIPT}`);

/** The hashes of each file of weights, by its key in the plan. */
type Hashes = ReadonlyMap<string, readonly string[]>;

async function writeModels(
  made: string,
  { files, weights }: SitePlan,
  { signal, onProgress }: WriteSiteOptions,
): Promise<Hashes> {
  const total = bytesOf(files);
  const hashes = new Map<string, readonly string[]>();
  let before = 0;
  for (const [key, file] of files) {
    const sha256 = await writeModelFiles(join(made, file.folder), file, weights, (bytes) => {
      signal.throwIfAborted();
      onProgress?.(file.id, before + bytes, total);
    });
    hashes.set(key, sha256);
    before += file.bytes;
  }
  return hashes;
}

const bytesOf = (files: SitePlan['files']): number => [...files.values()].reduce((sum, { bytes }) => sum + bytes, 0);

/** What `site.json` says. */
async function describeSite(plan: SitePlan, hashes: Hashes, version: string): Promise<Site> {
  const { main, compared, weights, steps } = plan;
  const { curve, validationLosses } = await main.curves();
  const { seed } = main;
  const describe = ({ id, key, config }: ModelSource): SiteModel => {
    const [file, sha256] = [plan.files.get(key), hashes.get(key)];
    if (file && sha256) return { id, file: { folder: file.folder, bytes: file.bytes, sha256 }, config };
    // `untrained:PRESET` is of no run
    return seed === undefined || key !== UNTRAINED ? { id, config } : { id, config, seed };
  };
  return {
    ...{ version, weights, curve, main: describe(main), compared: compared ? describe(compared) : null },
    steps: steps.map((source) => ({
      ...describe(source),
      ...{ step: source.step, validationLoss: validationLosses.get(source.step) ?? null },
    })),
  };
}

async function listFiles(folder: string): Promise<SiteFile[]> {
  const files: SiteFile[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.push({ path: relative(folder, path).replaceAll('\\', '/'), bytes: (await stat(path)).size });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
