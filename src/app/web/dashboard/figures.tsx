/** @file The latest figures of a run. */

import { formatTokens } from '../../../report/figure/horizontal.ts';
import { ofExamples } from '../../../report/series/hellaswag-examples.ts';
import { stepTimes } from '../../../report/series/step-times.ts';
import { formatCount, formatDuration } from '../../../support/format.ts';
import { median } from '../../../support/median.ts';
import { describeState, type RunState, stepsTrained } from './run-state.ts';

/** Figures that vary from step to step are averaged over this share of the steps, up to a maximum. */
const RECENT_SHARE = 1 / 20;
const MAX_RECENT = 20;
/** Steps whose median duration gives the time left. */
const TIMED_STEPS = 50;

export function Figures({ run }: { readonly run: RunState }) {
  const { train, evaluations } = run.history;
  const trained = stepsTrained(run);
  const { steps, tokensPerStep } = run.information;
  const seconds = stepTimes(train.step, train.ms).ys.at(-1) ?? 0;
  const validation = lastMeasured(evaluations.step, evaluations.validationLoss);
  const hellaswag = lastMeasured(evaluations.step, evaluations.hellaswag);
  const examples = lastMeasured(evaluations.step, evaluations.hellaswagExamples)?.value;
  const norm = train.norm.at(-1);
  const mfu = recentMean(train.mfu);
  return (
    <section class="card figures" aria-label="Figures">
      <div class="progress">
        <span>
          step <b>{formatCount(trained)}</b>
          {steps !== undefined && ` of ${formatCount(steps)}`}
        </span>
        {tokensPerStep !== undefined && (
          <span>{formatTokens(trained * tokensPerStep, (trained * tokensPerStep) / 1000)} tokens</span>
        )}
        {seconds > 0 && <span>{formatDuration(seconds)} of training</span>}
        {steps !== undefined && <progress max={steps} value={trained} aria-label="steps trained" />}
        <span>{timeLeft(run) ?? describeState(run)}</span>
      </div>
      <dl>
        <Figure name="Training loss" value={recentMean(train.loss)?.toFixed(4)} />
        <Figure
          name="Validation loss"
          value={validation?.value.toFixed(4)}
          note={validation && `step ${formatCount(validation.step)}`}
        />
        {hellaswag && (
          <Figure
            name={`HellaSwag${ofExamples(examples)}`}
            value={hellaswag.value.toFixed(4)}
            note={`step ${formatCount(hellaswag.step)}`}
          />
        )}
        <Figure name="Tokens/s" value={formatted(recentMean(train.tokensPerSecond), formatCount)} />
        <Figure name="MFU" value={formatted(mfu, (value) => `${(100 * value).toFixed(1)}%`)} />
        <Figure name="Gradient norm" value={formatted(norm ?? undefined, (value) => value.toPrecision(3))} />
      </dl>
    </section>
  );
}

/** `3 m 12 s left`; undefined for a run that is not training, has no known end or has reached it. */
function timeLeft(run: RunState): string | undefined {
  const { steps = 0, isTraining } = run.information;
  const left = steps - stepsTrained(run);
  const durations = run.history.train.ms.slice(-TIMED_STEPS).filter((ms) => ms !== null);
  if (!isTraining || left <= 0 || durations.length === 0) return undefined;
  return `${formatDuration((left * median(durations)) / 1000)} left`;
}

function Figure({
  name,
  value,
  note,
}: {
  readonly name: string;
  readonly value: string | undefined;
  readonly note?: string | undefined;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value ?? '–'} {note && <small>{note}</small>}
      </dd>
    </div>
  );
}

function formatted(value: number | undefined, format: (value: number) => string): string | undefined {
  return value === undefined ? undefined : format(value);
}

/** The mean of the last values, undefined without one. */
function recentMean(values: readonly (number | null)[]): number | undefined {
  const count = Math.min(MAX_RECENT, Math.ceil(values.length * RECENT_SHARE));
  const recent = values.slice(values.length - count).filter((value) => value !== null);
  return recent.length === 0 ? undefined : recent.reduce((sum, value) => sum + value, 0) / recent.length;
}

function lastMeasured(
  steps: readonly number[],
  values: readonly (number | null)[],
): { readonly step: number; readonly value: number } | undefined {
  const index = values.findLastIndex((value) => value !== null);
  const [step, value] = [steps[index], values[index]];
  return step === undefined || value === null || value === undefined ? undefined : { step, value };
}
