/** @file Requests that a web page of another site has a browser send: browsers say where they are from, programs do not. */

/** Whether a request is from a page that this server did not serve. */
export function isFromElsewhere(header: (name: string) => string | undefined): boolean {
  const site = header('sec-fetch-site') ?? 'none';
  const origin = header('origin');
  return !['same-origin', 'none'].includes(site) || (origin !== undefined && hostOf(origin) !== header('host'));
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
