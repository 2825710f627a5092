/** @file The page from top to bottom: its views, and what they share. */

import { useEffect, useState } from 'preact/hooks';
import { formatCount } from '../../../support/format.ts';
import { RUN_PAGE } from '../../run-page.ts';
import { allowFirstSight } from '../shared/first-sight.ts';
import { rememberFragment } from '../shared/last-fragment.ts';
import { hasServer } from './api/host.ts';
import { Guessing } from './blind/guessing.tsx';
import { Notice } from './notice.tsx';
import type { PageData } from './page-data.ts';
import { PASSAGES } from './read/passages.ts';
import { Reading } from './read/reading.tsx';
import { TabNote } from './tab/tab-note.tsx';
import { usePageData } from './use-page-data.ts';
import { EXAMPLES } from './write/examples.ts';
import { fromFragment, type PageState, toFragment, type View } from './write/link.ts';
import { DEFAULTS, withinLimits } from './write/settings.ts';
import { Writing } from './write/writing.tsx';

const FIRST: PageState = {
  view: 'write',
  prompt: EXAMPLES[0],
  settings: DEFAULTS,
  step: undefined,
  tint: 'probability',
  text: PASSAGES[0].text,
};

/** Browsers refuse to change the address for every letter that is typed. */
const LINK_MILLISECONDS = 300;

export function App() {
  const page = usePageData();
  return page.kind === 'ready' ? (
    <Models data={page.data} />
  ) : (
    <>
      <Top />
      <main class="opening">
        {page.kind === 'loading' ? (
          <div role="status">
            <progress aria-label="The models load" />
            <p>{page.message || 'The models load …'}</p>
          </div>
        ) : (
          <Notice problem={page.problem} onRetry={page.retry} />
        )}
      </main>
    </>
  );
}

function Models({ data }: { readonly data: PageData }) {
  const read = (): PageState => {
    const state = fromFragment(location.hash, FIRST);
    return { ...state, settings: withinLimits(state.settings, data.limits) };
  };
  const [state, setState] = useState(read);
  // counts the links that were followed: each starts the texts anew
  const [link, setLink] = useState(0);
  const change = (part: Partial<PageState>): void => setState((before) => ({ ...before, ...part }));

  useEffect(() => {
    document.title = `${data.main} · miniLLM`;
  }, [data]);
  useEffect(() => {
    const fragment = toFragment(state, FIRST);
    rememberFragment(fragment);
    const timer = setTimeout(() => history.replaceState(null, '', fragment), LINK_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [state]);
  useEffect(() => {
    const follow = (): void => {
      allowFirstSight();
      setState(read());
      setLink((count) => count + 1);
    };
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, [data]);

  const view = { data, state, onChange: change };
  return (
    <>
      <Top data={data}>
        <Views view={state.view} data={data} onChange={(view) => change({ view })} />
      </Top>
      <main key={link}>
        {/* kept while another view is shown */}
        <div hidden={state.view !== 'write'} class={state.tint}>
          <Writing {...view} />
        </div>
        <div hidden={state.view !== 'read'} class={state.tint}>
          <Reading {...view} isShown={state.view === 'read'} />
        </div>
        {data.compared !== null && (
          <div hidden={state.view !== 'guess'} class={state.tint}>
            <Guessing {...view} isShown={state.view === 'guess'} />
          </div>
        )}
        {!hasServer() && <TabNote />}
      </main>
    </>
  );
}

interface TopProps {
  readonly data?: PageData;
  readonly children?: preact.ComponentChildren;
}

function Top({ data, children }: TopProps) {
  return (
    <header class="top">
      <h1>
        <img src="./icon.svg" alt="" width="28" height="28" />
        miniLLM
        {data && (
          <span>
            {data.main} <small>{`${formatCount(data.parameters)} parameters, ${data.precision}`}</small>
          </span>
        )}
      </h1>
      {children}
    </header>
  );
}

const VIEW_NAMES: Readonly<Record<View, string>> = {
  write: 'Write',
  read: 'Read with me',
  guess: 'Which one is trained?',
};

interface ViewsProps {
  readonly view: View;
  readonly data: PageData;
  readonly onChange: (view: View) => void;
}

function Views({ view, data: { compared, hasRun }, onChange }: ViewsProps) {
  return (
    <nav aria-label="Views">
      {(Object.entries(VIEW_NAMES) as [View, string][])
        .filter(([name]) => compared !== null || name !== 'guess')
        .map(([name, title]) => (
          <button
            key={name}
            type="button"
            aria-current={name === view ? 'page' : undefined}
            onClick={() => onChange(name)}
          >
            {title}
          </button>
        ))}
      {hasRun && <a href={RUN_PAGE}>Training</a>}
    </nav>
  );
}
