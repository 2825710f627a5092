/**
 * What the rehearsal downloads, made on this machine as the folder of a hub (scripts/local-hub.js):
 *
 *   node recipes/rehearsal/make-hub.js FOLDER MILLIONS [PARQUET…]
 *
 * datasets/HuggingFaceFW/fineweb-edu holds the Parquet files given, or so many million tokens of built-in stories, with sections
 * of this project's pages among them. models/rehearsal/gpt2 has the shape of the model that the rehearsal trains, and random
 * weights. hellaswag.jsonl asks how a story goes on, with parts of other stories as wrong endings.
 */

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parquetWriteFile } from 'hyparquet-writer';
import { storyDocuments } from '#minillm/data/stories/stories.js';
import { writeGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { initialise } from '#minillm/model/initialise.js';
import { PRESETS } from '#minillm/model/presets.js';

const [folder, millions, ...parquet] = process.argv.slice(2);
/** A story has a little over 100 tokens. */
const STORIES_PER_MILLION = 10_000;
const STORIES_PER_SECTION = 300;
const FILES = 4;
const EXAMPLES = 20;
const SEED = 2024;

if (!(Number(millions) > 0)) throw new Error(`expected millions of tokens, found ${millions}`);
const ready = join(folder, 'ready');
if (!existsSync(ready)) {
  rmSync(folder, { recursive: true, force: true });
  const texts = join(folder, 'datasets/HuggingFaceFW/fineweb-edu/sample/10BT');
  const model = join(folder, 'models/rehearsal/gpt2');
  for (const place of [texts, model]) mkdirSync(place, { recursive: true });
  if (parquet.length > 0)
    for (const [index, path] of parquet.entries()) copyFileSync(path, join(texts, parquetName(index)));
  else await writeTexts(texts, STORIES_PER_MILLION * Number(millions));
  writeFileSync(
    join(folder, 'hellaswag.jsonl'),
    (await examples()).map((line) => `${JSON.stringify(line)}\n`).join(''),
  );
  await writeModel(model);
  writeFileSync(ready, '');
}

function parquetName(index) {
  return `${String(index).padStart(3, '0')}_00000.parquet`;
}

/** Sections of the project's pages. */
function sections() {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...pages.map((name) => join('docs', name))].flatMap((page) =>
    readFileSync(join(root, page), 'utf8').split(/\n(?=#+ )/),
  );
}

/** Files of stories, with sections among them until there are none left. */
async function writeTexts(place, stories) {
  const pages = sections();
  const perFile = stories / FILES;
  let data = [];
  let count = 0;
  for await (const { text } of storyDocuments({ count: stories, seed: SEED })) {
    data.push(text);
    if (++count % STORIES_PER_SECTION === 0) data.push(...pages.splice(0, 1));
    if (count % perFile > 0) continue;
    const filename = join(place, parquetName(count / perFile - 1));
    parquetWriteFile({ filename, columnData: [{ name: 'text', data, type: 'STRING' }], codec: 'SNAPPY' });
    data = [];
  }
}

/** Of each story its first half, how it goes on, and how three others do. */
async function examples() {
  const halves = [];
  for await (const { text } of storyDocuments({ count: EXAMPLES, seed: SEED + 1 })) {
    const sentences = text.replaceAll('\n', ' ').split(/(?<=[.!?]) /);
    const middle = Math.ceil(sentences.length / 2);
    halves.push({ ctx: sentences.slice(0, middle).join(' '), ending: sentences.slice(middle, middle + 2).join(' ') });
  }
  return halves.map(({ ctx }, index) => {
    const label = index % 4;
    const endings = [0, 1, 2, 3].map((place) => halves[(index + 4 + place - label) % halves.length]?.ending);
    endings[label] = halves[index].ending;
    return { ctx, endings, label };
  });
}

async function writeModel(place) {
  const config = PRESETS.tiny;
  await writeGpt2Folder(place, config, (name, start, target) => {
    const untilHere = new Float32Array(start + target.length);
    initialise(untilHere, name, config, SEED);
    target.set(untilHere.subarray(start));
  });
}
