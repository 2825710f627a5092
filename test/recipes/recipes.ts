/** @file The recipes: their files, and the `minillm` command lines in them. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PodSpec } from 'kubernetes-types/core/v1.js';
import { parse } from 'yaml';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Paths of all recipes from the root of the repository. */
export const RECIPES = readdirSync(join(ROOT, 'recipes'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
  .sort();

export const readRecipe = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** A manifest; its anchors are resolved, and a key that stands twice is an error. */
export const readManifest = <Resource>(path: string): Resource => parse(readRecipe(path)) as Resource;

/** The arguments after `…/bin/minillm.js` in a command line, `train` first; undefined when it starts something else. */
export function minillmArguments(commandLine: readonly string[]): readonly string[] | undefined {
  const at = commandLine.findIndex((word) => word.endsWith('bin/minillm.js'));
  return at < 0 ? undefined : commandLine.slice(at + 1);
}

/** Command lines as they stand in comments, pages and one-line commands, split at blanks. */
export function writtenCommands(text: string): (readonly string[])[] {
  const joined = text.replace(/\\\n\s*#?/g, ' ');
  return [...joined.matchAll(/node \S*bin\/minillm\.js ([a-z][^\n]*)/g)].map(([, rest = '']) =>
    rest
      .replace(/(\s(#|&&|\|\||\||;)|[;`…]).*$/, '')
      .replaceAll('"', '')
      .trim()
      .split(/\s+/),
  );
}

/** What the containers of a pod run. */
export function containerCommands(pod: PodSpec | undefined): (readonly string[])[] {
  return (pod?.containers ?? []).map(({ command = [], args = [] }) => [...command, ...args]);
}
