import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { listContenders, OURS, ROOF } from '../../bench/contenders.ts';
import { Prepared } from '../../bench/prepared.ts';
import { chooseWorks, GROUPS } from '../../bench/works.ts';

const works = GROUPS.flatMap((group) => group.works);
const options = { only: /./, rounds: 1, threads: 2 };

test('every work has a name of its own', () => expect(new Set(works.map(({ name }) => name)).size).toBe(works.length));

test('every script of a work and of its peers is there', () => {
  for (const { script, peers } of works) {
    expect(existsSync(`bench/${script}.ts`), script).toBe(true);
    for (const peer of peers)
      expect(
        existsSync(`bench/${peer.tool ? 'peers/' : ''}${peer.script}.${peer.tool === 'python' ? 'py' : 'ts'}`),
        peer.script,
      ).toBe(true);
  }
});

test('works are picked by a part of their name, × typed as x too; groups without one fall away', () => {
  const chosen = chooseWorks(GROUPS, { only: /train 4x64 fp32/ });
  expect(chosen.map((group) => group.works.map(({ name }) => name))).toEqual([['train 4×64 fp32']]);
});

test('tokenising takes part when there are texts', () => {
  const only = /tokenise/;
  expect(chooseWorks(GROUPS, { only })).toEqual([]);
  expect(chooseWorks(GROUPS, { only, texts: 'a.jsonl' })).toHaveLength(1);
});

test('only those peers take part whose tools were named', () => {
  const [work] = chooseWorks(GROUPS, { only: /train 4x64 fp32/ })[0]?.works ?? [];
  const names = (given: object): string[] =>
    work ? listContenders(work, { ...options, ...given }, new Prepared(options)).map(({ name }) => name) : [];
  expect(names({})).toEqual([ROOF, OURS]);
  expect(names({ python: 'python3' })).toEqual([ROOF, OURS, 'eager', 'compiled']);
  expect(names({ llmc: 'llm.c' })).toEqual([ROOF, OURS, 'llm.c']);
});
