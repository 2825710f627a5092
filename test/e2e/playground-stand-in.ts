/**
 * @file A server that answers the app's page as the real one does, from models that cost nothing: the trained one knows a
 * story by heart, the other draws tokens evenly. What goes wrong on a network can be asked of it.
 */

import { type Context, Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { listen, type RunningServer } from '#minillm/app/server/listen.js';
import { playgroundApp } from '#minillm/app/server/playground.js';
import { encode, streamDecoder, VOCABULARY_SIZE } from '#minillm/data/tokenizer/tokenizer.js';

const STORY = encode(
  ', there was a little fox who lived at the edge of the wood. Every morning she ran down to the river and looked at the boats. "One day," she said, "I will sail to the sea." Her friends laughed, but the old heron did not laugh. "The sea is far," he said, "and it begins here."',
);

/** What the model draws from that knows nothing: words of one token each. */
const WORDS = encode(
  ' anchor basin copper dial engine fabric garden harbor index jacket kernel ladder metal north orbit paper quarter radio silver ticket uniform valley window yellow zone acid bridge canal desert east forest glass house iron joint keyboard letter magnet number ocean pocket rail salt timber union vector water axis battery circle degree edge factor ground',
);

export interface StandInOptions {
  readonly compared?: string | null;
  readonly steps?: readonly number[];
  readonly apiKey?: string;
}

export interface StandIn extends RunningServer {
  /** Bodies of the completion requests so far. */
  readonly requests: Body[];
  /** How many times it still says that the models load. */
  loading: number;
  /** Tokens after which streams are cut. */
  cutAfter: number;
  /** Tokens after which streams wait until their client leaves. */
  holdAfter: number;
  /** Streams whose client left. */
  left: number;
  /** The answer to the next requests for completions, while there are any. */
  readonly refusals: { readonly status: 400 | 429 | 503; readonly message: string; readonly retryAfter?: number }[];
}

interface Body {
  readonly model: string;
  readonly prompt: string | readonly number[];
  readonly max_tokens: number;
  readonly seed?: number;
  readonly n?: number;
  readonly logprobs: number;
  readonly stream?: boolean;
  readonly echo?: boolean;
}

const MAIN = 'stories';
const TOKEN_MILLISECONDS = 5;

export async function startStandIn(options: StandInOptions = {}): Promise<StandIn> {
  const { compared = 'untrained', steps = [0, 10, 20, 40], apiKey } = options;
  const app = new Hono();
  const state = {
    requests: [] as Body[],
    loading: 0,
    cutAfter: Number.POSITIVE_INFINITY,
    holdAfter: Number.POSITIVE_INFINITY,
    left: 0,
    refusals: [] as StandIn['refusals'],
  };
  app.get('/app/loading.json', (c) => {
    const loading = state.loading-- > 0;
    return c.json({ loading, message: loading ? 'stories: reading weights' : '' });
  });
  app.use('/v1/*', async (c, next) => {
    if (apiKey === undefined || c.req.header('authorization') === `Bearer ${apiKey}`) return next();
    return problem(c, 401, 'expected the API key');
  });
  app.get('/app/models.json', (c) =>
    c.json({
      main: MAIN,
      compared,
      hasRun: false,
      steps: steps.map((step) => ({ step, id: `${MAIN}@${step}`, validationLoss: 10.8 / (1 + step / 8) })),
      curve: Array.from({ length: (steps.at(-1) ?? 0) + 1 }, (_, step) => ({ step, loss: 10.8 / (1 + step / 7) })),
      limits: { contextLength: 128, maxTokens: 100, maxLogprobs: 5 },
      parameters: 3_424_704,
      precision: 'fp32',
      uniformLoss: Math.log(VOCABULARY_SIZE),
    }),
  );
  app.post('/v1/completions', async (c) => {
    const body = (await c.req.json()) as Body;
    const refusal = state.refusals.shift();
    if (refusal) {
      if (refusal.retryAfter !== undefined) c.header('retry-after', `${refusal.retryAfter}`);
      return problem(c, refusal.status, refusal.message);
    }
    state.requests.push(body);
    const prompt = typeof body.prompt === 'string' ? [...encode(body.prompt)] : body.prompt;
    if (!body.stream) return c.json({ choices: [{ index: 0, ...echoed(body, prompt), finish_reason: 'length' }] });
    return streamSSE(c, async (stream) => {
      const { n = 1, max_tokens, seed = 0 } = body;
      const texts = Array.from({ length: n }, () => ({ ids: [...prompt], decoder: streamDecoder(), sent: 0 }));
      for (let written = 0; written < max_tokens && written < state.cutAfter; written++) {
        do await stream.sleep(TOKEN_MILLISECONDS);
        while (written >= state.holdAfter && !stream.aborted);
        if (stream.aborted) {
          state.left++;
          return;
        }
        for (const [index, text] of texts.entries()) {
          const id = nextToken(body.model, text.ids, seed + index);
          const piece = text.decoder.push(id);
          const logprobs = renderTokens(body, text.ids, [id], [text.sent]);
          text.ids.push(id);
          text.sent += Array.from(piece).length;
          const choice = { index, text: piece, logprobs, finish_reason: written + 1 === max_tokens ? 'length' : null };
          await stream.writeSSE({ data: JSON.stringify({ object: 'text_completion', choices: [choice] }) });
        }
      }
      if (max_tokens <= state.cutAfter) await stream.writeSSE({ data: '[DONE]' });
    });
  });
  app.route('/', playgroundApp());
  const server = await listen(app, { host: '127.0.0.1', port: 0, isFixed: true });
  return Object.assign(state, { url: server.url, close: () => server.close() });
}

function problem(c: Context, status: 400 | 401 | 429 | 503, message: string): Response {
  return c.json({ error: { message, type: 'invalid_request_error', param: null, code: null } }, status);
}

function echoed(body: Body, ids: readonly number[]) {
  const decoder = streamDecoder();
  const offsets: number[] = [];
  let text = '';
  for (const id of ids) {
    offsets.push(Array.from(text).length);
    text += decoder.push(id);
  }
  text += decoder.end();
  return { text, logprobs: renderTokens(body, [], ids, offsets) };
}

function renderTokens(
  { model, logprobs }: Body,
  before: readonly number[],
  ids: readonly number[],
  text_offset: number[],
) {
  const context = [...before];
  const rendered = ids.map((id) => {
    const top = likeliest(model, context, logprobs);
    const isFirst = context.length === 0;
    context.push(id);
    const known = top.find(([other]) => other === id)?.[1] ?? unlikely(model);
    const entries = [...top, [id, known] as const].map(([other, value]) => [`token_id:${other}`, value]);
    return { logprob: isFirst ? null : known, top: isFirst ? null : (Object.fromEntries(entries) as object) };
  });
  return {
    tokens: ids.map((id) => `token_id:${id}`),
    token_logprobs: rendered.map(({ logprob }) => logprob),
    top_logprobs: rendered.map(({ top }) => top),
    text_offset,
  };
}

const isEven = (model: string): boolean => model === 'untrained' || model.endsWith('@0');
const unlikely = (model: string): number => (isEven(model) ? -Math.log(VOCABULARY_SIZE) : -9);

/** Logarithms of the likeliest tokens: the story's next token has half of all probability, the others less and less. */
function likeliest(
  model: string,
  context: readonly number[],
  count: number,
): (readonly [id: number, logprob: number])[] {
  const first = scatter(context.length, isEven(model) ? 1 : 2);
  const words = Array.from({ length: count }, (_, place) => WORDS[(WORDS.indexOf(first) + place) % WORDS.length] ?? 0);
  if (isEven(model)) return words.map((id, place) => [id, Math.log(1.2 / VOCABULARY_SIZE) - place / 100]);
  return words.map((id, place) => [place === 0 ? storyToken(context) : id, Math.log(0.5) - place * 1.3]);
}

const storyToken = (context: readonly number[]): number => STORY[Math.max(0, context.length - 4) % STORY.length] ?? 0;

function nextToken(model: string, context: readonly number[], seed: number): number {
  const draw = scatter(seed, context.length);
  if (isEven(model)) return draw;
  const [best, second] = likeliest(model, context, 2);
  return (draw % 7 === 0 ? second : best)?.[0] ?? 0;
}

/** A word that is always the same for the same numbers. */
function scatter(a: number, b: number): number {
  const hash = Math.imul(Math.imul(a + 1, 0x9e3779b1) ^ Math.imul(b + 7, 0x85ebca6b), 0xc2b2ae35) >>> 8;
  return WORDS[hash % WORDS.length] ?? 0;
}
