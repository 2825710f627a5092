import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { meetAtMaster, meetOver } from '#minillm/distributed/nccl/meeting.js';
import { openSlowWorld } from '../../stand-ins/slow-communicator.js';

beforeEach(() => {
  vi.stubEnv('NCCL_COMM_ID', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const launched = { launcher: 'torchrun', rank: 1, size: 4, hasMpi: false };
/** What NCCL would make an id of. */
const make = (): Uint8Array => Buffer.from(process.env.NCCL_COMM_ID ?? '');

test('over another communicator all ranks get the id of rank 0', async () => {
  const ranks = await openSlowWorld({ size: 3 });
  const ids = await Promise.all(ranks.map((each) => meetOver(each)(() => new Uint8Array(128).fill(each.rank + 1))));
  for (const id of ids) expect(id).toEqual(new Uint8Array(128).fill(1));
});

describe('at the address of rank 0', () => {
  test.each([
    ['node-0', 29500, 'node-0:29501'],
    ['10.0.0.1', 1234, '10.0.0.1:1235'],
    ['fd00::1', 29500, '[fd00::1]:29501'],
  ])('%s, port %i, all ranks make the same id, of the port after it', async (masterAddress, masterPort, expected) => {
    const id = await meetAtMaster({ ...launched, masterAddress, masterPort })(make);
    expect(String(id)).toBe(expected);
  });

  test('an NCCL_COMM_ID that is set already wins', async () => {
    vi.stubEnv('NCCL_COMM_ID', 'here:1');
    expect(String(await meetAtMaster({ ...launched, masterAddress: 'node-0', masterPort: 1 })(make))).toBe('here:1');
  });

  test('an address that no launcher gives is asked for by name', async () => {
    await expect(meetAtMaster({ ...launched, launcher: 'Kubernetes' })(make)).rejects.toThrow(
      /^Kubernetes started 4 ranks, but does not say where rank 0 is; expected MASTER_ADDR and MASTER_PORT/,
    );
  });
});
