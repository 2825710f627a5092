import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkCommandLine } from './command-line.ts';
import { type DryRun, type DryRunOutcome, dryRun } from './dry-run.ts';
import { minillmArguments, RECIPES, ROOT, readManifest } from './recipes.ts';

const run = promisify(execFile);
const scripts = mkdtempSync(join(tmpdir(), 'minillm-scripts-'));
const LAPTOP = join(ROOT, 'recipes/laptop.sh');
const GPUS = join(ROOT, 'recipes/gpus.sh');
const RECIPE = join(ROOT, 'recipes/gpt2-124m-fineweb-edu.sh');
const SLURM_RECIPE = join(ROOT, 'recipes/slurm/gpt2-124m-fineweb-edu.sbatch');
const SLURM_TRAIN = join(ROOT, 'recipes/slurm/train.sbatch');
const SLURM_DATA = join(ROOT, 'recipes/slurm/fineweb-edu.sbatch');
const SKYPILOT = 'recipes/skypilot/train.yaml';
const SETUP = join(scripts, 'setup');
const RUN = join(scripts, 'run');
const files = [...RECIPES.filter((path) => /\.(sh|sbatch)$/.test(path)).map((path) => join(ROOT, path)), SETUP, RUN];

beforeAll(() => {
  const task = readManifest<{ setup: string; run: string }>(SKYPILOT);
  writeFileSync(SETUP, `#!/bin/bash\n${task.setup}`);
  writeFileSync(RUN, `#!/bin/bash\n${task.run}`);
});
afterAll(() => rmSync(scripts, { recursive: true, force: true }));

/** Runs the script and checks every `minillm` command line that it came to. */
async function checked(script: string, options: DryRun): Promise<DryRunOutcome & { commands: string[] }> {
  const outcome = await dryRun(script, options);
  const lines = outcome.calls.map(minillmArguments).filter((args) => args !== undefined);
  for (const args of lines) await checkCommandLine(args);
  return { ...outcome, commands: lines.map((args) => args.join(' ')) };
}

test('there are scripts to check', () => {
  expect(files.length).toBeGreaterThanOrEqual(5);
});

test.each(files)('%s is Bash', async (file) => {
  await run('bash', ['-n', file]);
});

const hasShellcheck = await run('shellcheck', ['--version']).then(
  () => true,
  () => false,
);

test.runIf(hasShellcheck).each(files)('shellcheck finds nothing in %s', async (file) => {
  // what a script reads is named from the root
  await run('shellcheck', ['--external-sources', file], { cwd: ROOT });
});

describe('laptop.sh', () => {
  const programs = { node: '' };

  test('trains on stories with two processes', async () => {
    const { code, commands } = await checked(LAPTOP, { programs });
    expect(code).toBe(0);
    expect(commands).toEqual([
      'data stories --out data/stories',
      'train --data data/stories --out out/stories --preset tiny --steps 400 --device cpu --processes 2 --batch-size 4',
      'sample --checkpoint out/stories --prompt Once --count 4',
    ]);
  });

  test('trains on files of one’s own', async () => {
    const { commands } = await checked(LAPTOP, { programs, args: ['a.txt', 'b c.txt'] });
    expect(commands[0]).toBe('data text a.txt b c.txt --out data/mine');
    expect(commands[1]).toMatch(/^train --data data\/mine --out out\/mine /);
  });

  test('stops where a command fails', async () => {
    const { code, calls } = await dryRun(LAPTOP, { programs: { node: 'exit 130' } });
    expect([code, calls.length]).toEqual([130, 1]);
  });
});

/** What a rank does that gets the signal: it ends in order a little later. */
const ranks = `trap 'sleep 0.2; exit 138' USR1; while true; do sleep 0.05; done`;

/** What `nvidia-smi --list-gpus` prints. */
const lists = (count: number): string =>
  Array.from({ length: count }, (_, gpu) => `echo 'GPU ${gpu}: H100'`).join('; ');

