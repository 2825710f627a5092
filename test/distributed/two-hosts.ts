/**
 * @file Two hosts of a test's own: network namespaces joined by a cable (veth), each with a host name of its own, and ranks
 * over them, one on each. Needs root and iproute2.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NETWORK = '10.77.0';

export interface TwoHosts {
  readonly names: readonly [string, string];
  /** Starts Node with these arguments on either host, over TCP. */
  start(mpirun: string, args: readonly string[], environment?: Readonly<Record<string, string>>): ChildProcess;
  /** Limits what either host sends. */
  limit(megabitsPerSecond: number): void;
  cut(): void;
  mend(): void;
  remove(): void;
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}

/** Why namespaces cannot be made here; undefined where they can. */
export function whyNoHosts(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces need Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  try {
    makeHosts().remove();
    return undefined;
  } catch (cause) {
    return `network namespaces cannot be made: ${String((cause as Error).message).trim()}`;
  }
}

/** @throws Error when the system refuses; nothing is left behind. */
export function makeHosts(): TwoHosts {
  const names = [`minillm${process.pid}a`, `minillm${process.pid}b`] as const;
  const address = (host: number): string => `${NETWORK}.${host + 1}`;
  const folder = mkdtempSync(join(tmpdir(), 'minillm-hosts-'));
  const agent = join(folder, 'enter');
  const remove = (): void => {
    for (const name of names) {
      try {
        ip('netns', 'del', name);
      } catch {
        // it was not made
      }
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    writeFileSync(
      agent,
      `#!/bin/sh
host=$1; shift
case $host in ${names.map((name, host) => `${address(host)}) host=${name};;`).join(' ')} esac
exec ip netns exec "$host" unshare --uts sh -c "hostname $host; exec $*"
`,
      { mode: 0o755 },
    );
    for (const name of names) ip('netns', 'add', name);
    ip('link', 'add', 'wire', 'netns', names[0], 'type', 'veth', 'peer', 'name', 'wire', 'netns', names[1]);
    names.forEach((name, host) => {
      ip('-n', name, 'address', 'add', `${address(host)}/24`, 'dev', 'wire');
      ip('-n', name, 'link', 'set', 'lo', 'up');
      ip('-n', name, 'link', 'set', 'wire', 'up');
      // launchers wait for a lost host as long as TCP does, by default a quarter of an hour
      ip('netns', 'exec', name, 'sysctl', '-qw', 'net.ipv4.tcp_retries2=3');
    });
  } catch (cause) {
    remove();
    throw cause;
  }

  const launcherFlags = (mpirun: string): string[] =>
    mpirun.includes('mpich')
      ? ['-localhost', address(0), '-launcher', 'rsh', '-launcher-exec', agent, '-hosts', `${address(0)},${address(1)}`]
      : [
          ...['--host', names.map((name) => `${name}:1`).join(), '--mca', 'plm_rsh_agent', agent],
          ...['--mca', 'oob_tcp_keepalive_time', '3', '--mca', 'oob_tcp_keepalive_intvl', '1'],
          ...['--mca', 'oob_tcp_keepalive_probes', '3'],
          ...['--mca', 'pml', 'ob1', '--mca', 'btl', 'tcp,self'],
          ...['--mca', 'btl_tcp_if_include', `${NETWORK}.0/24`, '--mca', 'oob_tcp_if_include', `${NETWORK}.0/24`],
        ];
  return {
    names,
    start(mpirun, args, environment = {}) {
      // as one line for a shell, as an agent is called
      const quoted = [mpirun, ...launcherFlags(mpirun), '-n', '2', process.execPath, ...args].map(
        (arg) => `'${arg.replaceAll("'", "'\\''")}'`,
      );
      return spawn(agent, [names[0], quoted.join(' ')], {
        env: { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1', ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    },
    limit(megabitsPerSecond) {
      for (const name of names)
        execFileSync(
          'tc',
          `-n ${name} qdisc replace dev wire root tbf rate ${megabitsPerSecond}mbit burst 1mb latency 50ms`.split(' '),
        );
    },
    cut: () => ip('-n', names[1], 'link', 'set', 'wire', 'down'),
    mend: () => ip('-n', names[1], 'link', 'set', 'wire', 'up'),
    remove,
  };
}
