/**
 * @file miniLLM as a library: token shards, training, models that write text. Other packages may rely on what is exported
 * here; everything else may change with any version.
 */

import { validate } from './support/json.ts';
import type { TrainerEvent } from './train/events.ts';
import { resolveSettings } from './train/resolve-settings.ts';
import { type GivenSettings, settingsSchema } from './train/settings.ts';
import { type TrainOptions, train as trainResolved } from './train/trainer.ts';

export { type DocumentPart, readDocuments } from './data/documents/documents.ts';
export {
  type BuildOptions,
  type BuildOutcome,
  type BuildProgress,
  buildDataset,
} from './data/sharding/build-dataset.ts';
export type { Corpus } from './data/sharding/corpus.ts';
export { documentCorpus } from './data/sharding/document-units.ts';
export { fileCorpus } from './data/sharding/file-corpus.ts';
export { localFiles } from './data/sharding/local-files.ts';
export { type Dataset, openDataset, ShardSet } from './data/shards/dataset.ts';
export type { DatasetDescription } from './data/shards/dataset-description.ts';
export { decode, END_OF_TEXT, encode, encodePrompt, VOCABULARY_SIZE } from './data/tokenizer/tokenizer.ts';
export type { Gpt2Config } from './formats/gpt2-config.ts';
export type { StreamEnd } from './generate/stream.ts';
export { type LoadOptions, loadModel } from './library/load-model.ts';
export {
  type ModelOptions,
  type TextEvent,
  TextModel,
  type TextOptions,
  type TextScore,
} from './library/text-model.ts';
export { PRESETS, type PresetName } from './model/presets.ts';
export { type Metrics, readMetrics } from './runs/metrics.ts';
export { UserError } from './support/errors.ts';
export type { TrainerEvent } from './train/events.ts';
export type { GivenSettings as TrainSettings } from './train/settings.ts';
export type { TrainOptions } from './train/trainer.ts';

/**
 * Trains a GPT-2 on token shards, as `minillm train` does, and reports what happens as it happens. A run folder that holds
 * checkpoints is resumed. Leaving the loop early ends the run without a checkpoint; aborting `options.signal` ends it with one.
 *
 * @param settings `data`, `out` and one of `preset`, `init`, `fork`; the rest have defaults
 * @throws UserError saying what is wrong with the settings, data or folders
 */
export async function* train(settings: GivenSettings, options: TrainOptions = {}): AsyncGenerator<TrainerEvent> {
  yield* trainResolved(await resolveSettings(validate(settingsSchema, settings, 'train')), options);
}
