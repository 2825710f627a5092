/** @file The YAML at the head of a model card, by which the hub finds and shows a model (hub documentation, "Model Cards"). */

import { HELLASWAG_EXAMPLES } from '../../eval/hellaswag-source.ts';
import { isHubModel, parseHubModel } from '../../hub/model-name.ts';
import { lastMeasured } from '../../report/series/curves.ts';
import type { PublishedModel } from './published-model.ts';
import { type YamlValue, yamlHead } from './yaml-head.ts';

/** A data set of the hub as `dataset.json` names its source: `OWNER/NAME SUBSET @ COMMIT`. */
const HUB_SOURCE = /^([\w.-]+\/[\w.-]+)(?: \S+)? @ [0-9a-f]{40}$/;

/** With its rules above and below. */
export function frontMatter(name: string, model: PublishedModel, license: string | undefined): string {
  const dataset = HUB_SOURCE.exec(model.dataset?.source ?? '')?.[1];
  const base = baseModel(model);
  const fields = {
    license,
    library_name: 'transformers',
    pipeline_tag: 'text-generation',
    tags: ['gpt2', 'minillm'],
    datasets: dataset === undefined ? undefined : [dataset],
    base_model: base,
    'model-index': modelIndex(name, model),
  };
  return yamlHead(fields);
}

/** The model of the hub whose weights the run started from. */
export function baseModel({ state }: PublishedModel): string | undefined {
  const init = state?.configuration.init;
  return typeof init === 'string' && isHubModel(init) ? parseHubModel(init).repository : undefined;
}

function modelIndex(name: string, { run }: PublishedModel): YamlValue | undefined {
  const hellaswag = run && lastMeasured(run.curves.series.hellaswag);
  if (!hellaswag) return undefined;
  const { hellaswagExamples: examples = HELLASWAG_EXAMPLES } = run.curves;
  const part = examples === HELLASWAG_EXAMPLES ? '' : ` (${examples} of ${HELLASWAG_EXAMPLES} examples)`;
  return [
    {
      name: name.split('/')[1],
      results: [
        {
          task: { type: 'text-generation' },
          dataset: { name: `HellaSwag${part}`, type: 'Rowan/hellaswag', split: 'validation' },
          metrics: [
            { name: 'Accuracy, normalized by length', type: 'acc_norm', value: Number(hellaswag.value.toFixed(4)) },
          ],
        },
      ],
    },
  ];
}
