// Takes into dist what is used of packages that are large or have an install script, so that users need not install them: the
// code into dist/bundled, where the compiled files then import it from, and the fonts of pictures.
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { build } from 'vite';
import { thirdParty } from './third-party.js';

const PACKAGES = /^(@huggingface\/hub|echarts|fflate|gpt-tokenizer|koffi|prom-client)(\/|$)/;
const PACKAGE_NAME = /.*[\\/]node_modules[\\/]((@[^\\/]+[\\/])?[^\\/]+)/;

const imports = (file) =>
  [...readFileSync(join('dist', file), 'utf8').matchAll(/^import .* from '(.+)';$/gm)].map(([, id]) => id);
const entries = readdirSync('dist', { recursive: true })
  .map((file) => file.replaceAll(sep, '/'))
  .filter((file) => file.endsWith('.js') && imports(file).some((id) => PACKAGES.test(id)));

rmSync('dist/bundled', { recursive: true, force: true });
await build({
  configFile: false,
  logLevel: 'warn',
  publicDir: false,
  ssr: { noExternal: true },
  plugins: [thirdParty()],
  build: {
    ssr: true,
    outDir: 'dist',
    emptyOutDir: false,
    minify: false,
    target: 'es2023',
    rolldownOptions: {
      input: Object.fromEntries(entries.map((file) => [file.replace(/\.js$/, ''), join('dist', file)])),
      external: (id, importer, isResolved) =>
        !isResolved && importer !== undefined && !importer.includes('node_modules') && !PACKAGES.test(id),
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: 'bundled/[name].js',
        codeSplitting: {
          groups: [
            {
              debugName: 'package',
              test: /node_modules/,
              name: (id) => PACKAGE_NAME.exec(id)[1].replace(/[\\/]/, '-'),
            },
          ],
        },
        comments: false,
      },
    },
  },
});

const FONTS = 'node_modules/@expo-google-fonts/inter';
for (const file of ['400Regular/Inter_400Regular.ttf', '600SemiBold/Inter_600SemiBold.ttf', 'LICENSE_FONT'])
  cpSync(join(FONTS, file), join('dist/report/fonts', basename(file)));
