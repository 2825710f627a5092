import { expect, it } from 'vitest';
import { type Launch, openInterpreter } from '../ptx.js';

/** A module with a kernel `run` whose threads set %d, which is stored at out[global index]. */
const module = (body: string, { before = '', threads = 64 } = {}): string => `
  .version 9.0
  .target sm_90a
  .address_size 64
  ${before}
  .visible .entry run(.param .u64 out) {
    .reg .b64 %at, %a, %b;
    .reg .b32 %d, %i, %j, %k, %block, %tid, %lane;
    .reg .pred %p, %q;
    mov.u32 %tid, %tid.x;
    mov.u32 %lane, %laneid;
    mov.u32 %block, %ctaid.x;
    ${body}
    ld.param.u64 %at, [out];
    mad.lo.u32 %i, %block, ${threads}, %tid;
    mul.wide.u32 %a, %i, 4;
    add.u64 %at, %at, %a;
    st.global.u32 [%at], %d;
    ret;
  }`;

async function run(text: string, { grid = [1], block = [64], ...launch }: Partial<Launch> = {}): Promise<number[]> {
  const { allocate, load } = await openInterpreter();
  const count = (grid[0] ?? 1) * block[0];
  const out = allocate(4 * count);
  load(text)('run', { grid, block, parameters: [out.address], ...launch });
  return [...out.read(new Uint32Array(count))];
}

const each = (count: number, value: (index: number) => number): number[] =>
  Array.from({ length: count }, (_, i) => value(i));

it('lanes that part at branches go on together where the code meets', async () => {
  const text = module(`
    mov.u32 %d, 0;
    and.b32 %i, %lane, 3;
  AGAIN:
    setp.eq.u32 %p, %i, 0;
    @%p bra OUT;
    add.u32 %d, %d, %i;
    sub.u32 %i, %i, 1;
    bra AGAIN;
  OUT:
    activemask.b32 %j;
    setp.ne.u32 %p, %j, 0xffffffff;
    @%p mov.u32 %d, 1000;`);
  expect(await run(text)).toEqual(each(64, (i) => [0, 1, 3, 6][i % 4]!));
});

it('an indexed branch takes each lane to its label', async () => {
  const text = module(`
    and.b32 %i, %lane, 1;
  TARGETS: .branchtargets ZERO, ONE;
    brx.idx %i, TARGETS;
  ZERO:
    mov.u32 %d, 5;
    bra.uni DONE;
  ONE:
    mov.u32 %d, 6;
  DONE:`);
  expect(await run(text)).toEqual(each(64, (i) => 5 + (i % 2)));
});

it('functions are called with values, and may be defined behind their callers', async () => {
  const text = `${module(
    `{
      .param .b32 x;
      .param .b32 y;
      st.param.b32 [x], %tid;
      call.uni (y), square_or_zero, (x);
      ld.param.b32 %d, [y];
    }`,
    { before: '.func (.param .b32 y) square_or_zero (.param .b32 x);' },
  )}
  .func (.param .b32 result) square_or_zero (.param .b32 x) {
    .reg .b32 %x;
    .reg .pred %p;
    ld.param.b32 %x, [x];
    setp.gt.u32 %p, %x, 9;
    mov.b32 %x, 0;
    st.param.b32 [result], %x;
    @%p ret;
    ld.param.b32 %x, [x];
    mul.lo.u32 %x, %x, %x;
    st.param.b32 [result], %x;
    ret;
  }`;
  expect(await run(text)).toEqual(each(64, (i) => (i > 9 ? 0 : i * i)));
});

it('variables of the module have their initial values, and keep what is written', async () => {
  const text = module(
    `atom.global.add.u32 %d, [counter], 2;
     mov.u64 %a, table;
     and.b32 %i, %tid, 1;
     mul.wide.u32 %b, %i, 4;
     add.u64 %a, %a, %b;
     ld.const.u32 %i, [%a+4];
     add.u32 %d, %d, %i;`,
    { before: '.global .u32 counter = 100; .const .align 4 .b8 table[12] = {1, 0, 0, 0, 0, 1, 0, 0, 7, 0, 0, 0};' },
  );
  expect(await run(text)).toEqual(each(64, (i) => 100 + 2 * i + (i % 2 ? 7 : 256)));
});

