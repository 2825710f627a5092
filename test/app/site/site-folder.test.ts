import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isReplaced, writeSiteFolder } from '#minillm/app/site/site-folder.js';
import { tryLock } from '#minillm/support/process-lock.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const MANIFEST = JSON.stringify({ version: '1', main: { id: 'a' } });

/** Writes a site whose files hold `text`. */
function fill(text: string, names: readonly string[] = ['index.html', 'models/a', 'assets/a.js']) {
  return async (folder: string): Promise<void> => {
    for (const name of names) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    writeFileSync(join(folder, 'site.json'), MANIFEST);
  };
}

const read = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');

test('a folder is made with those above it, and holds what was written and nothing else', async () => {
  const folder = join(temporaryFolder(), 'a', 'b');
  await writeSiteFolder(folder, fill('new'));
  expect(readdirSync(folder).sort()).toEqual(['assets', 'index.html', 'models', 'site.json']);
  expect(read(folder, 'models/a')).toBe('new');
});

test('a site takes the place of an older one, and what else is there stays', async () => {
  const folder = temporaryFolder();
  await writeSiteFolder(folder, fill('old', ['index.html', 'models/a', 'models/b', 'assets/old.js']));
  mkdirSync(join(folder, '.git'));
  writeFileSync(join(folder, 'CNAME'), 'example.org');
  await writeSiteFolder(folder, fill('new', ['index.html', 'assets/new.js']));
  expect(readdirSync(folder).sort()).toEqual(['.git', 'CNAME', 'assets', 'index.html', 'site.json']);
  expect(readdirSync(join(folder, 'assets'))).toEqual(['new.js']);
  expect(read(folder, 'index.html')).toBe('new');
});

test('the old site stays when the new one fails, and a folder that was made goes again', async () => {
  const fails = async (folder: string): Promise<void> => {
    await fill('new')(folder);
    throw new Error('no more');
  };
  const folder = temporaryFolder();
  await writeSiteFolder(folder, fill('old'));
  await expect(writeSiteFolder(folder, fails)).rejects.toThrow('no more');
  expect(read(folder, 'index.html')).toBe('old');
  expect(readdirSync(folder).sort()).toEqual(['assets', 'index.html', 'models', 'site.json']);
  const other = join(temporaryFolder(), 'a', 'b');
  await expect(writeSiteFolder(other, fails)).rejects.toThrow('no more');
  expect(existsSync(join(other, '..'))).toBe(false);
});

test('what a killed process left is cleared away', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, '.minillm-site', 'new', 'models'), { recursive: true });
  writeFileSync(join(folder, '.minillm-site', 'new', 'left'), '');
  await writeSiteFolder(folder, fill('new'));
  expect(readdirSync(folder).sort()).toEqual(['assets', 'index.html', 'models', 'site.json']);
});

test('a folder that holds something else is refused, and left as it is', async () => {
  const folder = temporaryFolder();
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) writeFileSync(join(folder, name), '');
  const message = /: expected an empty folder or a site, found a, b, c, d, e and others; name another folder$/;
  await expect(writeSiteFolder(folder, fill('new'))).rejects.toThrow(message);
  writeFileSync(join(folder, 'site.json'), '{"version": "1"}');
  await expect(writeSiteFolder(folder, fill('new'))).rejects.toThrow(/name another folder/);
  expect(readdirSync(folder).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'site.json']);
  await expect(writeSiteFolder(join(folder, 'a'), fill('new'))).rejects.toThrow(/could not make the folder/);
});

test('a folder that another process writes to is refused', async () => {
  const folder = temporaryFolder();
  const { lock } = tryLock(join(folder, '.minillm-site.lock'));
  await expect(writeSiteFolder(folder, fill('new'))).rejects.toThrow(
    `${folder}: process ${process.pid} is writing a site there; wait until it has ended, or name another folder`,
  );
  lock?.release();
  await writeSiteFolder(folder, fill('new'));
});

test('only models and assets belong to a site alone', () => {
  expect(
    ['models/a/model.safetensors', 'assets/a.js', 'README.md', '.gitattributes', 'style.css'].map(isReplaced),
  ).toEqual([true, true, false, false, false]);
});
