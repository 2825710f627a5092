import { expect, test } from 'vitest';
import { asProblem, problemOf } from '../../../../../src/app/web/playground/api/problem.ts';

test('a refusal says what the API says, and when the server wants to be asked again', async () => {
  const body = JSON.stringify({ error: { message: 'too many requests; wait', code: null } });
  const problem = await problemOf(new Response(body, { status: 429, headers: { 'retry-after': '7' } }));
  expect(problem).toMatchObject({ message: 'too many requests; wait', status: 429, retryAfter: 7 });
});

test('a refusal by something else is named by its status', async () => {
  const problem = await problemOf(new Response('<h1>Bad gateway</h1>', { status: 502, statusText: 'Bad Gateway' }));
  expect(problem).toMatchObject({ message: 'the server answered 502 Bad Gateway', status: 502, retryAfter: undefined });
});

test('whatever else goes wrong is a lost connection', () => {
  expect(asProblem(new TypeError('failed to fetch')).message).toBe('connection lost, run again');
});
