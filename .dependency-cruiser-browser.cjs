// What runs in a browser reaches nothing of Node: neither its modules nor packages that need them. (.dependency-cruiser.cjs checks
// which rooms may know each other, and there an import of types counts. It does not here: a page may know the type of what only Node
// has. So this is a pass of its own, over the imports that are left once the types are gone.)
const { builtinModules } = require('node:module');
const { options } = require('./.dependency-cruiser.cjs');

/** The library's face for browsers, the pages, and the kernels' threads. */
const IN_BROWSERS = '^src/(browser\\.ts$|app/(tab|web)/|report/page/|backends/wasm/thread-in-browser\\.ts$)';

/** The packages that run there. */
const PACKAGES = ['echarts', 'fflate', 'gpt-tokenizer', 'hono', 'preact', 'uplot', 'zod'];

module.exports = {
  forbidden: [
    {
      name: 'browsers-reach-no-module-of-node',
      severity: 'error',
      from: { path: IN_BROWSERS },
      to: { reachable: true, path: `^(node:.*|${builtinModules.join('|')})$` },
    },
    {
      name: 'browsers-reach-only-packages-that-run-there',
      severity: 'error',
      from: { path: IN_BROWSERS },
      to: { reachable: true, path: 'node_modules/', pathNot: `node_modules/(${PACKAGES.join('|')})/` },
    },
    // workers import what is built, which is not followed: it has to be what was followed above
    {
      name: 'workers-import-what-is-checked',
      severity: 'error',
      from: { path: '^src/app/web/' },
      to: { path: '^dist/', pathNot: '^dist/(app/tab/|backends/wasm/open-in-browser\\.js$)' },
    },
  ],
  options: { ...options, tsPreCompilationDeps: false },
};
