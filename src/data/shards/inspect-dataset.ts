/** @file What is in a folder of shards, found by reading all of it: checksums, frequencies, lengths, some documents. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { END_OF_TEXT, VOCABULARY_SIZE } from '../../support/gpt2-vocabulary.ts';
import { Random } from '../../support/random.ts';
import { streamRegularFile } from '../../support/regular-file.ts';
import { decode } from '../tokenizer/tokenizer.ts';
import { openDataset, type ShardSet } from './dataset.ts';
import type { DatasetDescription } from './dataset-description.ts';
import type { Shard } from './shard.ts';

const READ_TOKENS = 1 << 19;
/** More of a document is not shown. */
const SHOWN_TOKENS = 300;
/** 2³¹ tokens, more than any document. */
const LENGTH_BINS = 32;

export interface ShardReport {
  readonly name: string;
  readonly tokens: number;
  readonly sha256: string;
  /** Whether that is what `dataset.json` says; undefined where it says nothing. */
  readonly isAsDescribed: boolean | undefined;
}

export interface DatasetReport {
  readonly source: string | undefined;
  readonly trainTokens: number;
  readonly validationTokens: number;
  readonly documents: number;
  readonly shards: readonly ShardReport[];
  /** How often each id occurs. */
  readonly tokenCounts: Float64Array;
  /** Documents of 2^i to 2^(i+1) − 1 tokens, `<|endoftext|>` left out; those of none stand with those of one. */
  readonly lengthCounts: readonly number[];
  readonly longestDocument: number;
  readonly samples: readonly DocumentSample[];
  /** Of each shard the first id that is none of the vocabulary. */
  readonly strays: readonly StrayToken[];
}

/** An id that no token has. */
export interface StrayToken {
  readonly shard: string;
  readonly position: number;
  readonly id: number;
}

export interface DocumentSample {
  readonly shard: string;
  /** Where in the shard it begins. */
  readonly position: number;
  readonly text: string;
  /** Whether there is more of it than is shown. */
  readonly isCut: boolean;
}

export interface InspectOptions {
  /** How many documents are shown, and which. */
  readonly samples: number;
  readonly seed: number;
  readonly onProgress?: (tokens: number, total: number) => void;
}

/** Reads every shard of a folder; see `openDataset` for its errors. */
export async function inspectDataset(folder: string, options: InspectOptions): Promise<DatasetReport> {
  const { train, validation, description, close } = await openDataset(folder);
  try {
    const census = new Census(options);
    const total = train.tokenCount + validation.tokenCount;
    let read = 0;
    for (const split of [validation, train]) {
      for (const shard of split.shards) {
        for (let start = 0; start < shard.tokenCount; start += READ_TOKENS) {
          const tokens = shard.read(start, Math.min(READ_TOKENS, shard.tokenCount - start));
          census.add(tokens, shard, start);
          read += tokens.length;
          options.onProgress?.(read, total);
        }
      }
      census.endDocument();
    }
    return {
      source: description?.source,
      trainTokens: train.tokenCount,
      validationTokens: validation.tokenCount,
      shards: await reportShards([validation, train], description),
      samples: census.starts.map(sampleAt),
      ...census.result(),
    };
  } finally {
    close();
  }
}

/** Where a document begins: at its `<|endoftext|>`. */
interface DocumentStart {
  readonly shard: Shard;
  readonly position: number;
}

/** Counts tokens and documents as they pass, and keeps some documents, each with the same chance (reservoir sampling). */
class Census {
  readonly starts: DocumentStart[] = [];
  readonly #strays = new Map<Shard, StrayToken>();
  readonly #tokenCounts = new Float64Array(VOCABULARY_SIZE);
  readonly #lengthCounts = new Array<number>(LENGTH_BINS).fill(0);
  readonly #samples: number;
  readonly #random: Random;
  #documents = 0;
  #longest = 0;
  /** Tokens of the document that has begun; undefined before the first. */
  #length: number | undefined;

  constructor({ samples, seed }: InspectOptions) {
    this.#samples = samples;
    this.#random = new Random(seed, 'documents');
  }

  add(tokens: Uint16Array, shard: Shard, start: number): void {
    const counts = this.#tokenCounts;
    for (let i = 0; i < tokens.length; i++) {
      const id = tokens[i]!;
      if (id < VOCABULARY_SIZE) counts[id]!++;
      else if (!this.#strays.has(shard))
        this.#strays.set(shard, { shard: basename(shard.path), position: start + i, id });
    }
    let from = 0;
    for (let at = tokens.indexOf(END_OF_TEXT); at >= 0; at = tokens.indexOf(END_OF_TEXT, from)) {
      if (this.#length !== undefined) this.#length += at - from;
      this.endDocument();
      this.#length = 0;
      this.#keep({ shard, position: start + at });
      from = at + 1;
    }
    if (this.#length !== undefined) this.#length += tokens.length - from;
  }

  endDocument(): void {
    if (this.#length === undefined) return;
    this.#lengthCounts[Math.floor(Math.log2(Math.max(1, this.#length)))]!++;
    this.#longest = Math.max(this.#longest, this.#length);
    this.#length = undefined;
  }

  #keep(start: DocumentStart): void {
    this.#documents++;
    const place = Math.floor(this.#random.uniform() * this.#documents);
    if (this.starts.length < this.#samples) this.starts.push(start);
    else if (place < this.#samples) this.starts[place] = start;
  }

  result(): Pick<DatasetReport, 'documents' | 'tokenCounts' | 'lengthCounts' | 'longestDocument' | 'strays'> {
    return {
      strays: [...this.#strays.values()],
      documents: this.#documents,
      longestDocument: this.#longest,
      tokenCounts: this.#tokenCounts,
      lengthCounts: this.#lengthCounts,
    };
  }
}

function sampleAt({ shard, position }: DocumentStart): DocumentSample {
  const rest = shard.read(position + 1, Math.min(SHOWN_TOKENS + 1, shard.tokenCount - position - 1));
  const next = rest.indexOf(END_OF_TEXT);
  const end = next >= 0 ? next : rest.length;
  const shown = rest.subarray(0, Math.min(end, SHOWN_TOKENS));
  return { shard: basename(shard.path), position, text: decode(shown), isCut: next < 0 || end > SHOWN_TOKENS };
}

async function reportShards(
  splits: readonly ShardSet[],
  description: DatasetDescription | undefined,
): Promise<ShardReport[]> {
  const described = new Map(description?.shards.map(({ name, sha256 }) => [name, sha256]));
  const reports: ShardReport[] = [];
  for (const { path, tokenCount } of splits.flatMap(({ shards }) => shards)) {
    const name = basename(path);
    const hash = createHash('sha256');
    for await (const bytes of streamRegularFile(path)) hash.update(bytes);
    const sha256 = hash.digest('hex');
    const expected = described.get(name);
    reports.push({
      name,
      tokens: tokenCount,
      sha256,
      isAsDescribed: expected === undefined ? undefined : expected === sha256,
    });
  }
  return reports;
}
