/** @file A path as one word of a command that we tell people to type. */

/** As a POSIX shell reads it; on Windows as PowerShell and cmd do, where a path has no quotation marks. */
export function shellWord(path: string): string {
  if (process.platform === 'win32') return /^[\w.\\/:-]+$/.test(path) ? path : `"${path}"`;
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
