/** @file The user's home folder, if there is one. */

import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** `HOME`, else the system's entry for the user; undefined when neither names a folder (a user id without an entry). */
function homeFolder(): string | undefined {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}

/** `XDG_CACHE_HOME`, else `.cache` at home. An empty or relative one is ignored (XDG Base Directory Specification). */
export function xdgCacheHome(): string | undefined {
  const named = process.env.XDG_CACHE_HOME ?? '';
  if (isAbsolute(named)) return named;
  const home = homeFolder();
  return home && join(home, '.cache');
}
