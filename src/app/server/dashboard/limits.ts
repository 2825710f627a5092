/**
 * @file Every limit of the dashboard's server. It also runs beside a trainer, whose machine's memory it must not take: what
 * it keeps does not grow with the steps of a run, and only one event, shared by all pages, waits for a page.
 */

/** Pages with an open stream; one more gets a 503. */
export const MAX_STREAMS = 100;
/** When a page that got a 503 should try again. */
export const RETRY_AFTER_SECONDS = 5;
/** How long a page may take nothing of an event that waits for it; then it is dropped, and reconnects by itself. */
export const STALLED_SECONDS = 30;

/** Training steps that are kept and drawn; in a longer run each point is the mean of 2, 4, 8, … steps. */
export const MAX_POINTS = 20_000;
/** Evaluations; if there are more, every second, fourth, … is kept. */
export const MAX_EVALUATIONS = 4000;
/** Samples, written four at a time; thinned as evaluations are. */
export const MAX_SAMPLES = 2000;
/** Characters of a sample. */
export const MAX_SAMPLE_LENGTH = 2000;

/** Points or samples per event: about 200 kB at most. */
export const POINTS_PER_EVENT = 2000;
export const SAMPLES_PER_EVENT = 20;

/** Settings of a run. */
export const MAX_SETTINGS = 200;
/** Characters of a name, a fact or the value of a setting. */
export const MAX_TEXT_LENGTH = 500;

/** MiB of JavaScript objects in the process that serves a run in training; beyond them it ends, and training continues. */
export const MAX_PROCESS_MEBIBYTES = 128;

/** The limits for `--help`, one line each. */
export function describeLimits(): readonly string[] {
  const count = (value: number): string => value.toLocaleString('en');
  return [
    `at most ${MAX_STREAMS} pages at once; others say so and try again every ${RETRY_AFTER_SECONDS} s`,
    `at most ${count(MAX_POINTS)} points per curve; in longer runs a point is the mean of 2, 4, 8, … steps`,
    `at most ${count(MAX_EVALUATIONS)} evaluations and ${count(MAX_SAMPLES)} samples of ${count(MAX_SAMPLE_LENGTH)} characters; if there are more, every second, fourth, … is shown`,
    `a page that reads nothing for ${STALLED_SECONDS} s is dropped and reconnects by itself`,
  ];
}
