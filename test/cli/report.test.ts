import { existsSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { lossAt, writeSyntheticRun } from '../report/synthetic-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { minillm } from './minillm.js';

test('report writes pictures and a page into the run folder, and says where the run stands', async () => {
  const run = writeSyntheticRun(join(temporaryFolder(), 'book'));
  const { code, stdout, stderr } = await minillm('report', run);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^book +600 +3\.\d{4} +3\.\d{4} +0\.29\d\d +2,048$/m);
  expect(stdout).toMatch(/^OpenAI GPT-2 124M +3\.2924 +0\.2955$/m);
  for (const name of [
    'results-light.svg',
    'results-light.png',
    'results-dark.svg',
    'results-dark.png',
    'report.html',
  ]) {
    expect(stdout).toContain(join(run, 'report', name));
    expect(existsSync(join(run, 'report', name))).toBe(true);
  }
});

test('report and runs say of how many examples a HellaSwag accuracy is when it is a part', async () => {
  const run = writeSyntheticRun(join(temporaryFolder(), 'part'), { hellaswagExamples: 503 });
  expect((await minillm('report', run)).stdout).toMatch(/^part .* 0\.29\d\d \(503 examples\) +2,048$/m);
  expect((await minillm('runs', run)).stdout).toMatch(/ 0\.29\d\d \(503 examples\) +2,048 .*stopped$/m);
});

test('report overlays a log of another program; series go where they are asked for', async () => {
  const folder = temporaryFolder();
  const log = join(folder, 'main.log');
  writeFileSync(log, 's:0 tel:11.0\ns:0 trl:11.0 lr:0.001 norm:3.0\ns:1 trl:10.0 lr:0.001 norm:2.0\n');
  const run = writeSyntheticRun(join(folder, 'book'));
  const out = join(folder, 'both');
  const { code, stdout } = await minillm(
    ...['report', run, `llm.c (8 GPUs)=${log}`, '--tokens-per-step', '524288'],
    ...['--out', out, '--csv', '--tensorboard', '--json'],
  );
  expect(code).toBe(0);
  const { runs, files } = JSON.parse(stdout) as { runs: { name: string; tokens: number }[]; files: string[] };
  expect(runs.map(({ name, tokens }) => [name, tokens])).toEqual([
    ['book', 600 * 1024],
    ['llm.c (8 GPUs)', 2 * 524_288],
  ]);
  expect(files).toContain(join(out, 'llm.c-8-GPUs.csv'));
  expect(readFileSync(join(out, 'llm.c-8-GPUs.csv'), 'utf8')).toBe(
    'step,tokens,loss,validation_loss,lr,norm\n0,0,11,11,0.001,3\n1,524288,10,,0.001,2\n',
  );
  expect(files.filter((file) => file.includes('tfevents'))).toHaveLength(2);
});

test('report writes a table for each run, also where names differ only in what file systems dislike', async () => {
  const run = writeSyntheticRun(join(temporaryFolder(), 'run'), { steps: 50 });
  const given = [`a-b=${run}`, `a-b-3=${run}`, `a/b=${run}`];
  const { stdout } = await minillm('report', ...given, '--out', temporaryFolder(), '--csv', '--json');
  const { files } = JSON.parse(stdout) as { files: string[] };
  const tables = files.filter((file) => file.endsWith('.csv')).map((file) => basename(file));
  expect(tables).toEqual(['a-b.csv', 'a-b-3.csv', 'a-b-2.csv']);
});

test('report is named for the number of runs when their names are long', async () => {
  const run = writeSyntheticRun(join(temporaryFolder(), 'run'), { steps: 50 });
  const titleOf = async (...names: string[]) => {
    const out = temporaryFolder();
    await minillm('report', ...names.map((name) => `${name}=${run}`), '--out', out);
    return /<title>(.*)<\/title>/.exec(readFileSync(join(out, 'report.html'), 'utf8'))?.[1];
  };
  expect(await titleOf('a', 'b')).toBe('a, b');
  expect(await titleOf('a'.repeat(60), 'b'.repeat(60))).toBe('2 runs');
});

test('report --expect draws the curve beside the run, and says on the page, in lines and as JSON where the run leaves it', async () => {
  const folder = temporaryFolder();
  const run = writeSyntheticRun(join(folder, 'book'), { scale: 1.1, hellaswag: false });
  const table = join(folder, 'published.tsv');
  const rows = [100, 250, 400, 550].map((step) => `${step}\t${step * 1024}\t${lossAt(step) + 0.03}`);
  writeFileSync(table, `step\ttokens\tval_loss\n${rows.join('\n')}\n`);
  const { code, stdout, stderr } = await minillm('report', run, '--expect', table);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^expected: published +\d+ +- +3\.\d{4} /m);
  const sentence = stdout.split('\n').find((line) => line.startsWith('validation loss at step 550 is ')) ?? '';
  expect(sentence).toMatch(/: above the band, which it first left at step 100$/);
  const page = readFileSync(join(run, 'report', 'report.html'), 'utf8');
  expect(page).toContain(`<p>${sentence}</p>`);
  expect(page).toContain('"name":"expected: published"');
  const json = await minillm('report', run, '--expect', table, '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({
    runs: [{ name: 'book' }],
    expectations: [{ run: 'book', verdicts: [{ quantity: 'validationLoss', side: 'above' }], sentences: [sentence] }],
  });

  writeFileSync(table, `step\ttokens\tval_loss\n0\t0\t9\n5\t2621440\t8\n`);
  const other = await minillm('report', run, '--expect', table);
  expect(other.stderr).toBe(
    'minillm: --expect: expected runs of 524,288 tokens a step, as the curve is, found 1,024 in book; give a curve of such steps\n',
  );
});

