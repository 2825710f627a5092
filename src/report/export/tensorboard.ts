/**
 * @file A run as an event file of TensorBoard: TFRecords of `Event` messages (tensorflow/core/util/event.proto and
 * framework/summary.proto), scalars for the quantities, text for the samples.
 */

import { QUANTITIES, type Quantity, type RunCurves, type Sample } from '../series/curves.ts';
import { bytesField, doubleField, floatField, integerField, message } from './protobuf.ts';
import { tfRecord } from './tfrecord.ts';

/** TensorBoard knows event files by this part of their name. */
export const EVENT_FILE = 'events.out.tfevents.0000000000.minillm';

const TAGS: Readonly<Record<Quantity, string>> = {
  loss: 'loss/train',
  validationLoss: 'loss/validation',
  hellaswag: 'hellaswag/accuracy_norm',
  learningRate: 'optimizer/learning_rate',
  gradientNorm: 'optimizer/gradient_norm',
  milliseconds: 'speed/milliseconds',
  tokensPerSecond: 'speed/tokens_per_second',
  mfu: 'speed/mfu',
};

const DT_STRING = 7;

interface Measurement {
  readonly step: number;
  readonly value: Uint8Array;
}

/**
 * The bytes of the event file, steps ascending. A run does not record when a step was made: times are counted back from its last
 * write by the durations of its steps.
 */
export function eventFile(run: RunCurves): Uint8Array {
  const measurements = [
    ...QUANTITIES.flatMap((quantity) => scalars(run, quantity)),
    ...run.samples.map((sample, index) => text(sample, sampleNumber(run.samples, index))),
  ].sort((a, b) => a.step - b.step);
  const secondsAt = clock(run);
  const start = secondsAt(0);
  return Buffer.concat([
    tfRecord(message(doubleField(1, start), bytesField(3, 'brain.Event:2'))),
    ...measurements.map(({ step, value }) =>
      tfRecord(message(doubleField(1, secondsAt(step)), integerField(2, step), bytesField(5, bytesField(1, value)))),
    ),
  ]);
}

/** `Summary.Value` of each number; what is not one is a gap. */
function scalars({ series }: RunCurves, quantity: Quantity): Measurement[] {
  const { steps, values } = series[quantity];
  return steps.flatMap((step, index) => {
    const value = values[index] ?? Number.NaN;
    return Number.isNaN(value) ? [] : [{ step, value: message(bytesField(1, TAGS[quantity]), floatField(2, value)) }];
  });
}

/** `Summary.Value` with a string tensor and the mark of the text plugin, which renders Markdown: verbatim it is code. */
function text({ step, text: content }: Sample, stream: number): Measurement {
  const verbatim = content.replace(/^/gm, '    ');
  const tensor = message(
    integerField(1, DT_STRING),
    bytesField(2, bytesField(2, integerField(1, 1))),
    bytesField(8, verbatim),
  );
  const metadata = bytesField(1, bytesField(1, 'text'));
  return { step, value: message(bytesField(1, `samples/${stream}`), bytesField(8, tensor), bytesField(9, metadata)) };
}

/** Which of the samples of its step this one is, from 1. */
function sampleNumber(samples: readonly Sample[], index: number): number {
  const step = samples[index]?.step;
  return index - samples.findIndex((sample) => sample.step === step) + 1;
}

/** Seconds since 1970 before each step. */
function clock({ series: { milliseconds }, writtenAt }: RunCurves): (step: number) => number {
  const before = new Map<number, number>();
  let sum = 0;
  for (const [index, step] of milliseconds.steps.entries()) {
    before.set(step, sum);
    const value = milliseconds.values[index] ?? 0;
    sum += Number.isNaN(value) ? 0 : value;
  }
  const total = sum;
  return (step) => (writtenAt - total + (before.get(step) ?? (step === 0 ? 0 : total))) / 1000;
}
