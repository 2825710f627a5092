/** @file The texts of tokens by their ids, asked for when they are first shown. */

import { getJson } from './request.ts';

const known = new Map<number, string>();

/** Those of the ids that are not known yet are fetched. @throws ApiProblem */
export async function fetchTokenTexts(ids: readonly number[]): Promise<void> {
  const missing = [...new Set(ids)].filter((id) => !known.has(id));
  if (missing.length === 0) return;
  const texts = await getJson<Record<string, string>>(`app/tokens.json?ids=${missing.join(',')}`);
  for (const [id, text] of Object.entries(texts)) known.set(Number(id), text);
}

/** The text of a token, undefined until it was fetched. */
export const tokenText = (id: number): string | undefined => known.get(id);
