/**
 * A page that writes with a GPT-2, loaded from a folder or trained here on stories, with miniLLM as a library.
 *
 *   npx vite examples/browser
 */

import { loadModel, storyTokens, type TextModel, train } from 'minillm/browser';

const form = document.querySelector('form') as HTMLFormElement;
const status = document.querySelector('[role=status]') as HTMLElement;
const output = document.querySelector('pre') as HTMLElement;

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const isTraining = (event.submitter as HTMLButtonElement).name === 'train';
  const fields = new FormData(form);
  run(isTraining, String(fields.get('folder')), String(fields.get('prompt'))).catch((cause: unknown) => {
    status.textContent = String(cause);
  });
});

async function run(isTraining: boolean, folder: string, prompt: string): Promise<void> {
  const model = isTraining ? await trainModel() : await openModel(folder);
  try {
    await write(model, prompt);
  } finally {
    await model.close();
  }
}

function openModel(folder: string): Promise<TextModel> {
  const onProgress = (loaded: number, size: number): void => {
    status.textContent = `loading: ${Math.floor((100 * loaded) / size)} %`;
  };
  return loadModel(folder, { precision: 'bf16', onProgress });
}

async function trainModel(): Promise<TextModel> {
  status.textContent = 'writing stories';
  const data = await storyTokens({ count: 1000, seed: 1 });
  const training = train({ data, preset: 'tiny', steps: 100, warmupSteps: 20, sampleEvery: 0 });
  for await (const event of training) {
    if (event.kind === 'train') status.textContent = `step ${event.step}: loss ${event.loss.toFixed(3)}`;
  }
  // a Hugging Face folder, which `minillm sample --checkpoint` takes once it is unpacked
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await training.zip('my-model'));
  link.download = 'my-model.zip';
  link.textContent = 'Download the model';
  form.append(link);
  return loadModel(training);
}

async function write(model: TextModel, prompt: string): Promise<void> {
  status.textContent = `writing on ${model.device}`;
  output.textContent = prompt;
  for await (const event of model.generate(prompt, { tokens: 60, temperature: 0.8, seed: 1 }))
    if ('text' in event) output.append(event.text);
  const { logprobs } = await model.score(output.textContent);
  const mean = logprobs.reduce((sum, logprob) => sum + logprob, 0) / logprobs.length;
  status.textContent = `written on ${model.device}; perplexity ${Math.exp(-mean).toFixed(1)}`;
}
