/** @file A pane's texts as the other model sees them. */

import { useEffect, useState } from 'preact/hooks';
import { crossScores } from '../api/cross-scores.ts';
import type { Token } from '../tokens/token.ts';
import type { PaneState } from './pane-state.ts';

type Others = readonly (readonly Token[] | undefined)[];

const NONE: Others = [];

/** Asked for once the texts have ended, and only if `other` is given. */
export function useOthers({ status, prompt, samples }: PaneState, other: string | undefined, logprobs: number): Others {
  const [others, setOthers] = useState(NONE);
  const isWanted = other !== undefined && status !== 'running';
  useEffect(() => {
    setOthers(NONE);
    if (!isWanted) return;
    let isCurrent = true;
    for (const [index, { tokens }] of samples.entries()) {
      if (tokens.length === 0) continue;
      crossScores(other, prompt, tokens, logprobs).then(
        (scores) => isCurrent && setOthers((before) => Object.assign([...before], { [index]: scores })),
        // the texts stay without these colours
        () => undefined,
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [isWanted, other, prompt, samples, logprobs]);
  return others;
}
