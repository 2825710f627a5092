/** @file The headers of our pages: they load and ask nothing but their own server, and no other page may frame them. */

import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';

export function pageHeaders(): MiddlewareHandler {
  const self = ["'self'"];
  const none = ["'none'"];
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: none,
      scriptSrc: self,
      styleSrc: self,
      connectSrc: self,
      imgSrc: self,
      baseUri: none,
      formAction: none,
      frameAncestors: none,
    },
    // has no effect on plain HTTP
    strictTransportSecurity: false,
  });
}
