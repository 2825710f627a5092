/** @file What answers the page: the server that it came from, or a worker of its own tab. */

type Send = (path: string, init: RequestInit) => Promise<Response>;

let sendToHost: Send = (path, init) => fetch(path, init);
let isServed = true;

/** Like `fetch`. */
export const send: Send = (path, init) => sendToHost(path, init);

/** Whether there is a server, which programs can ask too. */
export const hasServer = (): boolean => isServed;

/** From now on a worker answers. */
export function answerInTab(answer: Send): void {
  sendToHost = answer;
  isServed = false;
}
