import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type RunCurves, SeriesCollector } from '#minillm/report/series/curves.js';
import { compareWithExpected, type Verdict } from '#minillm/report/series/expectation.js';
import { verdictSentence } from '#minillm/report/series/expectation-sentence.js';
import { readRuns } from '#minillm/report/sources/read-run.js';
import { Random } from '#minillm/support/random.js';

const STEPS = 3000;

/** A loss as GPT-2's falls over the first steps. */
const curve = (step: number): number => 2.8 + 8.2 / (1 + step / 120) ** 0.75;

interface Planted {
  readonly seed?: number;
  /** What is added to every loss from a step on. */
  readonly from?: number;
  readonly to?: number;
  readonly by?: number;
  /** What steps do more than they should. */
  readonly ahead?: number;
  readonly steps?: number;
}

/** A run with noise of its own: 0.03 on a step's loss, 0.003 on an evaluation's, as much as HellaSwag has by chance. */
function runWith({
  seed = 1,
  from = 0,
  to = Number.POSITIVE_INFINITY,
  by = 0,
  ahead = 1,
  steps = STEPS,
}: Planted = {}): RunCurves {
  const random = new Random(seed, 'noise');
  const collector = new SeriesCollector();
  // nearly normal, as the sum of uniform numbers is
  const noise = (scale: number) =>
    scale * (Array.from({ length: 12 }, () => random.uniform()).reduce((a, b) => a + b) - 6);
  for (let step = 0; step <= steps; step++) {
    const planted = step >= from && step < to ? by : 0;
    if (step % 250 === 0) {
      collector.add('validationLoss', step, curve(ahead * step) + planted + noise(0.003));
      collector.add('hellaswag', step, 0.25 + 0.05 * (1 - Math.exp(-step / 3000)) - planted / 5 + noise(0.003));
    }
    if (step < steps) collector.add('loss', step, curve(ahead * step) - 0.03 + planted + noise(0.03));
  }
  return {
    ...{ name: 'run', path: 'run', series: collector.collected(), samples: [], tokensPerStep: 524_288 },
    ...{ hellaswagExamples: 10_042, facts: undefined, writtenAt: 0 },
  };
}

const expected = runWith({ seed: 100 });

function verdictsOf(run: RunCurves, beside = expected): Record<Verdict['quantity'], Verdict> {
  const verdicts = compareWithExpected(run, beside);
  return Object.fromEntries(verdicts.map((verdict) => [verdict.quantity, verdict])) as Record<
    Verdict['quantity'],
    Verdict
  >;
}

test.each(Array.from({ length: 20 }, (_, seed) => seed))('noise alone leaves no band, seed %i', (seed) => {
  const verdicts = compareWithExpected(runWith({ seed }), expected);
  expect(verdicts.map(({ quantity }) => quantity)).toEqual(['validationLoss', 'hellaswag', 'loss']);
  for (const { excursions } of verdicts) expect(excursions).toEqual([]);
});

test('a run that is four steps in a hundred ahead or behind is within the band', () => {
  for (const ahead of [0.96, 1.04])
    for (const { excursions } of compareWithExpected(runWith({ ahead }), expected)) expect(excursions).toEqual([]);
});

test('a planted divergence is found where it begins', () => {
  const { validationLoss, loss } = verdictsOf(runWith({ from: 1400, by: 0.25 }));
  expect(validationLoss).toMatchObject({ side: 'above', latest: { step: 3000 } });
  expect(validationLoss.excursions).toEqual([{ side: 'above', from: 1500, to: 3000 }]);
  // means of 61 steps see it sooner than evaluations every 250
  expect(loss.excursions).toHaveLength(1);
  expect(loss.excursions[0]?.from).toBeGreaterThanOrEqual(1400 - 30);
  expect(loss.excursions[0]?.from).toBeLessThan(1500);
  expect(verdictSentence(validationLoss)).toMatch(
    /^validation loss at step 3,000 is \d\.\d{4}, expected \d\.\d{4} ± 0\.0\d{3}: above the band, which it first left at step 1,500$/,
  );
});

