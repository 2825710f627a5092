/**
 * @file The subsets that a data set's README declares: `configs` in its front matter, each with patterns of files, perhaps
 * by split (Hugging Face hub, "Manual configuration").
 */

import { z } from 'zod';

const patterns = z.union([z.string().transform((pattern) => [pattern]), z.array(z.string())]);
const split = z.object({ split: z.string(), path: patterns });

const configSchema = z.object({
  config_name: z.string().default('default'),
  default: z.boolean().default(false),
  data_dir: z.string().optional(),
  data_files: z.union([patterns, z.array(split), z.record(z.string(), patterns)]).optional(),
});
const cardSchema = z.object({ configs: z.array(z.unknown()) });

/** A subset that the README declares. */
export interface DatasetConfig {
  readonly name: string;
  readonly isDefault: boolean;
  /** Of the files to train on: those of the split `train`, or of all splits where none has that name. */
  readonly patterns: readonly string[];
}

/** The subsets that a README's front matter declares, perhaps none; one in an unknown form is skipped. */
export function datasetConfigs(cardData: unknown): DatasetConfig[] {
  const card = cardSchema.safeParse(cardData);
  if (!card.success) return [];
  return card.data.configs.flatMap((entry) => {
    const config = configSchema.safeParse(entry);
    if (!config.success) return [];
    const { config_name: name, default: isDefault, data_dir: folder, data_files: files } = config.data;
    const found = files === undefined ? (folder === undefined ? [] : ['**']) : trainingPatterns(files);
    if (found.length === 0) return [];
    const prefix = folder === undefined ? '' : `${folder.replace(/^\.\/|\/+$/g, '')}/`;
    const patterns = found.map((pattern) => prefix + pattern.replace(/^\.\//, ''));
    return [{ name, isDefault: isDefault || name === 'default', patterns }];
  });
}

function trainingPatterns(files: NonNullable<z.output<typeof configSchema>['data_files']>): string[] {
  const bySplit = new Map<string, string[]>();
  const add = (name: string, paths: readonly string[]) => bySplit.set(name, [...(bySplit.get(name) ?? []), ...paths]);
  if (Array.isArray(files))
    for (const file of files) typeof file === 'string' ? add('', [file]) : add(file.split, file.path);
  else for (const [name, paths] of Object.entries(files)) add(name, paths);
  return bySplit.get('train') ?? [...bySplit.values()].flat();
}
