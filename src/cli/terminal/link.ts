/** @file Addresses that can be clicked: OSC 8 (gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda) where a terminal is known to have it. */

const OPEN = '\x1b]8;;';
const END = '\x1b\\';

/** The address, as a link for a terminal that shows those. Elsewhere it is the address alone, which many terminals link by themselves. */
export function terminalLink(
  url: string,
  stream: Pick<NodeJS.WriteStream, 'isTTY'> = process.stdout,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  return stream.isTTY && hasLinks(environment) ? `${OPEN}${url}${END}${url}${OPEN}${END}` : url;
}

/** By the variables that terminals set: that of VTE (GNOME's and others), Konsole, kitty, Windows Terminal, and by name. */
function hasLinks({
  TERM,
  TERM_PROGRAM,
  VTE_VERSION,
  KONSOLE_VERSION,
  KITTY_WINDOW_ID,
  WT_SESSION,
}: NodeJS.ProcessEnv) {
  if (TERM === 'dumb') return false;
  const isNamed = ['iTerm.app', 'WezTerm', 'vscode', 'ghostty'].includes(TERM_PROGRAM ?? '');
  return isNamed || Number(VTE_VERSION) >= 5000 || [KONSOLE_VERSION, KITTY_WINDOW_ID, WT_SESSION].some(Boolean);
}
