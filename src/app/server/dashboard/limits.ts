/**
 * @file Every limit of the dashboard's server. It also runs beside a trainer, whose machine's memory it must not take: what
 * it keeps does not grow with the steps of a run, and what waits for a page is one event, shared with the other pages.
 */

/** Pages that are told of runs at once; one more is answered 503. */
export const MAX_STREAMS = 100;
/** When a page that was answered 503 should try again. */
export const RETRY_AFTER_SECONDS = 5;
/** How long a page may take nothing of an event that waits for it; then it is dropped, and connects again by itself. */
export const STALLED_SECONDS = 30;

/** Training steps that are kept and drawn; of a longer run each point is the mean of 2, 4, 8, … steps. */
export const MAX_POINTS = 20_000;
/** Evaluations; of more of them every second is kept, or every fourth, … */
export const MAX_EVALUATIONS = 4000;
/** Samples, of which four are written at a time; thinned as evaluations are. */
export const MAX_SAMPLES = 2000;
/** Characters of a sample. */
export const MAX_SAMPLE_LENGTH = 2000;

/** Points, and samples, of one event: about 200 kB at most. */
export const POINTS_PER_EVENT = 2000;
export const SAMPLES_PER_EVENT = 20;

/** Settings of a run, and facts of it. */
export const MAX_SETTINGS = 200;
/** Characters of a name, a fact or the value of a setting. */
export const MAX_TEXT_LENGTH = 500;

/** MiB of JavaScript objects of the process that serves a run in training; beyond them it ends, and training goes on. */
export const MAX_PROCESS_MEBIBYTES = 128;

/** The limits as a person reads them, a line each. */
export function describeLimits(): readonly string[] {
  const count = (value: number): string => value.toLocaleString('en');
  return [
    `${MAX_STREAMS} pages at once; one more is told so, and tries again every ${RETRY_AFTER_SECONDS} s`,
    `${count(MAX_POINTS)} points a curve: of longer runs a point is the mean of 2, 4, 8, … steps`,
    `${count(MAX_EVALUATIONS)} evaluations and ${count(MAX_SAMPLES)} samples of ${count(MAX_SAMPLE_LENGTH)} characters; of more every second, fourth, … is shown`,
    `a page that takes nothing for ${STALLED_SECONDS} s is dropped, and connects again by itself`,
  ];
}