describe('gpus.sh', () => {
  test.each([
    [1, ''],
    [8, ' --processes 8'],
  ])('trains a rank on each of %i GPUs', async (count, ranks) => {
    const { code, commands } = await checked(GPUS, { programs: { node: '', 'nvidia-smi': lists(count) } });
    expect(code).toBe(0);
    expect(commands).toEqual([
      'doctor --build',
      'data fineweb-edu --tokens 10B --out data/fineweb-edu',
      `train --data data/fineweb-edu --out out/gpt2-124m --preset gpt2-124m --precision bf16 --device cuda --batch-size 64 --hellaswag${ranks}`,
    ]);
  });
});

describe('gpt2-124m-fineweb-edu.sh', () => {
  const gpus = (count: number, free = 81_000): string =>
    `case "$*" in --list-gpus) ${lists(count)} ;; *name*) echo 'NVIDIA H100 80GB HBM3' ;; *) echo ${free} ;; esac`;
  // the plan goes to another node, which takes out two figures
  const node = `case "$*" in
    -e*) echo 25800 124 ;;
    *'data fineweb-edu'*) mkdir -p data/fineweb-edu && touch data/fineweb-edu/dataset.json ;;
    *'train '*) mkdir -p out/gpt2-124m && touch out/gpt2-124m/metrics.jsonl ;;
  esac`;
  const df = 'echo Filesystem; echo /dev/sda 1 1 97656300 1% /';
  const programs = { node, df, 'nvidia-smi': gpus(8) };
  const names = (commands: readonly string[]) => commands.map((line) => line.replace(/^(data \S+|\S+).*$/, '$1'));

  test('goes through all stages', async () => {
    const { code, stderr, commands } = await checked(RECIPE, { programs });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const all = ['doctor', 'plan', 'eval', 'data fineweb-edu', 'data inspect', 'plan', 'train', 'eval', 'report'];
    expect(names(commands)).toEqual([...all, 'export', 'export', 'serve']);
    expect(commands).toContain('data fineweb-edu --tokens 10B --shard-tokens 100M --out data/fineweb-edu');
    expect(commands.filter((line) => line.startsWith('plan '))[1]).toMatch(/^plan --hardware h100 --gpus 8 /);
    expect(commands.find((line) => line.startsWith('train '))).toBe(
      'train --data data/fineweb-edu --out out/gpt2-124m --preset gpt2-124m --precision bf16 --device cuda --processes 8 --batch-size 64 --sequence-length 1024 --total-batch-size 524288 --steps 19073 --eval-every 250 --sample-every 250 --checkpoint-every 250 --eval-tokens 10485760 --hellaswag download',
    );
    expect(commands.find((line) => line.startsWith('report '))).toMatch(
      /--expect \S+\/recipes\/expected\/gpt2-124m-fineweb-edu\.tsv --out /,
    );
  });

  test('publishes where it is told to, and takes another size by one variable', async () => {
    const env = { PUBLISH: 'owner/name', HF_TOKEN: 'hf_token', MODEL: 'gpt2-774m' };
    const { commands } = await checked(RECIPE, { programs, env });
    expect(commands).toContain('publish owner/name --checkpoint out/gpt2-774m --license mit');
    expect(commands.find((line) => line.startsWith('train '))).toContain('--preset gpt2-774m');
    expect(commands.find((line) => line.startsWith('report '))).not.toContain('--expect');
  });

  test('does the stages that are named, if they are there', async () => {
    const { commands } = await checked(RECIPE, { programs, args: ['plan', 'report'] });
    expect(names(commands)).toEqual(['plan', 'report']);
    const other = await dryRun(RECIPE, { programs, args: ['plan', 'trian'] });
    expect([other.code, other.stderr]).toEqual([1, expect.stringMatching(/expected stages among .*, found trian\n$/)]);
    expect(other.calls.some((call) => call[0] === 'node')).toBe(false);
  });

  test('begins no other stage once USR1 has come', async () => {
    const telling = `${node}; case "$*" in *'data fineweb-edu'*) kill -USR1 $PPID ;; esac`;
    const { code, commands } = await checked(RECIPE, {
      programs: { ...programs, node: telling },
      args: ['data', 'plan'],
    });
    expect(code).toBe(138);
    expect(names(commands)).toEqual(['data fineweb-edu', 'data inspect']);
  });

  const hasFlock = existsSync('/usr/bin/flock');
  test.runIf(hasFlock)(
    'names what a start that was killed has left running, and goes on when that has ended',
    async () => {
      const env = { RUN: join(scripts, 'locked') };
      const start = (more: Partial<DryRun>) => dryRun(RECIPE, { programs, env, args: ['train'], ...more });
      // it outlives the script, as the trainer would
      const lasting = `exec 2>/dev/null; echo $$ > '${env.RUN}.pid'; exec -a 'node bin/minillm.js train' sleep 600`;
      const signal = { name: 'SIGKILL', after: 'node' } as const;
      await start({ programs: { ...programs, node: lasting }, signal });
      const pid = Number(readFileSync(`${env.RUN}.pid`, 'utf8'));
      const again = await start({});
      expect(again).toMatchObject({
        code: 1,
        stderr: `gpt2-124m-fineweb-edu.sh: ${env.RUN}: an earlier start is still at work: process ${pid} (minillm train); wait for it, or end it (kill ${pid})\n`,
      });
      expect(again.calls.filter((call) => minillmArguments(call))).toEqual([]);
      expect((await start({ args: ['report'] })).code).toBe(0);
      process.kill(pid);
      expect((await start({})).code).toBe(0);
    },
  );

  test.each([
    ['no GPU', { 'nvidia-smi': 'exit 9' }, {}, /expected NVIDIA GPUs, found none/],
    [
      'too little memory',
      { 'nvidia-smi': gpus(1, 24_000) },
      {},
      /takes 25800 MB of a GPU, 24000 MiB are free; set BATCH/,
    ],
    [
      'a full disk',
      { df: 'echo; echo /dev/sda 1 1 20000000 1% /' },
      {},
      /expected 37 GB on the disk \/ \(20 for shards in data\/fineweb-edu, 10 for downloads in \S+\/\.cache\/minillm, 6 for .*, 1 for .*\), found 20 GB free; choose/,
    ],
    [
      'a full disk of the cache',
      {
        df: 'case "$*" in *" /proc") echo /dev/a b 9 9 9000000 1% /a cache ;; *) echo /dev/c 9 9 99000000 1% / ;; esac',
      },
      { MINILLM_CACHE: '/proc/none/cache' },
      /expected 11 GB on the disk \/a cache \(10 for downloads in \/proc\/none\/cache, 1 for .*\), found 9 GB free; choose/,
    ],
    ['no token', {}, { PUBLISH: 'owner/name' }, /expected a token of the hub, found none; set HF_TOKEN/],
    ['a batch that GPUs cannot share', { 'nvidia-smi': gpus(3) }, {}, /3 GPUs/],
  ])('ends before anything begins with %s, in a sentence', async (_, other, env, sentence) => {
    const { code, stderr, calls } = await dryRun(RECIPE, { programs: { ...programs, ...other }, env });
    expect([code, stderr.trim().split('\n')]).toEqual([1, [expect.stringMatching(sentence)]]);
    expect(calls.some((call) => minillmArguments(call)?.[0] === 'data')).toBe(false);
  });
});

