/** @file What the playground showed last in this tab, for links from other pages back to it. */

const KEY = 'minillm-playground';

export function rememberFragment(fragment: string): void {
  sessionStorage.setItem(KEY, fragment);
}

/** `#prompt=…`; empty where the playground was not open. */
export function lastFragment(): string {
  return sessionStorage.getItem(KEY) ?? '';
}
