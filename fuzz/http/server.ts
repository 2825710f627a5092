/** @file The command line as a child that ends when its parent is gone; started by server-process.ts. */

process.on('disconnect', () => process.exit());
await import(new URL('../../bin/minillm.js', import.meta.url).href);
