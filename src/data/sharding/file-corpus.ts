/** @file A corpus of files: Parquet by row groups, JSON lines and plain text by batches of documents. */
import { createHash } from 'node:crypto';
import type { CorpusFile, CorpusFiles } from '../../hub/corpus-files.ts';
import { DamagedFileError } from '../documents/damaged-file.ts';
import { type ReadDocumentsOptions, readDocuments } from '../documents/documents.ts';
import { openRowGroups, type RowGroupOfFile } from '../documents/parquet-file.ts';
import { NO_PROBLEMS, ProblemList } from '../documents/problems.ts';
import type { BuildSettings, Corpus, CorpusUnit, UnitPlace } from './corpus.ts';
import { documentUnits } from './document-units.ts';

/** Files that need no release stay where they are. */
export type ReadableFiles = Omit<CorpusFiles, 'release'> & Partial<Pick<CorpusFiles, 'release'>>;

export interface FileCorpusOptions {
  readonly files: ReadableFiles;
  /** Parquet or JSON lines: the column or field that holds the text; `text` by default. */
  readonly textField?: string;
  /** Plain text: what stands between two documents; `<|endoftext|>` by default. */
  readonly splitOn?: string;
  /** Reads every file as Parquet; by default those whose names end in `.parquet`. */
  readonly parquet?: boolean;
  /** Makes what is no document a problem of its unit; otherwise reading ends there with an error. */
  readonly skipBad?: boolean;
  /** Parquet and JSON lines: an empty text is a document of `<|endoftext|>` alone, as in build-nanogpt. */
  readonly keepEmpty?: boolean;
  /** Called with the total bytes fetched so far. */
  readonly onFetched?: (bytes: number) => void;
}

/** The documents of files, one file after the other. Each is fetched when its turn comes. */
export function fileCorpus(options: FileCorpusOptions): Corpus {
  const { files, textField = 'text', splitOn = null } = options;
  const { release } = files;
  return {
    source: files.source,
    settings: { source: files.source, ...fileSettings(files.files), textField, splitOn },
    bytes: files.files.reduce((sum, file) => sum + file.bytes, 0),
    async *units(from, signal) {
      const fetch = fetching(options, signal);
      for (let file = from.file; file < files.files.length && !signal.aborted; file++) {
        const place = { file, unit: file === from.file ? from.unit : 0 };
        yield* unitsOfFile(await fetch(file), files.files[file]!, place, options);
        yield { ...place, work: undefined, bytes: 0, weight: 0, problems: NO_PROBLEMS };
      }
    },
    ...(release === undefined ? {} : { release: (file) => release.call(files, file) }),
  };
}

/** What identifies a list of files. */
function fileSettings(files: readonly CorpusFile[]): BuildSettings {
  const hash = createHash('sha256');
  for (const file of files) hash.update(JSON.stringify(file));
  return { files: files.length, filesDigest: hash.digest('hex').slice(0, 16) };
}

/** Fetches files in turn and reports the total bytes fetched. */
function fetching({ files, onFetched }: FileCorpusOptions, signal: AbortSignal): (file: number) => Promise<string> {
  let before = 0;
  return async (file) => {
    const path = await files.fetch(file, { signal, onProgress: (bytes) => onFetched?.(before + bytes) });
    before += files.files[file]?.bytes ?? 0;
    onFetched?.(before);
    return path;
  };
}

function unitsOfFile(
  path: string,
  file: CorpusFile,
  from: UnitPlace,
  options: FileCorpusOptions,
): AsyncGenerator<CorpusUnit> {
  const { textField, splitOn, skipBad = false, keepEmpty = false } = options;
  if (options.parquet || file.name.endsWith('.parquet')) {
    return rowGroupUnits(file, from, openRowGroups(path, file.name, textField ?? 'text', keepEmpty));
  }
  const problems = new ProblemList();
  const reading: ReadDocumentsOptions = {
    keepEmpty,
    ...(textField === undefined ? {} : { textField }),
    ...(splitOn === undefined ? {} : { splitOn }),
    ...(skipBad ? { onBadLine: (problem: string) => problems.add(problem) } : {}),
  };
  return documentUnits(readDocuments([path], reading), from, problems);
}

async function* rowGroupUnits(
  { name, bytes }: CorpusFile,
  from: UnitPlace,
  opening: Promise<RowGroupOfFile[]>,
): AsyncGenerator<CorpusUnit> {
  let groups: RowGroupOfFile[];
  try {
    groups = await opening;
  } catch (error) {
    if (!(error instanceof DamagedFileError)) throw error;
    const problems = { count: 1, messages: [error.message] };
    if (from.unit === 0)
      yield { ...from, work: { kind: 'documents', label: name, parts: [] }, bytes, weight: 0, problems };
    return;
  }
  const bytesBefore = (group: number): number => Math.round((bytes * group) / groups.length);
  for (const [unit, { source, bytes: weight }] of groups.entries()) {
    if (unit < from.unit) continue;
    const share = bytesBefore(unit + 1) - bytesBefore(unit);
    yield {
      file: from.file,
      unit,
      work: { kind: 'row group', label: source.label, source },
      bytes: share,
      weight,
      problems: NO_PROBLEMS,
    };
  }
}
