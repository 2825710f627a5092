/** @file The models of a static site as the server's code has them. */

import { sparesDevice } from '../../engine/runtime/device-lost.ts';
import { initialWeights, type Weights } from '../../generate/initial-weights.ts';
import { UserError } from '../../support/errors.ts';
import type { MainModel, ModelSource } from '../server/models/served-model.ts';
import type { Site, SiteModel, WeightsFile } from './site.ts';

/** A model's weights, as a file of the site that could not be read: trying again may help. */
export class UnreadWeights extends UserError {}

/** A model of a site that has a file. */
export type StoredModel = SiteModel & { readonly file: WeightsFile };

/** Opens a model's file. @throws UserError when it cannot be read */
export type OpenWeights = (model: StoredModel) => Promise<Weights>;

export interface SiteSources {
  readonly main: MainModel;
  readonly compared: ModelSource | undefined;
}

export function siteSources({ main, compared, steps, curve }: Site, openWeights: OpenWeights): SiteSources {
  const source = (model: SiteModel): ModelSource => modelSource(model, openWeights);
  const checkpoints = steps.map((model) => ({ ...source(model), step: model.step }));
  const validationLosses = new Map(
    steps.flatMap(({ step, validationLoss }) => (validationLoss === null ? [] : [[step, validationLoss] as const])),
  );
  return {
    main: {
      ...source(main),
      hasRunPage: false,
      checkpoints: async () => checkpoints,
      curves: async () => ({ curve, validationLosses }),
    },
    compared: compared === null ? undefined : source(compared),
  };
}

function modelSource(model: SiteModel, openWeights: OpenWeights): ModelSource {
  const { id, file, config, seed } = model;
  if (file === undefined)
    return { id, key: `untrained:${seed}`, config, open: async () => initialWeights(id, config, seed) };
  return { id, key: file.folder, config, open: () => openUnread({ ...model, file }, openWeights) };
}

/** Tells what fails at the file from what fails at the device. */
async function openUnread(model: StoredModel, openWeights: OpenWeights): Promise<Weights> {
  const asUnread = (cause: unknown): never => {
    throw sparesDevice(cause) ? new UnreadWeights(cause.message, { cause }) : cause;
  };
  const weights = await openWeights(model).catch(asUnread);
  return { ...weights, load: (session) => weights.load(session).catch(asUnread) };
}
