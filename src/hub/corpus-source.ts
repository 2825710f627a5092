/** @file What `dataset.json` says about a corpus of the hub: `OWNER/NAME SUBSET @ COMMIT`. */

import type { Repository } from './repository.ts';

/** The source of documents of a repository. */
export function sourceOf({ name, commit }: Pick<Repository, 'name' | 'commit'>, subset?: string): string {
  return `${name}${subset === undefined ? '' : ` ${subset}`} @ ${commit}`;
}

/** The commit in a source of the same repository and subset, so that a build that is taken up again reads the same files. */
export function commitOfSource(source: string, name: string, subset?: string): string | undefined {
  const commit = / @ ([0-9a-f]{40})$/.exec(source)?.[1];
  return commit !== undefined && source === sourceOf({ name, commit }, subset) ? commit : undefined;
}
