/** @file The view of the charts, kept in the page's address. */

import { useEffect, useState } from 'preact/hooks';
import { fromFragment, toFragment, type View } from './view.ts';

/** Browsers refuse to change the address for every move of a slider. */
const LINK_MILLISECONDS = 300;

export function useView(): readonly [view: View, change: (part: Partial<View>) => void] {
  const [view, setView] = useState(() => fromFragment(location.hash));
  useEffect(() => {
    const write = (): void =>
      history.replaceState(null, '', `${location.pathname}${location.search}${toFragment(view)}`);
    const timer = setTimeout(write, LINK_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [view]);
  useEffect(() => {
    const follow = (): void => setView(fromFragment(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return [view, (part) => setView((before) => ({ ...before, ...part }))];
}
