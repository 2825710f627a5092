/** @file Documents, read to the end. */

import { type ReadDocumentsOptions, readDocuments } from '#minillm/data/documents/documents.js';
import { FuzzFailure } from './target.ts';

/** @throws UserError when the file is refused. */
export async function readTexts(path: string, options?: ReadDocumentsOptions): Promise<void> {
  for await (const { text } of readDocuments([path], options))
    if (text === '') throw new FuzzFailure('a document without text');
}
