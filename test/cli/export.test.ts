import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { openGpt2 } from '#minillm/formats/open-gpt2.js';
import { fillNormal } from '#minillm/support/random.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { minillm } from './minillm.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'minillm-test-'));
const MODEL = join(FOLDER, 'model');
const LLMC = join(FOLDER, 'model.bin');
const CONFIG = { layers: 1, heads: 2, channels: 32, contextLength: 64, vocabularySize: 50257, layerNormEpsilon: 1e-5 };

beforeAll(async () => {
  await writeGpt2Folder(MODEL, CONFIG, (name, _, target) => fillNormal(target, 0.1, 1, name));
});
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

const exported = (to: string, out: string, ...more: string[]) =>
  minillm('export', '--checkpoint', MODEL, '--to', to, '--out', out, ...more);

test('llmc is a model file that every command takes as the checkpoint it was made from, and its tokenizer', async () => {
  const { code, stdout, stderr } = await exported('llmc', LLMC);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toBe(
    `${LLMC}: ${MODEL}, 1,623,040 parameters as f32, 6.50 MB\n${join(FOLDER, 'gpt2_tokenizer.bin')}: beside it, for llm.c\n`,
  );
  expect(readdirSync(FOLDER).sort()).toEqual(['gpt2_tokenizer.bin', 'model', 'model.bin']);
  const [expected, found] = [await openGpt2(MODEL), await openGpt2(LLMC)];
  for (const { name, shape } of found.parameters) {
    const [ours, theirs] = [0, 1].map(() => new Float32Array(shape.reduce((a, b) => a * b)));
    await expected.readInto(name, 0, ours!);
    await found.readInto(name, 0, theirs!);
    expect(Buffer.compare(new Uint8Array(ours!.buffer), new Uint8Array(theirs!.buffer)), name).toBe(0);
  }
  await expected.close();
  await found.close();
  const sampled = await minillm('sample', '--checkpoint', LLMC, '--tokens', '4', '--device', 'cpu', '--json');
  expect(JSON.parse(sampled.stdout)).toMatchObject({ checkpoint: LLMC, samples: [{ ended: 'length' }] });
});

test('huggingface is a folder in the type that was asked for, of a model file of llm.c, too', async () => {
  const out = join(temporaryFolder(), 'a', 'folder');
  const flags = ['--to', 'huggingface', '--type', 'bf16', '--out', out, '--json'];
  const { code, stdout } = await minillm('export', '--checkpoint', LLMC, ...flags);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    ...{ checkpoint: LLMC, to: 'huggingface', type: 'bf16', written: [out], parameters: 1_623_040 },
    bytes: expect.any(Number),
  });
  expect(JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'))).toMatchObject({ torch_dtype: 'bfloat16' });
  const [ours, theirs] = [await openGpt2(MODEL), await openGpt2(out)];
  for (const { name } of theirs.parameters) {
    const [expected, found] = [new Float32Array(32), new Float32Array(32)];
    await ours.readInto(name, 0, expected);
    await theirs.readInto(name, 0, found);
    expect(found.every((value, index) => Math.abs(value - expected[index]!) <= Math.abs(value) * 2 ** -8)).toBe(true);
  }
  await ours.close();
  await theirs.close();

  // an export is overwritten, another folder is not
  const again = ['--to', 'huggingface', '--out', out, '--checkpoint', MODEL];
  expect((await minillm('export', ...again)).stderr).toMatch(
    /folder is there already; give another --out, or --overwrite/,
  );
  writeFileSync(join(out, 'state.json'), '');
  expect((await minillm('export', ...again, '--overwrite')).stderr).toMatch(
    /found state\.json, too; give another --out/,
  );
  rmSync(join(out, 'state.json'));
  expect((await minillm('export', ...again, '--overwrite')).code).toBe(0);
  expect(JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'))).toMatchObject({ torch_dtype: 'float32' });
});

test('gguf is one file, which is not replaced unasked', async () => {
  const folder = temporaryFolder();
  const out = join(folder, 'model.gguf');
  const { code, stdout } = await exported('gguf', out, '--type', 'q8_0');
  expect([code, stdout]).toEqual([0, expect.stringMatching(/model\.gguf: .* parameters as q8_0, 3\.\d+ MB\n$/)]);
  const bytes = readFileSync(out);
  expect(bytes.toString('latin1', 0, 4)).toBe('GGUF');
  const refused = await exported('gguf', out);
  expect([refused.code, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toBe(`minillm: ${out} is there already; give another --out, or --overwrite to replace it\n`);
  expect(readFileSync(out).equals(bytes)).toBe(true);
  expect((await exported('gguf', folder)).stderr).toMatch(/--to gguf writes a file, found a folder of this name/);
});

test.each<[string, string[], RegExp]>([
  ['a type under another name', ['--to', 'gguf', '--type', 'fp32'], /Allowed choices .* \(Did you mean f32\?\)/],
  ['a type of another format', ['--to', 'llmc', '--type', 'q8_0'], /--to llmc takes --type f32, bf16, found q8_0/],
])('%s is a wrong command line', async (_, flags, message) => {
  const { code, stderr } = await minillm('export', '--checkpoint', MODEL, '--out', 'x', ...flags);
  expect([code, stderr.split('\n').length]).toEqual([2, 2]);
  expect(stderr).toMatch(message);
});

test('a damaged checkpoint is refused, and leaves nothing behind', async () => {
  const folder = temporaryFolder();
  const damaged = join(folder, 'cut.bin');
  writeFileSync(damaged, readFileSync(LLMC).subarray(0, 5000));
  const out = join(folder, 'new', 'model.gguf');
  const { code, stderr } = await minillm('export', '--checkpoint', damaged, '--to', 'gguf', '--out', out);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^minillm: .*cut\.bin: expected 6499200 bytes .*\n$/)]);
  const none = await minillm('publish', 'owner/name', '--checkpoint', LLMC, '--dry-run');
  expect(none.stderr).toMatch(/model\.bin: expected a folder, found a file; minillm export --to huggingface makes/);
  expect(existsSync(join(folder, 'new'))).toBe(false);
});
