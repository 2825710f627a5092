/** @file What stands in a pane: the texts of one model as they grow. */

import type { CompletionEvent } from '../api/completions.ts';
import type { ApiProblem } from '../api/problem.ts';
import type { Token } from '../tokens/token.ts';

export interface Sample {
  readonly tokens: readonly Token[];
  /** Why the text ended: `length`, `stop`; undefined while it grows, or if it was cut off. */
  readonly finish?: string;
}

export interface PaneState {
  readonly status: 'empty' | 'running' | 'done' | 'stopped' | 'failed';
  /** Who writes. */
  readonly model: string;
  readonly prompt: string;
  readonly samples: readonly Sample[];
  readonly problem?: ApiProblem;
}

export const EMPTY_PANE: PaneState = { status: 'empty', model: '', prompt: '', samples: [] };

export interface PaneStart {
  readonly model: string;
  readonly prompt: string;
  /** Texts that go on from earlier tokens. */
  readonly samples: readonly Sample[];
}

export function started(start: PaneStart): PaneState {
  return { ...start, status: 'running' };
}

/** @param only the text that the events belong to, when a single one is gone on with */
export function received(pane: PaneState, events: readonly CompletionEvent[], only?: number): PaneState {
  const samples = [...pane.samples];
  for (const event of events) {
    const index = only ?? event.index;
    const sample = samples[index] ?? { tokens: [] };
    samples[index] =
      'token' in event ? { ...sample, tokens: [...sample.tokens, event.token] } : { ...sample, finish: event.finish };
  }
  return { ...pane, samples };
}

export function finished(pane: PaneState): PaneState {
  return { ...pane, status: 'done' };
}

/** What was written so far stays. */
export function stopped(pane: PaneState): PaneState {
  return pane.status === 'running' ? { ...pane, status: 'stopped' } : pane;
}

/** What was written so far stays. */
export function failed(pane: PaneState, problem: ApiProblem): PaneState {
  return { ...pane, status: 'failed', problem };
}

export function plainText({ samples }: PaneState): string {
  return samples.map(({ tokens }) => tokens.map(({ text }) => text).join('')).join('\n\n');
}
