// Threads of a page share memory only where the page is isolated from other origins, which two headers ask for (COOP, COEP). Where a
// host cannot set them, this file does, as a service worker; the page loads it as a script, which starts that worker.

const RELOADED = 'minillm-isolation';

/** Starts the worker in a page that is not isolated, and loads that page once more, through the worker. */
async function isolatePage() {
  // once in a tab is enough: where it did not help, as in a frame of another site, the page goes on without threads
  if (crossOriginIsolated || !navigator.serviceWorker || sessionStorage.getItem(RELOADED)) return;
  await navigator.serviceWorker.register('isolation.js');
  await navigator.serviceWorker.ready;
  sessionStorage.setItem(RELOADED, 'yes');
  location.reload();
}

/** The answer of the host to a request, with the headers. */
async function isolatedAnswer(request) {
  const answer = await fetch(request);
  if (answer.type === 'opaqueredirect') return answer;
  const headers = new Headers(answer.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
}

/** Only documents and the scripts of their workers need the headers; weights do not pass through here. */
const NEEDING = ['document', 'iframe', 'worker', 'sharedworker'];

if ('document' in globalThis) isolatePage().catch(() => {});
else
  addEventListener('fetch', (event) => {
    if (NEEDING.includes(event.request.destination)) event.respondWith(isolatedAnswer(event.request));
  });
