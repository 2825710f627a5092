/** @file What a site weighs: each model, the pages, all of it. */

import type { SitePlan } from '../../app/site/site-plan.ts';
import type { SiteFile } from '../../app/site/write-site.ts';
import { formatBytes } from '../../support/format.ts';
import { textTable } from '../terminal/table.ts';

export function sizeTable({ files: planned }: SitePlan, files: readonly SiteFile[]): string {
  const models = [...planned.values()].map(({ id, folder }) => ({
    ...{ id, folder: `${folder}/` },
    bytes: sum(files.filter(({ path }) => path === `${folder}/model.safetensors`)),
  }));
  const weights = sum(models);
  const total = sum(files);
  return textTable(
    ['', 'size'],
    [
      ...models.map(({ id, folder, bytes }) => [`${id} (${folder})`, formatBytes(bytes)]),
      ['the pages', formatBytes(total - weights)],
      ['total', formatBytes(total)],
    ],
  );
}

const sum = (files: readonly { readonly bytes: number }[]): number =>
  files.reduce((total, { bytes }) => total + bytes, 0);
