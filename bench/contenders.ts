/** @file Who runs a work in turn: the roof that limits it, ourselves, and the peers whose tools are installed. */

import type { Precision } from '#minillm/engine/tensor.js';
import type { Options } from './options.ts';
import { compiledScript, fromBench } from './places.ts';
import type { Prepared } from './prepared.ts';
import type { Peer, Work } from './works.ts';

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

export interface Contender {
  readonly name: string;
  /** How its process is started, once what it needs is prepared. */
  readonly command: () => Promise<Command>;
}

export const OURS = 'ours';
export const ROOF = 'roof';

export function listContenders(work: Work, options: Options, prepared: Prepared): Contender[] {
  const flags = [...work.flags, '--threads', `${options.threads}`];
  const node = (script: string, more: readonly string[]): Command => {
    return { command: process.execPath, args: [compiledScript(script), ...flags, ...more] };
  };
  const input = async (): Promise<string[]> => {
    if (work.opens === 'texts') return ['--texts', options.texts ?? ''];
    return work.opens === 'checkpoint' ? ['--input', await prepared.checkpoint()] : [];
  };

  const startPeer = async ({ tool, script, flags: own }: Peer, path: string): Promise<Command> => {
    if (tool === undefined) return node(script, own);
    if (tool === 'tfjs') return node(`peers/${script}`, ['--installed', path]);
    if (tool === 'python')
      return { command: path, args: [fromBench(`peers/${script}.py`), ...flags, ...own, ...(await input())] };
    const file = tool === 'llama' ? await prepared.gguf(readPrecision(work)) : await prepared.llmC();
    return node(`peers/${script}`, ['--input', file, ...(tool === 'llama' ? ['--installed', path] : [])]);
  };

  const { bound } = work;
  return [
    ...(bound ? [{ name: ROOF, command: async () => node('roofline', ['--input', bound]) }] : []),
    { name: OURS, command: async () => node(work.script, await input()) },
    ...work.peers.flatMap((peer) => {
      const path = peer.tool ? options[peer.tool] : '';
      return path === undefined ? [] : [{ name: peer.name, command: () => startPeer(peer, path) }];
    }),
  ];
}

const readPrecision = ({ flags }: Work): Precision =>
  flags[flags.indexOf('--precision') + 1] === 'bf16' ? 'bf16' : 'fp32';
