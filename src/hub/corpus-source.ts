/** @file What `dataset.json` says about a corpus of the hub: `OWNER/NAME SUBSET @ COMMIT`. */

import type { Repository } from './repository.ts';

/** The source of documents of a repository. */
export function formatSource({ name, commit }: Pick<Repository, 'name' | 'commit'>, subset?: string): string {
  return `${name}${subset === undefined ? '' : ` ${subset}`} @ ${commit}`;
}

/** The commit in a source of the same repository and subset, so that a resumed build reads the same files. */
export function commitOfSource(source: string, name: string, subset?: string): string | undefined {
  const commit = / @ ([0-9a-f]{40})$/.exec(source)?.[1];
  return commit !== undefined && source === formatSource({ name, commit }, subset) ? commit : undefined;
}
