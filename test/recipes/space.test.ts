import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT, readRecipe } from './recipes.ts';

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** The instructions of a Dockerfile, lines that go on joined. */
const instructions = readRecipe('recipes/space/Dockerfile')
  .split('\n')
  .filter((line) => !line.startsWith('#'))
  .join('\n')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter(Boolean)
  .map((line): Instruction => {
    const [, name = '', rest = ''] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    return { name, rest };
  });

const all = (name: string): string[] => instructions.flatMap((one) => (one.name === name ? [one.rest] : []));

describe('the Dockerfile', () => {
  test('has only instructions that there are, in two stages of one image', () => {
    const known = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'ARG', 'ENV', 'USER', 'EXPOSE', 'HEALTHCHECK', 'CMD'];
    expect(instructions.filter(({ name }) => !known.includes(name))).toEqual([]);
    const stages = all('FROM').map((from) => /^(\S+) AS (\w+)$/.exec(from)?.slice(1));
    expect(stages.map((stage) => stage?.[1])).toEqual(['build', 'serve']);
    expect(stages[0]?.[0]).toBe(stages[1]?.[0]);
    expect(stages[0]?.[0]).toBe(/^FROM (\S+)/m.exec(readRecipe('recipes/container/Dockerfile'))?.[1]);
  });

  test('copies what is there, and from the first stage what the package consists of', () => {
    const copied = all('COPY').map((rest) => rest.split(' '));
    const sources = copied.filter(([first]) => !first?.startsWith('--from=')).flatMap((words) => words.slice(0, -1));
    expect(sources).toContain('package-lock.json');
    expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    const made = copied.filter(([first]) => first === '--from=build').map(([, path]) => path?.split('/').at(-1));
    expect(made).toEqual(['package.json', 'node_modules', 'bin', 'dist', 'minillm']);
  });

  test('compiles kernels in the first stage, and serves them without a compiler as an ordinary user', () => {
    const order = instructions.map(({ name, rest }) => `${name} ${rest}`);
    const at = (start: string): number => order.findIndex((line) => line.startsWith(start));
    const cache = 'MINILLM_CPU_VARIANT=$MINILLM_CPU_VARIANT MINILLM_CACHE=/var/cache/minillm';
    expect(all('ENV').filter((rest) => rest === cache)).toHaveLength(2);
    expect(order).toContain('COPY --from=build /var/cache/minillm /var/cache/minillm');
    const serving = order.slice(order.findLastIndex((line) => line.startsWith('FROM')));
    expect(serving.join()).not.toMatch(/gcc|apt-get/);
    expect(at('ENV MINILLM_CPU_VARIANT')).toBeLessThan(at('RUN node bin/minillm.js doctor --build'));
    expect(all('USER')).toEqual(['1000']);
    expect(order.slice(at('USER')).map((line) => line.split(' ')[0])).toEqual(['USER', 'EXPOSE', 'HEALTHCHECK', 'CMD']);
  });

  test('starts the server in exec form, where signals reach it, and asks it for its health', () => {
    const [command = ''] = all('CMD');
    const words = JSON.parse(command) as string[];
    expect(words.slice(0, 2)).toEqual(['sh', '-c']);
    expect(words[2]).toMatch(/^exec node bin\/minillm\.js serve --host 0\.0\.0\.0 --port 7860 --checkpoint "\$MODEL"$/);
    expect(all('EXPOSE')).toEqual(['7860']);
    const [health = ''] = all('HEALTHCHECK');
    const probe = JSON.parse(health.slice(health.indexOf('CMD ') + 4)) as string[];
    expect(probe.slice(0, 2)).toEqual(['node', '-e']);
    expect(probe[2]).toContain('http://127.0.0.1:7860/health');
  });
});

test('the page of the Space has the head that the hub reads, for the port of the image and its model', () => {
  const [, head = ''] = /^---\n([\s\S]*?)\n---\n/.exec(readRecipe('recipes/space/README.md')) ?? [];
  const colours = /^(red|yellow|green|blue|indigo|purple|pink|gray)$/;
  expect(parse(head)).toEqual({
    title: expect.stringMatching(/./),
    emoji: expect.stringMatching(/^\p{Emoji_Presentation}$/u),
    colorFrom: expect.stringMatching(colours),
    colorTo: expect.stringMatching(colours),
    sdk: 'docker',
    app_port: 7860,
    models: [
      all('ARG')
        .find((rest) => rest.startsWith('MODEL='))
        ?.replace('MODEL=hf:', ''),
    ],
  });
});
