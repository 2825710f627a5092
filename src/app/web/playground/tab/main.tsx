/** @file The app's page without a server: a worker answers. */

import { render } from 'preact';
import '../styles.ts';
import { type EngineChannel, openTransport } from '../../../tab/transport.ts';
import { answerInTab } from '../api/host.ts';
import { ApiProblem } from '../api/problem.ts';
import { App } from '../app.tsx';
import { setDoing } from './doing.ts';

function startWorker(): EngineChannel {
  const worker = new Worker(new URL('./worker/engine-worker.ts', import.meta.url), { type: 'module' });
  return {
    post: (message) => worker.postMessage(message),
    receive(receiver) {
      worker.onmessage = ({ data }) => receiver(data);
    },
    onFailure(failed) {
      // without a message when its script could not be had
      worker.onerror = ({ message }) => {
        worker.terminate();
        failed(
          message
            ? `the worker that runs the models has failed (${message}); run again`
            : 'the worker that runs the models could not be loaded; check the connection and run again',
        );
      };
    },
  };
}

answerInTab(openTransport({ start: startWorker, failure: (message) => new ApiProblem(message), onDoing: setDoing }));

const root = document.getElementById('app');
if (root) render(<App />, root);
