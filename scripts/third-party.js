import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of the package that a module is from. */
const PACKAGE = /^.*[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+/;

/**
 * A plugin of Vite: THIRD-PARTY.txt beside a bundle, with the licences and notices of the packages that have code in it.
 * @param folders of packages, to which those of the bundle are added: what its workers use, gathered by `ofWorkers`
 */
export function thirdParty(folders = new Set()) {
  return {
    name: 'third-party',
    generateBundle(_options, bundle) {
      gather(folders, bundle);
      this.emitFile({
        type: 'asset',
        fileName: 'THIRD-PARTY.txt',
        source: [...folders].sort().map(readLicence).join('\n'),
      });
    },
  };
}

/** A plugin of Vite for workers, which are bundled before their page: adds the folders of the packages they use. */
export function ofWorkers(folders) {
  return { name: 'third-party-of-workers', generateBundle: (_options, bundle) => gather(folders, bundle) };
}

function gather(folders, bundle) {
  const modules = Object.values(bundle).flatMap((output) => (output.type === 'chunk' ? output.moduleIds : []));
  for (const id of modules) {
    const folder = PACKAGE.exec(id)?.[0];
    if (folder !== undefined) folders.add(folder);
  }
}

/** @throws Error when a package has no file of its licence. */
function readLicence(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((file) => /^(copying|licen[cs]e|notice)(\.|$)/i.test(file));
  if (files.length === 0) throw new Error(`${folder}: found no licence; what is bundled must come with its own`);
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return `${`${name} ${version} (${license})`.padEnd(80, ' -')}\n\n${texts.join('\n\n')}\n`;
}
