/** @file Pools of small models. */

import { ModelPool } from '#minillm/app/server/models/model-pool.js';
import { comparedSource, mainSource } from '#minillm/app/server/models/model-source.js';
import { openBackend } from '#minillm/backends/open.js';
import { type InferencePrecision, inferenceTypes } from '#minillm/model/inference-precision.js';

/** A pool with its models loaded; the caller closes it. */
export async function openPool(
  checkpoint: string,
  compare?: string,
  precision: InferencePrecision = 'fp32',
): Promise<ModelPool> {
  const main = await mainSource(checkpoint, checkpoint);
  const pool = new ModelPool(
    await openBackend({ threads: 2, precision: inferenceTypes(precision).precision }),
    precision,
    main,
  );
  await pool.loadMain();
  if (compare !== undefined) await pool.loadCompared(await comparedSource(main, compare, compare));
  return pool;
}
