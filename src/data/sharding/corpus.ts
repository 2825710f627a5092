/**
 * @file What is turned into shards: files in a fixed order, each a row of units in a fixed order. A unit is what one thread
 * tokenises at once; its tokens depend on nothing else, so that the stream of all tokens is the same however many
 * threads there are, and can be taken up again at any unit.
 */
import type { DocumentPart } from '../documents/documents.ts';
import type { RowGroupSource } from '../documents/parquet-file.ts';
import type { Problems } from '../documents/problems.ts';

/** A unit's place: the number of its file and its own within the file, both from 0. */
export interface UnitPlace {
  readonly file: number;
  readonly unit: number;
}

/** What a thread is handed. */
export type UnitWork =
  /** Errors name it by its label. */
  | { readonly kind: 'documents'; readonly label: string; readonly parts: readonly DocumentPart[] }
  | { readonly kind: 'row group'; readonly label: string; readonly source: RowGroupSource };

export interface CorpusUnit extends UnitPlace {
  /** Undefined for the end of a file, which comes after its last unit. */
  readonly work: UnitWork | undefined;
  /** Its share of its file's bytes as they lie on disk, for progress. */
  readonly bytes: number;
  /** Roughly the bytes it takes in memory. */
  readonly weight: number;
  /** What was found instead of documents while the unit was cut. */
  readonly problems: Problems;
}

/** What distinguishes two builds of the same folder. */
export type BuildSettings = Readonly<Record<string, string | number | boolean | null>>;

export interface Corpus {
  /** What the documents are, for people and for `dataset.json`. */
  readonly source: string;
  /** What determines the documents and their order. A build only resumes with equal settings. */
  readonly settings: BuildSettings;
  /** Bytes of all files, where that is known. */
  readonly bytes?: number;
  /** The units in order, beginning with the one at `from`. Ends early, without an error, when the signal aborts. */
  units(from: UnitPlace, signal: AbortSignal): AsyncIterable<CorpusUnit>;
  /** Called once all units of a file are in shards and recorded; absent where nobody needs to know. */
  release?(file: number): Promise<void>;
}
