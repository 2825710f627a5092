/** @file The reader's API key, if the server wants one: kept by this tab for every page of the server. */

/** Forgotten when the tab closes. */
const KEY = 'minillm-api-key';

/** Tells of `change` when there is a new key. */
export const keyChanges = new EventTarget();

export function rememberKey(key: string): void {
  sessionStorage.setItem(KEY, key);
  keyChanges.dispatchEvent(new Event('change'));
}

/** The headers that carry it. */
export function authorization(): Record<string, string> {
  const key = sessionStorage.getItem(KEY);
  return key === null ? {} : { authorization: `Bearer ${key}` };
}
