/**
 * @file Texts to be scored, packed into rows without padding: a context is followed by its continuations one after
 * another, each at the positions right after the context, and then by the next context. A context is computed once.
 */

import { UserError } from '../support/errors.ts';

/**
 * A context and continuations whose tokens are scored, each token given the context and the earlier tokens of its
 * continuation.
 */
export interface ScoringRequest {
  /** At least one token. */
  readonly context: ArrayLike<number>;
  /** A last token of −1 stands for one that is not known yet. */
  readonly continuations: readonly ArrayLike<number>[];
}

/** The most a program takes in one run. */
export interface PackingLimits {
  readonly tokens: number;
  readonly segments: number;
  /** Scored tokens. */
  readonly rows: number;
  /** The context length of the model. */
  readonly positions: number;
}

/** A request, or one of its continuations where all of them together do not fit a batch. */
interface RequestPart extends ScoringRequest {
  readonly isLast: boolean;
}

/** Inputs of one run of the program of `planScoring`. */
export interface PackedBatch {
  readonly parts: readonly RequestPart[];
  readonly tokens: number[];
  readonly positions: number[];
  /** Four numbers a segment, see `segmentAttention`. */
  readonly segments: number[];
  /** For each scored token in the order of the requests, the row that predicts it, and the token. */
  readonly rows: number[];
  readonly targets: number[];
}

type Size = Omit<PackingLimits, 'positions'>;

/** What a request takes of a batch. The last token of a continuation is predicted but not read. */
function sizeOf({ context, continuations }: ScoringRequest): Size {
  const size = { tokens: context.length, segments: 1, rows: 0 };
  for (const { length } of continuations) {
    size.tokens += Math.max(0, length - 1);
    size.segments += length > 1 ? 1 : 0;
    size.rows += length;
  }
  return size;
}

const sum = (a: Size, b: Size): Size => ({
  tokens: a.tokens + b.tokens,
  segments: a.segments + b.segments,
  rows: a.rows + b.rows,
});

const fits = (size: Size, limits: Size): boolean =>
  size.tokens <= limits.tokens && size.segments <= limits.segments && size.rows <= limits.rows;

/**
 * Packs requests in their order, as many into a batch as it takes.
 * @param limits with at least as many tokens as positions
 * @throws UserError when a request has no context, or is longer than the model's context.
 */
export function* packRequests(requests: Iterable<ScoringRequest>, limits: PackingLimits): Generator<PackedBatch> {
  let gathered: RequestPart[] = [];
  let size: Size = { tokens: 0, segments: 0, rows: 0 };
  for (const request of requests) {
    checkRequest(request, limits);
    for (const part of splitRequest(request, limits)) {
      const own = sizeOf(part);
      if (!fits(sum(size, own), limits)) {
        yield pack(gathered);
        gathered = [];
        size = { tokens: 0, segments: 0, rows: 0 };
      }
      gathered.push(part);
      size = sum(size, own);
    }
  }
  if (gathered.length > 0) yield pack(gathered);
}

function splitRequest(request: ScoringRequest, limits: PackingLimits): RequestPart[] {
  if (fits(sizeOf(request), limits)) return [{ ...request, isLast: true }];
  const { context, continuations } = request;
  return continuations.map((continuation, index) => ({
    context,
    continuations: [continuation],
    isLast: index === continuations.length - 1,
  }));
}

function checkRequest(request: ScoringRequest, limits: PackingLimits): void {
  const { context, continuations } = request;
  if (context.length === 0) throw new UserError('scoring: expected a context of at least one token, found none');
  const longest = Math.max(0, ...continuations.map(({ length }) => length - 1));
  const positions = context.length + longest;
  if (positions > limits.positions)
    throw new UserError(
      `expected context and continuation to fit the ${limits.positions} positions of the model, found ${positions}; shorten them`,
    );
}

function pack(parts: readonly RequestPart[]): PackedBatch {
  const batch: PackedBatch = { parts, tokens: [], positions: [], segments: [], rows: [], targets: [] };
  const { tokens, positions, segments, rows, targets } = batch;
  const append = (
    ids: ArrayLike<number>,
    count: number,
    position: number,
    prefix: readonly [number, number],
  ): number => {
    const first = tokens.length;
    if (count > 0) segments.push(first, count, ...prefix);
    for (let i = 0; i < count; i++) {
      tokens.push(ids[i] ?? 0);
      positions.push(position + i);
    }
    return first;
  };
  for (const { context, continuations } of parts) {
    const { length } = context;
    const start = append(context, length, 0, [0, 0]);
    for (const continuation of continuations) {
      const first = append(continuation, continuation.length - 1, length, [start, length]);
      for (let i = 0; i < continuation.length; i++) {
        rows.push(i === 0 ? start + length - 1 : first + i - 1);
        targets.push(continuation[i] ?? 0);
      }
    }
  }
  return batch;
}
