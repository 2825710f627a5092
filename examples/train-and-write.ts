/**
 * Trains a small GPT-2 on a text file and lets it write, with miniLLM as a library.
 *
 *   node examples/train-and-write.js book.txt
 */

import { buildDataset, fileCorpus, loadModel, localFiles, train } from 'minillm';

const [file = 'book.txt', steps = '100'] = process.argv.slice(2);

await buildDataset({
  folder: 'data/example',
  corpus: fileCorpus({ files: await localFiles([file]) }),
  workers: 2,
  overwrite: true,
});

const settings = {
  data: 'data/example',
  out: 'out/example',
  preset: 'tiny',
  steps: Number(steps),
  sampleEvery: 0,
} as const;
for await (const event of train(settings)) {
  if (event.kind === 'train' && event.step % 10 === 0) console.log(`step ${event.step}: loss ${event.loss.toFixed(3)}`);
  if (event.kind === 'eval') console.log(`step ${event.step}: validation loss ${event.validationLoss?.toFixed(3)}`);
}

const model = await loadModel('out/example', { positions: 100 });
for await (const event of model.generate('Once', { tokens: 50, seed: 1 })) {
  if ('text' in event) process.stdout.write(event.text);
}
process.stdout.write('\n');
await model.close();
