/**
 * A hub of this machine, for rehearsals without a network: it serves the repositories of a folder to whoever has its address in
 * HF_ENDPOINT, and keeps what is uploaded there. It is the stand-in that the tests use, so it takes a clone of the repository.
 *
 *   node scripts/local-hub.js FOLDER [OWNER/NAME…]
 *
 * FOLDER holds datasets/OWNER/NAME and models/OWNER/NAME; the models named after it take uploads with the token hf_local.
 * The address goes to FOLDER/address once it answers. Repositories are read when it starts, and are in memory. It ends when the
 * process that started it does.
 */

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const [folder, ...uploadable] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node scripts/local-hub.js FOLDER [OWNER/NAME…]');

/** The stand-in is TypeScript, which Node.js 20 does not read. */
async function standIn(name) {
  const { module } = await runnerImport(fileURLToPath(new URL(`../test/hub/${name}.ts`, import.meta.url)), {
    configFile: false,
    logLevel: 'error',
  });
  return module;
}

/** The files of a repository by their path in it. */
function filesIn(place) {
  mkdirSync(place, { recursive: true });
  const entries = readdirSync(place, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => relative(place, join(entry.parentPath, entry.name))).sort();
  return new Map(paths.map((path) => [path, readFileSync(join(place, path))]));
}

/** A file appears whole or not at all. */
function keep(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, content);
  renameSync(`${path}.part`, path);
}

/** Each repository has a stand-in of its own. */
async function openRepository(kind, repository) {
  const place = join(folder, `${kind}s`, repository);
  const files = filesIn(place);
  const commit = createHash('sha1');
  for (const [path, content] of files) commit.update(path).update(content);
  const takesUploads = kind === 'model' && uploadable.includes(repository);
  const uploads = takesUploads ? { uploads: noUploads({ exists: files.size > 0 }), token: 'hf_local' } : {};
  const hub = await startFakeHub({ kind, repository, files, commit: commit.digest('hex'), ...uploads });
  return { kind, repository, place, hub };
}

const [{ startFakeHub }, { noUploads }] = [await standIn('fake-hub'), await standIn('fake-uploads')];
const repositories = [];
for (const kind of ['dataset', 'model']) {
  const found = [...filesIn(join(folder, `${kind}s`)).keys()].map((path) => path.split('/').slice(0, 2).join('/'));
  for (const repository of new Set([...found, ...(kind === 'model' ? uploadable : [])]))
    repositories.push(await openRepository(kind, repository));
}

/** Which repository a request is about; one that makes a repository is about the first that takes uploads. */
function repositoryOf(path) {
  return (
    repositories.find(({ kind, repository }) => {
      const place = kind === 'model' ? `/${repository}` : `/${kind}s/${repository}`;
      return [`/api/${kind}s/${repository}`, place].some(
        (start) => path.startsWith(`${start}/`) || path.startsWith(`${start}.`),
      );
    }) ?? repositories.find(({ repository }) => uploadable.includes(repository))
  );
}

const server = createServer((incoming, response) => {
  const target = repositoryOf(decodeURIComponent(incoming.url ?? ''));
  if (!target) {
    response.writeHead(404, { 'x-error-code': 'RepoNotFound' }).end();
    return;
  }
  const { method, headers, url } = incoming;
  const outgoing = request(new URL(url, target.hub.url), { method, headers }, (answer) => {
    // a commit is on disk before it is acknowledged
    if (url.includes('/commit/') && answer.statusCode === 200)
      for (const [path, content] of target.hub.files) keep(join(target.place, path), content);
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  incoming.pipe(outgoing);
});
server.listen(0, '127.0.0.1', () => {
  const address = `http://127.0.0.1:${server.address().port}`;
  keep(join(folder, 'address'), `${address}\n`);
  console.log(`${address}: ${repositories.map(({ kind, repository }) => `${kind} ${repository}`).join(', ')}`);
});

function end() {
  rmSync(join(folder, 'address'), { force: true });
  process.exit();
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, end);
const starter = process.ppid;
setInterval(() => process.ppid === starter || end(), 500);
