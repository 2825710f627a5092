/** @file The report as one page that opens without a network: tables in the HTML, charts and samples by the script in it. */

import { readFile } from 'node:fs/promises';
import { html, raw } from 'hono/html';
import { formatCount, formatDuration } from '../support/format.ts';
import { formatSteps, formatTokens } from './figure/horizontal.ts';
import { formatMeasured } from './figure/number-format.ts';
import { isDashed, runColourRules } from './figure/palette.ts';
import { pageData } from './page-data.ts';
import type { RunCurves } from './series/curves.ts';
import { ofExamples } from './series/hellaswag-examples.ts';
import { HELLASWAG_REFERENCES, LOSS_REFERENCES } from './series/references.ts';
import { type RunSummary, summaryOf } from './series/summary.ts';

type Html = ReturnType<typeof html>;

/** Nothing is fetched: a page that tried would be stopped by this. */
const POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:";

/** The page as a string. */
export async function reportPage(
  runs: readonly RunCurves[],
  {
    title,
    notes,
    references,
  }: { readonly title: string; readonly notes: readonly string[]; readonly references: boolean },
): Promise<string> {
  const [script, style] = await Promise.all([bundled('page.js'), bundled('page.css')]);
  const data = JSON.stringify(pageData(runs, references)).replaceAll('<', '\\u003c');
  const summaries = runs.map(summaryOf);
  return `${await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${raw(POLICY)}">
<title>${title}</title>
<style>${raw(style)}${raw(runColourRules(Math.max(2, runs.length)))}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="muted">${describe(runs)}</p>
${notes.map((note) => html`<p>${note}</p>`)}
</header>
<main>
${runs.length === 1 ? summaries.map((summary) => headline(summary, references)) : ''}
<div id="runs" class="runs" role="group" aria-label="Runs"></div>
<div id="controls"></div>
<section id="charts" aria-label="Curves"><noscript>The curves need JavaScript; results-light.svg shows them too.</noscript></section>
<section id="samples" aria-label="Samples"></section>
<section><h2>Results</h2>${resultsTable(summaries, references)}</section>
${configuration(runs)}
</main>
<script type="application/json" id="data">${raw(data)}</script>
<script>${raw(script.replaceAll('</script', '<\\/script'))}</script>
</body>
</html>`}\n`;
}

/** What `npm run build` made of `page/`. */
async function bundled(name: string): Promise<string> {
  return readFile(new URL(`./page/${name}`, import.meta.url), 'utf8');
}

function describe(runs: readonly RunCurves[]): string {
  const newest = new Date(Math.max(...runs.map(({ writtenAt }) => writtenAt)));
  const date = newest.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  const what = runs.length === 1 ? runs.map(({ path }) => path) : [`${runs.length} runs`];
  return `${what}, last written ${date}`;
}

/** The figures one looks for first. */
function headline(summary: RunSummary, references: boolean): Html {
  const { validationLoss, trainingLoss, hellaswag, hellaswagExamples, steps, tokens, tokensPerSecond, mfu, seconds } =
    summary;
  const [gpt2Loss] = LOSS_REFERENCES;
  const [gpt2Accuracy] = HELLASWAG_REFERENCES;
  const beside = (value: number, reference: { name: string; value: number } | undefined, digits: number): string =>
    references && reference ? `${signed(value - reference.value, digits)} against ${reference.name}` : '';
  const cards: [label: string, value: string, note: string][] = [
    Number.isNaN(validationLoss)
      ? ['Training loss', shown(trainingLoss, 4), 'mean of the last steps']
      : ['Validation loss', shown(validationLoss, 4), beside(validationLoss, gpt2Loss, 4)],
    [`HellaSwag${ofExamples(hellaswagExamples)}`, shown(hellaswag, 4), beside(hellaswag, gpt2Accuracy, 4)],
    [
      'Trained',
      Number.isNaN(tokens) ? formatSteps(steps) : `${formatTokens(tokens)} tokens`,
      Number.isNaN(tokens) ? '' : formatSteps(steps),
    ],
    [
      'Throughput',
      `${count(tokensPerSecond)} tokens/s`,
      [Number.isNaN(mfu) ? '' : `${(100 * mfu).toFixed(1)} % MFU`, Number.isNaN(seconds) ? '' : formatDuration(seconds)]
        .filter(Boolean)
        .join(', '),
    ],
  ];
  const known = cards.filter(([, value]) => !value.startsWith('–'));
  return html`<dl class="headline">${known.map(([label, value, note]) => html`<div><dt>${label}</dt><dd>${value}</dd>${note ? html`<dd class="note">${note}</dd>` : ''}</div>`)}</dl>`;
}

function resultsTable(summaries: readonly RunSummary[], references: boolean): Html {
  const [gpt2] = LOSS_REFERENCES;
  const rows = summaries.map((run, index) => ({
    name: html`<span class="swatch${isDashed(index) ? ' dashed' : ''}" style="background:var(--run-${index})"></span>${run.name}`,
    cells: [
      shown(run.validationLoss, 4),
      `${shown(run.hellaswag, 4)}${ofExamples(run.hellaswagExamples)}`,
      shown(run.trainingLoss, 4),
      formatCount(run.steps),
      Number.isNaN(run.tokens) ? '–' : formatTokens(run.tokens),
      count(run.tokensPerSecond),
      Number.isNaN(run.mfu) ? '–' : `${(100 * run.mfu).toFixed(1)} %`,
      Number.isNaN(run.seconds) ? '–' : formatDuration(run.seconds),
    ],
  }));
  const openai = references
    ? HELLASWAG_REFERENCES.map(({ name, value }) => ({
        name: html`${name}`,
        cells: [name === gpt2?.name ? shown(gpt2.value, 4) : '', shown(value, 4), '', '', '', '', '', ''],
      }))
    : [];
  const heads = ['validation loss', 'HellaSwag', 'training loss', 'steps', 'tokens', 'tokens/s', 'MFU', 'time'];
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Results"><table class="results">
<thead><tr><th scope="col">run</th>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${[...rows, ...openai].map(({ name, cells }) => html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
</table></div>`;
}

