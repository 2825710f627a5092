/** @file Documents as tokens: the ids of each document's text, with `<|endoftext|>` (50256) before it. */

import { DamagedFileError } from '../documents/damaged-file.ts';
import { readRowTexts } from '../documents/parquet-rows.ts';
import { ProblemList, type Problems } from '../documents/problems.ts';
import type { UnitWork } from './corpus.ts';
import { TokenList } from './token-list.ts';

/** The outcome of a unit's work. */
export interface TokenizedWork {
  readonly tokens: Uint16Array<ArrayBuffer>;
  readonly problems: Problems;
}

/** The tokens of a unit's documents; a damaged file gives none, and a problem. */
export async function tokenizeWork(work: UnitWork): Promise<TokenizedWork> {
  const tokens = new TokenList();
  const problems = new ProblemList();
  if (work.kind === 'documents') {
    for (const { text, startsDocument } of work.parts) tokens.add(text, startsDocument);
    return { tokens: tokens.take(), problems: problems.take() };
  }
  try {
    for await (const bytes of readRowTexts(work.source, problems)) tokens.add(decodeText(bytes), true);
    return { tokens: tokens.take(), problems: problems.take() };
  } catch (cause) {
    if (!(cause instanceof DamagedFileError)) throw cause;
    problems.add(cause.message);
    return { tokens: new Uint16Array(0), problems: problems.take() };
  }
}

function decodeText({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString();
}
