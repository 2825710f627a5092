/**
 * @file When the playground writes without having been asked: once in a tab, and only while somebody can see it. Many may
 * open the page of a public server, and every text takes a share of it.
 */

/** Set once this tab has written by itself; forgotten when it closes. */
const KEY = 'minillm-written';

/** Calls `write` as soon as the page is seen, unless this tab has written before; the result calls it off. */
export function onFirstSight(write: () => void): () => void {
  const check = (): void => {
    // a page that is rendered before it is opened counts as hidden
    if (document.visibilityState === 'hidden') return;
    callOff();
    if (sessionStorage.getItem(KEY) !== null) return;
    sessionStorage.setItem(KEY, 'yes');
    write();
  };
  const callOff = (): void => document.removeEventListener('visibilitychange', check);
  document.addEventListener('visibilitychange', check);
  check();
  return callOff;
}

/** Whoever follows a link, or comes back from another page, wants to see what it leads to. */
export function allowFirstSight(): void {
  sessionStorage.removeItem(KEY);
}
