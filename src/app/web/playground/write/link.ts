/** @file The page as a link: view, prompt, settings, checkpoint and colours in the fragment of its address. */

import { TINTS, type Tint } from '../tokens/tints.ts';
import { type Settings, withinBounds } from './settings.ts';

export const VIEWS = ['write', 'read', 'guess'] as const;
export type View = (typeof VIEWS)[number];

export interface PageState {
  readonly view: View;
  readonly prompt: string;
  readonly settings: Settings;
  /** Checkpoint of the trained model; undefined: the newest. */
  readonly step: number | undefined;
  readonly tint: Tint;
  /** What both models read. */
  readonly text: string;
}

const NAMES: Readonly<Record<keyof Settings, string>> = {
  length: 'length',
  temperature: 'temperature',
  topK: 'top-k',
  topP: 'top-p',
  seed: 'seed',
  samples: 'samples',
};

/** `#prompt=Once+upon+a+time&seed=7`: the prompt, and what is not as `otherwise`. */
export function toFragment({ view, prompt, settings, step, tint, text }: PageState, otherwise: PageState): string {
  const fields = new URLSearchParams();
  if (view !== otherwise.view) fields.set('view', view);
  fields.set('prompt', prompt);
  for (const [key, name] of Object.entries(NAMES) as [keyof Settings, string][])
    if (settings[key] !== otherwise.settings[key]) fields.set(name, `${settings[key]}`);
  if (step !== undefined) fields.set('step', `${step}`);
  if (tint !== otherwise.tint) fields.set('colour', tint);
  if (text !== otherwise.text) fields.set('text', text);
  return `#${fields}`;
}

/** What a fragment says; whatever it does not say, or not sensibly, is left to `otherwise`. */
export function fromFragment(fragment: string, otherwise: PageState): PageState {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''));
  const number = (name: string): number | undefined => {
    const value = Number.parseFloat(fields.get(name) ?? '');
    return Number.isFinite(value) ? value : undefined;
  };
  const settings = Object.fromEntries(
    Object.entries(NAMES).map(([key, name]) => [key, number(name) ?? otherwise.settings[key as keyof Settings]]),
  ) as unknown as Settings;
  const step = number('step');
  return {
    view: VIEWS.find((view) => view === fields.get('view')) ?? otherwise.view,
    prompt: fields.get('prompt') ?? otherwise.prompt,
    settings: withinBounds(settings),
    step: step !== undefined && Number.isInteger(step) && step >= 0 ? step : otherwise.step,
    tint: TINTS.find((tint) => tint === fields.get('colour')) ?? otherwise.tint,
    text: fields.get('text') ?? otherwise.text,
  };
}
