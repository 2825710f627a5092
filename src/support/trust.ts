/**
 * @file Who else could change what is at a path. As for the keys of OpenSSH (StrictModes), a file is safe when it and
 * every folder above it belong to this user or to root and nobody else can write to them. Windows has neither such owners nor
 * such modes, and keeps others out of a user's folders itself; nothing that is loaded as code is kept in a file there.
 */

import { execFile } from 'node:child_process';
import type { Stats } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
/** Of a folder where all can add files, and only its owner can rename or remove each: /tmp. */
const STICKY = 0o1000;
const ROOT = 0;
/** The owner that Linux reports for files of users that a user namespace does not have. */
const UNMAPPED_USER = 65534;

/** How another user could change what is in a folder, and the command that prevents it, if it is simple. */
export interface Exposure {
  readonly found: string;
  readonly mend?: string;
}

/** Looks at a folder, named without symbolic links, and at all above it. */
export async function findExposure(folder: string): Promise<Exposure | undefined> {
  if (process.platform === 'win32') return undefined;
  for (let path = folder; ; path = dirname(path)) {
    const stats = await lstat(path);
    const isParent = path !== folder;
    if (!isOwnerTrusted(stats) && !(isParent && (await isUnmapped(stats))))
      return { found: `user ${stats.uid} owns ${path}` };
    if (!(isParent && stats.mode & STICKY) && (await canOthersWrite(stats)))
      return { found: `other users can write to ${path}`, mend: `chmod go-w ${path}` };
    if (dirname(path) === path) return undefined;
  }
}

/** Whether nobody but this user and root can change a file or folder itself. */
export async function isOnlyOurs(stats: Stats): Promise<boolean> {
  return isOwnerTrusted(stats) && !(await canOthersWrite(stats));
}

function isOwnerTrusted({ uid }: Stats): boolean {
  return uid === ROOT || uid === process.geteuid?.();
}

async function canOthersWrite({ mode, uid, gid }: Stats): Promise<boolean> {
  if (mode & OTHERS_WRITE) return true;
  return (mode & GROUP_WRITES) !== 0 && !(await isPrivateGroup(gid, uid));
}

/**
 * Whether a group is one user's alone: it has the user's name and no other member. Where users have such groups, their
 * umask is 002 and their folders can be written by the group.
 */
async function isPrivateGroup(gid: number, uid: number): Promise<boolean> {
  const [group, user] = await Promise.all([lookUp('group', gid), lookUp('passwd', uid)]);
  const [name, , , members = ''] = group;
  return name !== undefined && name === user[0] && (members === '' || members === name);
}

/** The fields of a group or user, from this machine's own list, else from a directory service (LDAP); [] when unknown. */
async function lookUp(database: 'group' | 'passwd', id: number): Promise<string[]> {
  const local = await readFile(`/etc/${database}`, 'utf8').catch(() => '');
  const found = local.split('\n').find((line) => line.split(':')[2] === String(id));
  if (found !== undefined) return found.split(':');
  const asked = await promisify(execFile)('getent', [database, String(id)]).catch(() => undefined);
  return asked?.stdout.trim().split(':') ?? [];
}

/** In a container of an ordinary user root's own folders appear as nobody's; who else that may stand for cannot be known. */
async function isUnmapped({ uid }: Stats): Promise<boolean> {
  if (uid !== UNMAPPED_USER) return false;
  const map = await readFile('/proc/self/uid_map', 'utf8').catch(() => '');
  return map !== '' && !/^\s*0\s+0\s+4294967295\s*$/.test(map);
}
