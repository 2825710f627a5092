/** @file The files of a corpus, wherever they are: all are known before the first of them is on this disk. */

/** A file of a corpus, known before it is on this disk. */
export interface CorpusFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256?: string;
}

/** Files of a corpus in a fixed order. */
export interface CorpusFiles {
  /** For people and for dataset.json: `HuggingFaceFW/fineweb-edu sample-10BT @ COMMIT`. */
  readonly source: string;
  readonly files: readonly CorpusFile[];
  /** Gives the path of a verified local file. */
  fetch(index: number, options: { signal: AbortSignal; onProgress?: (bytes: number) => void }): Promise<string>;
  /** Says that a file has been sharded and may be deleted. */
  release(index: number): Promise<void>;
}