describe('slurm/gpt2-124m-fineweb-edu.sbatch', () => {
  const env = { SLURM_JOB_ID: '7' };
  const stages = `mkdir -p recipes; echo '#!/bin/bash
exec stages "$@"' > recipes/gpt2-124m-fineweb-edu.sh; chmod +x recipes/gpt2-124m-fineweb-edu.sh`;

  test('goes through all stages but the last, and ends with their code', async () => {
    const { code, calls } = await dryRun(SLURM_RECIPE, { programs: { stages: 'exit 3' }, env, prepare: stages });
    expect(code).toBe(3);
    expect(calls).toEqual([['stages', 'doctor', 'data', 'plan', 'train', 'eval', 'report', 'export', 'publish']]);
  });

  /** Ends a little after USR1, which is sent once it traps it. */
  const program = `trap 'sleep 0.2; exit 138' USR1; trapped; while true; do sleep 0.05; done`;
  const programs = { program, trapped: '', scontrol: '' };
  const signal = { name: 'SIGUSR1', after: 'trapped' } as const;

  test('passes USR1 to the program of the stage, waits for it and goes back into the queue', async () => {
    const told = { ...programs, stages: 'trap : USR1; program; echo $? >&2; exit 5' };
    const { calls, stderr } = await dryRun(SLURM_RECIPE, { programs: told, env, signal, prepare: stages });
    expect(stderr).toMatch(/^138$/m);
    expect(calls.at(-1)).toEqual(['scontrol', 'requeue', '7']);
  });

  test('passes USR1 on again where a program that is just starting has missed it', async () => {
    const missing = `trap 'touch missed' USR1; trapped; until [ -e missed ]; do sleep 0.05; done; trap 'exit 138' USR1; while true; do sleep 0.05; done`;
    const told = { ...programs, stages: 'trap : USR1; program; exit $?', program: missing };
    const { calls } = await dryRun(SLURM_RECIPE, { programs: told, env, signal, prepare: stages });
    expect(calls.at(-1)).toEqual(['scontrol', 'requeue', '7']);
  });

  test('does not go back into the queue with all stages done', async () => {
    const told = { ...programs, stages: 'trap : USR1; program; exit 0' };
    const { code, calls } = await dryRun(SLURM_RECIPE, { programs: told, env, signal, prepare: stages });
    expect(code).toBe(0);
    expect(calls.filter(([name]) => name === 'scontrol')).toEqual([]);
  });

  test('waits until the locks of a job that was killed can be taken over, and only then', async () => {
    const programs = { stages: '', sleep: '' };
    const left = `mkdir -p out/gpt2-124m; touch out/gpt2-124m/trainer.lock; ${stages}`;
    const restarted = { ...env, SLURM_RESTART_COUNT: '1' };
    const names = async (options: Omit<DryRun, 'programs'>) =>
      (await dryRun(SLURM_RECIPE, { programs, ...options })).calls.map(([program]) => program);
    expect(await names({ env: restarted, prepare: left })).toEqual(['sleep', 'stages']);
    expect(await names({ env, prepare: left })).toEqual(['stages']);
    expect(await names({ env: restarted, prepare: stages })).toEqual(['stages']);
  });
});

