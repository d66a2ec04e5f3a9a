// A gateway that does the same check as ours: the caller's token and signed message (RFC 9421, once each), and its own
// signature on what it asks of the department, with the caller's question beside it. It knows the department beforehand:
// it reads, plans, joins and judges nothing.
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fastify from 'fastify';
import { Pool } from 'undici';

const { port, node, department, keys, own } = JSON.parse(readFileSync(process.argv[2]));
const ALWAYS = ['@method', '@path', '@query', 'content-digest'];
const COVERED = [
  'authorization', 'langqiao-officer', 'langqiao-purpose', 'langqiao-case', 'langqiao-question', 'langqiao-deadline-ms',
  'langqiao-hops', 'contract-version', 'idempotency-key', 'if-match', 'prefer', 'range', 'langqiao-node',
];
const PASSED_ON = ['authorization', 'langqiao-officer', 'langqiao-purpose', 'langqiao-case'];
const OWN = [...COVERED, 'content-digest', 'signature-input', 'signature'].filter(
  name => !PASSED_ON.includes(name) && name !== 'langqiao-question');
const INPUT = /^langqiao=(\(([a-z0-9@" -]+)\);created=(\d+);nonce="([\w-]+)";keyid="([\w.-]+)";alg="ed25519";tag="langqiao")$/;
const SIGNATURE = /^langqiao=:([A-Za-z0-9+/]{86}==):$/;
const LIFETIME = 90, LEEWAY = 30;

const der = (prefix, hex) => Buffer.concat([Buffer.from(prefix, 'hex'), Buffer.from(hex, 'hex')]);
const known = new Map(Object.entries(keys).map(([id, one]) => [id, {
  ...one, key: createPublicKey({ key: der('302a300506032b6570032100', one.public), format: 'der', type: 'spki' }),
}]));
const ownKey = createPrivateKey(own.pem);
const tokens = new Map(), came = new Map();

class Refused extends Error { statusCode = 401; }
const refuse = reason => { throw new Refused(reason); };
const covered = headers => [...ALWAYS, ...COVERED.filter(name => name in headers)];
const digestOf = body => `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;

function baseOf(method, path, headers, digest, parameters) {
  const derived = { '@method': method, '@path': path, '@query': '?', 'content-digest': digest };
  const lines = covered(headers).map(name => `"${name}": ${derived[name] ?? headers[name].trim()}`);
  return Buffer.from([...lines, `"@signature-params": ${parameters}`].join('\n'));
}

function systemOf(text, now) {
  const before = tokens.get(text);
  if (before && now < before.until) return before.system;
  const [head, body, signature] = text.split('.');
  const { kid, alg } = JSON.parse(Buffer.from(head, 'base64url'));
  const sender = known.get(kid);
  if (alg !== 'EdDSA' || !sender) refuse('unknown-key');
  if (!verify(null, Buffer.from(`${head}.${body}`), sender.key, Buffer.from(signature, 'base64url'))) refuse('bad-signature');
  const claims = JSON.parse(Buffer.from(body, 'base64url'));
  if (claims.aud !== 'langqiao' || claims.iss !== sender.system || claims.exp <= now) refuse('expired');
  tokens.set(text, { system: sender.system, until: claims.exp });
  return sender.system;
}

function check(method, path, headers, body) {
  const now = Date.now() / 1000;
  const system = systemOf(headers.authorization.slice('Bearer '.length), now);
  const [, parameters, components, created, nonce, id] = INPUT.exec(headers['signature-input']) ?? refuse('malformed');
  if (components !== covered(headers).map(name => `"${name}"`).join(' ')) refuse('malformed');
  const sender = known.get(id) ?? refuse('unknown-key');
  const digest = headers['content-digest'];
  const signature = Buffer.from((SIGNATURE.exec(headers.signature) ?? refuse('malformed'))[1], 'base64');
  if (!verify(null, baseOf(method, path, headers, digest, parameters), sender.key, signature)) refuse('bad-signature');
  if (digest !== digestOf(body)) refuse('altered');
  if (headers['langqiao-node'] !== node) refuse('not-for-us');
  if (sender.system !== system) refuse('wrong-sender');
  if (now - created < -LEEWAY || now - created >= LIFETIME) refuse('expired');
  const name = `${id} ${nonce}`;
  if (came.has(name)) refuse('replayed');
  came.set(name, Number(created) + LIFETIME);
  for (const [old, until] of came) {
    if (until > now) break;
    came.delete(old);
  }
  return system;
}

function signed(method, path, headers, body) {
  const digest = digestOf(body);
  const listed = covered(headers).map(name => `"${name}"`).join(' ');
  const parameters = `(${listed});created=${Math.floor(Date.now() / 1000)};nonce="${randomBytes(16).toString('base64url')}"`
    + `;keyid="${own.id}";alg="ed25519";tag="langqiao"`;
  const signature = sign(null, baseOf(method, path, headers, digest, parameters), ownKey).toString('base64');
  return {
    ...headers, 'content-digest': digest, 'signature-input': `langqiao=${parameters}`, signature: `langqiao=:${signature}:`,
  };
}

function subcall(asked, path, body) {
  const own = Object.fromEntries(OWN.filter(name => name in asked).map(name => [name, asked[name]]));
  const question = JSON.stringify({ method: 'POST', path, query: '', headers: own, body: body.toString() });
  const whole = Buffer.from(`{"asks":${body},"question":${question}}`);
  const headers = {
    ...Object.fromEntries(PASSED_ON.filter(name => name in asked).map(name => [name, asked[name]])),
    'content-type': 'application/vnd.langqiao.subcall+json',
    accept: 'application/json',
    'langqiao-question': asked['langqiao-question'],
    'langqiao-deadline-ms': asked['langqiao-deadline-ms'],
    'langqiao-hops': '1',
    'contract-version': '1',
    'langqiao-node': department.id,
  };
  return [whole, signed('POST', path, headers, whole)];
}

const pool = new Pool(department.url, { connections: 64 });
const app = fastify();
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
app.post('*', async (asked, reply) => {
  const system = check('POST', asked.url, asked.headers, asked.body);
  const [body, headers] = subcall(asked.headers, asked.url, asked.body);
  const answer = await pool.request({ method: 'POST', path: asked.url, headers, body });
  const found = Buffer.from(await answer.body.arrayBuffer());
  process.stdout.write(`${new Date().toISOString()} POST ${asked.url} system=${system} status=${answer.statusCode}\n`);
  reply.code(answer.statusCode).header('content-type', 'application/json');
  for (const name of ['contract-version', 'langqiao-receipt']) {
    if (answer.headers[name]) reply.header(name, answer.headers[name]);
  }
  return found;
});
await app.listen({ port, host: '127.0.0.1' });
