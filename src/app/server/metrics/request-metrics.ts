/** @file What is measured of a request. */

/** Why a choice ended; `abort`: its client left. */
export type FinishedReason = 'length' | 'stop' | 'abort' | 'error';

/** What happens to a request. */
export interface RequestMetrics {
  /** A choice got a token. */
  token(choice: number): void;
  /** Prompts of so many tokens are read. */
  read(tokens: number): void;
  /** It ended, its choices for these reasons. */
  end(reasons: readonly FinishedReason[]): void;
}
