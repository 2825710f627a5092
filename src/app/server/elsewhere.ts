/** @file Recognizes requests from web pages of other sites: browsers say where a request is from, programs do not. */

/** Whether a request is from a page that this server did not serve. */
export function isFromElsewhere(header: (name: string) => string | undefined): boolean {
  const site = header('sec-fetch-site') ?? 'none';
  const origin = header('origin');
  return !['same-origin', 'none'].includes(site) || (origin !== undefined && originHost(origin) !== header('host'));
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
