/** @file One text as several models read it. */

import { useEffect, useState } from 'preact/hooks';
import { type ApiProblem, asProblem } from '../api/problem.ts';
import { rememberedScores } from '../api/scores.ts';
import type { Token } from '../tokens/token.ts';

export interface Read {
  /** The last ones that were scored; `isOld` while those of the present text and model are awaited. */
  readonly tokens?: readonly Token[];
  readonly isOld: boolean;
  readonly problem?: ApiProblem;
}

export interface Reads {
  /** By the place of their models. */
  readonly reads: readonly (Read | undefined)[];
  retry(): void;
}

export function useReads(models: readonly string[], text: string, logprobs: number): Reads {
  const [reads, setReads] = useState<Reads['reads']>([]);
  const [attempt, setAttempt] = useState(0);
  const key = JSON.stringify(models);
  useEffect(() => {
    if (text.trim() === '') return;
    let isCurrent = true;
    setReads((before) => models.map((_, index) => ({ ...withoutProblem(before[index]), isOld: true })));
    for (const [index, model] of models.entries()) {
      const set = (part: Partial<Read>): void => {
        if (!isCurrent) return;
        setReads((before) =>
          before.map((read, place) => (place === index ? { ...read, isOld: false, ...part } : read)),
        );
      };
      rememberedScores(model, text, logprobs).then(
        (tokens) => set({ tokens }),
        (cause: unknown) => set({ problem: asProblem(cause) }),
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [key, text, logprobs, attempt]);
  return { reads, retry: () => setAttempt((count) => count + 1) };
}

function withoutProblem(read: Read | undefined): Partial<Read> {
  return read?.tokens ? { tokens: read.tokens } : {};
}
