/** @file The first view: both models go on from one prompt, with the same seed and the same draws. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { onFirstSight } from '../../shared/first-sight.ts';
import { crossScores, promptIds } from '../api/cross-scores.ts';
import { hasServer } from '../api/host.ts';
import { tokenText } from '../api/token-texts.ts';
import { modelTitle } from '../page-data.ts';
import { CheckpointSlider } from '../steps/checkpoint-slider.tsx';
import { chosenModel, describeModel } from '../steps/checkpoints.ts';
import type { CardRow } from '../tokens/card-rows.ts';
import { Legend } from '../tokens/legend.tsx';
import type { TokenLook } from '../tokens/tinted-text.tsx';
import { TokenCard } from '../tokens/token-card.tsx';
import { useTokenCard } from '../tokens/use-token-card.ts';
import { topOf, type ViewProps } from '../view.ts';
import { CopyButton } from './copy-button.tsx';
import { CopyMenu } from './copy-menu.tsx';
import { PaneView } from './pane-view.tsx';
import { PromptForm } from './prompt-form.tsx';
import type { Settings } from './settings.ts';
import { snippet } from './snippets.ts';
import { useOthers } from './use-others.ts';
import { type Pane, usePane } from './use-pane.ts';

/** A slider that passes over checkpoints does not start them all. */
const SETTLE_MILLISECONDS = 200;

export function Writing({ data, state, onChange }: ViewProps) {
  const { prompt, settings, step, tint } = state;
  const top = topOf(data);
  const main = usePane();
  const compared = usePane();
  const card = useTokenCard();
  const settling = useRef<number>(undefined);
  const trained = chosenModel(data, step);
  const panes: readonly [Pane, string, string | undefined][] =
    data.compared === null
      ? [[main, trained, undefined]]
      : [
          [compared, data.compared, trained],
          [main, trained, data.compared],
        ];

  const start = (pane: Pane, model: string, given: { readonly prompt: string; readonly settings: Settings }): void =>
    pane.run({
      start: { model, prompt: given.prompt, samples: [] },
      prompt: given.prompt,
      settings: given.settings,
      logprobs: top,
    });
  const run = (instead: { readonly prompt?: string; readonly settings?: Settings } = {}): void => {
    const given = { prompt, settings, ...instead };
    card.close();
    onChange(given);
    for (const [pane, model] of panes) start(pane, model, given);
  };
  const change = (next: number | undefined): void => {
    onChange({ step: next });
    card.close();
    clearTimeout(settling.current);
    settling.current = setTimeout(
      () => start(main, chosenModel(data, next), { prompt, settings }),
      SETTLE_MILLISECONDS,
    );
  };
  // the page shows what it is for
  useEffect(() => {
    const isWanted = state.view === 'write' && main.state.status === 'empty' && prompt !== '';
    return isWanted ? onFirstSight(run) : undefined;
  }, [state.view]);

  const goOn = (pane: Pane, sample: number, index: number, { id, own }: CardRow): void => {
    card.close();
    const { samples, prompt: given, model } = pane.state;
    const written = samples[sample]?.tokens[index];
    if (!written || own === undefined) return;
    const kept = samples[sample]?.tokens.slice(0, index) ?? [];
    const chosen = { id, text: tokenText(id) ?? '', logprob: own, top: written.top };
    const tokens = [...kept, chosen];
    pane.run({
      start: { model, prompt: given, samples: samples.map((other, place) => (place === sample ? { tokens } : other)) },
      prompt: async () => [...(await promptIds(model, given)), ...tokens.map((token) => token.id)],
      settings: { ...settings, samples: 1 },
      logprobs: top,
      only: sample,
    });
  };
  const look = (pane: Pane, other: string | undefined, sample: number, { index, ...rest }: TokenLook): void => {
    const { samples, prompt: given, model, status } = pane.state;
    const tokens = samples[sample]?.tokens ?? [];
    const token = tokens[index];
    if (!token) return;
    const upTo = status === 'running' ? tokens.slice(0, index + 1) : tokens;
    card.show({
      ...rest,
      token,
      name: modelTitle(model, data),
      otherName: other && modelTitle(other, data),
      askOther: async () => (other === undefined ? undefined : (await crossScores(other, given, upTo, top))[index]),
      goOn: (row) => goOn(pane, sample, index, row),
    });
  };
  const isRunning = panes.some(([pane]) => pane.state.status === 'running');
  const wantsOther = tint === 'difference';
  const others = new Map([
    [main, useOthers(main.state, wantsOther ? (data.compared ?? undefined) : undefined, top)],
    [compared, useOthers(compared.state, wantsOther ? trained : undefined, top)],
  ]);

  return (
    <>
      <PromptForm
        prompt={prompt}
        settings={settings}
        maxLength={Math.min(data.limits.maxTokens, data.limits.contextLength - 1)}
        isRunning={isRunning}
        onPrompt={(next) => onChange({ prompt: next })}
        onSettings={(next) => onChange({ settings: next })}
        onRun={run}
        onStop={() => panes.map(([pane]) => pane.stop())}
        onClear={() => {
          onChange({ prompt: '' });
          for (const [pane] of panes) pane.clear();
        }}
      >
        <CopyButton title="Link" text={() => location.href} />
        {hasServer() && (
          <CopyMenu
            snippet={(language) => snippet(language, { page: location.href, model: trained, prompt, settings })}
          />
        )}
      </PromptForm>
      {data.steps.length > 1 && <CheckpointSlider data={data} step={step} onChange={change} />}
      <Legend tint={tint} top={top} hasOther={data.compared !== null} onChange={(next) => onChange({ tint: next })} />
      <div class={panes.length > 1 ? 'panes two' : 'panes'}>
        {panes.map(([pane, model, other]) => (
          <PaneView
            key={pane === main ? 'main' : 'compared'}
            kind={pane === main ? 'main' : 'compared'}
            title={modelTitle(model, data)}
            subtitle={describeModel(data, model)}
            state={pane.state}
            tint={tint}
            others={others.get(pane) ?? []}
            onLook={(sample, look_) => look(pane, other, sample, look_)}
            onLeave={card.leave}
            onRetry={pane.again}
          />
        ))}
      </div>
      <Announcement isRunning={isRunning} />
      {card.subject && (
        <TokenCard subject={card.subject} onEnter={card.stay} onLeave={card.leave} onClose={card.close} />
      )}
    </>
  );
}

/** For those who cannot see the texts grow: when they begin and when they have ended, not every token. */
function Announcement({ isRunning }: { readonly isRunning: boolean }) {
  const [text, setText] = useState('');
  const was = useRef(false);
  useEffect(() => {
    if (was.current !== isRunning) setText(isRunning ? 'The models write.' : 'The texts have ended.');
    was.current = isRunning;
  }, [isRunning]);
  return (
    <p class="visually-hidden" role="status">
      {text}
    </p>
  );
}
