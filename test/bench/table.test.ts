import { expect, test } from 'vitest';
import { tableHead, tableRow } from '../../bench/table.ts';

const columns = { peers: ['eager', 'compiled'], share: true, memory: true };
const row = { name: 'train 4×256 fp32', unit: 'tok/s', value: 167.7, values: [167.7], share: 0.74, peakBytes: 2.55e9 };
const eager = { value: 59.2, speedup: 2.83, peakBytes: 4.12e9 };

test('figures stand right-aligned under their heads, a dash where a peer has none', () => {
  const [, , head = '', rule = ''] = tableHead('A step', columns).split('\n');
  const line = tableRow({ ...row, peers: { eager } }, columns);
  const ends = (text: string, cell: string): number => text.indexOf(cell) + cell.length;
  expect(line).toMatch(/168 tok\/s +59\.2 +2\.83 +– +– +74 % +2\.55 +4\.12 +–$/);
  expect(ends(line, '59.2')).toBe(ends(head, 'eager'));
  expect(ends(line, '74 %')).toBe(ends(head, 'of peak'));
  expect(line.length).toBe(head.length);
  expect(rule.length).toBe(head.length);
});