describe('slurm/train.sbatch', () => {
  const env = { SLURM_JOB_ID: '7', SLURM_NTASKS_PER_NODE: '1', SLURM_CPUS_PER_TASK: '32' };
  const lists = (types: string, action: string) => `if [ "$*" = --mpi=list ]; then echo '${types}'; else ${action}; fi`;
  test('starts ranks with srun where Slurm speaks PMIx', async () => {
    const programs = { srun: lists('none cray_shasta pmix pmix_v4', 'exit 3'), mpirun: '', scontrol: '' };
    const { code, calls, commands } = await checked(SLURM_TRAIN, { programs, env });
    expect(code).toBe(3);
    expect(calls.map(([program]) => program)).toEqual(['srun', 'srun']);
    expect(calls[1]).toEqual(expect.arrayContaining(['--mpi=pmix', '--kill-on-bad-exit=1', '--cpus-per-task=32']));
    expect(commands).toHaveLength(1);
  });

  test('starts ranks with mpirun elsewhere', async () => {
    const programs = { srun: lists('none pmi2', ''), mpirun: '', scontrol: '' };
    const { code, calls, commands } = await checked(SLURM_TRAIN, { programs, env });
    expect(code).toBe(0);
    expect(calls[1]?.slice(0, 5)).toEqual(['mpirun', '--map-by', 'ppr:1:node:PE=32', '--bind-to', 'core']);
    expect(commands).toHaveLength(1);
  });

  test('passes USR1 on, waits for the checkpoint and goes back into the queue', async () => {
    const programs = { srun: lists('pmix', ranks), scontrol: '' };
    const { calls } = await dryRun(SLURM_TRAIN, { programs, env, signal: { name: 'SIGUSR1', after: 'srun' } });
    expect(calls.at(-1)).toEqual(['scontrol', 'requeue', '7']);
  });

  test('ends with the code of the ranks when it is told to stop', async () => {
    const programs = { srun: lists('pmix', ranks), scontrol: '' };
    const { code, calls } = await dryRun(SLURM_TRAIN, { programs, env, signal: { name: 'SIGTERM', after: 'srun' } });
    expect(code).toBe(138);
    expect(calls.filter(([program]) => program === 'scontrol')).toEqual([]);
  });

  test.each([
    [SLURM_TRAIN, 120],
    [SLURM_RECIPE, 300],
  ])('%s asks Slurm for a signal %i seconds before the end', async (file, seconds) => {
    const { stdout } = await run('grep', ['^#SBATCH', file]);
    expect(stdout).toContain(`--signal=B:USR1@${seconds}\n`);
    expect(stdout).toContain('--requeue\n');
    expect(stdout).toContain('--open-mode=append\n');
  });
});

