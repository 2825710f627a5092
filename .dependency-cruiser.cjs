// Imports go down the list of rooms only (docs/architecture.md); the pairs that stand side by side do not import each other.
const rooms = [
  'cli',
  'app',
  'report',
  'plan',
  'library',
  'train',
  'eval',
  'generate',
  'runs',
  'model',
  'formats',
  'data',
  'distributed',
  'backends',
  'engine',
  'hub',
  'native',
  'support',
];

const upward = rooms.slice(1).map((room, index) => ({
  name: `${room}-imports-downward-only`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: `^src/(${rooms.slice(0, index + 1).join('|')})/` },
}));

const sideBySide = [
  ['data', 'formats'],
  ['backends', 'distributed'],
].map(([left, right]) => ({
  // the other direction is already upward
  name: `${right}-and-${left}-stand-side-by-side`,
  severity: 'error',
  from: { path: `^src/(${left}|${right})/` },
  to: { path: `^src/(${left}|${right})/`, pathNot: '^src/$1/' },
}));

module.exports = {
  forbidden: [
    // Types may refer to each other (a Tensor knows its Graph, whose Nodes hold Tensors); code may not.
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-file-imports-a-face',
      severity: 'error',
      from: {},
      to: { path: '^src/(index|browser)\\.ts$' },
    },
    ...upward,
    ...sideBySide,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.json'],
    },
  },
};
