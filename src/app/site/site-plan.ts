/** @file What a site will hold: its models, and which of their weights are files of it. */

import { basename } from 'node:path';
import type { Gpt2Config } from '../../formats/gpt2-config.ts';
import { type MainSource, UNTRAINED } from '../server/models/model-source.ts';
import type { ModelSource, StepSource } from '../server/models/served-model.ts';
import type { SiteWeights } from '../tab/site.ts';
import { convertedBytes } from './converted-tensors.ts';
import { MODELS } from './site-folder.ts';
import { spreadSteps } from './spread-steps.ts';

/** How many checkpoints of the run a site has, the main model among them; by default as many as are enough and have room. */
export type SliderLength = number | 'all' | 'default';

export const DEFAULT_CHECKPOINTS = 12;
/** Of all weights of a site whose checkpoints nobody has counted: GitHub's limit for a page. */
export const DEFAULT_BYTES = 1e9;

export interface SiteSources {
  readonly main: MainSource;
  readonly compared: ModelSource | undefined;
  readonly weights: SiteWeights;
  readonly slider: SliderLength;
}

/** Weights that become a file of the site. */
export interface PlannedFile {
  /** The name of its model. */
  readonly id: string;
  /** Where the weights are. */
  readonly source: string;
  /** Where they go, relative to the page. */
  readonly folder: string;
  readonly config: Gpt2Config;
  /** Of the file of weights. */
  readonly bytes: number;
}

export interface SitePlan extends SiteSources {
  /** Each file once, by the `key` of its models. */
  readonly files: ReadonlyMap<string, PlannedFile>;
  /** The checkpoints of the slider in order of their steps. */
  readonly steps: readonly StepSource[];
  /** Checkpoints that the run has. */
  readonly available: number;
}

/** @throws UserError when the run's folder cannot be read. */
export async function planSite(sources: SiteSources): Promise<SitePlan> {
  const { main, compared, weights, slider } = sources;
  const checkpoints = slider === 0 ? [] : await main.checkpoints();
  const saved = checkpoints.filter(isSaved);
  const kept = (saved.find(({ key }) => key === main.key) ?? saved.at(-1))?.step;
  const besides = compared && isSaved(compared) ? convertedBytes(compared.config, weights) : 0;
  const count = sliderCount(slider, DEFAULT_BYTES - besides, convertedBytes(main.config, weights));
  const chosen =
    kept === undefined
      ? []
      : spreadSteps(
          saved.map(({ step }) => step),
          count,
          kept,
        );
  const steps = checkpoints.filter((source) => !isSaved(source) || chosen.includes(source.step));
  const files = new Map<string, PlannedFile>();
  const add = ({ id, key, config }: ModelSource, folder: string): void => {
    if (!files.has(key)) files.set(key, { id, source: key, folder, config, bytes: convertedBytes(config, weights) });
  };
  const folder = `${MODELS}/${folderName(main.id)}`;
  if (isSaved(main)) add(main, folder);
  for (const source of steps.filter(isSaved)) add(source, `${folder}/${basename(source.key)}`);
  if (compared && isSaved(compared)) add(compared, `${MODELS}/${folderName(compared.id)}`);
  return { ...sources, files, steps, available: saved.length };
}

function sliderCount(slider: SliderLength, room: number, bytes: number): number {
  if (slider === 'all') return Number.POSITIVE_INFINITY;
  if (slider !== 'default') return slider;
  return Math.max(1, Math.min(DEFAULT_CHECKPOINTS, Math.floor(room / bytes)));
}

/** Whether there are weights to copy; initial ones are made where they are used. */
const isSaved = ({ key }: ModelSource): boolean => !key.startsWith(UNTRAINED);

/** A name that needs no escaping in a URL, another for each model. */
function folderName(id: string): string {
  return id.replace(/^\.|[^\w.-]/gu, (character) => `~${character.codePointAt(0)?.toString(16)}`);
}