describe('slurm/fineweb-edu.sbatch', () => {
  test('makes a part, then merges all', async () => {
    const env = { SLURM_ARRAY_TASK_ID: '3', SLURM_CPUS_PER_TASK: '32' };
    const part = await checked(SLURM_DATA, { programs: { node: '' }, env });
    expect(part.commands[0]).toContain('--part 3/16 --workers 32');
    const merge = await checked(SLURM_DATA, { programs: { node: '' }, env, args: ['merge'] });
    expect(merge.commands[0]).toMatch(/^data merge .*\/part-\* --out .*\/all$/);
  });
});

describe('skypilot/train.yaml', () => {
  const quiet = Object.fromEntries(
    ['sudo', 'curl', 'sha256sum', 'npm', 'node', 'mpirun', 'rsync', 'mkdir', 'rm', 'sleep'].map((name) => [name, '']),
  );

  test('sets a machine up and makes the data', async () => {
    const env = { TOKENS: '1B', NODE_VERSION: '22.20.0' };
    const { code, stderr, commands } = await checked(SETUP, { programs: quiet, env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(commands[0]).toMatch(/^data fineweb-edu --tokens 1B /);
  });

  test('trains from the first machine, with a rank on each', async () => {
    const env = { SKYPILOT_NODE_RANK: '0', SKYPILOT_NODE_IPS: '10.0.0.1\n10.0.0.2' };
    const { code, calls, commands } = await checked(RUN, { programs: quiet, env });
    expect(code).toBe(0);
    const starts = calls.filter(([program]) => program === 'mpirun');
    expect(starts.map((call) => call[2])).toEqual(Array(3).fill('10.0.0.1,10.0.0.2'));
    expect(commands).toHaveLength(1);
    expect(calls.at(-1)?.slice(-1)).toEqual(['/bucket/gpt2-124m/']);
  });

  test('ends with the code of the ranks', async () => {
    const env = { SKYPILOT_NODE_RANK: '0', SKYPILOT_NODE_IPS: '10.0.0.1' };
    const mpirun = 'if [[ "$*" = *minillm.js* ]]; then exit 138; fi';
    expect((await dryRun(RUN, { programs: { ...quiet, mpirun }, env })).code).toBe(138);
  });

  test('does nothing on the others', async () => {
    const env = { SKYPILOT_NODE_RANK: '1', SKYPILOT_NODE_IPS: '10.0.0.1\n10.0.0.2' };
    expect(await dryRun(RUN, { programs: quiet, env })).toEqual({ code: 0, stderr: '', calls: [] });
  });
});
