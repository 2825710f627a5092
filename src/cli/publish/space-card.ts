/** @file README.md of a Space: what the hub shows and serves it by, and what it is. */

import type { SitePlan } from '../../app/site/site-plan.ts';
import { isHubModel, parseHubModel } from '../../hub/model-name.ts';
import { parameterCount } from '../../model/flops.ts';
import { formatCount } from '../../support/format.ts';
import { yamlHead } from './yaml-head.ts';

const PROJECT = 'https://github.com/minillm/minillm';

/** By which a page may have threads that share memory. */
const HEADERS = {
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'cross-origin',
};

export interface SpaceCardOptions {
  /** `OWNER/NAME` of the Space. */
  readonly name: string;
  readonly license: string | undefined;
  /** What `--checkpoint` and `--compare` say, of which the hub links those that are its own. */
  readonly checkpoints: readonly string[];
}

export function spaceCard({ main, compared }: SitePlan, { name, license, checkpoints }: SpaceCardOptions): string {
  const title = name.split('/')[1] ?? name;
  const models = checkpoints.filter(isHubModel).map((checkpoint) => parseHubModel(checkpoint).repository);
  const parameters = formatCount(parameterCount(main.config));
  const head = yamlHead({
    ...{ title, emoji: '📚', colorFrom: 'blue', colorTo: 'green', sdk: 'static', license },
    models: models.length === 0 ? undefined : models,
    short_description: `A GPT-2 of ${parameters} parameters in your browser`,
    custom_headers: HEADERS,
  });
  const beside = compared ? `, beside ${compared.id}` : '';
  return `${head}
# ${title}

A GPT-2 of ${parameters} parameters (${main.id}${beside}), in [miniLLM](${PROJECT}). The page reads the weights and computes
in the browser; what is typed there stays there.
`;
}