it('shuffles go up, down, across and to an index, within segments', async () => {
  const shuffle = (form: string, clamp: string): string =>
    module(`shfl.sync.${form} %d|%p, %tid, %k, ${clamp}, 0xffffffff; @!%p add.u32 %d, %d, 1000;`.replace('%k', '3'));
  const inside = (i: number, from: number, ok: boolean): number => (ok ? from : i + 1000);
  expect(await run(shuffle('up.b32', '0'), { block: [32] })).toEqual(each(32, (i) => inside(i, i - 3, i >= 3)));
  expect(await run(shuffle('down.b32', '31'), { block: [32] })).toEqual(each(32, (i) => inside(i, i + 3, i + 3 < 32)));
  expect(await run(shuffle('bfly.b32', '31'), { block: [32] })).toEqual(each(32, (i) => i ^ 3));
  // segments of eight lanes
  expect(await run(shuffle('idx.b32', '0x181f'), { block: [32] })).toEqual(each(32, (i) => (i & 24) + 3));
});

it('votes, matches and reductions see the lanes of their mask', async () => {
  const ballot = 'setp.lt.u32 %p, %lane, 5; vote.sync.ballot.b32 %d, %p, 0xffffffff;';
  expect(await run(module(ballot))).toEqual(each(64, () => 31));
  const all = 'setp.lt.u32 %p, %tid, 32; vote.sync.all.pred %q, %p, 0xffffffff; selp.b32 %d, 1, 0, %q;';
  expect(await run(module(all))).toEqual(each(64, (i) => (i < 32 ? 1 : 0)));
  const match = 'and.b32 %i, %lane, 1; match.any.sync.b32 %d, %i, 0xffffffff;';
  expect(await run(module(match))).toEqual(each(64, (i) => (i % 2 ? 0xaaaaaaaa : 0x55555555)));
  const redux = 'redux.sync.max.u32 %d, %tid, 0xffffffff;';
  expect(await run(module(redux))).toEqual(each(64, (i) => (i < 32 ? 31 : 63)));
  const halves = `
    setp.lt.u32 %p, %lane, 16;
    @%p bra LOW;
    redux.sync.add.s32 %d, %lane, 0xffff0000;
    bra.uni DONE;
  LOW:
    redux.sync.add.s32 %d, %lane, 0xffff;
  DONE:`;
  expect(await run(module(halves))).toEqual(each(64, (i) => (i % 32 < 16 ? 120 : 376)));
});

it('an elected lane is one of the mask', async () => {
  const text = module('elect.sync %i|%p, 0xffffffff; selp.b32 %d, 1, 0, %p;');
  expect(await run(text)).toEqual(each(64, (i) => (i % 32 ? 0 : 1)));
});

it('named barriers join some of the warps', async () => {
  const text = module(
    `setp.ge.u32 %p, %tid, 64;
     @%p bra LATE;
     mul.lo.u32 %i, %tid, 4;
     st.shared.u32 [words+0], 9;
     bar.sync 1, 64;
     mov.u32 %d, 1;
     bra.uni DONE;
   LATE:
     mov.u32 %d, 2;
   DONE:
     bar.sync 0;
     ld.shared.u32 %i, [words];
     add.u32 %d, %d, %i;`.replace(
      'st.shared.u32 [words+0], 9;',
      'setp.eq.u32 %q, %tid, 0; @%q st.shared.u32 [words+0], 9;',
    ),
    { before: '.shared .align 4 .b8 words[16];', threads: 128 },
  );
  expect(await run(text, { block: [128] })).toEqual(each(128, (i) => (i < 64 ? 10 : 11)));
});

it('a barrier reduces a predicate over the block', async () => {
  const text = module('setp.lt.u32 %p, %tid, 40; barrier.cta.red.popc.aligned.u32 %d, 0, %p;');
  expect(await run(text)).toEqual(each(64, () => 40));
});

it('atomics on shared memory add up, whatever the order', async () => {
  const text = module(
    `setp.eq.u32 %p, %tid, 0;
     @%p st.shared.u32 [words], 0;
     bar.sync 0;
     red.shared.add.u32 [words], %tid;
     atom.shared.max.u32 %i, [words], 0;
     bar.sync 0;
     ld.shared.u32 %d, [words];`,
    { before: '.shared .align 4 .b8 words[4];' },
  );
  expect(await run(text)).toEqual(each(64, () => (63 * 64) / 2));
});

