/** @file What a run of the fuzzer prints: a row for each target, and a line at the end. */

import type { CampaignReport } from './campaign.ts';

const WIDTHS = [16, 9, 9, 9, 9, 22, 9, 9];

const row = (cells: readonly (string | number)[]): string =>
  cells
    .map((cell, place) => (place === 0 ? String(cell).padEnd(WIDTHS[0]!) : String(cell).padStart(WIDTHS[place]!)))
    .join('');

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

export function tableHead(): string {
  return row(['target', 'inputs', 'refused', 'accepted', 'failures', 'slowest (index)', 'memory', 'growth']);
}

export function tableRow(name: string, report: CampaignReport): string {
  const { inputs, refused, accepted, failures, slowestMilliseconds, slowestIndex, peakBytes, growthBytes } = report;
  const slowest = `${Math.round(slowestMilliseconds)} ms (${slowestIndex})`;
  return row([name, inputs, refused, accepted, failures, slowest, megabytes(peakBytes), megabytes(growthBytes)]);
}

export function totalLine(reports: readonly CampaignReport[], seed: number): string {
  const sum = (key: 'inputs' | 'refused' | 'accepted' | 'failures'): number =>
    reports.reduce((total, report) => total + report[key], 0);
  const failures = sum('failures');
  const outcome = failures === 0 ? 'nothing failed' : `${failures} failures, kept in out/fuzz`;
  return `${sum('inputs')} inputs: ${sum('refused')} refused, ${sum('accepted')} accepted; ${outcome} (seed ${seed})`;
}
