/** @file A problem in place, with what to do about it. */

import { useEffect, useState } from 'preact/hooks';
import { KeyForm } from '../shared/key-form.tsx';
import type { ApiProblem } from './api/problem.ts';

interface NoticeProps {
  readonly problem: ApiProblem;
  readonly onRetry: () => void;
}

export function Notice({ problem, onRetry }: NoticeProps) {
  if (problem.status === 401) return <KeyForm onKey={onRetry} />;
  return (
    <div class="problem" role="alert">
      <p>{problem.message}</p>
      {problem.retryAfter === undefined ? (
        <button type="button" onClick={onRetry}>
          Run again
        </button>
      ) : (
        <Countdown key={problem.message} seconds={problem.retryAfter} onEnd={onRetry} />
      )}
    </div>
  );
}

/** Tries again by itself when the server's time is over. */
function Countdown({ seconds, onEnd }: { readonly seconds: number; readonly onEnd: () => void }) {
  const [left, setLeft] = useState(Math.max(1, Math.ceil(seconds)));
  useEffect(() => {
    const timer = setTimeout(() => (left > 1 ? setLeft(left - 1) : onEnd()), 1000);
    return () => clearTimeout(timer);
  }, [left]);
  return (
    <button type="button" onClick={onEnd}>
      Run again <small aria-hidden="true">by itself in {left} s</small>
    </button>
  );
}
