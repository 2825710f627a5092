/**
 * @file Trains a small model again and again under `kill -9`, and compares what every run ends with to a run that was left
 * alone: weights, moments, state and metrics (timings apart) must be the same, and nothing else may lie in the run folder.
 *
 *   npm run build && node test/e2e/kill-resume.js [--kills 100] [--seed 1] [--model fixture|tiny]
 *     [--ranks 4 [--mpirun mpirun.openmpi] [--zero 1]]
 *
 * The fixture's steps are so short that most kills fall between them and their checkpoints; `tiny` has GPT-2's vocabulary and
 * is asked HellaSwag and for samples, so that many kills fall into these.
 *
 * With `--ranks`, one of the ranks is killed, or `mpirun`; the same command follows at once.
 *
 * Prints a line a run and a table of where the kills fell; exit code 1 on any difference.
 */

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ShardWriter } from '#minillm/data/shards/shard-writer.js';
import { Random } from '#minillm/support/random.js';

const BIN = fileURLToPath(new URL('../../bin/minillm.js', import.meta.url));
const FIXTURE = fileURLToPath(new URL('../fixtures/gpt2-tiny/', import.meta.url));
/** A kill that waits for the run folder to change comes at most so many milliseconds after it. */
const MAX_AFTER_CHANGE = 10;
/** And one that waits for an evaluation at most so many after the checkpoint in front of that. */
const MAX_AFTER_CHECKPOINT = 200;
const MODELS = {
  fixture: {
    ...{ init: FIXTURE, steps: 60, 'batch-size': 2, 'total-batch-size': 96 },
    ...{ 'checkpoint-every': 5, 'eval-every': 7, 'sample-every': 0 },
  },
  tiny: {
    ...{ preset: 'tiny', steps: 12, 'sequence-length': 24, 'batch-size': 2, 'total-batch-size': 48, 'warmup-steps': 2 },
    ...{ 'checkpoint-every': 3, 'eval-every': 4, 'sample-every': 4, 'sample-tokens': 8 },
  },
};
const TIMINGS = new Set(['ms', 'tokensPerSecond', 'mfu']);

const { values: flags } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    model: { type: 'string', default: 'fixture' },
    ranks: { type: 'string', default: '1' },
    mpirun: { type: 'string', default: 'mpirun.openmpi' },
    zero: { type: 'string', default: '0' },
  },
});
const model = MODELS[flags.model];
const wantedKills = Number(flags.kills);
const ranks = Number(flags.ranks);
const random = new Random(Number(flags.seed), 'kills');

const root = mkdtempSync(join(tmpdir(), 'minillm-kill-'));
const failures = await killAndCompare().finally(() => rmSync(root, { recursive: true, force: true }));
if (failures > 0) process.exitCode = 1;

/** Returns the number of differences found. */
async function killAndCompare() {
  const data = join(root, 'data');
  mkdirSync(data);
  await writeShards(data);
  writeFileSync(join(data, 'hellaswag.jsonl'), hellaswagLines());
  const whole = join(root, 'whole');
  const { code, stderr, ...first } = await trainOnce(data, whole);
  let { milliseconds } = first;
  if (code !== 0) throw new Error(`the undisturbed run ended with code ${code}: ${stderr}`);
  console.log(`undisturbed: ${model.steps} steps in ${(milliseconds / 1000).toFixed(1)} s`);

  const phases = new Map();
  let kills = 0;
  let runs = 0;
  let differences = 0;
  while (kills < wantedKills) {
    const out = join(root, `run-${runs++}`);
    const before = kills;
    let problems;
    while (problems === undefined) {
      const kill = kills < wantedKills ? drawKill(milliseconds) : undefined;
      const outcome = await trainOnce(data, out, kill);
      if (outcome.signal === 'SIGKILL') {
        kills++;
        const phase = phaseOf(out, outcome.events);
        disturbTimes(out);
        phases.set(phase, (phases.get(phase) ?? 0) + 1);
      } else if (outcome.code === 0) {
        problems = compareRuns(whole, out);
        // the machine may be quicker or slower by now
        if (kills === before) milliseconds = outcome.milliseconds;
      } else problems = [`ended with ${outcome.signal ?? `code ${outcome.code}`}: ${outcome.stderr.trim()}`];
    }
    console.log(`run ${runs}: ${kills - before} kills, ${problems.length === 0 ? 'no difference' : ''}`);
    for (const problem of problems) console.log(`  ${problem}`);
    differences += problems.length;
    rmSync(out, { recursive: true });
  }
  console.table([...phases].map(([phase, count]) => ({ 'killed while': phase, kills: count })));
  console.log(`${runs} runs, ${kills} kills, ${differences} differences`);
  return differences;
}

