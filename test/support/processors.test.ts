import { expect, test } from 'vitest';
import { readQuota, threadsFor } from '#minillm/support/processors.js';

/** Reads from texts by path; the groups of the process are `cgroup`. */
const quotaOf = (cgroup: string, files: Readonly<Record<string, string>> = {}) =>
  readQuota((path) => (path === '/proc/self/cgroup' ? cgroup : files[path]));

test('version 2: the smallest limit of the group and those around it', () => {
  const files = {
    '/sys/fs/cgroup/user.slice/cpu.max': '300000 100000\n',
    '/sys/fs/cgroup/user.slice/job/cpu.max': '150000 100000\n',
    '/sys/fs/cgroup/user.slice/job/step/cpu.max': 'max 100000\n',
  };
  expect(quotaOf('0::/user.slice/job/step\n', files)).toBe(1.5);
  expect(quotaOf('0::/user.slice\n', files)).toBe(3);
});

test('version 2: a container that sees its group as the root', () => {
  expect(quotaOf('0::/\n', { '/sys/fs/cgroup/cpu.max': '50000 100000\n' })).toBe(0.5);
  expect(quotaOf('0::/\n', { '/sys/fs/cgroup/cpu.max': 'max 100000\n' })).toBeUndefined();
});

const VERSION_1 = '12:cpuset:/docker/4f2a\n4:cpu,cpuacct:/docker/4f2a\n1:name=systemd:/docker/4f2a\n0::/docker/4f2a\n';
const limit = (folder: string, quota: number) => ({
  [`${folder}/cpu.cfs_quota_us`]: `${quota}\n`,
  [`${folder}/cpu.cfs_period_us`]: '100000\n',
});

test('version 1: the limit of the cpu controller, at the path of the host or at the root that a container sees', () => {
  const root = '/sys/fs/cgroup/cpu,cpuacct';
  expect(quotaOf(VERSION_1, limit(`${root}/docker/4f2a`, 250_000))).toBe(2.5);
  expect(quotaOf(VERSION_1, limit(root, 250_000))).toBe(2.5);
  expect(quotaOf(VERSION_1, limit(root, -1))).toBeUndefined();
  expect(quotaOf(VERSION_1, limit('/sys/fs/cgroup/cpuset/docker/4f2a', 250_000))).toBeUndefined();
});

test('no groups, no limit', () => {
  expect(quotaOf('')).toBeUndefined();
  expect(readQuota(() => undefined)).toBeUndefined();
});

test('as many threads as the quota keeps busy, rounded up, at least one and no more than are granted', () => {
  expect(threadsFor(8, 1.5)).toBe(2);
  expect(threadsFor(8, 0.2)).toBe(1);
  expect(threadsFor(8, 16)).toBe(8);
  expect(threadsFor(8, undefined)).toBe(8);
});