/** Settings, model and machine; where several runs differ, the row is marked. */
function configuration(runs: readonly RunCurves[]): Html | string {
  const known = runs.flatMap(({ name, facts }) => (facts ? [{ name, facts }] : []));
  if (known.length === 0) return '';
  const values = known.map(({ facts: { versions, parameters, configuration } }) => {
    // the setting `device` says which kind, the fact which machine
    const { device: hardware, ...software } = versions;
    return { ...software, hardware, parameters: formatCount(parameters), ...configuration };
  });
  const keys = [...new Set(values.flatMap((entry) => Object.keys(entry)))];
  const rows = keys.map((key) => {
    const cells = values.map((entry: Readonly<Record<string, unknown>>) => settingText(entry[key]));
    return { key, cells, differs: new Set(cells).size > 1 };
  });
  return html`<section><h2>Configuration</h2><div class="scroll" tabindex="0" role="region" aria-label="Configuration"><table class="settings">
${known.length > 1 ? html`<thead><tr><th scope="col">setting</th>${known.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>` : ''}
<tbody>${rows.map(({ key, cells, differs }) => html`<tr${differs ? raw(' class="differs"') : ''}><th scope="row">${words(key)}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
</table></div></section>`;
}

function settingText(value: unknown): string {
  if (value === undefined || value === null) return '–';
  if (typeof value === 'number' && Number.isInteger(value) && value >= 10_000) return formatCount(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `totalBatchSize` is total batch size. */
function words(key: string): string {
  return key.replace(/([A-Z])/g, ' $1').toLowerCase();
}

function shown(value: number, digits: number): string {
  return Number.isNaN(value) ? '–' : formatMeasured(value, digits);
}

function count(value: number): string {
  return Number.isNaN(value) ? '–' : formatCount(value);
}

function signed(value: number, digits: number): string {
  const size = Math.abs(value);
  return `${value < 0 ? '−' : '+'}${size < 1 ? size.toFixed(digits) : formatMeasured(size, digits)}`;
}
