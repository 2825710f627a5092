import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { mainSource } from '#minillm/app/server/models/model-source.js';
import { planSite } from '#minillm/app/site/site-plan.js';
import { spaceCard } from '#minillm/cli/publish/space-card.js';

const main = await mainSource('untrained:gpt2-1558m', 'untrained:gpt2-1558m', 'gpt2');
const plan = await planSite({ main, compared: undefined, weights: 'bf16', slider: 'default' });

const headOf = (card: string): Record<string, unknown> => parse(/^---\n([\s\S]*?)\n---\n/.exec(card)?.[1] ?? '');

test('a Space links the models that are of the hub, without their revision', () => {
  const of = (...checkpoints: string[]) =>
    headOf(spaceCard(plan, { name: 'owner/name', license: undefined, checkpoints })).models;
  expect(of('hf:owner/stories@v2', 'untrained')).toEqual(['owner/stories']);
  expect(of('hf:owner/stories', 'hf:openai-community/gpt2')).toEqual(['owner/stories', 'openai-community/gpt2']);
  expect(of('out/stories')).toBeUndefined();
});

test('the description of the largest GPT-2 is as short as the hub takes it, and a name that is a number stays text', () => {
  const head = headOf(spaceCard(plan, { name: 'owner/2048', license: undefined, checkpoints: [] }));
  expect(head.short_description).toBe('A GPT-2 of 1,557,611,200 parameters in your browser');
  expect(String(head.short_description).length).toBeLessThanOrEqual(60);
  expect(head.title).toBe('2048');
  expect(head).not.toHaveProperty('license');
});
