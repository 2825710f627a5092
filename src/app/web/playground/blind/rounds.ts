/** @file The blind test: two unnamed panes, a guess, the truth, a score. */

export interface Round {
  /** Models of the left and the right pane. */
  readonly models: readonly [string, string];
  /** Where the model stands that was trained (longer). */
  readonly answer: 0 | 1;
  readonly guess?: 0 | 1;
}

export interface Score {
  readonly right: number;
  readonly total: number;
}

export const NO_SCORE: Score = { right: 0, total: 0 };

/** A round between the trained model and one of the others. @param random uniform numbers from 0 to 1 */
export function newRound(trained: string, others: readonly string[], random: () => number): Round {
  const other = others[Math.floor(random() * others.length)] ?? trained;
  const answer = random() < 0.5 ? 0 : 1;
  return { models: answer === 0 ? [trained, other] : [other, trained], answer };
}

/** A round takes one guess. */
export function guessed(round: Round, guess: 0 | 1, score: Score): readonly [Round, Score] {
  if (round.guess !== undefined) return [round, score];
  const right = score.right + (guess === round.answer ? 1 : 0);
  return [
    { ...round, guess },
    { right, total: score.total + 1 },
  ];
}
