import { expect, test } from 'vitest';
import { renderChoice } from '#minillm/app/server/completions/completion-response.js';
import { completionSchema, MOST_LOGPROBS } from '#minillm/app/server/completions/completions-schema.js';

test('ids of a padded vocabulary, which have no text, are left out of the likeliest', () => {
  const likeliestIds = new Int32Array(MOST_LOGPROBS);
  likeliestIds.set([50_300, 464, 50_257]);
  const likeliestValues = Float32Array.from({ length: MOST_LOGPROBS }, (_, i) => -i);
  const scores = { values: Float32Array.of(-2), likeliestIds, likeliestValues };
  const choice = { index: 0, prompt: [50_256, 464], tokens: [], text: '', finishReason: 'length', scores } as const;
  const body = completionSchema.parse({ prompt: [50_256, 464], echo: true, logprobs: 3 });
  expect(renderChoice(choice, body).logprobs?.top_logprobs).toEqual([null, { The: -1 }]);
});