async function writeShards(folder) {
  const tokens = new Random(5, 'tokens');
  for (const [name, count] of Object.entries({ 'val_000000.bin': 500, 'train_000001.bin': 2500 })) {
    const writer = await ShardWriter.create(join(folder, name), count);
    await writer.append(Uint16Array.from({ length: count }, () => 500 * tokens.uniform() ** 3));
    await writer.close();
  }
}

function hellaswagLines() {
  const words = 'the fox runs away from a dog that sleeps under old trees and barks at night'.split(' ');
  const text = (count) => Array.from({ length: count }, () => words[random.uint32() % words.length]).join(' ');
  const example = () => ({ ctx: text(20), endings: Array.from({ length: 4 }, () => text(8)), label: 0 });
  return Array.from({ length: 16 }, () => `${JSON.stringify(example())}\n`).join('');
}

/**
 * A moment of a run, uniform over the time an undisturbed one takes. From there four of ten kills wait for the run folder to
 * change and three for an evaluation, so that these, which take little of the time, are interrupted as often as training.
 */
function drawKill(milliseconds) {
  const afterStart = milliseconds * random.uniform();
  const kind = random.uniform();
  return {
    afterStart,
    afterChange: kind < 0.4 ? MAX_AFTER_CHANGE * random.uniform() : undefined,
    afterCheckpoint: kind > 0.7 ? MAX_AFTER_CHECKPOINT * random.uniform() ** 2 : undefined,
  };
}

/** Gives every file another time, up to a year away, as a clock that was set wrong does. */
function disturbTimes(folder) {
  for (const name of readdirSync(folder, { recursive: true })) {
    const seconds = Date.now() / 1000 + 365 * 86_400 * (2 * random.uniform() - 1);
    utimesSync(join(folder, name), seconds, seconds);
  }
}

/** Trains until the end or the kill. The process is killed as `kill -9` does it: without a chance to tidy up. */
function trainOnce(data, out, kill) {
  const settings = { ...model, data, out, zero: flags.zero, threads: ranks > 1 ? 1 : 2, keep: 2 };
  if (ranks > 1) settings['batch-size'] = 1;
  if (flags.model === 'tiny') settings.hellaswag = join(data, 'hellaswag.jsonl');
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  mkdirSync(out, { recursive: true });
  return new Promise((resolve) => {
    const started = performance.now();
    const child = startTrainer([BIN, 'train', ...args, '--json']);
    let killed;
    let hasEnded = false;
    // a rank, or `mpirun`
    const victim = ranks > 1 ? Math.floor((ranks + 1) * random.uniform()) : ranks;
    const killOne = () => {
      // the next run, into the same folder, is not this kill's
      if (hasEnded) return;
      if (victim === ranks) {
        if (child.kill('SIGKILL')) killed = 'SIGKILL';
        return;
      }
      const pid = ranksOf(out).get(victim);
      if (pid === undefined) return;
      try {
        process.kill(pid, 'SIGKILL');
        killed = 'SIGKILL';
      } catch {
        // it has just ended
      }
    };
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      const isLate = performance.now() - started > kill?.afterStart;
      if (kill?.afterCheckpoint !== undefined && isLate && evaluatedCheckpoint(`${chunk}`))
        setTimeout(killOne, kill.afterCheckpoint);
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const cancel = kill && kill.afterCheckpoint === undefined ? scheduleKill(killOne, out, kill) : () => {};
    child.on('close', (code, signal) => {
      hasEnded = true;
      cancel();
      const events = stdout
        .split('\n')
        .slice(0, -1)
        .filter((line) => line.startsWith('{"'))
        .map((line) => JSON.parse(line));
      // a rank may be killed after its work is done
      resolve({
        code,
        signal: code === 0 ? signal : (killed ?? signal),
        events,
        stderr,
        milliseconds: performance.now() - started,
      });
    });
  });
}

function startTrainer(args) {
  if (ranks === 1) return spawn(process.execPath, args);
  const oversubscribe = flags.mpirun.includes('openmpi') ? ['--oversubscribe'] : [];
  return spawn(flags.mpirun, [...oversubscribe, '-n', flags.ranks, process.execPath, ...args], {
    env: { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
  });
}

/** The process ids of the ranks that train into a folder, by rank. */
function ranksOf(out) {
  const found = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(out)) continue;
      const rank = /(?:^|\0)(?:OMPI_COMM_WORLD_RANK|PMI_RANK)=(\d+)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'));
      if (rank) found.set(Number(rank[1]), Number(pid));
    } catch {
      // it has ended
    }
  }
  return found;
}

