/** @file A pane that writes: starts, goes on, stops; its state changes at most once a frame however fast tokens come. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { type CompletionEvent, type Prompt, streamCompletion } from '../api/completions.ts';
import { asProblem } from '../api/problem.ts';
import {
  EMPTY_PANE,
  failed,
  finished,
  type PaneStart,
  type PaneState,
  received,
  started,
  stopped,
} from './pane-state.ts';
import { type Settings, samplingOf } from './settings.ts';

export interface PaneRun {
  readonly start: PaneStart;
  /** What the model is given: the start's prompt, or that and the tokens to go on from, as ids. */
  readonly prompt: Prompt | (() => Promise<Prompt>);
  readonly settings: Settings;
  readonly logprobs: number;
  /** The only text that is written, if not all are. */
  readonly only?: number;
}

export interface Pane {
  readonly state: PaneState;
  /** Starts anew; what it wrote before is replaced. */
  run(run: PaneRun): void;
  /** Starts the last run once more. */
  again(): void;
  stop(): void;
  clear(): void;
}

const FRAME_MILLISECONDS = 33;

export function usePane(): Pane {
  const [state, setState] = useState(EMPTY_PANE);
  const abort = useRef<AbortController>(undefined);
  const last = useRef<PaneRun>(undefined);
  useEffect(() => () => abort.current?.abort(), []);

  const run = (given: PaneRun): void => {
    abort.current?.abort();
    const controller = new AbortController();
    abort.current = controller;
    last.current = given;
    setState(started(given.start));
    void write(given, controller.signal, (change) => {
      if (abort.current === controller) setState(change);
    });
  };
  const stop = (): void => {
    abort.current?.abort();
    setState(stopped);
  };
  return {
    state,
    run,
    again: () => last.current && run(last.current),
    stop,
    clear: () => {
      stop();
      setState(EMPTY_PANE);
    },
  };
}

/** Writes until all texts have ended or the signal is aborted. */
async function write(
  { start, prompt, settings, logprobs, only }: PaneRun,
  signal: AbortSignal,
  change: (next: (state: PaneState) => PaneState) => void,
): Promise<void> {
  let waiting: CompletionEvent[] = [];
  let timer: number | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const events = waiting;
    waiting = [];
    change((state) => received(state, events, only));
  };
  try {
    const given = typeof prompt === 'function' ? await prompt() : prompt;
    const request = { model: start.model, prompt: given, ...samplingOf(settings) };
    for await (const event of streamCompletion(request, logprobs, signal)) {
      waiting.push(event);
      timer ??= setTimeout(flush, FRAME_MILLISECONDS);
    }
    flush();
    change(finished);
  } catch (cause) {
    flush();
    if (!signal.aborted) change((state) => failed(state, asProblem(cause)));
  }
}
