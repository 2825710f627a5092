/** @file Documents that are read one after the other, cut into units. Where the cuts fall depends on the documents alone. */

import type { DocumentPart } from '../documents/documents.ts';
import { ProblemList } from '../documents/problems.ts';
import type { BuildSettings, Corpus, CorpusUnit, UnitPlace } from './corpus.ts';

/** Characters of text in a unit. */
const UNIT_LENGTH = 1 << 20;
const BYTES_PER_CHARACTER = 2;

/**
 * The units of one file, beginning with the one at `from`. Those before it are read, as only reading shows where they
 * end, but not given.
 * @param problems where the reader of the documents puts what is wrong; emptied into the units.
 */
export async function* documentUnits(
  parts: AsyncIterable<DocumentPart>,
  from: UnitPlace,
  problems = new ProblemList(),
): AsyncGenerator<CorpusUnit> {
  let batch: DocumentPart[] = [];
  let length = 0;
  let bytes = 0;
  let unit = 0;
  const cut = (): CorpusUnit => {
    const place = { file: from.file, unit: unit++ };
    const label = `file ${place.file + 1}, part ${place.unit + 1}`;
    const work = { kind: 'documents', label, parts: batch } as const;
    const cutUnit = { ...place, work, bytes, weight: BYTES_PER_CHARACTER * length, problems: problems.take() };
    batch = [];
    length = 0;
    bytes = 0;
    return cutUnit;
  };
  for await (const part of parts) {
    batch.push(part);
    length += part.text.length;
    bytes += part.bytes;
    if (length < UNIT_LENGTH) continue;
    const whole = cut();
    if (whole.unit >= from.unit) yield whole;
  }
  const isEmpty = batch.length === 0;
  const last = cut();
  if (last.unit >= from.unit && !(isEmpty && last.problems.count === 0)) yield last;
}

export interface DocumentCorpusOptions {
  /** What the documents are, for `dataset.json`. */
  readonly source: string;
  /** The same documents in the same order, each time a build with these settings starts. */
  readonly documents: AsyncIterable<DocumentPart>;
  readonly settings?: BuildSettings;
}

/** A corpus of documents that come from anywhere. It resumes by reading and skipping what was done. */
export function documentCorpus({ source, documents, settings = {} }: DocumentCorpusOptions): Corpus {
  return {
    source,
    settings: { source, ...settings },
    async *units(from, signal) {
      for await (const unit of documentUnits(documents, from)) {
        if (signal.aborted) return;
        yield unit;
      }
    },
  };
}
