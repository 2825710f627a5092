/** @file The models as the API and the page list them: `GET /v1/models`, `GET /v1/models/{id}`, `GET /app/models.json`. */

import { Hono } from 'hono';
import { RequestProblem } from '../completions/problem.ts';
import type { ModelPool } from './model-pool.ts';
import { modelsDescription } from './page-data.ts';
import type { ModelSource } from './served-model.ts';

export function modelRoutes(pool: ModelPool): Hono {
  const app = new Hono();
  const created = Math.floor(Date.now() / 1000);
  const describe = ({ id, config }: ModelSource) => ({
    ...{ id, object: 'model', created, owned_by: 'minillm' },
    max_model_len: config.contextLength,
  });
  const description = modelsDescription(pool);
  app.get('/v1/models', async (c) => c.json({ object: 'list', data: (await pool.list()).map(describe) }));
  app.get('/v1/models/:id{.+}', async (c) => c.json(describe(await requireModel(pool, c.req.param('id')))));
  app.get('/app/models.json', async (c) => c.json(await description()));
  return app;
}

/** @throws RequestProblem 404 when there is no such model */
export async function requireModel(pool: ModelPool, id: string | undefined): Promise<ModelSource> {
  const source = await pool.find(id);
  if (source) return source;
  const names = (await pool.list()).map((known) => known.id);
  const shown = names.length > MAX_NAMES ? `${names.slice(0, MAX_NAMES).join(', ')}, …` : names.join(', ');
  throw new RequestProblem(
    `The model ${JSON.stringify((id ?? '').slice(0, MAX_NAME))} does not exist; there is ${shown}`,
    {
      status: 404,
      code: 'model_not_found',
      param: 'model',
    },
  );
}

/** Names that an error lists, and characters of one that is none. */
const MAX_NAMES = 8;
const MAX_NAME = 100;
