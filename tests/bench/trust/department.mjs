// A department without any trust: one record by its key from the department's own table, as its columns stand. It maps
// no code beyond the key's two spellings, enters nothing in a log and signs nothing.
import { readFileSync } from 'node:fs';
import fastify from 'fastify';
import pg from 'pg';

const { port, database, table, columns, key } = JSON.parse(readFileSync(process.argv[2]));
const pool = new pg.Pool({ ...database, max: 8 });
const listed = Object.entries(columns).map(([item, column]) => `"${column}" as "${item}"`).join(', ');
const text = `select ${listed} from "${table}" where "${key}" = any($1)`;

const app = fastify();
app.post('*', async asked => {
  const code = asked.body.credit_code.slice('eq.'.length);
  return (await pool.query({ name: 'one', text, values: [[code, code.toLowerCase()]] })).rows;
});
await app.listen({ port, host: '127.0.0.1' });
