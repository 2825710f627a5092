// Copies the native sources beside the compiled files, where `new URL('./kernels/', import.meta.url)` finds them.
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

for (const entry of readdirSync('src', { recursive: true, withFileTypes: true })) {
  if (entry.isDirectory() && entry.name === 'kernels') {
    const from = join(entry.parentPath, entry.name);
    cpSync(from, from.replace(/^src/, 'dist'), { recursive: true });
  }
}
