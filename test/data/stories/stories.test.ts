import { describe, expect, it } from 'vitest';
import { buildDataset } from '#minillm/data/sharding/build-dataset.js';
import { openDataset } from '#minillm/data/shards/dataset.js';
import { DEFAULT_STORIES, storyCorpus, storyDocuments } from '#minillm/data/stories/stories.js';
import { writeStory } from '#minillm/data/stories/story-writer.js';
import { decode, END_OF_TEXT, encode } from '#minillm/data/tokenizer/tokenizer.js';
import { PRESETS } from '#minillm/model/presets.js';
import { Random } from '#minillm/support/random.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function stories(count: number, seed: number): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text } of storyDocuments({ count, seed })) texts.push(text);
  return texts;
}

const corpus = await stories(DEFAULT_STORIES, 0);
const tokens = corpus.map((text) => encode(text));

describe('the built-in stories', () => {
  it('are 1.2 to 1.5 million tokens of fewer than 300 kinds', () => {
    const total = tokens.reduce((sum, ids) => sum + ids.length + 1, 0);
    expect(total).toBeGreaterThan(1_200_000);
    expect(total).toBeLessThan(1_500_000);
    expect(new Set(tokens.flatMap((ids) => [...ids])).size).toBeLessThan(300);
  });

  it('each fit the context of the tiny preset, <|endoftext|> included', () => {
    const lengths = tokens.map((ids) => ids.length + 1);
    expect(Math.max(...lengths)).toBeLessThan(PRESETS.tiny.contextLength);
    expect(Math.min(...lengths)).toBeGreaterThan(60);
  });

  it('are all different, and different for another seed', async () => {
    expect(new Set(corpus).size).toBe(DEFAULT_STORIES);
    const other = await stories(1000, 1);
    expect(other.filter((text) => corpus.includes(text))).toEqual([]);
  });

  it('are the same for the same seed, and the first of them whatever the count', async () => {
    expect(await stories(100, 0)).toEqual(corpus.slice(0, 100));
  });

  it('are plain sentences: nothing of the grammar shows, quotes are closed, "an" stands before vowels', () => {
    for (const text of corpus) {
      expect(text).toMatch(/^[A-Z][\w ,.!?"']+[.!"]$/);
      expect(text).not.toMatch(/undefined| {2}| [,.!?]|\ba [aeiou]|\ban [^aeiou]/i);
      expect(text.split('"').length % 2).toBe(1);
    }
  });

  it('survive the tokenizer', () => {
    for (const [index, ids] of tokens.entries()) expect(decode(ids)).toBe(corpus[index]);
  });

  it('keep to one name, one pronoun and one toy', () => {
    const lost = corpus.filter((text) => text.includes('"I lost my ') && text.includes('They looked '));
    expect(lost.length).toBeGreaterThan(100);
    for (const text of lost) {
      const [, toy] = / took (?:his|her) \w+ (\w+ \w+) to the /.exec(text)!;
      expect(text).toContain(`"I lost my ${toy},"`);
      expect(text).toContain(`there was the ${toy}!`);
    }
    const girls = corpus.filter(
      (text) => /^[^.]* girl named /.test(text) && !/ boy named | dad|friend [A-Z]/.test(text),
    );
    expect(girls.length).toBeGreaterThan(100);
    for (const text of girls) expect(text).not.toMatch(/\b(he|him|his)\b/i);
  });

  it('cannot be foretold better than 0.3 to 0.5 nats a token, which is what their choices weigh', () => {
    const random = new Random(0, 'test');
    let nats = 0;
    let count = 0;
    for (let story = 0; story < 1000; story++) {
      const text = writeStory((options) => {
        nats += Math.log(options);
        return Math.floor(random.uniform() * options);
      });
      count += encode(text).length + 1;
    }
    expect(nats / count).toBeGreaterThan(0.3);
    expect(nats / count).toBeLessThan(0.5);
  });

  it('of the validation shard do not occur in the training shard', async () => {
    const folder = temporaryFolder();
    await buildDataset({ folder, corpus: storyCorpus({ count: 3000, seed: 0 }), workers: 1 });
    const dataset = await openDataset(folder);
    const [validation, train] = [dataset.validation, dataset.train].map(({ shards }) =>
      storiesOf(shards.flatMap((shard) => [...shard.read(0, shard.tokenCount)])),
    ) as [string[], string[]];
    dataset.close();
    expect(validation.length).toBeGreaterThan(100);
    const trained = new Set(train);
    expect(validation.filter((text) => trained.has(text))).toEqual([]);
  });
});

/** The documents of some tokens; the first and the last may be cut. */
function storiesOf(ids: readonly number[]): string[] {
  const texts: string[] = [];
  for (let start = 0; start < ids.length; ) {
    const next = ids.indexOf(END_OF_TEXT, start + 1);
    const end = next < 0 ? ids.length : next;
    texts.push(decode(ids.slice(start, end)));
    start = end;
  }
  return texts;
}
