// The one way to the server: paths and shapes from its own schema.
import createClient from 'openapi-fetch';
import { sendFresh } from './fresh';
import type { paths } from './schema';

export const client = createClient<paths>({ baseUrl: location.origin, fetch: sendFresh, credentials: 'same-origin' });