it('generic addresses reach shared, local and global memory', async () => {
  const text = module(
    `.local .align 8 .b8 own[8];
     mov.u64 %a, own;
     cvta.local.u64 %a, %a;
     st.u32 [%a+4], %tid;
     mul.wide.u32 %b, %tid, 4;
     mov.u64 %at, words;
     cvta.shared.u64 %at, %at;
     add.u64 %at, %at, %b;
     st.u32 [%at], 7;
     ld.u32 %i, [%a+4];
     ld.u32 %j, [%at];
     add.u32 %d, %i, %j;
     and.b32 %k, %tid, 1;
     setp.eq.u32 %p, %k, 0;
     add.u64 %a, %a, 4;
     selp.b64 %a, %a, %at, %p;
     ld.u32 %k, [%a];
     add.u32 %d, %d, %k;`,
    { before: '.shared .align 4 .b8 words[256];' },
  );
  expect(await run(text)).toEqual(each(64, (i) => i + 7 + (i % 2 ? 7 : i)));
});

it('blocks see their own index and size, and shared memory of their own', async () => {
  const text = module(
    `setp.eq.u32 %p, %tid, 0;
     @%p st.shared.u32 [words], %block;
     bar.sync 0;
     ld.shared.u32 %d, [words];
     mov.u32 %i, %ntid.x;
     mad.lo.u32 %d, %d, 100, %i;
     mov.u32 %i, %nctaid.x;
     add.u32 %d, %d, %i;`,
    { before: '.shared .align 4 .b8 words[4];', threads: 48 },
  );
  expect(await run(text, { grid: [3], block: [48] })).toEqual(each(144, (i) => Math.floor(i / 48) * 100 + 51));
});

it('results do not depend on when a warp runs: a clock counts instructions', async () => {
  const text = module('mov.u32 %d, %clock;');
  expect(await run(text)).toEqual(await run(text));
});

const refused: Record<string, { text: string; says: RegExp }> = {
  'an unknown instruction': {
    text: module('frobnicate.b32 %d, %i;'),
    says: /run: PTX line 13: the instruction frobnicate\.b32 is not supported/,
  },
  'a register of the wrong size': {
    text: module('add.u64 %a, %b, %i;'),
    says: /add\.u64 takes an operand of 8 bytes, %i has 4/,
  },
  'an unknown register': { text: module('add.u32 %d, %zz, %i;'), says: /there is no register %zz/ },
  'an unknown label': { text: module('bra NOWHERE;'), says: /there is no label NOWHERE/ },
  'a function that is not there': {
    text: module('call.uni vprintf, ();', { before: '.extern .func vprintf();' }),
    says: /vprintf, which the module does not define/,
  },
};

it.each(Object.entries(refused))('%s is refused when the module is loaded', async (_, { text, says }) => {
  const { load } = await openInterpreter();
  expect(() => load(text)).toThrow(says);
});

const defects: Record<string, { text: string; says: RegExp }> = {
  'lanes that wait at different places': {
    text: module(`
      setp.lt.u32 %p, %lane, 16;
      @%p bra OTHER;
      bar.sync 0;
      bra.uni DONE;
    OTHER:
      bar.sync 0;
    DONE:
      mov.u32 %d, 0;`),
    says: /at bar\.sync \(PTX line \d+\): diverged: waits for thread \(\d+,0,0\), which waits at bar\.sync/,
  },
  'warps that wait at different barriers': {
    text: module(`
      setp.lt.u32 %p, %tid, 32;
      @%p bra OTHER;
      bar.sync 1;
      bra.uni DONE;
    OTHER:
      bar.sync 0;
    DONE:
      mov.u32 %d, 0;`),
    says: /diverged barrier: waits for warp 1, whose thread \(32,0,0\) waits at bar\.sync/,
  },
  'a barrier for more threads than there are': {
    text: module('bar.sync 1, 96; mov.u32 %d, 0;'),
    says: /barrier 1 waits for 96 threads, and only 64 can come/,
  },
  'a lane that its mask leaves out': {
    text: module('shfl.sync.bfly.b32 %d, %tid, 1, 31, 0x7fffffff;'),
    says: /thread \(31,0,0\) at shfl.*its mask 0x7fffffff leaves the thread itself out/,
  },
  'a write to parameters': {
    text: module('mov.u64 %a, out; cvta.param.u64 %a, %a; st.u32 [%a], 1; mov.u32 %d, 0;'),
    says: /writes to the kernel's parameters/,
  },
};

it.each(Object.entries(defects))('%s: found', async (_, { text, says }) => {
  await expect(run(text)).rejects.toThrow(says);
});
