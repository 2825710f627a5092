/** @file At the foot of a page without a server: what runs the models, and what is being read. */

import { useEffect, useState } from 'preact/hooks';
import type { TabDescription } from '../../../tab/tab-description.ts';
import { threadsAdvice } from '../../shared/threads-advice.ts';
import { getJson } from '../api/request.ts';
import { useDoing } from './doing.ts';

export function TabNote() {
  const [tab, setTab] = useState<TabDescription>();
  const doing = useDoing();
  useEffect(() => {
    // without it the page only says less
    getJson<TabDescription>('app/tab.json').then(setTab, () => undefined);
  }, []);
  return (
    <footer class="tab-note">
      <p role="status">{doing}</p>
      {tab && (
        <p>
          The models run in this tab, on {tab.device}; what you write stays here.
          {tab.weights && ` ${tab.weights}.`}
          {tab.missing && ` Here ${tab.missing}.`}
          {!crossOriginIsolated && ` With several threads it would be faster${threadsAdvice()}.`}
        </p>
      )}
    </footer>
  );
}