function isEvaluated(step) {
  return step === model.steps || step % model['eval-every'] === 0;
}

/** Whether lines tell of a checkpoint that is evaluated next. */
function evaluatedCheckpoint(lines) {
  return [...lines.matchAll(/"kind":"checkpoint","step":(\d+)/g)].some(([, step]) => isEvaluated(Number(step)));
}

/** Returns what calls the kill off. */
function scheduleKill(killOne, out, { afterStart, afterChange }) {
  let watcher;
  let timer = setTimeout(() => {
    if (afterChange === undefined) killOne();
    else
      watcher = watch(out, () => {
        watcher.close();
        timer = setTimeout(killOne, afterChange);
      });
  }, afterStart);
  return () => {
    clearTimeout(timer);
    watcher?.close();
  };
}

/** What a killed trainer was doing, by what it had said and what it left in its folder. */
function phaseOf(out, events) {
  const last = events.at(-1);
  if (last === undefined) return 'starting';
  const names = readdirSync(out);
  const stepOf = (pattern) => Math.max(-1, ...names.map((name) => Number(pattern.exec(name)?.[1] ?? -1)));
  const temporary = stepOf(/^\.step-(\d+)\.tmp-/);
  if (temporary > stepOf(/^step-(\d+)$/)) return 'writing a checkpoint';
  if (temporary >= 0) return 'removing an old checkpoint';
  if (names.some((name) => name.startsWith('.metrics.jsonl.tmp-'))) return 'rewriting metrics.jsonl';
  if (names.includes('metrics.jsonl')) {
    const text = readFileSync(join(out, 'metrics.jsonl'), 'utf8');
    if (text !== '' && !text.endsWith('\n')) return 'appending to metrics.jsonl';
  }
  if (last.kind === 'progress' || (last.kind === 'checkpoint' && isEvaluated(last.step))) return 'evaluating';
  if (last.kind === 'eval' && model['sample-every'] > 0) return 'sampling';
  if (last.kind === 'end' || last.step === model.steps) return 'ending';
  return last.kind === 'start' ? 'beginning the first step' : 'training';
}

/** In what a run differs from the undisturbed one, one line each. */
function compareRuns(whole, out) {
  const problems = [];
  const expectedNames = readdirSync(whole).sort();
  // a run killed before its first checkpoint begins anew, and keeps what it had logged
  const names = readdirSync(out)
    .filter((name) => name !== 'metrics.jsonl.old')
    .sort();
  if (names.join() !== expectedNames.join())
    problems.push(`holds ${names.join(', ')}, not ${expectedNames.join(', ')}`);
  const step = `step-${String(model.steps).padStart(8, '0')}`;
  for (const file of ['model.safetensors', 'optimizer.safetensors', 'config.json']) {
    const [expected, found] = [whole, out].map((folder) => readFileSync(join(folder, step, file)));
    if (!found.equals(expected)) problems.push(`${step}/${file} has other bytes`);
  }
  const [expectedState, state] = [whole, out].map((folder) => {
    const { configuration, ...rest } = JSON.parse(readFileSync(join(folder, step, 'state.json'), 'utf8'));
    return JSON.stringify({ ...rest, configuration: { ...configuration, out: '' } });
  });
  if (state !== expectedState) problems.push(`${step}/state.json differs: ${state}`);
  return [...problems, ...compareMetrics(metricsWithoutTimings(whole), metricsWithoutTimings(out))];
}

function metricsWithoutTimings(folder) {
  const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').split('\n');
  if (lines.pop() !== '') throw new Error(`${folder}: metrics.jsonl ends in a torn line`);
  return lines.map((line) => JSON.stringify(JSON.parse(line, (key, value) => (TIMINGS.has(key) ? undefined : value))));
}

/** The first line that differs, and how many there are. */
function compareMetrics(expected, found) {
  const at = expected.findIndex((line, index) => line !== found[index]);
  if (at < 0 && found.length === expected.length) return [];
  const where = at < 0 ? expected.length : at;
  return [
    `metrics.jsonl has ${found.length} lines, not ${expected.length}; line ${where + 1}: ${found[where]}, not ${expected[where]}`,
  ];
}