test('a run that learns what it is asked lies below', () => {
  expect(verdictsOf(runWith({ from: 2000, by: -0.3 })).validationLoss).toMatchObject({
    side: 'below',
    excursions: [{ side: 'below', from: 2000, to: 3000 }],
  });
});

test('one measurement outside is told of as such', () => {
  const { validationLoss } = verdictsOf(runWith({ from: 2990, to: 3001, by: 0.4 }));
  expect(validationLoss.excursions).toEqual([]);
  expect(verdictSentence(validationLoss)).toMatch(/: above the band, at this step alone so far$/);
});

test('a run that came back says where it was', () => {
  const { validationLoss } = verdictsOf(runWith({ from: 1000, to: 1600, by: 0.5 }));
  expect(validationLoss.side).toBe('within');
  expect(verdictSentence(validationLoss)).toMatch(/: within the band; it was above from step 1,000 to 1,500$/);
});

test('a run that began at a later step is compared from there on', () => {
  const { series, ...run } = runWith();
  const from = series.loss.steps.indexOf(1500);
  const loss = { steps: series.loss.steps.slice(from), values: series.loss.values.slice(from) };
  expect(verdictsOf({ ...run, series: { ...series, loss } }).loss).toMatchObject({ side: 'within', excursions: [] });
});

test('a loss that is no number lies above', () => {
  const { loss, validationLoss } = verdictsOf(runWith({ from: 2400, by: Number.NaN }));
  expect(loss).toMatchObject({ side: 'above', latest: { value: Number.NaN } });
  expect(verdictSentence(validationLoss)).toMatch(/^validation loss at step 3,000 is not a number, expected .*: above/);
});

test('accuracies over few examples may lie further apart', () => {
  const bandOf = (examples: number) => verdictsOf({ ...runWith(), hellaswagExamples: examples }).hellaswag.latest.band;
  expect(bandOf(10_042)).toBeCloseTo(2 * Math.sqrt((2 * 0.28 * 0.72) / 10_042), 3);
  expect(bandOf(100)).toBeCloseTo(bandOf(10_042) * Math.sqrt(100.42), 6);
});

test('only what is measured so far is compared, and the last evaluation where programs count it differently', () => {
  const young = verdictsOf(runWith({ steps: 600 }));
  expect([young.validationLoss.latest.step, young.loss.latest.step < 600]).toEqual([500, true]);
  expect(compareWithExpected(runWith({ steps: 20 }), expected)).toEqual([]);
  const { steps, values } = expected.series.validationLoss;
  const earlier = { steps: steps.map((step) => (step === STEPS ? STEPS - 1 : step)), values };
  const beside = { ...expected, series: { ...expected.series, validationLoss: earlier } };
  expect(verdictsOf(runWith(), beside).validationLoss.latest.step).toBe(STEPS - 1);
});

test('the curve that comes with the recipe lies within its own band, and one on other text does not', async () => {
  const table = fileURLToPath(new URL('../../recipes/expected/gpt2-124m-fineweb-edu.tsv', import.meta.url));
  const [published, other] = (await readRuns([table, table], undefined)) as [RunCurves, RunCurves];
  expect([published.tokensPerStep, published.hellaswagExamples]).toEqual([524_288, 10_042]);
  for (const { side, excursions } of compareWithExpected(published, other))
    expect([side, excursions]).toEqual(['within', []]);
  // by so much losses on FineWeb are higher than on FineWeb-Edu
  const { steps, values } = other.series.validationLoss;
  const shifted = { ...other.series, validationLoss: { steps, values: values.map((value) => value + 0.2) } };
  expect(verdictsOf({ ...other, series: shifted }, published).validationLoss).toMatchObject({
    side: 'above',
    latest: { step: 19_072 },
  });
});