test('report ends with one line for what is no run, and for a place it cannot write to', async () => {
  const folder = temporaryFolder();
  const missing = await minillm('report', join(folder, 'none'));
  expect([missing.code, missing.stderr.split('\n').length]).toEqual([1, 2]);
  expect(missing.stderr).toMatch(/^minillm: .*none: expected a run folder.*found nothing there/);
  const run = writeSyntheticRun(join(folder, 'run'));
  const refused = await minillm('report', run, '--out', join(run, 'metrics.jsonl', 'x'));
  expect([refused.code, refused.stderr.split('\n').length]).toEqual([1, 2]);
  expect(refused.stderr).toMatch(/expected a folder, found a file there or on the way; give another place with --out/);
});

test('runs lists runs by the time of their last write, with what is known of each', async () => {
  const folder = temporaryFolder();
  writeSyntheticRun(join(folder, 'a', 'finished'), { planned: 600 });
  writeSyntheticRun(join(folder, 'stopped'), { planned: 1000, hellaswag: false });
  beginTraining(writeSyntheticRun(join(folder, 'training')));
  mkdirSync(join(folder, 'damaged'));
  writeFileSync(join(folder, 'damaged', 'metrics.jsonl'), '{}\n{}\n');
  const { code, stdout } = await minillm('runs', folder);
  expect(code).toBe(0);
  expect(stdout).toMatch(/finished +tiny 3\.4M +600 \/ 600 +3\.\d{4} +3\.\d{4} +0\.29\d\d +2,048 .* ago +finished$/m);
  expect(stdout).toMatch(/stopped +tiny 3\.4M +600 \/ 1,000 .* - +2,048 .* ago +stopped$/m);
  expect(stdout).toMatch(/training +- +600 .* ago +training$/m);
  expect(stdout).toMatch(/damaged: cannot be read: .*line 1/);
  const listed = JSON.parse((await minillm('runs', folder, '--json')).stdout) as { state: string }[];
  expect(listed.map(({ state }) => state).sort()).toEqual(['finished', 'stopped', 'stopped', 'training']);
});

test('runs lists a run once however it is reached, in one order over all folders', async () => {
  const folder = temporaryFolder();
  const elsewhere = temporaryFolder();
  const written = (path: string, minutesAgo: number): void => {
    writeSyntheticRun(path, { steps: 50 });
    const time = Date.now() / 1000 - 60 * minutesAgo;
    utimesSync(join(path, 'metrics.jsonl'), time, time);
  };
  written(join(folder, 'new'), 1);
  written(join(folder, 'old'), 30);
  written(join(elsewhere, 'middle'), 10);
  written(join(elsewhere, 'linked'), 20);
  mkdirSync(join(folder, 'below'));
  symlinkSync(join(elsewhere, 'linked'), join(folder, 'below', 'link'));
  const { stdout } = await minillm('runs', folder, join(folder, 'old'), elsewhere, '--json');
  const paths = (JSON.parse(stdout) as { path: string }[]).map(({ path }) => path);
  expect(paths).toEqual([
    join(folder, 'new'),
    join(elsewhere, 'middle'),
    join(folder, 'below', 'link'),
    join(folder, 'old'),
  ]);
});

test('runs lists a run that has begun to train and not measured anything yet', async () => {
  const run = writeSyntheticRun(join(temporaryFolder(), 'begun'), { planned: 600 });
  writeFileSync(join(run, 'metrics.jsonl'), '');
  beginTraining(run);
  const { stdout } = await minillm('runs', run);
  expect(stdout).toMatch(/begun +tiny 3\.4M +0 \/ 600 +- +- +- +- .* ago +training$/m);
  expect((await minillm('report', run)).stderr).toMatch(/expected measurements, found none yet; wait/);
});

test('runs says when there are none, or no such folder', async () => {
  const folder = temporaryFolder();
  expect((await minillm('runs', folder)).stdout).toBe(`no runs in ${folder}\n`);
  const { code, stderr } = await minillm('runs', join(folder, 'none'));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^minillm: .*none: could not read the folder/);
});

/** Leaves the run to this process, as if it trained it. */
function beginTraining(run: string): void {
  writeFileSync(
    join(run, 'trainer.lock'),
    JSON.stringify({ pid: process.pid, host: hostname(), startTime: startTime() }),
  );
}

/** Of this process, as the lock records it; null where the system does not tell. */
function startTime(): string | null {
  if (!existsSync('/proc/self/stat')) return null;
  const stat = readFileSync('/proc/self/stat', 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}
